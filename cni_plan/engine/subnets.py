"""Subnets and /28 prefixes: how many are needed, how many a subnet still has, and what to reserve.

Addresses are plain integers inside; blocks are numbered from the subnet's start, 16 addresses each.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from ipaddress import IPv4Network

from cni_plan.engine.cni import ADDON_WARM_PREFIX_TARGET
from cni_plan.engine.max_pods import ADDRESSES_PER_PREFIX
from cni_plan.engine.reservations import fewest_runs
from cni_plan.engine.room import Room, Taken
from cni_plan.errors import InputError

PREFIX_LENGTH = 28
LARGEST_SUBNET, SMALLEST_SUBNET = 16, 28
"""The lengths a subnet may have: a /16 to a /28."""
RESERVED_AT_START, RESERVED_AT_END = 4, 1
"""The addresses AWS keeps of every subnet."""
RESERVED_BY_AWS = RESERVED_AT_START + RESERVED_AT_END


class ReservationType(StrEnum):
    """What a subnet CIDR reservation keeps its range for."""

    PREFIX = "prefix"
    EXPLICIT = "explicit"


@dataclass(frozen=True, slots=True)
class Reservation:
    """A subnet CIDR reservation that exists."""

    cidr: IPv4Network
    type: ReservationType


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet and what is in it.

    Attributes:
        cidr: Its range, /16 to /28.
        used: Addresses and ranges in use one by one; those outside the subnet are passed over, duplicates count once.
        prefixes: The /28 prefixes that ENIs hold.
        reservations: Its CIDR reservations.
        subnet_id: Its id, where it is known.
        availability_zone: Its zone, where it is known.

    Raises:
        InputError: The range cannot be a subnet.
    """

    cidr: IPv4Network
    used: tuple[IPv4Network, ...] = ()
    prefixes: tuple[IPv4Network, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    subnet_id: str | None = None
    availability_zone: str | None = None

    def __post_init__(self) -> None:
        if not LARGEST_SUBNET <= self.cidr.prefixlen <= SMALLEST_SUBNET:
            raise InputError(
                f"{self.cidr} cannot be a subnet: AWS has them from /{LARGEST_SUBNET} to /{SMALLEST_SUBNET}"
            )

    @property
    def name(self) -> str:
        """What to call it: its id, else its range."""
        return self.subnet_id or str(self.cidr)


class Block(IntEnum):
    """What a /28 block of a subnet holds."""

    FREE = 0
    RESERVED = 1
    """Free, within a prefix reservation."""
    SINGLES = 2
    """Single addresses in use."""
    PREFIX = 3
    """A prefix that an ENI holds."""
    EXPLICIT = 4
    """Within an explicit reservation: nothing of ours may go in."""
    AWS = 5
    """The first or the last block, where AWS keeps addresses."""


@dataclass(frozen=True, slots=True)
class BlockMap:
    """A subnet block by block.

    Attributes:
        kinds: The `Block` of each /28.
        singles: Single addresses in use in each /28, those that AWS keeps not among them.
        idle_reserved: Addresses within reservations that are not in use.
    """

    kinds: bytes
    singles: tuple[int, ...]
    idle_reserved: int

    def count(self, kind: Block) -> int:
        """Blocks of a kind."""
        return self.kinds.count(kind)

    @property
    def free_prefixes(self) -> int:
        """Blocks that can become a prefix."""
        return self.count(Block.FREE) + self.count(Block.RESERVED)

    @property
    def used_addresses(self) -> int:
        """Addresses in use, one by one and in prefixes."""
        return sum(self.singles) + ADDRESSES_PER_PREFIX * self.count(Block.PREFIX)

    @property
    def free_addresses(self) -> int:
        """Addresses that can be assigned one by one, as EC2's AvailableIpAddressCount has it."""
        size = len(self.kinds) * ADDRESSES_PER_PREFIX
        return size - RESERVED_BY_AWS - self.used_addresses - self.idle_reserved

    def room(self) -> Room:
        """What the subnet can still give."""
        return Room(self.free_addresses, self.free_prefixes, self.count(Block.RESERVED))


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
        subnet: The subnet.
        used_addresses: Addresses in use, those that AWS keeps not among them.
        free_addresses: Addresses that can still be assigned one by one.
        free_prefixes: Aligned /28 blocks that can still become a prefix.
        reserved_prefixes: Of these, how many lie in a prefix reservation that the subnet has already.
        fits: Whether the demand finds room.
        reservations: The fewest free aligned blocks for what existing reservations do not hold, lowest first; empty
            where it does not fit.
    """

    subnet: Subnet
    used_addresses: int
    free_addresses: int
    free_prefixes: int
    reserved_prefixes: int
    fits: bool
    reservations: tuple[IPv4Network, ...]

    @property
    def addresses(self) -> int:
        """All addresses of the subnet."""
        return self.subnet.cidr.num_addresses


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
    """What so many pods take, packed as tightly as prefixes allow.

    Raises:
        InputError: The number is negative.
    """
    if pods < 0:
        raise InputError(f"{pods} pods: the number cannot be negative")
    prefixes = prefixes_for(pods)
    return PrefixDemand(
        pods=pods,
        prefixes=prefixes,
        held_prefixes=prefixes + ADDON_WARM_PREFIX_TARGET,
        smallest_subnet=smallest_subnet(prefixes),
    )


def plan_subnet(subnet: Subnet, *, prefixes: int, single_addresses: int = 0) -> SubnetReport:
    """Whether a subnet has room for a demand, and which blocks to reserve for its prefixes.

    Args:
        subnet: The subnet and what is in it.
        prefixes: The /28 prefixes wanted.
        single_addresses: Addresses wanted one by one besides; with the prefixes reserved, they come from the rest.
    """
    blocks = block_map(subnet)
    fits = blocks.room().fits(Taken(single_addresses, prefixes))
    return SubnetReport(
        subnet=subnet,
        used_addresses=blocks.used_addresses,
        free_addresses=blocks.free_addresses,
        free_prefixes=blocks.free_prefixes,
        reserved_prefixes=blocks.count(Block.RESERVED),
        fits=fits,
        reservations=_reservations(subnet, blocks, prefixes, single_addresses) if fits else (),
    )


def _reservations(subnet: Subnet, blocks: BlockMap, prefixes: int, single_addresses: int) -> tuple[IPv4Network, ...]:
    """The fewest free aligned ranges for the prefixes that the existing reservations do not hold.

    A range may be larger than what it is for, unless the single addresses need that room.
    """
    missing = prefixes - blocks.count(Block.RESERVED)
    free = bytes(kind == Block.FREE for kind in blocks.kinds)
    runs = fewest_runs(bytearray(free), missing)
    taken = ADDRESSES_PER_PREFIX * sum(count for _, count in runs)
    if blocks.free_addresses - taken < single_addresses:
        runs = fewest_runs(bytearray(free), missing, exact=True)
    return tuple(_block_network(subnet.cidr, start, count) for start, count in runs)


def block_map(subnet: Subnet) -> BlockMap:
    """Sort a subnet's blocks out, each by the strongest thing in it."""
    base, size = int(subnet.cidr.network_address), subnet.cidr.num_addresses
    # The addresses that AWS keeps are in use by nobody else.
    bounds = (RESERVED_AT_START, size - RESERVED_AT_END)
    used = _merge(_spans(base, bounds, subnet.used))
    prefixes = _merge(_spans(base, bounds, subnet.prefixes))
    singles = _count_by_block(used, size // ADDRESSES_PER_PREFIX)
    kinds = bytearray(Block.SINGLES if count else Block.FREE for count in singles)
    reserved = [(reservation.type, _spans(base, bounds, [reservation.cidr])) for reservation in subnet.reservations]
    for kind, spans in reserved:
        for start, stop in spans:
            _mark_reservation(kinds, kind, start, stop)
    for start, stop in prefixes:
        for block in range(start // ADDRESSES_PER_PREFIX, -(-stop // ADDRESSES_PER_PREFIX)):
            kinds[block], singles[block] = Block.PREFIX, 0
    kinds[0] = kinds[-1] = Block.AWS
    taken = _merge([*used, *prefixes])
    idle = sum(stop - start - _overlap(taken, start, stop) for _, spans in reserved for start, stop in spans)
    return BlockMap(bytes(kinds), tuple(singles), idle)


def _count_by_block(spans: list[tuple[int, int]], blocks: int) -> list[int]:
    """Addresses of the spans in each block."""
    counts = [0] * blocks
    for start, stop in spans:
        first, last = start // ADDRESSES_PER_PREFIX, (stop - 1) // ADDRESSES_PER_PREFIX
        if first == last:
            counts[first] += stop - start
            continue
        counts[first] += (first + 1) * ADDRESSES_PER_PREFIX - start
        for block in range(first + 1, last):
            counts[block] += ADDRESSES_PER_PREFIX
        counts[last] += stop - last * ADDRESSES_PER_PREFIX
    return counts


def _mark_reservation(kinds: bytearray, kind: ReservationType, start: int, stop: int) -> None:
    """Mark the blocks of a reservation; a prefix reservation makes a difference to blocks that it holds whole."""
    if kind is ReservationType.EXPLICIT:
        for block in range(start // ADDRESSES_PER_PREFIX, -(-stop // ADDRESSES_PER_PREFIX)):
            kinds[block] = Block.EXPLICIT
        return
    for block in range(-(-start // ADDRESSES_PER_PREFIX), stop // ADDRESSES_PER_PREFIX):
        if kinds[block] == Block.FREE:
            kinds[block] = Block.RESERVED


def _overlap(spans: list[tuple[int, int]], start: int, stop: int) -> int:
    """Addresses of the spans between two bounds."""
    return sum(max(0, min(stop, last) - max(start, first)) for first, last in spans)


def _spans(base: int, bounds: tuple[int, int], networks: Iterable[IPv4Network]) -> list[tuple[int, int]]:
    """Ranges as half-open spans of offsets from the base, cut to the bounds."""
    first, last = bounds
    spans = []
    for network in networks:
        start = int(network.network_address) - base
        stop = start + (1 << (32 - network.prefixlen))
        if start < last and stop > first:
            spans.append((max(start, first), min(stop, last)))
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


def _block_network(cidr: IPv4Network, start: int, count: int) -> IPv4Network:
    address = int(cidr.network_address) + start * ADDRESSES_PER_PREFIX
    return IPv4Network((address, PREFIX_LENGTH - (count.bit_length() - 1)))
