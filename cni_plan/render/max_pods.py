"""How max pods look: records, tables, the bare integer."""

from collections.abc import Sequence
from typing import Any

from cni_plan.engine.max_pods import PodLimits
from cni_plan.render.table import Screen, format_table

_WIDEST_NODE_TABLE = 120
"""Beyond so many columns, node counts go across and types down."""

_COLUMNS = ("instance_type", "max_pods", "max_allowed", "limited_by", "max_enis", "ipv4_per_eni", "vcpus", "memory_mib")
_TITLES = ("INSTANCE TYPE", "MAX PODS", "ALLOWED", "LIMITED BY", "ENIS", "IPV4/ENI", "VCPUS", "MEMORY MIB")


def record(limits: PodLimits, *, nodes: int = 1, explain: bool = False) -> dict[str, Any]:
    """The answer for a number of nodes as a record with stable names."""
    instance = limits.instance
    fields: dict[str, Any] = {
        "instance_type": instance.instance_type,
        "mode": limits.mode.value,
        "max_pods": limits.max_pods,
        "max_allowed": limits.max_allowed,
        "ceiling": limits.ceiling,
        "limited_by": limits.limited_by.value,
        "ip_capacity": limits.ip_capacity,
        "max_enis": instance.max_enis,
        "ipv4_per_eni": instance.ipv4_per_eni,
        "vcpus": instance.vcpus,
        "memory_mib": instance.memory_mib,
        "hypervisor": instance.hypervisor,
        "branch_enis": instance.branch_enis,
        "kube_reserved_memory_mib": limits.kube_reserved_memory_mib,
        "nodes": nodes,
        "total_pods": nodes * limits.max_pods,
        "notes": list(limits.notes),
    }
    if explain:
        fields["steps"] = [
            {"quantity": step.quantity, "formula": step.formula, "value": step.value} for step in limits.steps
        ]
    return fields


def records(answers: Sequence[PodLimits], node_counts: Sequence[int], *, explain: bool = False) -> list[dict[str, Any]]:
    """One record for each type and node count."""
    return [record(limits, nodes=nodes, explain=explain) for limits in answers for nodes in node_counts]


def plain(answers: Sequence[PodLimits], node_counts: Sequence[int]) -> str:
    """The bare integers, one a line, in the order of the records."""
    return "".join(f"{nodes * limits.max_pods}\n" for limits in answers for nodes in node_counts)


def table(answers: Sequence[PodLimits], node_counts: Sequence[int], screen: Screen) -> str:
    """One line for each type; with several node counts, the total pods by type and nodes."""
    if len(node_counts) > 1:
        return _node_table(answers, node_counts, screen)
    (nodes,) = node_counts
    shown = [record(limits, nodes=nodes) for limits in answers]
    columns, titles = list(_COLUMNS), list(_TITLES)
    if nodes > 1:
        columns[2:2] = ["total_pods"]
        titles[2:2] = [f"ON {nodes} NODES"]
    return format_table(titles, ([row[column] for column in columns] for row in shown), screen)


def _node_table(answers: Sequence[PodLimits], node_counts: Sequence[int], screen: Screen) -> str:
    names = [limits.instance.instance_type for limits in answers]
    room = screen.width or _WIDEST_NODE_TABLE
    if len("NODES") + sum(2 + len(name) for name in names) <= room:
        by_nodes = [[nodes, *(nodes * limits.max_pods for limits in answers)] for nodes in node_counts]
        return format_table(["NODES", *names], by_nodes, screen)
    by_type = [
        [limits.instance.instance_type, *(nodes * limits.max_pods for nodes in node_counts)] for limits in answers
    ]
    return format_table(["INSTANCE TYPE", *(f"{nodes} NODES" for nodes in node_counts)], by_type, screen)
