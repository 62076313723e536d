"""Plain tables for people. Thousands of rows in milliseconds, which rules a layout engine out."""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

GAP = "  "
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


class Screen(NamedTuple):
    """What the output is shown on.

    Attributes:
        width: Columns of the terminal; None where lines may be as long as they like.
        color: Whether escape sequences are welcome.
        blocks: Whether block characters can be shown.
    """

    width: int | None = None
    color: bool = False
    blocks: bool = False

    def bold(self, text: str) -> str:
        """The text in bold, where the screen knows bold."""
        return f"{_BOLD}{text}{_PLAIN}" if self.color else text


def printable(text: str) -> str:
    """The text without line ends and control characters, which could forge or hide output."""
    return "".join(character if character.isprintable() else "?" for character in text)


def wrap(text: str, screen: Screen, *, indent: int = 0) -> str:
    """A sentence broken into lines where the screen has an end, the further ones indented by four more."""
    if screen.width is None:
        return " " * indent + text
    from textwrap import fill

    rest = " " * (indent + 4)
    return fill(text, screen.width, initial_indent=" " * indent, subsequent_indent=rest, break_on_hyphens=False)


def format_table(header: Sequence[str], rows: Iterable[Sequence[object]], screen: Screen) -> str:
    """Align cells in columns: numbers to the right, the rest to the left, unknown as `-`.

    Columns that the screen has no room for are left out from the right, never the first.
    """
    cells = [[cell_text(value) for value in row] for row in rows]
    numeric = [all(_is_number(row[i]) for row in cells) for i in range(len(header))]
    widths = [max(len(title), *(len(row[i]) for row in cells)) for i, title in enumerate(header)]
    if screen.width is not None:
        ends = list(accumulate(widths, lambda end, width: end + len(GAP) + width))
        shown = max(1, sum(end <= screen.width for end in ends))
    else:
        shown = len(header)
    template = GAP.join(f"{{{i}:{'>' if numeric[i] else '<'}{widths[i]}}}" for i in range(shown))
    lines = [screen.bold(template.format(*header).rstrip())]
    lines += [template.format(*row).rstrip() for row in cells]
    return "\n".join(lines) + "\n"


def cell_text(value: object) -> str:
    """How a value looks in a table."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _is_number(cell: str) -> bool:
    return cell == "-" or cell.isdigit()
