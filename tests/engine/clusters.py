"""Small clusters for tests."""

from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

from cni_plan import CniSettings, Provisioner, Subnet, load_catalog
from cni_plan.engine.cluster import Cluster, GroupPlan, PlannedSubnet, Role
from cni_plan.engine.cluster_report import ClusterReport, SubnetState
from cni_plan.engine.density import Workload
from cni_plan.engine.provisioner import ProvisionerOptions

CATALOG = load_catalog()
PREFIXES = CniSettings(prefix_delegation=True, warm_prefix_target=1)


def subnet(name: str, zone: str, cidr: str, *used: str, **parts: Any) -> PlannedSubnet:  # noqa: ANN401 # passed on
    own = {"role": parts.pop("role", Role.NODES), "unplaced": parts.pop("unplaced", 0)}
    place = Subnet(IPv4Network(cidr), tuple(map(IPv4Network, used)), **parts)
    return PlannedSubnet(name=name, zone=zone, subnet=place, **own)


def group(name: str, *types: str, **parts: Any) -> GroupPlan:  # noqa: ANN401 # passed on
    workload = {key: parts.pop(key) for key in Workload.__dataclass_fields__ if key in parts}
    options = {key: parts.pop(key) for key in ("max_pods", "pods_per_core", "reserved_enis") if key in parts}
    return GroupPlan(
        name=name,
        instances=tuple(CATALOG[each] for each in types),
        provisioner=parts.pop("provisioner", Provisioner.CALCULATOR),
        options=ProvisionerOptions(**options),
        workload=Workload(**workload),
        zones=parts.pop("zones", ("a", "b")),
        **parts,
    )


def cluster(*parts: PlannedSubnet | GroupPlan, settings: CniSettings = PREFIXES, **more: Any) -> Cluster:  # noqa: ANN401 # passed on
    return Cluster(
        name="shop",
        settings=settings,
        subnets=tuple(part for part in parts if isinstance(part, PlannedSubnet)),
        groups=tuple(part for part in parts if isinstance(part, GroupPlan)),
        **more,
    )


def state_of(report: ClusterReport, name: str, state: str) -> SubnetState:
    (own,) = [each for each in report.subnets if each.planned.name == name]
    (found,) = [each for each in own.states if each.state.name == state]
    return found


def with_group(made: Cluster, **changes: Any) -> Cluster:  # noqa: ANN401 # passed on
    (only,) = made.groups
    return replace(made, groups=(replace(only, **changes),))


SHOP = cluster(
    subnet("a", "a", "10.0.0.0/24", "10.0.0.37", "10.0.0.101", "10.0.0.102"),
    subnet("b", "b", "10.0.1.0/24", "10.0.1.200"),
    group(
        "web",
        "m5.large",
        provisioner=Provisioner.MANAGED_NODE_GROUP,
        desired_nodes=4,
        maximum_nodes=8,
        pods_per_node=20,
        growth_permille=100,
    ),
    group(
        "jobs",
        "c5.xlarge",
        provisioner=Provisioner.NODEADM,
        max_pods=110,
        desired_nodes=2,
        pods=80,
        growth_permille=100,
    ),
    months=6,
)
"""Two groups with prefixes in two /24 subnets that run out of blocks."""
