import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cni_plan import CniSettings
from cni_plan.engine.aws_node import AwsNode, Form
from cni_plan.engine.cni import IpFamily
from cni_plan.engine.variables import read_boolean, read_integer, settings_from_variables
from cni_plan.errors import InputError
from cni_plan.inputs.aws_node import parse_aws_node
from tests.support import Tool

MANIFEST = (Path(__file__).parent.parent / "scenarios" / "check" / "aws-node-v1.15.3.yaml").read_text()


def test_the_published_manifest_is_read_with_its_release_and_containers() -> None:
    node = parse_aws_node(MANIFEST, "manifest")
    assert (node.form, node.cni_version, node.network_policy) == (Form.DAEMON_SET, (1, 15, 3), False)
    assert node.variables["WARM_ENI_TARGET"] == "1"
    assert node.variables["MY_NODE_NAME"] is None
    assert node.init_variables == {"DISABLE_TCP_EARLY_DEMUX": "false", "ENABLE_IPv6": "false"}
    assert node.settings() == CniSettings(cni_version=(1, 15, 3), warm_prefix_target=1)


def test_json_a_list_and_several_documents_read_the_same() -> None:
    manifest = yaml.safe_load(MANIFEST)
    expected = parse_aws_node(MANIFEST, "manifest")
    texts = [
        json.dumps(manifest),
        json.dumps({"kind": "List", "items": [{"kind": "Service"}, manifest]}),
        f"kind: Service\n---\n{MANIFEST}",
        f"---\n{yaml.safe_dump({'kind': 'DaemonSetList', 'items': [manifest]}, sort_keys=False)}",
    ]
    assert [parse_aws_node(text, "test") for text in texts] == [expected] * len(texts)


def test_what_kubectl_makes_of_the_manifest_reads_the_same(tool: Tool) -> None:
    valid = MANIFEST.replace('hostNetwork: "true"', "hostNetwork: true").replace(
        'privileged: "true"', "privileged: true"
    )
    done = tool("kubectl", "set", "env", "--local", "-f", "-", "-o", "json", "-c", "aws-node", "MAX_ENI=2", stdin=valid)
    assert done.returncode == 0, done.stderr
    node = parse_aws_node(done.stdout, "kubectl")
    assert node.settings().max_eni == 2
    assert node.faults == ()


FORMS = [
    ("ENABLE_PREFIX_DELEGATION=true\nWARM_IP_TARGET='5'\n# note\nexport MINIMUM_IP_TARGET=10\n", Form.VARIABLES),
    ('{"env": {"ENABLE_PREFIX_DELEGATION": "true", "WARM_IP_TARGET": "5", "MINIMUM_IP_TARGET": "10"}}', Form.ADDON),
    ("env: {ENABLE_PREFIX_DELEGATION: 'true', WARM_IP_TARGET: 5, MINIMUM_IP_TARGET: '10'}\ninit: {}\n", Form.ADDON),
    (
        (
            '[{"name": "ENABLE_PREFIX_DELEGATION", "value": "true"}, {"name": "WARM_IP_TARGET", "value": "5"},'
            '{"name": "MINIMUM_IP_TARGET", "value": "10"}]\n[{"name": "MY_NODE_NAME", "valueFrom": {}}]'
        ),
        Form.VARIABLES,
    ),
]


@pytest.mark.parametrize(("text", "form"), FORMS, ids=["lines", "add-on", "helm values", "jsonpath"])
def test_every_form_gives_the_same_settings(text: str, form: Form) -> None:
    node = parse_aws_node(text, "test")
    assert node.form is form
    assert node.settings() == CniSettings(
        prefix_delegation=True, warm_ip_target=5, minimum_ip_target=10, warm_prefix_target=1
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no aws-node in it"),
        ("kind: Deployment\n", "no aws-node in it"),
        ("just words", "no aws-node in it"),
        ("42", "no aws-node in it"),
        ("a: [1, 2", "test:2: broken YAML: did not find expected"),
        ("a:\n\t- b", "test:2: broken YAML: found character that cannot start any token"),
        ('{"kind": "DaemonSet",\n "spec": ', "test:2: broken JSON"),
        ("kind: DaemonSet\nspec: 5\n", "the DaemonSet is not understood: spec:"),
        ("kind: DaemonSet\nspec: {template: {spec: {containers: [{name: aws-node, env: [5]}]}}}", "env.0"),
        ("env: [1]\ninit: {}\n", "env must be a map"),
        ('[{"name": 5}]', "the list of variables is not understood: name"),
        ("kind: ConfigMap\nmetadata: {name: amazon-vpc-cni}\ndata: [1]\n", "data must be a map"),
        ("!!python/object/apply:os.system ['id']", "broken YAML: could not determine a constructor"),
        ("a: " + "[" * 5000, "nested more than 200 levels deep"),
        ("[" * 100_000, "nested too deeply"),
        ("&a [*a]", "aliases that multiply"),
        ("x: " + "9" * 5000, "test:"),
        ("a: 2020-99-99", "month must be in 1..12"),
        ("a: \x00", "broken YAML"),
        (" " * 5_000_000, "larger than 4 MiB"),
    ],
)
def test_what_is_broken_gets_a_clear_error(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_aws_node(text, "test")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_yaml_bomb_is_refused_at_once() -> None:
    names = "abcdefghijkl"
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n" for before, after in pairwise(names)
    )
    code = "import sys; from cni_plan.inputs.aws_node import parse_aws_node; parse_aws_node(sys.stdin.read(), 'bomb')"
    done = subprocess.run(
        [sys.executable, "-c", code], input=bomb, capture_output=True, text=True, check=False, timeout=20
    )
    assert "aliases that multiply are refused" in done.stderr


def test_numbers_and_switches_are_read_as_go_reads_them() -> None:
    assert [read_integer(text) for text in ("5", "+5", "-5", "007", " 5", "5.0", "0x5", "5_0", "", "\u0665")] == [
        5, 5, -5, 7, None, None, None, None, None, None,
    ]  # fmt: skip
    assert [read_boolean(text) for text in ("true", "T", "1", "TRUE", "false", "0", "yes", "tRue", "")] == [
        True, True, True, True, False, False, None, None, None,
    ]  # fmt: skip


def test_what_does_not_parse_means_the_default() -> None:
    variables = {"WARM_ENI_TARGET": "-1", "WARM_IP_TARGET": "-3", "MAX_ENI": "x", "ENABLE_POD_ENI": "yes"}
    assert settings_from_variables(variables, (1, 23, 1)) == CniSettings()
    assert settings_from_variables({"WARM_ENI_TARGET": "0"}, (1, 23, 1)).warm_eni_target == 0


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "WARM_ENI_TARGET": st.integers(0, 99).map(str),
            "WARM_IP_TARGET": st.integers(1, 99).map(str),
            "MINIMUM_IP_TARGET": st.integers(1, 99).map(str),
            "MAX_ENI": st.integers(1, 99).map(str),
            "ENABLE_IPv6": st.sampled_from(["true", "false"]),
            "ENABLE_PREFIX_DELEGATION": st.sampled_from(["true", "false"]),
        },
    )
)
def test_settings_survive_every_form(variables: dict[str, str]) -> None:
    expected = AwsNode(form=Form.ADDON, variables=variables).settings()
    assert (expected.ip_family is IpFamily.IPV6) == (variables.get("ENABLE_IPv6") == "true")
    for text in (json.dumps({"env": variables}), yaml.safe_dump({"env": variables, "init": {}})):
        assert parse_aws_node(text, "test").settings() == expected
