"""ENIConfigs: where each zone's pods get their addresses under custom networking.

Source: amazon-vpc-cni-k8s, pkg/apis/crd/v1alpha1 and pkg/eniconfig/eniconfig.go.
"""

from collections.abc import Sequence
from typing import Any

PLACEHOLDER_SECURITY_GROUP = "sg-REPLACE-ME"


def eni_configs(subnets: Sequence[tuple[str, str]]) -> str:
    """One ENIConfig for each zone, called like the zone.

    Args:
        subnets: Zones with the id of their pods' subnet.
    """
    import yaml

    documents: list[dict[str, Any]] = [
        {
            "apiVersion": "crd.k8s.amazonaws.com/v1alpha1",
            "kind": "ENIConfig",
            "metadata": {"name": zone},
            "spec": {"subnet": subnet_id, "securityGroups": [PLACEHOLDER_SECURITY_GROUP]},
        }
        for zone, subnet_id in subnets
    ]
    text: str = yaml.safe_dump_all(documents, sort_keys=False, width=4096)
    return text
