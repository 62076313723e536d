"""What nodes take from subnets: primary addresses, single addresses and prefixes, by what ipamd holds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cni_plan.catalog import InstanceType
from cni_plan.engine.cni import CniSettings
from cni_plan.engine.max_pods import ADDRESSES_PER_PREFIX, max_pods
from cni_plan.engine.simulation import PoolState, state_with
from cni_plan.engine.subnets import (
    LARGEST_SUBNET,
    RESERVED_BY_AWS,
    SMALLEST_SUBNET,
    Block,
    BlockMap,
    Subnet,
    SubnetReport,
    block_map,
    most_prefixes,
    plan_subnet,
)
from cni_plan.errors import InputError

CONTROL_PLANE_ENIS = 4
"""EKS puts up to so many cross-account ENIs into the cluster's subnets."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Addresses taken from a subnet.

    Attributes:
        singles: Addresses taken one by one: ENIs' primary ones, and secondary ones outside prefixes.
        prefixes: /28 prefixes.
    """

    singles: int
    prefixes: int

    @property
    def addresses(self) -> int:
        """All of them."""
        return self.singles + ADDRESSES_PER_PREFIX * self.prefixes

    def __add__(self, other: "Taken") -> "Taken":
        return Taken(self.singles + other.singles, self.prefixes + other.prefixes)

    def __mul__(self, count: int) -> "Taken":
        return Taken(self.singles * count, self.prefixes * count)


@dataclass(frozen=True, slots=True)
class NodeDemand:
    """What one node takes.

    Attributes:
        pods: Pods on it.
        start: With no pods yet.
        rest: With its pods, at rest.
        peak: With as many pods as it can have.
    """

    pods: int
    start: Taken
    rest: Taken
    peak: Taken


@dataclass(frozen=True, slots=True)
class ClusterDemand:
    """What a number of nodes of one type takes.

    Attributes:
        instance: The type.
        nodes: Nodes, those of a rolling update not among them.
        surge_nodes: Nodes that a rolling update adds for a while.
        pods: Pods in all.
        kinds: Pairs of a number of nodes and what each of them takes; two at most, since pods spread evenly.
        control_plane_enis: Cross-account ENIs of the control plane.
        unserved_pods: Pods that get no address on their node.
    """

    instance: InstanceType
    nodes: int
    surge_nodes: int
    pods: int
    kinds: tuple[tuple[int, NodeDemand], ...]
    control_plane_enis: int
    unserved_pods: int

    @property
    def largest(self) -> NodeDemand:
        """The node that takes most."""
        return self.kinds[0][1]

    def total(self, state: str = "rest") -> Taken:
        """What all nodes take in a state: `start`, `rest` or `peak`; surge nodes like the largest."""
        taken = Taken(self.control_plane_enis, 0)
        for count, node in self.kinds:
            one: Taken = getattr(node, state)
            taken += one * count
        surge: Taken = getattr(self.largest, state)
        return taken + surge * self.surge_nodes


def cluster_demand(  # noqa: PLR0913 # the parts of one question
    instance: InstanceType,
    settings: CniSettings,
    *,
    nodes: int,
    pods: int,
    surge_nodes: int = 0,
    control_plane_enis: int = CONTROL_PLANE_ENIS,
    kubelet_max_pods: int | None = None,
) -> ClusterDemand:
    """What nodes take with pods spread over them evenly.

    Args:
        instance: The nodes' type.
        settings: How aws-node is set up.
        nodes: How many there are, at least 1.
        pods: Pods in all that want an address.
        surge_nodes: Nodes of a rolling update besides.
        control_plane_enis: ENIs of the control plane.
        kubelet_max_pods: kubelet's max pods; by default the calculator's.

    Raises:
        InputError: aws-node would not start, or there are no nodes.
    """
    if nodes < 1:
        raise InputError("at least one node")
    most = max_pods(instance, settings).max_pods if kubelet_max_pods is None else kubelet_max_pods
    floor, more = divmod(pods, nodes)
    counts = [(more, floor + 1), (nodes - more, floor)] if more else [(nodes, floor)]
    states = {number: state_with(instance, settings, number, max_pods=most) for number in (0, most, floor, floor + 1)}
    kinds = tuple(
        (count, NodeDemand(own, _taken(states[0]), _taken(states[own]), _taken(states[most])))
        for count, own in counts
        if count
    )
    unserved = sum(count * (own - states[own].assigned_ips) for count, own in counts)
    return ClusterDemand(instance, nodes, surge_nodes, pods, kinds, control_plane_enis, unserved)


def _taken(state: PoolState) -> Taken:
    return Taken(state.subnet_ips - ADDRESSES_PER_PREFIX * _v4_prefixes(state), _v4_prefixes(state))


def _v4_prefixes(state: PoolState) -> int:
    """An IPv6 node's prefix is a /80 and takes nothing from the IPv4 range."""
    return state.prefixes if state.subnet_ips > state.prefixes else 0


@dataclass(frozen=True, slots=True)
class SubnetShare:
    """A subnet's part of the nodes.

    Attributes:
        report: The subnet with what it must give.
        nodes: Nodes in it, surge nodes among them.
        taken: What they take at rest.
        fits_without_reservation: Whether they fit wherever EC2 puts single addresses.
        max_nodes: Nodes that fit at most, with a reservation.
        limited_by: What stops the next one: `prefixes` or `addresses`.
    """

    report: SubnetReport
    nodes: int
    taken: Taken
    fits_without_reservation: bool
    max_nodes: int
    limited_by: str

    @property
    def left_prefixes(self) -> int:
        """Free /28 blocks that remain; negative where they do not suffice."""
        return self.report.free_prefixes - self.taken.prefixes

    @property
    def left_addresses(self) -> int:
        """Addresses that remain; negative where they do not suffice."""
        reserved = min(self.taken.prefixes, self.report.reserved_prefixes)
        return self.report.free_addresses - self.taken.addresses + ADDRESSES_PER_PREFIX * reserved


def spread(demand: ClusterDemand, subnets: Sequence[Subnet]) -> list[SubnetShare]:
    """Spread nodes over subnets: evenly over zones as the scheduler does, within a zone by what fits.

    A subnet without a known zone counts as a zone of its own.
    """
    maps = [block_map(subnet) for subnet in subnets]
    zones: dict[str, list[int]] = {}
    for place, subnet in enumerate(subnets):
        zones.setdefault(subnet.availability_zone or f"#{place}", []).append(place)
    per_zone = _evenly(demand.nodes + demand.surge_nodes, len(zones))
    enis = _evenly(demand.control_plane_enis, len(subnets))
    nodes = [0] * len(subnets)
    for count, places in zip(per_zone, zones.values(), strict=True):
        room = [most_nodes(maps[place], demand.largest.rest, enis[place])[0] for place in places]
        for place, own in zip(places, _fill(count, room), strict=True):
            nodes[place] = own
    return [
        _share(demand, subnet, blocks, own, own_enis)
        for subnet, blocks, own, own_enis in zip(subnets, maps, nodes, enis, strict=True)
    ]


def _share(demand: ClusterDemand, subnet: Subnet, blocks: BlockMap, nodes: int, control_plane_enis: int) -> SubnetShare:
    taken = demand.largest.rest * nodes + Taken(control_plane_enis, 0)
    most, limited_by = most_nodes(blocks, demand.largest.rest, control_plane_enis)
    return SubnetShare(
        report=plan_subnet(subnet, prefixes=taken.prefixes, single_addresses=taken.singles),
        nodes=nodes,
        taken=taken,
        fits_without_reservation=fits_anywhere(blocks, taken),
        max_nodes=most,
        limited_by=limited_by,
    )


def most_nodes(blocks: BlockMap, node: Taken, control_plane_enis: int = 0) -> tuple[int, str]:
    """How many nodes fit where their prefixes are reserved, and what stops the next one."""
    by_prefix = blocks.free_prefixes // node.prefixes if node.prefixes else None
    reserved = ADDRESSES_PER_PREFIX * blocks.count(Block.RESERVED)
    # Prefixes go into reserved blocks first, which are not among the free addresses; only the rest is taken from these.
    free = blocks.free_addresses - control_plane_enis
    by_address = max(0, min((free + reserved) // node.addresses, free // node.singles if node.singles else free))
    if by_prefix is not None and by_prefix <= by_address:
        return by_prefix, "prefixes"
    return by_address, "addresses"


def fits_anywhere(blocks: BlockMap, taken: Taken) -> bool:
    """Whether a demand fits even if every single address falls into another free block and spoils it.

    Free blocks within a prefix reservation are safe from single addresses.
    """
    if blocks.free_addresses < taken.singles:
        return False
    if not taken.prefixes:
        return True
    reserved = blocks.count(Block.RESERVED)
    open_blocks = max(0, blocks.free_prefixes - reserved - taken.singles)
    return reserved + open_blocks >= taken.prefixes


def smallest_length(taken: Taken, *, reserved: bool) -> int | None:
    """Length of the smallest empty subnet that holds a demand; None where even a /16 does not.

    Args:
        taken: The demand.
        reserved: Whether a reservation keeps single addresses out of the prefixes' blocks; without one the worst
            place for every single address is assumed.
    """
    for length in range(SMALLEST_SUBNET, LARGEST_SUBNET - 1, -1):
        free = (1 << (32 - length)) - RESERVED_BY_AWS
        blocks = most_prefixes(length)
        usable = blocks if reserved or not taken.prefixes else max(0, blocks - taken.singles)
        if usable >= taken.prefixes and free >= taken.addresses:
            return length
    return None


def _evenly(count: int, parts: int) -> list[int]:
    """A number in parts that differ by one at most, the larger ones first."""
    floor, more = divmod(count, parts)
    return [floor + (place < more) for place in range(parts)]


def _fill(count: int, room: Sequence[int]) -> Iterator[int]:
    """Spread a number over places as evenly as their room allows; what fits nowhere goes to the first."""
    given = [0] * len(room)
    left = count
    while left:
        open_places = [place for place in range(len(room)) if given[place] < room[place]]
        if not open_places:
            given[0] += left
            break
        for place, part in zip(open_places, _evenly(left, len(open_places)), strict=True):
            added = min(part, room[place] - given[place])
            given[place] += added
            left -= added
    return iter(given)
