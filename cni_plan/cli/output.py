"""What commands print: results to stdout, everything else to stderr."""

import os
import shutil
import sys
from collections.abc import Iterable

from cni_plan.errors import SourceError
from cni_plan.render.table import Screen, printable


def emit(text: str) -> None:
    """Write a result to stdout, whole.

    Raises:
        SourceError: It cannot be written, as on a full disk.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has what it wanted; without this, Python complains again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SourceError(f"cannot write the result: {error.strerror}") from None


def tell(lines: Iterable[str]) -> None:
    """Write notes to stderr, one a line."""
    for line in lines:
        print(printable(f"note: {line}"), file=sys.stderr)


def stdout_screen() -> Screen:
    """What stdout is shown on: a terminal's width and colour, or neither in a pipe."""
    if not sys.stdout.isatty():
        return Screen()
    dumb = os.environ.get("TERM") == "dumb" or bool(os.environ.get("NO_COLOR"))
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    width = shutil.get_terminal_size().columns
    return Screen(width=width, color=not dumb, blocks=unicode and os.environ.get("TERM") != "dumb")
