"""Markdown for pull requests: tables and text whose special characters stand for themselves."""

import re
from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!$&@])")


def escape(text: object) -> str:
    """The text as itself, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


def table(header: Sequence[str], rows: Iterable[Sequence[object]], *, right: frozenset[int] = frozenset()) -> str:
    """A table; the columns named in `right` are aligned to the right."""
    rule = ["---:" if place in right else "---" for place in range(len(header))]
    lines = [header, rule, *([escape("-" if cell is None else cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
