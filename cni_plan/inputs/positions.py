"""Where in a YAML or JSON text a value stands, and which keys stand there twice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from cni_plan.errors import InputError

Path = tuple[str | int, ...]


def compose(text: str) -> Any:  # noqa: ANN401 # a node of PyYAML, whose classes have no common public base
    """The nodes of a text that has been read already; None where it has none."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one is not in every build of PyYAML
    try:
        return yaml.compose(text, Loader=loader)
    except yaml.YAMLError:  # JSON that YAML does not take, such as one with tabs
        return None


def line_of(root: Any, path: Sequence[str | int]) -> int | None:  # noqa: ANN401 # a node of PyYAML
    """The line, from 1, of the value at a path, or of the nearest thing around it."""
    node = root
    line: int | None = None
    for step in path:
        if node is None:
            break
        line = node.start_mark.line + 1
        node, mark = _child(node, step)
        if mark is None:
            return line
        line = mark.line + 1
    return line


def _child(node: Any, step: str | int) -> tuple[Any, Any]:  # noqa: ANN401 # nodes and marks of PyYAML
    """The value below a node, and the mark of its key or of itself."""
    if isinstance(step, int):
        items = node.value if isinstance(node.value, list) else []
        if step < len(items) and not isinstance(items[step], tuple):
            return items[step], items[step].start_mark
        return None, None
    pairs = node.value if isinstance(node.value, list) else []
    for pair in pairs:
        if isinstance(pair, tuple) and pair[0].value == step:
            return pair[1], pair[0].start_mark
    return None, None


def duplicate_keys(root: Any) -> Iterator[tuple[str, int]]:  # noqa: ANN401 # a node of PyYAML
    """Keys that stand twice in one mapping, with their line; YAML itself takes the last without a word."""
    stack, seen = [root] if root is not None else [], set()
    while stack:
        node = stack.pop()
        if id(node) in seen or not isinstance(node.value, list):
            continue
        seen.add(id(node))
        keys = set()
        for item in node.value:
            if not isinstance(item, tuple):
                stack.append(item)
                continue
            key, value = item
            if isinstance(key.value, str) and key.value != "<<":
                if key.value in keys:
                    yield key.value, key.start_mark.line + 1
                keys.add(key.value)
            stack.append(value)


@dataclass(frozen=True, slots=True)
class PlanText:
    """A text with its nodes, to tell where in it a fault is."""

    where: str
    root: Any

    def fault(self, path: Sequence[str | int], message: str) -> NoReturn:
        """Refuse the text.

        Raises:
            InputError: Always; the message has the line and the path.
        """
        line = line_of(self.root, path)
        place = f"{self.where}:{line}" if line else self.where
        raise InputError(f"{place}: {_dotted(path)}{': ' if path else ''}{message}")


def _dotted(path: Sequence[str | int]) -> str:
    parts = (f"[{step}]" if isinstance(step, int) else f".{step[:60]}" for step in path)
    return "".join(parts).removeprefix(".")
