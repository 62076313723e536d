"""How max pods look: records, tables, the bare integer, the explanation."""

from collections.abc import Mapping, Sequence
from typing import Any

from cni_plan.engine.max_pods import PodLimits, kube_reserved_cpu_millicores
from cni_plan.render.table import Screen, format_table, wrap

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


def explanation(limits: PodLimits, by_provisioner: Mapping[str, PodLimits | str], *, asked: str, screen: Screen) -> str:
    """The arithmetic line by line, what else limits the node, and what each provisioner would set.

    Args:
        limits: The answer.
        by_provisioner: The answer of each provisioner, or why there is none.
        asked: The provisioner the answer is for.
        screen: Where it is shown.
    """
    instance = limits.instance
    lines = [screen.bold(f"{instance.instance_type}: {limits.max_pods} pods, limited by {limits.limited_by}"), ""]
    lines += _aligned(
        [
            ("ENIs on the default network card", "", instance.max_enis),
            ("IPv4 addresses per ENI", "one is the ENI's own", instance.ipv4_per_eni),
            *((step.quantity, step.formula, step.value) for step in limits.steps),
        ]
    )
    lines += ["", f"mode          {limits.mode}", f"provisioner   {asked}"]
    if limits.ip_capacity is not None:
        lines.append(f"addresses     ipamd can hand out {limits.ip_capacity}; host-network pods need none")
    lines += [f"kube-reserved {_reserved(limits)}", f"branch ENIs   {_branches(limits)}"]
    lines += [wrap(f"note          {note}", screen) for note in limits.notes]
    lines += ["", screen.bold("the same type and settings, by who sets max pods")]
    for name, answer in by_provisioner.items():
        if isinstance(answer, str):
            lines.append(f"  {name:<20}  {'-':>5}  {answer}")
        else:
            lines.append(f"  {name:<20}  {answer.max_pods:>5}  {answer.limited_by}")
    return "\n".join(lines) + "\n"


def _aligned(lines: Sequence[tuple[str, str, int | None]]) -> list[str]:
    first = max(len(line[0]) for line in lines)
    second = max(len(line[1]) for line in lines)
    third = max(len(str(line[2])) for line in lines)
    return [
        f"  {name:<{first}}  {formula:<{second}}  {'-' if value is None else value:>{third}}"
        for name, formula, value in lines
    ]


def _reserved(limits: PodLimits) -> str:
    instance = limits.instance
    memory = f"memory 11 x {limits.max_pods} + 255 = {limits.kube_reserved_memory_mib} MiB"
    if instance.memory_mib:
        share = 100 * limits.kube_reserved_memory_mib / instance.memory_mib
        memory += f" of {instance.memory_mib} ({share:.0f}%)" if share >= 1 else f" of {instance.memory_mib}"
    if instance.vcpus:
        memory += f", CPU {kube_reserved_cpu_millicores(instance.vcpus)}m of {1000 * instance.vcpus}m"
    return memory


def _branches(limits: PodLimits) -> str:
    instance = limits.instance
    if instance.trunking_compatible is None:
        return "unknown whether the type can carry a trunk ENI"
    if not instance.trunking_compatible:
        return "none: the type carries no trunk ENI, so no security groups for pods"
    return f"up to {instance.branch_enis} pods with security groups, besides the above"
