from dataclasses import replace
from ipaddress import IPv4Network

from cni_plan import CniSettings, Provisioner
from cni_plan.engine.cluster import Cluster
from cni_plan.engine.cluster_report import report_cluster
from cni_plan.engine.cni import IpFamily
from cni_plan.engine.comparison import Comparison, compare_modes
from cni_plan.engine.room import Taken
from tests.engine.clusters import PREFIXES, SHOP, cluster, group, subnet

ROOMY = (subnet("a", "a", "10.0.0.0/20"), subnet("b", "b", "10.0.16.0/20"))


def compared(made: Cluster) -> Comparison:
    return compare_modes(report_cluster(made), {})


def test_the_same_pods_are_counted_in_each_mode() -> None:
    made = cluster(*ROOMY, group("g", "m5.large", desired_nodes=4, pods_per_node=20), control_plane_enis=0)
    outcomes = {outcome.label: outcome for outcome in compared(made).outcomes}
    assert list(outcomes) == ["as-planned", "secondary-ip", "tuned-secondary-ip", "tuned-prefix-delegation"]
    assert outcomes["as-planned"].desired == Taken(4, 4 * 3)
    # 20 pods and an ENI to spare are 3 ENIs with 10 addresses each
    assert outcomes["secondary-ip"].desired == Taken(4 * 30, 0)
    # a floor of 20 + 2 addresses with WARM_IP_TARGET=2: 22 on 3 ENIs, and 2 prefixes on one
    assert outcomes["tuned-secondary-ip"].desired == Taken(4 * (3 + 22), 0)
    assert outcomes["tuned-prefix-delegation"].desired == Taken(4, 4 * 2)


def test_nobody_leaves_a_mode_that_fits() -> None:
    made = cluster(*ROOMY, group("g", "m5.large", desired_nodes=4, pods_per_node=20))
    assert compared(made).recommended.label == "tuned-prefix-delegation"
    tuned = replace(made, settings=compared(made).recommended.settings)
    assert compared(tuned).recommended is compared(tuned).planned or (compared(tuned).recommended.label == "as-planned")


def test_a_mode_that_fits_is_recommended_over_one_that_does_not() -> None:
    best = compared(SHOP).recommended
    assert not compared(SHOP).planned.fits
    assert best.fits
    assert best.label == "tuned-secondary-ip"


def test_in_another_mode_groups_get_the_max_pods_that_the_mode_recommends() -> None:
    made = cluster(
        *ROOMY,
        group("g", "m5.large", provisioner=Provisioner.NODEADM, max_pods=110, desired_nodes=1, pods_per_node=60),
    )
    outcomes = {outcome.label: outcome for outcome in compared(made).outcomes}
    assert outcomes["as-planned"].report is not None
    assert outcomes["as-planned"].report.unplaced_pods == 0
    secondary = outcomes["secondary-ip"].report
    assert secondary is not None
    # 29 max pods, 2 of them on the host's network
    assert secondary.groups[0].counted.limits.max_pods == 29
    assert secondary.unplaced_pods == 60 - 27


def test_the_family_of_a_cluster_stays() -> None:
    made = cluster(
        *ROOMY,
        group("g", "m5.large", desired_nodes=1, pods_per_node=20),
        settings=CniSettings(ip_family=IpFamily.IPV6, prefix_delegation=True),
    )
    comparison = compared(made)
    assert comparison.recommended is comparison.planned
    assert all(outcome.obstacle for outcome in comparison.outcomes[1:])


def test_types_without_prefixes_are_compared_without_them() -> None:
    made = cluster(*ROOMY, group("g", "t2.large", desired_nodes=1, pods_per_node=10), settings=CniSettings())
    assert "tuned-prefix-delegation" not in {outcome.label for outcome in compared(made).outcomes}


def test_running_nodes_are_given_back_as_they_are_in_every_mode() -> None:
    # in each zone a node with its address and 3 prefixes, and 2 ENIs of the control plane
    places = [
        subnet(name, name, f"10.0.{net}.0/20", *(f"10.0.{net}.{last}" for last in (4, 5, 6)))
        for name, net in (("a", 0), ("b", 16))
    ]
    held = [tuple(IPv4Network(f"10.0.{net}.{16 * block}/28") for block in (1, 2, 3)) for net in (0, 16)]
    made = replace(
        cluster(
            *(replace(each, subnet=replace(each.subnet, prefixes=own)) for each, own in zip(places, held, strict=True)),
            group("g", "m5.large", desired_nodes=2, pods_per_node=20),
            settings=PREFIXES,
        ),
        running_nodes_counted=True,
    )
    for outcome in compared(made).outcomes:
        assert outcome.report is not None
        assert [each.credit for each in outcome.report.subnets] == [Taken(3, 3), Taken(3, 3)]


def test_a_call_weighs_as_much_as_an_address() -> None:
    made = cluster(*ROOMY, group("g", "m5.large", desired_nodes=4, pods_per_node=20))
    comparison = compared(made)
    planned, best = comparison.planned, comparison.recommended
    same_mode = [each for each in comparison.outcomes if each.settings.prefix_delegation]
    costs = [each.maximum.addresses + each.ec2_calls for each in same_mode if each.maximum]
    assert best.maximum is not None
    assert best.maximum.addresses + best.ec2_calls == min(costs)
    # 3 prefixes one after the other on each of 4 nodes, or 2 at once
    assert (planned.ec2_calls, best.ec2_calls) == (4 * 3, 4 * 1)
