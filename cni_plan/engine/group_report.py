"""A group of nodes: how many pods a node takes, what it holds for them, and what it takes from the subnets."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cni_plan.catalog import InstanceType
from cni_plan.engine.cluster import Cluster, GroupPlan, grown
from cni_plan.engine.cni import ADDON_WARM_PREFIX_TARGET, CniSettings, IpFamily
from cni_plan.engine.density import Density, Workload, branch_pods, density
from cni_plan.engine.max_pods import ADDRESSES_PER_PREFIX, HOST_NETWORK_PODS, PodLimits, Step, has_trunk
from cni_plan.engine.provisioner import Provisioner
from cni_plan.engine.provisioners import effective_max_pods
from cni_plan.engine.room import NOTHING, Taken
from cni_plan.engine.simulation import PoolState, state_with

FARGATE = InstanceType("fargate")
"""Stands for the type that Fargate does not tell."""
WINDOWS_WARM_IP_TARGET, WINDOWS_MINIMUM_IP_TARGET = 1, 3
"""What the Helm chart writes for Windows nodes, and what the controller reads first."""

Memo = dict[tuple[str, CniSettings, int, int], PoolState]
"""Pools at rest by type, settings, pods and max pods: the same question is asked for many groups and states."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What one node holds with its pods, at rest.

    Attributes:
        address_pods: Pods that want an address of ipamd.
        branch_pods: Pods on branch ENIs, which have an address each.
        trunk: Trunk ENIs: 1 or 0.
        pool: ipamd's pool; None for Fargate.
        in_node_subnet: Taken from the node's subnet.
        in_pod_subnet: Taken from the pods' subnet under custom networking.
    """

    address_pods: int
    branch_pods: int
    trunk: int
    pool: PoolState | None
    in_node_subnet: Taken
    in_pod_subnet: Taken

    @property
    def taken(self) -> Taken:
        """All that the node takes."""
        return self.in_node_subnet + self.in_pod_subnet

    @property
    def unserved(self) -> int:
        """Pods that find no address, whatever the subnets have."""
        return self.pool.pods - self.pool.assigned_ips if self.pool else 0


@dataclass(frozen=True, slots=True)
class TypeReport:
    """A group's nodes of one type.

    Attributes:
        density: How many pods fit, and why.
        pods: Pods of the workload on such a node.
        holding: What it holds for them.
        lost_pods: Max pods that the type has by itself and the group takes from it.
    """

    density: Density
    pods: int
    holding: Holding
    lost_pods: int

    @property
    def limits(self) -> PodLimits:
        """Max pods and who decides it."""
        return self.density.limits

    @property
    def name(self) -> str:
        """The type."""
        return self.limits.instance.instance_type


@dataclass(frozen=True, slots=True)
class GroupReport:
    """A group and what its nodes are like.

    Attributes:
        group: The group.
        types: Its types.
        pods_per_node: Pods of the workload that every node takes, whatever its type: the least of the types'.
        unplaced_pods: Pods that find no place on the desired nodes.
        uses_pod_subnets: Whether its pods get their addresses from subnets of their own.
    """

    group: GroupPlan
    types: tuple[TypeReport, ...]
    pods_per_node: int
    unplaced_pods: int
    uses_pod_subnets: bool

    @property
    def counted(self) -> TypeReport:
        """The type that takes most addresses."""
        return max(self.types, key=lambda each: each.holding.taken.addresses)

    @property
    def in_node_subnet(self) -> Taken:
        """What every node is counted to take from its subnet: of each kind the most that any type takes."""
        return _most(each.holding.in_node_subnet for each in self.types)

    @property
    def in_pod_subnet(self) -> Taken:
        """The same of the pods' subnet."""
        return _most(each.holding.in_pod_subnet for each in self.types)

    @property
    def taken(self) -> Taken:
        """All that a node is counted to take."""
        return self.in_node_subnet + self.in_pod_subnet

    @property
    def unserved_pods(self) -> int:
        """Pods on the desired nodes that find no address, whatever the subnets have."""
        return self.nodes() * max(each.holding.unserved for each in self.types)

    def nodes(self, months: int = 0) -> int:
        """Nodes wanted after so many months of growth."""
        group = self.group
        if group.desired_nodes is not None:
            return grown(group.desired_nodes, group.growth_permille, months)
        pods = grown(group.pods or 0, group.growth_permille, months)
        return -(-pods // self.pods_per_node) if self.pods_per_node else 0

    @property
    def most_nodes(self) -> int:
        """The most nodes there may be."""
        return max(self.nodes(), self.group.maximum_nodes or 0)

    @property
    def pods(self) -> int:
        """Pods of the workload that the desired nodes run."""
        placed = self.nodes() * self.pods_per_node
        return placed if self.group.pods is None else min(placed, self.group.pods)


def _most(taken: Iterable[Taken]) -> Taken:
    """The most of each kind."""
    parts = list(taken)
    return Taken(max(each.singles for each in parts), max(each.prefixes for each in parts))


def report_group(group: GroupPlan, cluster: Cluster, memo: Memo) -> GroupReport:
    """What the nodes of a group are like.

    Raises:
        InputError: aws-node would not start with the settings on a type of the group.
        UnknownFigureError: The table lacks a figure of a type.
    """
    settings = settings_of(group, cluster.settings)
    workload = group.workload
    if group.provisioner is Provisioner.WINDOWS:
        workload = replace(workload, security_group_pods=0)
    instances = group.instances if group.provisioner is not Provisioner.FARGATE else (FARGATE,)
    options = group.options
    if group.provisioner is Provisioner.MANAGED_NODE_GROUP:
        options = replace(options, host_network_pods=HOST_NETWORK_PODS)  # EKS adds its two, whatever runs there
    answers = effective_max_pods(instances, _for_max_pods(group, settings), group.provisioner, options)
    densities = [density(limits, settings, workload) for limits in answers]
    least = min(each.pods for each in densities)
    spread = None
    if group.pods is not None:
        spread = -(-group.pods // group.desired_nodes) if group.desired_nodes else least
    uses_pod_subnets = cluster.has_pod_subnets and group.provisioner not in WITHOUT_AWS_NODE
    types = tuple(
        _type_report(each, group, settings, workload, spread, lost=lost, custom=uses_pod_subnets, memo=memo)
        for each, lost in zip(densities, _lost(answers, settings, group), strict=True)
    )
    pods_per_node = min(each.pods for each in types)
    return GroupReport(group, types, pods_per_node, _unplaced(group, least), uses_pod_subnets)


WITHOUT_AWS_NODE = frozenset({Provisioner.FARGATE, Provisioner.WINDOWS, Provisioner.AUTO_MODE})
"""Nodes on which no aws-node runs, so that ENIConfigs do not reach them."""


def settings_of(group: GroupPlan, settings: CniSettings) -> CniSettings:
    """The settings by which the group's nodes get addresses: aws-node's, or what stands in for it."""
    match group.provisioner:
        case Provisioner.WINDOWS if settings.ip_family is IpFamily.IPV4:
            return CniSettings(
                cni_version=settings.cni_version,
                prefix_delegation=group.windows_prefixes,
                max_eni=1,
                warm_ip_target=WINDOWS_WARM_IP_TARGET,
                minimum_ip_target=WINDOWS_MINIMUM_IP_TARGET,
            )
        case Provisioner.AUTO_MODE if settings.ip_family is IpFamily.IPV4:
            return CniSettings(prefix_delegation=True, warm_prefix_target=ADDON_WARM_PREFIX_TARGET)
        case _:
            return settings


def _for_max_pods(group: GroupPlan, settings: CniSettings) -> CniSettings:
    """The rule for Windows knows of the one ENI by itself."""
    return replace(settings, max_eni=None) if group.provisioner is Provisioner.WINDOWS else settings


def _type_report(  # noqa: PLR0913 # the parts of one node
    fitting: Density,
    group: GroupPlan,
    settings: CniSettings,
    workload: Workload,
    spread: int | None,
    *,
    lost: int,
    custom: bool,
    memo: Memo,
) -> TypeReport:
    pods = fitting.pods if spread is None else min(spread, fitting.pods)
    holding = FARGATE_HOLDING
    if group.provisioner is not Provisioner.FARGATE:
        holding = hold(fitting.limits, settings, workload, pods, custom=custom, memo=memo)
    return TypeReport(fitting, pods, holding, lost)


def hold(  # noqa: PLR0913 # the parts of one question
    limits: PodLimits, settings: CniSettings, workload: Workload, pods: int, *, custom: bool, memo: Memo
) -> Holding:
    """What a node with so many pods of the workload holds at rest.

    Args:
        limits: The node's type and its max pods.
        settings: How it gets addresses.
        workload: The pods.
        pods: How many of them are on the node.
        custom: Whether pods get their addresses from a subnet of their own.
        memo: Pools that are known.
    """
    instance = limits.instance
    on_branches = min(pods, branch_pods(instance, settings, workload))
    with_address = pods - on_branches + workload.daemonset_pods
    key = instance.instance_type, settings, with_address, limits.max_pods
    pool = memo.get(key)
    if pool is None:
        pool = memo[key] = state_with(instance, settings, with_address, max_pods=limits.max_pods)
    trunk = int(has_trunk(instance, settings))
    besides = trunk + on_branches
    if settings.ip_family is IpFamily.IPV6:
        return Holding(with_address, on_branches, trunk, pool, Taken(1 + besides, 0), NOTHING)
    singles = pool.subnet_ips - ADDRESSES_PER_PREFIX * pool.prefixes
    if not custom:
        return Holding(with_address, on_branches, trunk, pool, Taken(singles + besides, pool.prefixes), NOTHING)
    in_pod_subnet = Taken(singles - 1 + besides, pool.prefixes)
    return Holding(with_address, on_branches, trunk, pool, Taken(1, 0), in_pod_subnet)


FARGATE_HOLDING = Holding(1, 0, 0, None, Taken(1, 0), NOTHING)
"""A pod on Fargate has an ENI of its own with one address in the node subnet."""


def _lost(answers: Sequence[PodLimits], settings: CniSettings, group: GroupPlan) -> list[int]:
    """What each type loses to the others of the group."""
    if len(answers) == 1 or group.provisioner is not Provisioner.MANAGED_NODE_GROUP:
        return [0] * len(answers)
    return [
        effective_max_pods([limits.instance], settings, group.provisioner, group.options)[0].max_pods - limits.max_pods
        for limits in answers
    ]


def _unplaced(group: GroupPlan, least: int) -> int:
    """Pods that the group wants and its desired nodes have no place for."""
    if group.desired_nodes is None:
        return 0 if least else group.pods or 0
    if group.pods is not None:
        return max(0, group.pods - group.desired_nodes * least)
    wanted = group.workload.pods_per_node
    return 0 if wanted is None else group.desired_nodes * max(0, wanted - least)


def node_steps(report: TypeReport) -> tuple[Step, ...]:
    """How the addresses of one node come about, line by line."""
    holding = report.holding
    pool, taken = holding.pool, holding.taken
    if pool is None:
        return (Step("addresses of a pod", "one ENI for each Fargate pod", taken.addresses),)
    besides = holding.trunk + holding.branch_pods
    more = f" + {besides}" if besides else ""
    steps = [Step("pods that want an address", _address_pods_formula(report), holding.address_pods)]
    if besides:
        steps.append(Step("trunk and branch ENIs", f"{holding.trunk} + {holding.branch_pods}", besides))
    by_ipamd = f"ipamd with {holding.address_pods} pods, by ENI {'+'.join(map(str, pool.per_eni))}"
    enis = f"{pool.enis} ENI{'s' * (pool.enis > 1)}"
    if pool.prefixes and not taken.prefixes:
        steps.append(Step("IPv4 addresses of a node", f"1 of its own{more}, pods have IPv6", taken.addresses))
    elif pool.prefixes:
        steps.append(Step("prefixes held", by_ipamd, pool.prefixes))
        steps.append(Step("addresses of a node", f"{enis} + 16 x {pool.prefixes}{more}", taken.addresses))
    else:
        steps.append(Step("addresses held", by_ipamd, pool.total_ips))
        steps.append(Step("addresses of a node", f"{enis} + {pool.total_ips}{more}", taken.addresses))
    if holding.in_pod_subnet.addresses:
        steps.append(Step("of these for pods", "all but the primary ENI's own", holding.in_pod_subnet.addresses))
    return tuple(steps)


def _address_pods_formula(report: TypeReport) -> str:
    holding = report.holding
    daemonsets = holding.address_pods - (report.pods - holding.branch_pods)
    on_branches = f" - {holding.branch_pods} on branch ENIs" if holding.branch_pods else ""
    return f"{report.pods}{on_branches}" + (f" + {daemonsets} of DaemonSets" if daemonsets else "")
