"""What would make nodes fit that do not: the cheapest change first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network

from cni_plan.engine.cni import CniSettings, IpFamily
from cni_plan.engine.demand import ClusterDemand, cluster_demand, smallest_length, spread
from cni_plan.engine.max_pods import ADDRESSES_PER_PREFIX, supports_ipv6
from cni_plan.engine.room import Taken
from cni_plan.engine.subnets import LARGEST_SUBNET, Block, Subnet, block_map

SHARED_ADDRESS_SPACE = IPv4Network("100.64.0.0/10")
"""RFC 6598, which EKS recommends for pods when a VPC runs out."""
_NEARLY_FREE = 2
"""A block with so many single addresses is worth clearing."""
_WARM_IPS = (5, 2, 1)
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Remedy:
    """One change that would help.

    Attributes:
        change: What to change, in a word.
        detail: How, and what it comes to.
    """

    change: str
    detail: str


def remedies(demand: ClusterDemand, settings: CniSettings, subnets: Sequence[Subnet]) -> Iterator[Remedy]:
    """The changes that would make the nodes fit, the cheapest first."""
    yield from _tighter_targets(demand, settings, subnets)
    yield from _clearing(demand, subnets)
    yield from _other_mode(demand, settings, subnets)
    yield from _larger_subnets(demand, len(subnets))
    yield from _ipv6(demand, settings)


def _again(demand: ClusterDemand, settings: CniSettings) -> ClusterDemand:
    return cluster_demand(
        demand.instance,
        settings,
        nodes=demand.nodes,
        pods=demand.pods,
        surge_nodes=demand.surge_nodes,
        control_plane_enis=demand.control_plane_enis,
    )


def _fit(demand: ClusterDemand, subnets: Sequence[Subnet]) -> bool:
    return not demand.unserved_pods and all(share.report.fits for share in spread(demand, subnets))


def _tighter_targets(demand: ClusterDemand, settings: CniSettings, subnets: Sequence[Subnet]) -> Iterator[Remedy]:
    """The loosest IP targets with which the nodes fit."""
    floor = demand.largest.pods
    for warm in _WARM_IPS:
        tighter = replace(settings, warm_ip_target=warm, minimum_ip_target=max(1, floor))
        other = _again(demand, tighter)
        if _fit(other, subnets):
            yield Remedy(
                "tighter warm targets",
                f"WARM_IP_TARGET={warm} MINIMUM_IP_TARGET={max(1, floor)} take {other.total().addresses} addresses "
                f"instead of {demand.total().addresses}",
            )
            return


def _clearing(demand: ClusterDemand, subnets: Sequence[Subnet]) -> Iterator[Remedy]:
    """Blocks that a few addresses spoil, where clearing them gives the prefixes that are missing."""
    for share in spread(demand, subnets):
        missing = share.taken.prefixes - share.report.free_prefixes
        if missing <= 0:
            continue
        subnet = share.report.subnet
        blocks = block_map(subnet)
        spoilt = sorted(
            (count, block)
            for block, count in enumerate(blocks.singles)
            if blocks.kinds[block] == Block.SINGLES and count <= _NEARLY_FREE
        )
        if len(spoilt) < missing:
            continue
        cleared = {block for _, block in spoilt[:missing]}
        standing = [str(address) for address in _addresses_in(subnet, cleared)]
        shown = ", ".join(standing[:_SHOWN])
        more = f" and {len(standing) - _SHOWN} more" if len(standing) > _SHOWN else ""
        yield Remedy(
            "a reservation over nearly free blocks",
            f"{subnet.name}: reserve {_names(subnet, cleared)} and move {shown}{more}; "
            "addresses in use stay until they are freed and are not handed out again",
        )


def _addresses_in(subnet: Subnet, blocks: set[int]) -> Iterator[IPv4Address]:
    base = int(subnet.cidr.network_address)
    for network in sorted(set(subnet.used)):
        for value in range(int(network.network_address), int(network.broadcast_address) + 1):
            if (value - base) // ADDRESSES_PER_PREFIX in blocks:
                yield IPv4Address(value)


def _names(subnet: Subnet, blocks: set[int]) -> str:
    base = int(subnet.cidr.network_address)
    names = [f"{IPv4Address(base + block * ADDRESSES_PER_PREFIX)}/28" for block in sorted(blocks)]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _other_mode(demand: ClusterDemand, settings: CniSettings, subnets: Sequence[Subnet]) -> Iterator[Remedy]:
    """Secondary IPs, where the pods of a node find room without prefixes."""
    if not settings.prefix_delegation:
        return
    other = _again(demand, replace(settings, prefix_delegation=False))
    if _fit(other, subnets):
        yield Remedy(
            "secondary-IP mode",
            f"{demand.instance.instance_type} gains nothing from prefixes at {demand.largest.pods} pods a node: "
            f"{other.total().addresses} single addresses instead; on new nodes, never in place",
        )


def _larger_subnets(demand: ClusterDemand, subnets: int) -> Iterator[Remedy]:
    """The length each subnet would need, and a secondary range that has room for it."""
    count = max(1, subnets)
    nodes = -(-(demand.nodes + demand.surge_nodes) // count)
    taken = demand.largest.rest * nodes + Taken(-(-demand.control_plane_enis // count), 0)
    length = smallest_length(taken, reserved=True)
    if length is None:
        yield Remedy("more subnets", f"no single subnet holds {nodes} such nodes: spread them over more of them")
        return
    yield Remedy("another subnet length", f"a /{length} with a reservation holds {nodes} nodes, one in each zone")
    whole = max(LARGEST_SUBNET, length - (count - 1).bit_length())
    block = IPv4Network((int(SHARED_ADDRESS_SPACE.network_address), whole))
    yield Remedy(
        "a secondary CIDR",
        f"add {block} of {SHARED_ADDRESS_SPACE} to the VPC with a /{length} in each zone, "
        "for pods by custom networking or for whole nodes",
    )


def _ipv6(demand: ClusterDemand, settings: CniSettings) -> Iterator[Remedy]:
    if settings.ip_family is IpFamily.IPV4 and supports_ipv6(demand.instance):
        nodes = demand.nodes + demand.surge_nodes
        yield Remedy("an IPv6 cluster", f"{nodes} nodes take {nodes} IPv4 addresses, pods none; needs a new cluster")
