"""Karpenter's EC2NodeClass and NodePool, one pair for each max pods.

Source: karpenter-provider-aws, pkg/apis/v1. Karpenter computes kube-reserved from its own ENI formula, whatever
maxPods is set to.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from cni_plan.errors import InputError
from cni_plan.snippets.eksctl import taint_object
from cni_plan.snippets.node import Node
from cni_plan.snippets.nodeadm import kube_reserved_config


def karpenter_manifests(classes: Mapping[int, tuple[Node, Sequence[str]]], *, base_name: str = "max-pods") -> str:
    """The manifests as YAML documents.

    Args:
        classes: By max pods, what such a node says and the instance types that get it.
        base_name: What the objects are called, before their max pods.

    Raises:
        InputError: There is no cluster, or there are kubelet arguments.
    """
    import yaml

    documents: list[dict[str, Any]] = []
    made_by = ""
    for pods, (node, types) in classes.items():
        if node.cluster is None:
            raise InputError("--format karpenter needs --cluster-name")
        if node.kubelet.extra.strip():
            raise InputError("an EC2NodeClass takes no kubelet arguments")
        made_by = node.made_by
        name = f"{base_name}-{pods}"
        documents += [_node_class(name, node), _node_pool(name, node, types)]
    text: str = yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True, width=4096)
    return f"# {made_by}\n# Named after Karpenter's conventions: the role and the tag karpenter.sh/discovery.\n{text}"


def _node_class(name: str, node: Node) -> dict[str, Any]:
    cluster = node.cluster.name if node.cluster else ""

    def discovery() -> list[dict[str, dict[str, str]]]:
        return [{"tags": {"karpenter.sh/discovery": cluster}}]

    return {
        "apiVersion": "karpenter.k8s.aws/v1",
        "kind": "EC2NodeClass",
        "metadata": {"name": name},
        "spec": {
            "amiSelectorTerms": [{"alias": "al2023@latest"}],
            "role": f"KarpenterNodeRole-{cluster}",
            "subnetSelectorTerms": discovery(),
            "securityGroupSelectorTerms": discovery(),
            "kubelet": {"maxPods": node.kubelet.max_pods} | kube_reserved_config(node),
        },
    }


def _node_pool(name: str, node: Node, types: Sequence[str]) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": name},
        "requirements": [{"key": "node.kubernetes.io/instance-type", "operator": "In", "values": list(types)}],
    }
    if node.kubelet.taints:
        spec["taints"] = [taint_object(taint) for taint in node.kubelet.taints]
    template: dict[str, Any] = {"spec": spec}
    if node.kubelet.node_labels:
        pairs = (label.partition("=") for label in node.kubelet.node_labels)
        template = {"metadata": {"labels": {key: value for key, _, value in pairs}}, "spec": spec}
    return {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": name},
        "spec": {"template": template},
    }
