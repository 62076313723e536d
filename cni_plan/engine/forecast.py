"""What becomes of free /28 blocks as single addresses come in at random.

The assumption: every free address of the subnet is as likely to be taken next as any other, EC2's prefix reservations
aside. With A free addresses of which k get taken, a given free block is still free with probability
C(A-16, k) / C(A, k), and two given ones with C(A-32, k) / C(A, k); from these follow the mean and the variance.
"""

from dataclasses import dataclass
from math import exp, lgamma, sqrt

from cni_plan.engine.max_pods import ADDRESSES_PER_PREFIX
from cni_plan.engine.subnets import Block, BlockMap

ONE_SIDED_95 = 1.6448536269514722
"""The 95% quantile of the normal distribution."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """A subnet after so many single addresses more.

    Attributes:
        singles: Single addresses that came in.
        utilisation: Part of the subnet's assignable addresses in use, from 0 to 1.
        expected_prefixes: Free /28 blocks to be expected.
        likely_prefixes: At least so many are left in 95 of 100 cases.
    """

    singles: int
    utilisation: float
    expected_prefixes: float
    likely_prefixes: float


def still_free(addresses: int, taken: int, needed: int) -> float:
    """Probability that given `needed` of the addresses are all free after `taken` were taken at random."""
    if taken > addresses - needed:
        return 0.0
    return exp(
        lgamma(addresses - needed + 1) - lgamma(addresses - needed - taken + 1) - lgamma(addresses + 1)
        + lgamma(addresses - taken + 1)
    )  # fmt: skip


def outlook(blocks: BlockMap, singles: int) -> Outlook:
    """The free blocks to expect after so many single addresses more.

    Args:
        blocks: The subnet as it is.
        singles: Single addresses that come in, at most those that are free.
    """
    addresses, open_blocks, safe = blocks.free_addresses, blocks.count(Block.FREE), blocks.count(Block.RESERVED)
    one = still_free(addresses, singles, ADDRESSES_PER_PREFIX)
    two = still_free(addresses, singles, 2 * ADDRESSES_PER_PREFIX)
    mean = open_blocks * one
    variance = max(0.0, mean + open_blocks * (open_blocks - 1) * two - mean * mean)
    in_use = blocks.used_addresses + singles
    assignable = blocks.used_addresses + addresses
    return Outlook(
        singles=singles,
        utilisation=in_use / assignable if assignable else 1.0,
        expected_prefixes=safe + mean,
        likely_prefixes=safe + max(0.0, mean - ONE_SIDED_95 * sqrt(variance)),
    )


def forecast(blocks: BlockMap, *, steps: int = 20) -> list[Outlook]:
    """The outlook from today's utilisation to a full subnet, at even steps."""
    addresses = blocks.free_addresses
    counts = sorted({addresses * step // steps for step in range(steps + 1)})
    return [outlook(blocks, count) for count in counts]


def last_fit(blocks: BlockMap, prefixes: int) -> Outlook | None:
    """The highest utilisation at which so many prefixes still fit in 95 of 100 cases; None where not even now."""
    if outlook(blocks, 0).likely_prefixes < prefixes:
        return None
    low, high = 0, blocks.free_addresses
    while low < high:
        middle = (low + high + 1) // 2
        if outlook(blocks, middle).likely_prefixes >= prefixes:
            low = middle
        else:
            high = middle - 1
    return outlook(blocks, low)
