import io
import json
import subprocess
import sys
from pathlib import Path

import boto3
import hcl2
import kubernetes_validate
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cni_plan import CniSettings
from cni_plan.engine.checks import check
from cni_plan.engine.findings import Severity
from cni_plan.inputs.aws_node import parse_aws_node
from tests.support import Cli, Tool, evaluate_hcl

MANIFEST = Path(__file__).parent.parent / "scenarios" / "check" / "aws-node-v1.15.3.yaml"
OPTIONS = (
    *("--cni-prefix-delegation-enabled", "--warm-ip-target", "2", "--minimum-ip-target", "12"),
    *("--cni-custom-networking-enabled", "--pod-eni", "--cni-max-eni", "3"),
)
ENV = {
    "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": "true",
    "ENABLE_POD_ENI": "true",
    "ENABLE_PREFIX_DELEGATION": "true",
    "MAX_ENI": "3",
    "MINIMUM_IP_TARGET": "12",
    "WARM_IP_TARGET": "2",
}
WHOLE = {"env": ENV, "init": {"env": {"DISABLE_TCP_EARLY_DEMUX": "true"}}}


def text_of(cli: Cli, text_format: str, *arguments: str) -> str:
    outcome = cli("addon", "--format", text_format, "--cluster-name", "demo", *arguments)
    assert outcome.code == 0, outcome.err
    return outcome.out


def test_only_what_differs_is_named_and_all_values_are_strings(cli: Cli) -> None:
    assert json.loads(text_of(cli, "json", *OPTIONS)) == WHOLE
    assert json.loads(text_of(cli, "json")) == {}
    everything = json.loads(text_of(cli, "json", *OPTIONS, "--all"))
    assert everything["env"].items() > ENV.items()
    assert all(isinstance(value, str) for value in everything["env"].values())
    assert "ENABLE_IPv4" not in everything["env"]  # the managed add-on's schema refuses it


def test_yaml_for_helm_and_eksctl(cli: Cli) -> None:
    assert yaml.safe_load(text_of(cli, "helm", *OPTIONS)) == WHOLE
    config = yaml.safe_load(text_of(cli, "eksctl", *OPTIONS, "--region", "eu-west-1"))
    assert json.loads(config["addons"][0]["configurationValues"]) == WHOLE


@pytest.mark.parametrize("options", [OPTIONS, (), ("--pod-eni",)], ids=["all", "none", "one"])
def test_terraform_is_formatted_parses_and_evaluates_to_the_values(
    cli: Cli, tool: Tool, tmp_path: Path, options: tuple[str, ...]
) -> None:
    text = text_of(cli, "terraform", *options)
    checked = tool("terraform", "fmt", "-check", "-diff", "-", stdin=text)
    assert checked.returncode == 0, checked.stdout
    assert hcl2.load(io.StringIO(text))["resource"]
    expression = text.split("configuration_values = ", 1)[1].rsplit("}\n", 1)[0]
    value = evaluate_hcl(tool, tmp_path, expression.strip())
    assert json.loads(value) == json.loads(text_of(cli, "json", *options))


def test_the_cloudformation_template_passes_cfn_lint(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "template.json"
    file.write_text(text_of(cli, "cloudformation", *OPTIONS))
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--non-zero-exit-code", "warning", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout
    properties = json.loads(file.read_text())["Resources"]["VpcCni"]["Properties"]
    assert json.loads(properties["ConfigurationValues"]) == WHOLE


def test_the_aws_clis_command_passes_botocores_validation(cli: Cli, tool: Tool) -> None:
    script = text_of(cli, "aws-cli", *OPTIONS)
    assert tool("shellcheck", "--shell=bash", "-", stdin=script).stdout == ""
    shown = tool("bash", stdin="aws() { printf '%s\\0' \"$@\"; }\n" + script).stdout.split("\0")[:-1]
    assert shown[:2] == ["eks", "update-addon"]
    options = dict(zip(shown[2::2], shown[3::2], strict=True))
    parameters = {
        "clusterName": options["--cluster-name"],
        "addonName": options["--addon-name"],
        "resolveConflicts": options["--resolve-conflicts"],
        "configurationValues": options["--configuration-values"],
    }
    client = boto3.client("eks", region_name="eu-west-1")
    operation = client.meta.service_model.operation_model("UpdateAddon")
    client._serializer.serialize_to_request(parameters, operation)  # noqa: SLF001 # the validation that a call runs
    assert json.loads(options["--configuration-values"]) == WHOLE


def apply_locally(tool: Tool, script: str, manifest: str) -> str:
    """The manifest after the `kubectl set env` commands, run on it alone."""
    for line in script.splitlines():
        words = line.replace(
            "kubectl set env daemonset/aws-node --namespace kube-system", "set env --local -f - -o yaml"
        )
        done = tool("bash", "-c", f"kubectl {words}", stdin=manifest)
        assert done.returncode == 0, done.stderr
        manifest = done.stdout
    return manifest


def test_kubectl_turns_the_published_manifest_into_one_that_is_clean_and_set_as_asked(cli: Cli, tool: Tool) -> None:
    valid = MANIFEST.read_text().replace('hostNetwork: "true"', "hostNetwork: true")
    valid = valid.replace('privileged: "true"', "privileged: true")
    manifest = apply_locally(tool, text_of(cli, "kubectl", *OPTIONS), valid)
    kubernetes_validate.validate(yaml.safe_load(manifest), "1.30", strict=True)
    node = parse_aws_node(manifest, "kubectl")
    assert node.settings() == CniSettings(
        cni_version=(1, 15, 3),
        custom_networking=True,
        prefix_delegation=True,
        max_eni=3,
        pod_eni=True,
        warm_ip_target=2,
        minimum_ip_target=12,
        warm_prefix_target=1,
    )
    assert node.init_variables is not None
    assert node.init_variables["DISABLE_TCP_EARLY_DEMUX"] == "true"
    assert [each.code for each in check(node) if each.severity is not Severity.INFO] == []


def test_what_runs_today_is_converted(cli: Cli, tmp_path: Path) -> None:
    outcome = cli("addon", "--aws-node", str(MANIFEST))
    assert json.loads(outcome.out) == {}  # its settings are the add-on's defaults
    file = tmp_path / "aws-node.env"
    file.write_text("WARM_IP_TARGET=3\nMINIMUM_IP_TARGET=9\nENABLE_SUBNET_DISCOVERY=false\nVPC_ID=vpc-1\nFOO=bar\n")
    outcome = cli("addon", "--aws-node", str(file), "--cni-version", "1.15.3")
    assert json.loads(outcome.out) == {"env": {"MINIMUM_IP_TARGET": "9", "WARM_IP_TARGET": "3"}}
    assert "left out, since it cannot be set here with CNI 1.15.3: FOO, ENABLE_SUBNET_DISCOVERY" in outcome.err
    newer = cli("addon", "--aws-node", str(file), "--cni-version", "1.18.0")
    assert json.loads(newer.out)["env"]["ENABLE_SUBNET_DISCOVERY"] == "false"


def test_ipv6_reaches_both_containers_where_it_can_be_set(cli: Cli) -> None:
    arguments = ("--ip-family", "ipv6", "--cni-prefix-delegation-enabled")
    script = text_of(cli, "kubectl", *arguments)
    assert "--containers aws-node ENABLE_IPv4=false ENABLE_IPv6=true" in script
    assert "--containers aws-vpc-cni-init ENABLE_IPv6=true" in script
    outcome = cli("addon", *arguments)
    assert json.loads(outcome.out) == {"env": {"ENABLE_PREFIX_DELEGATION": "true"}}
    assert "left out, since it cannot be set here" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--minimum-ip-target", "5"), "minimum-without-warm-ip"),
        (("--cni-prefix-delegation-enabled", "--warm-prefix-target", "0"), "prefixes-without-target"),
        (("--ip-family", "ipv6"), "ipv6-without-prefixes"),
        (("--cluster-name", "x'; rm"), "is no EKS cluster name"),
        (("--aws-node", str(MANIFEST), "--pod-eni"), "leave the other CNI options out"),
    ],
)
def test_what_check_would_reject_is_not_emitted(cli: Cli, arguments: tuple[str, ...], message: str) -> None:
    outcome = cli("addon", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1
    assert message in outcome.err


_HOSTILE = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.one_of(_HOSTILE, st.sampled_from(["a'b\"c", "$(id)`id`", "${var.x} %{if}", ": # - &a *b", "]]>", "\\n"])))
def test_hostile_values_survive_every_language(cli: Cli, tool: Tool, tmp_path: Path, value: str) -> None:
    file = tmp_path / "addon.json"
    file.write_text(json.dumps({"env": {"CLUSTER_ENDPOINT": value, "ADDITIONAL_ENI_TAGS": json.dumps({"t": value})}}))
    source = ("--aws-node", str(file))
    expected = {"CLUSTER_ENDPOINT": value, "ADDITIONAL_ENI_TAGS": json.dumps({"t": value})}
    assert json.loads(text_of(cli, "json", *source))["env"] == expected
    assert yaml.safe_load(text_of(cli, "helm", *source))["env"] == expected
    config = yaml.safe_load(text_of(cli, "eksctl", *source))
    assert json.loads(config["addons"][0]["configurationValues"])["env"] == expected
    shown = tool("bash", stdin="kubectl() { printf '%s\\0' \"$@\"; }\n" + text_of(cli, "kubectl", *source))
    assert {f"{name}={text}" for name, text in expected.items()} <= set(shown.stdout.split("\0"))
