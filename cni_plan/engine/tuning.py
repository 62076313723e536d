"""Which warm targets to choose: the useful settings side by side, for a cluster's groups of nodes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cni_plan.catalog import InstanceType
from cni_plan.engine.churn import MINUTE_SECONDS, ramp, simulate_churn
from cni_plan.engine.cni import CniSettings
from cni_plan.engine.max_pods import holds_prefixes, max_pods
from cni_plan.engine.simulation import simulate_arrivals
from cni_plan.errors import InputError

HEADROOM_PODS = 2
"""MINIMUM_IP_TARGET is set so far above the expected pods."""
WARM_IPS = (1, 2, 5, 10)
"""WARM_IP_TARGET, all below the 16 that would keep a whole prefix idle."""


@dataclass(frozen=True, slots=True)
class NodeGroup:
    """Nodes of one type that carry the same number of pods.

    Attributes:
        instance: The type.
        nodes: How many.
        pods: Pods on each that want an address.
    """

    instance: InstanceType
    nodes: int
    pods: int


@dataclass(frozen=True, slots=True)
class GroupOutcome:
    """What a setting does to one group; all figures are for the whole group.

    Attributes:
        group: The group.
        addresses: Taken from the subnets with the pods running.
        waste: Of these, attached and not assigned.
        ec2_calls: To fill every node from 0 to its pods, one pod at a time.
        calls_per_minute: The most in a minute in which every node fills.
        ready_pods: Pods that find an address at once on nodes that just started.
        unserved_pods: Pods that never get an address.
        max_pods: kubelet's max pods on each node, as the calculator gives it.
        extra_addresses: More than the group's own best setting would take.
    """

    group: NodeGroup
    addresses: int
    waste: int
    ec2_calls: int
    calls_per_minute: int
    ready_pods: int
    unserved_pods: int
    max_pods: int
    extra_addresses: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """One setting for all groups.

    Attributes:
        settings: The setting.
        outcomes: What it does to each group, in the order given.
        obstacles: Why it cannot be chosen; empty where it can.
    """

    settings: CniSettings
    outcomes: tuple[GroupOutcome, ...]
    obstacles: tuple[str, ...] = ()

    @property
    def addresses(self) -> int:
        """Addresses taken in total."""
        return sum(outcome.addresses for outcome in self.outcomes)

    @property
    def waste(self) -> int:
        """Addresses attached and not assigned."""
        return sum(outcome.waste for outcome in self.outcomes)

    @property
    def ec2_calls(self) -> int:
        """EC2 calls to fill all nodes from 0."""
        return sum(outcome.ec2_calls for outcome in self.outcomes)

    @property
    def calls_per_minute(self) -> int:
        """The most EC2 calls in a minute in which all nodes fill."""
        return sum(outcome.calls_per_minute for outcome in self.outcomes)

    @property
    def ready_pods(self) -> int:
        """Pods that start without waiting on fresh nodes."""
        return sum(outcome.ready_pods for outcome in self.outcomes)

    @property
    def cost(self) -> int:
        """What the ranking minimises: an EC2 call weighs as much as an address held."""
        return self.addresses + self.ec2_calls


def tune(
    groups: Sequence[NodeGroup],
    base: CniSettings,
    *,
    free_addresses: int | None = None,
    max_calls_per_minute: int | None = None,
) -> list[Candidate]:
    """Compare the useful settings in both modes, the best first.

    Args:
        groups: The cluster's nodes; one setting holds for all.
        base: What stays as it is: version, custom networking, MAX_ENI, security groups for pods.
        free_addresses: What the subnets can give in all.
        max_calls_per_minute: EC2 calls that the account can bear.

    Raises:
        InputError: There is nothing to tune for.
    """
    if not groups:
        raise InputError("nothing to tune for: name at least one group of nodes")
    candidates = [_assess(settings, groups) for settings in _settings(groups, base)]
    best = [min(each.outcomes[place].addresses for each in candidates) for place in range(len(groups))]
    judged = [
        replace(
            candidate,
            outcomes=tuple(
                replace(outcome, extra_addresses=outcome.addresses - own)
                for outcome, own in zip(candidate.outcomes, best, strict=True)
            ),
            obstacles=tuple(_obstacles(candidate, free_addresses, max_calls_per_minute)),
        )
        for candidate in candidates
    ]
    return sorted(judged, key=_rank)


def _rank(candidate: Candidate) -> tuple[bool, int, int, int]:
    """Possible ones first, then the cheapest; at the same price the one with more to spare."""
    return bool(candidate.obstacles), candidate.cost, -candidate.ready_pods, -candidate.settings.warm_ip_target


def _settings(groups: Sequence[NodeGroup], base: CniSettings) -> Iterator[CniSettings]:
    """The settings worth a look: the defaults, on demand only, and IP targets around each group's pods."""
    floors = sorted({group.pods + HEADROOM_PODS for group in groups})
    clean = replace(base, warm_eni_target=1, warm_ip_target=0, minimum_ip_target=0, warm_prefix_target=0)
    modes = {any(holds_prefixes(group.instance, replace(clean, prefix_delegation=True)) for group in groups), False}
    for prefixes in sorted(modes):
        mode = replace(clean, prefix_delegation=prefixes)
        if prefixes:
            yield replace(mode, warm_prefix_target=1)
        else:
            yield mode
            yield replace(mode, warm_eni_target=0)
        for floor in floors:
            for warm in WARM_IPS:
                yield replace(mode, warm_ip_target=warm, minimum_ip_target=floor)


def _assess(settings: CniSettings, groups: Sequence[NodeGroup]) -> Candidate:
    return Candidate(settings, tuple(_outcome(settings, group) for group in groups))


def _outcome(settings: CniSettings, group: NodeGroup) -> GroupOutcome:
    instance, nodes, pods = group.instance, group.nodes, group.pods
    calculated = max_pods(instance, settings).max_pods
    limit = max(calculated, pods)
    states = simulate_arrivals(instance, settings, first=0, last=pods, max_pods=limit)
    fresh, full = states[0], states[-1]
    filling = simulate_churn(instance, settings, ramp(0, pods, over_seconds=MINUTE_SECONDS), max_pods=limit)
    return GroupOutcome(
        group=group,
        addresses=nodes * full.subnet_ips,
        waste=nodes * full.available_ips,
        ec2_calls=nodes * full.ec2_calls,
        calls_per_minute=nodes * filling.peak_calls_per_minute,
        ready_pods=nodes * min(pods, fresh.total_ips),
        unserved_pods=nodes * (pods - full.assigned_ips),
        max_pods=calculated,
    )


def _obstacles(candidate: Candidate, free_addresses: int | None, max_calls_per_minute: int | None) -> Iterator[str]:
    for outcome in candidate.outcomes:
        if outcome.unserved_pods:
            yield f"{outcome.unserved_pods} pods on {outcome.group.instance.instance_type} get no address"
        elif outcome.group.pods > outcome.max_pods:
            yield f"max pods of {outcome.group.instance.instance_type} is {outcome.max_pods}"
    if free_addresses is not None and candidate.addresses > free_addresses:
        yield f"takes {candidate.addresses} addresses of {free_addresses} free"
    if max_calls_per_minute is not None and candidate.calls_per_minute > max_calls_per_minute:
        yield f"makes {candidate.calls_per_minute} EC2 calls a minute, more than {max_calls_per_minute}"
