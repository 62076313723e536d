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
from cni_plan.engine.room import NOTHING, Room, Taken, evenly, fill


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


@dataclass(slots=True)
class Demand:
    """What a state takes from one subnet.

    Attributes:
        parts: Groups with the number of their nodes that count here, and what each of these takes here.
        control_plane_enis: ENIs of the control plane.
        taken: All together.
    """

    parts: list[tuple[GroupReport, int, Taken]] = field(default_factory=list)
    control_plane_enis: int = 0
    taken: Taken = NOTHING

    def add(self, report: GroupReport, nodes: int, node: Taken) -> None:
        """Put nodes of a group here."""
        if not nodes:
            return
        self.parts.append((report, nodes, node))
        self.taken += node * nodes


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
    rooms = {each.name: with_credit(each.room, given_back.get(each.name)) for each in cluster.subnets}
    by_zone = _by_zone(cluster)
    _place_control_plane(cluster, state, demands)
    for report in reports:
        zones = [zone for zone in report.group.zones if zone != state.lost_zone]
        nodes = state.nodes(report)
        if not zones or not nodes:
            continue
        for role, node, allowed in _shares(report):
            for zone, count in zip(zones, evenly(nodes, len(zones)), strict=True):
                names = [name for name in by_zone[role, zone] if not allowed or name in allowed]
                if len(names) == 1:
                    demands[names[0]].add(report, count, node)
                    continue
                room = [rooms[name].most(node, demands[name].taken)[0] for name in names]
                for name, part in zip(names, fill(count, room), strict=True):
                    demands[name].add(report, part, node)
    return demands


def _shares(report: GroupReport) -> list[tuple[Role, Taken, tuple[str, ...]]]:
    """What a node of the group takes from which kind of subnet, and which of these it may use."""
    holding, group = report.counted.holding, report.group
    both = (
        (Role.NODES, holding.in_node_subnet, group.subnets),
        (Role.PODS, holding.in_pod_subnet, group.pod_subnets),
    )
    return [share for share in both if share[1].addresses]


def _by_zone(cluster: Cluster) -> dict[tuple[Role, str], list[str]]:
    names: dict[tuple[Role, str], list[str]] = {}
    for subnet in cluster.subnets:
        names.setdefault((subnet.role, subnet.zone), []).append(subnet.name)
    return names


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
        demands[name].taken += Taken(count, 0)


def with_credit(room: Room, credit: Taken | None) -> Room:
    """What a subnet can give once the running nodes' addresses count as free."""
    if credit is None:
        return room
    return Room(room.addresses + credit.addresses, room.prefixes + credit.prefixes, room.reserved)
