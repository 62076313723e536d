"""User data for AL2023: a NodeConfig, which nodeadm reads.

Source: amazon-eks-ami, nodeadm/api/v1alpha1 and nodeadm/internal.
"""

import shlex
from typing import Any

from cni_plan.errors import InputError
from cni_plan.snippets.node import PLACEHOLDER_CA, PLACEHOLDER_CIDR, PLACEHOLDER_ENDPOINT, Node

MIME_TYPE = "application/node.eks.aws"
_FAMILY = "a NodeConfig"


def node_config(node: Node) -> dict[str, Any]:
    """The NodeConfig as an object.

    Without a cluster it holds the kubelet's part alone, which nodeadm merges with the one that EKS adds.

    Raises:
        InputError: A value is a shell reference, or the extra arguments cannot be taken apart.
    """
    spec: dict[str, Any] = {}
    if node.cluster is not None:
        node.cluster.require_values(_FAMILY)
        spec["cluster"] = {
            "name": node.cluster.name,
            "apiServerEndpoint": node.cluster.endpoint or PLACEHOLDER_ENDPOINT,
            "certificateAuthority": node.cluster.ca or PLACEHOLDER_CA,
            "cidr": node.cluster.service_cidr or PLACEHOLDER_CIDR,
        }
    kubelet: dict[str, Any] = {}
    if node.max_pods_expression is not None:
        # The reservation follows from the expression's value by itself.
        kubelet["maxPodsExpression"] = node.max_pods_expression
    else:
        kubelet["config"] = {"maxPods": node.kubelet.max_pods} | kube_reserved_config(node)
    if flags := _flags(node):
        kubelet["flags"] = flags
    return {"apiVersion": "node.eks.aws/v1alpha1", "kind": "NodeConfig", "spec": spec | {"kubelet": kubelet}}


def kube_reserved_config(node: Node) -> dict[str, Any]:
    """The reservation that the family would not raise by itself, as a KubeletConfiguration has it."""
    if node.kubelet.kube_reserved is None:
        return {}
    parts = (part.partition("=") for part in node.kubelet.kube_reserved.split(","))
    return {"kubeReserved": {name: value for name, _, value in parts}}


def _flags(node: Node) -> list[str]:
    flags = []
    if node.kubelet.node_labels:
        flags.append(f"--node-labels={','.join(node.kubelet.node_labels)}")
    if node.kubelet.taints:
        flags.append(f"--register-with-taints={','.join(node.kubelet.taints)}")
    try:
        return flags + shlex.split(node.kubelet.extra)
    except ValueError as error:
        raise InputError(f"the kubelet arguments cannot be taken apart: {error}") from None


def nodeadm_user_data(node: Node) -> str:
    """The NodeConfig as YAML."""
    import yaml

    body: str = yaml.safe_dump(node_config(node), sort_keys=False, allow_unicode=True, width=4096)
    return "".join(f"# {line}\n" for line in node.comments()) + body
