"""The options that several commands share, each defined once, and the way a command takes a group of them."""

import inspect
import os
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import wraps
from typing import Annotated, Any, NamedTuple

import typer

from cni_plan.catalog import InstanceType, is_glob, load_catalog
from cni_plan.engine.cni import (
    NEWEST_CNI_VERSION,
    CniSettings,
    IpFamily,
    format_version,
    parse_cni_version,
)
from cni_plan.engine.max_pods import HOST_NETWORK_PODS
from cni_plan.errors import InputError

MOST = 10**9
"""The largest count an option takes; no cluster comes near it."""


def with_option_groups(command: Callable[..., int]) -> Callable[..., int]:
    """Let a command take named tuples of options as parameters: each becomes its fields on the command line."""
    groups: dict[str, Any] = {}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        group = parameter.annotation
        if isinstance(group, type) and issubclass(group, tuple):
            groups[name] = group
            parameters += inspect.signature(group).parameters.values()
        else:
            parameters.append(parameter)
    keyword_only = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]

    @wraps(command)
    def expanded(**values: Any) -> int:  # noqa: ANN401 # whatever types the options have
        for name, group in groups.items():
            values[name] = group(**{field: values.pop(field) for field in group._fields})
        return command(**values)

    expanded.__signature__ = inspect.Signature(keyword_only)  # type: ignore[attr-defined] # what inspect reads first
    expanded.__annotations__ = {parameter.name: parameter.annotation for parameter in keyword_only}
    del expanded.__dict__["__wrapped__"]
    return expanded


class Output(StrEnum):
    """The formats most commands print in."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    CSV = "csv"


class FigureOutput(StrEnum):
    """The formats of commands whose answer can be one figure."""

    PLAIN = "plain"
    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    CSV = "csv"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="How to print the result.")]


def complete_instance_type(incomplete: str) -> list[str]:
    """Instance types for the shell's completion, also within a comma list."""
    given, comma, last = incomplete.rpartition(",")
    try:
        names = load_catalog(os.environ.get("CNI_PLAN_CATALOG")).names()
    except InputError:
        return []
    return [f"{given}{comma}{name}" for name in names if name.startswith(last)]


CatalogOption = Annotated[
    str | None,
    typer.Option(
        "--catalog",
        envvar="CNI_PLAN_CATALOG",
        metavar="FILE",
        help="A table of instance types to use instead of the bundled one.",
    ),
]


class AwsOptions(NamedTuple):
    """Where and as whom to ask AWS."""

    region: Annotated[str | None, typer.Option("--region", metavar="NAME", help="AWS region.")] = None
    profile: Annotated[str | None, typer.Option("--profile", metavar="NAME", help="AWS profile.")] = None
    endpoint_url: Annotated[str | None, typer.Option("--endpoint-url", metavar="URL", help="Another EC2 endpoint.")] = (
        None
    )


InstanceTypesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--instance-type",
        "-t",
        metavar="TYPE",
        help="Instance type; repeatable, comma lists and globs such as 't3.*'.",
        autocompletion=complete_instance_type,
    ),
]


def split_types(texts: Sequence[str] | None) -> list[str]:
    """The names and globs of `--instance-type`, comma lists taken apart."""
    return [part.strip() for text in texts or [] for part in text.split(",") if part.strip()]


class TypeOptions(NamedTuple):
    """Which instance types are meant, and where their figures come from."""

    instance_type: InstanceTypesOption = None
    instance_type_from_imds: Annotated[
        bool, typer.Option("--instance-type-from-imds", help="Ask the instance metadata service (IMDSv2).")
    ] = False
    live: Annotated[bool, typer.Option("--live", help="Ask EC2 instead of the table.")] = False
    catalog: CatalogOption = None

    def patterns(self) -> list[str]:
        """The names and globs, comma lists taken apart."""
        return split_types(self.instance_type)

    def resolve(self, aws: AwsOptions) -> list[InstanceType]:
        """Look the types up.

        Raises:
            InputError: None are named, or a name is unknown.
            SourceError: EC2 or the metadata service failed.
        """
        patterns, region = self.patterns(), aws.region
        if bool(patterns) == self.instance_type_from_imds:
            raise InputError("give either --instance-type or --instance-type-from-imds")
        if self.instance_type_from_imds:
            from cni_plan.sources.imds import identity

            machine = identity()
            patterns, region = [machine.instance_type], region or machine.region
        table = load_catalog(self.catalog)
        if not self.live:
            return table.select(patterns)
        from cni_plan.sources.aws import AwsAccess
        from cni_plan.sources.instance_types import live_instance_types

        return live_instance_types(AwsAccess(region, aws.profile, aws.endpoint_url), patterns, table)

    def names_explicitly(self, instance: InstanceType) -> bool:
        """Whether the type was asked for by name rather than matched by a glob."""
        return instance.instance_type in self.patterns() or not any(map(is_glob, self.patterns()))


class CniOptions(NamedTuple):
    """How aws-node is set up, in the words of max-pods-calculator.sh and of aws-node's variables."""

    cni_version: Annotated[str, typer.Option("--cni-version", metavar="X.Y.Z", help="Release of the VPC CNI.")] = (
        format_version(NEWEST_CNI_VERSION)
    )
    cni_custom_networking_enabled: Annotated[
        bool,
        typer.Option(
            "--cni-custom-networking-enabled",
            help="Pods get no address on the primary ENI (AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG).",
        ),
    ] = False
    cni_prefix_delegation_enabled: Annotated[
        bool,
        typer.Option(
            "--cni-prefix-delegation-enabled",
            help="/28 prefixes instead of single addresses (ENABLE_PREFIX_DELEGATION).",
        ),
    ] = False
    cni_max_eni: Annotated[
        int | None,
        typer.Option("--cni-max-eni", min=1, metavar="N", help="Use at most N ENIs (MAX_ENI)."),
    ] = None
    pod_eni: Annotated[
        bool,
        typer.Option("--pod-eni", help="Security groups for pods (ENABLE_POD_ENI)."),
    ] = False
    ip_family: Annotated[IpFamily, typer.Option("--ip-family", help="Address family of pods.")] = IpFamily.IPV4

    aws_node: Annotated[
        str | None,
        typer.Option(
            "--aws-node",
            metavar="FILE",
            help="Take the CNI's settings from aws-node's manifest, an add-on configuration or lines; - for stdin.",
        ),
    ] = None

    def settings(self) -> CniSettings:
        """The options as the engine's value.

        Raises:
            InputError: The version is malformed, or the manifest cannot be read or stands beside other options.
        """
        if self.aws_node is not None:
            if self != CniOptions(aws_node=self.aws_node):
                raise InputError("--aws-node says how the CNI is set up: leave the other CNI options out")
            from cni_plan.inputs.aws_node import parse_aws_node
            from cni_plan.sources.files import read_text

            return parse_aws_node(read_text(self.aws_node), self.aws_node).settings()
        return CniSettings(
            cni_version=parse_cni_version(self.cni_version),
            custom_networking=self.cni_custom_networking_enabled,
            prefix_delegation=self.cni_prefix_delegation_enabled,
            max_eni=self.cni_max_eni,
            pod_eni=self.pod_eni,
            ip_family=self.ip_family,
        )


MaxPodsOption = Annotated[
    int | None,
    typer.Option(
        "--max-pods", min=0, max=2**31 - 1, metavar="N", help="Max pods as user data or the node class sets it."
    ),
]
ShowMaxAllowedOption = Annotated[bool, typer.Option("--show-max-allowed", help="Skip the ceiling of 110 or 250.")]
HostNetworkPodsOption = Annotated[
    int,
    typer.Option(
        "--host-network-pods",
        min=0,
        max=MOST,
        metavar="N",
        help="Pods on the node's own network; aws-node and kube-proxy by default.",
    ),
]
DEFAULT_HOST_NETWORK_PODS = HOST_NETWORK_PODS


MOST_COUNTS = 1000
"""Values that a range may stand for; each is a row."""


def parse_counts(text: str, option: str, *, least: int) -> Sequence[int]:
    """Read `N` or a range such as `1-4`.

    Raises:
        InputError: It is neither, or out of bounds.
    """
    first, dash, last = text.partition("-")
    parts = [first, last] if dash else [first]
    if not all(part.isascii() and part.isdigit() and len(part) <= len(str(MOST)) for part in parts):
        raise InputError(f"{option} {text[:40]!r} is neither a whole number nor a range such as 1-4")
    start, stop = int(parts[0]), int(parts[-1])
    if start < least or stop > MOST:
        raise InputError(f"{option} {text!r}: from {least} to {MOST}")
    if stop < start:
        raise InputError(f"{option} {text!r}: the range ends before it starts; did you mean {stop}-{start}?")
    if stop - start >= MOST_COUNTS:
        raise InputError(f"{option} {text!r}: at most {MOST_COUNTS} values at a time")
    return range(start, stop + 1)
