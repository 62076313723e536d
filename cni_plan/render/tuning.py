"""How a comparison of warm targets looks."""

from collections.abc import Sequence
from typing import Any

from cni_plan.engine.cni import CniSettings, mode_name, warm_targets
from cni_plan.engine.tuning import Candidate
from cni_plan.render.table import Screen, format_table, wrap

_TITLES = ("MODE", "WARM TARGETS", "ADDRESSES", "WASTE", "CALLS", "CALLS/MIN", "READY")


def record(candidate: Candidate, *, recommended: bool) -> dict[str, Any]:
    """A candidate as a record with stable names."""
    settings = candidate.settings
    return {
        "mode": mode_name(settings),
        "warm_eni_target": settings.warm_eni_target,
        "warm_ip_target": settings.warm_ip_target or None,
        "minimum_ip_target": settings.minimum_ip_target or None,
        "warm_prefix_target": settings.warm_prefix_target,
        "addresses": candidate.addresses,
        "waste": candidate.waste,
        "ec2_calls": candidate.ec2_calls,
        "calls_per_minute": candidate.calls_per_minute,
        "ready_pods": candidate.ready_pods,
        "obstacles": list(candidate.obstacles),
        "recommended": recommended,
        "groups": [
            {
                "instance_type": outcome.group.instance.instance_type,
                "nodes": outcome.group.nodes,
                "pods_per_node": outcome.group.pods,
                "addresses": outcome.addresses,
                "waste": outcome.waste,
                "ec2_calls": outcome.ec2_calls,
                "calls_per_minute": outcome.calls_per_minute,
                "ready_pods": outcome.ready_pods,
                "extra_addresses": outcome.extra_addresses,
            }
            for outcome in candidate.outcomes
        ],
    }


def table(candidates: Sequence[Candidate], screen: Screen) -> str:
    """The settings side by side, the best first."""
    rows = [
        (
            mode_name(each.settings).removesuffix("-delegation").removesuffix("-ip"),
            warm_targets(each.settings).replace("_TARGET=", " "),
            each.addresses,
            each.waste,
            each.ec2_calls,
            each.calls_per_minute,
            each.ready_pods,
        )
        for each in candidates
    ]
    return format_table(_TITLES, rows, screen)


def recommendation(candidate: Candidate, others: Sequence[Candidate], screen: Screen) -> str:
    """The setting to take, its reason in one sentence, and what each group pays for having the same one."""
    chosen = f"{mode_name(candidate.settings)}, {warm_targets(candidate.settings)}"
    if candidate.obstacles:
        lines = [screen.bold("no setting does it; the nearest is"), f"  {chosen}: {'; '.join(candidate.obstacles)}"]
    else:
        lines = [screen.bold(f"recommended: {chosen}"), wrap(_reason(candidate, others), screen)]
    header = ("GROUP", "NODES", "PODS", "ADDRESSES", "WASTE", "MORE THAN ITS OWN BEST")
    rows = [
        (
            outcome.group.instance.instance_type,
            outcome.group.nodes,
            outcome.group.pods,
            outcome.addresses,
            outcome.waste,
            outcome.extra_addresses,
        )
        for outcome in candidate.outcomes
    ]
    return "\n".join([*lines, "", format_table(header, rows, screen)])


def _reason(candidate: Candidate, others: Sequence[Candidate]) -> str:
    default = next((each for each in others if _is_default(each.settings, candidate.settings)), None)
    text = (
        f"It takes {candidate.addresses} addresses and {candidate.ec2_calls} EC2 calls to fill all nodes, "
        "the least of the two together"
    )
    if default is None or default is candidate:
        return f"{text}."
    usual = f"{warm_targets(default.settings)} takes {default.addresses} and {default.ec2_calls}"
    return f"{text}; {usual} in the same mode."


def _is_default(settings: CniSettings, chosen: CniSettings) -> bool:
    same_mode = settings.prefix_delegation == chosen.prefix_delegation
    target = settings.warm_prefix_target if settings.prefix_delegation else settings.warm_eni_target
    return same_mode and not settings.has_ip_targets and target == 1
