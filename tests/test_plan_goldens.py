"""Goldens of whole plans in every output. `CNI_PLAN_REWRITE=1 pytest tests/test_plan_goldens.py` rewrites them."""

import json
import os
from pathlib import Path

import pytest
import yaml

from tests.support import Cli

PLANS = Path(__file__).parent / "scenarios" / "plan"
REWRITE = bool(os.environ.get("CNI_PLAN_REWRITE"))
RUNS: dict[str, tuple[str, ...]] = {
    f"{name}.{suffix}": ("plan", f"{name}.yaml", *options)
    for name in ("small", "large", "ipv6")
    for suffix, options in {
        "txt": (),
        "json": ("-o", "json"),
        "report.yaml": ("-o", "yaml"),
        "md": ("-o", "markdown"),
        "html": ("-o", "html"),
        "explain.txt": ("--explain",),
    }.items()
} | {
    f"{name}.{suffix}": (*arguments, *options)
    for name, arguments in {
        "small-diff": ("plan", "diff", "small.yaml", "small-changed.yaml"),
        "small-to-secondary-ip": ("migrate", "small.yaml", "--to", "secondary-ip"),
        "running-to-prefix-delegation": ("migrate", "running.yaml", "--to", "prefix-delegation"),
        "running-to-custom-networking": ("migrate", "running.yaml", "--to", "custom-networking"),
    }.items()
    for suffix, options in {"txt": (), "json": ("-o", "json"), "md": ("-o", "markdown")}.items()
}
EXIT_CODES = {"small": 1, "large": 0, "ipv6": 0}


@pytest.mark.parametrize("golden", RUNS)
def test_a_plan_prints_what_it_printed_before(golden: str, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PLANS)
    outcome = cli(*RUNS[golden])
    assert outcome.err == ""
    assert outcome.code in {0, 1}
    if REWRITE:
        (PLANS / golden).write_text(outcome.out)
    assert outcome.out == (PLANS / golden).read_text()


def test_no_golden_is_left_over() -> None:
    kept = {path.name for path in PLANS.iterdir() if path.is_file()}
    plans = {"small.yaml", "small-changed.yaml", "large.yaml", "large-aws-node.yaml", "ipv6.yaml", "running.yaml"}
    assert kept == plans | {"running-vpc.json"} | RUNS.keys()


@pytest.mark.parametrize(("name", "code"), EXIT_CODES.items())
def test_a_plan_ends_with_1_where_it_has_errors(
    name: str, code: int, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PLANS)
    outcome = cli("plan", f"{name}.yaml", "-o", "json")
    findings = json.loads(outcome.out)["findings"]
    assert outcome.code == code
    assert any(finding["severity"] == "error" for finding in findings) == bool(code)
    assert cli("plan", f"{name}.yaml", "--fail-on", "never").code == 0
    assert cli("plan", f"{name}.yaml", "--fail-on", "info").code == int(bool(findings))


@pytest.mark.parametrize("name", EXIT_CODES)
def test_json_and_yaml_say_the_same(name: str) -> None:
    assert yaml.safe_load((PLANS / f"{name}.report.yaml").read_text()) == json.loads(
        (PLANS / f"{name}.json").read_text()
    )
