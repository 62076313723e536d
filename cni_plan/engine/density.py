"""How many pods of a workload fit on a node, by each thing that may run out first.

Addresses and max pods bound the number of pods; CPU and memory bound it through what the pods request. What kubelet
and the system keep for themselves is taken off before.
"""

from dataclasses import dataclass
from enum import StrEnum

from cni_plan.catalog import InstanceType
from cni_plan.engine.cni import CniSettings
from cni_plan.engine.max_pods import (
    HOST_NETWORK_PODS,
    LimitedBy,
    PodLimits,
    Step,
    figure,
    has_trunk,
    kube_reserved_cpu_millicores,
    kube_reserved_memory_mib,
)

MIB = 2**20
EVICTION_MEMORY_MIB = 100
"""The hard eviction threshold `memory.available` of AL2, AL2023 and Bottlerocket; kubelet takes it off allocatable."""
MEMORY_OVERHEAD_PERMILLE = 75
"""Part of the nominal memory that hypervisor, firmware and kernel take: Karpenter's vmMemoryOverheadPercent, 0.075."""


class Constraint(StrEnum):
    """What bounds the pods of a workload besides what sets max pods."""

    ADDRESSES = "ip-addresses"
    CPU = "cpu"
    MEMORY = "memory"
    KUBE_RESERVED = "kube-reserved"
    PODS_PER_NODE = "pods-per-node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What the pods of a group of nodes are like.

    Attributes:
        pods_per_node: So many are wanted on each node; None for as many as fit.
        cpu_millicores: What one pod requests; 0 where CPU is not to be looked at.
        memory_bytes: What one pod requests; 0 where memory is not to be looked at.
        daemonset_pods: Pods of DaemonSets on each node that need an address.
        daemonset_cpu_millicores: What all DaemonSets' pods on a node request together.
        daemonset_memory_bytes: What all DaemonSets' pods on a node request together.
        host_network_pods: Pods on the node's own network.
        security_group_pods: Of the pods on a node, those with security groups of their own, on branch ENIs.
        memory_overhead_permille: Part of the nominal memory that never reaches kubelet.
    """

    pods_per_node: int | None = None
    cpu_millicores: int = 0
    memory_bytes: int = 0
    daemonset_pods: int = 0
    daemonset_cpu_millicores: int = 0
    daemonset_memory_bytes: int = 0
    host_network_pods: int = HOST_NETWORK_PODS
    security_group_pods: int = 0
    memory_overhead_permille: int = MEMORY_OVERHEAD_PERMILLE


@dataclass(frozen=True, slots=True)
class Bound:
    """One thing that bounds the number of pods: how many it allows, and by which formula."""

    constraint: str
    pods: int
    formula: str


@dataclass(frozen=True, slots=True)
class Density:
    """How many pods of a workload fit on a node of a type.

    Attributes:
        limits: The type's max pods and who decides it.
        bounds: Each bound, the tightest first.
    """

    limits: PodLimits
    bounds: tuple[Bound, ...]

    @property
    def pods(self) -> int:
        """Pods of the workload on a node, those of DaemonSets not among them."""
        return self.bounds[0].pods

    @property
    def limited_by(self) -> str:
        """What binds."""
        return self.bounds[0].constraint

    @property
    def most(self) -> int:
        """Pods that would fit on a node whatever number is wanted."""
        return min(bound.pods for bound in self.bounds if bound.constraint != Constraint.PODS_PER_NODE)

    def steps(self) -> tuple[Step, ...]:
        """The bounds as lines of arithmetic."""
        return tuple(Step(f"pods by {bound.constraint}", bound.formula, bound.pods) for bound in self.bounds)


def density(limits: PodLimits, settings: CniSettings, workload: Workload) -> Density:
    """How many pods of the workload fit on a node of the limits' type.

    Args:
        limits: The type's max pods.
        settings: How aws-node is set up.
        workload: The pods.

    Raises:
        UnknownFigureError: CPU or memory are asked for and the table does not know the type's.
    """
    bounds = [_by_max_pods(limits, workload)]
    if limits.limited_by is not LimitedBy.FARGATE:  # where each pod's node is cut to its requests
        bounds += [_by_addresses(limits, settings, workload)] if limits.ip_capacity is not None else []
        bounds += [_by_cpu(limits.instance, workload)] if workload.cpu_millicores else []
        bounds += [_by_memory(limits, workload, bounds)] if workload.memory_bytes else []
    if workload.pods_per_node is not None:
        wanted = Bound(Constraint.PODS_PER_NODE, workload.pods_per_node, "as many as are wanted")
        bounds.insert(0, wanted)
    return Density(limits, tuple(sorted(bounds, key=lambda bound: bound.pods)))


def _by_max_pods(limits: PodLimits, workload: Workload) -> Bound:
    if limits.limited_by is LimitedBy.FARGATE:
        return Bound(LimitedBy.FARGATE, limits.max_pods, "one pod on each Fargate node")
    pods = max(0, limits.max_pods - workload.host_network_pods - workload.daemonset_pods)
    formula = f"{limits.max_pods} max pods - {workload.host_network_pods} host-network{_daemonsets(workload)}"
    return Bound(limits.limited_by, pods, formula)


def _by_addresses(limits: PodLimits, settings: CniSettings, workload: Workload) -> Bound:
    capacity = limits.ip_capacity or 0
    on_branches = branch_pods(limits.instance, settings, workload)
    formula = f"{capacity} addresses{_daemonsets(workload)}" + (f" + {on_branches} branch ENIs" if on_branches else "")
    return Bound(Constraint.ADDRESSES, max(0, capacity - workload.daemonset_pods + on_branches), formula)


def branch_pods(instance: InstanceType, settings: CniSettings, workload: Workload) -> int:
    """Pods of the workload on a node that run on branch ENIs, at most as many as the trunk carries."""
    if not workload.security_group_pods or not has_trunk(instance, settings):
        return 0
    return min(workload.security_group_pods, instance.branch_enis or 0)


def _daemonsets(workload: Workload) -> str:
    return f" - {workload.daemonset_pods} of DaemonSets" if workload.daemonset_pods else ""


def allocatable_cpu_millicores(instance: InstanceType) -> int:
    """CPU that kubelet offers to pods: all vCPUs without kube-reserved."""
    vcpus = figure(instance, "vcpus")
    return 1000 * vcpus - kube_reserved_cpu_millicores(vcpus)


def visible_memory_bytes(instance: InstanceType, overhead_permille: int) -> int:
    """Memory that reaches kubelet: the nominal size without the overhead, rounded down."""
    return figure(instance, "memory_mib") * MIB * (1000 - overhead_permille) // 1000


def allocatable_memory_bytes(instance: InstanceType, *, max_pods: int, overhead_permille: int) -> int:
    """Memory that kubelet offers to pods: without kube-reserved and the eviction threshold, not below 0."""
    kept = (kube_reserved_memory_mib(max_pods) + EVICTION_MEMORY_MIB) * MIB
    return max(0, visible_memory_bytes(instance, overhead_permille) - kept)


def _by_cpu(instance: InstanceType, workload: Workload) -> Bound:
    offered = allocatable_cpu_millicores(instance)
    own = workload.daemonset_cpu_millicores
    less = f" - {own}m of DaemonSets" if own else ""
    terms = f"({offered}m allocatable{less})" if less else f"{offered}m allocatable"
    formula = f"{terms} / {workload.cpu_millicores}m"
    return Bound(Constraint.CPU, max(0, offered - own) // workload.cpu_millicores, formula)


def _by_memory(limits: PodLimits, workload: Workload, others: list[Bound]) -> Bound:
    """By memory; `kube-reserved` is named where its reservation alone makes memory the tightest bound."""
    own = workload.daemonset_memory_bytes
    overhead = workload.memory_overhead_permille
    offered = allocatable_memory_bytes(limits.instance, max_pods=limits.max_pods, overhead_permille=overhead)
    pods = max(0, offered - own) // workload.memory_bytes
    unreserved = visible_memory_bytes(limits.instance, overhead) - EVICTION_MEMORY_MIB * MIB
    without = max(0, unreserved - own) // workload.memory_bytes
    tightest = min(bound.pods for bound in others)
    constraint = Constraint.KUBE_RESERVED if pods < tightest <= without else Constraint.MEMORY
    less = f" - {_mib(own)} MiB of DaemonSets" if own else ""
    reserved = limits.kube_reserved_memory_mib
    visible = visible_memory_bytes(limits.instance, overhead)
    formula = (
        f"({_mib(visible)} MiB visible - {reserved} kube-reserved - {EVICTION_MEMORY_MIB} eviction{less}) "
        f"/ {_mib(workload.memory_bytes)} MiB"
    )
    return Bound(constraint, pods, formula)


def _mib(size: int) -> str:
    return f"{size / MIB:.10g}" if size % MIB == 0 else f"{size / MIB:.1f}"
