"""Held against used on a plan's page: a chart for each kind of node."""

from collections.abc import Iterator, Sequence

from cni_plan.engine.cluster_report import ClusterReport
from cni_plan.engine.curves import Curve, NoCurve, curves_of
from cni_plan.engine.group_report import GroupReport
from cni_plan.render.markup import paragraph, text
from cni_plan.render.plan_charts import curve_chart

_REASONS = {
    NoCurve.FARGATE: "each pod on Fargate has an ENI of its own with one address: nothing is held ahead",
    NoCurve.IPV6: "one IPv6 /80 prefix serves every pod: a node takes IPv4 addresses for its ENIs only",
}
_MOST_GROUPS = 8
"""So many groups are named beside a chart or a reason."""


def curve_figures(report: ClusterReport) -> Iterator[str]:
    """The charts, and in words which groups have none."""
    found = curves_of(report)
    if found.curves:
        yield paragraph(
            "What ipamd holds on one node, and what its pods use of it, as they arrive one by one; the addresses of "
            "the ENIs themselves are not among them. The dotted lines are at the pods that the plan puts on a node."
        )
        yield '<div class="curves">\n' + "\n".join(map(_figure, found.curves)) + "\n</div>"
    if found.left_out:
        yield paragraph(f"{found.left_out} more kinds of nodes are left out, to keep the page small.")
    for reason, why in _REASONS.items():
        groups = [group for group, against in found.without if against is reason]
        if groups:
            yield paragraph(f"No curve for {_names(groups)}: {why}.")


def _figure(curve: Curve) -> str:
    name = curve.instance.instance_type
    lines = [_line(curve, group) for group in curve.groups[:_MOST_GROUPS]]
    more = len(curve.groups) - len(lines)
    if more:
        lines.append(f"{more} more groups")
    items = "".join(f"<li>{text(line)}</li>" for line in lines)
    return (
        f"<figure><figcaption><strong>{text(name)}</strong>, max pods {curve.max_pods}</figcaption>\n"
        f"{curve_chart(curve, f'{name}: held against used addresses. {lines[0]}')}\n<ul>{items}</ul></figure>"
    )


def _line(curve: Curve, group: GroupReport) -> str:
    pods = group.counted.holding.address_pods
    state = curve.states[pods]
    waiting = state.pods - state.assigned_ips
    without = f", {waiting} of them without an address" if waiting else ""
    return f"{group.group.name}: {pods} pods{without}; {state.total_ips} held, {state.assigned_ips} used"


def _names(groups: Sequence[GroupReport]) -> str:
    named = [group.group.name for group in groups[:_MOST_GROUPS]]
    more = len(groups) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")
