"""Prices of instance types as people write them: a CSV of USD per node and hour."""

import csv
import re
from collections.abc import Iterator
from decimal import Decimal

from cni_plan.engine.assessment import PRICE_UNITS_PER_USD
from cni_plan.errors import InputError

COLUMNS = ("instance_type", "usd_per_hour")
MOST_USD_PER_HOUR = 100_000
"""No instance costs a hundredth of it."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}\.[a-z0-9-]{1,40}", re.ASCII)
_USD = re.compile(r"\d{1,12}(?:\.\d{0,10})?|\.\d{1,10}", re.ASCII)


def parse_prices(text: str, where: str) -> dict[str, int]:
    """Read a header `instance_type,usd_per_hour` and a line for each type; `#` starts a comment.

    Args:
        text: The file's text.
        where: What to call it in messages.

    Returns:
        Prices of a node and hour in units of 1e-10 USD, by type.

    Raises:
        InputError: The header or a line is wrong; the message names the line.
    """
    lines = _lines(text, where)
    number, header = next(lines, (1, []))
    if sorted(header) != sorted(COLUMNS):
        raise InputError(f"{where}:{number}: the first line must be {','.join(COLUMNS)}")
    prices: dict[str, int] = {}
    found_on: dict[str, int] = {}
    for number, cells in lines:
        if len(cells) != len(COLUMNS):
            raise InputError(f"{where}:{number}: {len(cells)} cells where {len(COLUMNS)} are expected")
        row = dict(zip(header, cells, strict=True))
        name = row["instance_type"]
        if not _NAME.fullmatch(name):
            raise InputError(f"{where}:{number}: {name[:40]!r} is not an instance type such as m5.large")
        if name in found_on:
            raise InputError(f"{where}:{number}: {name} stands on line {found_on[name]} already")
        try:
            prices[name] = parse_usd(row["usd_per_hour"])
        except ValueError as error:
            raise InputError(f"{where}:{number}: usd_per_hour {error}") from None
        found_on[name] = number
    if not prices:
        raise InputError(f"{where}: no prices in it")
    return prices


def _lines(text: str, where: str) -> Iterator[tuple[int, list[str]]]:
    """The cells of each line that is neither empty nor a comment, with its number."""
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        content = line.partition("#")[0].strip()
        if content:
            try:
                cells = next(csv.reader([content]))
            except csv.Error as error:
                raise InputError(f"{where}:{number}: {error}") from None
            yield number, [cell.strip() for cell in cells]


def parse_usd(text: str) -> int:
    """Read an amount such as `0.096`, exactly.

    Returns:
        Units of 1e-10 USD.

    Raises:
        ValueError: It is none, negative, or more than any instance costs.
    """
    if not _USD.fullmatch(text):
        raise ValueError(f"is {text[:40]!r}, expected an amount such as 0.096, of at most ten decimals")
    amount = Decimal(text)
    if amount > MOST_USD_PER_HOUR:
        raise ValueError(f"is {text[:40]!r}, more than any instance costs")
    return int(amount * PRICE_UNITS_PER_USD)
