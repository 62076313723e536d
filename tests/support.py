"""What tests say to each other: how a run ended, and that a program is missing."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

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
