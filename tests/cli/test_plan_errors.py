import json
import os
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest

from tests.inputs.plans import BY_SNAPSHOT, PLAN, SNAPSHOT, changed
from tests.support import Cli, Outcome, Tool

ENV = '  env:\n    ENABLE_PREFIX_DELEGATION: "true"\n'
NEGATIVE = changed("desired: 2", "desired: -1")
A_NAME = "expected a name of at most 100 letters, digits and . _ / -, a letter or digit first, not "
NOT_A = "YAML takes it for"
KEYS = (
    "unknown key; expected one of name, ip_family, cni, control_plane, subnets, pod_subnets, snapshot, "
    "in_use_includes_nodes, node_groups, growth"
)
PATIENCE = 5
"""Seconds that a refusal may take on a busy machine; each takes well under two."""


def refusal(outcome: Outcome) -> str:
    """The one line on stderr, with nothing on stdout and exit code 2."""
    assert (outcome.code, outcome.out) == (2, "")
    assert "Traceback" not in outcome.err
    (line,) = outcome.err.splitlines()
    assert line.isprintable()
    return line.removeprefix("cni-plan: error: ")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, and the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "bad.yaml"),
        ("plan", "bad.yaml", "--explain"),
        ("plan", "bad.yaml", "--fail-on", "never"),
        *[("plan", "bad.yaml", "-o", each) for each in ("json", "yaml", "markdown", "html")],
        ("plan", "diff", "bad.yaml", "good.yaml"),
        ("plan", "diff", "good.yaml", "bad.yaml"),
        ("migrate", "bad.yaml", "--to", "prefix-delegation"),
    ],
    ids=" ".join,
)
def test_every_command_refuses_a_bad_plan_with_the_same_line(cli: Cli, here: Path, arguments: tuple[str, ...]) -> None:
    (here / "bad.yaml").write_text(NEGATIVE)
    (here / "good.yaml").write_text(PLAN)
    message = "bad.yaml:22: node_groups[0].nodes.desired: expected at least 0, not -1"
    assert refusal(cli(*arguments)) == message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("growth:", "grwth:", "26: grwth: unknown key; did you mean growth?"),
        ("10.0.1.0/24", "10.0.0.0/23", "10: subnets[0].cidr: 10.0.0.0/24 overlaps 10.0.0.0/23 of subnet b"),
        (
            "pods_per_node: 5",
            "zones: [z3]",
            "25: node_groups[0].zones[0]: no subnet of nodes is in z3; there are some in z1, z2",
        ),
        (
            "name: shop",
            'name: "a\\nb"',
            f'1: name: {A_NAME}"a\\nb"',
        ),
        (
            "name: shop",
            '"a\\e[2J\\nb": shop',
            f'1: ["a\\u001b[2J\\nb"]: {KEYS} (and 1 more)',
        ),
        ("name: shop", "name: !!bool x", f'1: name: {NOT_A} true or false, which it is not: "x"; put text into quotes'),
        ("    zone: z2", "\t- zone: z2", "15: broken YAML: found a tab character that violates indentation"),
    ],
)
def test_a_bad_plan_is_told_in_one_line(cli: Cli, here: Path, old: str, new: str, message: str) -> None:
    (here / "plan.yaml").write_text(changed(old, new))
    assert refusal(cli("plan", "plan.yaml")) == f"plan.yaml:{message}"


def test_a_long_list_of_what_there_is_is_cut(cli: Cli, here: Path) -> None:
    subnets = "".join(f"  - {{name: s{n}, zone: {n}{'z' * 90}, cidr: 10.1.{n}.0/24}}\n" for n in range(90))
    text = changed("pod_subnets:", f"{subnets}pod_subnets:", changed("pods_per_node: 5", "zones: [z3]"))
    (here / "plan.yaml").write_text(text)
    shown = ", ".join(f"{n}{'z' * 90}" for n in range(4))
    assert refusal(cli("plan", "plan.yaml")).endswith(f"there are some in z1, z2, {shown} and 86 more")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.yaml", "cannot read missing.yaml: No such file or directory"),
        ("directory", "cannot read directory: Is a directory"),
        ("/dev/zero", "/dev/zero is larger than 20 MiB"),
        ("empty.yaml", "empty.yaml: expected one YAML mapping, not nothing; `cni-plan plan --example` prints one"),
        ("latin.yaml", "latin.yaml is not UTF-8 text"),
        ("utf-16.yaml", "utf-16.yaml is not UTF-8 text"),
        ("cut.json", "cut.json:12: broken JSON: Expecting value at column 11"),
        ("odd\nname.yaml", "odd name.yaml:22: node_groups[0].nodes.desired: expected at least 0, not -1"),
    ],
)
def test_a_file_that_is_no_plan_is_told(cli: Cli, here: Path, name: str, message: str) -> None:
    (here / "directory").mkdir()
    (here / "empty.yaml").write_bytes(b"")
    (here / "latin.yaml").write_bytes("name: é\n".encode("latin-1"))
    (here / "utf-16.yaml").write_text(PLAN, encoding="utf-16")
    lines = json.dumps({"name": "x", "subnets": [{"name": "a", "zone": "z", "cidr": "c"}], "node_groups": []}, indent=1)
    (here / "cut.json").write_text("\n".join(lines.replace("[]", "\n").splitlines()[:10]) + "\n \n   \t\t\t    ,")
    (here / "odd\nname.yaml").write_text(NEGATIVE)
    assert refusal(cli("plan", name)) == message


@pytest.mark.parametrize("write", [lambda text: b"\xef\xbb\xbf" + text, lambda text: text.replace(b"\n", b"\r\n")])
def test_an_editor_of_another_system_does_no_harm(cli: Cli, here: Path, write: type[bytes]) -> None:
    for name, text in (("plain.yaml", PLAN.encode()), ("other.yaml", write(PLAN.encode()))):
        (here / name).write_bytes(text)
    assert cli("plan", "other.yaml") == cli("plan", "plain.yaml")
    (here / "bad.yaml").write_bytes(write(NEGATIVE.encode()))
    assert refusal(cli("plan", "bad.yaml")).startswith("bad.yaml:22: node_groups[0].nodes.desired: ")


def test_a_pipe_is_read_as_a_file_is(cli: Cli, here: Path) -> None:
    os.mkfifo(here / "pipe")
    (here / "plan.yaml").write_text(PLAN)
    writer = threading.Thread(target=lambda: (here / "pipe").write_text(PLAN))
    writer.start()
    assert cli("plan", "pipe") == cli("plan", "plan.yaml")
    writer.join()


def bomb() -> str:
    aliases = (f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n" for before, after in pairwise("abcdefghijkl"))
    return "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(aliases)


def merge_bomb() -> str:
    pairs = pairwise("abcdefghijkl")
    merges = (f"{after}: &{after} {{<<: [{', '.join([f'*{before}'] * 9)}]}}\n" for before, after in pairs)
    return "a: &a {x: 1}\n" + "".join(merges)


LONG = "x" * 60
MULTIPLY = "stands for more than 500000 values; aliases that multiply are refused"
LARGE = {
    "ten megabytes of name": (f"name: {'x' * 10_000_000}\n", " is larger than 4 MiB"),
    "ten megabytes of values": ("x:\n" + "- {a: b}\n" * 1_200_000, " is larger than 4 MiB"),
    "a name just below the limit": (
        f"name: {'x' * 4_000_000}\n",
        f':1: name: {A_NAME}"{LONG}..." (and 2 more)',
    ),
    "values just below the limit": (PLAN + "x:\n" + "- {a: b}\n" * 460_000, ": has more than 150000 values"),
    "flow just below the limit": (f"x: [{'a,' * 2_000_000}]", ": has more than 150000 values"),
    "keys just below the limit": ("".join(f"k{n}: 1\n" for n in range(350_000)), ": has more than 150000 values"),
    "json just below the limit": (json.dumps({"name": [1] * 1_300_000}), ": has more than 150000 values"),
    "twice as many keys as a plan": (
        PLAN + "".join(f"k{n}: 1\n" for n in range(50_000)),
        f":29: k0: {KEYS} (and 49999 more)",
    ),
    "aliases that multiply": (PLAN + bomb(), f": {MULTIPLY}"),
    "merge keys that multiply": (PLAN + merge_bomb(), ":35: merge keys that multiply are refused"),
    "lists without an end": (f"name: {'[' * 100_000}", ": nested more than 200 levels deep"),
    "mappings without an end": ('{"a":' * 100_000, ": nested more than 200 levels deep"),
    "a list that holds itself": (f"{PLAN}x: &x [*x]\n", f": {MULTIPLY}"),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_file_that_would_take_long_is_refused_at_once(program: Cli, here: Path, name: str) -> None:
    text, message = LARGE[name]
    (here / "plan.yaml").write_text(text)
    start = time.monotonic()
    outcome = program("plan", "plan.yaml", timeout=6 * PATIENCE)
    assert time.monotonic() - start < PATIENCE
    assert refusal(outcome) == f"plan.yaml{message}"


def test_a_manifest_that_multiplies_is_refused_at_once(program: Cli, here: Path) -> None:
    (here / "plan.yaml").write_text(changed(ENV, "  manifest: m.yaml\n"))
    (here / "m.yaml").write_text(merge_bomb())
    outcome = program("plan", "plan.yaml", timeout=6 * PATIENCE)
    assert refusal(outcome).startswith("plan.yaml:3: cni.manifest: m.yaml:")


def test_standard_input_is_called_so(program: Cli) -> None:
    outcome = program("plan", "-", stdin=NEGATIVE)
    assert refusal(outcome) == "standard input:22: node_groups[0].nodes.desired: expected at least 0, not -1"
    assert program("plan", "-", stdin=PLAN).code == 0
    assert refusal(program("plan", "-", stdin="")).startswith("standard input: expected one YAML mapping, not nothing;")


def test_files_that_a_plan_names_lie_beside_it_wherever_one_stands(
    cli: Cli, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside, elsewhere = here / "plans", here / "elsewhere"
    for directory in (beside / "deep", elsewhere):
        directory.mkdir(parents=True)
    (beside / "plan.yaml").write_text(changed(ENV, "  manifest: deep/aws-node.env\n", BY_SNAPSHOT))
    (beside / "deep" / "aws-node.env").write_text("ENABLE_PREFIX_DELEGATION=true\n")
    (beside / "vpc.json").write_text(json.dumps(SNAPSHOT))
    outcomes = []
    for directory, path in ((beside, "plan.yaml"), (here, "plans/plan.yaml"), (elsewhere, "../plans/plan.yaml")):
        monkeypatch.chdir(directory)
        outcomes += [cli("plan", path), cli("plan", str(beside / "plan.yaml"))]
    assert {outcome.code for outcome in outcomes} == {0}
    assert len({outcome.out for outcome in outcomes}) == 1


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("nowhere.yaml", "cannot read plans/nowhere.yaml: No such file or directory"),
        ('"-"', "cannot read plans/-: No such file or directory"),
        (".", "cannot read plans/.: Is a directory"),
        ('"a\\0b"', "cannot read plans/a?b: not a file name"),
        ("/dev/zero", "/dev/zero is larger than 20 MiB"),
        ("latin.yaml", "plans/latin.yaml is not UTF-8 text"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_the_line_that_names_it(
    program: Cli, here: Path, manifest: str, message: str
) -> None:
    (here / "plans").mkdir()
    (here / "plans" / "latin.yaml").write_bytes(b"\xe9")
    (here / "plans" / "plan.yaml").write_text(changed(ENV, f"  manifest: {manifest}\n"))
    outcome = program("plan", "plans/plan.yaml", stdin="ENABLE_PREFIX_DELEGATION=true\n")
    assert refusal(outcome) == f"plans/plan.yaml:3: cni.manifest: {message}"


def test_a_plan_is_not_its_own_manifest_or_snapshot(cli: Cli, here: Path) -> None:
    (here / "plan.yaml").write_text(changed(ENV, "  manifest: plan.yaml\n"))
    assert refusal(cli("plan", "plan.yaml")).startswith("plan.yaml:3: cni.manifest: plan.yaml: no aws-node in it;")
    (here / "plan.yaml").write_text(changed("vpc.json", "plan.yaml", BY_SNAPSHOT))
    assert refusal(cli("plan", "plan.yaml")).startswith("plan.yaml:2: snapshot: plan.yaml:1: broken JSON:")


def test_a_variable_that_nobody_knows_is_a_finding_and_no_error(cli: Cli, here: Path) -> None:
    (here / "plan.yaml").write_text(changed("ENABLE_PREFIX_DELEGATION", "ENABLE_PREFIX_DELEGATON"))
    outcome = cli("plan", "plan.yaml", "--fail-on", "never")
    assert (outcome.code, outcome.err) == (0, "")
    assert "ENABLE_PREFIX_DELEGATON" in outcome.out
    assert "[unknown-variable]" in outcome.out


def test_what_a_value_hides_does_not_reach_the_terminal(cli: Cli, here: Path) -> None:
    (here / "plan.yaml").write_text(changed('"true"', '"true"\n    MAX_ENI: "5\\e[2J\\nerror: all is well"'))
    for output in ("table", "markdown", "html"):
        outcome = cli("plan", "plan.yaml", "-o", output)
        assert "\x1b" not in outcome.out + outcome.err
        assert "\nerror: all is well" not in outcome.out


def test_the_schema_is_json_that_jq_reads(cli: Cli, tool: Tool) -> None:
    done = tool("jq", "-r", ".required[]", stdin=cli("plan", "--schema").out)
    assert (done.returncode, done.stdout.split()) == (0, ["name", "subnets", "node_groups"])


def test_schema_and_example_need_no_file(cli: Cli) -> None:
    for option in ("--schema", "--example"):
        assert cli("plan", option).out == cli("plan", "/nowhere", option).out
