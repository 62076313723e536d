"""Pieces of HTML: escaped text, cells, tables that scroll by themselves."""

from collections.abc import Iterable, Sequence
from html import escape

_LONGEST_WHOLE_NAME = 28
"""A longer name is broken into lines."""


def text(value: object) -> str:
    """A value as text, safe between tags and within quoted attributes; unknown is a dash."""
    return "-" if value is None else escape(str(value))


def cell(content: str, kind: str = "") -> str:
    """A cell of markup."""
    return f'<td class="{kind}">{content}</td>' if kind else f"<td>{content}</td>"


def name_cell(name: str) -> str:
    """A cell with a name: in one line unless it is long."""
    return cell(text(name), "long" if len(name) > _LONGEST_WHOLE_NAME else "nowrap")


def number(value: int | None) -> str:
    """A cell with a number."""
    return cell(text(value), "number")


def row_head(name: str, *, link: str = "", after: str = "", rows: int = 1) -> str:
    """The cell that names a row, or several.

    Args:
        name: The name, as text.
        link: Where in the page it leads.
        after: Markup behind it.
        rows: How many rows it names.
    """
    kind = ' class="long"' if len(name) > _LONGEST_WHOLE_NAME else ""
    span, scope = (f' rowspan="{rows}"', "rowgroup") if rows > 1 else ("", "row")
    content = f'<a href="#{link}">{text(name)}</a>' if link else text(name)
    return f'<th scope="{scope}"{span}{kind}>{content}{after}</th>'


def row(cells: Iterable[str], kind: str = "") -> str:
    """A row of cells."""
    return f'<tr class="{kind}">{"".join(cells)}</tr>' if kind else f"<tr>{''.join(cells)}</tr>"


def table(caption: str, header: Sequence[str], rows: Iterable[str], kind: str = "") -> str:
    """A table in a box of its own that scrolls sideways where the page is narrow.

    Args:
        caption: What it shows, as text.
        header: The columns' titles, as text; one that starts with `#` is above numbers.
        rows: The rows, as markup.
        kind: Its class.
    """
    titles = "".join(
        f'<th scope="col" class="number">{text(title[1:])}</th>'
        if title.startswith("#")
        else f'<th scope="col">{text(title)}</th>'
        for title in header
    )
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{text(caption)}">'
        f'<table class="{kind}"><caption><span>{text(caption)}</span></caption>'
        f"<thead><tr>{titles}</tr></thead>\n<tbody>\n" + "\n".join(rows) + "\n</tbody></table></div>"
    )


def section(name: str, title: str, parts: Iterable[str]) -> str:
    """A part of the page under a heading that can be linked to."""
    return (
        f'<section id="{name}">\n<h2>{text(title)}</h2>\n' + "\n".join(part for part in parts if part) + "\n</section>"
    )


def paragraph(content: str, kind: str = "") -> str:
    """A paragraph of text."""
    return f'<p class="{kind}">{text(content)}</p>' if kind else f"<p>{text(content)}</p>"
