"""Which max pods a node really gets: that depends on who sets it."""

from collections.abc import Sequence
from dataclasses import replace

from cni_plan.catalog import InstanceType
from cni_plan.engine.cni import PREFIX_DELEGATION_SINCE, CniSettings, IpFamily
from cni_plan.engine.max_pods import (
    ADDRESSES_PER_PREFIX,
    CEILING,
    HOST_NETWORK_PODS,
    LARGE_CEILING,
    LimitedBy,
    Mode,
    PodLimits,
    Step,
    address_limits,
    eni_limited_pods,
    figure,
    has_trunk,
    ip_capacity,
    is_nitro,
    kube_reserved_cpu_millicores,
    kube_reserved_memory_mib,
    recommended_ceiling,
    with_memory_note,
)
from cni_plan.engine.provisioner import Provisioner, ProvisionerOptions
from cni_plan.errors import InputError

KUBELET_DEFAULT_MAX_PODS = 110
"""kubelet's own default, which stands where nobody sets a value."""


def effective_max_pods(
    instances: Sequence[InstanceType],
    settings: CniSettings | None = None,
    provisioner: Provisioner = Provisioner.CALCULATOR,
    options: ProvisionerOptions | None = None,
) -> list[PodLimits]:
    """What each type's nodes really get under a provisioner, in the order given.

    The types are taken together because a managed node group gives all its types one value.

    Raises:
        UnknownFigureError: The table lacks a figure of a type.
        InputError: The settings cannot work on a type.
    """
    settings, options = settings or CniSettings(), options or ProvisionerOptions()
    if provisioner is Provisioner.MANAGED_NODE_GROUP:
        limits = _managed_node_group(instances, settings, options)
    else:
        rule = _RULES[provisioner]
        limits = [rule(instance, settings, options) for instance in instances]
    return [with_memory_note(each) for each in limits]


def _calculator(instance: InstanceType, settings: CniSettings, options: ProvisionerOptions) -> PodLimits:
    limits = address_limits(
        instance,
        settings,
        show_max_allowed=options.show_max_allowed,
        host_network_pods=options.host_network_pods,
    )
    return _with_static(limits, options)


def _managed_node_group(
    instances: Sequence[InstanceType], settings: CniSettings, options: ProvisionerOptions
) -> list[PodLimits]:
    """EKS computes the calculator's capped value and gives a mixed group the smallest.

    Source: EKS user guide, "Choose an optimal EC2 node instance type" and "Create a managed node group".
    """
    own = [address_limits(instance, settings, host_network_pods=options.host_network_pods) for instance in instances]
    if not own:
        return []
    least = min(own, key=lambda limits: limits.max_pods)
    given = {"--max-pods": options.max_pods is not None, "--show-max-allowed": options.show_max_allowed}
    ignored = [
        f"{flag} has no effect: EKS sets max pods itself where the group has no AMI of its own"
        for flag, is_given in given.items()
        if is_given
    ]
    return [_in_group(limits, least, ignored) for limits in own]


def _in_group(limits: PodLimits, least: PodLimits, ignored: list[str]) -> PodLimits:
    lost = limits.max_pods - least.max_pods
    if not lost:
        return replace(limits, notes=(*limits.notes, *ignored))
    name = least.instance.instance_type
    return replace(
        limits,
        max_pods=least.max_pods,
        limited_by=LimitedBy.MIXED_TYPES,
        steps=(*limits.steps, Step("smallest of the group", name, least.max_pods)),
        notes=(*limits.notes, f"loses {lost} of {limits.max_pods} pods: {name} sets the group's max pods", *ignored),
    )


def _eni_table(instance: InstanceType, settings: CniSettings, options: ProvisionerOptions) -> PodLimits:
    """The uncapped secondary-IP value, as the tables of the AL2 and Bottlerocket images and nodeadm's formula have it.

    They know neither prefixes nor custom networking nor MAX_ENI.
    """
    enis, ips = figure(instance, "max_enis"), figure(instance, "ipv4_per_eni")
    pods = eni_limited_pods(enis, ips, host_network_pods=HOST_NETWORK_PODS)
    limits = _limits(
        instance,
        settings,
        pods,
        LimitedBy.IP_ADDRESSES,
        steps=(Step("pods by addresses", f"{enis} x ({ips} - 1) + {HOST_NETWORK_PODS}", pods),),
        notes=() if options.max_pods is not None else _blind_spots(instance, settings, pods),
    )
    return _with_static(limits, options)


def _node_keeps_reservation(instance: InstanceType, settings: CniSettings, options: ProvisionerOptions) -> PodLimits:
    """AL2 and AL2023: the image's value, whose kube-reserved stays where max pods is set to another."""
    limits = _eni_table(instance, settings, options)
    default = limits.max_allowed
    if limits.max_pods == default:
        return limits
    note = (
        f"kube-reserved memory stays at the image's {kube_reserved_memory_mib(default)} MiB (for {default} pods): "
        f"set it to {limits.kube_reserved_memory_mib} MiB beside max pods"
    )
    return replace(limits, notes=(*limits.notes, note))


def _karpenter(instance: InstanceType, settings: CniSettings, options: ProvisionerOptions) -> PodLimits:
    """Karpenter's ENI formula, its static maxPods and its podsPerCore.

    Source: karpenter-provider-aws, pkg/providers/instancetype/types.go.
    """
    enis, ips = figure(instance, "max_enis"), figure(instance, "ipv4_per_eni")
    usable = max(0, enis - options.reserved_enis - options.efa_only_enis)
    pods = eni_limited_pods(usable, ips, host_network_pods=HOST_NETWORK_PODS) if usable else 0
    steps = []
    if usable != enis:
        steps.append(Step("usable ENIs", f"max(0, {enis} - {options.reserved_enis} - {options.efa_only_enis})", usable))
    steps.append(
        Step("pods by addresses", f"{usable} x ({ips} - 1) + {HOST_NETWORK_PODS}" if usable else "no usable ENI", pods)
    )
    limits = _limits(
        instance,
        settings,
        pods,
        LimitedBy.IP_ADDRESSES,
        steps=tuple(steps),
        notes=_karpenter_notes(instance, settings, options),
    )
    limits = _with_static(limits, options)
    if options.pods_per_core:
        vcpus = figure(instance, "vcpus")
        by_core = options.pods_per_core * vcpus
        steps_by_core = (*limits.steps, Step("pods per core", f"{options.pods_per_core} x {vcpus} vCPUs", by_core))
        limits = replace(limits, steps=steps_by_core)
        if by_core < limits.max_pods:
            limits = replace(limits, max_pods=by_core, limited_by=LimitedBy.PODS_PER_CORE)
    return limits


def _karpenter_notes(instance: InstanceType, settings: CniSettings, options: ProvisionerOptions) -> tuple[str, ...]:
    notes = []
    if settings.prefix_delegation and options.max_pods is None:
        notes.append("Karpenter does not consider prefix delegation: set maxPods in the EC2NodeClass")
    taken = settings.custom_networking + has_trunk(instance, settings)
    if taken > options.reserved_enis:
        notes.append(f"set Karpenter's reserved ENIs to {taken}: custom networking or the trunk takes them from pods")
    return tuple(notes)


def _bottlerocket(instance: InstanceType, settings: CniSettings, options: ProvisionerOptions) -> PodLimits:
    """The image's table, or settings.kubernetes.max-pods, from which kube-reserved follows."""
    return _eni_table(instance, settings, options)


def _auto_mode(instance: InstanceType, settings: CniSettings, options: ProvisionerOptions) -> PodLimits:
    """`min(110, max_enis * (ipv4_per_eni - 1))`; nothing can be set."""
    enis, ips = figure(instance, "max_enis"), figure(instance, "ipv4_per_eni")
    allowed = eni_limited_pods(enis, ips, host_network_pods=0)
    pods = min(CEILING, allowed)
    notes = ("EKS Auto Mode sets max pods itself: --max-pods has no effect",) if options.max_pods is not None else ()
    return replace(
        _limits(
            instance,
            settings,
            pods,
            LimitedBy.CEILING if pods < allowed else LimitedBy.IP_ADDRESSES,
            steps=(
                Step("addresses for pods", f"{enis} x ({ips} - 1)", allowed),
                Step("max pods", f"min({allowed}, {CEILING})", pods),
            ),
            notes=notes,
        ),
        max_allowed=allowed,
        ceiling=CEILING,
    )


def _fargate(instance: InstanceType, settings: CniSettings, options: ProvisionerOptions) -> PodLimits:
    """One pod on each Fargate node."""
    del settings, options
    return PodLimits(
        instance=instance,
        mode=Mode.SECONDARY_IP,
        max_pods=1,
        max_allowed=1,
        ceiling=None,
        limited_by=LimitedBy.FARGATE,
        ip_capacity=1,
        steps=(Step("max pods", "one pod on each Fargate node", 1),),
    )


def _windows(instance: InstanceType, settings: CniSettings, options: ProvisionerOptions) -> PodLimits:
    """One ENI's addresses, or kubelet's max pods where that is less.

    Source: amazon-vpc-resource-controller-k8s, pkg/provider/{ip,prefix}/provider.go.
    """
    if settings.ip_family is IpFamily.IPV6:
        raise InputError("Windows nodes have no IPv6 pods")
    ips = figure(instance, "ipv4_per_eni")
    prefixes = settings.prefix_delegation and is_nitro(instance) and settings.cni_version >= PREFIX_DELEGATION_SINCE
    per_slot = ADDRESSES_PER_PREFIX if prefixes else 1
    allowed = eni_limited_pods(1, ips, addresses_per_slot=per_slot, host_network_pods=0)
    kubelet = KUBELET_DEFAULT_MAX_PODS if options.max_pods is None else options.max_pods
    pods = min(allowed, kubelet)
    limited_by = LimitedBy.IP_ADDRESSES
    if pods < allowed:
        limited_by = LimitedBy.KUBELET_DEFAULT if options.max_pods is None else LimitedBy.STATIC
    notes = []
    if settings.prefix_delegation and not prefixes:
        notes.append("prefix delegation needs a Nitro type: counted with secondary IPs")
    if settings.pod_eni:
        notes.append("Windows nodes have no security groups for pods")
    if settings.custom_networking or settings.max_eni is not None:
        notes.append("Windows nodes use one ENI, the primary: custom networking and MAX_ENI have no part in it")
    if kubelet > allowed:
        notes.append(f"kubelet's max pods is {kubelet}: pods beyond {allowed} would wait for an address")
    return PodLimits(
        instance=instance,
        mode=Mode.PREFIX_DELEGATION if prefixes else Mode.SECONDARY_IP,
        max_pods=pods,
        max_allowed=allowed,
        ceiling=None if instance.vcpus is None else recommended_ceiling(instance.vcpus),
        limited_by=limited_by,
        ip_capacity=allowed,
        steps=(
            Step("addresses of one ENI", f"({ips} - 1){' x 16' if prefixes else ''}", allowed),
            Step("max pods", f"min({allowed}, {kubelet})", pods),
        ),
        notes=tuple(notes),
    )


_RULES = {
    Provisioner.CALCULATOR: _calculator,
    Provisioner.AL2_BOOTSTRAP: _node_keeps_reservation,
    Provisioner.NODEADM: _node_keeps_reservation,
    Provisioner.KARPENTER: _karpenter,
    Provisioner.BOTTLEROCKET: _bottlerocket,
    Provisioner.AUTO_MODE: _auto_mode,
    Provisioner.FARGATE: _fargate,
    Provisioner.WINDOWS: _windows,
}


def _limits(  # noqa: PLR0913 # the parts of one value
    instance: InstanceType,
    settings: CniSettings,
    pods: int,
    limited_by: LimitedBy,
    *,
    steps: tuple[Step, ...],
    notes: tuple[str, ...],
) -> PodLimits:
    """A value that ignores the settings of aws-node, beside the address capacity that those settings give."""
    return PodLimits(
        instance=instance,
        mode=Mode.SECONDARY_IP,
        max_pods=pods,
        max_allowed=pods,
        ceiling=None if instance.vcpus is None else recommended_ceiling(instance.vcpus),
        limited_by=limited_by,
        ip_capacity=ip_capacity(instance, settings),
        steps=steps,
        notes=notes,
    )


def _with_static(limits: PodLimits, options: ProvisionerOptions) -> PodLimits:
    """The value that the user sets beats the formula."""
    if options.max_pods is None:
        return limits
    return replace(
        limits,
        max_pods=options.max_pods,
        limited_by=LimitedBy.STATIC,
        steps=(*limits.steps, Step("max pods", "set by the user", options.max_pods)),
        notes=(*limits.notes, *_beyond_addresses(limits, options)),
    )


def _beyond_addresses(limits: PodLimits, options: ProvisionerOptions) -> list[str]:
    capacity, wanted = limits.ip_capacity, options.max_pods
    if capacity is None or wanted is None or wanted <= capacity + options.host_network_pods:
        return []
    has = f"{capacity} + {options.host_network_pods} host-network pods"
    return [f"max pods {wanted} is more than the node has addresses for ({has}): the pods beyond would wait"]


def _blind_spots(instance: InstanceType, settings: CniSettings, pods: int) -> tuple[str, ...]:
    """What the settings of aws-node change that the image's value knows nothing of."""
    capacity = ip_capacity(instance, settings)
    able = capacity + HOST_NETWORK_PODS
    if able < pods:
        has = f"{capacity} + {HOST_NETWORK_PODS} host-network pods"
        return (f"the image's {pods} pods are more than the node has addresses for ({has}): set max pods to {able}",)
    better = min(able, LARGE_CEILING if instance.vcpus is None else recommended_ceiling(instance.vcpus))
    return (f"the image does not know of the prefixes: set max pods to {better}",) if better > pods else ()


def missing_reservation(answers: Sequence[PodLimits], pods: int) -> str | None:
    """The `--kube-reserved` that AL2 and AL2023 nodes need beside a max pods above their image's own.

    The image reserves memory for its own table's value whatever max pods is set to; without a word about it the
    kubelet would reserve too little. CPU is for the largest of the types.

    Args:
        answers: The types' limits.
        pods: The max pods that all of them get.

    Returns:
        The whole value, since the flag replaces the image's reservation; None where the image reserves enough.
    """
    own = (
        eni_limited_pods(
            figure(limits.instance, "max_enis"),
            figure(limits.instance, "ipv4_per_eni"),
            host_network_pods=HOST_NETWORK_PODS,
        )
        for limits in answers
    )
    if pods <= min(own):
        return None
    cpu = max(kube_reserved_cpu_millicores(figure(limits.instance, "vcpus")) for limits in answers)
    return f"cpu={cpu}m,ephemeral-storage=1Gi,memory={kube_reserved_memory_mib(pods)}Mi"
