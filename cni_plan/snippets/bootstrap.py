"""User data for AL2: a call of /etc/eks/bootstrap.sh.

Source: amazon-eks-ami, templates/al2/runtime/bootstrap.sh. Its flags take the next word as their value.
"""

from dataclasses import dataclass

from cni_plan.errors import InputError
from cni_plan.snippets.kubelet import KubeletArguments
from cni_plan.snippets.quoting import shell_double_quoted, shell_value, shell_word

DEFAULT_ENDPOINT, DEFAULT_CA = "$APISERVER_ENDPOINT", "$B64_CLUSTER_CA"
"""References that the surrounding script sets, where the caller gives no values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bootstrap:
    """What bootstrap.sh is told.

    Attributes:
        cluster_name: The EKS cluster.
        kubelet: The kubelet's arguments, max pods first.
        api_server_endpoint: The API server's URL, or a reference such as `$NAME`.
        b64_cluster_ca: The CA bundle in base64, or a reference.
        service_cidr: The service range; None leaves it to the script.
        ipv6: Whether the cluster's pods have IPv6 addresses.
        container_runtime: For images old enough to want one; None for current images, which refuse any other.
        made_by: The command that made the text.
    """

    cluster_name: str
    kubelet: KubeletArguments
    api_server_endpoint: str = DEFAULT_ENDPOINT
    b64_cluster_ca: str = DEFAULT_CA
    service_cidr: str | None = None
    ipv6: bool = False
    container_runtime: str | None = None
    made_by: str = ""


def bootstrap_user_data(bootstrap: Bootstrap) -> str:
    """The shell script, ready to be user data.

    Raises:
        InputError: A value cannot pass through the script to the kubelet.
    """
    extra = bootstrap.kubelet.command_line()
    if "'" in extra:
        raise InputError("kubelet arguments must not hold a single quote: bootstrap.sh writes them into a quoted line")
    flags = [
        ("--b64-cluster-ca", shell_value(bootstrap.b64_cluster_ca)),
        ("--apiserver-endpoint", shell_value(bootstrap.api_server_endpoint)),
    ]
    if bootstrap.ipv6:
        flags.append(("--ip-family", "ipv6"))
    if bootstrap.service_cidr is not None:
        family = "ipv6" if bootstrap.ipv6 else "ipv4"
        flags.append((f"--service-{family}-cidr", shell_value(bootstrap.service_cidr)))
    if bootstrap.container_runtime is not None:
        flags.append(("--container-runtime", shell_word(bootstrap.container_runtime)))
    flags += [("--use-max-pods", "false"), ("--kubelet-extra-args", shell_double_quoted(extra))]
    call = [f"/etc/eks/bootstrap.sh {shell_word(bootstrap.cluster_name)}", *(" ".join(flag) for flag in flags)]
    return f"#!/bin/bash\n# {bootstrap.made_by}\n" + " \\\n  ".join(call) + "\n"
