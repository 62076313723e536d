"""Max pods by addresses: the arithmetic of `max-pods-calculator.sh`, and what ipamd can really hand out.

Source of the formulas: max-pods-calculator.sh of amazon-eks-ami, as it stood when AL2 left the repository.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from cni_plan.catalog import InstanceType
from cni_plan.engine.cni import (
    BARE_METAL_PREFIXES_SINCE,
    PREFIX_DELEGATION_SINCE,
    CniSettings,
    IpFamily,
    format_version,
)
from cni_plan.errors import InputError, UnknownFigureError

HOST_NETWORK_PODS = 2
"""aws-node and kube-proxy run in the host's network and need no address of their own."""
ADDRESSES_PER_PREFIX = 16
"""A /28."""
IPV6_PREFIX_ADDRESSES = 2**48
"""A /80, the one prefix that an IPv6 node gets."""
LARGE_VCPUS = 30
"""Above so many vCPUs the higher ceiling holds; exactly 30 has the lower one, as in the script."""
CEILING, LARGE_CEILING = 110, 250

RESERVED_MIB_PER_POD, RESERVED_MIB_BASE = 11, 255
"""kube-reserved memory of bootstrap.sh, nodeadm, Bottlerocket and Karpenter."""
RESERVED_CPU_BANDS = ((0, 1, 600), (1, 2, 100), (2, 4, 50), (4, None, 25))
"""kube-reserved CPU: from core, to core, hundredths of a percent of the band."""


class Mode(StrEnum):
    """How pods get their addresses."""

    SECONDARY_IP = "secondary-ip"
    PREFIX_DELEGATION = "prefix-delegation"
    IPV6 = "ipv6"


class LimitedBy(StrEnum):
    """The constraint that decides the number of pods."""

    IP_ADDRESSES = "ip-addresses"
    CEILING = "ceiling"
    MIXED_TYPES = "mixed-types"
    STATIC = "static-max-pods"
    PODS_PER_CORE = "pods-per-core"
    FARGATE = "fargate"
    KUBELET_DEFAULT = "kubelet-default"


class Step(NamedTuple):
    """One line of the arithmetic: what, how, and the value."""

    quantity: str
    formula: str
    value: int


@dataclass(frozen=True, slots=True)
class PodLimits:
    """How many pods a node of one type takes, and why.

    Attributes:
        instance: The instance type.
        mode: The mode the answer is computed in.
        max_pods: The answer.
        max_allowed: The answer without the ceiling.
        ceiling: The recommended most for the type's size; None where vCPUs are unknown.
        limited_by: What decides `max_pods`.
        ip_capacity: Addresses ipamd can hand to pods on such a node.
        steps: The arithmetic, line by line.
        notes: What a user should know before trusting the integer.
    """

    instance: InstanceType
    mode: Mode
    max_pods: int
    max_allowed: int
    ceiling: int | None
    limited_by: LimitedBy
    ip_capacity: int | None
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def kube_reserved_memory_mib(self) -> int:
        """The memory that kubelet should reserve for `max_pods` pods, in MiB."""
        return kube_reserved_memory_mib(self.max_pods)


def figure(instance: InstanceType, column: str) -> int:
    """A figure the arithmetic cannot do without.

    Raises:
        UnknownFigureError: The table does not know it.
    """
    value: int | None = getattr(instance, column)
    if value is None:
        raise UnknownFigureError(f"{column} of {instance.instance_type} is unknown, so no number can be given for it")
    return value


def is_nitro(instance: InstanceType) -> bool:
    """Whether EC2 reports the Nitro hypervisor; it reports none for bare metal."""
    return instance.hypervisor == "nitro"


def holds_prefixes(instance: InstanceType, settings: CniSettings) -> bool:
    """Whether ipamd attaches prefixes to such a node: Nitro, or bare metal with a CNI that knows of it."""
    if not settings.prefix_delegation or settings.cni_version < PREFIX_DELEGATION_SINCE:
        return False
    return is_nitro(instance) or (bool(instance.bare_metal) and settings.cni_version >= BARE_METAL_PREFIXES_SINCE)


def has_trunk(instance: InstanceType, settings: CniSettings) -> bool:
    """Whether one ENI becomes the trunk of security groups for pods."""
    return settings.pod_eni and bool(instance.trunking_compatible)


def pod_enis(instance: InstanceType, settings: CniSettings) -> int:
    """ENIs whose secondary addresses go to ordinary pods; only the default network card's count."""
    enis = figure(instance, "max_enis")
    if settings.max_eni is not None:
        enis = min(enis, settings.max_eni)
    return max(0, enis - settings.custom_networking - has_trunk(instance, settings))


def eni_limited_pods(enis: int, ipv4_per_eni: int, *, addresses_per_slot: int = 1, host_network_pods: int) -> int:
    """`enis * (ipv4_per_eni - 1) * addresses_per_slot + host_network_pods`."""
    return enis * (ipv4_per_eni - 1) * addresses_per_slot + host_network_pods


def recommended_ceiling(vcpus: int) -> int:
    """The most pods EKS recommends: 110 up to 30 vCPUs, 250 above."""
    return LARGE_CEILING if vcpus > LARGE_VCPUS else CEILING


def kube_reserved_memory_mib(pods: int) -> int:
    """`11 * pods + 255` MiB."""
    return RESERVED_MIB_PER_POD * pods + RESERVED_MIB_BASE


def kube_reserved_cpu_millicores(vcpus: int) -> int:
    """6% of the first core, 1% of the second, 0.5% of the next two, 0.25% of the rest; each band rounded down."""
    total = 0
    for start, end, share in RESERVED_CPU_BANDS:
        top = vcpus if end is None else min(vcpus, end)
        if top > start:
            total += (top - start) * 1000 * share // 10_000
    return total


def ip_capacity(instance: InstanceType, settings: CniSettings) -> int:
    """Addresses ipamd can hand to pods on such a node, host-network pods not among them."""
    if settings.ip_family is IpFamily.IPV6:
        return IPV6_PREFIX_ADDRESSES
    per_slot = ADDRESSES_PER_PREFIX if holds_prefixes(instance, settings) else 1
    return eni_limited_pods(
        pod_enis(instance, settings),
        figure(instance, "ipv4_per_eni"),
        addresses_per_slot=per_slot,
        host_network_pods=0,
    )


def max_pods(
    instance: InstanceType,
    settings: CniSettings | None = None,
    *,
    show_max_allowed: bool = False,
    host_network_pods: int = HOST_NETWORK_PODS,
) -> PodLimits:
    """What `max-pods-calculator.sh` prints for a type.

    Args:
        instance: A row of the table.
        settings: How aws-node is set up; by default as the script assumes without flags.
        show_max_allowed: Skip the ceiling.
        host_network_pods: Pods on the node's own network, which need no address.

    Raises:
        UnknownFigureError: The table lacks a figure of the type.
        InputError: IPv6 on a type that cannot carry it.
    """
    return with_memory_note(
        address_limits(
            instance,
            settings or CniSettings(),
            show_max_allowed=show_max_allowed,
            host_network_pods=host_network_pods,
        )
    )


def address_limits(
    instance: InstanceType,
    settings: CniSettings,
    *,
    show_max_allowed: bool = False,
    host_network_pods: int = HOST_NETWORK_PODS,
) -> PodLimits:
    """As `max_pods`, before memory is looked at."""
    if settings.ip_family is IpFamily.IPV6:
        return _ipv6_limits(instance, settings)
    return _ipv4_limits(instance, settings, show_max_allowed=show_max_allowed, host_network_pods=host_network_pods)


def _ipv4_limits(
    instance: InstanceType, settings: CniSettings, *, show_max_allowed: bool, host_network_pods: int
) -> PodLimits:
    prefixes = settings.prefix_delegation and is_nitro(instance) and settings.cni_version >= PREFIX_DELEGATION_SINCE
    enis, ips = pod_enis(instance, settings), figure(instance, "ipv4_per_eni")
    allowed = eni_limited_pods(
        enis,
        ips,
        addresses_per_slot=ADDRESSES_PER_PREFIX if prefixes else 1,
        host_network_pods=host_network_pods,
    )
    formula = f"{enis} x ({ips} - 1){' x 16' if prefixes else ''} + {host_network_pods}"
    steps = [*_eni_steps(instance, settings, enis), Step("pods by addresses", formula, allowed)]
    vcpus = instance.vcpus if show_max_allowed else figure(instance, "vcpus")
    ceiling = None if vcpus is None else recommended_ceiling(vcpus)
    answer = allowed if show_max_allowed or ceiling is None else min(allowed, ceiling)
    if not show_max_allowed and ceiling is not None:
        steps += [_ceiling_step(figure(instance, "vcpus")), Step("max pods", f"min({allowed}, {ceiling})", answer)]
    return PodLimits(
        instance=instance,
        mode=Mode.PREFIX_DELEGATION if prefixes else Mode.SECONDARY_IP,
        max_pods=answer,
        max_allowed=allowed,
        ceiling=ceiling,
        limited_by=LimitedBy.CEILING if answer < allowed else LimitedBy.IP_ADDRESSES,
        ip_capacity=ip_capacity(instance, settings),
        steps=tuple(steps),
        notes=tuple(_notes(instance, settings, enis, answer)),
    )


def supports_ipv6(instance: InstanceType) -> bool:
    """Whether aws-node starts in IPv6 mode on such a node: prefixes are a condition, so Nitro is."""
    return is_nitro(instance) or bool(instance.bare_metal)


def _ipv6_limits(instance: InstanceType, settings: CniSettings) -> PodLimits:
    if settings.custom_networking:
        raise InputError("custom networking does not work with IPv6: aws-node refuses to start")
    if not supports_ipv6(instance):
        raise InputError(f"{instance.instance_type} cannot run IPv6 pods: aws-node needs a Nitro type for them")
    vcpus = figure(instance, "vcpus")
    ceiling = recommended_ceiling(vcpus)
    return PodLimits(
        instance=instance,
        mode=Mode.IPV6,
        max_pods=ceiling,
        max_allowed=ceiling,
        ceiling=ceiling,
        limited_by=LimitedBy.CEILING,
        ip_capacity=ip_capacity(instance, settings),
        steps=(
            Step("addresses for pods", "one /80, 2^48", IPV6_PREFIX_ADDRESSES),
            _ceiling_step(vcpus),
        ),
    )


def _ceiling_step(vcpus: int) -> Step:
    comparison = ">" if vcpus > LARGE_VCPUS else "<="
    return Step("ceiling", f"{vcpus} vCPUs {comparison} {LARGE_VCPUS}", recommended_ceiling(vcpus))


def _eni_steps(instance: InstanceType, settings: CniSettings, enis: int) -> list[Step]:
    """How the number of ENIs came about, where it is not simply the type's."""
    own = figure(instance, "max_enis")
    terms = str(own) if settings.max_eni is None else f"min({own}, {settings.max_eni})"
    if settings.custom_networking:
        terms += " - 1 (custom networking)"
    if has_trunk(instance, settings):
        terms += " - 1 (trunk)"
    return [] if terms == str(own) else [Step("ENIs for pods", terms, enis)]


def _notes(instance: InstanceType, settings: CniSettings, enis: int, answer: int) -> list[str]:
    notes = []
    if settings.prefix_delegation and not is_nitro(instance):
        notes.append(_no_prefixes(instance, settings))
    elif settings.prefix_delegation and settings.cni_version < PREFIX_DELEGATION_SINCE:
        notes.append(
            f"prefix delegation needs CNI {format_version(PREFIX_DELEGATION_SINCE)}, "
            f"not {format_version(settings.cni_version)}: counted with secondary IPs"
        )
    if enis == 0:
        notes.append("no ENI is left for pods: only host-network pods can run")
    if settings.pod_eni:
        notes.append(_branch_note(instance, answer))
    return notes


def _no_prefixes(instance: InstanceType, settings: CniSettings) -> str:
    if holds_prefixes(instance, settings):
        return (
            "EC2 names no hypervisor for bare metal, so the calculator counts secondary IPs; "
            "ipamd itself does attach prefixes there"
        )
    if instance.bare_metal and settings.cni_version >= PREFIX_DELEGATION_SINCE:
        return (
            f"ipamd attaches prefixes to bare metal from CNI {format_version(BARE_METAL_PREFIXES_SINCE)} on, "
            f"not with {format_version(settings.cni_version)}: counted with secondary IPs"
        )
    return "prefix delegation needs a Nitro type: counted with secondary IPs, as ipamd falls back to them"


def _branch_note(instance: InstanceType, answer: int) -> str:
    if not instance.trunking_compatible:
        known = "cannot carry" if instance.trunking_compatible is False else "is not known to carry"
        return f"the type {known} a trunk ENI: security groups for pods are not available on it"
    branches = "an unknown number of" if instance.branch_enis is None else f"up to {instance.branch_enis}"
    total = "" if instance.branch_enis is None else f"; max pods for all of them is {answer + instance.branch_enis}"
    return f"{branches} pods with security groups run on branch ENIs besides{total}"


def with_memory_note(limits: PodLimits) -> PodLimits:
    """Add a note where kube-reserved takes more than half of the node's memory."""
    reserved, memory = limits.kube_reserved_memory_mib, limits.instance.memory_mib
    if memory is None or 2 * reserved <= memory:
        return limits
    note = f"kube-reserved for {limits.max_pods} pods is {reserved} MiB of the node's {memory} MiB"
    return replace(limits, notes=(*limits.notes, note))
