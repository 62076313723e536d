"""Goldens: whole sessions with what they print. `CNI_PLAN_REWRITE=1 pytest tests/test_scenarios.py` rewrites them."""

import os
from pathlib import Path

import pytest

from tests.console import format_session, parse_session, run_step

SCENARIOS = Path(__file__).parent / "scenarios"
REWRITE = bool(os.environ.get("CNI_PLAN_REWRITE"))


SESSIONS = sorted(SCENARIOS.rglob("*.console"))


@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_session_prints_what_it_printed_before(path: Path) -> None:
    expected = parse_session(path.read_text())
    assert expected
    actual = [run_step(step, path.parent) for step in expected]
    if REWRITE:
        path.write_text(format_session(actual))
    assert actual == expected
