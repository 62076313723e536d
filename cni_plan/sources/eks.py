"""What a node must know of a cluster, from EKS. Only reads."""

from dataclasses import dataclass
from typing import Any

from cni_plan.errors import SourceError
from cni_plan.sources.aws import AwsAccess, aws_client, aws_errors


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """Endpoint, CA and service range of a cluster."""

    endpoint: str
    ca: str
    service_cidr: str | None
    ipv6: bool


def describe_cluster(access: AwsAccess, name: str) -> ClusterFacts:
    """Ask eks:DescribeCluster.

    Raises:
        SourceError: EKS does not answer, refuses, or the cluster is not ready.
    """
    client: Any = aws_client("eks", access)
    with aws_errors(f"reading cluster {name}"):
        cluster = client.describe_cluster(name=name).get("cluster", {})
    endpoint, ca = cluster.get("endpoint"), cluster.get("certificateAuthority", {}).get("data")
    if not endpoint or not ca:
        raise SourceError(f"cluster {name} has no endpoint yet; its status is {cluster.get('status', 'unknown')}")
    network = cluster.get("kubernetesNetworkConfig") or {}
    ipv6 = network.get("ipFamily") == "ipv6"
    return ClusterFacts(endpoint, ca, network.get("serviceIpv6Cidr" if ipv6 else "serviceIpv4Cidr"), ipv6)
