"""`cni-plan subnet`: what pods and nodes take from subnets, and whether they have that."""

import json
import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from cni_plan.cli.options import (
    MOST,
    AwsOptions,
    CniOptions,
    MaxPodsOption,
    TypeOptions,
    with_option_groups,
)
from cni_plan.cli.output import emit, stdout_screen, tell
from cni_plan.cli.subnet_sources import SubnetOptions
from cni_plan.cli.warm_options import WarmOptions
from cni_plan.engine.cni import CniSettings
from cni_plan.engine.demand import CONTROL_PLANE_ENIS, ClusterDemand, cluster_demand, spread
from cni_plan.engine.forecast import forecast as forecast_of
from cni_plan.engine.forecast import last_fit
from cni_plan.engine.remedies import remedies
from cni_plan.engine.subnets import PrefixDemand, Subnet, SubnetReport, block_map, plan_subnet, prefix_demand
from cni_plan.errors import InputError
from cni_plan.render import subnet as render
from cni_plan.render.records import RecordFormat, format_records

app = typer.Typer(add_completion=False, rich_markup_mode=None, invoke_without_command=True)

_SURGE = re.compile(r"(\d{1,9})(%?)", re.ASCII)


class SubnetOutput(StrEnum):
    """The formats of `cni-plan subnet`."""

    PLAIN = "plain"
    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    CSV = "csv"
    AWS_CLI = "aws-cli"
    TERRAFORM = "terraform"
    CLOUDFORMATION = "cloudformation"


class MapOutput(StrEnum):
    """The formats of `cni-plan subnet map`."""

    TEXT = "text"
    SVG = "svg"


_COMMANDS = {SubnetOutput.AWS_CLI, SubnetOutput.TERRAFORM, SubnetOutput.CLOUDFORMATION}


@app.callback()
@with_option_groups
def subnet(
    context: typer.Context,
    where: SubnetOptions,
    types: TypeOptions,
    cni: CniOptions,
    warm: WarmOptions,
    aws: AwsOptions,
    pods: Annotated[
        int | None, typer.Option("--pods", min=0, max=MOST, metavar="N", help="Pods that want an address, in all.")
    ] = None,
    nodes: Annotated[
        int | None,
        typer.Option("--nodes", min=1, max=MOST, metavar="N", help="Nodes of the type; 1 by default."),
    ] = None,
    pods_per_node: Annotated[
        int | None,
        typer.Option("--pods-per-node", min=0, max=10_000, metavar="N", help="Pods on each node, instead of --pods."),
    ] = None,
    kubelet_max_pods: MaxPodsOption = None,
    surge: Annotated[
        str, typer.Option("--surge", metavar="N|N%", help="Nodes that a rolling update adds for a while.")
    ] = "0",
    control_plane_enis: Annotated[
        int | None,
        typer.Option(
            "--control-plane-enis",
            min=0,
            max=100,
            metavar="N",
            help="ENIs of the control plane to count: 4 by default, 0 where EC2 is asked, which lists them.",
        ),
    ] = None,
    zones: Annotated[
        int | None,
        typer.Option("--zones", min=1, max=100, metavar="N", help="Zones of the nodes where no subnet is given."),
    ] = None,
    forecast: Annotated[
        bool, typer.Option("--forecast", help="Free /28 blocks to expect as single addresses come in.")
    ] = False,
    output: Annotated[
        SubnetOutput,
        typer.Option("--output", "-o", metavar="NAME", help=f"How to print it: {', '.join(SubnetOutput)}."),
    ] = SubnetOutput.TABLE,
) -> int:
    """What pods and nodes take from subnets, in addresses and /28 prefixes.

    With --pods alone: how many prefixes they take, whether each subnet by itself has them, and what to reserve. With
    a type (-t) and --nodes the demand is what ipamd holds, spread over the subnets by zone. Ends with 1 where it does
    not fit.
    """
    if context.invoked_subcommand is not None:
        return 0
    by_nodes = bool(types.patterns()) or types.instance_type_from_imds
    if not by_nodes and pods is None:
        raise InputError("give --pods, or a type (-t) with --nodes and --pods or --pods-per-node")
    if not by_nodes and (nodes or pods_per_node is not None or surge != "0"):
        raise InputError("--nodes, --pods-per-node and --surge need to know the type of the nodes: give -t")
    subnets = where.resolve(aws)
    if not subnets and (output in _COMMANDS or forecast):
        raise InputError(f"{'--forecast' if forecast else f'-o {output}'} needs a subnet: give --cidr or --subnet-id")
    if not by_nodes:
        return _for_pods(prefix_demand(pods or 0), subnets, output, forecast=forecast)
    (instance, *others) = types.resolve(aws)
    if others:
        raise InputError("one instance type at a time")
    if (pods is None) == (pods_per_node is None):
        raise InputError("give either --pods, for all nodes together, or --pods-per-node")
    if control_plane_enis is None:
        control_plane_enis = 0 if where.asks_ec2 or where.used_file else CONTROL_PLANE_ENIS
    count, settings = nodes or 1, warm.applied_to(cni)
    demand = cluster_demand(
        instance,
        settings,
        nodes=count,
        pods=pods if pods is not None else count * (pods_per_node or 0),
        surge_nodes=_surge_nodes(surge, count),
        control_plane_enis=control_plane_enis,
        kubelet_max_pods=kubelet_max_pods,
    )
    return _for_nodes(demand, settings, subnets, output, zones=zones or 1, forecast=forecast)


@app.command("map")
@with_option_groups
def draw_map(
    where: SubnetOptions,
    aws: AwsOptions,
    output: Annotated[MapOutput, typer.Option("--output", "-o", help="Text, or an SVG image.")] = MapOutput.TEXT,
) -> int:
    """Draw a subnet block by block, one cell a /28."""
    from cni_plan.render.subnet_map import svg_map, text_map

    subnets = where.resolve(aws)
    if not subnets:
        raise InputError("nothing to draw: give --cidr, --subnet-id or a snapshot")
    if output is MapOutput.SVG:
        if len(subnets) > 1:
            raise InputError(f"one subnet for each image: {len(subnets)} are selected; choose one by --subnet-id")
        emit(svg_map(subnets[0], block_map(subnets[0])))
    else:
        screen = stdout_screen()
        emit("\n".join(text_map(each, block_map(each), screen) for each in subnets))
    return 0


@app.command()
@with_option_groups
def snapshot(where: SubnetOptions, aws: AwsOptions) -> int:
    """Save what EC2 says of subnets, for --used-file.

    Their ranges, the addresses and prefixes in use and the reservations, as JSON; a colleague without credentials can
    repeat the analysis with it.
    """
    if where.cidr or where.used or where.used_file or not where.asks_ec2:
        raise InputError("a snapshot is read from EC2: give --subnet-id, --vpc-id or --tag")
    emit(json.dumps(where.read_ec2(aws), indent=1) + "\n")
    return 0


def _surge_nodes(text: str, nodes: int) -> int:
    match = _SURGE.fullmatch(text)
    if not match:
        raise InputError(f"--surge {text[:40]!r} is neither a number of nodes nor a percentage such as 10%")
    return -(-nodes * int(match[1]) // 100) if match[2] else int(match[1])


def _for_nodes(
    demand: ClusterDemand,
    settings: CniSettings,
    subnets: Sequence[Subnet],
    output: SubnetOutput,
    *,
    zones: int,
    forecast: bool,
) -> int:
    shares = spread(demand, subnets) if subnets else []
    in_zones = len({each.availability_zone or each.name for each in subnets}) or zones
    fits = not demand.unserved_pods and all(share.report.fits for share in shares)
    helpful = [] if fits or not shares else list(remedies(demand, settings, subnets))
    if demand.unserved_pods:
        tell([f"{demand.unserved_pods} of {demand.pods} pods get no address on these nodes, whatever the subnets have"])
    record = render.cluster_record(demand, shares, helpful, zones=in_zones)
    wanted = [share.taken.prefixes for share in shares]
    if output is SubnetOutput.TABLE:
        text = render.cluster_table(demand, shares, helpful, stdout_screen(), zones=in_zones)
        emit(text + _forecast_text(subnets, wanted, forecast=forecast))
    else:
        _with_forecast(record, subnets, wanted, forecast=forecast)
        emit(_format(record, [share.report for share in shares], output, plain=demand.total().prefixes))
    return 0 if fits and record["smallest_subnet"] is not None else 1


def _for_pods(demand: PrefixDemand, subnets: Sequence[Subnet], output: SubnetOutput, *, forecast: bool) -> int:
    reports = [plan_subnet(each, prefixes=demand.prefixes) for each in subnets]
    tell(_shortages(demand, reports))
    wanted = [demand.prefixes] * len(subnets)
    if output is SubnetOutput.TABLE:
        emit(render.table(demand, reports, stdout_screen()) + _forecast_text(subnets, wanted, forecast=forecast))
    else:
        record = render.record(demand, reports)
        _with_forecast(record, subnets, wanted, forecast=forecast)
        emit(_format(record, reports, output, plain=demand.prefixes))
    return 0 if all(report.fits for report in reports) and demand.smallest_subnet is not None else 1


def _format(record: dict[str, Any], reports: Sequence[SubnetReport], output: SubnetOutput, *, plain: int) -> str:
    match output:
        case SubnetOutput.PLAIN:
            return f"{plain}\n"
        case SubnetOutput.CSV:
            return format_records(render.flat_records(record), RecordFormat.CSV)
        case SubnetOutput.JSON | SubnetOutput.YAML:
            return format_records([record], RecordFormat(output.value))
    from cni_plan.snippets import reservations

    writers = {
        SubnetOutput.AWS_CLI: reservations.aws_cli,
        SubnetOutput.TERRAFORM: reservations.terraform,
        SubnetOutput.CLOUDFORMATION: reservations.cloudformation,
    }
    return writers[output](reports)


def _with_forecast(record: dict[str, Any], subnets: Sequence[Subnet], wanted: Sequence[int], *, forecast: bool) -> None:
    """Add the forecast to each subnet of the record, where it is asked for."""
    if not forecast:
        return
    for entry, each, prefixes in zip(record["subnets"], subnets, wanted, strict=True):
        blocks = block_map(each)
        last = last_fit(blocks, prefixes)
        entry["forecast"] = [render.outlook_record(outlook) for outlook in forecast_of(blocks)]
        entry["last_fit"] = None if last is None else render.outlook_record(last)


def _forecast_text(subnets: Sequence[Subnet], wanted: Sequence[int], *, forecast: bool) -> str:
    if not forecast:
        return ""
    screen = stdout_screen()
    texts = []
    for each, prefixes in zip(subnets, wanted, strict=True):
        blocks = block_map(each)
        last = last_fit(blocks, prefixes)
        texts.append("\n" + render.forecast_table(each.name, forecast_of(blocks), last, wanted=prefixes, screen=screen))
    return "".join(texts)


def _shortages(demand: PrefixDemand, reports: Sequence[SubnetReport]) -> list[str]:
    """What a user must know besides the figures, one line for each subnet."""
    if demand.smallest_subnet is None:
        return [f"{demand.prefixes} prefixes are more than any one subnet has: spread the pods over several"]
    lines = []
    for report in reports:
        free = f"{report.free_prefixes} free /28 blocks ({report.free_addresses} free addresses)"
        have = f"{report.subnet.name} has {free}"
        if not report.fits:
            lines.append(f"{have}, fewer than the {demand.prefixes} prefixes needed")
        elif report.free_prefixes < demand.held_prefixes:
            lines.append(f"{have}: enough for the pods, not for the {demand.held_prefixes} that ipamd wants to hold")
    return lines
