"""The settings of aws-node that decide how many addresses a node holds, as one value."""

import re
from dataclasses import dataclass
from enum import StrEnum

from cni_plan.errors import InputError

Version = tuple[int, int, int]

NEWEST_CNI_VERSION: Version = (1, 23, 1)
"""The newest release whose behaviour this engine was checked against."""
PREFIX_DELEGATION_SINCE: Version = (1, 9, 0)
"""amazon-vpc-cni-k8s README, ENABLE_PREFIX_DELEGATION; max-pods-calculator.sh tests the same."""
BARE_METAL_PREFIXES_SINCE: Version = (1, 11, 0)
"""amazon-vpc-cni-k8s README, ENABLE_PREFIX_DELEGATION."""

ADDON_WARM_PREFIX_TARGET = 1
"""WARM_PREFIX_TARGET as the add-on's manifest and the Helm chart set it."""

_VERSION = re.compile(r"v?(\d{1,4})\.(\d{1,4})\.(\d{1,4})(-eksbuild\.\d{1,4})?", re.ASCII)


class IpFamily(StrEnum):
    """The address family pods get."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"


@dataclass(frozen=True, slots=True, kw_only=True)
class CniSettings:
    """How aws-node is set up.

    Attributes:
        cni_version: Release of the VPC CNI, as three numbers.
        custom_networking: AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: pods get no address on the primary ENI.
        prefix_delegation: ENABLE_PREFIX_DELEGATION: a slot holds a /28 instead of one address.
        max_eni: MAX_ENI: use at most so many ENIs; None for the instance type's limit.
        pod_eni: ENABLE_POD_ENI: security groups for pods, which take one ENI as the trunk.
        ip_family: The address family of pods.
        warm_eni_target: WARM_ENI_TARGET: spare ENIs' worth of addresses, in secondary-IP mode.
        warm_ip_target: WARM_IP_TARGET: spare addresses; 0 is unset.
        minimum_ip_target: MINIMUM_IP_TARGET: the floor of addresses; 0 is unset.
        warm_prefix_target: WARM_PREFIX_TARGET: spare prefixes; unset is 0, the add-on's manifest sets 1.
        ip_cooldown_seconds: IP_COOLDOWN_PERIOD: how long a released address rests.
    """

    cni_version: Version = NEWEST_CNI_VERSION
    custom_networking: bool = False
    prefix_delegation: bool = False
    max_eni: int | None = None
    pod_eni: bool = False
    ip_family: IpFamily = IpFamily.IPV4
    warm_eni_target: int = 1
    warm_ip_target: int = 0
    minimum_ip_target: int = 0
    warm_prefix_target: int = 0
    ip_cooldown_seconds: int = 30

    @property
    def has_ip_targets(self) -> bool:
        """Whether WARM_IP_TARGET or MINIMUM_IP_TARGET is set; either overrides the ENI and prefix targets."""
        return self.warm_ip_target > 0 or self.minimum_ip_target > 0


def parse_cni_version(text: str) -> Version:
    """Read `1.15.3`, `v1.15.3` or `v1.15.3-eksbuild.1`.

    Raises:
        InputError: The text is none of these.
    """
    match = _VERSION.fullmatch(text)
    if not match:
        raise InputError(f"{text[:40]!r} is not a CNI version; write it as 1.15.3, v1.15.3 or v1.15.3-eksbuild.1")
    return int(match[1]), int(match[2]), int(match[3])


def format_version(version: Version) -> str:
    """The version as `1.15.3`."""
    return ".".join(map(str, version))


def warm_targets(settings: CniSettings) -> str:
    """The targets that count with the settings, as variables."""
    if settings.has_ip_targets:
        return f"WARM_IP_TARGET={settings.warm_ip_target} MINIMUM_IP_TARGET={settings.minimum_ip_target}"
    if settings.prefix_delegation:
        return f"WARM_PREFIX_TARGET={settings.warm_prefix_target}"
    return f"WARM_ENI_TARGET={settings.warm_eni_target}"


def mode_name(settings: CniSettings) -> str:
    """The mode's name: `secondary-ip`, `prefix-delegation` or `ipv6`."""
    if settings.ip_family is IpFamily.IPV6:
        return "ipv6"
    return "prefix-delegation" if settings.prefix_delegation else "secondary-ip"
