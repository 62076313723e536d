"""Which free blocks to take: the fewest aligned runs of them, the lowest first."""


def fewest_runs(free: bytearray, wanted: int, *, exact: bool = False) -> list[tuple[int, int]]:
    """Choose the fewest aligned free runs, each a power of two long, that together hold so many blocks.

    The largest runs come first, so that their number is the least; the last one may be larger than what is left to
    hold, and among runs of a size the lowest is taken.

    Args:
        free: One byte for each block, 1 where it is free; it is used up.
        wanted: Blocks to hold; not more than are free.
        exact: Whether to take no block more than wanted, at the price of more runs.

    Returns:
        Pairs of a run's first block and its length, by place.
    """
    chosen = []
    left = wanted
    size = 1 << max(0, len(free).bit_length() - 1)
    while left > 0:
        size = min(size, 1 << (left.bit_length() - 1 if exact else (left - 1).bit_length()))
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
        aligned = -(-start // size) * size
        if aligned == start:
            return start
        start = free.find(whole, aligned)
    return None
