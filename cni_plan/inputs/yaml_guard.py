"""YAML from people, looked at before anything is made of it: size, depth, number of values, merge keys."""

from collections.abc import Iterator
from typing import Any

from cni_plan.errors import InputError

LARGEST_DOCUMENT_BYTES = 4 * 1024 * 1024
"""A manifest is a few kilobytes; parsing megabytes of YAML takes minutes."""
DEEPEST_NESTING = 200
"""A manifest is nested a dozen levels deep."""
MOST_VALUES = 150_000
"""A plan of a thousand groups and subnets has some thirty thousand; so many take two seconds to read."""

TAG = "tag:yaml.org,2002:"
MERGE = f"{TAG}merge"


def check_size(text: str, where: str) -> None:
    """Refuse what is larger than anything that a person writes.

    Raises:
        InputError: It is.
    """
    if len(text) > LARGEST_DOCUMENT_BYTES:
        raise InputError(f"{where} is larger than {LARGEST_DOCUMENT_BYTES // 2**20} MiB")


def safe_loader() -> Any:  # noqa: ANN401 # a class of PyYAML; the C one is not in every build of it
    """PyYAML's safe loader, the quicker one where there is one."""
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def checked_roots(text: str, where: str) -> list[Any]:
    """The root nodes of a text's documents, whose events have been checked.

    Raises:
        InputError: Its merge keys multiply.
        yaml.YAMLError: It is no YAML.
    """
    import yaml

    roots = []
    for root in yaml.compose_all(text, Loader=safe_loader()):
        _check_merges(root, where)
        roots.append(root)
    return roots


def check_events(text: str, where: str) -> None:
    """Refuse what would take minutes, or crash libyaml's composer, which recurses in C.

    Raises:
        InputError: It nests too deeply or has too many values.
        yaml.YAMLError: It is no YAML.
    """
    import yaml

    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=safe_loader())):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST_NESTING:
            raise InputError(f"{where}: nested more than {DEEPEST_NESTING} levels deep")
        if count > MOST_VALUES:
            raise InputError(f"{where}: has more than {MOST_VALUES} values")


def _check_merges(root: Any, where: str) -> None:  # noqa: ANN401 # a node of PyYAML
    """Refuse merge keys (`<<`) that multiply: PyYAML copies the pairs of all before it drops those given twice."""
    sizes: dict[int, int] = {}
    total = 0
    for node in _from_below(root):
        if not is_mapping(node):
            continue
        sizes[id(node)] = 0  # while a mapping merges itself
        merged = [each for key, value in node.value if key.tag == MERGE for each in merged_mappings(value)]
        sizes[id(node)] = len(node.value) + sum(sizes.get(id(each), 0) for each in merged)
        total += sizes[id(node)]
        if total > MOST_VALUES:
            raise InputError(f"{where}:{node.start_mark.line + 1}: merge keys that multiply are refused")


def _from_below(root: Any) -> Iterator[Any]:  # noqa: ANN401 # nodes of PyYAML
    """Each node once, after all that is in it."""
    stack, seen = [(root, False)], set()
    while stack:
        node, done = stack.pop()
        if done:
            yield node
        elif id(node) not in seen and isinstance(node.value, list):
            seen.add(id(node))
            stack.append((node, True))
            stack += [(each, False) for item in reversed(node.value) for each in _parts(item)]


def _parts(item: Any) -> tuple[Any, ...]:  # noqa: ANN401 # nodes of PyYAML
    return item[::-1] if isinstance(item, tuple) else (item,)


def is_mapping(node: Any) -> bool:  # noqa: ANN401 # a node of PyYAML
    """Whether a node is a mapping."""
    return isinstance(node.value, list) and all(isinstance(item, tuple) for item in node.value[:1])


def merged_mappings(value: Any) -> list[Any]:  # noqa: ANN401 # a node of PyYAML
    """The mappings that a merge key names: one or a list of them."""
    return [value] if is_mapping(value) else value.value if isinstance(value.value, list) else []
