"""Where a cluster's nodes are in a state, and what that takes from each subnet.

Nodes are spread evenly over their group's zones, as Auto Scaling groups and the scheduler do, and within a zone over
its subnets by the room these have. Groups come in the order of the plan. The cost grows with groups and subnets, not
with nodes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cni_plan.engine.cluster import Cluster, Role
from cni_plan.engine.group_report import GroupReport
from cni_plan.engine.max_pods import ADDRESSES_PER_PREFIX
from cni_plan.engine.room import Room, Taken, evenly, fill


class StateKind(StrEnum):
    """The situations a cluster must fit in."""

    DESIRED = "desired"
    MAXIMUM = "maximum"
    ROLLING_UPDATE = "rolling-update"
    ZONE_LOST = "zone-lost"
    MONTHS_ON = "months-on"


@dataclass(frozen=True, slots=True)
class State:
    """A situation: the kind, the zone that is lost, the months that have gone by."""

    kind: StateKind
    lost_zone: str | None = None
    months: int = 0

    @property
    def name(self) -> str:
        """What to call it."""
        match self.kind:
            case StateKind.ZONE_LOST:
                return f"zone-lost:{self.lost_zone}"
            case StateKind.MONTHS_ON:
                return f"months-on:{self.months}"
            case kind:
                return kind.value

    def nodes(self, report: GroupReport) -> int:
        """Nodes of a group in this situation."""
        group = report.group
        match self.kind:
            case StateKind.MAXIMUM:
                return report.most_nodes
            case StateKind.ROLLING_UPDATE:
                return report.nodes() + group.surge_nodes(report.nodes())
            case StateKind.ZONE_LOST if set(group.zones) == {self.lost_zone}:
                return 0
            case StateKind.MONTHS_ON:
                return report.nodes(self.months)
            case _:
                return report.nodes()

    def control_plane_enis(self, cluster: Cluster) -> int:
        """ENIs of the control plane: an upgrade brings a new set before the old one goes."""
        return cluster.control_plane_enis * (2 if self.kind is StateKind.ROLLING_UPDATE else 1)


DESIRED = State(StateKind.DESIRED)


def states_of(cluster: Cluster) -> tuple[State, ...]:
    """The situations of a cluster, one for the loss of each zone."""
    zones = sorted({zone for group in cluster.groups for zone in group.zones})
    lost = [State(StateKind.ZONE_LOST, zone) for zone in zones] if len(zones) > 1 else []
    later = [State(StateKind.MONTHS_ON, months=cluster.months)] if cluster.grows and cluster.months else []
    return (DESIRED, State(StateKind.MAXIMUM), State(StateKind.ROLLING_UPDATE), *lost, *later)


Part = tuple[GroupReport, int, Taken]
"""A group, the number of its nodes that count in a subnet, and what each of these takes there."""


@dataclass(slots=True)
class Demand:
    """What a state takes from one subnet.

    Attributes:
        singles: Addresses taken one by one.
        prefixes: /28 prefixes.
        control_plane_enis: Of the addresses, ENIs of the control plane.
        parts: The groups' nodes that make up the rest.
    """

    singles: int = 0
    prefixes: int = 0
    control_plane_enis: int = 0
    parts: list[Part] = field(default_factory=list)

    @property
    def taken(self) -> Taken:
        """All together."""
        return Taken(self.singles, self.prefixes)

    def add(self, report: GroupReport, nodes: int, node: Taken) -> None:
        """Put nodes of a group here."""
        if nodes:
            self.parts.append((report, nodes, node))
            self.singles += nodes * node.singles
            self.prefixes += nodes * node.prefixes


Placement = Mapping[str, Demand]
"""Demands by the subnet's name."""


def place(
    cluster: Cluster, reports: Sequence[GroupReport], state: State, credit: Mapping[str, Taken] | None = None
) -> Placement:
    """Put a state's nodes into the subnets.

    Args:
        cluster: The cluster.
        reports: What its groups' nodes are like.
        state: The situation.
        credit: What the running nodes give back in each subnet, where they are counted as in use.
    """
    given_back = credit or {}
    demands = {subnet.name: Demand() for subnet in cluster.subnets}
    by_zone: dict[tuple[Role, str], list[_Place]] = {}
    for subnet in cluster.subnets:
        room = with_credit(subnet.room, given_back.get(subnet.name))
        by_zone.setdefault((subnet.role, subnet.zone), []).append((subnet.name, room, demands[subnet.name]))
    _place_control_plane(cluster, state, demands)
    for report in reports:
        zones = [zone for zone in report.group.zones if zone != state.lost_zone]
        nodes = state.nodes(report)
        if not zones or not nodes:
            continue
        for role, node, allowed in _shares(report):
            for zone, count in zip(zones, evenly(nodes, len(zones)), strict=True):
                places = by_zone[role, zone]
                if allowed:
                    places = [place for place in places if place[0] in allowed]
                for (_, _, demand), part in zip(places, _spread(count, node, places), strict=True):
                    demand.add(report, part, node)
    return demands


_Place = tuple[str, Room, Demand]
"""A subnet's name, what it can give, and what is taken so far."""


def _spread(count: int, node: Taken, places: Sequence[_Place]) -> list[int]:
    """A zone's nodes over the zone's subnets: evenly where each has room for that, else by room."""
    shares = evenly(count, len(places))
    if len(places) == 1 or all(_has_room(shares[0], node, room, demand) for _, room, demand in places):
        return shares
    rooms = [room.most(node, demand.taken)[0] if _has_room(1, node, room, demand) else 0 for _, room, demand in places]
    return fill(count, rooms)


def _has_room(nodes: int, node: Taken, room: Room, demand: Demand) -> bool:
    """As `room.most(node, demand.taken) >= nodes`, without a division."""
    prefixes = demand.prefixes + nodes * node.prefixes
    left = room.addresses - demand.singles - nodes * node.singles
    return prefixes <= room.prefixes and left >= ADDRESSES_PER_PREFIX * max(0, prefixes - room.reserved)


def _shares(report: GroupReport) -> list[tuple[Role, Taken, tuple[str, ...]]]:
    """What a node of the group takes from which kind of subnet, and which of these it may use."""
    group = report.group
    both = (
        (Role.NODES, report.in_node_subnet, group.subnets),
        (Role.PODS, report.in_pod_subnet, group.pod_subnets),
    )
    return [share for share in both if share[1].addresses]


def _place_control_plane(cluster: Cluster, state: State, demands: dict[str, Demand]) -> None:
    chosen = cluster.control_plane_subnets
    places = [
        subnet.name
        for subnet in cluster.subnets
        if (subnet.name in chosen if chosen else subnet.role is Role.NODES) and subnet.zone != state.lost_zone
    ]
    if not places:
        return
    for name, count in zip(places, evenly(state.control_plane_enis(cluster), len(places)), strict=True):
        demands[name].control_plane_enis = count
        demands[name].singles += count


def with_credit(room: Room, credit: Taken | None) -> Room:
    """What a subnet can give once the running nodes' addresses count as free."""
    if credit is None:
        return room
    return Room(room.addresses + credit.addresses, room.prefixes + credit.prefixes, room.reserved)
