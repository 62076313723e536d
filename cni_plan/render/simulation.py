"""How the warm pool looks: records, the rows where it changes, a chart of held against used addresses."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from cni_plan.engine.churn import ChurnReport, Moment
from cni_plan.engine.simulation import PoolState
from cni_plan.render.table import Screen, format_table

_TITLES = ("PODS", "ASSIGNED", "HELD", "FREE", "ENIS", "PREFIXES", "PER ENI", "SUBNET IPS", "EC2 CALLS")
_CHART_ROWS, _CHART_WIDTH = 12, 72


def record(state: PoolState) -> dict[str, Any]:
    """A state as a record with stable names."""
    return asdict(state) | {"per_eni": list(state.per_eni)}


def moment_record(moment: Moment) -> dict[str, Any]:
    """A moment of a timeline as a record: its second, the pods that wait, and the state."""
    return {"seconds": _seconds(moment.seconds), "waiting": moment.waiting, **record(moment.state)}


def table(states: Sequence[PoolState], screen: Screen) -> str:
    """The rows where the pool changes; a range of pods shares one where only their number grows."""
    rows: list[tuple[object, ...]] = []
    for run in _runs(states):
        first, last = run[0], run[-1]
        pods = str(first.pods) if first is last else f"{first.pods}-{last.pods}"
        assigned = _range(first.assigned_ips, last.assigned_ips)
        free = _range(first.available_ips, last.available_ips)
        rows.append(
            (
                pods,
                assigned,
                first.total_ips,
                free,
                first.enis,
                first.prefixes,
                ",".join(map(str, first.per_eni)),
                first.subnet_ips,
                first.ec2_calls,
            )
        )
    return format_table(_TITLES, rows, screen)


def timeline_table(report: ChurnReport, screen: Screen) -> str:
    """A line for each moment in which something changed, and what it came to."""
    titles = ("SECOND", "PODS", "WAITING", "HELD", "FREE", "ENIS", "PER ENI", "SUBNET IPS", "EC2 CALLS")
    rows = [
        (
            f"{moment.seconds:g}",
            moment.state.pods,
            moment.waiting,
            moment.state.total_ips,
            moment.state.available_ips,
            moment.state.enis,
            ",".join(map(str, moment.state.per_eni)),
            moment.state.subnet_ips,
            moment.state.ec2_calls,
        )
        for moment in report.moments
    ]
    waited = sum(pods for _, pods in report.waits)
    calls = ", ".join(f"{kind} {count}" for kind, count in report.calls.items())
    lines = [
        format_table(titles, rows, screen),
        f"most addresses taken from the subnets   {report.peak_subnet_ips}",
        f"EC2 calls                               {sum(report.calls.values())} ({calls})",
        f"most EC2 calls in a minute              {report.peak_calls_per_minute}",
        f"pods that waited for an address         {waited}{_when(report)}",
    ]
    return "\n".join(lines) + "\n"


def chart(states: Sequence[PoolState], screen: Screen) -> str:
    """Addresses attached and assigned over the number of pods, in plain characters."""
    if len(states) < 2 or (states[-1].prefixes and states[-1].total_ips > 2**32):  # noqa: PLR2004 # nothing to draw
        return ""
    most = max(state.total_ips for state in states)
    if not most:
        return ""
    margin = len(str(most)) + 2
    width = min(len(states), (screen.width or _CHART_WIDTH + margin) - margin - 1, _CHART_WIDTH)
    picked = [states[round(column * (len(states) - 1) / max(1, width - 1))] for column in range(width)]
    assigned, free = ("█", "░") if screen.blocks else ("#", ".")
    lines = [f"addresses: {assigned} assigned to pods, {free} attached and free"]
    for row in range(_CHART_ROWS, 0, -1):
        level = most * (row - 0.5) / _CHART_ROWS
        label = str(round(most * row / _CHART_ROWS)) if row in {_CHART_ROWS, _CHART_ROWS // 2} else ""
        cells = "".join(
            assigned if state.assigned_ips >= level else free if state.total_ips >= level else " " for state in picked
        )
        lines.append(f"{label:>{margin - 2}} |{cells}".rstrip())
    lines.append(f"{'0':>{margin - 2}} +{'-' * width}")
    first, last = str(states[0].pods), f"{states[-1].pods} pods"
    lines.append(f"{' ' * margin}{first}{last:>{max(1, width - len(first))}}")
    return "\n".join(lines) + "\n"


def _runs(states: Sequence[PoolState]) -> list[list[PoolState]]:
    runs: list[list[PoolState]] = []
    for state in states:
        if runs and _pool(runs[-1][-1]) == _pool(state):
            runs[-1].append(state)
        else:
            runs.append([state])
    return runs


def _pool(state: PoolState) -> tuple[tuple[int, ...], bool]:
    """What is attached, and whether pods wait."""
    return state.per_eni, state.pods > state.assigned_ips


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def _seconds(seconds: float) -> float | int:
    return int(seconds) if seconds == int(seconds) else round(seconds, 3)


def _when(report: ChurnReport) -> str:
    if not report.waits:
        return ""
    moments = ", ".join(f"{seconds:g}" for seconds, _ in report.waits[:5])
    more = f" and {len(report.waits) - 5} more" if len(report.waits) > 5 else ""  # noqa: PLR2004 # the five shown
    return f" (at second {moments}{more})"
