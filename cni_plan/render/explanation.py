"""Why a node takes so many pods: the arithmetic, what else limits it, and who would set what."""

from collections.abc import Mapping, Sequence

from cni_plan.engine.max_pods import PodLimits, kube_reserved_cpu_millicores
from cni_plan.render.table import Screen, wrap


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
