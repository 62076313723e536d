from dataclasses import replace

import pytest

from cni_plan.catalog import load_catalog
from cni_plan.engine.cluster_report import ClusterReport, report_cluster
from cni_plan.engine.curves import NoCurve, curves_of
from cni_plan.engine.simulation import simulate_arrivals
from cni_plan.inputs.plan_file import parse_plan

PLAN = """
name: test
ip_family: {family}
cni: {{env: {{ENABLE_PREFIX_DELEGATION: "true", WARM_PREFIX_TARGET: "1"}}}}
subnets:
  - {{name: a, zone: z1, cidr: 10.0.0.0/20}}
node_groups:
  - {{name: web, instance_types: [m5.large], nodes: {{desired: 2}}, pods_per_node: 20}}
  - {{name: api, instance_types: [m5.large], nodes: {{desired: 3}}, pods_per_node: 40}}
  - {{name: batch, instance_types: [t3.small], max_pods: 30, nodes: {{desired: 1}}}}
  - {{name: jobs, provisioner: fargate, pods: 3}}
"""


def report(family: str = "ipv4") -> ClusterReport:
    text = PLAN.format(family=family)
    return report_cluster(parse_plan(text, "plan", load_catalog(None), lambda _: ""))


def test_groups_with_the_same_nodes_share_a_curve_and_fargate_has_none() -> None:
    found = curves_of(report())
    assert [[group.group.name for group in curve.groups] for curve in found.curves] == [["web", "api"], ["batch"]]
    assert [(group.group.name, why) for group, why in found.without] == [("jobs", NoCurve.FARGATE)]
    assert found.left_out == 0


def test_a_curve_is_the_simulation_from_no_pods_to_all_that_max_pods_admits() -> None:
    curve = curves_of(report()).curves[0]
    last = 110 - 2  # max pods without those on the node's own network
    simulated = simulate_arrivals(curve.instance, curve.settings, first=0, last=last, max_pods=110)
    assert list(curve.states) == simulated
    # WARM_PREFIX_TARGET=1: a free /28 beside those in use, so 20 pods in two prefixes hold a third
    assert (curve.states[20].total_ips, curve.states[20].assigned_ips) == (3 * 16, 20)


def test_a_curve_agrees_with_what_the_group_holds() -> None:
    for curve in curves_of(report()).curves:
        for group in curve.groups:
            holding = group.counted.holding
            assert curve.states[holding.address_pods] == holding.pool


def test_of_many_kinds_of_nodes_the_rest_is_counted() -> None:
    found = curves_of(report(), most=1)
    assert [curve.instance.instance_type for curve in found.curves] == ["m5.large"]
    assert found.left_out == 1


def test_with_ipv6_no_group_has_a_curve() -> None:
    found = curves_of(report("ipv6"))
    assert not found.curves
    assert [why for _, why in found.without] == [NoCurve.IPV6] * 3 + [NoCurve.FARGATE]


@pytest.mark.parametrize("max_pods", [0, 1])
def test_a_node_without_room_for_pods_has_a_curve_of_one_point(max_pods: int) -> None:
    whole = report()
    batch = whole.cluster.groups[2]
    small = replace(batch, options=replace(batch.options, max_pods=max_pods))
    curve = curves_of(report_cluster(replace(whole.cluster, groups=(small,)))).curves[0]
    assert [state.pods for state in curve.states] == [0]
