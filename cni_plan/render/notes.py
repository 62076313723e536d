"""Notes beside an answer, each once, with the instance types it holds for."""

from collections.abc import Iterable

_NAMES_SHOWN = 3
_NOTES_SHOWN = 8


def group_notes(notes: Iterable[tuple[str, str]]) -> list[str]:
    """One line for each distinct note.

    Args:
        notes: Pairs of an instance type and a note on it.
    """
    holders: dict[str, list[str]] = {}
    for name, note in notes:
        names = holders.setdefault(note, [])
        if name not in names:
            names.append(name)
    lines = [f"{_who(names)}: {note}" for note, names in holders.items()]
    if len(lines) > _NOTES_SHOWN:
        rest = len(lines) - _NOTES_SHOWN
        lines[_NOTES_SHOWN:] = [f"{rest} more notes; `-o json` has them beside each type"]
    return lines


def _who(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMES_SHOWN])
    return shown if len(names) <= _NAMES_SHOWN else f"{shown} and {len(names) - _NAMES_SHOWN} more"
