"""`cni-plan max-pods`: how many pods fit on a node."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import typer

from cni_plan.catalog import InstanceType
from cni_plan.cli.options import (
    DEFAULT_HOST_NETWORK_PODS,
    MOST,
    AwsOptions,
    CniOptions,
    FigureOutput,
    HostNetworkPodsOption,
    MaxPodsOption,
    ShowMaxAllowedOption,
    TypeOptions,
    parse_counts,
    with_option_groups,
)
from cni_plan.cli.output import emit, stdout_screen, tell
from cni_plan.engine.cni import CniSettings, IpFamily
from cni_plan.engine.max_pods import PodLimits, supports_ipv6
from cni_plan.engine.max_pods import max_pods as calculate
from cni_plan.engine.provisioner import Provisioner, ProvisionerOptions
from cni_plan.errors import InputError
from cni_plan.render import max_pods as render

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
@with_option_groups
def max_pods(
    types: TypeOptions,
    cni: CniOptions,
    aws: AwsOptions,
    show_max_allowed: ShowMaxAllowedOption = False,
    nodes: Annotated[str, typer.Option("--nodes", metavar="N|A-B", help="Node count, or a range such as 1-4.")] = "1",
    provisioner: Annotated[
        Provisioner,
        typer.Option("--provisioner", metavar="NAME", help=f"Who sets the node's max pods: {', '.join(Provisioner)}."),
    ] = Provisioner.CALCULATOR,
    static: MaxPodsOption = None,
    host_network_pods: HostNetworkPodsOption = DEFAULT_HOST_NETWORK_PODS,
    reserved_enis: Annotated[
        int, typer.Option("--reserved-enis", min=0, max=MOST, metavar="N", help="Karpenter's RESERVED_ENIS.")
    ] = 0,
    efa_only_enis: Annotated[
        int,
        typer.Option(
            "--efa-only-enis", min=0, max=MOST, metavar="N", help="EFA-only interfaces on the default card (Karpenter)."
        ),
    ] = 0,
    pods_per_core: Annotated[
        int | None, typer.Option("--pods-per-core", min=0, max=MOST, metavar="N", help="Karpenter's podsPerCore.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the arithmetic and what else limits the node.")
    ] = False,
    output: Annotated[
        FigureOutput | None,
        typer.Option("--output", "-o", help="How to print it; by default the bare integer, or a table for several."),
    ] = None,
) -> int:
    """How many pods fit on a node.

    The integer is the one of max-pods-calculator.sh, whose flags are taken as they are. For one type and one node
    count the answer is the bare integer. The figures come from the bundled table.
    """
    node_counts = parse_counts(nodes, "--nodes", least=1)
    settings = cni.settings()
    options = ProvisionerOptions(
        max_pods=static,
        reserved_enis=reserved_enis,
        efa_only_enis=efa_only_enis,
        pods_per_core=pods_per_core,
        host_network_pods=host_network_pods,
        show_max_allowed=show_max_allowed,
    )
    if provisioner is Provisioner.FARGATE and not types.patterns() and not types.instance_type_from_imds:
        instances = [InstanceType("fargate")]
    else:
        instances = _able(types.resolve(aws), types, settings)
    answers = _answers(instances, settings, provisioner, options)
    if any(limits.notes for limits in answers):
        from cni_plan.render.notes import group_notes

        tell(group_notes((limits.instance.instance_type, note) for limits in answers for note in limits.notes))
    if explain and output is None:
        emit("\n".join(_explain(limits, settings, provisioner, options) for limits in answers))
    else:
        emit(_format(answers, node_counts, output, explain=explain))
    return 0


def _answers(
    instances: Sequence[InstanceType], settings: CniSettings, provisioner: Provisioner, options: ProvisionerOptions
) -> list[PodLimits]:
    """The limits under a provisioner; the rules of the others are not loaded for the calculator's plain answer."""
    if provisioner is Provisioner.CALCULATOR and options.max_pods is None:
        flags = {"show_max_allowed": options.show_max_allowed}
        return [calculate(row, settings, host_network_pods=options.host_network_pods, **flags) for row in instances]
    from cni_plan.engine.provisioners import effective_max_pods

    return effective_max_pods(instances, settings, provisioner, options)


def _able(instances: list[InstanceType], types: TypeOptions, settings: CniSettings) -> list[InstanceType]:
    """Leave out what a glob matched and the settings rule out; a type named is kept, and refused by the engine."""
    if settings.ip_family is not IpFamily.IPV6:
        return instances
    able = [row for row in instances if supports_ipv6(row) or types.names_explicitly(row)]
    if not able:
        raise InputError("none of the types can run IPv6 pods: aws-node needs Nitro types for them")
    if left_out := len(instances) - len(able):
        tell([f"left out {left_out} types that cannot run IPv6 pods: aws-node needs Nitro types for them"])
    return able


def _format(
    answers: Sequence[PodLimits], node_counts: Sequence[int], output: FigureOutput | None, *, explain: bool
) -> str:
    if output is None:
        single = len(answers) == len(node_counts) == 1
        output = FigureOutput.PLAIN if single else FigureOutput.TABLE
    match output:
        case FigureOutput.PLAIN:
            return render.plain(answers, node_counts)
        case FigureOutput.TABLE:
            return render.table(answers, node_counts, stdout_screen())
        case _:
            from cni_plan.render.records import RecordFormat, format_records

            return format_records(render.records(answers, node_counts, explain=explain), RecordFormat(output.value))


def _explain(limits: PodLimits, settings: CniSettings, provisioner: Provisioner, options: ProvisionerOptions) -> str:
    """The explanation, with what every other provisioner would set for this type alone."""
    from cni_plan.engine.provisioners import effective_max_pods
    from cni_plan.render.explanation import explanation

    by_provisioner: dict[str, PodLimits | str] = {}
    for other in Provisioner:
        given = options if other is provisioner else replace(options, max_pods=None, pods_per_core=None)
        try:
            (by_provisioner[other.value],) = effective_max_pods([limits.instance], settings, other, given)
        except InputError as error:
            by_provisioner[other.value] = str(error)
    return explanation(limits, by_provisioner, asked=provisioner.value, screen=stdout_screen())
