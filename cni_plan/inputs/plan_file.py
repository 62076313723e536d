"""A plan file, read and checked: every fault is told with its line, its path and what was expected."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, NoReturn, get_args

from pydantic import BaseModel, ValidationError

from cni_plan.catalog import Catalog
from cni_plan.engine.cluster import Cluster
from cni_plan.errors import InputError
from cni_plan.inputs.documents import read_documents
from cni_plan.inputs.plan_builder import Builder, Reader
from cni_plan.inputs.plan_model import PlanFile
from cni_plan.inputs.positions import Path, PlanText, compose, show

_EXPECTED = {
    "int_type": "a whole number",
    "bool_type": "true or false",
    "string_type": "a text",
    "string_unicode": "a text of whole characters",
    "list_type": "a list",
    "model_type": "a mapping",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "too_short": "{min_length} or more entries",
    "too_long": "at most {max_length} entries",
    "string_too_short": "{min_length} or more characters",
    "string_too_long": "at most {max_length} characters",
}
"""What pydantic's errors say was expected."""


def parse_plan(text: str, where: str, catalog: Catalog, read: Reader) -> Cluster:
    """Read a plan file.

    Args:
        text: YAML or JSON.
        where: What to call it in messages.
        catalog: The table of instance types.
        read: Reads a file that the plan names.

    Raises:
        InputError: The file is broken or contradicts itself; the message says where.
    """
    roots = compose(text, where)
    source = PlanText(where, roots[0] if roots else None)
    if len(roots) == 1:
        source.check()
    documents = roots if len(roots) > 1 else read_documents(text, where)
    if len(documents) != 1 or not isinstance(documents[0], dict):
        found = f"{len(documents)} documents" if len(documents) > 1 else show(documents[0]) if documents else "nothing"
        raise InputError(f"{where}: expected one YAML mapping, not {found}; `cni-plan plan --example` prints one")
    try:
        plan = PlanFile.model_validate(documents[0])
    except ValidationError as error:
        _refuse(source, error)
    return Builder(plan, source, catalog, read).cluster()


def _refuse(source: PlanText, error: ValidationError) -> NoReturn:
    errors = error.errors(include_url=False)
    # A key that nobody knows is often why another one is missing.
    first = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])
    path: Path = first["loc"]
    if first["type"] == "within":
        path = (*path, first["ctx"]["step"])
    more = f" (and {len(errors) - 1} more)" if errors[1:] else ""
    source.fault(path, _expected(first, path) + more)


def _expected(error: Any, path: Path) -> str:  # noqa: ANN401 # pydantic's TypedDict
    """What was expected at a path, in words."""
    kind, value = error["type"], error["input"]
    match kind:
        case "extra_forbidden":
            known = list(_fields_at(path[:-1]))
            near = get_close_matches(str(path[-1]), known, n=1)
            return (
                f"unknown key; did you mean {near[0]}?" if near else f"unknown key; expected one of {', '.join(known)}"
            )
        case "missing":
            return "is missing"
        case "value_error":
            return str(error["msg"]).removeprefix("Value error, ")
        case "within":
            return str(error["ctx"]["text"])
    # A kind that has no words here is one that the model did not have when they were written.
    words = _EXPECTED.get(kind, "what pydantic calls " + kind).format_map(error.get("ctx", {}))
    return f"expected {words}, not {len(value) if kind.endswith(('_long', '_short')) else show(value)}"


def _fields_at(path: Path) -> Iterator[str]:
    """The keys that may stand at a path."""
    model: Any = PlanFile
    for step in path:
        if isinstance(step, str):
            model = model.model_fields[step].annotation
            while not (isinstance(model, type) and issubclass(model, BaseModel)):
                model = next(each for each in get_args(model) if each is not type(None))
    yield from model.model_fields
