"""Pod counts over time, as users write them."""

import re
from collections.abc import Sequence

from cni_plan.engine.churn import PodCount, ramp
from cni_plan.errors import InputError

MOST_EVENTS = 100_000
LONGEST_SECONDS = 7 * 24 * 3600
MOST_PODS = 10_000
"""More than any node takes."""

_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)(s|m|h)?", re.ASCII)
_UNITS = {"s": 1, "m": 60, "h": 3600, None: 1}
_RAMP = re.compile(r"(\d{1,9})-(\d{1,9})", re.ASCII)


def parse_churn(text: str, where: str) -> list[PodCount]:
    """Read `seconds,pods` lines, in order of time; a first line of words is a header.

    Raises:
        InputError: A line is malformed, out of order or out of bounds; the message names it.
    """
    events: list[PodCount] = []
    for number, line in enumerate(text.splitlines(), start=1):
        cells = [cell.strip() for cell in line.partition("#")[0].split(",")]
        if cells == [""] or (number == 1 and not any(cell[:1].isdigit() for cell in cells)):
            continue
        try:
            first, second = cells
            seconds, pods = float(first), int(second)
        except ValueError:
            raise InputError(f"{where}:{number}: {line[:40]!r} is not seconds,pods") from None
        if not 0 <= seconds <= LONGEST_SECONDS or not 0 <= pods <= MOST_PODS:
            raise InputError(f"{where}:{number}: at most {LONGEST_SECONDS} seconds and {MOST_PODS} pods, none negative")
        if events and seconds < events[-1].seconds:
            raise InputError(f"{where}:{number}: second {first} comes before the line above")
        events.append(PodCount(seconds, pods))
        if len(events) > MOST_EVENTS:
            raise InputError(f"{where}: more than {MOST_EVENTS} lines")
    if not events:
        raise InputError(f"{where}: no seconds,pods lines in it")
    return events


def parse_ramp(text: str, over: str) -> Sequence[PodCount]:
    """Read `--ramp 0-100 --over 60s`.

    Raises:
        InputError: One of them is malformed or out of bounds.
    """
    match = _RAMP.fullmatch(text)
    if not match or max(int(match[1]), int(match[2])) > MOST_PODS:
        raise InputError(f"--ramp {text[:40]!r} is not a range such as 0-100, of at most {MOST_PODS} pods")
    return ramp(int(match[1]), int(match[2]), over_seconds=parse_duration(over))


def parse_duration(text: str) -> float:
    """Read `60`, `60s`, `5m` or `1h` as seconds.

    Raises:
        InputError: It is none of these, or longer than a week.
    """
    match = _DURATION.fullmatch(text)
    if not match or float(match[1]) * _UNITS[match[2]] > LONGEST_SECONDS:
        raise InputError(f"--over {text[:40]!r} is not a duration such as 60s, 5m or 1h, of at most a week")
    return float(match[1]) * _UNITS[match[2]]
