from collections.abc import Iterable
from pathlib import Path

import pytest

from cni_plan import load_catalog
from cni_plan.engine.checks import check
from cni_plan.engine.findings import EXPLANATIONS, Code, Finding, Severity
from cni_plan.inputs.aws_node import parse_aws_node

CATALOG = load_catalog()
MANIFEST = Path(__file__).parent.parent / "scenarios" / "check" / "aws-node-v1.15.3.yaml"


def daemon_set(variables: dict[str, str], *, init: dict[str, str] | None = None, version: str = "v1.23.1") -> str:
    """A DaemonSet as kubectl prints it."""

    def entries(values: dict[str, str]) -> list[dict[str, str]]:
        return [{"name": name, "value": value} for name, value in values.items()]

    import json

    pod = {
        "hostNetwork": True,
        "initContainers": [{"name": "aws-vpc-cni-init", "image": f"x/cni-init:{version}", "env": entries(init or {})}],
        "containers": [
            {"name": "aws-node", "image": f"x/cni:{version}", "env": entries(variables)},
            {"name": "aws-eks-nodeagent", "args": ["--enable-network-policy=true"]},
        ],
    }
    return json.dumps({"kind": "DaemonSet", "metadata": {"name": "aws-node"}, "spec": {"template": {"spec": pod}}})


def found(text: str, types: Iterable[str] = (), max_pods: int | None = None) -> list[Finding]:
    return check(parse_aws_node(text, "test"), instances=[CATALOG[name] for name in types], max_pods=max_pods)


def codes(findings: list[Finding]) -> set[tuple[Code, str]]:
    return {(finding.code, finding.variable) for finding in findings if finding.severity is not Severity.INFO}


BASE = {"ENABLE_IPv4": "true", "WARM_ENI_TARGET": "1", "WARM_PREFIX_TARGET": "1"}
PREFIXES = BASE | {"ENABLE_PREFIX_DELEGATION": "true"}


def test_the_add_ons_own_settings_are_clean() -> None:
    assert not codes(found(daemon_set(BASE)))
    assert not codes(found(daemon_set(PREFIXES)))


# What is configured, for which types, and the only errors and warnings that it must give.
CASES: list[tuple[dict[str, str], list[str], set[tuple[Code, str]]]] = [
    (BASE | {"WARM_IP_TARGETS": "5"}, [], {(Code.UNKNOWN_VARIABLE, "WARM_IP_TARGETS")}),
    (BASE | {"enable_prefix_delegation": "true"}, [], {(Code.UNKNOWN_VARIABLE, "enable_prefix_delegation")}),
    (BASE | {"WARM_ENI_TARGET": "two"}, [], {(Code.INVALID_VALUE, "WARM_ENI_TARGET")}),
    (BASE | {"WARM_ENI_TARGET": "-1"}, [], {(Code.INVALID_VALUE, "WARM_ENI_TARGET")}),
    (BASE | {"ENABLE_POD_ENI": "yes"}, [], {(Code.INVALID_VALUE, "ENABLE_POD_ENI")}),
    (BASE | {"IP_COOLDOWN_PERIOD": "-5"}, [], {(Code.INVALID_VALUE, "IP_COOLDOWN_PERIOD")}),
    (BASE | {"AWS_VPC_ENI_MTU": "9002"}, [], {(Code.INVALID_VALUE, "AWS_VPC_ENI_MTU")}),
    (BASE | {"AWS_VPC_K8S_CNI_VETHPREFIX": "eth"}, [], {(Code.INVALID_VALUE, "AWS_VPC_K8S_CNI_VETHPREFIX")}),
    (BASE | {"AWS_VPC_K8S_PLUGIN_LOG_FILE": "stdout"}, [], {(Code.INVALID_VALUE, "AWS_VPC_K8S_PLUGIN_LOG_FILE")}),
    (BASE | {"ADDITIONAL_ENI_TAGS": "{a: b}"}, [], {(Code.INVALID_VALUE, "ADDITIONAL_ENI_TAGS")}),
    (BASE | {"AWS_VPC_K8S_CNI_LOGLEVEL": "debug", "MAX_ENI": "0", "WARM_IP_TARGET": "0"}, [], set()),
    (
        BASE | {"WARM_ENI_TARGET": "2", "WARM_IP_TARGET": "2", "MINIMUM_IP_TARGET": "10"},
        [],
        {(Code.IGNORED_VARIABLE, "WARM_ENI_TARGET")},
    ),
    (BASE | {"WARM_PREFIX_TARGET": "2"}, [], {(Code.IGNORED_VARIABLE, "WARM_PREFIX_TARGET")}),
    (PREFIXES | {"WARM_ENI_TARGET": "2"}, [], {(Code.IGNORED_VARIABLE, "WARM_ENI_TARGET")}),
    (
        BASE | {"AWS_VPC_K8S_CNI_EXTERNALSNAT": "true", "AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS": "10.0.0.0/8"},
        [],
        {(Code.IGNORED_VARIABLE, "AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS")},
    ),
    (BASE | {"ENI_CONFIG_LABEL_DEF": "zone"}, [], {(Code.IGNORED_VARIABLE, "ENI_CONFIG_LABEL_DEF")}),
    (BASE | {"DISABLE_TCP_EARLY_DEMUX": "true"}, [], {(Code.WRONG_CONTAINER, "DISABLE_TCP_EARLY_DEMUX")}),
    ({"WARM_ENI_TARGET": "1"}, [], {(Code.IPV4_ABSENT, "ENABLE_IPv4")}),
    (BASE | {"ENABLE_IPv4": "false"}, [], {(Code.IP_FAMILY, "ENABLE_IPv4")}),
    (
        PREFIXES | {"ENABLE_IPv6": "true"},
        [],
        {(Code.IP_FAMILY, "ENABLE_IPv4"), (Code.MISSING_IN_INIT, "ENABLE_IPv6")},
    ),
    (BASE | {"ENABLE_V6_EGRESS": "true"}, [], {(Code.MISSING_IN_INIT, "ENABLE_V6_EGRESS")}),
    (PREFIXES | {"WARM_PREFIX_TARGET": "0"}, [], {(Code.PREFIXES_WITHOUT_TARGET, "WARM_PREFIX_TARGET")}),
    (
        {"ENABLE_IPv4": "true", "ENABLE_PREFIX_DELEGATION": "true"},
        [],
        {(Code.PREFIXES_WITHOUT_TARGET, "WARM_PREFIX_TARGET")},
    ),
    (PREFIXES, ["t2.micro", "t3.large"], {(Code.PREFIXES_UNSUPPORTED, "ENABLE_PREFIX_DELEGATION")}),
    (PREFIXES, ["m5.metal"], set()),
    (BASE | {"MINIMUM_IP_TARGET": "10"}, [], {(Code.MINIMUM_WITHOUT_WARM_IP, "MINIMUM_IP_TARGET")}),
    (BASE | {"WARM_IP_TARGET": "2"}, [], {(Code.WARM_IP_WITHOUT_MINIMUM, "WARM_IP_TARGET")}),
    (
        BASE | {"WARM_IP_TARGET": "2", "MINIMUM_IP_TARGET": "40"},
        ["t3.large"],
        set(),  # 33 slots at most, 35 pods
    ),
    (
        PREFIXES | {"WARM_IP_TARGET": "2", "MINIMUM_IP_TARGET": "200"},
        ["t3.large"],
        {(Code.TARGET_BEYOND_MAX_PODS, "MINIMUM_IP_TARGET")},
    ),
    (BASE | {"MAX_ENI": "9"}, ["t3.large"], {(Code.MAX_ENI_BEYOND_LIMIT, "MAX_ENI")}),
    (
        BASE | {"ENABLE_POD_ENI": "true", "POD_SECURITY_GROUP_ENFORCING_MODE": "standard"},
        ["t3.large", "m5.large"],
        {(Code.POD_ENI_UNSUPPORTED, "ENABLE_POD_ENI")},
    ),
    (
        BASE | {"ENABLE_POD_ENI": "true", "MAX_ENI": "1"},
        [],
        {(Code.POD_ENI_NO_PLACE, "MAX_ENI"), (Code.POD_ENI_EARLY_DEMUX, "DISABLE_TCP_EARLY_DEMUX")},
    ),
    (
        BASE | {"ENABLE_POD_ENI": "true", "POD_SECURITY_GROUP_ENFORCING_MODE": "lax"},
        [],
        {(Code.INVALID_VALUE, "POD_SECURITY_GROUP_ENFORCING_MODE")},
    ),
    (
        BASE | {"ENABLE_BANDWIDTH_PLUGIN": "true"},
        [],
        {(Code.NETWORK_POLICY_BANDWIDTH, "ENABLE_BANDWIDTH_PLUGIN")},
    ),
]


@pytest.mark.parametrize(("variables", "types", "expected"), CASES, ids=[str(number) for number in range(len(CASES))])
def test_each_mistake_gives_its_finding_and_no_other(
    variables: dict[str, str], types: list[str], expected: set[tuple[Code, str]]
) -> None:
    assert codes(found(daemon_set(variables), types)) == expected


def test_ipv6_is_checked_against_its_conditions() -> None:
    ipv6 = {"ENABLE_IPv6": "true", "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": "true", "ENABLE_POD_ENI": "true"}
    findings = found(daemon_set(ipv6, init={"ENABLE_IPv6": "true"}, version="v1.15.1"), ["t2.micro"])
    assert {finding.code for finding in findings if finding.severity is Severity.ERROR} == {
        Code.IPV6_WITHOUT_PREFIXES,
        Code.IPV6_CUSTOM_NETWORKING,
        Code.POD_ENI_IPV6,
        Code.PREFIXES_UNSUPPORTED,
    }


def test_what_aws_node_exits_on_is_an_error_and_the_rest_a_warning() -> None:
    variables = BASE | {"IP_COOLDOWN_PERIOD": "x", "WARM_ENI_TARGET": "x"}
    severities = {finding.variable: finding.severity for finding in found(daemon_set(variables))}
    assert severities["IP_COOLDOWN_PERIOD"] is Severity.ERROR
    assert severities["WARM_ENI_TARGET"] is Severity.WARNING


def test_a_variable_is_measured_against_the_images_release() -> None:
    variables = BASE | {"ENABLE_SUBNET_DISCOVERY": "true", "AWS_VPC_K8S_CNI_CONFIGURE_RPFILTER": "false"}
    old = found(daemon_set(variables, version="v1.15.3-eksbuild.1"))
    assert (Code.VARIABLE_TOO_NEW, "ENABLE_SUBNET_DISCOVERY") in codes(old)
    assert any(each.code is Code.DEPRECATED_VARIABLE for each in old)
    assert not codes(found(daemon_set(variables, version="v1.18.0")))
    assert not any(each.code is Code.DEPRECATED_VARIABLE for each in found(daemon_set(variables, version="v1.12.0")))


def test_a_version_that_differs_from_the_images_is_mentioned() -> None:
    findings = found(daemon_set(BASE | {"VPC_CNI_VERSION": "v1.15.3"}))
    assert [each.code for each in findings if each.variable == "VPC_CNI_VERSION"] == [Code.VERSION_MISMATCH]


def test_max_pods_can_be_given_for_the_targets() -> None:
    variables = PREFIXES | {"WARM_IP_TARGET": "2", "MINIMUM_IP_TARGET": "100"}
    assert not codes(found(daemon_set(variables), ["m5.large"]))
    assert codes(found(daemon_set(variables), ["m5.large"], max_pods=29)) == {
        (Code.TARGET_BEYOND_MAX_PODS, "MINIMUM_IP_TARGET")
    }


def test_the_published_manifest() -> None:
    findings = found(MANIFEST.read_text())
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    assert [(each.code, each.variable, each.value) for each in errors] == [
        (Code.NOT_A_BOOLEAN, "spec.template.spec.hostNetwork", '"true"'),
        (
            Code.NOT_A_BOOLEAN,
            "spec.template.spec.initContainers[aws-vpc-cni-init].securityContext.privileged",
            '"true"',
        ),
        (Code.NOT_A_BOOLEAN, "spec.template.spec.containers[aws-eks-nodeagent].securityContext.privileged", '"true"'),
    ]
    assert [(each.code, each.variable) for each in findings if each not in errors] == [
        (Code.IGNORED_VARIABLE, "WARM_PREFIX_TARGET")
    ]


def test_an_add_on_configuration_takes_strings_and_known_names_only() -> None:
    findings = found('{"env": {"ENABLE_PREFIX_DELEGATION": true, "WARM_IP": "3"}, "enableNetworkPolicy": "true"}')
    assert codes(findings) == {
        (Code.NOT_A_STRING, "env.ENABLE_PREFIX_DELEGATION"),
        (Code.UNKNOWN_VARIABLE, "WARM_IP"),
    }
    policy = '{"env": {"ENABLE_BANDWIDTH_PLUGIN": "true"}, "enableNetworkPolicy": "true"}'
    assert codes(found(policy)) == {(Code.NETWORK_POLICY_BANDWIDTH, "ENABLE_BANDWIDTH_PLUGIN")}


def test_the_windows_config_map() -> None:
    text = """
kind: ConfigMap
metadata: {name: amazon-vpc-cni}
data:
  enable-windows-prefix-delegation: "true"
  warm-ip-target: "1"
  windows-warm-ip-target: "5"
  minimum-ip-target: three
"""
    assert codes(found(text)) == {
        (Code.WINDOWS_IPAM_OFF, "enable-windows-prefix-delegation"),
        (Code.WINDOWS_KEY_SHADOWED, "windows-warm-ip-target"),
        (Code.INVALID_VALUE, "minimum-ip-target"),
    }


def test_the_worst_comes_first() -> None:
    severities = [finding.severity for finding in found(daemon_set({"WARM_IP_TARGET": "1", "WARM_PREFIX_TARGET": "1"}))]
    assert severities == [Severity.ERROR, Severity.WARNING, Severity.INFO]


def test_every_code_is_explained_with_a_source() -> None:
    assert EXPLANATIONS.keys() == set(Code)
    assert all(text and source for text, source in EXPLANATIONS.values())
