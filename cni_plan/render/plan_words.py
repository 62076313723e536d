"""What all forms of a plan's report say in the same words."""

from collections.abc import Sequence

from cni_plan.engine.cluster_report import ClusterReport, Fit, SubnetPlan, SubnetState
from cni_plan.engine.cluster_verdict import ClusterVerdict
from cni_plan.engine.cni import format_version, mode_name, warm_targets
from cni_plan.engine.comparison import AS_PLANNED, ModeOutcome
from cni_plan.engine.findings import Severity
from cni_plan.engine.group_report import GroupReport
from cni_plan.engine.max_pods import ADDRESSES_PER_PREFIX, LimitedBy, PodLimits
from cni_plan.engine.placement import StateKind
from cni_plan.engine.room import Taken

MARKS = {Fit.YES: "", Fit.NO: "!", Fit.UNKNOWN: "?"}
"""Beside a number that does not fit, or of which nobody can tell."""
MARKS_MEANING = "! does not fit   ? depends on where the addresses in use are"
_FITS = {Fit.YES: "fits", Fit.NO: "does not fit", Fit.UNKNOWN: "may not fit"}


def headline(verdict: ClusterVerdict) -> str:
    """The answer in one line."""
    counts = [
        f"{count} {severity}{'s' * (count > 1)}"
        for severity in (Severity.ERROR, Severity.WARNING)
        if (count := sum(finding.severity is severity for finding in verdict.findings))
    ]
    errors = any(finding.severity is Severity.ERROR for finding in verdict.findings)
    fits = "fits its subnets, but has errors" if errors and verdict.fit is Fit.YES else _FITS[verdict.fit]
    return f"{verdict.report.cluster.name} {fits}" + (f": {', '.join(counts)}" if counts else "")


def fit_word(fit: Fit) -> str:
    """Whether it fits, in words."""
    return _FITS[fit]


def setting(report: ClusterReport) -> str:
    """The cluster's settings in one line."""
    settings = report.cluster.settings
    parts = [mode_name(settings)]
    if mode_name(settings) != "ipv6":
        parts.append(warm_targets(settings))
    if settings.custom_networking:
        parts.append("custom networking")
    if settings.pod_eni:
        parts.append("security groups for pods")
    parts += [f"CNI {format_version(settings.cni_version)}", f"{report.cluster.control_plane_enis} control-plane ENIs"]
    return ", ".join(parts)


def state_columns(report: ClusterReport) -> list[tuple[StateKind, str]]:
    """The kinds of states that the cluster is looked at in, with their titles."""
    titles = {
        StateKind.DESIRED: "desired",
        StateKind.MAXIMUM: "maximum",
        StateKind.ROLLING_UPDATE: "update",
        StateKind.ZONE_LOST: "zone lost",
        StateKind.MONTHS_ON: f"{report.cluster.months} months",
    }
    kinds = {state.kind for state in report.states}
    return [(kind, title) for kind, title in titles.items() if kind in kinds]


def counts_prefixes(report: ClusterReport) -> bool:
    """Whether any state takes prefixes."""
    return any(subnet.largest.prefixes for subnet in report.subnets)


def needed(state: SubnetState, *, prefixes: bool) -> int:
    """What a state needs of a subnet: /28 blocks, or addresses in all."""
    return state.demand.taken.prefixes if prefixes else state.demand.taken.addresses


def mark(state: SubnetState, *, prefixes: bool) -> str:
    """The mark beside what is needed, where this is what does not fit."""
    if state.fit is Fit.NO:
        return MARKS[Fit.NO] if (state.short_of == "prefixes") == prefixes else ""
    return MARKS[state.fit] if prefixes else ""


def has_marks(report: ClusterReport) -> bool:
    """Whether anything does not fit, or may not."""
    return any(state.fit is not Fit.YES for subnet in report.subnets for state in subnet.states)


def available(subnet: SubnetPlan, *, prefixes: bool) -> int:
    """What a subnet can give: /28 blocks, or addresses in all, those reserved for prefixes where any are taken."""
    room = subnet.room
    if prefixes:
        return room.prefixes
    return room.addresses + ADDRESSES_PER_PREFIX * (room.reserved if subnet.largest.prefixes else 0)


def free_text(subnet: SubnetPlan, *, prefixes: bool) -> str:
    """As `available`; a range where it depends on where the addresses in use are."""
    least = available(subnet, prefixes=prefixes)
    most = subnet.states[0].best_room.prefixes if prefixes else least
    return str(least) if least == most else f"{least}-{most}"


def subnets_shown(report: ClusterReport, *, prefixes: bool) -> list[SubnetPlan]:
    """The subnets to show: of prefixes only those that give any."""
    return [subnet for subnet in report.subnets if subnet.largest.prefixes or not prefixes]


def reservations(report: ClusterReport) -> list[tuple[str, str]]:
    """Subnets with what to reserve in them; of those whose blocks are not known, that they are not."""
    rows = []
    for subnet in report.subnets:
        if subnet.reservations:
            rows.append((subnet.planned.name, " ".join(map(str, subnet.reservations))))
        elif subnet.planned.unplaced and subnet.largest.prefixes:
            rows.append((subnet.planned.name, "which blocks are free is not known: list the addresses in use"))
    return rows


def nodes_text(group: GroupReport) -> str:
    """Desired and, where they differ, maximum nodes."""
    desired, most = group.nodes(), group.most_nodes
    return str(desired) if desired == most else f"{desired}-{most}"


def types_text(group: GroupReport) -> str:
    """The types; of several, the one that counts and how many more."""
    more = len(group.types) - 1
    return group.counted.name + (f" +{more}" if more else "")


def set_by(group: GroupReport) -> str:
    """Who decides max pods: the user where a value is set, else the provisioner."""
    by_user = group.counted.limits.limited_by is LimitedBy.STATIC
    return "the plan" if by_user else group.group.provisioner.value


def kube_reserved(limits: PodLimits) -> int | None:
    """The memory that kubelet reserves, in MiB; nothing of that kind is known of Fargate."""
    return None if limits.limited_by is LimitedBy.FARGATE else limits.kube_reserved_memory_mib


def enis(group: GroupReport) -> int:
    """ENIs of a node, the trunk among them."""
    holding = group.counted.holding
    return (holding.pool.enis if holding.pool else 1) + holding.trunk


def bound_by(group: GroupReport) -> str:
    """What binds the pods of a node, on the type that takes fewest."""
    return str(min(group.types, key=lambda each: each.pods).density.limited_by)


def holds(taken: Taken) -> str:
    """Singles and prefixes of a node."""
    return f"{taken.singles} + 16 x {taken.prefixes}" if taken.prefixes else str(taken.singles)


def growth(report: ClusterReport) -> str | None:
    """When growth meets its end, in a sentence; nothing where nothing grows."""
    horizon = report.horizon
    if horizon is None:
        return None
    if horizon.months is None:
        return "Nothing runs out within ten years of this growth."
    first = ", ".join(
        f"{'/28 blocks' if state.short_of == 'prefixes' else 'addresses'} of {subnet.name}"
        for subnet, state in horizon.first
    )
    when = "already today" if horizon.months == 0 else f"in month {horizon.months} of this growth"
    return f"The first to run out, {when}: {first}."


def mode_text(outcome: ModeOutcome) -> str:
    """The outcome's name."""
    return "as planned" if outcome.label == AS_PLANNED else outcome.label.replace("tuned-", "tuned ")


def targets_text(outcome: ModeOutcome) -> str:
    """The warm targets that count."""
    return "-" if mode_name(outcome.settings) == "ipv6" else warm_targets(outcome.settings)


def mode_verdict(outcome: ModeOutcome) -> str:
    """Whether a mode does it, and what stands against it."""
    if outcome.obstacle:
        return outcome.obstacle
    if outcome.fits:
        return "fits"
    parts = []
    if outcome.report and outcome.report.homeless_pods:
        parts.append(f"{outcome.report.homeless_pods} pods without a place or an address")
    if outcome.failing:
        parts.append(f"not in {states_text([state.name for state in outcome.failing])}")
    return "; ".join(parts)


def states_text(names: Sequence[str]) -> str:
    """States' names, the loss of several zones in one."""
    lost = [name for name in names if name.startswith("zone-lost:")]
    shown = [name for name in names if name not in lost[1:]]
    return ", ".join("zone-lost" if name in lost and len(lost) > 1 else name for name in shown)


def recommendation(verdict: ClusterVerdict) -> str:
    """Which mode to take and why."""
    best, planned = verdict.comparison.recommended, verdict.comparison.planned
    if best is planned:
        return "Recommended: as planned; no other setting of the mode takes fewer addresses and EC2 calls."
    if best.maximum is None or planned.maximum is None:
        return f"Recommended: {mode_text(best)}."
    why = (
        f"{best.maximum.addresses} addresses at the maximum and {best.ec2_calls} EC2 calls to fill the nodes "
        f"instead of {planned.maximum.addresses} and {planned.ec2_calls}"
    )
    if best.fits and not planned.fits:
        why += ", and it fits in every state"
    elif not best.fits:
        why += "; it does not fit in every state either"
    return f"Recommended: {mode_text(best)}, {targets_text(best)}: {why}."
