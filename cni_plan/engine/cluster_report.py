"""Whether a cluster fits into its subnets: today, at its maximum, in an update, without a zone, and as it grows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network

from cni_plan.engine.cluster import Cluster, PlannedSubnet, Role
from cni_plan.engine.group_report import GroupReport, Memo, report_group
from cni_plan.engine.max_pods import ADDRESSES_PER_PREFIX
from cni_plan.engine.placement import DESIRED, Demand, Placement, State, StateKind, place, states_of, with_credit
from cni_plan.engine.room import NOTHING, Room, Taken
from cni_plan.engine.subnets import Block, plan_subnet

FARTHEST_MONTHS = 120
"""Growth is followed for ten years."""


class Fit(StrEnum):
    """Whether a demand fits: unknown where that depends on where addresses in use are."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SubnetState:
    """A subnet in a state.

    Attributes:
        state: The state.
        demand: What is taken from the subnet.
        room: What the subnet can give, addresses of unknown place where they do most harm.
        best_room: The same with them where they do least.
        credit: What the running nodes hold, which both rooms have among what can be given.
    """

    state: State
    demand: Demand
    room: Room
    best_room: Room
    credit: Taken = NOTHING

    @property
    def fit(self) -> Fit:
        """Whether the demand fits, its prefixes reserved."""
        if self.room.fits(self.demand.taken):
            return Fit.YES
        return Fit.UNKNOWN if self.best_room.fits(self.demand.taken) else Fit.NO

    @property
    def left_prefixes(self) -> int:
        """Free /28 blocks that remain; negative where they do not suffice."""
        return self.room.left_prefixes(self.demand.taken)

    @property
    def left_addresses(self) -> int:
        """Addresses that remain; negative where they do not suffice."""
        return self.room.left_addresses(self.demand.taken)

    @property
    def short_of(self) -> str | None:
        """What is missing for certain: `prefixes`, `addresses`, or nothing."""
        if self.fit is not Fit.NO:
            return None
        return "prefixes" if self.left_prefixes < 0 else "addresses"

    @property
    def needs_reservation(self) -> bool:
        """Whether it fits for certain only where reservations keep single addresses out of the prefixes' blocks.

        What the running nodes hold is in its place; only what comes besides can spoil blocks.
        """
        taken, held, room = self.demand.taken, self.credit, self.room
        besides = Taken(max(0, taken.singles - held.singles), max(0, taken.prefixes - held.prefixes))
        today = Room(room.addresses - held.addresses, room.prefixes - held.prefixes, room.reserved)
        return self.fit is Fit.YES and not today.fits_anywhere(besides)


@dataclass(frozen=True, slots=True)
class SubnetPlan:
    """A subnet in all states.

    Attributes:
        planned: The subnet.
        credit: What the running nodes hold of it, where they are counted as in use, as far as it can be.
        states: The subnet in each state, in the cluster's order.
        reservations: The blocks to reserve for the prefixes of every state that fits; none where their place in the
            subnet cannot be known.
    """

    planned: PlannedSubnet
    credit: Taken
    states: tuple[SubnetState, ...]
    reservations: tuple[IPv4Network, ...]

    @property
    def room(self) -> Room:
        """What the subnet can give."""
        return self.states[0].room

    @property
    def largest(self) -> Taken:
        """The most that any state takes, of each kind."""
        taken = [state.demand.taken for state in self.states]
        return Taken(max(each.singles for each in taken), max(each.prefixes for each in taken))

    def state(self, kind: StateKind) -> SubnetState | None:
        """The tightest of the states of a kind."""
        own = [state for state in self.states if state.state.kind is kind]
        return min(own, key=tightness, default=None)


def tightness(state: SubnetState) -> tuple[int, int]:
    """Orders states by what they leave, the least first."""
    by_prefix = state.left_prefixes if state.demand.taken.prefixes else state.left_addresses
    return min(by_prefix, state.left_addresses), by_prefix


@dataclass(frozen=True, slots=True)
class ZonePlan:
    """A zone's subnets of one role together."""

    zone: str
    role: Role
    subnets: tuple[SubnetPlan, ...]

    @property
    def room(self) -> Room:
        """What they can give."""
        rooms = [subnet.room for subnet in self.subnets]
        return Room(
            sum(room.addresses for room in rooms),
            sum(room.prefixes for room in rooms),
            sum(room.reserved for room in rooms),
        )

    def states(self) -> Iterator[tuple[State, Taken, Fit]]:
        """What each state takes of them, and whether each of them has its part."""
        for own in zip(*(subnet.states for subnet in self.subnets), strict=True):
            taken = sum((each.demand.taken for each in own), start=NOTHING)
            yield own[0].state, taken, worst(each.fit for each in own)


@dataclass(frozen=True, slots=True)
class Horizon:
    """When growth meets its end.

    Attributes:
        months: The first month in which something runs out; None where nothing does within `FARTHEST_MONTHS`.
        first: The subnets that run out then, in that state.
    """

    months: int | None
    first: tuple[tuple[PlannedSubnet, SubnetState], ...]


@dataclass(frozen=True, slots=True)
class ClusterReport:
    """All that is to be known of a cluster.

    Attributes:
        cluster: The cluster.
        states: The situations it was looked at in.
        groups: What its groups' nodes are like.
        subnets: Its subnets in all states.
        horizon: When growth meets its end; None where nothing grows.
    """

    cluster: Cluster
    states: tuple[State, ...]
    groups: tuple[GroupReport, ...]
    subnets: tuple[SubnetPlan, ...]
    horizon: Horizon | None

    def zones(self) -> tuple["ZonePlan", ...]:
        """The subnets of each zone and role together, where any zone has more than one of a role."""
        by_zone: dict[tuple[str, Role], list[SubnetPlan]] = {}
        for subnet in self.subnets:
            by_zone.setdefault((subnet.planned.zone, subnet.planned.role), []).append(subnet)
        if all(len(subnets) == 1 for subnets in by_zone.values()):
            return ()
        return tuple(ZonePlan(zone, role, tuple(subnets)) for (zone, role), subnets in by_zone.items())

    @property
    def unplaced_pods(self) -> int:
        """Pods that find no place on the desired nodes."""
        return sum(report.unplaced_pods for report in self.groups)

    @property
    def homeless_pods(self) -> int:
        """Pods that find no place, or no address on their node, whatever the subnets have."""
        return self.unplaced_pods + sum(report.unserved_pods for report in self.groups)

    def worst_fit(self, state: State) -> Fit:
        """How the subnet that is worst off fares in a state."""
        return worst(each.fit for subnet in self.subnets for each in subnet.states if each.state == state)

    def total(self, state: State) -> Taken:
        """What a state takes from all subnets."""
        taken = [each.demand.taken for subnet in self.subnets for each in subnet.states if each.state == state]
        return sum(taken, start=NOTHING)


def worst(fits: Iterable[Fit]) -> Fit:
    """The worst of several answers; yes where there are none."""
    found = set(fits)
    return Fit.NO if Fit.NO in found else Fit.UNKNOWN if Fit.UNKNOWN in found else Fit.YES


Credit = Mapping[str, Taken]
"""What running nodes give back, by the subnet's name."""


def report_cluster(
    cluster: Cluster, memo: Memo | None = None, *, credit: Credit | None = None, in_full: bool = True
) -> ClusterReport:
    """Look at a cluster in all its states.

    Args:
        cluster: The cluster.
        memo: Pools that are known already, to be added to.
        credit: What the nodes that run now give back, where it is not what this cluster's desired nodes hold.
        in_full: Whether to find out also when growth meets its end, and what to reserve.

    Raises:
        InputError: aws-node would not start with the settings.
        UnknownFigureError: The table lacks a figure of a type.
    """
    known: Memo = {} if memo is None else memo
    groups = tuple(report_group(group, cluster, known) for group in cluster.groups)
    given_back = running(cluster, groups) if credit is None else credit
    states = states_of(cluster)
    placements = [place(cluster, groups, state, given_back) for state in states]
    subnets = tuple(
        _subnet_plan(each, states, placements, given_back.get(each.name), reserve=in_full) for each in cluster.subnets
    )
    horizon = _horizon(cluster, groups, given_back) if cluster.grows and in_full else None
    return ClusterReport(cluster, states, groups, subnets, horizon)


def running(cluster: Cluster, groups: Sequence[GroupReport]) -> Credit:
    """What the desired nodes hold of each subnet, where they are among what is in use; else nothing."""
    if not cluster.running_nodes_counted:
        return {}
    today = place(cluster, groups, DESIRED)
    return {subnet.name: held_of(subnet, today[subnet.name].taken) for subnet in cluster.subnets}


def held_of(subnet: PlannedSubnet, taken: Taken) -> Taken:
    """As much of what running nodes should hold as the subnet can have given them.

    Prefixes are those that it is known to have given; where it gave single addresses instead, these do not become free
    blocks.
    """
    blocks = subnet.blocks
    whole = sum(count == ADDRESSES_PER_PREFIX for count in blocks.singles)
    known = blocks.count(Block.PREFIX) + whole + subnet.unplaced // ADDRESSES_PER_PREFIX
    prefixes = min(taken.prefixes, known)
    addresses = min(taken.addresses, blocks.used_addresses)
    return Taken(max(0, addresses - ADDRESSES_PER_PREFIX * prefixes), prefixes)


def _subnet_state(subnet: PlannedSubnet, state: State, demand: Demand, credit: Taken | None) -> SubnetState:
    return SubnetState(
        state,
        demand,
        with_credit(subnet.room, credit),
        with_credit(subnet.best_room, credit),
        credit or NOTHING,
    )


def _subnet_plan(
    subnet: PlannedSubnet,
    states: Sequence[State],
    placements: Sequence[Placement],
    credit: Taken | None,
    *,
    reserve: bool,
) -> SubnetPlan:
    own = tuple(
        _subnet_state(subnet, state, placement[subnet.name], credit)
        for state, placement in zip(states, placements, strict=True)
    )
    reservations = _reservations(subnet, own, credit or NOTHING) if reserve else ()
    return SubnetPlan(subnet, credit or NOTHING, own, reservations)


def _reservations(subnet: PlannedSubnet, states: Sequence[SubnetState], credit: Taken) -> tuple[IPv4Network, ...]:
    fitting = [state.demand.taken for state in states if state.fit is Fit.YES]
    if subnet.unplaced or not fitting:
        return ()
    prefixes = max(0, max(taken.prefixes for taken in fitting) - credit.prefixes)
    singles = max(0, max(taken.singles for taken in fitting) - credit.singles)
    return plan_subnet(subnet.subnet, prefixes=prefixes, single_addresses=singles).reservations if prefixes else ()


def _horizon(cluster: Cluster, groups: Sequence[GroupReport], credit: Credit) -> Horizon:
    """The first month in which a subnet has too little, by halving."""

    def short(months: int) -> tuple[tuple[PlannedSubnet, SubnetState], ...]:
        state = State(StateKind.MONTHS_ON, months=months)
        placement = place(cluster, groups, state, credit)
        own = (_subnet_state(each, state, placement[each.name], credit.get(each.name)) for each in cluster.subnets)
        return tuple((each, there) for each, there in zip(cluster.subnets, own, strict=True) if there.short_of)

    if not short(FARTHEST_MONTHS):
        return Horizon(None, ())
    low, high = 0, FARTHEST_MONTHS
    while low < high:
        middle = (low + high) // 2
        if short(middle):
            high = middle
        else:
            low = middle + 1
    return Horizon(low, short(low))
