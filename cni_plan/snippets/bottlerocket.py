"""User data for Bottlerocket: TOML settings.

Source: bottlerocket-settings-sdk, settings-extensions/kubernetes. kube-reserved follows max-pods there by itself.
"""

from cni_plan.errors import InputError
from cni_plan.snippets.node import PLACEHOLDER_CA, PLACEHOLDER_ENDPOINT, Node
from cni_plan.snippets.quoting import toml_string


def kubernetes_lines(node: Node) -> list[str]:
    """The keys of the table `settings.kubernetes`, max-pods first, with its sub-tables after them.

    Raises:
        InputError: A value is a shell reference, or there are kubelet arguments, which Bottlerocket takes none of.
    """
    if node.kubelet.extra.strip():
        raise InputError("Bottlerocket takes no kubelet arguments: use its settings instead of --kubelet-extra-args")
    lines = [f"max-pods = {node.kubelet.max_pods}"]
    if node.cluster is not None:
        node.cluster.require_values("Bottlerocket's settings")
        lines += [
            f"cluster-name = {toml_string(node.cluster.name)}",
            f"api-server = {toml_string(node.cluster.endpoint or PLACEHOLDER_ENDPOINT)}",
            f"cluster-certificate = {toml_string(node.cluster.ca or PLACEHOLDER_CA)}",
        ]
    if node.kubelet.node_labels:
        lines += ["", "[settings.kubernetes.node-labels]"]
        for label in node.kubelet.node_labels:
            key, _, value = label.partition("=")
            lines.append(f"{toml_string(key)} = {toml_string(value)}")
    if node.kubelet.taints:
        lines += ["", "[settings.kubernetes.node-taints]"]
        for key, values in _taints(node).items():
            lines.append(f"{toml_string(key)} = [{', '.join(map(toml_string, values))}]")
    return lines


def _taints(node: Node) -> dict[str, list[str]]:
    """`key=value:Effect` by key, since a TOML key may stand once only."""
    taints: dict[str, list[str]] = {}
    for taint in node.kubelet.taints:
        left, _, effect = taint.rpartition(":")
        key, _, value = left.partition("=")
        taints.setdefault(key, []).append(f"{value}:{effect}")
    return taints


def bottlerocket_user_data(node: Node) -> str:
    """The settings as TOML."""
    lines = [f"# {line}" for line in _comments(node)]
    return "\n".join([*lines, "[settings.kubernetes]", *kubernetes_lines(node)]) + "\n"


def _comments(node: Node) -> list[str]:
    """As `Node.comments`, without the service range, which Bottlerocket does not ask for."""
    missing = [] if node.cluster is None else [name for name in node.cluster.missing() if name != "--service-cidr"]
    note = [f"Placeholders stand for what was not told: {', '.join(missing)}"] if missing else []
    return [node.made_by, *note]
