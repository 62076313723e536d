"""The environment variables of aws-node: what each takes, since when, where it belongs, and how ipamd reads it.

Source: amazon-vpc-cni-k8s, README.md for names and versions; cmd/aws-vpc-cni/main.go, cmd/aws-vpc-cni-init/main.go,
pkg/ipamd/ipamd.go and utils/utils.go for what the code does.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cni_plan.engine.cni import ADDON_WARM_PREFIX_TARGET, CniSettings, IpFamily, Version


class Kind(StrEnum):
    """What a variable's text is read as."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    TEXT = "text"
    JSON_MAP = "JSON map of strings"
    CHOICE = "choice"


class Containers(StrEnum):
    """The containers that read a variable."""

    MAIN = "aws-node"
    INIT = "aws-vpc-cni-init"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One environment variable.

    Attributes:
        kind: What its text is read as.
        default: What holds where it is absent or wrong, in words.
        since: The first release that reads it; None where that is not told.
        deprecated: The release from which on it does nothing; None for the others.
        containers: Who reads it.
        least: The smallest sensible integer.
        most: The largest one.
        choices: The texts a choice takes.
        exits: Whether aws-node exits on a wrong value rather than using the default.
    """

    kind: Kind = Kind.TEXT
    default: str = "empty"
    since: Version | None = None
    deprecated: Version | None = None
    containers: Containers = Containers.MAIN
    least: int = 0
    most: int = 2**31 - 1
    choices: tuple[str, ...] = ()
    exits: bool = False


def _switch(
    default: str,
    since: Version | None = None,
    deprecated: Version | None = None,
    containers: Containers = Containers.MAIN,
) -> Variable:
    return Variable(kind=Kind.BOOLEAN, default=default, since=since, deprecated=deprecated, containers=containers)


_LOG_LEVELS = ("DEBUG", "INFO", "WARN", "ERROR", "FATAL")
LEAST_MTU, MOST_MTU = 576, 9001

VARIABLES: Mapping[str, Variable] = {
    "ADDITIONAL_ENI_TAGS": Variable(kind=Kind.JSON_MAP, default="{}", since=(1, 6, 0)),
    "ANNOTATE_POD_IP": _switch("false", (1, 9, 3)),
    "AWS_EC2_ENDPOINT": Variable(since=(1, 13, 0)),
    "AWS_EXTERNAL_SERVICE_CIDRS": Variable(since=(1, 12, 6)),
    "AWS_MANAGE_ENIS_NON_SCHEDULABLE": _switch("false", (1, 12, 6)),
    "AWS_VPC_CNI_NODE_PORT_SUPPORT": _switch("true"),
    "AWS_VPC_ENI_MTU": Variable(
        kind=Kind.INTEGER, default="9001", since=(1, 6, 0), least=LEAST_MTU, most=MOST_MTU, exits=True
    ),
    "AWS_VPC_K8S_CNI_BACKING_STORE": Variable(default="/var/run/aws-node/ipam.json"),
    "AWS_VPC_K8S_CNI_CONFIGURE_RPFILTER": _switch("true", deprecated=(1, 12, 1)),
    "AWS_VPC_K8S_CNI_CONNMARK": Variable(default="0x80"),
    "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": _switch("false"),
    "AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS": Variable(since=(1, 6, 0)),
    "AWS_VPC_K8S_CNI_EXTERNALSNAT": _switch("false"),
    "AWS_VPC_K8S_CNI_LOGLEVEL": Variable(kind=Kind.CHOICE, default="DEBUG", choices=_LOG_LEVELS),
    "AWS_VPC_K8S_CNI_LOG_FILE": Variable(default="/host/var/log/aws-routed-eni/ipamd.log"),
    "AWS_VPC_K8S_CNI_RANDOMIZESNAT": Variable(kind=Kind.CHOICE, default="prng", choices=("prng", "hashrandom", "none")),
    "AWS_VPC_K8S_CNI_VETHPREFIX": Variable(default="eni", exits=True),
    "AWS_VPC_K8S_EGRESS_V4_PLUGIN_LOG_FILE": Variable(),
    "AWS_VPC_K8S_EGRESS_V6_PLUGIN_LOG_FILE": Variable(),
    "AWS_VPC_K8S_PLUGIN_LOG_FILE": Variable(default="/var/log/aws-routed-eni/plugin.log", exits=True),
    "AWS_VPC_K8S_PLUGIN_LOG_LEVEL": Variable(kind=Kind.CHOICE, default="DEBUG", choices=_LOG_LEVELS),
    "CLUSTER_ENDPOINT": Variable(since=(1, 12, 1)),
    "CLUSTER_NAME": Variable(),
    "DISABLE_INTROSPECTION": _switch("false"),
    "DISABLE_LEAKED_ENI_CLEANUP": _switch("false", (1, 13, 0)),
    "DISABLE_METRICS": _switch("false"),
    "DISABLE_NETWORK_RESOURCE_PROVISIONING": _switch("false", (1, 9, 1)),
    "DISABLE_POD_V6": _switch("false", (1, 15, 0)),
    "DISABLE_TCP_EARLY_DEMUX": _switch("false", (1, 7, 3), containers=Containers.INIT),
    "ENABLE_BANDWIDTH_PLUGIN": _switch("false", (1, 10, 0)),
    "ENABLE_IMDS_ONLY_MODE": _switch("false", (1, 19, 6)),
    "ENABLE_IPv4": _switch("false", (1, 10, 0)),
    "ENABLE_IPv6": _switch("false", (1, 10, 0), containers=Containers.BOTH),
    "ENABLE_MULTI_NIC": _switch("false", (1, 20, 0)),
    "ENABLE_NFTABLES": _switch("false", (1, 12, 1), deprecated=(1, 13, 2)),
    "ENABLE_POD_ENI": _switch("false", (1, 7, 0)),
    "ENABLE_PREFIX_DELEGATION": _switch("false", (1, 9, 0)),
    "ENABLE_SUBNET_DISCOVERY": _switch("true", (1, 18, 0)),
    "ENABLE_V4_EGRESS": _switch("true", (1, 15, 1)),
    "ENABLE_V6_EGRESS": _switch("false", (1, 13, 0), containers=Containers.BOTH),
    "ENI_CONFIG_ANNOTATION_DEF": Variable(default="k8s.amazonaws.com/eniConfig"),
    "ENI_CONFIG_LABEL_DEF": Variable(default="k8s.amazonaws.com/eniConfig"),
    "HOST_CNI_BIN_PATH": Variable(default="/host/opt/cni/bin", containers=Containers.BOTH),
    "HOST_CNI_CONFDIR_PATH": Variable(default="/host/etc/cni/net.d"),
    "INTROSPECTION_BIND_ADDRESS": Variable(default="127.0.0.1:61679"),
    "IP_COOLDOWN_PERIOD": Variable(kind=Kind.INTEGER, default="30", since=(1, 15, 0), exits=True),
    "MANAGE_UNTAGGED_ENI": _switch("true"),
    "MAX_ENI": Variable(kind=Kind.INTEGER, default="the instance type's limit", least=1),
    "MINIMUM_IP_TARGET": Variable(kind=Kind.INTEGER, default="unset", since=(1, 6, 0)),
    "MY_NODE_NAME": Variable(),
    "MY_POD_NAME": Variable(),
    "NETWORK_POLICY_ENFORCING_MODE": Variable(
        kind=Kind.CHOICE, default="standard", since=(1, 17, 1), choices=("standard", "strict", "none")
    ),
    "POD_MTU": Variable(
        kind=Kind.INTEGER, default="AWS_VPC_ENI_MTU", since=(1, 16, 4), least=LEAST_MTU, most=MOST_MTU, exits=True
    ),
    "POD_SECURITY_GROUP_ENFORCING_MODE": Variable(
        kind=Kind.CHOICE, default="strict", since=(1, 11, 0), choices=("strict", "standard")
    ),
    "VPC_CNI_VERSION": Variable(),
    "VPC_ID": Variable(),
    "WARM_ENI_TARGET": Variable(kind=Kind.INTEGER, default="1"),
    "WARM_IP_TARGET": Variable(kind=Kind.INTEGER, default="unset"),
    "WARM_PREFIX_TARGET": Variable(kind=Kind.INTEGER, default="0", since=(1, 9, 0)),
}

ADDON_DEFAULTS: Mapping[str, str] = {
    "ENABLE_IPv4": "true",
    "ENABLE_IPv6": "false",
    "ENABLE_POD_ENI": "false",
    "ENABLE_PREFIX_DELEGATION": "false",
    "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": "false",
    "WARM_ENI_TARGET": "1",
    "WARM_PREFIX_TARGET": str(ADDON_WARM_PREFIX_TARGET),
}
"""What the add-on and the Helm chart set where nothing else is asked for, as far as it decides addresses."""

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)


def read_boolean(text: str) -> bool | None:
    """As Go's strconv.ParseBool; None where the text is no boolean."""
    return True if text in _TRUE else False if text in _FALSE else None


def read_integer(text: str) -> int | None:
    """As Go's strconv.Atoi; None where the text is no integer."""
    return int(text) if _INTEGER.fullmatch(text) else None


def is_valid(name: str, text: str) -> bool:
    """Whether the text is one that the variable takes."""
    variable = VARIABLES[name]
    match variable.kind:
        case Kind.BOOLEAN:
            return read_boolean(text) is not None
        case Kind.INTEGER:
            value = read_integer(text)
            return value is not None and variable.least <= value <= variable.most
        case Kind.CHOICE:
            return text.upper() in variable.choices if variable.choices == _LOG_LEVELS else text in variable.choices
        case Kind.JSON_MAP:
            return _is_map_of_strings(text)
        case Kind.TEXT:
            return _is_valid_text(name, text)


def _is_map_of_strings(text: str) -> bool:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())


def _is_valid_text(name: str, text: str) -> bool:
    if name == "AWS_VPC_K8S_CNI_VETHPREFIX":
        return 0 < len(text) <= 4 and text not in {"eth", "lo", "vlan"}  # noqa: PLR2004 # main.go, validateEnvVars
    return not (name == "AWS_VPC_K8S_PLUGIN_LOG_FILE" and text == "stdout")


def expected(name: str) -> str:  # noqa: PLR0911 # one for each kind
    """What the variable takes, in words."""
    variable = VARIABLES[name]
    match variable.kind:
        case Kind.INTEGER if variable.most < 2**31 - 1:
            return f"an integer from {variable.least} to {variable.most}"
        case Kind.INTEGER:
            return f"an integer of at least {variable.least}"
        case Kind.CHOICE:
            return " or ".join(variable.choices)
        case Kind.BOOLEAN:
            return "true or false"
        case Kind.JSON_MAP:
            return "a JSON map of strings"
        case Kind.TEXT if name == "AWS_VPC_K8S_CNI_VETHPREFIX":
            return "at most 4 characters, and not eth, lo or vlan"
        case _:
            return "stderr or a path"


def settings_from_variables(variables: Mapping[str, str], cni_version: Version) -> CniSettings:
    """The settings as ipamd reads them: what is wrong or negative means the default."""

    def switch(name: str) -> bool:
        return read_boolean(variables.get(name, "false")) or False

    def target(name: str, default: int) -> int:
        value = read_integer(variables.get(name, ""))
        return default if value is None or value < 0 else value

    return CniSettings(
        cni_version=cni_version,
        custom_networking=switch("AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG"),
        prefix_delegation=switch("ENABLE_PREFIX_DELEGATION"),
        max_eni=target("MAX_ENI", 0) or None,
        pod_eni=switch("ENABLE_POD_ENI"),
        ip_family=IpFamily.IPV6 if switch("ENABLE_IPv6") else IpFamily.IPV4,
        warm_eni_target=target("WARM_ENI_TARGET", 1),
        warm_ip_target=target("WARM_IP_TARGET", 0),
        minimum_ip_target=target("MINIMUM_IP_TARGET", 0),
        warm_prefix_target=target("WARM_PREFIX_TARGET", 0),
        ip_cooldown_seconds=target("IP_COOLDOWN_PERIOD", 30),
    )
