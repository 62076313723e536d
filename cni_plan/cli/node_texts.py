"""Which text belongs to which `--format` of `cni-plan user-data`, and what to say beside it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from cni_plan.engine.addon_values import values_from_settings
from cni_plan.engine.cni import CniSettings
from cni_plan.engine.max_pods import PodLimits
from cni_plan.engine.provisioners import missing_reservation
from cni_plan.errors import InputError
from cni_plan.snippets.bootstrap import DEFAULT_CA, DEFAULT_ENDPOINT, Bootstrap, bootstrap_user_data
from cni_plan.snippets.launch_template import Family, check_size
from cni_plan.snippets.mime import multipart
from cni_plan.snippets.node import Node


class UserDataFormat(StrEnum):
    """What the text is for."""

    BOOTSTRAP = "bootstrap"
    NODEADM = "nodeadm"
    BOTTLEROCKET = "bottlerocket"
    WINDOWS = "windows"
    EKSCTL = "eksctl"
    KARPENTER = "karpenter"
    LAUNCH_TEMPLATE = "launch-template"
    TERRAFORM = "terraform"
    KUBELET_ARGS = "kubelet-args"


WINDOWS_FORMATS = frozenset({UserDataFormat.LAUNCH_TEMPLATE, UserDataFormat.TERRAFORM})
"""Formats that can carry Windows user data."""
PLACEHOLDER_REGION = "replace-me"

_SHELL_TYPE = 'text/x-shellscript; charset="us-ascii"'
_EKS_DECIDES = (
    "a managed node group without an AMI of its own gets its max pods from EKS instead, "
    "and Karpenter's nodes get it from their EC2NodeClass"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRequest:
    """All that a text may depend on."""

    node: Node
    answers: tuple[PodLimits, ...]
    settings: CniSettings
    family: Family
    region: str | None
    container_runtime: str | None
    mime: bool
    gzipped: bool

    def reserving_node(self) -> Node:
        """The node with the reservation that its family would not raise by itself."""
        if self.node.max_pods_expression is not None:
            return self.node
        reserved = missing_reservation(self.answers, self.node.kubelet.max_pods)
        return replace(self.node, kubelet=replace(self.node.kubelet, kube_reserved=reserved))

    @property
    def instance_types(self) -> list[str]:
        """The types' names."""
        return [limits.instance.instance_type for limits in self.answers]


def write_text(text_format: UserDataFormat, request: NodeRequest) -> tuple[str, list[str]]:
    """The text and what to say beside it.

    Raises:
        InputError: The format cannot carry what is asked for.
    """
    _check_options(text_format, request)
    text = _WRITERS[text_format](request)
    if text_format in _USER_DATA:
        check_size(text.encode(), gzipped=False)
    return text, _notes(text_format, request)


def _check_options(text_format: UserDataFormat, request: NodeRequest) -> None:
    carries = request.family if text_format in WINDOWS_FORMATS else text_format
    if request.mime and text_format not in {UserDataFormat.BOOTSTRAP, UserDataFormat.NODEADM}:
        raise InputError("--mime is for --format bootstrap and nodeadm")
    if request.node.max_pods_expression is not None and carries != "nodeadm":
        raise InputError("--max-pods-expression is nodeadm's: no other family evaluates one")
    if request.gzipped and text_format is not UserDataFormat.LAUNCH_TEMPLATE:
        raise InputError("--gzip is for --format launch-template, whose user data is base64")
    if request.container_runtime is not None and carries != "bootstrap":
        raise InputError("--container-runtime is bootstrap.sh's")


def _notes(text_format: UserDataFormat, request: NodeRequest) -> list[str]:
    notes = []
    access = request.node.cluster
    if access is not None and text_format not in {UserDataFormat.KUBELET_ARGS, *_NO_ACCESS}:
        wants_range = text_format is not UserDataFormat.BOTTLEROCKET
        missing = [option for option in access.missing() if wants_range or option != "--service-cidr"]
        if missing and not _is_bootstrap(text_format, request):
            notes.append(f"placeholders stand for what was not told: give {', '.join(missing)}, or --from-cluster")
    if text_format in {UserDataFormat.NODEADM, UserDataFormat.BOOTSTRAP, *WINDOWS_FORMATS}:
        notes.append(_EKS_DECIDES)
    if text_format is UserDataFormat.BOTTLEROCKET:
        notes.append("in a managed node group EKS may set max-pods itself: compare .status.capacity.pods of a node")
    if text_format is UserDataFormat.EKSCTL:
        notes.append(
            "EKS may cap a managed group at 110 or 250; eksctl refuses maxPodsPerNode beside an AMI of one's own"
        )
        if request.region is None:
            notes.append(f"{PLACEHOLDER_REGION} stands for the region: give --region")
    return notes


def _is_bootstrap(text_format: UserDataFormat, request: NodeRequest) -> bool:
    """Whether missing values are references that the surrounding script sets."""
    return text_format is UserDataFormat.BOOTSTRAP or (
        text_format in WINDOWS_FORMATS and request.family is Family.BOOTSTRAP
    )


def _bootstrap_text(request: NodeRequest) -> str:
    node = request.reserving_node()
    if node.cluster is None:
        raise InputError("--format bootstrap needs --cluster-name")
    if node.cluster.ipv6 and node.cluster.service_cidr is None:
        raise InputError("bootstrap.sh wants the service range of an IPv6 cluster: give --service-cidr")
    return bootstrap_user_data(
        Bootstrap(
            cluster_name=node.cluster.name,
            kubelet=node.kubelet,
            api_server_endpoint=node.cluster.endpoint or DEFAULT_ENDPOINT,
            b64_cluster_ca=node.cluster.ca or DEFAULT_CA,
            service_cidr=node.cluster.service_cidr,
            ipv6=node.cluster.ipv6,
            container_runtime=request.container_runtime,
            made_by=node.made_by,
        )
    )


def _bootstrap(request: NodeRequest) -> str:
    text = _bootstrap_text(request)
    return multipart(text, _SHELL_TYPE) if request.mime else text


def _nodeadm(request: NodeRequest) -> str:
    from cni_plan.snippets.nodeadm import MIME_TYPE, nodeadm_user_data

    text = nodeadm_user_data(request.reserving_node())
    return multipart(text, MIME_TYPE) if request.mime else text


def _bottlerocket(request: NodeRequest) -> str:
    from cni_plan.snippets.bottlerocket import bottlerocket_user_data

    return bottlerocket_user_data(request.node)


def _windows(request: NodeRequest) -> str:
    from cni_plan.snippets.windows import windows_user_data

    return windows_user_data(request.node)


def _eksctl(request: NodeRequest) -> str:
    from cni_plan.snippets.eksctl import eksctl_config

    return eksctl_config(
        request.reserving_node(),
        values_from_settings(request.settings),
        instance_types=request.instance_types,
        region=request.region or PLACEHOLDER_REGION,
    )


def _karpenter(request: NodeRequest) -> str:
    from cni_plan.snippets.karpenter import karpenter_manifests

    return karpenter_manifests(karpenter_classes(request))


def karpenter_classes(request: NodeRequest) -> dict[int, tuple[Node, list[str]]]:
    """By max pods, what such a node says and the instance types that get it."""
    members: dict[int, list[PodLimits]] = {}
    for limits in request.answers:
        members.setdefault(limits.max_pods, []).append(limits)
    classes = {}
    for pods, own in members.items():
        kubelet = replace(request.node.kubelet, max_pods=pods, kube_reserved=missing_reservation(own, pods))
        names = [limits.instance.instance_type for limits in own]
        classes[pods] = (replace(request.node, kubelet=kubelet), names)
    return classes


def _family_text(request: NodeRequest) -> str:
    """The user data that a launch template of the family carries."""
    as_part = replace(request, mime=True)
    writers: dict[Family, Callable[[], str]] = {
        Family.NODEADM: lambda: _nodeadm(as_part),
        Family.BOOTSTRAP: lambda: _bootstrap(as_part),
        Family.BOTTLEROCKET: lambda: _bottlerocket(request),
        Family.WINDOWS: lambda: _windows(request),
    }
    return writers[request.family]()


def _template_name(request: NodeRequest) -> str:
    return request.node.cluster.name if request.node.cluster else "nodes"


def _launch_template(request: NodeRequest) -> str:
    from cni_plan.snippets.launch_template import launch_template

    return launch_template(_family_text(request), name=_template_name(request), gzipped=request.gzipped)


def _terraform(request: NodeRequest) -> str:
    from cni_plan.snippets.bottlerocket import kubernetes_lines
    from cni_plan.snippets.launch_template import terraform
    from cni_plan.snippets.nodeadm import nodeadm_user_data
    from cni_plan.snippets.quoting import powershell_string, shell_double_quoted

    reserving = request.reserving_node()
    alone = replace(reserving, cluster=None)
    module_texts: dict[Family, Callable[[], str]] = {
        Family.NODEADM: lambda: nodeadm_user_data(alone),
        Family.BOOTSTRAP: lambda: (
            f"--use-max-pods false --kubelet-extra-args {shell_double_quoted(reserving.kubelet.command_line())}\n"
        ),
        # The module leaves its own [settings.kubernetes] table open, so that the keys come first and without a header.
        Family.BOTTLEROCKET: lambda: "\n".join(kubernetes_lines(replace(request.node, cluster=None))) + "\n",
        Family.WINDOWS: lambda: f"-KubeletExtraArgs {powershell_string(request.node.kubelet.command_line())}\n",
    }
    return terraform(
        _family_text(request),
        module_texts[request.family](),
        request.family,
        name=_template_name(request),
        made_by=request.node.made_by,
    )


def _kubelet_args(request: NodeRequest) -> str:
    return f"{request.node.kubelet.command_line()}\n"


_USER_DATA = frozenset(
    {UserDataFormat.BOOTSTRAP, UserDataFormat.NODEADM, UserDataFormat.BOTTLEROCKET, UserDataFormat.WINDOWS}
)
_NO_ACCESS = frozenset({UserDataFormat.EKSCTL, UserDataFormat.KARPENTER})
"""Formats whose tool finds endpoint and CA itself."""
_WRITERS: dict[UserDataFormat, Callable[[NodeRequest], str]] = {
    UserDataFormat.BOOTSTRAP: _bootstrap,
    UserDataFormat.NODEADM: _nodeadm,
    UserDataFormat.BOTTLEROCKET: _bottlerocket,
    UserDataFormat.WINDOWS: _windows,
    UserDataFormat.EKSCTL: _eksctl,
    UserDataFormat.KARPENTER: _karpenter,
    UserDataFormat.LAUNCH_TEMPLATE: _launch_template,
    UserDataFormat.TERRAFORM: _terraform,
    UserDataFormat.KUBELET_ARGS: _kubelet_args,
}
