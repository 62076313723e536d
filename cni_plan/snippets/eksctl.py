"""An eksctl ClusterConfig with a managed AL2023 node group and the vpc-cni add-on.

Source: eksctl, pkg/apis/eksctl.io/v1alpha5 and pkg/nodebootstrap/al2023.go.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from cni_plan.engine.addon_values import AddonValues
from cni_plan.errors import InputError
from cni_plan.snippets.addon import eksctl_addon
from cni_plan.snippets.node import Node
from cni_plan.snippets.nodeadm import kube_reserved_config


def eksctl_config(
    node: Node,
    values: AddonValues,
    *,
    instance_types: Sequence[str],
    region: str,
    own_group: Mapping[str, Any] | None = None,
) -> str:
    """The ClusterConfig as YAML.

    maxPodsPerNode becomes a NodeConfig part of eksctl's; the reservation follows in one of our own, since AL2023 keeps
    the image's.

    Args:
        node: What the nodes say.
        values: The add-on's variables.
        instance_types: The group's types.
        region: The cluster's region.
        own_group: The group's name, size and place where they are known; the add-on is left alone then.

    Raises:
        InputError: There is no cluster, or there are kubelet arguments.
    """
    import yaml

    if node.cluster is None:
        raise InputError("--format eksctl needs --cluster-name")
    if node.kubelet.extra.strip():
        raise InputError(
            "eksctl takes no kubelet arguments for AL2023: use --format nodeadm in overrideBootstrapCommand"
        )
    group: dict[str, Any] = {
        "name": "nodes",
        "amiFamily": "AmazonLinux2023",
        "instanceTypes": list(instance_types),
        "maxPodsPerNode": node.kubelet.max_pods,
        **(own_group or {}),
    }
    if node.kubelet.node_labels:
        pairs = (label.partition("=") for label in node.kubelet.node_labels)
        group["labels"] = {key: value for key, _, value in pairs}
    if node.kubelet.taints:
        group["taints"] = [taint_object(taint) for taint in node.kubelet.taints]
    if reserved := kube_reserved_config(node):
        config = {
            "apiVersion": "node.eks.aws/v1alpha1",
            "kind": "NodeConfig",
            "spec": {"kubelet": {"config": reserved}},
        }
        group["overrideBootstrapCommand"] = str(yaml.safe_dump(config, sort_keys=False))
    body = {
        "apiVersion": "eksctl.io/v1alpha5",
        "kind": "ClusterConfig",
        "metadata": {"name": node.cluster.name, "region": region},
        **({} if own_group else {"addons": [eksctl_addon(values)]}),
        "managedNodeGroups": [group],
    }
    text: str = yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=4096)
    return f"# {node.made_by}\n{text}"


def taint_object(taint: str) -> dict[str, str]:
    """`key=value:Effect` as Kubernetes' API has it."""
    left, _, effect = taint.rpartition(":")
    key, _, value = left.partition("=")
    return {"key": key, "value": value, "effect": effect} if value else {"key": key, "effect": effect}
