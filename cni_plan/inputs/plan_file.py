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
from cni_plan.inputs.positions import Path, PlanText, compose, duplicate_keys


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
    documents = read_documents(text, where)
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise InputError(f"{where}: expected one YAML mapping; `cni-plan plan --example` prints one")
    source = PlanText(where, compose(text))
    for key, line in duplicate_keys(source.root):
        raise InputError(f"{where}:{line}: {key[:60]} stands twice")
    try:
        plan = PlanFile.model_validate(documents[0])
    except ValidationError as error:
        _refuse(source, error)
    return Builder(plan, source, catalog, read).cluster()


def _refuse(source: PlanText, error: ValidationError) -> NoReturn:
    first, *others = error.errors()
    path: Path = first["loc"]
    more = f" (and {len(others)} more)" if others else ""
    source.fault(path, _expected(first, path) + more)


def _expected(error: Any, path: Path) -> str:  # noqa: ANN401 # pydantic's TypedDict
    """What was expected at a path, in words."""
    match error["type"]:
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
        case _:
            message = str(error["msg"]).removeprefix("Input should be ").replace("a valid ", "a ")
            return f"expected {message[:1].lower()}{message[1:]}, not {str(error['input'])[:60]!r}"


def _fields_at(path: Path) -> Iterator[str]:
    """The keys that may stand at a path."""
    model: Any = PlanFile
    for step in path:
        if isinstance(step, str):
            model = model.model_fields[step].annotation
            while not (isinstance(model, type) and issubclass(model, BaseModel)):
                model = next(each for each in get_args(model) if each is not type(None))
    yield from model.model_fields
