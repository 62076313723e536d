"""The house: which room may know which, and what a start may load."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import cni_plan

PACKAGE = Path(cni_plan.__file__).parent
# Each room may import from itself and from the rooms named.
ROOMS = {
    "errors": set[str](),
    "catalog": {"errors"},
    "engine": {"catalog", "errors"},
    "inputs": {"engine", "catalog", "errors"},
    "sources": {"inputs", "engine", "catalog", "errors"},
    "snippets": {"engine", "catalog", "errors"},
    "render": {"engine", "catalog", "errors"},
    "cli": {"render", "snippets", "sources", "inputs", "engine", "catalog", "errors", "__init__"},
    "__main__": {"cli"},
    "__init__": {"engine", "catalog", "errors"},
}
PURE_ENGINE = {
    "collections",
    "dataclasses",
    "difflib",
    "enum",
    "functools",
    "ipaddress",
    "itertools",
    "json",
    "math",
    "re",
    "statistics",
    "typing",
}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{name.name}" if node.module == "cni_plan" else node.module for name in node.names}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return found


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else "__init__"


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_arrows_point_up_only(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    used = {room(module) for module in imports(path) if module.split(".")[0] == "cni_plan"}
    assert used <= ROOMS[own] | {own}


@pytest.mark.parametrize("path", sorted((PACKAGE / "engine").glob("*.py")), ids=lambda path: path.name)
def test_the_engine_is_pure(path: Path) -> None:
    outside = {module.split(".")[0] for module in imports(path)} - {"cni_plan"}
    assert outside <= PURE_ENGINE


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_has_two_jobs(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; sys.stdout = sys.stderr\n{statement}\nprint('\\n'.join(sys.modules), file=sys.__stdout__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.split()}


HEAVY = {"rich", "pydantic", "yaml", "boto3", "botocore"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["max-pods", "-t", "t3.large"],
        ["max-pods", "-t", "*"],
        ["max-pods", "-t", "*", "-o", "json"],
        ["subnet", "--pods", "48", "--cidr", "10.0.0.0/24"],
        ["user-data", "--format", "kubelet-args", "-t", "t3.large"],
        ["catalog", "show", "t3.large"],
        ["--version"],
    ],
    ids=" ".join,
)
def test_offline_commands_load_nothing_heavy(arguments: list[str]) -> None:
    assert not loaded_by(f"from cni_plan.cli.app import run; run({arguments!r})") & HEAVY


def test_importing_the_library_loads_none_of_it() -> None:
    assert "typer" not in loaded_by("from cni_plan import load_catalog, max_pods; max_pods(load_catalog()['t3.large'])")
    done = subprocess.run(
        [sys.executable, "-c", "import sys, cni_plan; print(sum(name.startswith('cni_plan') for name in sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "1\n"


def test_every_public_name_can_be_imported() -> None:
    assert all(getattr(cni_plan, name) is not None for name in cni_plan.__all__)
    assert dir(cni_plan) == sorted(cni_plan.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = cni_plan.nothing
