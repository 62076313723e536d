from dataclasses import replace

from hypothesis import given, settings

from cni_plan.engine.cluster import Cluster
from cni_plan.engine.cluster_diff import Change, diff_clusters
from cni_plan.engine.cluster_report import Fit
from cni_plan.engine.cluster_verdict import plan_cluster
from cni_plan.engine.findings import Code
from tests.engine.clusters import SHOP, cluster, group, subnet, with_group
from tests.engine.test_cluster_report import clusters


def test_a_larger_subnet_shows_what_it_resolves() -> None:
    larger = replace(SHOP, subnets=(subnet("a", "a", "10.0.0.0/22"), subnet("b", "b", "10.0.4.0/22")))
    diff = diff_clusters(plan_cluster(SHOP), plan_cluster(larger))
    assert (diff.before, diff.after) == (Fit.NO, Fit.YES)
    assert Change("subnet a", "free /28 blocks", 12, 62) in diff.changes
    assert Change("subnet a", "fits, maximum", "no", "yes") in diff.changes
    # month 19: 4 x 1.1^19 = 24.5 and 2 x 1.1^19 = 12.2 nodes, in a 13 x 3 + 7 x 4 = 67 blocks; a month before 60
    assert Change("cluster", "month in which something runs out", 1, 19) in diff.changes
    assert {finding.code for finding in diff.resolved_findings} >= {Code.SUBNET_PREFIXES}
    assert not any(finding.code is Code.SUBNET_PREFIXES for finding in diff.new_findings)


def test_a_group_that_comes_has_no_figures_before() -> None:
    more = replace(SHOP, groups=(*SHOP.groups, group("new", "m5.large", desired_nodes=2, pods_per_node=5)))
    diff = diff_clusters(plan_cluster(SHOP), plan_cluster(more))
    assert Change("group new", "desired nodes", None, 2) in diff.changes
    back = diff_clusters(plan_cluster(more), plan_cluster(SHOP))
    assert Change("group new", "desired nodes", 2, None) in back.changes


@settings(max_examples=30, deadline=None)
@given(clusters())
def test_a_plan_does_not_differ_from_itself(made: Cluster) -> None:
    verdict = plan_cluster(made)
    diff = diff_clusters(verdict, plan_cluster(made))
    assert (diff.changes, diff.new_findings, diff.resolved_findings) == ((), (), ())


def test_a_warning_that_becomes_an_error_is_new() -> None:
    made = cluster(
        subnet("a", "a", "10.0.0.0/24"),
        group("g", "m5.large", desired_nodes=3, pods_per_node=20, zones=("a",), growth_permille=100),
        control_plane_enis=0,
    )
    more = with_group(made, desired_nodes=12)
    diff = diff_clusters(plan_cluster(made), plan_cluster(more))
    assert Code.SUBNET_PREFIXES in {finding.code for finding in diff.new_findings}
    assert Code.SUBNET_PREFIXES not in {finding.code for finding in diff.resolved_findings}
    back = diff_clusters(plan_cluster(more), plan_cluster(made))
    assert Code.SUBNET_PREFIXES in {finding.code for finding in back.resolved_findings}
