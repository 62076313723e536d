"""What is wrong with a configuration of aws-node, or will surprise."""

from collections.abc import Callable, Iterator, Sequence

from cni_plan.catalog import InstanceType
from cni_plan.engine.aws_node import AwsNode, Form
from cni_plan.engine.cni import NEWEST_CNI_VERSION, IpFamily, Version, format_version
from cni_plan.engine.findings import Code, Finding, Severity
from cni_plan.engine.max_pods import figure, has_trunk, holds_prefixes, supports_ipv6
from cni_plan.engine.variable_checks import Subject, ignored, manifest, names, short, values
from cni_plan.engine.variables import read_boolean, read_integer
from cni_plan.engine.warm_pool import WarmPool, pool_limits

_POD_ENI_IPV6_SINCE: Version = (1, 16, 0)


def check(
    node: AwsNode,
    *,
    cni_version: Version | None = None,
    instances: Sequence[InstanceType] = (),
    max_pods: int | None = None,
) -> list[Finding]:
    """Check a configuration.

    Args:
        node: The configuration.
        cni_version: The release; by default what the configuration says of it, else the newest known.
        instances: The types of the nodes it is meant for.
        max_pods: kubelet's max pods; by default the calculator's, by type.

    Returns:
        The findings, the worst first.
    """
    version = cni_version or node.cni_version or NEWEST_CNI_VERSION
    subject = Subject(node, version, node.settings(version), instances, max_pods)
    rules = _CONFIG_MAP_RULES if node.form is Form.CONFIG_MAP else _RULES
    findings = [finding for rule in rules for finding in rule(subject)]
    severities = list(Severity)
    return sorted(findings, key=lambda finding: severities.index(finding.severity))


def _families(subject: Subject) -> Iterator[Finding]:
    variables = subject.node.effective_variables()
    ipv6, ipv4 = subject.is_on("ENABLE_IPv6"), subject.is_on("ENABLE_IPv4")
    if subject.node.form is Form.DAEMON_SET and "ENABLE_IPv4" not in subject.node.variables:
        if not ipv6:
            yield _error(
                Code.IPV4_ABSENT, "ENABLE_IPv4", None, "absent means false: aws-node exits", 'set it to "true"'
            )
    elif ipv4 == ipv6:
        both = "both are on" if ipv4 else "both are off"
        yield _error(
            Code.IP_FAMILY,
            "ENABLE_IPv4",
            variables.get("ENABLE_IPv4"),
            f"{both}, ENABLE_IPv4 and ENABLE_IPv6: aws-node exits",
            "turn exactly one of them on",
        )
    if not ipv6:
        return
    if not subject.settings.prefix_delegation:
        message = "IPv6 needs prefix delegation: aws-node exits"
        yield _error(
            Code.IPV6_WITHOUT_PREFIXES, "ENABLE_IPv6", "true", message, 'set ENABLE_PREFIX_DELEGATION to "true"'
        )
    if subject.settings.custom_networking:
        message = "IPv6 excludes custom networking: aws-node exits"
        yield _error(
            Code.IPV6_CUSTOM_NETWORKING, "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG", "true", message, 'set it to "false"'
        )


def _init_container(subject: Subject) -> Iterator[Finding]:
    init = subject.node.init_variables
    if subject.node.form is not Form.DAEMON_SET or init is None:
        return
    for name in ("ENABLE_IPv6", "ENABLE_V6_EGRESS"):
        if subject.is_on(name) and not read_boolean(init.get(name) or "false"):
            yield _error(
                Code.MISSING_IN_INIT,
                name,
                init.get(name),
                "is on in aws-node and not in the init container",
                'set it to "true" in aws-vpc-cni-init too',
            )


def _targets(subject: Subject) -> Iterator[Finding]:
    settings, variables = subject.settings, subject.node.effective_variables()
    if settings.minimum_ip_target and not settings.warm_ip_target:
        yield _error(
            Code.MINIMUM_WITHOUT_WARM_IP,
            "MINIMUM_IP_TARGET",
            variables.get("MINIMUM_IP_TARGET"),
            f"without WARM_IP_TARGET the pool stops at {settings.minimum_ip_target} addresses: more pods never get one",
            "set WARM_IP_TARGET too, to 1 or more",
        )
    if settings.warm_ip_target and not settings.minimum_ip_target:
        yield Finding(
            Code.WARM_IP_WITHOUT_MINIMUM,
            Severity.WARNING,
            "WARM_IP_TARGET",
            variables.get("WARM_IP_TARGET"),
            "without MINIMUM_IP_TARGET a fresh node asks EC2 again for nearly every pod",
            "set MINIMUM_IP_TARGET slightly above the pods you expect on a node",
        )
    starved = settings.prefix_delegation and not settings.has_ip_targets and not settings.warm_prefix_target
    if starved and settings.ip_family is IpFamily.IPV4:
        yield _error(
            Code.PREFIXES_WITHOUT_TARGET,
            "WARM_PREFIX_TARGET",
            variables.get("WARM_PREFIX_TARGET"),
            "WARM_PREFIX_TARGET, WARM_IP_TARGET and MINIMUM_IP_TARGET are all unset or 0 with prefix delegation: "
            "aws-node exits",
            'set WARM_PREFIX_TARGET to "1", or the IP targets',
        )


def _pod_eni(subject: Subject) -> Iterator[Finding]:
    if not subject.settings.pod_eni:
        return
    if subject.settings.max_eni == 1:
        yield _error(
            Code.POD_ENI_NO_PLACE, "MAX_ENI", "1", "leaves no place for the trunk ENI", "set MAX_ENI to 2 or more"
        )
    if subject.settings.ip_family is IpFamily.IPV6 and subject.version < _POD_ENI_IPV6_SINCE:
        yield _error(
            Code.POD_ENI_IPV6,
            "ENABLE_POD_ENI",
            "true",
            f"security groups for pods need CNI {format_version(_POD_ENI_IPV6_SINCE)} in IPv6 clusters",
            "upgrade the CNI, or turn it off",
        )
    init = subject.node.init_variables
    strict = subject.node.effective_variables().get("POD_SECURITY_GROUP_ENFORCING_MODE", "strict") == "strict"
    if strict and init is not None and not read_boolean(init.get("DISABLE_TCP_EARLY_DEMUX") or "false"):
        yield Finding(
            Code.POD_ENI_EARLY_DEMUX,
            Severity.WARNING,
            "DISABLE_TCP_EARLY_DEMUX",
            init.get("DISABLE_TCP_EARLY_DEMUX"),
            "TCP probes do not reach pods with security groups in strict mode",
            'set it to "true" in the init container, or use POD_SECURITY_GROUP_ENFORCING_MODE=standard',
        )


def _network_policy(subject: Subject) -> Iterator[Finding]:
    if subject.node.network_policy and subject.is_on("ENABLE_BANDWIDTH_PLUGIN"):
        message = "the bandwidth plugin does not work with network policies"
        yield _error(Code.NETWORK_POLICY_BANDWIDTH, "ENABLE_BANDWIDTH_PLUGIN", "true", message, "turn one of them off")


def _release(subject: Subject) -> Iterator[Finding]:
    told = subject.node.variables.get("VPC_CNI_VERSION")
    version = subject.node.cni_version
    if told and version and subject.node.form is Form.DAEMON_SET and format_version(version) not in told:
        yield Finding(
            Code.VERSION_MISMATCH,
            Severity.INFO,
            "VPC_CNI_VERSION",
            told,
            f"the image is {format_version(version)}",
            "set it to the image's release",
        )


def _types(subject: Subject) -> Iterator[Finding]:
    settings = subject.settings
    for instance in subject.instances:
        name = instance.instance_type
        if settings.ip_family is IpFamily.IPV6:
            if not supports_ipv6(instance):
                message = f"{name} is not a Nitro type: aws-node does not start on it with IPv6"
                yield _error(Code.PREFIXES_UNSUPPORTED, "ENABLE_IPv6", "true", message, "use Nitro types")
            continue
        if settings.prefix_delegation and not holds_prefixes(instance, settings):
            yield Finding(
                Code.PREFIXES_UNSUPPORTED,
                Severity.WARNING,
                "ENABLE_PREFIX_DELEGATION",
                "true",
                f"{name} takes no prefixes with CNI {format_version(subject.version)}: secondary IPs there",
                "use Nitro types, or count their pods with secondary IPs",
            )
        if settings.max_eni is not None and settings.max_eni > figure(instance, "max_enis"):
            yield Finding(
                Code.MAX_ENI_BEYOND_LIMIT,
                Severity.WARNING,
                "MAX_ENI",
                str(settings.max_eni),
                f"{name} has {instance.max_enis} ENIs: MAX_ENI cannot raise that",
                "remove it, or set it below the limit",
            )
        if settings.pod_eni and not has_trunk(instance, settings):
            unknown = instance.trunking_compatible is None
            yield Finding(
                Code.POD_ENI_UNSUPPORTED,
                Severity.WARNING,
                "ENABLE_POD_ENI",
                "true",
                f"{name} {'is not known to carry' if unknown else 'carries no'} {'a ' * unknown}trunk ENI",
                "use types that carry one for pods with security groups",
            )
        yield from _beyond_max_pods(subject, instance)


def _beyond_max_pods(subject: Subject, instance: InstanceType) -> Iterator[Finding]:
    """Whether an empty node holds more than it can have pods; the last slot may be more than is needed."""
    pods, settings = subject.max_pods(instance), subject.settings
    pool = WarmPool(pool_limits(instance, settings, max_pods=pods), settings)
    pool.grow_to_rest()
    if pool.total - pool.limits.size < pods:
        return
    by_ip = settings.has_ip_targets
    mode_target = "WARM_PREFIX_TARGET" if pool.limits.size > 1 else "WARM_ENI_TARGET"
    targets = {"MINIMUM_IP_TARGET": settings.minimum_ip_target, "WARM_IP_TARGET": settings.warm_ip_target}
    variable = max(targets, key=lambda name: targets[name]) if by_ip else mode_target
    yield Finding(
        Code.TARGET_BEYOND_MAX_PODS,
        Severity.WARNING,
        variable,
        subject.node.effective_variables().get(variable),
        f"an empty {instance.instance_type} holds {pool.total} addresses and takes at most {pods} pods",
        "lower the target, or raise max pods",
    )


def _windows(subject: Subject) -> Iterator[Finding]:
    data = subject.node.settings_map
    ipam = data.get("enable-windows-ipam") == "true"
    for key in ("warm-ip-target", "minimum-ip-target", "warm-prefix-target"):
        if key in data and f"windows-{key}" in data:
            yield Finding(
                Code.WINDOWS_KEY_SHADOWED,
                Severity.WARNING,
                f"windows-{key}",
                data[f"windows-{key}"],
                f"has no effect: {key} is read first",
                f"remove {key}",
            )
        for name in (key, f"windows-{key}"):
            if name in data and read_integer(data[name]) is None:
                yield Finding(
                    Code.INVALID_VALUE,
                    Severity.WARNING,
                    name,
                    short(data[name]),
                    "is not an integer: the controller uses its default",
                    "set it to an integer",
                )
    if data.get("enable-windows-prefix-delegation") == "true" and not ipam:
        yield Finding(
            Code.WINDOWS_IPAM_OFF,
            Severity.ERROR,
            "enable-windows-prefix-delegation",
            "true",
            "has no effect: enable-windows-ipam is not true",
            'set enable-windows-ipam to "true"',
        )


def _error(code: Code, variable: str, value: str | None, message: str, fix: str) -> Finding:
    return Finding(code, Severity.ERROR, variable, value, message, fix)


Rule = Callable[[Subject], Iterator[Finding]]
_CONFIG_MAP_RULES: tuple[Rule, ...] = (manifest, _windows)
_RULES: tuple[Rule, ...] = (
    manifest,
    names,
    values,
    _families,
    _init_container,
    _targets,
    _pod_eni,
    _network_policy,
    _types,
    ignored,
    _release,
)
