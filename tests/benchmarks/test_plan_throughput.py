"""How fast a large plan is judged; run with `pytest --benchmark-enable tests/benchmarks`."""

from collections import Counter
from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

import pytest

from cni_plan import CniSettings, Provisioner, Subnet, load_catalog
from cni_plan.engine.cluster import Cluster, GroupPlan, PlannedSubnet, Role
from cni_plan.engine.cluster_verdict import plan_cluster
from cni_plan.engine.density import Workload
from cni_plan.engine.provisioner import ProvisionerOptions

ZONES = ("a", "b", "c")
FAMILIES = ("m5", "m5a", "r5", "m6i", "c6i", "r6i", "m7i", "c7i", "r7i", "m6a")
SIZES = ("xlarge", "2xlarge", "4xlarge", "8xlarge")


def large_cluster(nodes_per_group: int, groups: int = 200, subnets: int = 60) -> Cluster:
    """Groups that all differ, over three zones with twenty /16 subnets each."""
    catalog = load_catalog()
    names = [f"{family}.{size}" for family in FAMILIES for size in SIZES]
    return Cluster(
        name="large",
        settings=CniSettings(prefix_delegation=True, warm_prefix_target=1),
        subnets=tuple(
            PlannedSubnet(
                name=f"s{number}",
                zone=ZONES[number % 3],
                role=Role.NODES,
                subnet=Subnet(IPv4Network((number << 16, 16))),
            )
            for number in range(1, subnets + 1)
        ),
        groups=tuple(
            GroupPlan(
                name=f"g{number}",
                instances=(catalog[names[number % len(names)]],),
                provisioner=Provisioner.MANAGED_NODE_GROUP,
                options=ProvisionerOptions(),
                workload=Workload(pods_per_node=48 + number % 5),
                zones=ZONES,
                desired_nodes=nodes_per_group,
                growth_permille=20,
            )
            for number in range(groups)
        ),
    )


def test_a_large_plan_holds_all_its_nodes_and_pods() -> None:
    # 200 groups of 500 nodes; the pods a node are 48, 49, 50, 51, 52 in turn, 50 on average
    report = plan_cluster(large_cluster(500)).report
    assert sum(group.nodes() for group in report.groups) == 100_000
    assert sum(group.pods for group in report.groups) == 5_000_000
    placed: Counter[tuple[str, str]] = Counter()
    for subnet in report.subnets:
        for state in subnet.states:
            for group, nodes, _ in state.demand.parts:
                placed[state.state.name, group.group.name] += nodes
    assert all(placed["desired", group.group.name] == 500 for group in report.groups)


@pytest.mark.parametrize("nodes_per_group", [5, 500, 50_000], ids=["1,000 nodes", "100,000 nodes", "10,000,000 nodes"])
def test_judging_200_groups_in_60_subnets(benchmark: Any, nodes_per_group: int) -> None:  # noqa: ANN401 # the plugin's
    cluster = large_cluster(nodes_per_group)
    benchmark(lambda: plan_cluster(replace(cluster)))
