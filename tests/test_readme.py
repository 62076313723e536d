"""The README's examples are run, and print what the README says.

`CNI_PLAN_REWRITE=1 pytest tests/test_readme.py` writes what they print now into it.
"""

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.console import Step, format_session, parse_session, run_step
from tests.support import Cli, Tool

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
TEXT = README.read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


if os.environ.get("CNI_PLAN_REWRITE"):
    for block in blocks("console"):
        TEXT = TEXT.replace(block, format_session([run_step(step, ROOT) for step in parse_session(block)]))
    README.write_text(TEXT)

STEPS = [step for block in blocks("console") for step in parse_session(block)]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.command.splitlines()[0][:60])
def test_an_example_prints_what_the_readme_says(step: Step) -> None:
    assert run_step(step, ROOT) == step


def test_the_library_example_prints_what_its_comment_says() -> None:
    (code,) = blocks("python")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == code.rpartition("# ")[2].strip()


def test_the_plan_that_is_shown_can_be_planned(tmp_path: Path, cli: Cli) -> None:
    (plan,) = blocks("yaml")
    (tmp_path / "cluster.yaml").write_text(plan)
    outcome = cli("plan", str(tmp_path / "cluster.yaml"), "-o", "json")
    # 8 nodes with 3 prefixes each at the maximum: half of them take the 12 blocks of private-a to the last
    assert outcome.code == 0
    assert [state["prefixes"] for state in json.loads(outcome.out)["subnets"][0]["states"]][:2] == [6, 12]


def test_the_iam_policy_names_only_reading_actions() -> None:
    (policy,) = map(json.loads, blocks("json"))
    actions = [action for statement in policy["Statement"] for action in statement["Action"]]
    assert all(re.fullmatch(r"(ec2|eks|pricing):(Describe|Get)\w+", action) for action in actions)


def test_every_command_is_in_the_readme() -> None:
    from cni_plan.cli.app import COMMANDS

    assert all(f"cni-plan {name}" in TEXT for name in COMMANDS)


def test_the_first_screen_has_the_two_commands() -> None:
    first, second = blocks("sh")[0].splitlines()
    assert "cni-plan max-pods" in first
    assert "-m pytest" in second
    assert TEXT.index(second) < 1200


def test_the_launch_template_script_hands_the_user_data_over(tool: Tool) -> None:
    (script,) = blocks("bash")
    assert tool("shellcheck", "-", stdin=script).stdout == ""
    stand_ins = f"""cni-plan() {{ "{sys.executable}" -m cni_plan "$@"; }}
aws() {{ printf "%s\\n" "${{@: -1}}"; }}
TEMPLATE_ID=lt-1
"""
    done = tool("bash", stdin=stand_ins + script)
    assert done.returncode == 0, done.stderr
    user_data = base64.b64decode(json.loads(done.stdout)["UserData"]).decode()
    assert '--kubelet-extra-args "--max-pods=110 --kube-reserved=' in user_data
    assert tool("bash", "-n", stdin=user_data).returncode == 0
