"""The plan file's model: what may stand in it, and its JSON schema."""

import re
from collections.abc import Callable
from ipaddress import IPv4Network
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, StrictBool, StrictInt, WithJsonSchema
from pydantic_core import PydanticCustomError

from cni_plan.engine.cluster import Quantity
from cni_plan.engine.demand import CONTROL_PLANE_ENIS
from cni_plan.engine.density import MEMORY_OVERHEAD_PERMILLE
from cni_plan.engine.provisioner import Provisioner
from cni_plan.errors import InputError
from cni_plan.inputs.addresses import parse_network
from cni_plan.inputs.positions import show
from cni_plan.inputs.quantities import parse_cpu, parse_memory

MOST = 10**9
MOST_PODS_PER_NODE = 10_000
MOST_GROUPS, MOST_SUBNETS = 5000, 5000
LONGEST_MONTHS = 120
LONGEST_NAME = 100

_EXPECTED_NAME = f"a name of at most {LONGEST_NAME} letters, digits and . _ / -, a letter or digit first"

_QUANTITY = re.compile(r"(\d{1,9})(%?)", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*", re.ASCII)
_PERMILLE = re.compile(r"\d{1,4}(\.\d)?", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9._-]{0,199}", re.ASCII)


class FaultWithinError(InputError):
    """A fault further down than the value that is read by one rule.

    Attributes:
        step: The place or the key below the value.
    """

    def __init__(self, step: str | int, message: str) -> None:
        super().__init__(message)
        self.step = step


def _read(parse: Callable[[Any], Any], schema: dict[str, Any]) -> tuple[PlainValidator, WithJsonSchema]:
    """A value read by our own rule, with what an editor is to know of it."""

    def checked(value: Any) -> Any:  # noqa: ANN401 # whatever YAML holds
        try:
            return parse(value)
        except FaultWithinError as error:
            raise PydanticCustomError("within", "{text}", {"text": str(error), "step": error.step}) from None
        except InputError as error:
            raise ValueError(str(error)) from None

    return PlainValidator(checked), WithJsonSchema(schema)


def parse_name(value: Any) -> str:  # noqa: ANN401 # whatever YAML holds
    """Read what the plan, a subnet, a zone or a group is called.

    Raises:
        InputError: It is no name, such as one that would forge lines of a report.
    """
    if not (isinstance(value, str) and len(value) <= LONGEST_NAME and _NAME.fullmatch(value)):
        raise InputError(f"expected {_EXPECTED_NAME}, not {show(value)}")
    return value


def _subnet_range(value: Any) -> IPv4Network:  # noqa: ANN401 # whatever YAML holds
    if not (isinstance(value, str) and "/" in value):
        raise InputError(f"expected a CIDR such as 10.0.0.0/24, not {show(value)}")
    return parse_network(value, "CIDR")


def _in_use(value: Any) -> int | tuple[IPv4Network, ...]:  # noqa: ANN401 # whatever YAML holds
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST:
        return value
    if isinstance(value, list):
        return tuple(_address(place, each) for place, each in enumerate(value))
    raise InputError(f"expected a number of addresses, or a list of addresses and CIDRs, not {show(value)}")


def _address(place: int, value: Any) -> IPv4Network:  # noqa: ANN401 # whatever YAML holds
    if not isinstance(value, str):
        raise FaultWithinError(place, f"expected an address or a CIDR, not {show(value)}")
    try:
        return parse_network(value, "CIDR" if "/" in value else "address")
    except InputError as error:
        raise FaultWithinError(place, str(error)) from None


def _quantity(value: Any) -> Quantity:  # noqa: ANN401 # whatever YAML holds
    match = _QUANTITY.fullmatch(str(value)) if isinstance(value, int | str) and not isinstance(value, bool) else None
    if not match:
        raise InputError(f"expected a number of nodes, or a percentage such as 25%, not {show(value)}")
    return Quantity(int(match[1]), is_percent=bool(match[2]))


def _text_of(value: Any, what: str) -> str:  # noqa: ANN401 # whatever YAML holds
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise InputError(f"expected {what}, not {show(value)}")
    return str(value)


def _cpu(value: Any) -> int:  # noqa: ANN401 # whatever YAML holds
    return parse_cpu(_text_of(value, "an amount of CPU such as 250m"), "CPU")


def _memory(value: Any) -> int:  # noqa: ANN401 # whatever YAML holds
    return parse_memory(_text_of(value, "an amount of memory such as 512Mi"), "memory")


def _permille(value: Any) -> int:  # noqa: ANN401 # whatever YAML holds
    text = "" if isinstance(value, str) else _text_of(value, "a percentage such as 2.5")
    if not _PERMILLE.fullmatch(text.removesuffix(".0")) or float(text) > 1000:  # noqa: PLR2004 # tenfold in a month
        raise InputError(f"expected a percentage from 0 to 1000 with one decimal at most, not {show(value)}")
    return round(float(text) * 10)


def _variables(value: Any) -> dict[str, str]:  # noqa: ANN401 # whatever YAML holds
    """Variables as texts; true and 1 are taken for "true" and "1", which is what is meant."""
    if not isinstance(value, dict):
        raise InputError(f"expected variables and their values, not {show(value)}")
    texts = {}
    for name, each in value.items():
        if not _VARIABLE.fullmatch(name):
            raise FaultWithinError(name, "expected a variable's name such as WARM_IP_TARGET")
        if not isinstance(each, str | int):
            raise FaultWithinError(name, f'expected a text such as "true" or "1", not {show(each)}')
        texts[name] = str(each).lower() if isinstance(each, bool) else str(each)
    return texts


_COUNT_OR_LIST = {
    "anyOf": [{"type": "integer", "minimum": 0}, {"type": "array", "items": {"type": "string"}}],
    "description": "A number of addresses whose place is not known, or the addresses and CIDRs.",
}
_NODES_OR_PERCENT = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^\d{1,9}%?$"}]}
_AMOUNT = {"type": ["string", "number"]}
_PERCENT = {"type": "number", "minimum": 0, "maximum": 1000}
_VARIABLES = {
    "type": "object",
    "propertyNames": {"pattern": f"^{_VARIABLE.pattern}$"},
    "additionalProperties": {"type": ["string", "boolean", "integer"]},
}

Name = Annotated[
    str, *_read(parse_name, {"type": "string", "pattern": f"^{_NAME.pattern}$", "maxLength": LONGEST_NAME})
]
Range = Annotated[IPv4Network, *_read(_subnet_range, {"type": "string", "format": "ipv4-cidr"})]
InUse = Annotated[int | tuple[IPv4Network, ...], *_read(_in_use, _COUNT_OR_LIST)]
Nodes = Annotated[Quantity, *_read(_quantity, _NODES_OR_PERCENT)]
Cpu = Annotated[int, *_read(_cpu, _AMOUNT)]
Memory = Annotated[int, *_read(_memory, _AMOUNT)]
Permille = Annotated[int, *_read(_permille, _PERCENT)]
Variables = Annotated[
    dict[str, str],
    *_read(_variables, _VARIABLES),
]
Count = Annotated[StrictInt, Field(ge=0, le=MOST)]
Pods = Annotated[StrictInt, Field(ge=0, le=MOST_PODS_PER_NODE)]
File = Annotated[str, Field(min_length=1, max_length=4096)]


class _Model(BaseModel):
    """A mapping of the file: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Cni(_Model):
    """How aws-node is set up: its variables, or a manifest that has them."""

    version: str | None = Field(
        default=None, description="Release of the VPC CNI, such as 1.23.1; by default the newest known."
    )
    env: Variables | None = Field(
        default=None, description="aws-node's environment variables, over the add-on's defaults."
    )
    manifest: File | None = Field(
        default=None, description="A file with aws-node's manifest or the add-on's configuration, beside the plan."
    )


class ControlPlane(_Model):
    """The cross-account ENIs that EKS puts into the cluster's subnets."""

    enis: Annotated[StrictInt, Field(ge=0, le=100)] = CONTROL_PLANE_ENIS
    subnets: list[Name] = Field(default_factory=list, description="Names of their subnets; by default all of nodes.")


class ReservationModel(_Model):
    """A subnet CIDR reservation that exists."""

    cidr: Range
    type: Literal["prefix", "explicit"] = "prefix"


class SubnetModel(_Model):
    """A subnet: its zone, its range, and what is in it besides this plan's nodes."""

    name: Name
    zone: Name | None = Field(default=None, description="Availability zone; a snapshot tells it.")
    cidr: Range | None = Field(default=None, description="Its IPv4 range, /16 to /28; a snapshot tells it.")
    subnet_id: Name | None = Field(default=None, description="Its id, by which the snapshot has it.")
    in_use: InUse = Field(default=0, validate_default=False)
    reservations: list[ReservationModel] = Field(default_factory=list)


class NodesModel(_Model):
    """How many nodes there are."""

    min: Count | None = None
    desired: Count
    max: Count | None = None


class RequestsModel(_Model):
    """What one pod requests, as the scheduler counts it."""

    cpu: Cpu = 0
    memory: Memory = 0


class DaemonSetsModel(_Model):
    """The pods of DaemonSets on each node: those that need an address, and what all of them request."""

    pods: Pods = Field(default=0, description="Those with an address of their own.")
    cpu: Cpu = Field(default=0, description="Of all together, those on the host's network among them.")
    memory: Memory = Field(default=0, description="Of all together, those on the host's network among them.")


class GroupModel(_Model):
    """A group of nodes and the pods on them."""

    name: Name
    instance_types: list[str] = Field(default_factory=list, max_length=2000, description="Names or globs.")
    provisioner: Provisioner = Field(
        default=Provisioner.CALCULATOR,
        description="Who makes the nodes and so decides max pods; the calculator by default.",
    )
    nodes: NodesModel | None = Field(default=None, description="Left out where the nodes follow from the pods.")
    pods: Count | None = Field(default=None, description="Pods in all, those of DaemonSets aside.")
    pods_per_node: Pods | None = Field(default=None, description="By default as many as fit.")
    pod_requests: RequestsModel = RequestsModel()
    daemonsets: DaemonSetsModel = DaemonSetsModel()
    host_network_pods: Pods | None = Field(
        default=None, description="By default aws-node and kube-proxy, which run on neither Windows nor EKS Auto Mode."
    )
    security_group_pods: Pods = Field(
        default=0, description="Of the pods on a node, those with security groups of their own."
    )
    max_pods: Pods | None = Field(default=None, description="Where user data or the node class sets it.")
    pods_per_core: Annotated[StrictInt, Field(ge=0, le=1000)] | None = None
    reserved_enis: Annotated[StrictInt, Field(ge=0, le=1000)] = 0
    windows_prefix_delegation: StrictBool = Field(
        default=False, description="Windows: whether enable-windows-prefix-delegation is on in its ConfigMap."
    )
    memory_overhead_percent: Permille = Field(
        default=MEMORY_OVERHEAD_PERMILLE,
        validate_default=False,
        json_schema_extra={"default": MEMORY_OVERHEAD_PERMILLE / 10},  # the file has percent
    )
    zones: list[Name] = Field(default_factory=list, description="By default all zones with subnets of nodes.")
    subnets: list[Name] = Field(default_factory=list, description="By default all of nodes in its zones.")
    pod_subnets: list[Name] = Field(default_factory=list, description="By default all of pods in its zones.")
    surge: Nodes | None = Field(
        default=None, description="Nodes that an update adds; by default what the provisioner does."
    )
    max_unavailable: Nodes | None = Field(default=None, description="Nodes that an update takes away at a time.")
    growth_percent_per_month: Permille | None = None


class GrowthModel(_Model):
    """How the cluster grows, compounding."""

    percent_per_month: Permille = 0
    months: Annotated[StrictInt, Field(ge=0, le=LONGEST_MONTHS)] = 12


class PlanFile(_Model):
    """A cluster as `cni-plan plan` reads it."""

    name: Name
    ip_family: Literal["ipv4", "ipv6"] = "ipv4"
    cni: Cni = Cni()
    control_plane: ControlPlane = ControlPlane()
    subnets: list[SubnetModel] = Field(min_length=1, max_length=MOST_SUBNETS)
    pod_subnets: list[SubnetModel] = Field(
        default_factory=list, max_length=MOST_SUBNETS, description="Custom networking: one ENIConfig for each zone."
    )
    snapshot: File | None = Field(default=None, description="What `cni-plan subnet snapshot` saved, beside the plan.")
    in_use_includes_nodes: StrictBool = Field(
        default=False, description="Whether what is in use includes the desired nodes, as in a running cluster."
    )
    node_groups: list[GroupModel] = Field(min_length=1, max_length=MOST_GROUPS)
    growth: GrowthModel = GrowthModel()


def json_schema() -> dict[str, Any]:
    """The schema of a plan file, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "cni-plan plan file",
        **{key: value for key, value in PlanFile.model_json_schema().items() if key != "title"},
    }
