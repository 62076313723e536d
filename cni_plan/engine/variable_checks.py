"""What is wrong with single variables: names, values, the container they stand in, what overrides them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from cni_plan.catalog import InstanceType
from cni_plan.engine.aws_node import AwsNode, Form
from cni_plan.engine.cni import CniSettings, Version, format_version
from cni_plan.engine.findings import Code, Finding, Severity
from cni_plan.engine.max_pods import max_pods
from cni_plan.engine.variables import (
    ADDON_DEFAULTS,
    VARIABLES,
    Containers,
    Kind,
    expected,
    is_valid,
    read_boolean,
    read_integer,
)

_TARGETS = ("WARM_IP_TARGET", "MINIMUM_IP_TARGET")
_LONGEST_VALUE = 60


@dataclass(frozen=True, slots=True)
class Subject:
    """A configuration, its release, and the types its nodes have."""

    node: AwsNode
    version: Version
    settings: CniSettings
    instances: Sequence[InstanceType]
    pods: int | None

    def is_on(self, name: str) -> bool:
        """Whether a switch is on."""
        return bool(read_boolean(self.node.effective_variables().get(name, "false")))

    def max_pods(self, instance: InstanceType) -> int:
        """The max pods of a type: as given, or as the calculator has it."""
        return max_pods(instance, self.settings).max_pods if self.pods is None else self.pods


def manifest(subject: Subject) -> Iterator[Finding]:
    """Values of the wrong type, and variables that stand twice."""
    for fault in subject.node.faults:
        code = Code.NOT_A_STRING if "string" in fault.wanted else Code.NOT_A_BOOLEAN
        yield Finding(
            code,
            Severity.ERROR,
            fault.path,
            fault.value,
            f"must be {fault.wanted}; as it is, the manifest is refused",
            f"write {fault.wanted}",
        )
    for name in subject.node.duplicates:
        yield Finding(
            Code.DUPLICATE_VARIABLE,
            Severity.WARNING,
            name,
            subject.node.variables.get(name),
            "stands more than once: the last one counts",
            "keep one",
        )


def _texts(subject: Subject) -> Iterator[tuple[str, str | None, Containers]]:
    """All variables with the container that has them."""
    for name, value in subject.node.variables.items():
        yield name, value, Containers.MAIN
    for name, value in (subject.node.init_variables or {}).items():
        yield name, value, Containers.INIT


def names(subject: Subject) -> Iterator[Finding]:
    """Names that do not exist, not yet, not any more, or not in this container."""
    for name, value, container in _texts(subject):
        variable = VARIABLES.get(name)
        if variable is None:
            near = get_close_matches(name, VARIABLES, n=1, cutoff=0.75) or get_close_matches(
                name.upper(), VARIABLES, n=1, cutoff=0.75
            )
            severity = Severity.ERROR if near or subject.node.form is Form.ADDON else Severity.WARNING
            yield Finding(
                Code.UNKNOWN_VARIABLE,
                severity,
                name,
                short(value),
                f"{container} has no such variable",
                f"did you mean {near[0]}?" if near else "remove it",
            )
            continue
        if variable.containers not in {container, Containers.BOTH}:
            yield Finding(
                Code.WRONG_CONTAINER,
                Severity.WARNING,
                name,
                short(value),
                f"{container} does not read it",
                f"move it to {variable.containers}",
            )
        if variable.since and subject.version < variable.since:
            yield Finding(
                Code.VARIABLE_TOO_NEW,
                Severity.WARNING,
                name,
                short(value),
                f"CNI {format_version(subject.version)} does not know it: it came with "
                f"{format_version(variable.since)}",
                f"upgrade to {format_version(variable.since)} or newer, or remove it",
            )
        if variable.deprecated and subject.version >= variable.deprecated:
            yield Finding(
                Code.DEPRECATED_VARIABLE,
                Severity.INFO,
                name,
                short(value),
                f"without effect since CNI {format_version(variable.deprecated)}",
                "remove it",
            )


def values(subject: Subject) -> Iterator[Finding]:
    """Values that the variable does not take, and what ipamd does with them."""
    for name, value, _ in _texts(subject):
        if value is None or name not in VARIABLES or is_valid(name, value) or _means_unset(name, value):
            continue
        variable = VARIABLES[name]
        exits = variable.exits or (name == "POD_SECURITY_GROUP_ENFORCING_MODE" and subject.is_on("ENABLE_POD_ENI"))
        then = "aws-node exits" if exits else f"ipamd uses its default: {variable.default}"
        yield Finding(
            Code.INVALID_VALUE,
            Severity.ERROR if exits else Severity.WARNING,
            name,
            short(value),
            f"is not {expected(name)}: {then}",
            f"set it to {expected(name)}",
        )


def _means_unset(name: str, value: str) -> bool:
    """Numbers that ipamd reads as unset, and empty texts."""
    if not value:
        return VARIABLES[name].kind is not Kind.INTEGER or not VARIABLES[name].exits
    return name in {*_TARGETS, "MAX_ENI"} and read_integer(value) == 0


def ignored(subject: Subject) -> Iterator[Finding]:
    """Variables that another setting overrides."""
    variables, settings = subject.node.variables, subject.settings
    reasons = {}
    if settings.has_ip_targets:
        target = next(name for name in _TARGETS if (read_integer(variables.get(name) or "") or 0) > 0)
        reasons = dict.fromkeys(("WARM_ENI_TARGET", "WARM_PREFIX_TARGET"), f"{target} overrides it")
    elif settings.prefix_delegation:
        reasons = {"WARM_ENI_TARGET": "with prefix delegation WARM_PREFIX_TARGET counts instead"}
    else:
        reasons = {"WARM_PREFIX_TARGET": "it counts with prefix delegation only"}
    if subject.is_on("AWS_VPC_K8S_CNI_EXTERNALSNAT"):
        reasons |= dict.fromkeys(
            ("AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS", "AWS_VPC_K8S_CNI_RANDOMIZESNAT"), "external SNAT is on"
        )
    if not settings.custom_networking:
        reasons |= dict.fromkeys(
            ("ENI_CONFIG_LABEL_DEF", "ENI_CONFIG_ANNOTATION_DEF"), "it counts with custom networking only"
        )
    for name, reason in reasons.items():
        value = variables.get(name)
        if value is None or value in {"", "0"}:
            continue
        usual = value == ADDON_DEFAULTS.get(name) or name == "AWS_VPC_K8S_CNI_RANDOMIZESNAT"
        severity = Severity.INFO if usual else Severity.WARNING
        yield Finding(
            Code.IGNORED_VARIABLE, severity, name, value, f"has no effect: {reason}", "remove it, or the other"
        )


def short(value: str | None) -> str | None:
    """A value as a finding shows it."""
    return value if value is None or len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}..."
