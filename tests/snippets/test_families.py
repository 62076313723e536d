"""Each family's text is read by what consumes it, or by a parser of its language."""

import base64
import email
import gzip
import io
import json
import tomllib
from collections.abc import Iterator
from email import policy
from pathlib import Path
from typing import Any

import boto3
import celpy
import hcl2
import pytest
import yaml

from cni_plan import CniSettings, load_catalog, max_pods
from cni_plan.engine.expressions import max_pods_expression
from tests.support import Cli, Tool, evaluate_hcl

ACCESS = (
    *("--cluster-name", "demo", "--api-server-endpoint", "https://abc.gr7.eu-west-1.eks.amazonaws.com"),
    *("--b64-cluster-ca", "Q0E=", "--service-cidr", "10.100.0.0/16"),
)
EXTRAS = ("--node-label", "team.io/name=a.b", "--taint", "gpu=yes:NoSchedule", "--taint", "gpu:NoExecute")
PREFIXES = ("-t", "m5.large", "--cni-prefix-delegation-enabled")
RESERVED = {"cpu": "70m", "ephemeral-storage": "1Gi", "memory": "1465Mi"}  # 11 x 110 + 255


def text_of(cli: Cli, text_format: str, *arguments: str) -> str:
    outcome = cli("user-data", "--format", text_format, *arguments)
    assert outcome.code == 0, outcome.err
    return outcome.out


def parts_of(message: str) -> list[Any]:
    """The parts of user data, as cloud-init and nodeadm take them apart."""
    parsed = email.message_from_string(message, policy=policy.default)
    assert parsed.get_content_type() == "multipart/mixed"
    assert not parsed.defects
    return [(part.get_content_type(), part.get_payload()) for part in parsed.iter_parts()]


def test_a_node_config_says_what_nodeadm_must_know(cli: Cli) -> None:
    text = text_of(cli, "nodeadm", *PREFIXES, *ACCESS, *EXTRAS, "--kubelet-extra-args", "--v=2 --x='a b'")
    assert text.startswith("# Made by: cni-plan user-data --format nodeadm")
    assert yaml.safe_load(text) == {
        "apiVersion": "node.eks.aws/v1alpha1",
        "kind": "NodeConfig",
        "spec": {
            "cluster": {
                "name": "demo",
                "apiServerEndpoint": "https://abc.gr7.eu-west-1.eks.amazonaws.com",
                "certificateAuthority": "Q0E=",
                "cidr": "10.100.0.0/16",
            },
            "kubelet": {
                "config": {"maxPods": 110, "kubeReserved": RESERVED},
                "flags": [
                    "--node-labels=team.io/name=a.b",
                    "--register-with-taints=gpu=yes:NoSchedule,gpu:NoExecute",
                    "--v=2",
                    "--x=a b",
                ],
            },
        },
    }


def test_without_a_cluster_there_is_a_part_to_merge(cli: Cli) -> None:
    assert yaml.safe_load(text_of(cli, "nodeadm", "-t", "m5.large"))["spec"] == {"kubelet": {"config": {"maxPods": 29}}}


def test_placeholders_are_valid_marked_and_named(cli: Cli) -> None:
    outcome = cli("user-data", "--format", "nodeadm", "-t", "m5.large", "--cluster-name", "demo")
    cluster = yaml.safe_load(outcome.out)["spec"]["cluster"]
    assert base64.b64decode(cluster["certificateAuthority"], validate=True) == b"REPLACE ME"
    assert cluster["apiServerEndpoint"].endswith(".invalid")
    missing = "--api-server-endpoint, --b64-cluster-ca, --service-cidr"
    assert f"# Placeholders stand for what was not told: {missing}\n" in outcome.out
    assert f"give {missing}, or --from-cluster" in outcome.err


@pytest.mark.parametrize(
    ("text_format", "media_type"), [("nodeadm", "application/node.eks.aws"), ("bootstrap", "text/x-shellscript")]
)
def test_a_mime_part_is_the_text_itself(cli: Cli, text_format: str, media_type: str) -> None:
    arguments = (*PREFIXES, *ACCESS, "--node-label", "boundary=CNIPLAN")
    plain = text_of(cli, text_format, *arguments)
    ((found, payload),) = parts_of(text_of(cli, text_format, *arguments, "--mime"))
    assert found == media_type
    without_comment = [line for line in plain.splitlines() if "Made by" not in line]
    assert [line for line in payload.splitlines() if line and "Made by" not in line] == without_comment


def evaluate(expression: str, enis: int, ips: int) -> int:
    """What nodeadm makes of the expression: CEL's standard library over its three variables."""
    environment = celpy.Environment()
    program = environment.program(environment.compile(expression))
    variables = {"default_enis": enis, "ips_per_eni": ips, "max_pods": enis * (ips - 1) + 2}
    value = program.evaluate({name: celpy.celtypes.IntType(each) for name, each in variables.items()})
    assert isinstance(value, celpy.celtypes.IntType)
    return int(value)


@pytest.mark.parametrize(
    ("types", "flags"),
    [
        ("t3.*", ["--cni-prefix-delegation-enabled"]),
        ("m5.large,m5.24xlarge", ["--cni-prefix-delegation-enabled"]),
        ("t3.nano,t3.large,c5.4xlarge", []),
        ("m5.large,m5.xlarge", ["--cni-custom-networking-enabled"]),
        ("m5.large,m5.xlarge", ["--pod-eni", "--cni-prefix-delegation-enabled"]),
        ("m5.large,t3.large", ["--pod-eni"]),
        ("m5.large,m5.metal", ["--cni-prefix-delegation-enabled"]),
        ("m5.large,m5.24xlarge", ["--cni-max-eni", "2", "--show-max-allowed"]),
    ],
)
def test_an_expression_yields_every_types_value(cli: Cli, types: str, flags: list[str]) -> None:
    text = text_of(cli, "nodeadm", "-t", types, *flags, "--max-pods-expression")
    kubelet = yaml.safe_load(text)["spec"]["kubelet"]
    assert kubelet.keys() == {"maxPodsExpression"}  # the reservation follows from its value
    for record in json.loads(cli("max-pods", "-t", types, *flags, "-o", "json").out):
        assert evaluate(kubelet["maxPodsExpression"], record["max_enis"], record["ipv4_per_eni"]) == record["max_pods"]


def test_types_that_an_expression_cannot_tell_apart_get_the_less_and_are_named() -> None:
    rows = load_catalog().select(["m5.metal", "m5.24xlarge"])  # both 15 x 50
    answers = [max_pods(row, CniSettings(prefix_delegation=True), show_max_allowed=True) for row in rows]
    made = max_pods_expression(answers, enis_taken=0, host_network_pods=2)
    assert evaluate(made.text, 15, 50) == 737
    assert [limits.instance.instance_type for limits in made.short] == ["m5.24xlarge"]


def test_bottlerocket_reads_its_settings(cli: Cli) -> None:
    settings = tomllib.loads(text_of(cli, "bottlerocket", *PREFIXES, *ACCESS, *EXTRAS))
    assert settings == {
        "settings": {
            "kubernetes": {
                "max-pods": 110,
                "cluster-name": "demo",
                "api-server": "https://abc.gr7.eu-west-1.eks.amazonaws.com",
                "cluster-certificate": "Q0E=",
                "node-labels": {"team.io/name": "a.b"},
                "node-taints": {"gpu": ["yes:NoSchedule", ":NoExecute"]},
            }
        }
    }


def test_windows_counts_one_eni_and_quotes_for_powershell(cli: Cli) -> None:
    text = text_of(cli, "windows", "-t", "m5.large", *ACCESS, "--kubelet-extra-args", "--x=it's")
    assert text.startswith("<powershell>\n")
    assert text.endswith("</powershell>\n")
    assert "-EKSClusterName 'demo' `" in text
    assert "-KubeletExtraArgs '--max-pods=9 --x=it''s'" in text


def test_eksctl_has_the_group_and_the_add_on(cli: Cli) -> None:
    arguments = ("-t", "m5.large,m5.xlarge", "--cni-prefix-delegation-enabled", "--cluster-name", "demo", *EXTRAS)
    config = yaml.safe_load(text_of(cli, "eksctl", *arguments, "--region", "eu-west-1"))
    assert config["metadata"] == {"name": "demo", "region": "eu-west-1"}
    (addon,) = config["addons"]
    assert json.loads(addon["configurationValues"]) == {"env": {"ENABLE_PREFIX_DELEGATION": "true"}}
    (group,) = config["managedNodeGroups"]
    assert (group["instanceTypes"], group["maxPodsPerNode"]) == (["m5.large", "m5.xlarge"], 110)
    assert group["taints"][1] == {"key": "gpu", "effect": "NoExecute"}
    override = yaml.safe_load(group["overrideBootstrapCommand"])
    assert override["spec"] == {"kubelet": {"config": {"kubeReserved": RESERVED | {"cpu": "80m"}}}}


def test_karpenter_has_a_pair_for_each_max_pods(cli: Cli) -> None:
    arguments = ("-t", "m5.large,m5.24xlarge,m5.xlarge", "--cni-prefix-delegation-enabled", "--cluster-name", "demo")
    text = text_of(cli, "karpenter", *arguments, *EXTRAS)
    assert "&id" not in text
    documents = list(yaml.safe_load_all(text))
    assert [(each["kind"], each["metadata"]["name"]) for each in documents] == [
        ("EC2NodeClass", "max-pods-110"),
        ("NodePool", "max-pods-110"),
        ("EC2NodeClass", "max-pods-250"),
        ("NodePool", "max-pods-250"),
    ]
    assert documents[0]["spec"]["kubelet"] == {"maxPods": 110, "kubeReserved": RESERVED | {"cpu": "80m"}}
    assert documents[2]["spec"]["kubelet"] == {"maxPods": 250}  # the ENI formula's 737 reserve more already
    (requirement,) = documents[1]["spec"]["template"]["spec"]["requirements"]
    assert requirement["values"] == ["m5.large", "m5.xlarge"]
    for pool, node_class in ((documents[1], documents[0]), (documents[3], documents[2])):
        assert pool["spec"]["template"]["spec"]["nodeClassRef"]["name"] == node_class["metadata"]["name"]


@pytest.mark.parametrize("family", ["nodeadm", "bootstrap", "bottlerocket", "windows"])
@pytest.mark.parametrize("gzipped", [False, True])
def test_a_launch_template_passes_botocores_validation_and_carries_the_text(
    cli: Cli, family: str, gzipped: bool
) -> None:
    arguments = (*PREFIXES, *ACCESS, "--family", family)
    body = json.loads(text_of(cli, "launch-template", *arguments, *(["--gzip"] if gzipped else [])))
    client = boto3.client("ec2", region_name="eu-west-1")
    operation = client.meta.service_model.operation_model("CreateLaunchTemplate")
    client._serializer.serialize_to_request(body, operation)  # type: ignore[attr-defined]  # noqa: SLF001
    data = base64.b64decode(body["LaunchTemplateData"]["UserData"], validate=True)
    text = (gzip.decompress(data) if gzipped else data).decode()
    wanted = {
        "nodeadm": "maxPods: 110",
        "bootstrap": "--max-pods=110",
        "bottlerocket": "max-pods = 110",
        "windows": "--max-pods=110",
    }
    assert wanted[family] in text
    if family in {"nodeadm", "bootstrap"}:
        assert len(parts_of(text)) == 1


@pytest.mark.parametrize("family", ["nodeadm", "bootstrap", "bottlerocket", "windows"])
def test_terraform_is_formatted_parses_and_gives_the_text_back(
    cli: Cli, tool: Tool, tmp_path: Path, family: str
) -> None:
    text = text_of(cli, "terraform", *PREFIXES, *ACCESS, *EXTRAS[:2], "--family", family)
    checked = tool("terraform", "fmt", "-check", "-diff", "-", stdin=text)
    assert checked.returncode == 0, checked.stdout
    parsed = hcl2.load(io.StringIO(text))
    assert "aws_launch_template" in json.dumps(parsed)
    heredoc = text.split("base64encode(", 1)[1].split("\n  )\n", 1)[0]
    decoded = evaluate_hcl(tool, tmp_path, f"{heredoc}\n")
    if family == "nodeadm":
        ((_, payload),) = parts_of(decoded)
        assert yaml.safe_load(payload)["spec"]["kubelet"]["config"]["maxPods"] == 110
    elif family == "bottlerocket":
        assert tomllib.loads(decoded)["settings"]["kubernetes"]["max-pods"] == 110
    else:
        assert "--max-pods=110" in decoded


def test_hcl_templates_in_values_survive(cli: Cli, tool: Tool, tmp_path: Path) -> None:
    extra = "--x=${var.a} --y=%{if} --z=$${b}"
    text = text_of(cli, "terraform", *PREFIXES, *ACCESS, "--family", "bootstrap", "--kubelet-extra-args", extra)
    heredoc = text.split("base64encode(", 1)[1].split("\n  )\n", 1)[0]
    decoded = evaluate_hcl(tool, tmp_path, f"{heredoc}\n")
    assert "--x=\\${var.a} --y=%{if} --z=\\$\\${b}" in decoded  # as bash's double quotes have it


@pytest.fixture
def cluster(moto_url: str, aws: None) -> Iterator[str]:
    del aws
    client = boto3.client("eks", region_name="us-east-1", endpoint_url=moto_url)
    client.create_cluster(
        name="live",
        roleArn="arn:aws:iam::123456789012:role/eks",
        resourcesVpcConfig={"subnetIds": ["subnet-1", "subnet-2"]},
        kubernetesNetworkConfig={"serviceIpv4Cidr": "10.77.0.0/16"},
    )
    yield moto_url
    client.delete_cluster(name="live")


def test_a_clusters_facts_come_from_eks(cli: Cli, cluster: str) -> None:
    arguments = (*PREFIXES, "--from-cluster", "live", "--endpoint-url", cluster)
    config = yaml.safe_load(text_of(cli, "nodeadm", *arguments))
    facts = config["spec"]["cluster"]
    assert (facts["name"], facts["cidr"]) == ("live", "10.77.0.0/16")
    assert facts["apiServerEndpoint"].startswith("https://")
    assert facts["certificateAuthority"]
    outcome = cli(
        "user-data", "--format", "nodeadm", *arguments[:-4], "--from-cluster", "gone", "--endpoint-url", cluster
    )
    assert (outcome.code, outcome.out) == (3, "")
    assert "ResourceNotFoundException" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "windows"], "needs --cluster-name"),
        (["--format", "eksctl"], "needs --cluster-name"),
        (["--format", "karpenter"], "needs --cluster-name"),
        (["--format", "bottlerocket", "--mime"], "--mime is for"),
        (["--format", "bottlerocket", "--max-pods-expression"], "no other family evaluates one"),
        (["--format", "nodeadm", "--max-pods-expression", "--max-pods", "5"], "either --max-pods or"),
        (["--format", "nodeadm", "--gzip"], "--gzip is for"),
        (["--format", "nodeadm", "--container-runtime", "x"], "is bootstrap.sh's"),
        (["--format", "bottlerocket", "--kubelet-extra-args", "--v=2"], "takes no kubelet arguments"),
        (["--format", "nodeadm", "--kubelet-extra-args", "--x='"], "cannot be taken apart"),
        (["--format", "nodeadm", "--service-cidr", "10.0.0.0/16"], "need --cluster-name too"),
        (["--format", "nodeadm", "--cluster-name", "a", "--b64-cluster-ca", "$CA"], "is a shell reference"),
        (["--format", "nodeadm", "--from-cluster", "a", "--cluster-name", "a"], "leave the other options out"),
        (["--format", "nodeadm", "--kubelet-extra-args", "--x=" + "a" * 17_000], "more than EC2's 16384"),
        (["--format", "windows", *ACCESS, "--kubelet-extra-args", "</powershell>"], "no value may hold"),
    ],
)
def test_what_a_family_cannot_carry_is_one_clear_line(cli: Cli, arguments: list[str], message: str) -> None:
    outcome = cli("user-data", "-t", "m5.large", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err.splitlines()[-1]


def test_gzip_is_the_way_out_of_the_size_limit(cli: Cli) -> None:
    extra = ("--kubelet-extra-args", "--x=" + "a" * 17_000)
    outcome = cli("user-data", "--format", "launch-template", *PREFIXES, *ACCESS, *extra)
    assert "--format launch-template --gzip makes it smaller" in outcome.err
    assert cli("user-data", "--format", "launch-template", *PREFIXES, *ACCESS, *extra, "--gzip").code == 0
