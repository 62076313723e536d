"""User data for Windows: a call of Start-EKSBootstrap.ps1.

Source: EKS user guide, "Create nodes with optimized Windows AMIs".
"""

from cni_plan.errors import InputError
from cni_plan.snippets.node import PLACEHOLDER_CA, PLACEHOLDER_ENDPOINT, Node
from cni_plan.snippets.quoting import powershell_string


def windows_user_data(node: Node) -> str:
    """The PowerShell block.

    Raises:
        InputError: There is no cluster, or a value cannot stand in the block.
    """
    if node.cluster is None:
        raise InputError("--format windows needs --cluster-name")
    node.cluster.require_values("PowerShell")
    call = [
        "& $script",
        f"-EKSClusterName {powershell_string(node.cluster.name)}",
        f"-APIServerEndpoint {powershell_string(node.cluster.endpoint or PLACEHOLDER_ENDPOINT)}",
        f"-Base64ClusterCA {powershell_string(node.cluster.ca or PLACEHOLDER_CA)}",
    ]
    if node.cluster.service_cidr is not None:
        call.append(f"-ServiceCIDR {powershell_string(node.cluster.service_cidr)}")
    call.append(f"-KubeletExtraArgs {powershell_string(node.kubelet.command_line())}")
    body = [
        *(f"# {line}" for line in node.comments()),
        '[string]$script = "$env:ProgramFiles\\Amazon\\EKS\\Start-EKSBootstrap.ps1"',
        " `\n  ".join(call),
    ]
    text = "\n".join(body)
    if "powershell>" in text.lower():
        raise InputError("no value may hold a powershell tag: it would end the block")
    return f"<powershell>\n{text}\n</powershell>\n"
