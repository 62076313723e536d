"""Where in a YAML or JSON text a value stands, and what is wrong with it before anything is made of it."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

from cni_plan.errors import InputError
from cni_plan.inputs.yaml_guard import MERGE, TAG, check_events, check_size, checked_roots, is_mapping, merged_mappings

Path = tuple[str | int, ...]

LONGEST_NUMBER = 100
"""Far more digits than any number of a plan has; Python refuses to print one of thousands."""
LONGEST_SHOWN = 60

_TEXT, _NUMBER = f"{TAG}str", f"{TAG}int"
_KINDS = {
    _NUMBER: "a whole number",
    f"{TAG}float": "a number",
    f"{TAG}bool": "true or false",
    f"{TAG}timestamp": "a date",
    f"{TAG}binary": "binary data",
}
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_<][A-Za-z0-9_<-]*", re.ASCII)
_NOT_YAML = re.compile(
    r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}|[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)
"""What JSON takes and YAML does not: halves of a character beyond U+FFFF, and control characters."""


def compose(text: str, where: str) -> list[Any]:
    """The nodes of a text's documents, of PyYAML's classes; none where YAML does not take it.

    Raises:
        InputError: It is larger, has more values, nests deeper or merges more than a file from a person does.
    """
    import yaml

    check_size(text, where)
    for each in (text, _NOT_YAML.sub("?", text)) if text.lstrip()[:1] == "{" else (text,):
        with suppress(yaml.YAMLError):  # the documents before the broken one would be read all the same
            check_events(each, where)
        with suppress(yaml.YAMLError):
            return checked_roots(each, where)
    return []


def line_of(root: Any, path: Sequence[str | int]) -> int | None:  # noqa: ANN401 # a node of PyYAML
    """The line, from 1, of the value at a path, or of the nearest thing around it."""
    node = root
    line = root.start_mark.line + 1 if root and path else None
    for step in path:
        if node is None:
            break
        node, mark = _child(node, step)
        if mark is None:
            return line
        line = mark.line + 1
    return line


def _child(node: Any, step: str | int) -> tuple[Any, Any]:  # noqa: ANN401 # nodes and marks of PyYAML
    """The value below a node, and the mark of its key or of itself; else where a merge key has it from."""
    items = node.value if isinstance(node.value, list) else []
    if isinstance(step, int):
        if step < len(items) and not isinstance(items[step], tuple):
            return items[step], items[step].start_mark
        return None, None
    waiting, seen = [node], set()
    while waiting:
        mapping = waiting.pop(0)
        if id(mapping) in seen or not is_mapping(mapping):
            continue
        seen.add(id(mapping))
        for key, value in mapping.value:
            if key.value == step and key.tag != MERGE:
                return value, key.start_mark
        waiting += [each for key, value in mapping.value if key.tag == MERGE for each in merged_mappings(value)]
    return None, None


@dataclass(frozen=True, slots=True)
class PlanText:
    """A text with its nodes, to tell where in it a fault is."""

    where: str
    root: Any

    def check(self) -> None:
        """Refuse keys that are no text or stand twice, and values that are not of the kind YAML takes them for.

        YAML itself takes the last of two keys without a word, and PyYAML fails over some values with a traceback.

        Raises:
            InputError: The first of these faults; the message has the line and the path.
        """
        first = min(_faults(self.root), default=None)
        if first:
            line, path, message = first
            raise InputError(self._told(line, path, message))

    def fault(self, path: Sequence[str | int], message: str) -> NoReturn:
        """Refuse the text.

        Raises:
            InputError: Always; the message has the line and the path.
        """
        raise InputError(self._told(line_of(self.root, path), _dotted(path), message))

    def _told(self, line: int | None, path: str, message: str) -> str:
        place = f"{self.where}:{line}" if line else self.where
        text = f"{place}: {path}{': ' if path else ''}{message}"
        return "".join(each if each.isprintable() else "?" for each in " ".join(text.split()))


def _faults(root: Any) -> Iterator[tuple[int, str, str]]:  # noqa: ANN401 # a node of PyYAML
    """The line, the path and what is wrong."""
    stack: list[tuple[Any, Path]] = [(root, ())] if root is not None else []
    seen = set()
    while stack:
        node, path = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if not isinstance(node.value, list):
            message = _misread(node)
            if message:
                yield node.start_mark.line + 1, _dotted(path), message
        elif is_mapping(node):
            yield from _key_faults(node, path)
            below = [(value, path if key.tag == MERGE else (*path, str(key.value))) for key, value in node.value]
            stack += reversed(below)
        else:
            stack += reversed([(item, (*path, place)) for place, item in enumerate(node.value)])


def _key_faults(node: Any, path: Path) -> Iterator[tuple[int, str, str]]:  # noqa: ANN401 # a node of PyYAML
    lines: dict[str, int] = {}
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if isinstance(key.value, list) or key.tag not in {_TEXT, MERGE}:
            shown = show(key.value) if isinstance(key.value, list) else key.value[:LONGEST_SHOWN]
            yield line, _dotted(path), f"expected a key of text, not {shown}"
        elif key.tag == _TEXT:
            if key.value in lines:
                yield line, _dotted((*path, key.value)), f"stands twice, on line {lines[key.value]} first"
            lines.setdefault(key.value, line)


def _misread(node: Any) -> str | None:  # noqa: ANN401 # a node of PyYAML
    """What is wrong with a value that YAML takes for more than text."""
    import yaml

    kind = _KINDS.get(node.tag)
    if not kind:
        return None
    if kind == _KINDS[_NUMBER] and len(node.value) > LONGEST_NUMBER:
        return f"expected a number of at most {LONGEST_NUMBER} digits, not of {len(node.value)}"
    try:
        yaml.constructor.SafeConstructor().construct_object(node)
    except (yaml.YAMLError, ValueError, LookupError, AttributeError):
        return f"YAML takes it for {kind}, which it is not: {show(node.value)}; put text into quotes"
    return None


def show(value: object) -> str:
    """A value as YAML and JSON write it, in short."""
    match value:
        case str():
            cut = "..." if len(value) > LONGEST_SHOWN else ""
            text = json.dumps(value[:LONGEST_SHOWN] + cut, ensure_ascii=False)
            return text.encode(errors="backslashreplace").decode()  # JSON has halves of characters
        case bool() | None:
            return json.dumps(value)
        case dict():
            return "a mapping"
        case list() | tuple() | set():
            return "a list"
    return str(value)[:LONGEST_SHOWN]


def _dotted(path: Sequence[str | int]) -> str:
    return "".join(map(_step, path)).removeprefix(".")


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN_KEY.fullmatch(step) and len(step) <= LONGEST_SHOWN else f"[{show(step)}]"
