import json
from pathlib import Path

import pytest

from cni_plan.engine.findings import Code
from tests.support import Cli

MANIFEST = str(Path(__file__).parent.parent / "scenarios" / "check" / "aws-node-v1.15.3.yaml")


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    file = tmp_path / "aws-node.env"
    file.write_text("WARM_IP_TARGET=2\n")  # one warning
    return file


def test_the_published_manifest_fails_with_records_of_the_documented_fields(cli: Cli) -> None:
    outcome = cli("check", MANIFEST, "-o", "json")
    assert outcome.code == 1
    findings = json.loads(outcome.out)
    assert findings[0] == {
        "code": "not-a-boolean",
        "severity": "error",
        "variable": "spec.template.spec.hostNetwork",
        "value": '"true"',
        "message": "must be true or false without quotes; as it is, the manifest is refused",
        "fix": "write true or false without quotes",
    }
    assert [finding["severity"] for finding in findings] == ["error"] * 3 + ["info"]


@pytest.mark.parametrize(("fail_on", "code"), [("error", 0), ("warning", 1), ("info", 1), ("never", 0)])
def test_the_exit_code_follows_fail_on(cli: Cli, lines: Path, fail_on: str, code: int) -> None:
    outcome = cli("check", str(lines), "--fail-on", fail_on)
    assert outcome.code == code
    assert "warm-ip-without-minimum" in outcome.out


def test_the_table_groups_by_severity_with_the_fix(cli: Cli) -> None:
    text = cli("check", MANIFEST).out
    assert text.startswith("3 errors\n")
    assert "\n1 for information\n  WARM_PREFIX_TARGET=1: has no effect: it counts with prefix delegation only\n" in text
    assert text.count("    fix: ") == 4


def test_a_clean_configuration_says_so(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "addon.json"
    file.write_text('{"env": {"ENABLE_PREFIX_DELEGATION": "true"}}')
    outcome = cli("check", str(file), "-t", "m5.large")
    assert (outcome.code, outcome.out) == (0, "no findings\n")
    assert json.loads(cli("check", str(file), "-o", "json").out) == []


def test_types_and_a_release_can_be_named(cli: Cli, lines: Path) -> None:
    lines.write_text("ENABLE_PREFIX_DELEGATION=true\n")
    outcome = cli("check", str(lines), "-t", "t2.*", "--cni-version", "1.8.0", "-o", "json")
    found = {finding["code"] for finding in json.loads(outcome.out)}
    assert found == {"variable-too-new", "prefixes-unsupported"}


@pytest.mark.parametrize("code", list(Code))
def test_each_code_is_explained(cli: Cli, code: Code) -> None:
    outcome = cli("check", "--explain", code)
    assert outcome.code == 0
    assert outcome.out.startswith(f"{code}\n")
    assert "\nSource: " in outcome.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name a file to check"),
        (["/nowhere"], "cannot read /nowhere"),
        (["/dev/zero"], "larger than 20 MiB"),
        (["/dev/null"], "no aws-node in it"),
        ([MANIFEST, "-t", "t3.larg"], "did you mean t3.large"),
        ([MANIFEST, "--cni-version", "banana"], "is not a CNI version"),
        ([MANIFEST, "--fail-on", "maybe"], "'--fail-on'"),
        (["--explain", "ipv4-absnt"], "did you mean ipv4-absent"),
    ],
)
def test_bad_input_is_one_clear_line(cli: Cli, arguments: list[str], message: str) -> None:
    outcome = cli("check", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1
    assert message in outcome.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("env: {A: !!bool x}\n", "standard input: broken YAML: a tag and its value do not go together"),
        ("env: {A: !!timestamp x}\n", "standard input: broken YAML: a tag and its value do not go together"),
        ('\n\n\n{"env":\n', "standard input:5: broken JSON: Expecting value at column 1"),
        ("x: [" + "a," * 200_000 + "]\n", "standard input: has more than 150000 values"),
        (
            "a0: &a0 {x: 1}\n"
            + "".join(f"a{n}: &a{n}\n  <<: [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 20)),
            "merge keys that multiply are refused",
        ),
    ],
)
def test_what_would_crash_or_hang_is_refused_in_one_line(text: str, message: str, program: Cli) -> None:
    done = program("check", "-", stdin=text, timeout=10)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1


def test_no_control_character_of_a_name_reaches_the_terminal(program: Cli) -> None:
    done = program("check", "-", stdin='env: {"A\\e[31m": x}\n')
    assert "A?[31m" in done.out
    assert "\x1b" not in done.out
