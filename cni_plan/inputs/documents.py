"""YAML and JSON documents from people, read without trusting them."""

from collections.abc import Iterator
from typing import Any

from cni_plan.errors import InputError
from cni_plan.inputs.yaml_guard import check_events, check_size, checked_roots, safe_loader

MOST_NODES = 500_000
"""Values that a document may stand for once its aliases are followed."""


def read_documents(text: str, where: str) -> list[Any]:
    """Read YAML, several documents of it, or JSON, also several texts one after the other.

    Raises:
        InputError: The text is too large, no YAML or JSON, or stands for more than it should.
    """
    import json

    import yaml

    check_size(text, where)
    stripped = text.lstrip()
    try:
        if stripped[:1] in {"{", "["}:
            try:
                documents = list(_json_texts(text))
            except json.JSONDecodeError as error:
                documents = _yaml_or(text, error, where)
        else:
            documents = _load_yaml(text, where)
        _count_nodes(documents, where)
    except yaml.YAMLError as error:
        raise InputError(_explain(error, where)) from None
    except RecursionError:
        raise InputError(f"{where}: nested too deeply to be a manifest") from None
    except ValueError as error:  # a date or a number that Python cannot hold
        raise InputError(f"{where}: {' '.join(str(error).split())[:200]}") from None
    except (LookupError, AttributeError):  # PyYAML, of a value that its tag does not fit, such as !!bool x
        raise InputError(f"{where}: broken YAML: a tag and its value do not go together") from None
    return documents


def read_json(text: str, where: str) -> list[Any]:
    """Read JSON, also several texts one after the other; large ones too, since JSON is quick to read.

    Raises:
        InputError: The text is no JSON.
    """
    import json

    try:
        return list(_json_texts(text))
    except json.JSONDecodeError as error:
        raise InputError(f"{where}:{error.lineno}: broken JSON: {error.msg} at column {error.colno}") from None
    except (RecursionError, ValueError):
        raise InputError(f"{where}: nested too deeply, or a number too long, for an answer of EC2") from None


def _load_yaml(text: str, where: str) -> list[Any]:
    import yaml

    check_events(text, where)
    checked_roots(text, where)
    return list(yaml.load_all(text, Loader=safe_loader()))  # a safe loader


def _json_texts(text: str) -> Iterator[Any]:
    """JSON texts one after the other, as `kubectl ... | jq` prints several."""
    import json

    decoder = json.JSONDecoder()
    place = len(text) - len(text.lstrip())
    while place < len(text):
        value, end = decoder.raw_decode(text, place)
        yield value
        place = end
        while place < len(text) and text[place].isspace():
            place += 1


def _yaml_or(text: str, error: Any, where: str) -> list[Any]:  # noqa: ANN401 # json.JSONDecodeError
    """YAML that begins like JSON, such as `{a: b}`; else what is wrong with the JSON."""
    import yaml

    try:
        return _load_yaml(text, where)
    except yaml.YAMLError:
        raise InputError(f"{where}:{error.lineno}: broken JSON: {error.msg} at column {error.colno}") from None


def _explain(error: Exception, where: str) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    place = f"{where}:{mark.line + 1}" if mark else where
    return f"{place}: broken YAML: {' '.join(str(problem).split())[:200]}"


def _count_nodes(documents: list[Any], where: str) -> None:
    """Walk what the documents stand for, aliases followed, and stop where it grows beyond reason."""
    stack: list[Any] = [documents]
    seen = 0
    while stack:
        value = stack.pop()
        seen += 1
        if seen > MOST_NODES:
            raise InputError(f"{where}: stands for more than {MOST_NODES} values; aliases that multiply are refused")
        if isinstance(value, dict):
            stack.extend(value.values())
        elif isinstance(value, list | tuple | set):
            stack.extend(value)
