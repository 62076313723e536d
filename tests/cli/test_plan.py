import json
import math
import re
import sys
from pathlib import Path

import pytest
import yaml

from cni_plan.inputs.plan_model import json_schema
from tests.support import Cli, Tool

PLANS = Path(__file__).parent.parent / "scenarios" / "plan"
SMALL = str(PLANS / "small.yaml")


def test_the_report_gives_the_figures_of_each_subnet_and_state(cli: Cli) -> None:
    (record,) = [json.loads(cli("plan", SMALL, "-o", "json").out)]
    assert (record["schema_version"], record["cluster"], record["fits"]) == (1, "shop", "no")
    subnet = record["subnets"][0]
    assert (subnet["name"], subnet["free_addresses"], subnet["free_prefixes"]) == ("private-a", 248, 12)
    states = {state["state"]: state for state in subnet["states"]}
    # 2 of web with 3 prefixes, 1 of jobs with 4; 3 ENIs of nodes and 2 of the control plane
    assert (states["desired"]["prefixes"], states["desired"]["single_addresses"]) == (10, 5)
    assert states["desired"]["addresses"] == 5 + 16 * 10
    assert states["desired"]["groups"] == [
        {"group": "web", "nodes": 2, "addresses": 98, "single_addresses": 2, "prefixes": 6},
        {"group": "jobs", "nodes": 1, "addresses": 65, "single_addresses": 1, "prefixes": 4},
    ]
    assert (states["maximum"]["fits"], states["maximum"]["left_prefixes"]) == ("no", -4)


def value_of(formula: str) -> int | None:
    """What a formula of the explanation comes to, words aside; None where it is no arithmetic."""
    plain = re.sub(r"(?<=\w)-(?=\w)|\((?!ceil|min)[a-z][^)]*\)", "", formula)
    if not re.match(r"[\d(]|min|ceil", plain) or re.search(r"<=|>", plain):
        return None
    if "min(" not in plain:
        plain = plain.partition(",")[0]
    tokens = re.findall(r"min|ceil|\bx\b|\d+(?:\.\d+)?%?|[-+/(),^]", plain)
    words = {"x": "*", "^": "**"}
    code = "".join(f"{token[:-1]}/100" if token.endswith("%") else words.get(token, token) for token in tokens)
    return int(eval(code, {"min": min, "ceil": math.ceil, "__builtins__": {}}))  # noqa: S307 # digits and operators only


@pytest.mark.parametrize(("name", "lines"), [("small", 50), ("large", 100), ("ipv6", 50)])
def test_every_number_of_the_explanation_is_what_its_formula_comes_to(name: str, lines: int, cli: Cli) -> None:
    checked = 0
    for line in cli("plan", str(PLANS / f"{name}.yaml"), "--explain").out.splitlines():
        left, equals, formula = line.partition("  = ")
        value = value_of(formula) if equals else None
        if value is not None:
            assert left.split()[-1] == str(value), line
            checked += 1
    assert checked > lines


def test_the_example_is_a_plan_that_fits(cli: Cli, program: Cli) -> None:
    example = cli("plan", "--example")
    assert example.code == 0
    done = program("plan", "-", "-o", "json", stdin=example.out)
    assert (done.code, json.loads(done.out)["fits"]) == (0, "yes")


def test_the_schema_is_that_of_the_model(cli: Cli) -> None:
    assert json.loads(cli("plan", "--schema").out) == json_schema()


def test_the_report_is_as_wide_as_a_terminal_allows(cli: Cli) -> None:
    assert max(map(len, cli("plan", str(PLANS / "ipv6.yaml")).out.splitlines()[4:7])) <= 80


def test_a_change_that_brings_errors_ends_with_1(cli: Cli) -> None:
    changed = str(PLANS / "small-changed.yaml")
    better, worse = cli("plan", "diff", SMALL, changed, "-o", "json"), cli("plan", "diff", changed, SMALL, "-o", "json")
    assert (better.code, worse.code) == (0, 1)
    assert json.loads(better.out)["new_findings"] == [] or not any(
        finding["severity"] == "error" for finding in json.loads(better.out)["new_findings"]
    )
    figures = {(each["subject"], each["figure"]): each for each in json.loads(better.out)["changes"]}
    # IP targets of 5 and 25 hold 2 prefixes for 20 pods instead of 3
    assert figures["group web", "addresses per node"]["before"] == 1 + 16 * 3
    assert figures["group web", "addresses per node"]["after"] == 1 + 16 * 2
    assert figures["subnet more-a", "free /28 blocks"] == {
        "subject": "subnet more-a",
        "figure": "free /28 blocks",
        "before": None,
        "after": 14,
    }


def test_a_file_called_like_a_subcommand_is_found_by_its_path(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("diff", "plan"):
        Path(name).write_text(Path(SMALL).read_text())
    assert cli("plan", "./diff", "-o", "json").out == cli("plan", "plan", "-o", "json").out != ""


def test_without_a_file_the_command_says_what_to_do(cli: Cli) -> None:
    outcome = cli("plan")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "cni-plan: error: name a plan file, or - for stdin; `cni-plan plan --example` prints one\n"


def test_help_names_the_files_and_both_commands(cli: Cli) -> None:
    page = cli("plan", "--help").out
    assert page.startswith("Usage: cni-plan plan [OPTIONS] [FILE]\n")
    assert "plan diff OLD NEW" in page
    assert cli("plan", "diff", "-h").out.startswith("Usage: cni-plan plan diff [OPTIONS] {OLD} {NEW}\n")


def test_aws_node_and_snapshot_are_found_beside_the_plan(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert json.loads(cli("plan", str(PLANS / "large.yaml"), "-o", "json").out)["cni_version"] == "1.20.4"
    running = json.loads(cli("plan", str(PLANS / "running.yaml"), "-o", "json").out)
    assert running["subnets"][0]["cidr"] == "10.2.0.0/22"
    # 2 x 30 of web, 1 x 60 of jobs, 18 of edge, 2 ENIs of the control plane; 144 are in use
    assert running["subnets"][0]["running_nodes"]["addresses"] == 140
    assert running["subnets"][0]["used_addresses"] == 144


def migration(cli: Cli, name: str, target: str) -> dict[str, object]:
    document: dict[str, object] = json.loads(cli("migrate", str(PLANS / name), "--to", target, "-o", "json").out)
    return document


@pytest.mark.parametrize(
    ("name", "target"),
    [("running.yaml", "prefix-delegation"), ("running.yaml", "custom-networking"), ("small.yaml", "secondary-ip")],
)
def test_the_commands_of_a_runbook_are_shell(name: str, target: str, cli: Cli, tool: Tool) -> None:
    steps = migration(cli, name, target)["steps"]
    assert isinstance(steps, list)
    script = "#!/usr/bin/env bash\nset -eu\n" + "".join(
        step["commands"] + step["verify"] + step["back_commands"] for step in steps
    )
    assert tool("bash", "-n", stdin=script).stderr == ""
    assert tool("shellcheck", "-", stdin=script).stdout == ""
    backs = "".join(f"{step['back']}\n" for step in steps if step["back"].startswith(("kubectl", "aws")))
    assert (
        tool("bash", "-n", stdin=backs.replace(", or the", "; : the").replace(", and drain", "; : drain")).stderr == ""
    )


def test_the_runbook_keeps_the_rest_of_the_add_ons_configuration(
    cli: Cli, tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = migration(cli, "running.yaml", "custom-networking")["steps"]
    assert isinstance(steps, list)
    (step,) = [step for step in steps if step["title"] == "Change aws-node's settings"]
    monkeypatch.chdir(tmp_path)
    before = {"enableNetworkPolicy": "true", "env": {"AWS_VPC_K8S_CNI_EXTERNALSNAT": "true"}, "tolerations": [{}]}
    Path("vpc-cni-before.json").write_text(json.dumps(before))
    updates = 'aws() { last="${@: -1}"; cat "${last#file://}"; }'
    after = tool("bash", stdin=f"{updates}\n{step['commands']}").stdout
    assert json.loads(after) == before | {
        "env": {
            "AWS_VPC_K8S_CNI_EXTERNALSNAT": "true",
            "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": "true",
            "ENI_CONFIG_LABEL_DEF": "topology.kubernetes.io/zone",
        }
    }
    assert json.loads(tool("bash", stdin=f"{updates}\n{step['back_commands']}").stdout) == before


def test_the_new_groups_get_the_max_pods_of_the_new_mode(cli: Cli) -> None:
    steps = migration(cli, "running.yaml", "prefix-delegation")["steps"]
    assert isinstance(steps, list)
    files = {file["name"]: file["text"] for step in steps for file in step["files"]}
    assert files.keys() == {"web-prefixes.yaml", "jobs-prefixes.yaml", "edge-prefixes.toml"}
    (group,) = yaml.safe_load(files["web-prefixes.yaml"])["managedNodeGroups"]
    assert (group["name"], group["maxPodsPerNode"]) == ("web-prefixes", 110)
    assert (group["desiredCapacity"], group["maxSize"], group["privateNetworking"]) == (4, 6, True)
    assert group["subnets"] == ["subnet-0aaa", "subnet-0bbb"]
    assert "addons" not in yaml.safe_load(files["web-prefixes.yaml"])
    node_class, pool = yaml.safe_load_all(files["jobs-prefixes.yaml"])
    assert node_class["spec"]["kubelet"]["maxPods"] == 110
    assert pool["metadata"]["name"] == node_class["metadata"]["name"] == "jobs-prefixes-110"
    assert "max-pods = 110" in files["edge-prefixes.toml"]


def test_each_group_is_made_drained_and_removed_in_turn(cli: Cli) -> None:
    steps = migration(cli, "running.yaml", "prefix-delegation")["steps"]
    assert isinstance(steps, list)
    titles = [step["title"] for step in steps]
    assert titles == [
        "Look at what is there, and keep it",
        "Reserve blocks for the prefixes",
        "Keep new pods off the old nodes",
        "Change aws-node's settings",
        "web: make 4 nodes of the new group web-prefixes",
        "web: move the pods",
        "web: remove the old nodes",
        "jobs: make 2 nodes of the new group jobs-prefixes",
        "jobs: move the pods",
        "jobs: remove the old nodes",
        "edge: make 2 nodes of the new group edge-prefixes",
        "edge: move the pods",
        "edge: remove the old nodes",
        "See that it holds",
    ]
    assert all(step["back"] for step in steps)


def test_a_migration_ends_with_1_where_old_and_new_do_not_fit(cli: Cli) -> None:
    assert cli("migrate", SMALL, "--to", "secondary-ip").code == 1
    assert cli("migrate", str(PLANS / "running.yaml"), "--to", "prefix-delegation").code == 0


def test_a_migration_to_where_the_cluster_is_says_so(cli: Cli) -> None:
    outcome = cli("migrate", SMALL, "--to", "prefix-delegation")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "cni-plan: error: the plan is at prefix-delegation already: there is nothing to migrate\n"


def test_a_closed_pipe_and_a_full_disk_are_no_tracebacks(tool: Tool) -> None:
    script = f'"{sys.executable}" -m cni_plan plan "{SMALL}" -o json > /dev/full'
    done = tool("bash", "-c", script)
    assert done.returncode == 3
    assert done.stderr == "cni-plan: error: cannot write the result: No space left on device\n"
    assert "Traceback" not in tool("bash", "-c", script.replace("> /dev/full", "| head -1")).stderr


def test_karpenters_old_pool_makes_no_node_while_the_pods_move(cli: Cli) -> None:
    steps = migration(cli, "running.yaml", "prefix-delegation")["steps"]
    assert isinstance(steps, list)
    titles = [step["title"] for step in steps]
    quiet = steps[titles.index("Keep new pods off the old nodes")]
    assert quiet["commands"].splitlines()[0].startswith("kubectl patch nodepool jobs --type merge")
    assert titles.index("Keep new pods off the old nodes") < titles.index("Change aws-node's settings")
    made = steps[titles.index("jobs: make 2 nodes of the new group jobs-prefixes")]
    assert made["expect"].startswith("none yet: Karpenter makes them")


def test_what_a_node_needs_to_know_of_its_cluster_is_in_the_new_user_data(cli: Cli) -> None:
    access = (
        "--api-server-endpoint",
        "https://api.example",
        "--b64-cluster-ca",
        "Q0E=",
        "--service-cidr",
        "10.9.0.0/16",
    )
    outcome = cli("migrate", str(PLANS / "running.yaml"), "--to", "prefix-delegation", *access, "-o", "json")
    files = {file["name"]: file["text"] for step in json.loads(outcome.out)["steps"] for file in step["files"]}
    assert 'api-server = "https://api.example"' in files["edge-prefixes.toml"]
    assert "replace-me.invalid" not in files["edge-prefixes.toml"]
