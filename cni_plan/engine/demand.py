"""What nodes take from subnets: primary addresses, single addresses and prefixes, by what ipamd holds."""

from collections.abc import Sequence
from dataclasses import dataclass

from cni_plan.catalog import InstanceType
from cni_plan.engine.cni import CniSettings
from cni_plan.engine.max_pods import ADDRESSES_PER_PREFIX, max_pods
from cni_plan.engine.room import Room, Taken, evenly, fill
from cni_plan.engine.simulation import PoolState, state_with
from cni_plan.engine.subnets import (
    LARGEST_SUBNET,
    RESERVED_BY_AWS,
    SMALLEST_SUBNET,
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
        room: What it can give.
        nodes: Nodes in it, surge nodes among them.
        taken: What they take at rest.
        fits_without_reservation: Whether they fit wherever EC2 puts single addresses.
        max_nodes: Nodes that fit at most, with a reservation.
        limited_by: What stops the next one: `prefixes` or `addresses`.
    """

    report: SubnetReport
    room: Room
    nodes: int
    taken: Taken
    fits_without_reservation: bool
    max_nodes: int
    limited_by: str

    @property
    def left_prefixes(self) -> int:
        """Free /28 blocks that remain; negative where they do not suffice."""
        return self.room.left_prefixes(self.taken)

    @property
    def left_addresses(self) -> int:
        """Addresses that remain; negative where they do not suffice."""
        return self.room.left_addresses(self.taken)


def spread(demand: ClusterDemand, subnets: Sequence[Subnet]) -> list[SubnetShare]:
    """Spread nodes over subnets: evenly over zones as the scheduler does, within a zone by what fits.

    A subnet without a known zone counts as a zone of its own.
    """
    maps = [block_map(subnet) for subnet in subnets]
    zones: dict[str, list[int]] = {}
    for place, subnet in enumerate(subnets):
        zones.setdefault(subnet.availability_zone or f"#{place}", []).append(place)
    per_zone = evenly(demand.nodes + demand.surge_nodes, len(zones))
    enis = evenly(demand.control_plane_enis, len(subnets))
    nodes = [0] * len(subnets)
    for count, places in zip(per_zone, zones.values(), strict=True):
        room = [maps[place].room().most(demand.largest.rest, Taken(enis[place], 0))[0] for place in places]
        for place, own in zip(places, fill(count, room), strict=True):
            nodes[place] = own
    return [
        _share(demand, subnet, blocks, own, own_enis)
        for subnet, blocks, own, own_enis in zip(subnets, maps, nodes, enis, strict=True)
    ]


def _share(demand: ClusterDemand, subnet: Subnet, blocks: BlockMap, nodes: int, control_plane_enis: int) -> SubnetShare:
    room, control_plane = blocks.room(), Taken(control_plane_enis, 0)
    taken = demand.largest.rest * nodes + control_plane
    most, limited_by = room.most(demand.largest.rest, control_plane)
    return SubnetShare(
        report=plan_subnet(subnet, prefixes=taken.prefixes, single_addresses=taken.singles),
        room=room,
        nodes=nodes,
        taken=taken,
        fits_without_reservation=room.fits_anywhere(taken),
        max_nodes=most,
        limited_by=limited_by,
    )


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
