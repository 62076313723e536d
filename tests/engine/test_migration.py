from dataclasses import replace
from ipaddress import IPv4Network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cni_plan import CniSettings, Provisioner
from cni_plan.engine.aws_node import AwsNode, Form
from cni_plan.engine.cluster import Cluster, Role
from cni_plan.engine.cluster_report import Fit
from cni_plan.engine.cni import IpFamily
from cni_plan.engine.migration import Target, plan_migration
from cni_plan.engine.room import NOTHING, Taken
from cni_plan.errors import InputError
from tests.engine.clusters import PREFIXES, cluster, group, subnet

SECONDARY = CniSettings()
ONE = cluster(
    subnet("a", "a", "10.0.0.0/20"),
    group("g", "m5.large", provisioner=Provisioner.MANAGED_NODE_GROUP, desired_nodes=2, pods_per_node=9, zones=("a",)),
    group("h", "m5.large", provisioner=Provisioner.KARPENTER, desired_nodes=3, pods_per_node=20, zones=("a",)),
    settings=SECONDARY,
    control_plane_enis=0,
)


def test_the_peak_has_old_and_new_nodes_of_one_group_at_a_time() -> None:
    migration = plan_migration(ONE, Target.PREFIX_DELEGATION)
    (peak,) = migration.peaks
    # 9 pods hold 2 ENIs with 9 addresses: 20 each; the restarted aws-node may attach an ENI with a prefix.
    # 20 pods hold all 3 ENIs, 30: no place for another. New nodes hold 1 + 1 and 2 + 1 prefixes.
    assert migration.moves[0].old.counted.holding.taken == Taken(20 + 1, 1)
    assert migration.moves[1].old.counted.holding.taken == Taken(30, 0)
    first = Taken(2 * 21 + 2 * 1 + 3 * 30, 2 * 1 + 2 * 2)  # old g, new g, old h
    second = Taken(2 * 1 + 3 * 30 + 3 * 1, 2 * 2 + 3 * 3)  # new g, old h, new h
    assert peak.largest == Taken(max(first.singles, second.singles), max(first.prefixes, second.prefixes))
    assert peak.today == Taken(2 * 20 + 3 * 30, 0)
    assert peak.after == Taken(2 + 3, 2 * 2 + 3 * 3)
    assert [move.replaced for move in migration.moves] == [True, True]


def test_a_restarted_aws_node_fills_free_slots_before_it_attaches_an_eni() -> None:
    made = cluster(
        subnet("a", "a", "10.0.0.0/20"),
        group("g", "m5.large", desired_nodes=1, pods_per_node=20, zones=("a",)),
        group("h", "m5.large", desired_nodes=1, pods_per_node=1, zones=("a",)),
        control_plane_enis=0,
    )
    (full, little) = (move.old.counted.holding.taken for move in plan_migration(made, Target.SECONDARY_IP).moves)
    # 3 prefixes leave 6 of 9 slots, fewer than an ENI's worth: they are filled, and an ENI with 9 more is attached
    assert full == Taken(1 + 6 + 1 + 9, 3)
    # 2 prefixes leave 7
    assert little == Taken(1 + 7 + 1 + 9, 2)
    few = replace(made, settings=CniSettings(warm_ip_target=2, minimum_ip_target=4))
    (_, loose) = (move.old.counted.holding.taken for move in plan_migration(few, Target.PREFIX_DELEGATION).moves)
    # 4 addresses on one ENI leave 5 slots: the prefix goes there
    assert loose == Taken(1 + 4, 1)


def test_the_old_nodes_addresses_may_be_anywhere() -> None:
    # 254 blocks; the 130 addresses of the old nodes spoil 130 of them in the worst case
    (peak,) = plan_migration(ONE, Target.PREFIX_DELEGATION).peaks
    assert (peak.state.room.prefixes, peak.state.room.addresses) == (254 - 130, 4091)
    assert peak.fit is Fit.YES
    tight = replace(ONE, subnets=(subnet("a", "a", "10.0.0.0/23"),))
    # 30 blocks: none is certain, and packed together 130 addresses leave (507 - 130) / 16 of them
    (peak,) = plan_migration(tight, Target.PREFIX_DELEGATION).peaks
    assert peak.fit is Fit.UNKNOWN
    assert plan_migration(tight, Target.PREFIX_DELEGATION).reservations == ()


def test_a_snapshot_tells_which_blocks_to_reserve() -> None:
    # the snapshot has the 130 addresses of the old nodes in one run
    taken = tuple(str(IPv4Network((int(IPv4Network("10.0.2.0/32").network_address) + each, 32))) for each in range(130))
    counted = replace(ONE, subnets=(subnet("a", "a", "10.0.0.0/20", *taken),), running_nodes_counted=True)
    migration = plan_migration(counted, Target.PREFIX_DELEGATION)
    (report,) = migration.reservations
    assert sum(1 << (28 - cidr.prefixlen) for cidr in report.reservations) >= 13  # 2 x 2 + 3 x 3
    assert not any(cidr.overlaps(IPv4Network(each)) for cidr in report.reservations for each in taken)
    assert migration.fit is Fit.YES


def test_the_variables_change_from_what_they_are_to_what_is_wanted() -> None:
    made = replace(ONE, aws_node=AwsNode(form=Form.VARIABLES, variables={"WARM_ENI_TARGET": "2"}))
    assert plan_migration(made, Target.PREFIX_DELEGATION).changed == (
        ("ENABLE_PREFIX_DELEGATION", "false", "true"),
        ("WARM_PREFIX_TARGET", "1", "1"),
    )
    back = replace(ONE, settings=PREFIXES)
    assert plan_migration(back, Target.SECONDARY_IP).changed == (("ENABLE_PREFIX_DELEGATION", "false", "false"),)


def test_custom_networking_moves_the_pods_addresses_to_their_subnets() -> None:
    made = replace(ONE, subnets=(*ONE.subnets, subnet("p", "a", "100.64.0.0/20", role=Role.PODS)))
    migration = plan_migration(made, Target.CUSTOM_NETWORKING)
    nodes, pods = migration.peaks
    assert migration.changed[1] == ("ENI_CONFIG_LABEL_DEF", None, "topology.kubernetes.io/zone")
    # m5.large without the primary ENI: 2 ENIs with 9 addresses for pods
    assert (nodes.after, pods.after) == (Taken(5, 0), Taken(5 * 2 * 10, 0))
    # before all else the restarted aws-node on the 2 nodes with a free place attaches an ENI there
    assert pods.today == NOTHING
    assert pods.largest.singles >= 2 * 10
    assert nodes.largest == Taken(2 * 20 + 3 * 30 + 2, 0)  # all old nodes, and the first group's new ones


@pytest.mark.parametrize(
    ("made", "target", "message"),
    [
        (ONE, Target.SECONDARY_IP, "is at secondary-ip already"),
        (replace(ONE, settings=PREFIXES), Target.PREFIX_DELEGATION, "is at prefix-delegation already"),
        (ONE, Target.CUSTOM_NETWORKING, "custom networking needs a subnet of pods in a"),
        (
            replace(ONE, settings=CniSettings(ip_family=IpFamily.IPV6, prefix_delegation=True)),
            Target.SECONDARY_IP,
            "an IPv6 cluster has one mode",
        ),
    ],
)
def test_a_way_that_leads_nowhere_is_refused(made: Cluster, target: Target, message: str) -> None:
    with pytest.raises(InputError, match=message):
        plan_migration(made, target)


def test_groups_without_aws_node_stay() -> None:
    made = cluster(
        subnet("a", "a", "10.0.0.0/20"),
        group("w", "m5.large", provisioner=Provisioner.WINDOWS, desired_nodes=1, pods_per_node=5, zones=("a",)),
        group("f", provisioner=Provisioner.FARGATE, pods=3, zones=("a",)),
        group("xen", "t2.large", desired_nodes=1, pods_per_node=5, zones=("a",)),
        settings=SECONDARY,
    )
    assert not any(move.replaced for move in plan_migration(made, Target.PREFIX_DELEGATION).moves)


def test_the_way_back_may_start_from_full_blocks() -> None:
    # 4 nodes with 3 prefixes hold 12 of 14 blocks: they are there, whatever their single addresses spoil
    made = cluster(
        subnet("a", "a", "10.0.0.0/24"),
        group("g", "m5.large", desired_nodes=4, pods_per_node=20, zones=("a",)),
        control_plane_enis=0,
    )
    (peak,) = plan_migration(made, Target.SECONDARY_IP).peaks
    assert peak.state.room.prefixes >= 12
    assert peak.fit is Fit.NO  # 4 x 49 and 4 x 30 are more than 251
    assert peak.state.short_of == "addresses"


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["t3.large", "m5.large", "c5.4xlarge"]), st.integers(0, 9), st.integers(0, 30))),
    st.booleans(),
)
def test_the_peak_holds_what_is_there_before_and_what_is_there_after(
    groups: list[tuple[str, int, int]], to_prefixes: bool
) -> None:
    made = cluster(
        subnet("a", "a", "10.0.0.0/16"),
        *(
            group(f"g{number}", name, desired_nodes=nodes, pods_per_node=pods, zones=("a",))
            for number, (name, nodes, pods) in enumerate(groups)
        ),
        settings=SECONDARY if to_prefixes else PREFIXES,
    )
    target = Target.PREFIX_DELEGATION if to_prefixes else Target.SECONDARY_IP
    (peak,) = plan_migration(made, target).peaks
    for each in (peak.today, peak.after):
        assert peak.largest.singles >= each.singles or peak.largest.addresses >= each.addresses
        assert peak.largest.prefixes >= each.prefixes


def test_pods_without_a_place_on_the_new_nodes_do_not_fit() -> None:
    made = cluster(
        subnet("a", "a", "10.0.0.0/16"),
        group("web", "m5.large", desired_nodes=4, pods_per_node=100, zones=("a",)),
        control_plane_enis=0,
    )
    migration = plan_migration(made, Target.SECONDARY_IP)
    # 29 max pods, 2 of them on the host's network: 27 of 100 have a place on each of 4 nodes
    assert (migration.fit, migration.homeless_pods) == (Fit.NO, 4 * 73)


def test_new_groups_are_never_called_alike() -> None:
    first, second = ONE.groups
    made = replace(ONE, groups=(replace(first, name="a.b"), replace(second, name="a-b")))
    with pytest.raises(InputError, match=r"the new groups of a.b and a-b would both be called a-b-prefixes"):
        plan_migration(made, Target.PREFIX_DELEGATION)
