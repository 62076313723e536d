"""aws-node's configuration in the forms people have it: manifests, add-on configuration, Helm values, lines."""

import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cni_plan.engine.aws_node import AwsNode, Form, ManifestFault
from cni_plan.engine.cni import Version, parse_cni_version
from cni_plan.errors import InputError
from cni_plan.inputs.documents import read_documents

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)")
_BOOLEAN_FIELDS = frozenset(
    {"hostNetwork", "hostPID", "hostIPC", "privileged", "allowPrivilegeEscalation", "readOnlyRootFilesystem"}
)
_CONFIG_MAP_NAME = "amazon-vpc-cni"


class _Part(BaseModel):
    """Part of a manifest; what is not asked for is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _EnvironmentEntry(_Part):
    name: str
    value: Any = None
    value_from: Any = Field(default=None, alias="valueFrom")


class _Container(_Part):
    name: str = ""
    image: str = ""
    env: list[_EnvironmentEntry] = Field(default_factory=list)
    args: list[str] = Field(default_factory=list)


class _PodSpec(_Part):
    containers: list[_Container]
    init_containers: list[_Container] = Field(default_factory=list, alias="initContainers")


class _Template(_Part):
    spec: _PodSpec


class _DaemonSetSpec(_Part):
    template: _Template


class _Metadata(_Part):
    name: str = ""


class _DaemonSet(_Part):
    metadata: _Metadata = Field(default_factory=_Metadata)
    spec: _DaemonSetSpec


def parse_aws_node(text: str, where: str) -> AwsNode:
    """Read a configuration of aws-node, whatever form it has.

    Args:
        text: YAML or JSON of a DaemonSet (also within a List or several documents), an add-on configuration or Helm
            values, the ConfigMap amazon-vpc-cni, a container's list of variables, or KEY=VALUE lines.
        where: What to call the source in messages.

    Raises:
        InputError: It is none of these, or broken; the message says where.
    """
    lines = _parse_lines(text)
    if lines is not None:
        return AwsNode(form=Form.VARIABLES, variables=lines)
    found = [node for document in read_documents(text, where) for node in _from_document(document, where)]
    if not found:
        raise InputError(
            f"{where}: no aws-node in it; expected its DaemonSet, an add-on configuration, Helm values, "
            "the ConfigMap amazon-vpc-cni, or KEY=VALUE lines"
        )
    return min(found, key=lambda node: list(Form).index(node.form))


def _parse_lines(text: str) -> dict[str, str | None] | None:
    """KEY=VALUE lines, as `kubectl set env --list` prints them; None where the text is something else."""
    variables: dict[str, str | None] = {}
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.fullmatch(stripped)
        if not match:
            return None
        value = match[2].strip()
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
        variables[match[1]] = value[1:-1] if quoted else value
    return variables or None


def _from_document(document: Any, where: str) -> Iterator[AwsNode]:  # noqa: ANN401 # whatever YAML holds
    if isinstance(document, list):
        if document and all(isinstance(entry, dict) and "name" in entry for entry in document):
            yield _from_entries(document, where)
        return
    if not isinstance(document, dict):
        return
    items = document.get("items")
    if isinstance(items, list):
        for item in items:
            yield from _from_document(item, where)
    elif document.get("kind") == "DaemonSet":
        node = _from_daemon_set(document, where)
        if node:
            yield node
    elif document.get("kind") == "ConfigMap":
        yield from _from_config_map(document, where)
    elif "kind" not in document and ({"env", "init", "eniConfig", "enableNetworkPolicy"} & document.keys()):
        yield _from_addon(document, where)


def _from_daemon_set(document: dict[str, Any], where: str) -> AwsNode | None:
    try:
        daemon_set = _DaemonSet.model_validate(document)
    except ValidationError as error:
        raise InputError(_explain(error, f"{where}: the DaemonSet")) from None
    pod = daemon_set.spec.template.spec
    main = next((each for each in pod.containers if each.name == "aws-node"), None)
    if main is None:
        return None
    init = next((each for each in pod.init_containers if each.name == "aws-vpc-cni-init"), None)
    agent = next((each for each in pod.containers if each.name == "aws-eks-nodeagent"), None)
    variables, duplicates, faults = _environment(main.env, "aws-node")
    init_variables, init_duplicates, init_faults = _environment(init.env if init else [], "aws-vpc-cni-init")
    return AwsNode(
        form=Form.DAEMON_SET,
        variables=variables,
        init_variables=init_variables if init else None,
        cni_version=_version(main.image, variables),
        network_policy=_network_policy(agent),
        duplicates=(*duplicates, *init_duplicates),
        faults=(*_wrong_booleans(document), *faults, *init_faults),
    )


def _environment(
    entries: list[_EnvironmentEntry], container: str
) -> tuple[dict[str, str | None], list[str], list[ManifestFault]]:
    """A container's variables; of repeated ones the last wins, as in Kubernetes."""
    variables: dict[str, str | None] = {}
    duplicates, faults = [], []
    for entry in entries:
        if entry.name in variables:
            duplicates.append(entry.name)
        variables[entry.name], fault = _text_of(entry.value, f"{container}.env.{entry.name}")
        if entry.value is None and entry.value_from is None:
            variables[entry.name] = ""
        if fault:
            faults.append(fault)
    return variables, duplicates, faults


def _text_of(value: Any, path: str) -> tuple[str | None, ManifestFault | None]:  # noqa: ANN401 # whatever YAML holds
    """A variable's text, and a fault where it is not a string, as Kubernetes and the add-on demand."""
    if value is None or isinstance(value, str):
        return value, None
    text = json.dumps(value, default=str)
    return text, ManifestFault(path, text[:80], "a string in quotes")


def _wrong_booleans(value: Any, path: str = "") -> Iterator[ManifestFault]:  # noqa: ANN401 # whatever YAML holds
    """Fields that Kubernetes reads as booleans and that hold text."""
    if isinstance(value, dict):
        for key, each in value.items():
            place = f"{path}.{key}" if path else str(key)
            if key in _BOOLEAN_FIELDS and isinstance(each, str):
                yield ManifestFault(place, json.dumps(each[:80]), "true or false without quotes")
            elif isinstance(each, dict | list):
                yield from _wrong_booleans(each, place)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            name = each.get("name") if isinstance(each, dict) else None
            yield from _wrong_booleans(each, f"{path}[{name if isinstance(name, str) else number}]")


def _version(image: str, variables: dict[str, str | None]) -> Version | None:
    for text in (image.rpartition(":")[2], variables.get("VPC_CNI_VERSION") or ""):
        try:
            return parse_cni_version(text)
        except InputError:
            continue
    return None


def _network_policy(agent: _Container | None) -> bool | None:
    if agent is None:
        return None
    flags = [each.partition("=")[2] for each in agent.args if each.startswith("--enable-network-policy=")]
    return flags[-1] == "true" if flags else None


def _from_entries(entries: list[dict[str, Any]], where: str) -> AwsNode:
    """A list of `{name, value}`, as a jsonpath of the container's `env` prints it."""
    try:
        parsed = [_EnvironmentEntry.model_validate(entry) for entry in entries]
    except ValidationError as error:
        raise InputError(_explain(error, f"{where}: the list of variables")) from None
    variables, duplicates, faults = _environment(parsed, "aws-node")
    return AwsNode(form=Form.VARIABLES, variables=variables, duplicates=tuple(duplicates), faults=tuple(faults))


def _from_addon(document: dict[str, Any], where: str) -> AwsNode:
    """An add-on configuration or Helm values: `env`, `init.env`."""
    environment, init = document.get("env") or {}, document.get("init") or {}
    init_environment = (init.get("env") or {}) if isinstance(init, dict) else init
    faults: list[ManifestFault] = []
    parts: list[dict[str, str | None]] = []
    for name, part in (("env", environment), ("init.env", init_environment)):
        if not isinstance(part, dict):
            raise InputError(f"{where}: {name} must be a map of names to strings")
        texts: dict[str, str | None] = {}
        for key, value in part.items():
            texts[str(key)], fault = _text_of(value, f"{name}.{key}")
            if fault:
                faults.append(fault)
        parts.append(texts)
    image = document.get("image")
    tag = image.get("tag") if isinstance(image, dict) else None
    policy = document.get("enableNetworkPolicy")
    return AwsNode(
        form=Form.ADDON,
        variables=parts[0],
        init_variables=parts[1],
        cni_version=_version(f":{tag}" if tag else "", parts[0]),
        network_policy=None if policy is None else str(policy).lower() == "true",
        faults=tuple(faults),
    )


def _from_config_map(document: dict[str, Any], where: str) -> Iterator[AwsNode]:
    metadata, data = document.get("metadata"), document.get("data") or {}
    if not isinstance(metadata, dict) or metadata.get("name") != _CONFIG_MAP_NAME:
        return
    if not isinstance(data, dict):
        raise InputError(f"{where}: the ConfigMap's data must be a map of names to strings")
    faults = []
    settings: dict[str, str] = {}
    for key, value in data.items():
        text, fault = _text_of(value, f"data.{key}")
        settings[str(key)] = text or ""
        if fault:
            faults.append(fault)
    yield AwsNode(form=Form.CONFIG_MAP, settings_map=settings, faults=tuple(faults))


def _explain(error: ValidationError, what: str) -> str:
    first = error.errors()[0]
    return f"{what} is not understood: {'.'.join(map(str, first['loc']))}: {first['msg']}"
