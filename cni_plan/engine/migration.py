"""From one mode to another with new nodes beside the old: what both take together, group by group.

An in-place replacement would run both modes on one node; here every group gets a new one, the old one is drained and
goes. aws-node restarts on the old nodes too when its settings change, and may then take what the new mode wants.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from cni_plan.engine.cluster import Cluster, PlannedSubnet, Role
from cni_plan.engine.cluster_report import Credit, Fit, SubnetState, held_of, tightness, worst
from cni_plan.engine.cni import ADDON_WARM_PREFIX_TARGET, CniSettings, IpFamily
from cni_plan.engine.comparison import with_settings
from cni_plan.engine.group_report import WITHOUT_AWS_NODE, GroupReport, Memo, TypeReport, report_group
from cni_plan.engine.max_pods import figure, has_trunk
from cni_plan.engine.placement import DESIRED, Placement, place, with_credit
from cni_plan.engine.room import NOTHING, Taken
from cni_plan.engine.subnets import SubnetReport, plan_subnet
from cni_plan.errors import InputError

ENI_CONFIG_LABEL = "topology.kubernetes.io/zone"
"""ENI_CONFIG_LABEL_DEF by which each node finds its zone's ENIConfig."""


class Target(StrEnum):
    """Where to go."""

    PREFIX_DELEGATION = "prefix-delegation"
    SECONDARY_IP = "secondary-ip"
    CUSTOM_NETWORKING = "custom-networking"


@dataclass(frozen=True, slots=True)
class GroupMove:
    """A group that is replaced.

    Attributes:
        old: Its nodes today; aws-node's restart with the new settings is counted in.
        new: The nodes that replace them.
        replaced: Whether it is; where no aws-node runs, the group stays as it is.
    """

    old: GroupReport
    new: GroupReport
    replaced: bool

    @property
    def name(self) -> str:
        """The group."""
        return self.old.group.name


@dataclass(frozen=True, slots=True)
class Peak:
    """A subnet at the moment of the migration that is tightest for it.

    Attributes:
        planned: The subnet.
        moment: When: `settings`, or the group whose old and new nodes stand side by side.
        state: What is needed and what there is.
        today: What is taken before anything changes.
        largest: The most of each kind at any moment.
        after: What is taken when all is done.
    """

    planned: PlannedSubnet
    moment: str
    state: SubnetState
    today: Taken
    largest: Taken
    after: Taken

    @property
    def fit(self) -> Fit:
        """Whether it fits; unknown where that depends on where the old nodes' addresses are."""
        return self.state.fit


@dataclass(frozen=True, slots=True)
class Migration:
    """A way from one mode to another.

    Attributes:
        before: The cluster today.
        after: The cluster with the new settings.
        target: Where to.
        changed: The variables of aws-node that change, with their values before (None where absent) and after.
        moves: The groups, in the order in which they are replaced.
        peaks: The subnets.
        reservations: For each subnet in which prefixes need it, what to reserve first.
    """

    before: Cluster
    after: Cluster
    target: Target
    changed: tuple[tuple[str, str | None, str], ...]
    moves: tuple[GroupMove, ...]
    peaks: tuple[Peak, ...]
    reservations: tuple[SubnetReport, ...]

    @property
    def fit(self) -> Fit:
        """Whether old and new fit side by side in every subnet, and all pods on the new nodes."""
        return Fit.NO if self.homeless_pods else worst(peak.fit for peak in self.peaks)

    @property
    def homeless_pods(self) -> int:
        """Pods that find no place on the new nodes, or no address there."""
        return sum(move.new.unplaced_pods + move.new.unserved_pods for move in self.moves)


def new_name(move: GroupMove, target: Target) -> str:
    """What the new group is called: lower case, as Kubernetes wants it, and for no mode twice."""
    base = "".join(letter if letter.isalnum() else "-" for letter in move.name.lower()).strip("-")
    suffix = {
        Target.PREFIX_DELEGATION: "prefixes",
        Target.SECONDARY_IP: "secondary",
        Target.CUSTOM_NETWORKING: "pod-subnets",
    }[target]
    return f"{base[:40]}-{suffix}"


def _check_names(moves: Sequence[GroupMove], target: Target) -> None:
    """Refuse groups whose successors would be called alike."""
    names: dict[str, str] = {}
    for move in moves:
        if move.replaced and (other := names.setdefault(new_name(move, target), move.name)) != move.name:
            raise InputError(
                f"the new groups of {other} and {move.name} would both be called {new_name(move, target)}: "
                "give one of them another name in the plan"
            )


def plan_migration(cluster: Cluster, target: Target) -> Migration:
    """Plan the way.

    Raises:
        InputError: The cluster is there already, or cannot go there.
    """
    settings = _target_settings(cluster, target)
    after = with_settings(cluster, settings)
    memo: Memo = {}
    old = [report_group(group, cluster, memo) for group in cluster.groups]
    new = [report_group(group, after, memo) for group in after.groups]
    moves = tuple(_move(before, later, settings, cluster) for before, later in zip(old, new, strict=True))
    _check_names(moves, target)
    today = place(cluster, old, DESIRED)
    subnets, credit = _with_running_nodes(cluster, today)
    moments = list(_moments(replace(after, subnets=subnets), moves, credit))
    done = place(replace(after, subnets=subnets), [move.new for move in moves], DESIRED, credit)
    peaks = tuple(_peak(each, moments, today=today, done=done, credit=credit) for each in subnets)
    return Migration(
        before=cluster,
        after=after,
        target=target,
        changed=tuple(_changed(cluster, settings)),
        moves=moves,
        peaks=peaks,
        reservations=tuple(_reservations(cluster, peaks, credit)),
    )


def _target_settings(cluster: Cluster, target: Target) -> CniSettings:
    settings = cluster.settings
    if settings.ip_family is IpFamily.IPV6:
        raise InputError("an IPv6 cluster has one mode: there is nothing to migrate to")
    match target:
        case Target.PREFIX_DELEGATION if not settings.prefix_delegation:
            warm = settings.warm_prefix_target if settings.has_ip_targets else ADDON_WARM_PREFIX_TARGET
            return replace(settings, prefix_delegation=True, warm_prefix_target=warm)
        case Target.SECONDARY_IP if settings.prefix_delegation:
            return replace(settings, prefix_delegation=False)
        case Target.CUSTOM_NETWORKING if not settings.custom_networking:
            _check_pod_subnets(cluster)
            return replace(settings, custom_networking=True)
        case _:
            raise InputError(f"the plan is at {target} already: there is nothing to migrate")


def _check_pod_subnets(cluster: Cluster) -> None:
    zones = dict.fromkeys(zone for group in cluster.groups for zone in group.zones)
    with_pods = {subnet.zone for subnet in cluster.subnets if subnet.role is Role.PODS}
    missing = [zone for zone in zones if zone not in with_pods]
    if missing:
        raise InputError(
            f"custom networking needs a subnet of pods in {', '.join(missing[:6])}: add pod_subnets to the plan, "
            "for instance from 100.64.0.0/10"
        )


def _changed(cluster: Cluster, settings: CniSettings) -> Iterator[tuple[str, str | None, str]]:
    """The variables to change, in the order in which they are named."""
    before, now = cluster.settings, cluster.aws_node.effective_variables()
    if settings.prefix_delegation != before.prefix_delegation:
        value = "true" if settings.prefix_delegation else "false"
        yield "ENABLE_PREFIX_DELEGATION", now.get("ENABLE_PREFIX_DELEGATION"), value
        if settings.prefix_delegation and settings.warm_prefix_target != before.warm_prefix_target:
            yield "WARM_PREFIX_TARGET", now.get("WARM_PREFIX_TARGET"), str(settings.warm_prefix_target)
    if settings.custom_networking != before.custom_networking:
        name = "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG"
        yield name, now.get(name), "true"
        yield "ENI_CONFIG_LABEL_DEF", now.get("ENI_CONFIG_LABEL_DEF"), ENI_CONFIG_LABEL


def _move(old: GroupReport, new: GroupReport, settings: CniSettings, cluster: Cluster) -> GroupMove:
    """A group whose nodes hold the same before and after stays, as those without aws-node do."""
    replaced = old.group.provisioner not in WITHOUT_AWS_NODE and any(
        before.holding != after.holding or before.limits.max_pods != after.limits.max_pods
        for before, after in zip(old.types, new.types, strict=True)
    )
    if not replaced:
        return GroupMove(old, old, replaced=False)
    types = tuple(_restarted(each, settings, cluster) for each in old.types)
    return GroupMove(replace(old, types=types), new, replaced=True)


def _restarted(each: TypeReport, settings: CniSettings, cluster: Cluster) -> TypeReport:
    """A node of before once aws-node has restarted with the new settings, and taken what the new mode keeps warm."""
    pool, instance = each.holding.pool, each.limits.instance
    if pool is None:
        return each
    before = cluster.settings
    most = min(figure(instance, "max_enis"), before.max_eni or figure(instance, "max_enis"))
    more = _restart_demand(
        settings,
        slots=figure(instance, "ipv4_per_eni") - 1,
        free_slots=(figure(instance, "ipv4_per_eni") - 1) * (pool.enis - before.custom_networking) - sum(pool.per_eni),
        has_place=pool.enis + has_trunk(instance, before) < most,
        elsewhere=settings.custom_networking and not before.custom_networking,
    )
    in_pods = settings.custom_networking
    holding = replace(
        each.holding,
        in_node_subnet=each.holding.in_node_subnet + (NOTHING if in_pods else more),
        in_pod_subnet=each.holding.in_pod_subnet + (more if in_pods else NOTHING),
    )
    return replace(each, holding=holding)


def _restart_demand(settings: CniSettings, *, slots: int, free_slots: int, has_place: bool, elsewhere: bool) -> Taken:
    """The most that ipamd takes for its warm pool on a node that held what another mode wanted.

    It fills free slots first, with the prefixes or the ENI's worth of addresses that the new targets want, and attaches
    one ENI where that is not enough.

    Args:
        settings: The new settings.
        slots: Slots of an ENI.
        free_slots: Slots without an address or a prefix on the ENIs that are attached.
        has_place: Whether another ENI can be attached.
        elsewhere: Whether the new addresses must come from another subnet, so that only a new ENI has them.
    """
    free = 0 if elsewhere else free_slots
    if settings.prefix_delegation:
        wanted = max(1, settings.warm_prefix_target)
        if free:
            return Taken(0, min(wanted, free))
        return Taken(1, wanted) if has_place else NOTHING
    filled = min(free, slots)
    return Taken(filled + (1 + slots if filled < slots and has_place else 0), 0)


def _with_running_nodes(cluster: Cluster, today: Placement) -> tuple[tuple[PlannedSubnet, ...], Credit]:
    """The subnets with the old nodes in them, and what of it is theirs.

    Where the plan counts them as in use, they are there already. Else their single addresses are somewhere, and each
    may spoil a block, though none that the old nodes' own prefixes hold.
    """
    if cluster.running_nodes_counted:
        return cluster.subnets, {each.name: held_of(each, today[each.name].taken) for each in cluster.subnets}
    subnets, credit = [], {}
    for subnet in cluster.subnets:
        taken = today[subnet.name].taken
        singles = min(taken.singles, subnet.room.addresses)
        if taken.prefixes:
            singles = min(singles, max(0, subnet.room.prefixes - taken.prefixes))
        subnets.append(replace(subnet, unplaced=subnet.unplaced + singles))
        credit[subnet.name] = Taken(singles, 0)
    return tuple(subnets), credit


def _moments(cluster: Cluster, moves: Sequence[GroupMove], credit: Credit) -> Iterator[tuple[str, Placement]]:
    """The migration step by step: the settings change, then each group has old and new nodes side by side."""
    yield "settings", place(cluster, [move.old for move in moves], DESIRED, credit)
    for number, move in enumerate(moves):
        if move.replaced:
            done = [each.new for each in moves[:number]]
            waiting = [each.old for each in moves[number + 1 :]]
            yield move.name, place(cluster, [*done, move.old, move.new, *waiting], DESIRED, credit)


def _peak(
    subnet: PlannedSubnet,
    moments: Sequence[tuple[str, Placement]],
    *,
    today: Placement,
    done: Placement,
    credit: Credit,
) -> Peak:
    own = credit.get(subnet.name)
    rooms = with_credit(subnet.room, own), with_credit(subnet.best_room, own)
    states = [(name, SubnetState(DESIRED, placement[subnet.name], *rooms)) for name, placement in moments]
    moment, state = min(states, key=lambda each: tightness(each[1]))
    taken = [each.demand.taken for _, each in states]
    largest = Taken(max(each.singles for each in taken), max(each.prefixes for each in taken))
    return Peak(subnet, moment, state, today[subnet.name].taken, largest, done[subnet.name].taken)


def _reservations(cluster: Cluster, peaks: Sequence[Peak], credit: Credit) -> Iterator[SubnetReport]:
    """What to reserve in each subnet for prefixes, where it is known which blocks are free."""
    known = {subnet.name: subnet for subnet in cluster.subnets}
    for peak in peaks:
        subnet, own = known[peak.planned.name], credit.get(peak.planned.name, NOTHING)
        places_known = not subnet.unplaced and (cluster.running_nodes_counted or not own.addresses)
        prefixes = max(0, peak.largest.prefixes - own.prefixes)
        if prefixes and places_known:
            singles = max(0, peak.largest.singles - own.singles)
            report = plan_subnet(subnet.subnet, prefixes=prefixes, single_addresses=singles)
            if report.reservations:
                yield report
