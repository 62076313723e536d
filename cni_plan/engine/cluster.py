"""A cluster on paper: its subnets, its groups of nodes, and how aws-node is set up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from cni_plan.catalog import InstanceType
from cni_plan.engine.aws_node import AwsNode, Form
from cni_plan.engine.cni import CniSettings, IpFamily
from cni_plan.engine.demand import CONTROL_PLANE_ENIS
from cni_plan.engine.density import Workload
from cni_plan.engine.provisioner import Provisioner, ProvisionerOptions
from cni_plan.engine.room import Room
from cni_plan.engine.subnets import Block, BlockMap, Subnet, block_map

MANAGED_SURGE_PER_ZONE = 2
"""A managed node group adds up to two nodes a zone in an update (EKS user guide, "each phase of node updates")."""
KARPENTER_BUDGET_PERCENT = 10
"""Karpenter replaces so many of a pool's nodes at a time by default (NodePool, `disruption.budgets`)."""


class Role(StrEnum):
    """Whose addresses a subnet gives."""

    NODES = "nodes"
    PODS = "pods"


@dataclass(frozen=True, kw_only=True)
class PlannedSubnet:
    """A subnet of the plan.

    Attributes:
        name: What the plan calls it.
        zone: Its availability zone.
        role: Whether nodes are in it, or the pods of custom networking.
        subnet: Its range and what is known to be in it.
        unplaced: Addresses in use besides, of which nobody knows where they are.
    """

    name: str
    zone: str
    role: Role
    subnet: Subnet
    unplaced: int = 0

    @cached_property
    def blocks(self) -> BlockMap:
        """The subnet block by block, every address of unknown place in a block of its own: the worst case."""
        known = block_map(self.subnet)
        return _scattered(known, self.unplaced) if self.unplaced else known

    @cached_property
    def best_blocks(self) -> BlockMap:
        """The same with the addresses of unknown place where they do the least harm."""
        known = block_map(self.subnet)
        return _packed(known, self.unplaced) if self.unplaced else known

    @cached_property
    def room(self) -> Room:
        """What the subnet can give in the worst case."""
        return self.blocks.room()

    @cached_property
    def best_room(self) -> Room:
        """What it can give in the best case."""
        return self.best_blocks.room()


def _scattered(blocks: BlockMap, count: int) -> BlockMap:
    """One address into each free block, then the rest anywhere."""
    kinds, singles = bytearray(blocks.kinds), list(blocks.singles)
    free = [block for block, kind in enumerate(kinds) if kind == Block.FREE]
    for block in free[:count]:
        kinds[block], singles[block] = Block.SINGLES, 1
    singles[0] += max(0, count - len(free))
    return BlockMap(bytes(kinds), tuple(singles), blocks.idle_reserved)


def _packed(blocks: BlockMap, count: int) -> BlockMap:
    """Into blocks that are spoilt anyway, then block after block."""
    kinds, singles = bytearray(blocks.kinds), list(blocks.singles)
    free = [block for block, kind in enumerate(kinds) if kind == Block.FREE]
    spoilt_room = blocks.free_addresses - 16 * len(free)
    left = max(0, count - spoilt_room)
    for block in free[: -(-left // 16)]:
        kinds[block] = Block.SINGLES
    singles[0] += count
    return BlockMap(bytes(kinds), tuple(singles), blocks.idle_reserved)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number of nodes, or a percentage of them."""

    number: int
    is_percent: bool = False

    def of(self, nodes: int) -> int:
        """The number of nodes, rounded up."""
        return -(-nodes * self.number // 100) if self.is_percent else self.number


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPlan:
    """A group of nodes as it is wanted.

    Attributes:
        name: What the plan calls it.
        instances: Its types; none for Fargate.
        provisioner: Who makes the nodes and sets max pods.
        options: What that depends on.
        workload: The pods.
        zones: Where the nodes are, spread evenly.
        desired_nodes: Nodes today; None where they follow from the pods.
        maximum_nodes: The most there may be; None for as many as are desired.
        pods: Pods of the workload in all; None where the nodes decide.
        surge: Nodes that an update adds; None for what the provisioner does.
        max_unavailable: Nodes that an update takes away at a time; None where that is not told.
        subnets: Names of the node subnets it may use; none for all in its zones.
        pod_subnets: Names of the pod subnets it may use; none for all in its zones.
        growth_permille: Growth a month, compounding.
        windows_prefixes: Whether the ConfigMap of Windows nodes turns prefixes on; aws-node's variables do not.
    """

    name: str
    instances: tuple[InstanceType, ...]
    provisioner: Provisioner
    options: ProvisionerOptions
    workload: Workload
    zones: tuple[str, ...]
    desired_nodes: int | None = None
    maximum_nodes: int | None = None
    pods: int | None = None
    surge: Quantity | None = None
    max_unavailable: Quantity | None = None
    subnets: tuple[str, ...] = ()
    pod_subnets: tuple[str, ...] = ()
    growth_permille: int = 0
    windows_prefixes: bool = False

    def surge_nodes(self, nodes: int) -> int:
        """Nodes that an update of so many adds for a while."""
        if self.surge is not None:
            return self.surge.of(nodes)
        unavailable = 0 if self.max_unavailable is None else self.max_unavailable.of(nodes)
        match self.provisioner:
            case _ if not nodes:
                return 0
            case Provisioner.MANAGED_NODE_GROUP:
                return max(MANAGED_SURGE_PER_ZONE * len(self.zones), unavailable)
            case Provisioner.KARPENTER | Provisioner.AUTO_MODE:
                return Quantity(KARPENTER_BUDGET_PERCENT, is_percent=True).of(nodes)
            case Provisioner.FARGATE:
                return 0
            case _:
                # Without a word on it, one node after the other; where nodes go first, none is added.
                return 0 if unavailable else 1


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A cluster as it is planned.

    Attributes:
        name: Its name.
        settings: How aws-node is set up.
        aws_node: Where the settings come from, to be checked.
        subnets: All subnets, of nodes and of pods.
        groups: All groups of nodes.
        control_plane_enis: ENIs that EKS puts into the node subnets.
        control_plane_subnets: Names of the subnets it puts them into; none for all node subnets.
        months: How far to look ahead.
        running_nodes_counted: Whether what is in use in the subnets includes the desired nodes.
    """

    name: str
    settings: CniSettings
    aws_node: AwsNode = field(default_factory=lambda: AwsNode(form=Form.VARIABLES))
    subnets: tuple[PlannedSubnet, ...]
    groups: tuple[GroupPlan, ...]
    control_plane_enis: int = CONTROL_PLANE_ENIS
    control_plane_subnets: tuple[str, ...] = ()
    months: int = 12
    running_nodes_counted: bool = False

    @property
    def has_pod_subnets(self) -> bool:
        """Whether pods get their addresses from subnets of their own."""
        return self.settings.custom_networking and self.settings.ip_family is IpFamily.IPV4

    @property
    def grows(self) -> bool:
        """Whether any group grows."""
        return any(group.growth_permille for group in self.groups)

    def by_name(self) -> Mapping[str, PlannedSubnet]:
        """The subnets by name."""
        return {subnet.name: subnet for subnet in self.subnets}


def grown(count: int, permille: int, months: int) -> int:
    """`ceil(count * (1 + permille / 1000) ** months)`, in whole numbers."""
    factor: int = (1000 + permille) ** months
    scale: int = 1000**months
    return -(-count * factor // scale)
