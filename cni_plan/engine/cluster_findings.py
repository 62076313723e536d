"""What is wrong with a planned cluster, or will be, and what to do about it."""

from collections.abc import Iterator

from cni_plan.engine.checks import check
from cni_plan.engine.cluster import Role
from cni_plan.engine.cluster_report import ClusterReport, Fit, SubnetPlan, SubnetState
from cni_plan.engine.cni import IpFamily, warm_targets
from cni_plan.engine.comparison import Comparison, ModeOutcome
from cni_plan.engine.demand import smallest_length
from cni_plan.engine.findings import Code, Finding, Severity
from cni_plan.engine.group_report import WITHOUT_AWS_NODE, GroupReport
from cni_plan.engine.max_pods import has_trunk
from cni_plan.engine.placement import StateKind
from cni_plan.engine.provisioner import Provisioner


def find(report: ClusterReport, comparison: Comparison | None = None) -> list[Finding]:
    """The findings on a cluster and on its settings, the worst first.

    Args:
        report: The cluster.
        comparison: The cluster in other modes.
    """
    findings = [finding for subnet in report.subnets for finding in _subnet(subnet, report)]
    findings += [finding for group in report.groups for finding in _group(group, report)]
    findings += _pod_subnets(report)
    findings += _growth(report)
    instances = {
        instance.instance_type: instance
        for group in report.cluster.groups
        if group.provisioner not in WITHOUT_AWS_NODE
        for instance in group.instances
    }
    findings += check(
        report.cluster.aws_node,
        cni_version=report.cluster.settings.cni_version,
        instances=list(instances.values()),
    )
    if comparison is not None:
        findings += _other_mode(comparison)
    severities = list(Severity)
    return sorted(findings, key=lambda finding: severities.index(finding.severity))


def _subnet(subnet: SubnetPlan, report: ClusterReport) -> Iterator[Finding]:
    name = f"subnet {subnet.planned.name}"
    for resource, code in (("prefixes", Code.SUBNET_PREFIXES), ("addresses", Code.SUBNET_ADDRESSES)):
        short = [state for state in subnet.states if state.fit is Fit.NO and state.short_of == resource]
        if short:
            yield Finding(code, _severity(short), name, _needs(short, resource), _says(short, resource), _fix(subnet))
    uncertain = [state for state in subnet.states if state.fit is Fit.UNKNOWN]
    if uncertain:
        yield Finding(
            Code.SUBNET_UNCERTAIN,
            _severity(uncertain),
            name,
            _needs(uncertain, "prefixes"),
            f"{_names(uncertain)}: fits or not by where the {subnet.planned.unplaced} addresses in use are: "
            f"from {uncertain[0].room.prefixes} to {uncertain[0].best_room.prefixes} free /28 blocks",
            "list the addresses in use, or give a snapshot",
        )
    unsafe = [state for state in subnet.states if state.needs_reservation]
    if unsafe and subnet.reservations:
        blocks = " ".join(map(str, subnet.reservations))
        yield Finding(
            Code.SUBNET_RESERVATION,
            Severity.WARNING,
            name,
            None,
            f"{_names(unsafe)}: fits for certain only where prefixes have reservations",
            f"reserve {blocks}",
        )
    missing = _running_mismatch(subnet, report)
    if missing:
        yield Finding(
            Code.RUNNING_NODES_MISMATCH,
            Severity.WARNING,
            name,
            None,
            missing,
            "take the snapshot anew, or correct the desired nodes; to change the mode see `cni-plan migrate`",
        )


def _pod_subnets(report: ClusterReport) -> Iterator[Finding]:
    of_pods = [subnet.planned.name for subnet in report.subnets if subnet.planned.role is Role.PODS]
    if of_pods and not report.cluster.has_pod_subnets:
        yield Finding(
            Code.POD_SUBNETS_UNUSED,
            Severity.WARNING,
            "pod_subnets",
            None,
            "are not used: custom networking is off",
            'set AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG to "true", or see `cni-plan migrate` for the way there',
        )


def _running_mismatch(subnet: SubnetPlan, report: ClusterReport) -> str | None:
    if not report.cluster.running_nodes_counted:
        return None
    held, in_use = subnet.states[0].demand.taken, subnet.planned.blocks.used_addresses
    if in_use < held.addresses:
        return f"{in_use} addresses are in use, the desired nodes alone hold {held.addresses}"
    if subnet.credit.prefixes < held.prefixes:
        return f"{subnet.credit.prefixes} prefixes are in use, the desired nodes hold {held.prefixes}: in another mode?"
    return None


def _severity(states: list[SubnetState]) -> Severity:
    """What only growth will bring is a warning."""
    return Severity.WARNING if all(each.state.kind is StateKind.MONTHS_ON for each in states) else Severity.ERROR


def _names(states: list[SubnetState]) -> str:
    return ", ".join(state.state.name for state in states)


def _need(state: SubnetState, resource: str) -> tuple[int, int]:
    """What is needed and what there is."""
    taken, room = state.demand.taken, state.room
    if resource == "prefixes":
        return taken.prefixes, room.prefixes
    return taken.addresses, taken.addresses + state.left_addresses


def _needs(states: list[SubnetState], resource: str) -> str:
    needed, has = max(_need(state, resource) for state in states)
    return f"{needed} of {has}"


def _says(states: list[SubnetState], resource: str) -> str:
    what = "/28 blocks" if resource == "prefixes" else "addresses"
    parts = [f"{state.state.name} needs {_need(state, resource)[0]}" for state in states]
    return f"{_need(states[0], resource)[1]} {what} are free: {', '.join(parts)}"


def _fix(subnet: SubnetPlan) -> str:
    length = smallest_length(subnet.largest, reserved=True)
    if length is None:
        return f"spread the nodes over more subnets in {subnet.planned.zone}"
    return (
        f"an empty /{length} in {subnet.planned.zone}, with reservations, holds every state; "
        "or hold less: see the comparison of modes"
    )


def _group(group: GroupReport, report: ClusterReport) -> Iterator[Finding]:
    name = f"group {group.group.name}"
    if group.unplaced_pods:
        yield Finding(
            Code.PODS_UNPLACED,
            Severity.ERROR,
            name,
            str(group.unplaced_pods),
            _unplaced(group),
            f"more nodes, a larger type, or lift what binds: {group.types[0].density.limited_by}",
        )
    unserved = max(each.holding.unserved for each in group.types)
    if unserved:
        yield Finding(
            Code.PODS_WITHOUT_ADDRESS,
            Severity.ERROR,
            name,
            str(unserved),
            f"{unserved} pods on each node get no address from ipamd, whatever the subnets have",
            "fewer pods a node, a type with more addresses, or a WARM_IP_TARGET beside MINIMUM_IP_TARGET",
        )
    yield from _security_groups(group, report, name)
    yield from _notes(group, name)
    zones = {zone for each in report.cluster.groups for zone in each.zones}
    if len(group.group.zones) == 1 and len(zones) > 1:
        yield Finding(
            Code.ONE_ZONE,
            Severity.WARNING,
            name,
            group.group.zones[0],
            "all its nodes are in one zone: nothing is left of it where the zone is lost",
            "spread it over more zones, or have a group in each",
        )
    if group.group.provisioner is Provisioner.AUTO_MODE and report.cluster.settings.ip_family is IpFamily.IPV4:
        yield Finding(
            Code.AUTO_MODE_POOL,
            Severity.INFO,
            name,
            None,
            "EKS Auto Mode does not tell its warm pool: counted with prefixes and one spare",
            "compare with what a node holds in EC2",
        )


def _unplaced(group: GroupReport) -> str:
    wanted = group.group.workload.pods_per_node
    nodes = group.nodes()
    if group.group.pods is not None:
        return f"{group.unplaced_pods} of {group.group.pods} pods have no place on {nodes} nodes"
    return f"a node takes {group.pods_per_node} of the {wanted} pods wanted: {group.unplaced_pods} on {nodes} nodes"


def _security_groups(group: GroupReport, report: ClusterReport, name: str) -> Iterator[Finding]:
    wanted = group.group.workload.security_group_pods
    for each in group.types if wanted and group.group.provisioner is not Provisioner.FARGATE else ():
        instance = each.limits.instance
        carried = (instance.branch_enis or 0) if has_trunk(instance, report.cluster.settings) else 0
        if group.group.provisioner in WITHOUT_AWS_NODE or carried < wanted:
            yield Finding(
                Code.SECURITY_GROUP_PODS,
                Severity.ERROR,
                name,
                str(wanted),
                f"{wanted} pods a node want security groups of their own, {each.name} carries {carried}",
                "set ENABLE_POD_ENI, or use a type with more branch ENIs",
            )


def _notes(group: GroupReport, name: str) -> Iterator[Finding]:
    losers = [each for each in group.types if each.lost_pods]
    if losers:
        least = min(group.types, key=lambda each: each.limits.max_pods + each.lost_pods)
        lost = ", ".join(f"{each.name} loses {each.lost_pods}" for each in losers)
        yield Finding(
            Code.MIXED_TYPES,
            Severity.WARNING,
            name,
            least.name,
            f"{least.name} sets max pods to {least.limits.max_pods} for all: {lost}",
            "put types with the same max pods into a group",
        )
    most = max(each.density.most for each in group.types)
    fewest = min(group.types, key=lambda each: each.density.most)
    if fewest.density.most < most and group.group.workload.pods_per_node is None and not losers:
        yield Finding(
            Code.MIXED_TYPES,
            Severity.WARNING,
            name,
            fewest.name,
            f"{fewest.name} takes {_pods(fewest.density.most)} (by {fewest.density.limited_by}), another type {most}: "
            f"only {_pods(fewest.density.most)} on each node can be relied on",
            "put types that take as many pods into a group",
        )
    seen = set()
    for each in group.types:
        for note in each.limits.notes:
            if note not in seen and not (each.lost_pods and note.startswith("loses ")):
                seen.add(note)
                yield Finding(Code.MAX_PODS_NOTE, Severity.INFO, name, each.name, note, "cni-plan max-pods --explain")


def _pods(count: int) -> str:
    return f"{count} pod{'s' * (count != 1)}"


def _growth(report: ClusterReport) -> Iterator[Finding]:
    horizon, cluster = report.horizon, report.cluster
    if horizon is not None and horizon.months is not None:
        what = ", ".join(f"{state.short_of} of subnet {subnet.name}" for subnet, state in horizon.first)
        soon = horizon.months <= cluster.months
        yield Finding(
            Code.GROWTH_LIMIT,
            Severity.WARNING if soon else Severity.INFO,
            "growth",
            str(horizon.months),
            f"in month {horizon.months} the {what} run out first" if horizon.months else f"the {what} run out already",
            "have larger subnets, or hold less, before then",
        )
    for group in report.groups:
        most, later = group.group.maximum_nodes, group.nodes(cluster.months)
        if group.group.growth_permille and most is not None and later > most:
            yield Finding(
                Code.GROWTH_BEYOND_MAXIMUM,
                Severity.WARNING,
                f"group {group.group.name}",
                str(most),
                f"in {cluster.months} months it wants {later} nodes and may have {most}",
                "raise the maximum, and see that the subnets have room for it",
            )


def _other_mode(comparison: Comparison) -> Iterator[Finding]:
    planned, best = comparison.planned, comparison.recommended
    if best is planned or best.maximum is None or planned.maximum is None:
        return
    same_mode = best.settings.prefix_delegation == planned.settings.prefix_delegation
    yield Finding(
        Code.OTHER_MODE,
        Severity.INFO,
        "cni",
        best.label,
        f"{best.label} takes {best.maximum.addresses} addresses at the maximum instead of "
        f"{planned.maximum.addresses}{_fits_too(best, planned)}",
        f"set {warm_targets(best.settings)}" if same_mode else "see `cni-plan migrate`: new nodes, never in place",
    )


def _fits_too(best: ModeOutcome, planned: ModeOutcome) -> str:
    return " and fits in every state" if best.fits and not planned.fits else ""
