"""What names a cluster: its name, endpoint, CA and service range, each by its own rule."""

import re
from ipaddress import ip_network

from cni_plan.errors import InputError

_CLUSTER_NAME = re.compile(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}")
"""EKS's rule, CreateCluster's `name`."""
_REFERENCE = re.compile(r"\$(?:[A-Za-z_][A-Za-z0-9_]*|\{[A-Za-z_][A-Za-z0-9_]*\})")
_ENDPOINT = re.compile(r"https://[A-Za-z0-9.-]{1,253}(?::\d{1,5})?(?:/[A-Za-z0-9._~/-]*)?", re.ASCII)


def cluster_name(text: str) -> str:
    """Check a cluster's name.

    Raises:
        InputError: EKS does not allow it.
    """
    if not _CLUSTER_NAME.fullmatch(text):
        raise InputError(
            f"{text[:100]!r} is no EKS cluster name: 1 to 100 letters, digits, '-' and '_', a letter or digit first"
        )
    return text


def is_reference(text: str) -> bool:
    """Whether the text is a shell reference such as `$NAME` or `${NAME}`, to be expanded on the node."""
    return bool(_REFERENCE.fullmatch(text))


def api_server_endpoint(text: str) -> str:
    """Check an API server's URL, or a reference to one.

    Raises:
        InputError: It is neither.
    """
    if not (is_reference(text) or _ENDPOINT.fullmatch(text)):
        raise InputError(f"--api-server-endpoint {text[:80]!r} is neither an https:// URL nor a reference like $NAME")
    return text


def b64_cluster_ca(text: str) -> str:
    """Check a CA bundle in base64, or a reference to one.

    Raises:
        InputError: It is neither.
    """
    from base64 import b64decode

    if is_reference(text):
        return text
    try:
        valid = bool(b64decode(text, validate=True))
    except ValueError:
        valid = False
    if not valid:
        raise InputError(f"--b64-cluster-ca {text[:40]!r} is neither base64 nor a reference such as $NAME")
    return text


def service_cidr(text: str, *, ipv6: bool) -> str:
    """Check the service range of the cluster's family, or a reference to one.

    Raises:
        InputError: It is neither.
    """
    if is_reference(text):
        return text
    try:
        network = ip_network(text)
    except ValueError:
        raise InputError(f"--service-cidr {text[:60]!r} is not a CIDR such as 172.20.0.0/16") from None
    if (network.version == 6) != ipv6:  # noqa: PLR2004 # the protocol's number
        raise InputError(f"--service-cidr {text} is IPv{network.version}, the cluster is {'IPv6' if ipv6 else 'IPv4'}")
    return str(network)
