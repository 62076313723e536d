"""`cni-plan subnet`: what pods take from a subnet, and whether it has that."""

from enum import StrEnum
from typing import Annotated

import typer

from cni_plan.cli.options import MOST
from cni_plan.cli.output import emit, stdout_screen, tell
from cni_plan.engine.subnets import PrefixDemand, SubnetReport, plan_subnet, prefix_demand
from cni_plan.errors import InputError
from cni_plan.inputs.addresses import parse_network, parse_subnets, parse_used_file
from cni_plan.render import subnet as render
from cni_plan.render.records import RecordFormat, format_records

app = typer.Typer(add_completion=False, rich_markup_mode=None)


class SubnetOutput(StrEnum):
    """The formats of `cni-plan subnet`."""

    PLAIN = "plain"
    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    CSV = "csv"
    AWS_CLI = "aws-cli"
    TERRAFORM = "terraform"


@app.command()
def subnet(
    pods: Annotated[int, typer.Option("--pods", min=0, max=MOST, metavar="N", help="Pods that need an address.")],
    cidr: Annotated[
        list[str] | None, typer.Option("--cidr", metavar="CIDR", help="A subnet to judge; repeatable.")
    ] = None,
    used: Annotated[
        list[str] | None, typer.Option("--used", metavar="ADDRESS|CIDR", help="In use already; repeatable.")
    ] = None,
    used_file: Annotated[
        str | None,
        typer.Option("--used-file", metavar="FILE", help="What is in use: an address or CIDR a line, - for stdin."),
    ] = None,
    output: Annotated[SubnetOutput, typer.Option("--output", "-o", help="How to print it.")] = SubnetOutput.TABLE,
) -> int:
    """What pods take from subnets, in /28 prefixes.

    How many prefixes they take, whether the subnets have them, and what to reserve. Each subnet is judged by itself
    for all the pods. Ends with 1 where one has too few free /28 blocks.
    """
    subnets = parse_subnets(cidr or [])
    taken = [parse_network(text, "--used") for text in used or []]
    if used_file is not None:
        from cni_plan.sources.files import read_text

        taken += parse_used_file(read_text(used_file), used_file)
    if taken and not subnets:
        raise InputError("--used and --used-file say what is in use in a subnet: give --cidr too")
    if not subnets and output in {SubnetOutput.AWS_CLI, SubnetOutput.TERRAFORM}:
        raise InputError(f"-o {output} prints reservations in a subnet: give --cidr too")
    outside = sum(not any(network.overlaps(subnet) for subnet in subnets) for network in taken)
    demand = prefix_demand(pods)
    reports = [plan_subnet(network, prefixes=demand.prefixes, used=taken) for network in subnets]
    text = _format(demand, reports, output)
    if outside:
        tell([f"{outside} of the used addresses lie outside the given subnets"])
    tell(_shortages(demand, reports))
    emit(text)
    return 0 if all(report.fits for report in reports) and demand.smallest_subnet is not None else 1


def _format(demand: PrefixDemand, reports: list[SubnetReport], output: SubnetOutput) -> str:
    match output:
        case SubnetOutput.PLAIN:
            return f"{demand.prefixes}\n"
        case SubnetOutput.TABLE:
            return render.table(demand, reports, stdout_screen())
        case SubnetOutput.CSV:
            return format_records(render.flat_records(demand, reports), RecordFormat.CSV)
        case SubnetOutput.JSON | SubnetOutput.YAML:
            return format_records([render.record(demand, reports)], RecordFormat(output.value))
        case SubnetOutput.AWS_CLI | SubnetOutput.TERRAFORM:
            from cni_plan.snippets import reservations

            writer = reservations.aws_cli if output is SubnetOutput.AWS_CLI else reservations.terraform
            return writer(reports)


def _shortages(demand: PrefixDemand, reports: list[SubnetReport]) -> list[str]:
    """What a user must know besides the figures, one line for each subnet."""
    if demand.smallest_subnet is None:
        return [f"{demand.prefixes} prefixes are more than any one subnet has: spread the pods over several"]
    lines = []
    for report in reports:
        have = f"{report.cidr} has {report.free_prefixes} free /28 blocks ({report.free_addresses} free addresses)"
        if not report.fits:
            lines.append(f"{have}, fewer than the {demand.prefixes} prefixes needed")
        elif report.free_prefixes < demand.held_prefixes:
            lines.append(f"{have}: enough for the pods, not for the {demand.held_prefixes} that ipamd wants to hold")
    return lines
