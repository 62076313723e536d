"""Findings on aws-node's settings and on a planned cluster: their codes, what each means, and where that is written."""

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
    SUBNET_PREFIXES = "subnet-prefixes"
    SUBNET_ADDRESSES = "subnet-addresses"
    SUBNET_UNCERTAIN = "subnet-uncertain"
    SUBNET_RESERVATION = "subnet-reservation"
    RUNNING_NODES_MISMATCH = "running-nodes-mismatch"
    POD_SUBNETS_UNUSED = "pod-subnets-unused"
    PODS_UNPLACED = "pods-unplaced"
    PODS_WITHOUT_ADDRESS = "pods-without-address"
    SECURITY_GROUP_PODS = "security-group-pods"
    MIXED_TYPES = "mixed-types"
    MAX_PODS_NOTE = "max-pods-note"
    ONE_ZONE = "one-zone"
    GROWTH_LIMIT = "growth-limit"
    GROWTH_BEYOND_MAXIMUM = "growth-beyond-maximum"
    AUTO_MODE_POOL = "auto-mode-pool"
    OTHER_MODE = "other-mode"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about a configuration or a cluster.

    Attributes:
        code: What kind of thing.
        severity: How bad it is here.
        variable: The variable, key or path it is about; in a plan also the group or subnet.
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


_SUBNETS = "Amazon VPC user guide, subnet sizing and subnet CIDR reservations; EKS best practices, prefix mode"
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
    Code.SUBNET_PREFIXES: (
        (
            "The subnet has fewer free aligned /28 blocks than the nodes hold prefixes: EC2 answers "
            "InsufficientCidrBlocks, and pods stay in ContainerCreating, however many single addresses are free."
        ),
        _SUBNETS,
    ),
    Code.SUBNET_ADDRESSES: (
        "The subnet has fewer free addresses than the nodes take: no further ENI or address can be attached.",
        _SUBNETS,
    ),
    Code.SUBNET_UNCERTAIN: (
        (
            "Whether the prefixes fit depends on where the addresses in use are: packed together they leave enough "
            "/28 blocks, scattered they do not."
        ),
        _SUBNETS,
    ),
    Code.SUBNET_RESERVATION: (
        (
            "EC2 puts single addresses anywhere, also into blocks that prefixes will need. Only subnet CIDR "
            "reservations of type prefix keep them out."
        ),
        _SUBNETS,
    ),
    Code.RUNNING_NODES_MISMATCH: (
        (
            "The plan says that what is in use includes the desired nodes, but less is in use than these hold by "
            "ipamd's rules: the snapshot is of another time, or fewer nodes run."
        ),
        "cni-plan, the accounting of running nodes",
    ),
    Code.POD_SUBNETS_UNUSED: (
        "Pods get addresses from subnets of their own only under custom networking, which is off.",
        "amazon-vpc-cni-k8s, README.md, AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG",
    ),
    Code.PODS_UNPLACED: (
        "The group wants more pods than its desired nodes take: by max pods, addresses, CPU or memory.",
        "Kubernetes, node allocatable; the group's bounds in the report",
    ),
    Code.PODS_WITHOUT_ADDRESS: (
        (
            "ipamd stops below the number of pods on a node, by the limits of the type or by MINIMUM_IP_TARGET alone: "
            "the pods beyond wait for ever."
        ),
        _IPAMD,
    ),
    Code.SECURITY_GROUP_PODS: (
        "Pods with security groups of their own need ENABLE_POD_ENI, a type with a trunk ENI, and a branch ENI each.",
        "amazon-vpc-resource-controller-k8s, pkg/aws/vpc/limits.go",
    ),
    Code.MIXED_TYPES: (
        (
            "A managed node group gives all its types one max pods, the least of theirs. In any group of mixed types "
            "only the pods of the smallest can be relied on, while addresses are counted for the one that takes most."
        ),
        "EKS user guide, managed node groups",
    ),
    Code.MAX_PODS_NOTE: (
        "What is to be known of a group's max pods before the integer is trusted.",
        "cni-plan max-pods",
    ),
    Code.ONE_ZONE: ("All nodes of the group are in one zone: its pods are gone with it.", "EKS best practices"),
    Code.GROWTH_LIMIT: (
        "At the plan's rate of growth something runs out in that month.",
        "cni-plan, compounding growth of the desired nodes or pods",
    ),
    Code.GROWTH_BEYOND_MAXIMUM: (
        "The group's maximum is less than the nodes that its growth calls for.",
        "cni-plan, compounding growth of the desired nodes or pods",
    ),
    Code.AUTO_MODE_POOL: (
        (
            "EKS Auto Mode does not tell how many addresses it keeps warm; its nodes are counted as aws-node with "
            "prefixes and WARM_PREFIX_TARGET=1 holds them."
        ),
        "EKS user guide, EKS Auto Mode networking",
    ),
    Code.OTHER_MODE: (
        "The same nodes and pods take fewer addresses, or fit, with other settings of aws-node.",
        "cni-plan, the comparison of modes",
    ),
}
