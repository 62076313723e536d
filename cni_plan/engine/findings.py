"""Findings on a configuration of aws-node: their codes, what each means, and where that is written."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is, the worst first."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Code(StrEnum):
    """The stable codes of findings."""

    UNKNOWN_VARIABLE = "unknown-variable"
    INVALID_VALUE = "invalid-value"
    IGNORED_VARIABLE = "ignored-variable"
    VARIABLE_TOO_NEW = "variable-too-new"
    DEPRECATED_VARIABLE = "deprecated-variable"
    WRONG_CONTAINER = "wrong-container"
    MISSING_IN_INIT = "missing-in-init"
    DUPLICATE_VARIABLE = "duplicate-variable"
    NOT_A_STRING = "not-a-string"
    NOT_A_BOOLEAN = "not-a-boolean"
    IP_FAMILY = "ip-family"
    IPV4_ABSENT = "ipv4-absent"
    IPV6_WITHOUT_PREFIXES = "ipv6-without-prefixes"
    IPV6_CUSTOM_NETWORKING = "ipv6-custom-networking"
    PREFIXES_WITHOUT_TARGET = "prefixes-without-target"
    PREFIXES_UNSUPPORTED = "prefixes-unsupported"
    MINIMUM_WITHOUT_WARM_IP = "minimum-without-warm-ip"
    WARM_IP_WITHOUT_MINIMUM = "warm-ip-without-minimum"
    TARGET_BEYOND_MAX_PODS = "target-beyond-max-pods"
    MAX_ENI_BEYOND_LIMIT = "max-eni-beyond-limit"
    POD_ENI_UNSUPPORTED = "pod-eni-unsupported"
    POD_ENI_NO_PLACE = "pod-eni-no-place"
    POD_ENI_IPV6 = "pod-eni-ipv6"
    POD_ENI_EARLY_DEMUX = "pod-eni-early-demux"
    NETWORK_POLICY_BANDWIDTH = "network-policy-bandwidth"
    VERSION_MISMATCH = "version-mismatch"
    WINDOWS_IPAM_OFF = "windows-ipam-off"
    WINDOWS_KEY_SHADOWED = "windows-key-shadowed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about a configuration.

    Attributes:
        code: What kind of thing.
        severity: How bad it is here.
        variable: The variable, key or path it is about.
        value: Its value; None where it is absent.
        message: What is the matter.
        fix: What to do.
    """

    code: Code
    severity: Severity
    variable: str
    value: str | None
    message: str
    fix: str


_README = "amazon-vpc-cni-k8s, README.md"
_MAIN = "amazon-vpc-cni-k8s, cmd/aws-vpc-cni/main.go, validateEnvVars"
_IPAMD = "amazon-vpc-cni-k8s, pkg/ipamd/ipamd.go"

EXPLANATIONS: dict[Code, tuple[str, str]] = {
    Code.UNKNOWN_VARIABLE: (
        (
            "aws-node knows no variable of this name and passes over it without a word; what was meant to be set stays "
            "at its default. The managed add-on refuses such a configuration."
        ),
        _README,
    ),
    Code.INVALID_VALUE: (
        (
            "The text is not one the variable takes. For most variables ipamd logs a line and uses the default; for "
            "some the container exits."
        ),
        f"{_MAIN}; utils/utils.go",
    ),
    Code.IGNORED_VARIABLE: (
        (
            "Another setting overrides this one. WARM_IP_TARGET or MINIMUM_IP_TARGET override WARM_ENI_TARGET and "
            "WARM_PREFIX_TARGET; WARM_PREFIX_TARGET counts with prefix delegation only, WARM_ENI_TARGET without it "
            "only."
        ),
        _IPAMD,
    ),
    Code.VARIABLE_TOO_NEW: ("The release in use does not read the variable yet.", _README),
    Code.DEPRECATED_VARIABLE: ("The release in use no longer reads the variable.", _README),
    Code.WRONG_CONTAINER: ("The container that has the variable does not read it; the other one does.", _README),
    Code.MISSING_IN_INIT: (
        "The init container prepares the node for the address family and must know of it too.",
        "amazon-vpc-cni-k8s, cmd/aws-vpc-cni-init/main.go",
    ),
    Code.DUPLICATE_VARIABLE: ("Of a variable that stands twice Kubernetes takes the last.", "Kubernetes API, EnvVar"),
    Code.NOT_A_STRING: (
        (
            "The value of an environment variable is a string for Kubernetes and for the add-on's schema; an unquoted "
            "true or 1 is refused."
        ),
        "Kubernetes API, EnvVar; vpc-cni add-on configuration schema",
    ),
    Code.NOT_A_BOOLEAN: (
        "The field is a boolean; the API server refuses a manifest that has text in it.",
        "Kubernetes API, PodSpec and SecurityContext",
    ),
    Code.IP_FAMILY: ("Exactly one of ENABLE_IPv4 and ENABLE_IPv6 must be true, else aws-node exits.", _IPAMD),
    Code.IPV4_ABSENT: (
        "The README gives true as the default of ENABLE_IPv4, but the code takes false where the variable is absent.",
        "amazon-vpc-cni-k8s, pkg/ipamd/ipamd.go, isConfigValid",
    ),
    Code.IPV6_WITHOUT_PREFIXES: ("IPv6 needs prefix delegation: aws-node exits without.", _IPAMD),
    Code.IPV6_CUSTOM_NETWORKING: ("IPv6 excludes custom networking: aws-node exits.", _IPAMD),
    Code.PREFIXES_WITHOUT_TARGET: (
        (
            "With prefix delegation one of WARM_PREFIX_TARGET, WARM_IP_TARGET and MINIMUM_IP_TARGET must be above 0; "
            "unset counts as 0. aws-node exits."
        ),
        _MAIN,
    ),
    Code.PREFIXES_UNSUPPORTED: (
        (
            "Only Nitro types take prefixes, bare metal from CNI 1.11 on. On others IPv4 falls back to secondary IPs; "
            "IPv6 fails."
        ),
        _README,
    ),
    Code.MINIMUM_WITHOUT_WARM_IP: (
        (
            "MINIMUM_IP_TARGET alone makes WARM_IP_TARGET 0: the pool never grows past the floor, and pods beyond it "
            "wait for ever."
        ),
        "amazon-vpc-cni-k8s, README.md, MINIMUM_IP_TARGET; pkg/ipamd/ipamd.go, isDatastorePoolTooLow",
    ),
    Code.WARM_IP_WITHOUT_MINIMUM: (
        "WARM_IP_TARGET alone makes a fresh node start with that few addresses and ask EC2 again for nearly every pod.",
        "amazon-vpc-cni-k8s, docs/eni-and-ip-target.md",
    ),
    Code.TARGET_BEYOND_MAX_PODS: (
        "The targets keep more addresses attached to an empty node than it can have pods.",
        _IPAMD,
    ),
    Code.MAX_ENI_BEYOND_LIMIT: ("MAX_ENI can only lower the instance type's limit.", _README),
    Code.POD_ENI_UNSUPPORTED: (
        "The type carries no trunk ENI, so pods with a SecurityGroupPolicy cannot run on it.",
        "amazon-vpc-resource-controller-k8s, pkg/aws/vpc/limits.go",
    ),
    Code.POD_ENI_NO_PLACE: (
        "Security groups for pods need one ENI for the trunk besides the primary one.",
        _README,
    ),
    Code.POD_ENI_IPV6: (
        "Security groups for pods work in IPv6 clusters from CNI 1.16.0 on.",
        "amazon-vpc-cni-k8s, CHANGELOG.md",
    ),
    Code.POD_ENI_EARLY_DEMUX: (
        (
            "In strict mode the kubelet's TCP probes reach pods on branch ENIs only with TCP early demux off, which "
            "the init container does."
        ),
        "amazon-vpc-cni-k8s, README.md, DISABLE_TCP_EARLY_DEMUX",
    ),
    Code.NETWORK_POLICY_BANDWIDTH: (
        "The bandwidth plugin and the CNI's network policies do not work together.",
        "amazon-vpc-cni-k8s, README.md, ENABLE_BANDWIDTH_PLUGIN",
    ),
    Code.VERSION_MISMATCH: ("VPC_CNI_VERSION and the image's tag name different releases.", _README),
    Code.WINDOWS_IPAM_OFF: (
        "Windows prefix delegation and its targets count only where enable-windows-ipam is true.",
        "amazon-vpc-resource-controller-k8s, docs/windows",
    ),
    Code.WINDOWS_KEY_SHADOWED: (
        "The controller reads the key without the prefix windows- first and passes over the other.",
        "amazon-vpc-resource-controller-k8s, pkg/config/loader.go",
    ),
}
