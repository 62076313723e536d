"""What a workload makes of one instance type: what binds, how many nodes it takes, and what goes unused on them."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from cni_plan.catalog import InstanceType
from cni_plan.engine.cni import ADDON_WARM_PREFIX_TARGET, CniSettings, IpFamily
from cni_plan.engine.density import (
    Constraint,
    Density,
    Workload,
    allocatable_cpu_millicores,
    allocatable_memory_bytes,
    density,
)
from cni_plan.engine.max_pods import LimitedBy, Mode, holds_prefixes, supports_ipv6
from cni_plan.engine.provisioner import Provisioner, ProvisionerOptions
from cni_plan.engine.provisioners import effective_max_pods
from cni_plan.engine.simulation import PoolState, check_startable, simulate_arrivals
from cni_plan.engine.warm_pool import PoolLimits, pool_limits
from cni_plan.errors import InputError

PRICE_UNITS_PER_USD = 10**10
"""Prices are whole numbers of 1e-10 USD, the precision of the AWS Price List."""

_NEEDED_FIGURES = ("vcpus", "memory_mib", "max_enis", "ipv4_per_eni")
_COMPUTE = {Constraint.CPU, Constraint.MEMORY, Constraint.KUBE_RESERVED}
_UNRANKED = {
    Provisioner.FARGATE: "Fargate has no instance types to choose from",
    Provisioner.WINDOWS: "what Windows nodes take from subnets is not simulated",
}


class Verdict(StrEnum):
    """What kind of thing bounds the pods on a node."""

    ADDRESS_BOUND = "address-bound"
    CEILING_BOUND = "ceiling-bound"
    MAX_PODS_BOUND = "max-pods-bound"
    COMPUTE_BOUND = "compute-bound"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What nodes are wanted for.

    Attributes:
        pods: Pods of the workload in all, at least 1.
        workload: What a pod requests, and what runs on each node besides.
        settings: How aws-node is set up.
        provisioner: Who sets max pods.
        options: What the provisioner is told.
        min_nodes: At least so many nodes, to spread the pods over.
    """

    pods: int
    workload: Workload
    settings: CniSettings
    provisioner: Provisioner = Provisioner.CALCULATOR
    options: ProvisionerOptions = field(default_factory=ProvisionerOptions)
    min_nodes: int = 1


@dataclass(frozen=True, slots=True)
class Use:
    """How much of something is offered and used, on all nodes together."""

    offered: int
    used: int

    @property
    def unused(self) -> int:
        """The rest."""
        return self.offered - self.used

    @property
    def unused_ppm(self) -> int:
        """The rest in millionths of what is offered, rounded down; 0 of nothing."""
        return self.unused * 10**6 // self.offered if self.offered else 0


@dataclass(frozen=True, slots=True)
class Fleet:
    """Nodes of one type that hold all pods, spread as evenly as they go.

    Attributes:
        nodes: `max(min_nodes, ceil(pods / pods that fit on a node))`.
        fullest_node_pods: `ceil(pods / nodes)`.
        addresses: Taken from the subnets at rest: the ENIs' own, and all that ipamd holds for pods.
        prefixes: /28 prefixes among them.
        cpu: Allocatable millicores, and what pods request; None where the workload requests none.
        memory: Allocatable bytes, likewise.
        pod_addresses: Addresses attached for pods, and assigned ones; None with IPv6, where they never run out.
    """

    nodes: int
    fullest_node_pods: int
    addresses: int
    prefixes: int
    cpu: Use | None
    memory: Use | None
    pod_addresses: Use | None

    @property
    def unused_permille(self) -> int:
        """The mean of the unused shares of CPU, memory and addresses, as far as they count; 0 where none does."""
        shares = [use.unused_ppm for use in (self.cpu, self.memory, self.pod_addresses) if use is not None]
        return (sum(shares) + 500 * len(shares)) // (1000 * len(shares)) if shares else 0


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a workload makes of one instance type.

    Attributes:
        density: How many pods fit on a node, and everything that bounds them.
        mode: How ipamd gives pods their addresses on such a node.
        verdict: What kind of thing binds.
        fleet: The nodes for all pods; None where no pod fits.
        node_price: Of one node and hour, in units of 1e-10 USD; None where it is unknown.
        other: The same in the other mode, with prefixes or without; None where it was not asked for or is none.
    """

    density: Density
    mode: Mode
    verdict: Verdict
    fleet: Fleet | None
    node_price: int | None = None
    other: "Assessment | None" = None

    @property
    def instance(self) -> InstanceType:
        """The type."""
        return self.density.limits.instance

    @property
    def price(self) -> int | None:
        """Of all nodes and an hour, in units of 1e-10 USD."""
        return None if self.fleet is None or self.node_price is None else self.fleet.nodes * self.node_price


class Pools:
    """What nodes hold, simulated once for all types with the same limits."""

    def __init__(self, settings: CniSettings) -> None:
        self._settings = settings
        self._known: dict[tuple[PoolLimits, int, int], tuple[PoolState, PoolState]] = {}

    def states(self, row: InstanceType, first: int, last: int, *, max_pods: int) -> tuple[PoolState, PoolState]:
        """A node with each of two numbers of pods that differ by one at most."""
        key = (pool_limits(row, self._settings, max_pods=max_pods), first, last)
        if key not in self._known:
            states = simulate_arrivals(row, self._settings, first=first, last=last, max_pods=max_pods)
            self._known[key] = states[0], states[-1]
        return self._known[key]


def assess(row: InstanceType, need: Need, *, price: int | None = None) -> Assessment:
    """What a workload makes of one type, in both modes.

    Args:
        row: The type.
        need: What it is for.
        price: Of one node and hour, in units of 1e-10 USD.

    Raises:
        InputError: The table lacks a figure of the type, or the settings or the provisioner cannot work on it.
    """
    check(need)
    reason = unable(row, need)
    if reason is not None:
        raise InputError(f"{row.instance_type}: {reason}, so that nothing can be said of it")
    return with_other_mode(assess_with(row, need, Pools(need.settings), price), need)


def with_other_mode(assessment: Assessment, need: Need) -> Assessment:
    """Add what the type would do with prefixes where there are none, and without where there are."""
    other = other_mode(need.settings)
    if other is None:
        return assessment
    changed = assess_with(assessment.instance, replace(need, settings=other), Pools(other), assessment.node_price)
    return replace(assessment, other=changed)


def other_mode(settings: CniSettings) -> CniSettings | None:
    """The settings with prefix delegation on where it is off, and off where it is on; IPv6 has one mode only."""
    if settings.ip_family is IpFamily.IPV6:
        return None
    if settings.prefix_delegation:
        return replace(settings, prefix_delegation=False)
    target = settings.warm_prefix_target or (0 if settings.has_ip_targets else ADDON_WARM_PREFIX_TARGET)
    return replace(settings, prefix_delegation=True, warm_prefix_target=target)


def check(need: Need) -> None:
    """Refuse what can work on no type.

    Raises:
        InputError: aws-node would not start, or the provisioner has no nodes to rank.
    """
    if need.provisioner in _UNRANKED:
        raise InputError(f"--provisioner {need.provisioner}: {_UNRANKED[need.provisioner]}")
    check_startable(need.settings)


def unable(row: InstanceType, need: Need) -> str | None:
    """Why nothing can be said of a type."""
    unknown = [name for name in _NEEDED_FIGURES if getattr(row, name) is None]
    if unknown:
        return f"the table does not know {' and '.join(unknown)}"
    if need.settings.ip_family is IpFamily.IPV6 and not supports_ipv6(row):
        return "IPv6 pods need a Nitro type"
    return None


def assess_with(row: InstanceType, need: Need, pools: Pools, price: int | None) -> Assessment:
    """As `assess`, in the mode of the settings only, for a type of which all needed figures are known."""
    (limits,) = effective_max_pods([row], need.settings, need.provisioner, need.options)
    found = density(limits, need.settings, need.workload)
    return Assessment(
        density=found,
        mode=_mode(row, need.settings),
        verdict=_verdict(found, need.workload),
        fleet=_fleet(found, need, pools) if found.pods else None,
        node_price=price,
    )


def _mode(row: InstanceType, settings: CniSettings) -> Mode:
    if settings.ip_family is IpFamily.IPV6:
        return Mode.IPV6
    return Mode.PREFIX_DELEGATION if holds_prefixes(row, settings) else Mode.SECONDARY_IP


def _verdict(found: Density, workload: Workload) -> Verdict:
    """What binds; max pods set below what the node has addresses for is no lack of addresses."""
    if found.limited_by in _COMPUTE:
        return Verdict.COMPUTE_BOUND
    capacity = found.limits.ip_capacity
    if capacity is not None and max(0, capacity - workload.daemonset_pods) <= found.pods:
        return Verdict.ADDRESS_BOUND
    return Verdict.CEILING_BOUND if found.limited_by == LimitedBy.CEILING else Verdict.MAX_PODS_BOUND


def _fleet(found: Density, need: Need, pools: Pools) -> Fleet:
    workload, limits = need.workload, found.limits
    nodes = max(need.min_nodes, -(-need.pods // found.pods))
    floor, more = divmod(need.pods, nodes)
    own = workload.daemonset_pods
    less, full = pools.states(limits.instance, own + floor, own + floor + bool(more), max_pods=limits.max_pods)
    ipv6 = need.settings.ip_family is IpFamily.IPV6
    attached = more * full.total_ips + (nodes - more) * less.total_ips
    return Fleet(
        nodes=nodes,
        fullest_node_pods=floor + bool(more),
        addresses=more * full.subnet_ips + (nodes - more) * less.subnet_ips,
        prefixes=0 if ipv6 else more * full.prefixes + (nodes - more) * less.prefixes,
        cpu=_cpu(limits.instance, need, nodes) if workload.cpu_millicores else None,
        memory=_memory(found, need, nodes) if workload.memory_bytes else None,
        pod_addresses=None if ipv6 else Use(attached, need.pods + nodes * own),
    )


def _cpu(row: InstanceType, need: Need, nodes: int) -> Use:
    workload = need.workload
    used = need.pods * workload.cpu_millicores + nodes * workload.daemonset_cpu_millicores
    return Use(nodes * allocatable_cpu_millicores(row), used)


def _memory(found: Density, need: Need, nodes: int) -> Use:
    workload, limits = need.workload, found.limits
    offered = allocatable_memory_bytes(
        limits.instance, max_pods=limits.max_pods, overhead_permille=workload.memory_overhead_permille
    )
    return Use(nodes * offered, need.pods * workload.memory_bytes + nodes * workload.daemonset_memory_bytes)
