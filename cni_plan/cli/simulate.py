"""`cni-plan simulate`: what ipamd holds on a node."""

from collections.abc import Sequence
from typing import Annotated

import typer

from cni_plan.catalog import InstanceType
from cni_plan.cli.options import (
    MOST_COUNTS,
    AwsOptions,
    CniOptions,
    MaxPodsOption,
    Output,
    OutputOption,
    TypeOptions,
    parse_counts,
    with_option_groups,
)
from cni_plan.cli.output import emit, stdout_screen, tell
from cni_plan.cli.warm_options import WarmOptions
from cni_plan.engine.cni import CniSettings
from cni_plan.engine.max_pods import HOST_NETWORK_PODS, Mode, ip_capacity, max_pods
from cni_plan.engine.simulation import PoolState, simulate_arrivals
from cni_plan.errors import InputError
from cni_plan.render import simulation as render
from cni_plan.render.records import RecordFormat, format_records

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
@with_option_groups
def simulate(
    types: TypeOptions,
    cni: CniOptions,
    warm: WarmOptions,
    aws: AwsOptions,
    pods: Annotated[
        str | None,
        typer.Option(
            "--pods", metavar="N|A-B", help="Pods that want an address; by default from 0 to what max pods leaves."
        ),
    ] = None,
    kubelet_max_pods: MaxPodsOption = None,
    churn: Annotated[
        str | None, typer.Option("--churn", metavar="FILE", help="A timeline: a CSV of seconds,pods; - for stdin.")
    ] = None,
    ramp: Annotated[
        str | None, typer.Option("--ramp", metavar="A-B", help="A timeline: from A pods to B, evenly.")
    ] = None,
    over: Annotated[str, typer.Option("--over", metavar="TIME", help="How long the ramp takes: 60s, 5m.")] = "60s",
    output: OutputOption = Output.TABLE,
) -> int:
    """What ipamd holds on a node, pod by pod.

    A fresh node with pods arriving one by one, at rest with each; or a timeline in which pods come and leave, with
    ipamd's passes of 5 s, its cooldown and its shrinking. Pods leave newest first.
    """
    settings = warm.applied_to(cni)
    instances = types.resolve(aws)
    if len(instances) != 1:
        raise InputError(f"one instance type at a time: {len(instances)} are selected")
    (instance,) = instances
    if sum(option is not None for option in (pods, churn, ramp)) > 1:
        raise InputError("give one of --pods, --churn and --ramp")
    limits = max_pods(instance, settings)
    tell(f"{instance.instance_type}: {note}" for note in limits.notes if limits.mode is not Mode.IPV6)
    most = limits.max_pods if kubelet_max_pods is None else kubelet_max_pods
    if churn is not None or ramp is not None:
        return _timeline(instance, settings, churn=churn, ramp=ramp, over=over, max_pods=most, output=output)
    counts = _counts(pods, instance, settings, most)
    states = simulate_arrivals(instance, settings, first=counts[0], last=counts[-1], max_pods=most)
    tell(_unserved(states))
    if output is Output.TABLE:
        screen = stdout_screen()
        drawn = render.chart(states, screen)
        emit(render.table(states, screen) + (f"\n{drawn}" if drawn else ""))
    else:
        emit(format_records([render.record(state) for state in states], RecordFormat(output.value)))
    return 0


def _counts(pods: str | None, instance: InstanceType, settings: CniSettings, max_pods: int) -> Sequence[int]:
    """The numbers of pods asked for; by default all that find room beside the host-network pods."""
    if pods is not None:
        return parse_counts(pods, "--pods", least=0)
    return range(max(0, min(max_pods - HOST_NETWORK_PODS, ip_capacity(instance, settings), MOST_COUNTS)) + 1)


def _unserved(states: list[PoolState]) -> list[str]:
    last = states[-1]
    if last.pods == last.assigned_ips:
        return []
    return [f"{last.pods - last.assigned_ips} of {last.pods} pods get no address: the pool stops at {last.total_ips}"]


def _timeline(
    instance: InstanceType,
    settings: CniSettings,
    *,
    churn: str | None,
    ramp: str | None,
    over: str,
    max_pods: int,
    output: Output,
) -> int:
    from cni_plan.engine.churn import simulate_churn
    from cni_plan.inputs.timeline import parse_churn, parse_ramp
    from cni_plan.sources.files import read_text

    if ramp is not None:
        events = parse_ramp(ramp, over)
    else:
        name = churn or "-"
        events = parse_churn(read_text(name), name)
    report = simulate_churn(instance, settings, events, max_pods=max_pods)
    if output is Output.TABLE:
        emit(render.timeline_table(report, stdout_screen()))
    else:
        emit(format_records(list(map(render.moment_record, report.moments)), RecordFormat(output.value)))
    return 0
