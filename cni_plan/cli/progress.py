"""How far a long read has come."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_of(things: str = "") -> Iterator[Callable[[str, int], None]]:
    """Show on stderr how many things have been read: as it goes on a terminal, a line for each name at the end.

    Args:
        things: What is counted, after each count.
    """
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    counts: dict[str, int] = {}
    console = Console(stderr=True)
    unit = f" {things}" if things else ""
    if console.is_terminal:
        with Progress(SpinnerColumn(), TextColumn("{task.description}"), console=console, transient=True) as bar:
            task = bar.add_task("asking EC2", total=None)

            def advance(name: str, count: int) -> None:
                counts[name] = count
                bar.update(task, description=f"{name}: {count}{unit}")

            yield advance
    else:
        yield counts.__setitem__
    for name, count in counts.items():
        print(f"{name}: {count}{unit}", file=sys.stderr)
