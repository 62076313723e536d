"""What a text for a node says, whichever family it is for."""

from dataclasses import dataclass

from cni_plan.errors import InputError
from cni_plan.snippets.kubelet import KubeletArguments

PLACEHOLDER_ENDPOINT = "https://replace-me.invalid"
PLACEHOLDER_CA = "UkVQTEFDRSBNRQ=="
"""`REPLACE ME` in base64: what reads the text accepts it, and no cluster does."""
PLACEHOLDER_CIDR = "192.0.2.0/24"
"""A range that is for documentation only (RFC 5737)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterAccess:
    """What a node must know to join a cluster; None where it is not told.

    Attributes:
        name: The cluster's name.
        endpoint: The API server's URL.
        ca: The CA bundle in base64.
        service_cidr: The service range.
        ipv6: Whether the cluster's pods have IPv6 addresses.
    """

    name: str
    endpoint: str | None = None
    ca: str | None = None
    service_cidr: str | None = None
    ipv6: bool = False

    def missing(self) -> list[str]:
        """The options that would complete it."""
        given = (
            ("--api-server-endpoint", self.endpoint),
            ("--b64-cluster-ca", self.ca),
            ("--service-cidr", self.service_cidr),
        )
        return [option for option, value in given if value is None]

    def require_values(self, family: str) -> None:
        """Refuse shell references, which nothing expands in this family's text.

        Raises:
            InputError: One of the values is a reference such as `$NAME`.
        """
        for value in (self.endpoint, self.ca, self.service_cidr):
            if value is not None and value.startswith("$"):
                raise InputError(f"{value} is a shell reference, and nothing expands it in {family}: give the value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node to set up.

    Attributes:
        kubelet: Its kubelet's arguments.
        cluster: The cluster it joins; None for a part that is merged with what EKS adds.
        max_pods_expression: A CEL expression that nodeadm evaluates instead of a fixed max pods.
        made_by: The command that made the text.
    """

    kubelet: KubeletArguments
    cluster: ClusterAccess | None
    max_pods_expression: str | None = None
    made_by: str = ""

    def comments(self) -> list[str]:
        """The lines that head the text."""
        lines = [self.made_by]
        if self.cluster is not None and self.cluster.missing():
            lines.append(f"Placeholders stand for what was not told: {', '.join(self.cluster.missing())}")
        return lines
