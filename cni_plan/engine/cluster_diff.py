"""What a change to a plan does: figures before and after, findings that come and go."""

from collections.abc import Iterator
from dataclasses import dataclass

from cni_plan.engine.cluster_report import Fit, SubnetPlan
from cni_plan.engine.cluster_verdict import ClusterVerdict
from cni_plan.engine.cni import format_version, mode_name, warm_targets
from cni_plan.engine.findings import Code, Finding, Severity
from cni_plan.engine.group_report import GroupReport

Figure = int | str
Key = tuple[str, str]
"""What a figure is about, and which it is."""


@dataclass(frozen=True, slots=True)
class Change:
    """A figure that differs; None where one of the plans has nothing of that name."""

    subject: str
    quantity: str
    before: Figure | None
    after: Figure | None


@dataclass(frozen=True, slots=True)
class ClusterDiff:
    """What differs between two plans.

    Attributes:
        before: Whether the old plan fits.
        after: Whether the new one does.
        changes: The figures that differ, in the new plan's order.
        new_findings: Findings of the new plan that the old one has not, or not as severe, by code and subject.
        resolved_findings: Findings of the old plan that the new one has not, or not as severe.
    """

    before: Fit
    after: Fit
    changes: tuple[Change, ...]
    new_findings: tuple[Finding, ...]
    resolved_findings: tuple[Finding, ...]


def diff_clusters(old: ClusterVerdict, new: ClusterVerdict) -> ClusterDiff:
    """Compare two plans."""
    before, after = dict(_figures(old)), dict(_figures(new))
    keys = [*after, *(key for key in before if key not in after)]
    changes = tuple(Change(*key, before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key))
    return ClusterDiff(old.fit, new.fit, changes, _only(new, old), _only(old, new))


def _only(one: ClusterVerdict, other: ClusterVerdict) -> tuple[Finding, ...]:
    """Findings that the other plan has not, or not as severe."""
    severities = list(Severity)
    known: dict[tuple[Code, str], int] = {}
    for finding in reversed(other.findings):  # the worst comes first, and so last here
        known[finding.code, finding.variable] = severities.index(finding.severity)
    return tuple(
        finding
        for finding in one.findings
        if severities.index(finding.severity) < known.get((finding.code, finding.variable), len(severities))
    )


def _figures(verdict: ClusterVerdict) -> Iterator[tuple[Key, Figure]]:
    report, settings = verdict.report, verdict.report.cluster.settings
    yield ("cluster", "fits"), verdict.fit.value
    yield ("cluster", "mode"), mode_name(settings)
    yield ("cluster", "warm targets"), warm_targets(settings)
    yield ("cluster", "CNI version"), format_version(settings.cni_version)
    for kind in dict.fromkeys(state.kind for state in report.states):
        totals = [report.total(state) for state in report.states if state.kind is kind]
        yield ("cluster", f"addresses, {kind}"), max(total.addresses for total in totals)
        yield ("cluster", f"/28 blocks, {kind}"), max(total.prefixes for total in totals)
    if report.horizon:
        months = report.horizon.months
        yield ("cluster", "month in which something runs out"), "none in ten years" if months is None else months
    for group in report.groups:
        yield from _group_figures(group)
    for subnet in report.subnets:
        yield from _subnet_figures(subnet)


def _group_figures(group: GroupReport) -> Iterator[tuple[Key, Figure]]:
    subject, counted = f"group {group.group.name}", group.counted
    yield (subject, "types"), ", ".join(each.name for each in group.types)
    yield (subject, "desired nodes"), group.nodes()
    yield (subject, "maximum nodes"), group.most_nodes
    yield (subject, "pods per node"), group.pods_per_node
    yield (subject, "bound by"), str(min(group.types, key=lambda each: each.pods).density.limited_by)
    yield (subject, "max pods"), counted.limits.max_pods
    yield (subject, "addresses per node"), group.taken.addresses
    yield (subject, "pods without a place"), group.unplaced_pods


def _subnet_figures(subnet: SubnetPlan) -> Iterator[tuple[Key, Figure]]:
    subject = f"subnet {subnet.planned.name}"
    yield (subject, "CIDR"), str(subnet.planned.subnet.cidr)
    yield (subject, "free addresses"), subnet.room.addresses
    yield (subject, "free /28 blocks"), subnet.room.prefixes
    for kind in dict.fromkeys(state.state.kind for state in subnet.states):
        state = subnet.state(kind)
        if state:
            yield (subject, f"addresses, {kind}"), state.demand.taken.addresses
            yield (subject, f"/28 blocks, {kind}"), state.demand.taken.prefixes
            yield (subject, f"fits, {kind}"), state.fit.value
