"""CPU and memory as Kubernetes writes them.

Source: Kubernetes, pkg/api/resource, Quantity; smaller parts than a millicore or a byte are rounded up, as there.
"""

import re
from decimal import ROUND_CEILING, Decimal

from cni_plan.errors import InputError

MOST_MILLICORES = 10**9
MOST_BYTES = 10**15
"""More than any node has."""

_QUANTITY = re.compile(
    r"((?:\d{1,15}(?:\.\d{0,9})?|\.\d{1,9})(?:[eE][+-]?\d{1,2}(?![A-Za-z]))?)([A-Za-z]*)",
    re.ASCII,
)
"""Digits, and either an exponent such as `e6` or a suffix."""
_SUFFIXES = {
    "m": Decimal("0.001"),
    "": Decimal(1),
    **{suffix: Decimal(1000**power) for power, suffix in enumerate(("k", "M", "G", "T"), start=1)},
    **{suffix: Decimal(1024**power) for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti"), start=1)},
}


def parse_cpu(text: str, what: str) -> int:
    """Read `250m`, `0.5` or `2` as millicores.

    Args:
        text: The quantity.
        what: What to call it in a message.

    Raises:
        InputError: It is none.
    """
    match = _QUANTITY.fullmatch(text.strip())
    if not match or match[2] not in {"m", ""}:
        raise InputError(f"{what} {text[:40]!r} is not an amount of CPU such as 250m or 0.5")
    return _whole(Decimal(match[1]) * _SUFFIXES[match[2]] * 1000, MOST_MILLICORES, text, what)


def parse_memory(text: str, what: str) -> int:
    """Read `512Mi`, `1.5Gi`, `200M` or a number of bytes as bytes.

    Args:
        text: The quantity.
        what: What to call it in a message.

    Raises:
        InputError: It is none.
    """
    match = _QUANTITY.fullmatch(text.strip())
    if not match or match[2] == "m" or match[2] not in _SUFFIXES:
        raise InputError(f"{what} {text[:40]!r} is not an amount of memory such as 512Mi or 1.5Gi")
    return _whole(Decimal(match[1]) * _SUFFIXES[match[2]], MOST_BYTES, text, what)


def _whole(amount: Decimal, most: int, text: str, what: str) -> int:
    value = int(amount.to_integral_value(ROUND_CEILING))
    if value > most:
        raise InputError(f"{what} {text[:40]!r} is more than any node has")
    return value
