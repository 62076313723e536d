"""Subnets and /28 prefixes: how many are needed, how many a subnet still has, and what to reserve.

Addresses are plain integers inside; blocks are numbered from the subnet's start, 16 addresses each.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from cni_plan.engine.cni import ADDON_WARM_PREFIX_TARGET
from cni_plan.engine.max_pods import ADDRESSES_PER_PREFIX
from cni_plan.errors import InputError

PREFIX_LENGTH = 28
LARGEST_SUBNET, SMALLEST_SUBNET = 16, 28
"""The lengths a subnet may have: a /16 to a /28."""
RESERVED_AT_START, RESERVED_AT_END = 4, 1
"""The addresses AWS keeps of every subnet."""
RESERVED_BY_AWS = RESERVED_AT_START + RESERVED_AT_END


@dataclass(frozen=True, slots=True)
class PrefixDemand:
    """What a number of pods takes in prefixes.

    Attributes:
        pods: The pods.
        prefixes: /28 prefixes that hold them.
        held_prefixes: Prefixes ipamd holds for them with WARM_PREFIX_TARGET=1.
        smallest_subnet: Length of the smallest subnet that has `prefixes` of them; None where even a /16 has too few.
    """

    pods: int
    prefixes: int
    held_prefixes: int
    smallest_subnet: int | None

    @property
    def addresses(self) -> int:
        """Addresses the prefixes take from the subnet."""
        return self.prefixes * ADDRESSES_PER_PREFIX


@dataclass(frozen=True, slots=True)
class SubnetReport:
    """What one subnet can give.

    Attributes:
        cidr: The subnet.
        used_addresses: Addresses in use, those that AWS keeps not among them.
        free_prefixes: Aligned /28 blocks that can still become a prefix.
        reserved_prefixes: Of these, how many lie in a prefix reservation the subnet has already.
        fits: Whether the free prefixes are enough.
        reservations: The fewest free aligned blocks that hold the demand, lowest first; empty where it does not fit.
        subnet_id: The subnet's id, where it is known.
        availability_zone: Its zone, where it is known.
    """

    cidr: IPv4Network
    used_addresses: int
    free_prefixes: int
    reserved_prefixes: int
    fits: bool
    reservations: tuple[IPv4Network, ...]
    subnet_id: str | None = None
    availability_zone: str | None = None

    @property
    def addresses(self) -> int:
        """All addresses of the subnet."""
        return self.cidr.num_addresses

    @property
    def free_addresses(self) -> int:
        """Addresses that can still be assigned one by one."""
        return self.addresses - RESERVED_BY_AWS - self.used_addresses


def prefixes_for(pods: int) -> int:
    """`ceil(pods / 16)`."""
    return -(-pods // ADDRESSES_PER_PREFIX)


def most_prefixes(length: int) -> int:
    """Prefixes that an empty subnet of the length has: all blocks but the first and the last, `2^(28-n) - 2`."""
    return max(0, (1 << max(0, PREFIX_LENGTH - length)) - 2)


def smallest_subnet(prefixes: int) -> int | None:
    """The longest prefix length, /28 to /16, of an empty subnet with so many prefixes; None where no subnet has."""
    lengths = range(SMALLEST_SUBNET, LARGEST_SUBNET - 1, -1)
    return next((length for length in lengths if most_prefixes(length) >= prefixes), None)


def prefix_demand(pods: int) -> PrefixDemand:
    """What so many pods take, packed as tightly as prefixes allow."""
    if pods < 0:
        raise InputError(f"{pods} pods: the number cannot be negative")
    prefixes = prefixes_for(pods)
    return PrefixDemand(
        pods=pods,
        prefixes=prefixes,
        held_prefixes=prefixes + ADDON_WARM_PREFIX_TARGET,
        smallest_subnet=smallest_subnet(prefixes),
    )


def check_subnet(cidr: IPv4Network) -> None:
    """Refuse a range that cannot be a subnet.

    Raises:
        InputError: The range is larger than a /16 or smaller than a /28.
    """
    if not LARGEST_SUBNET <= cidr.prefixlen <= SMALLEST_SUBNET:
        raise InputError(f"{cidr} cannot be a subnet: AWS has them from /{LARGEST_SUBNET} to /{SMALLEST_SUBNET}")


def plan_subnet(cidr: IPv4Network, *, prefixes: int, used: Iterable[IPv4Network] = ()) -> SubnetReport:
    """Whether a subnet has room for so many prefixes, and which blocks to reserve for them.

    Args:
        cidr: The subnet, /16 to /28.
        prefixes: The /28 prefixes wanted.
        used: Addresses and ranges in use; those outside the subnet are passed over, duplicates count once.

    Raises:
        InputError: The range cannot be a subnet.
    """
    check_subnet(cidr)
    spans = _merge(_clip(cidr, used))
    free = _free_blocks(cidr, spans)
    fits = sum(free) >= prefixes
    blocks = _reserve(free, prefixes) if fits else ()
    return SubnetReport(
        cidr=cidr,
        used_addresses=sum(stop - start for start, stop in spans),
        free_prefixes=sum(free),
        reserved_prefixes=0,
        fits=fits,
        reservations=tuple(_block_network(cidr, start, count) for start, count in blocks),
    )


def _clip(cidr: IPv4Network, used: Iterable[IPv4Network]) -> list[tuple[int, int]]:
    """The used ranges as half-open spans of addresses, cut to what can be assigned in the subnet."""
    first = int(cidr.network_address) + RESERVED_AT_START
    last = int(cidr.broadcast_address) - RESERVED_AT_END + 1
    spans = []
    for network in used:
        start, stop = max(int(network.network_address), first), min(int(network.broadcast_address) + 1, last)
        if start < stop:
            spans.append((start, stop))
    return spans


def _merge(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Overlapping spans as one."""
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged


def _free_blocks(cidr: IPv4Network, spans: list[tuple[int, int]]) -> bytearray:
    """One byte per /28 block of the subnet: 1 where it can become a prefix."""
    count = cidr.num_addresses // ADDRESSES_PER_PREFIX
    free = bytearray(b"\x01") * count
    free[0] = free[-1] = 0
    base = int(cidr.network_address)
    for start, stop in spans:
        first, last = (start - base) // ADDRESSES_PER_PREFIX, (stop - 1 - base) // ADDRESSES_PER_PREFIX
        free[first : last + 1] = bytes(last - first + 1)
    return free


def _reserve(free: bytearray, prefixes: int) -> Sequence[tuple[int, int]]:
    """Choose the fewest aligned free runs, each a power of two long, that together hold so many blocks.

    The largest runs come first, so that their number is the least; the last one is cut to what is left to hold, and
    among runs of a size the lowest is taken.
    """
    free = bytearray(free)
    chosen = []
    left = prefixes
    size = 1 << (len(free).bit_length() - 1)
    while left > 0:
        wanted = 1 << (left - 1).bit_length()
        size = min(size, wanted)
        start = _lowest_free_run(free, size)
        if start is None:
            size >>= 1
            continue
        free[start : start + size] = bytes(size)
        chosen.append((start, size))
        left -= size
    return sorted(chosen)


def _lowest_free_run(free: bytearray, size: int) -> int | None:
    whole = b"\x01" * size
    start = free.find(whole)
    while start >= 0:
        if start % size == 0:
            return start
        start = free.find(whole, start + 1)
    return None


def _block_network(cidr: IPv4Network, start: int, count: int) -> IPv4Network:
    address = int(cidr.network_address) + start * ADDRESSES_PER_PREFIX
    return IPv4Network((address, PREFIX_LENGTH - (count.bit_length() - 1)))
