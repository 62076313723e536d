"""What a node holds at each number of pods, arriving one by one on a fresh node."""

from dataclasses import dataclass, replace

from cni_plan.catalog import InstanceType
from cni_plan.engine.cni import CniSettings, IpFamily
from cni_plan.engine.max_pods import IPV6_PREFIX_ADDRESSES, supports_ipv6
from cni_plan.engine.warm_pool import WarmPool, pool_limits
from cni_plan.errors import InputError


def check_startable(settings: CniSettings) -> None:
    """Refuse settings with which aws-node exits.

    Source: cmd/aws-vpc-cni/main.go, validateEnvVars, and ipamd.go, isConfigValid.

    Raises:
        InputError: aws-node would not start.
    """
    if settings.ip_family is IpFamily.IPV6:
        if settings.custom_networking:
            raise InputError("custom networking does not work with IPv6: aws-node refuses to start")
        return
    if settings.prefix_delegation and not settings.has_ip_targets and settings.warm_prefix_target <= 0:
        raise InputError(
            "prefix delegation with WARM_PREFIX_TARGET, WARM_IP_TARGET and MINIMUM_IP_TARGET all unset or 0: "
            "aws-node refuses to start; set one of them"
        )


@dataclass(frozen=True, slots=True)
class PoolState:
    """What a node holds at one number of pods.

    Attributes:
        pods: Pods that want an address.
        assigned_ips: Pods that have one.
        total_ips: Addresses attached for pods.
        available_ips: Attached and not assigned.
        enis: ENIs attached, the primary included.
        prefixes: Prefixes attached; 0 in secondary-IP mode.
        per_eni: Slots in use on each ENI.
        subnet_ips: Addresses taken from the subnets, primary ones included.
        ec2_calls: EC2 calls since the node's start.
    """

    pods: int
    assigned_ips: int
    total_ips: int
    available_ips: int
    enis: int
    prefixes: int
    per_eni: tuple[int, ...]
    subnet_ips: int
    ec2_calls: int


def state_of(pool: WarmPool) -> PoolState:
    """The pool as a value."""
    return PoolState(
        pods=pool.assigned + pool.waiting,
        assigned_ips=pool.assigned,
        total_ips=pool.total,
        available_ips=pool.available,
        enis=len(pool.enis),
        prefixes=pool.prefixes,
        per_eni=tuple(pool.per_eni),
        subnet_ips=pool.subnet_ips,
        ec2_calls=pool.calls.total(),
    )


def simulate_arrivals(
    instance: InstanceType, settings: CniSettings, *, first: int, last: int, max_pods: int
) -> list[PoolState]:
    """A fresh node at rest with each number of pods, arriving one by one.

    Args:
        instance: The node's type.
        settings: How aws-node is set up.
        first: The first number of pods to report.
        last: The last one.
        max_pods: kubelet's max pods, at which the pool stops to grow.

    Raises:
        InputError: aws-node would not start with the settings, or not on the type.
        UnknownFigureError: The table lacks a figure of the type.
    """
    check_startable(settings)
    if settings.ip_family is IpFamily.IPV6:
        if not supports_ipv6(instance):
            raise InputError(f"{instance.instance_type} cannot run IPv6 pods: aws-node needs a Nitro type for them")
        return [_ipv6_state(pods) for pods in range(first, last + 1)]
    pool = WarmPool(pool_limits(instance, settings, max_pods=max_pods), settings)
    pool.grow_to_rest()
    states = [state_of(pool)] if first == 0 else []
    for pods in range(1, last + 1):
        pool.arrive(1)
        pool.grow_to_rest()
        if pool.waiting:
            # Nothing changes with more pods: the pool is as large as it will be, and all of it is assigned.
            full = state_of(pool)
            states += [replace(full, pods=number) for number in range(max(pods, first), last + 1)]
            break
        if pods >= first:
            states.append(state_of(pool))
    return states


def state_with(instance: InstanceType, settings: CniSettings, pods: int, *, max_pods: int) -> PoolState:
    """As `simulate_arrivals`, with one number of pods."""
    (state,) = simulate_arrivals(instance, settings, first=pods, last=pods, max_pods=max_pods)
    return state


def _ipv6_state(pods: int) -> PoolState:
    """One /80 on the primary ENI serves every pod; of IPv4 the node takes its own address only."""
    return PoolState(
        pods=pods,
        assigned_ips=pods,
        total_ips=IPV6_PREFIX_ADDRESSES,
        available_ips=IPV6_PREFIX_ADDRESSES - pods,
        enis=1,
        prefixes=1,
        per_eni=(1,),
        subnet_ips=1,
        ec2_calls=1,
    )
