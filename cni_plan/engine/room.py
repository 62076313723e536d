"""What is taken from a subnet, what it can still give, and how a number is spread over several."""

from collections.abc import Sequence
from dataclasses import dataclass

from cni_plan.engine.max_pods import ADDRESSES_PER_PREFIX


@dataclass(frozen=True, slots=True)
class Taken:
    """Addresses taken from a subnet.

    Attributes:
        singles: Addresses taken one by one: ENIs' primary ones, and secondary ones outside prefixes.
        prefixes: /28 prefixes.
    """

    singles: int
    prefixes: int

    @property
    def addresses(self) -> int:
        """All of them."""
        return self.singles + ADDRESSES_PER_PREFIX * self.prefixes

    def __add__(self, other: "Taken") -> "Taken":
        return Taken(self.singles + other.singles, self.prefixes + other.prefixes)

    def __mul__(self, count: int) -> "Taken":
        return Taken(self.singles * count, self.prefixes * count)


NOTHING = Taken(0, 0)


@dataclass(frozen=True, slots=True)
class Room:
    """What a subnet can still give.

    Attributes:
        addresses: Addresses that can be assigned one by one; those within reservations are not among them.
        prefixes: Aligned /28 blocks that can become a prefix.
        reserved: Of these, how many lie in prefix reservations.
    """

    addresses: int
    prefixes: int
    reserved: int

    def fits(self, taken: Taken) -> bool:
        """Whether a demand fits where its prefixes are reserved, so that single addresses come from the rest."""
        return self.left_prefixes(taken) >= 0 and self.left_addresses(taken) >= 0

    def fits_anywhere(self, taken: Taken) -> bool:
        """Whether a demand fits even if every single address falls into another free block and spoils it.

        Free blocks within a prefix reservation are safe from single addresses.
        """
        if self.addresses < taken.singles:
            return False
        if not taken.prefixes:
            return True
        open_blocks = max(0, self.prefixes - self.reserved - taken.singles)
        return self.reserved + open_blocks >= taken.prefixes

    def left_prefixes(self, taken: Taken) -> int:
        """Free /28 blocks that remain; negative where they do not suffice."""
        return self.prefixes - taken.prefixes

    def left_addresses(self, taken: Taken) -> int:
        """Addresses that remain; negative where they do not suffice. Prefixes go into reserved blocks first."""
        reserved = min(taken.prefixes, self.reserved)
        return self.addresses - taken.addresses + ADDRESSES_PER_PREFIX * reserved

    def most(self, node: Taken, already: Taken = NOTHING) -> tuple[int, str]:
        """How many nodes fit beside what is taken already, with reservations, and what stops the next one.

        Args:
            node: What one node takes; at least one address.
            already: What is taken before.

        Returns:
            The number, and `prefixes` or `addresses`.
        """
        singles = self.addresses - already.singles
        whole = self.addresses - already.addresses + ADDRESSES_PER_PREFIX * self.reserved
        by_address = max(0, min(whole // node.addresses, singles // node.singles if node.singles else whole))
        if node.prefixes:
            by_prefix = max(0, (self.prefixes - already.prefixes) // node.prefixes)
            if by_prefix <= by_address:
                return by_prefix, "prefixes"
        return by_address, "addresses"


def evenly(count: int, parts: int) -> list[int]:
    """A number in parts that differ by one at most, the larger ones first."""
    floor, more = divmod(count, parts)
    return [floor + (place < more) for place in range(parts)]


def fill(count: int, room: Sequence[int]) -> list[int]:
    """Spread a number over places as evenly as their room allows; what fits nowhere goes to the first."""
    given = [0] * len(room)
    left = count
    while left:
        open_places = [place for place in range(len(room)) if given[place] < room[place]]
        if not open_places:
            given[0] += left
            break
        for place, part in zip(open_places, evenly(left, len(open_places)), strict=True):
            added = min(part, room[place] - given[place])
            given[place] += added
            left -= added
    return given
