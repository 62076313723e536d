"""The variables that turn the add-on's defaults into the settings that are asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cni_plan.engine.aws_node import AwsNode, Form
from cni_plan.engine.cni import CniSettings, IpFamily, Version
from cni_plan.engine.variables import ADDON_DEFAULTS, VARIABLES, Containers, read_boolean

NEVER_EMITTED = frozenset({"VPC_ID", "MY_NODE_NAME", "MY_POD_NAME", "VPC_CNI_VERSION"})
"""No settings: the manifest or the managed add-on fills them in."""

CHART_DEFAULTS: Mapping[str, str] = {
    **ADDON_DEFAULTS,
    "ADDITIONAL_ENI_TAGS": "{}",
    "AWS_VPC_CNI_NODE_PORT_SUPPORT": "true",
    "AWS_VPC_ENI_MTU": "9001",
    "AWS_VPC_K8S_CNI_EXTERNALSNAT": "false",
    "AWS_VPC_K8S_CNI_LOGLEVEL": "DEBUG",
    "AWS_VPC_K8S_CNI_LOG_FILE": "/host/var/log/aws-routed-eni/ipamd.log",
    "AWS_VPC_K8S_CNI_RANDOMIZESNAT": "prng",
    "AWS_VPC_K8S_CNI_VETHPREFIX": "eni",
    "AWS_VPC_K8S_PLUGIN_LOG_FILE": "/var/log/aws-routed-eni/plugin.log",
    "AWS_VPC_K8S_PLUGIN_LOG_LEVEL": "DEBUG",
    "DISABLE_INTROSPECTION": "false",
    "DISABLE_METRICS": "false",
    "DISABLE_NETWORK_RESOURCE_PROVISIONING": "false",
    "ENABLE_IMDS_ONLY_MODE": "false",
    "ENABLE_MULTI_NIC": "false",
    "ENABLE_SUBNET_DISCOVERY": "true",
    "NETWORK_POLICY_ENFORCING_MODE": "standard",
}
"""What the add-on and the chart set (charts/aws-vpc-cni/values.yaml of 1.23.1); other variables are absent there."""

_NOT_IN_ADDON = frozenset({"CLUSTER_NAME", "ENABLE_IPv4", "ENABLE_IPv6"})
"""Refused by the managed add-on's configuration schema (seen in 1.15.1's)."""

INIT_DEFAULTS: Mapping[str, str] = {"DISABLE_TCP_EARLY_DEMUX": "false", "ENABLE_IPv6": "false"}


@dataclass(frozen=True, slots=True)
class AddonValues:
    """Variables by container; all values are strings.

    Attributes:
        env: Those of aws-node.
        init_env: Those of the init container.
        left_out: Variables that the release does not know, or that cannot be set this way.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    init_env: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


def values_from_settings(settings: CniSettings, *, everything: bool = False) -> AddonValues:
    """The variables for settings that were given one by one.

    Args:
        settings: How aws-node is to be set up.
        everything: Whether to name what has the add-on's default too.
    """
    env = {
        "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG": _text(settings.custom_networking),
        "ENABLE_PREFIX_DELEGATION": _text(settings.prefix_delegation),
        "ENABLE_POD_ENI": _text(settings.pod_eni),
        "ENABLE_IPv4": _text(settings.ip_family is IpFamily.IPV4),
        "ENABLE_IPv6": _text(settings.ip_family is IpFamily.IPV6),
        "WARM_ENI_TARGET": str(settings.warm_eni_target),
        "WARM_PREFIX_TARGET": str(settings.warm_prefix_target) if settings.prefix_delegation else "1",
    }
    optional = {
        "WARM_IP_TARGET": settings.warm_ip_target,
        "MINIMUM_IP_TARGET": settings.minimum_ip_target,
        "MAX_ENI": settings.max_eni,
    }
    env |= {name: str(value) for name, value in optional.items() if value}
    init = {"ENABLE_IPv6": _text(settings.ip_family is IpFamily.IPV6)}
    if settings.pod_eni:
        init["DISABLE_TCP_EARLY_DEMUX"] = "true"
    return _chosen(env, init, settings.cni_version, everything=everything)


def values_from_node(node: AwsNode, cni_version: Version, *, everything: bool = False) -> AddonValues:
    """The variables of a configuration that runs today.

    Args:
        node: The configuration.
        cni_version: The release that will read them.
        everything: Whether to name what has the add-on's default too.
    """
    env = {name: value for name, value in node.variables.items() if value is not None and name in VARIABLES}
    init = {name: value for name, value in (node.init_variables or {}).items() if value is not None}
    unknown = [name for name in node.variables if name not in VARIABLES]
    chosen = _chosen(env, init, cni_version, everything=everything)
    return AddonValues(chosen.env, chosen.init_env, (*unknown, *chosen.left_out))


def _chosen(env: Mapping[str, str], init: Mapping[str, str], version: Version, *, everything: bool) -> AddonValues:
    """Drop what the release does not know, and what is as the add-on has it anyway."""
    left_out = []
    chosen: list[dict[str, str]] = []
    for given, defaults in ((env, CHART_DEFAULTS), (init, INIT_DEFAULTS)):
        part = {**defaults, **given} if everything else dict(given)
        kept: dict[str, str] = {}
        main = defaults is CHART_DEFAULTS
        for name, value in sorted(part.items()):
            if name in NEVER_EMITTED or (not everything and _same(defaults.get(name), value)):
                continue
            if _belongs(name, version, main=main):
                kept[name] = value
            elif name in given:
                left_out.append(name)
        chosen.append(kept)
    return AddonValues(chosen[0], chosen[1], tuple(left_out))


def _belongs(name: str, version: Version, *, main: bool) -> bool:
    """Whether the release reads the variable in this container."""
    variable = VARIABLES.get(name)
    if variable is None or (variable.since and version < variable.since):
        return False
    if variable.deprecated and version >= variable.deprecated:
        return False
    return variable.containers is not (Containers.INIT if main else Containers.MAIN)


def for_managed_addon(values: AddonValues) -> AddonValues:
    """What the managed add-on's schema takes: it leaves the address family to the cluster."""
    env = {name: value for name, value in values.env.items() if name not in _NOT_IN_ADDON}
    init = {name: value for name, value in values.init_env.items() if name not in _NOT_IN_ADDON}
    dropped = sorted(
        name for name in _NOT_IN_ADDON & values.env.keys() if not _same(CHART_DEFAULTS.get(name), values.env[name])
    )
    return AddonValues(env, init, (*values.left_out, *dropped))


def as_node(values: AddonValues) -> AwsNode:
    """The configuration that the values come to, for checking it."""
    return AwsNode(form=Form.ADDON, variables=dict(values.env), init_variables=dict(values.init_env))


def _same(default: str | None, value: str) -> bool:
    if default is None:
        return False
    as_switch = read_boolean(default)
    return default == value or (as_switch is not None and as_switch == read_boolean(value))


def _text(value: bool) -> str:
    return "true" if value else "false"
