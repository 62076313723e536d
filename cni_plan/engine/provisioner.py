"""Who sets a node's max pods, and what they are told; the rules are in `provisioners`."""

from dataclasses import dataclass
from enum import StrEnum

from cni_plan.engine.max_pods import HOST_NETWORK_PODS


class Provisioner(StrEnum):
    """Who sets a node's max pods."""

    CALCULATOR = "calculator"
    MANAGED_NODE_GROUP = "managed-node-group"
    AL2_BOOTSTRAP = "al2-bootstrap"
    NODEADM = "nodeadm"
    KARPENTER = "karpenter"
    BOTTLEROCKET = "bottlerocket"
    AUTO_MODE = "auto-mode"
    FARGATE = "fargate"
    WINDOWS = "windows"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionerOptions:
    """What a provisioner is told besides the settings of aws-node.

    Attributes:
        max_pods: The value that user data or the node class sets itself; None where it does not.
        reserved_enis: Karpenter's RESERVED_ENIS.
        efa_only_enis: EFA-only interfaces on the default network card (Karpenter).
        pods_per_core: Karpenter's podsPerCore; None or 0 for no such limit.
        host_network_pods: Pods on the node's own network.
        show_max_allowed: Skip the calculator's ceiling.
    """

    max_pods: int | None = None
    reserved_enis: int = 0
    efa_only_enis: int = 0
    pods_per_core: int | None = None
    host_network_pods: int = HOST_NETWORK_PODS
    show_max_allowed: bool = False
