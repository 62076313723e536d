"""Max pods as a CEL expression for nodeadm, so that one text serves a group of mixed types.

nodeadm gives an expression three integers: `default_enis`, `ips_per_eni` and `max_pods`, and CEL's standard library,
which has no min. Neither vCPUs nor the hypervisor can be asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cni_plan.engine.max_pods import Mode, PodLimits, figure


@dataclass(frozen=True, slots=True)
class MaxPodsExpression:
    """An expression and the types for which it cannot give the wanted value.

    Attributes:
        text: The CEL expression.
        short: Types that get less, since another type with the same ENIs and addresses wants less.
    """

    text: str
    short: tuple[PodLimits, ...] = ()


def max_pods_expression(answers: Sequence[PodLimits], *, enis_taken: int, host_network_pods: int) -> MaxPodsExpression:
    """An expression with the value of each type: the formula where it serves them all, else case by case.

    Args:
        answers: The types' limits.
        enis_taken: ENIs that pods cannot use: 1 under custom networking, 1 for a trunk.
        host_network_pods: Pods that need no address.
    """
    formula = _formula(answers, enis_taken, host_network_pods)
    if formula is not None:
        return MaxPodsExpression(formula)
    wanted: dict[tuple[int, int], int] = {}
    for limits in answers:
        key = (figure(limits.instance, "max_enis"), figure(limits.instance, "ipv4_per_eni"))
        wanted[key] = min(limits.max_pods, wanted.get(key, limits.max_pods))
    short = tuple(
        limits
        for limits in answers
        if limits.max_pods > wanted[figure(limits.instance, "max_enis"), figure(limits.instance, "ipv4_per_eni")]
    )
    cases = [f"default_enis == {enis} && ips_per_eni == {ips} ? {pods} : " for (enis, ips), pods in wanted.items()]
    return MaxPodsExpression("".join(cases) + str(min(wanted.values())), short)


def _formula(answers: Sequence[PodLimits], enis_taken: int, host_network_pods: int) -> str | None:
    """The calculator's formula with one ceiling, if that gives every type its value."""
    modes = {limits.mode for limits in answers}
    ceilings = {limits.ceiling for limits in answers if limits.max_pods < limits.max_allowed}
    if len(modes) > 1 or len(ceilings) > 1 or Mode.IPV6 in modes:
        return None
    per_slot = 16 if modes == {Mode.PREFIX_DELEGATION} else 1
    ceiling = next(iter(ceilings), None)
    for limits in answers:
        enis, ips = figure(limits.instance, "max_enis"), figure(limits.instance, "ipv4_per_eni")
        value = (enis - enis_taken) * (ips - 1) * per_slot + host_network_pods
        if limits.max_pods != (value if ceiling is None else min(value, ceiling)):
            return None
    enis_text = f"(default_enis - {enis_taken})" if enis_taken else "default_enis"
    value_text = f"{enis_text} * (ips_per_eni - 1){f' * {per_slot}' if per_slot > 1 else ''} + {host_network_pods}"
    return value_text if ceiling is None else f"{value_text} > {ceiling} ? {ceiling} : {value_text}"
