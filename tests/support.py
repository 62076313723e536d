"""What tests say to each other: how a run ended, and that a program is missing."""

import base64
import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Outcome:
    """How a run of the command line ended."""

    code: int
    out: str
    err: str


Cli = Callable[..., Outcome]
Tool = Callable[..., "subprocess.CompletedProcess[str]"]


def missing_program(name: str) -> None:
    """Skip a test whose program is not installed; where CI runs, that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"{name} is not installed, and CI must not skip what needs it")
    pytest.skip(f"needs {name}")


def evaluate_hcl(tool: Tool, directory: Path, expression: str) -> str:
    """The string that Terraform makes of an expression, however many lines it has."""
    (directory / "main.tf").write_text(f"locals {{\n  text = base64encode({expression})\n}}\n")
    done = tool("terraform", f"-chdir={directory}", "console", stdin="local.text\n")
    assert done.returncode == 0, done.stderr
    return base64.b64decode(json.loads(done.stdout)).decode()
