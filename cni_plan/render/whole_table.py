"""Tables that lose no column: what the screen has no room for goes on below."""

from collections.abc import Iterable, Sequence

from cni_plan.render.table import GAP, Screen, cell_text, format_table


def format_whole_table(
    header: Sequence[str], rows: Iterable[Sequence[object]], screen: Screen, *, keys: int = 1
) -> str:
    """As `format_table`, but what the screen has no room for goes into further tables below, each with the keys.

    Args:
        header: The titles.
        rows: The rows.
        screen: Where it is shown.
        keys: Columns at the left that every table repeats.
    """
    lines = [list(row) for row in rows]
    widths = [max(len(title), *(len(cell_text(row[i])) for row in lines), 0) for i, title in enumerate(header)]
    first = sum(widths[:keys]) + len(GAP) * (keys - 1)
    chunks: list[list[int]] = [[]]
    room = first
    for place in range(keys, len(header)):
        wanted = len(GAP) + widths[place]
        if screen.width is not None and chunks[-1] and room + wanted > screen.width:
            chunks.append([])
            room = first
        chunks[-1].append(place)
        room += wanted
    picked = ([*range(keys), *chunk] for chunk in chunks)
    return "\n".join(
        format_table([header[i] for i in places], [[row[i] for i in places] for row in lines], screen)
        for places in picked
    )
