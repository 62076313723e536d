from dataclasses import replace
from ipaddress import IPv4Network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cni_plan import CniSettings, Provisioner
from cni_plan.engine.cluster import Cluster, PlannedSubnet, Quantity, Role, grown
from cni_plan.engine.cluster_report import Fit, Horizon, report_cluster
from cni_plan.engine.cluster_verdict import plan_cluster
from cni_plan.engine.cni import IpFamily
from cni_plan.engine.density import MIB
from cni_plan.engine.placement import StateKind
from cni_plan.engine.room import NOTHING, Room, Taken
from tests.engine.clusters import PREFIXES, SHOP, cluster, group, state_of, subnet, with_group

TWO = (subnet("a", "a", "10.0.0.0/20"), subnet("b", "b", "10.0.16.0/20"))


def test_the_states_of_a_cluster_take_what_their_nodes_hold() -> None:
    # m5.large with 20 pods: ceil(20 / 16) + 1 warm = 3 prefixes; c5.xlarge with 80 / 2 = 40 pods: 3 + 1 = 4
    report = report_cluster(SHOP)
    taken = {name: state_of(report, "a", name).demand.taken for name in (each.name for each in report.states)}
    assert taken == {
        "desired": Taken(2 + 1 + 2, 2 * 3 + 1 * 4),  # half of web, half of jobs, 2 of the control plane's 4 ENIs
        "maximum": Taken(4 + 1 + 2, 4 * 3 + 1 * 4),  # 8 of web
        # a managed group adds 2 nodes a zone, nodeadm's one node; the control plane has two sets of ENIs
        "rolling-update": Taken(4 + 2 + 4, 4 * 3 + 2 * 4),
        "zone-lost:a": NOTHING,
        "zone-lost:b": Taken(4 + 2 + 4, 4 * 3 + 2 * 4),  # all nodes, all 4 ENIs of the control plane
        "months-on:6": Taken(4 + 2 + 2, 4 * 3 + 2 * 4),  # 4 x 1.1^6 = 7.1 and 2 x 1.1^6 = 3.5 nodes, rounded up
    }


def test_a_subnet_fits_while_its_free_blocks_last() -> None:
    # .37 spoils the third block, .101 and .102 the seventh: 14 - 2 = 12 are left
    report = report_cluster(SHOP)
    desired, maximum = (state_of(report, "a", name) for name in ("desired", "maximum"))
    assert desired.room == Room(addresses=251 - 3, prefixes=12, reserved=0)
    assert (desired.fit, desired.left_prefixes, desired.left_addresses) == (Fit.YES, 2, 248 - 165)
    assert (maximum.fit, maximum.left_prefixes, maximum.short_of) == (Fit.NO, -4, "prefixes")
    assert desired.needs_reservation  # 5 single addresses could spoil 5 of the 12 blocks, and 10 are needed


def test_reservations_hold_the_most_blocks_that_still_fit() -> None:
    (a, _) = report_cluster(SHOP).subnets
    blocks = sum(1 << (28 - cidr.prefixlen) for cidr in a.reservations)
    assert blocks >= 10  # the desired state's; the others do not fit
    assert all(cidr.subnet_of(a.planned.subnet.cidr) for cidr in a.reservations)


def test_growth_ends_in_the_first_month_in_which_a_subnet_is_short() -> None:
    # after one month web has 5 nodes, 3 of them in a, and jobs 3, 2 in a: 3 x 3 + 2 x 4 = 17 blocks of 12
    horizon = report_cluster(SHOP).horizon
    assert horizon is not None
    assert (horizon.months, [(where.name, there.short_of) for where, there in horizon.first]) == (
        1,
        [("a", "prefixes")],
    )
    assert horizon.first[0][1].demand.taken.prefixes == 17
    assert (
        report_cluster(replace(SHOP, groups=tuple(replace(each, growth_permille=0) for each in SHOP.groups))).horizon
        is None
    )
    little = with_group(cluster(*TWO, group("g", "m5.large", desired_nodes=2, pods_per_node=9)), growth_permille=1)
    # 2 x 1.001^120 = 2.3, 3 nodes
    assert report_cluster(little).horizon == Horizon(None, ())


def test_growth_compounds_in_whole_numbers() -> None:
    assert grown(100, 100, 1) == 110  # not 111, as 100 x 1.1 in floating point rounds up to
    assert grown(100, 100, 2) == 121
    assert grown(6, 30, 12) == 9  # 6 x 1.4258 = 8.55
    assert grown(0, 500, 120) == 0


def test_custom_networking_takes_the_pods_addresses_elsewhere() -> None:
    made = cluster(
        *TWO,
        subnet("pa", "a", "100.64.0.0/20", role=Role.PODS),
        subnet("pb", "b", "100.64.16.0/20", role=Role.PODS),
        group("g", "m5.large", desired_nodes=4, pods_per_node=20),
        settings=replace(PREFIXES, custom_networking=True),
        control_plane_enis=0,
    )
    report = report_cluster(made)
    # the primary ENI's address in the node's subnet; one ENI more with 2 + 1 prefixes in the pods'
    assert state_of(report, "a", "desired").demand.taken == Taken(2, 0)
    assert state_of(report, "pa", "desired").demand.taken == Taken(2, 2 * 3)


def test_pods_with_security_groups_take_a_trunk_and_an_address_each() -> None:
    made = cluster(
        *TWO,
        group("g", "m5.xlarge", desired_nodes=2, pods_per_node=24, security_group_pods=12),
        settings=replace(PREFIXES, pod_eni=True),
        control_plane_enis=0,
    )
    (report,) = report_cluster(made).groups
    holding = report.counted.holding
    assert (holding.address_pods, holding.branch_pods, holding.trunk) == (12, 12, 1)
    # 12 pods fill one prefix, one is warm; 1 ENI, the trunk, 12 branch ENIs
    assert holding.taken == Taken(1 + 1 + 12, 2)


def test_an_ipv6_node_takes_one_address() -> None:
    made = cluster(
        *TWO,
        group("g", "m5.large", desired_nodes=6, pods_per_node=100),
        settings=CniSettings(ip_family=IpFamily.IPV6, prefix_delegation=True),
    )
    assert report_cluster(made).total(report_cluster(made).states[0]) == Taken(6 + 4, 0)


def test_each_fargate_pod_takes_one_address() -> None:
    made = cluster(*TWO, group("f", provisioner=Provisioner.FARGATE, pods=7), control_plane_enis=0)
    report = report_cluster(made)
    assert report.groups[0].nodes() == 7
    assert report.total(report.states[0]) == Taken(7, 0)


def test_windows_nodes_hold_what_the_controller_gives_them_on_one_eni() -> None:
    made = cluster(
        *TWO,
        group("w", "m5.large", provisioner=Provisioner.WINDOWS, desired_nodes=1, pods_per_node=5),
        control_plane_enis=0,
    )
    report = report_cluster(made)
    # warm 1, minimum 3: 5 + 1 addresses and the ENI's own, whatever aws-node's variables say of prefixes
    assert report.groups[0].counted.holding.taken == Taken(7, 0)
    with_prefixes = with_group(made, windows_prefixes=True)
    assert report_cluster(with_prefixes).groups[0].counted.holding.taken == Taken(1, 1)


def test_nodes_that_follow_from_pods_are_counted_full() -> None:
    # 1930m / 250m = 7 pods a node; 100 / 7 = 14.3
    made = cluster(*TWO, group("g", "m5.large", pods=100, cpu_millicores=250))
    (report,) = report_cluster(made).groups
    assert (report.pods_per_node, report.nodes(), report.pods) == (7, 15, 100)
    assert report.counted.holding.address_pods == 7


def test_of_mixed_types_the_least_pods_count_and_the_most_addresses() -> None:
    made = cluster(
        *TWO, group("g", "m5.large", "m5.4xlarge", desired_nodes=2, cpu_millicores=250, memory_bytes=64 * MIB)
    )
    (report,) = report_cluster(made).groups
    # 1930m / 250m = 7 and 15890m / 250m = 63 pods: 1 + 1 prefixes and 4 + 1
    assert report.pods_per_node == 7
    assert report.counted.name == "m5.4xlarge"
    assert report.counted.holding.taken == Taken(1, 5)


def test_a_managed_group_loses_pods_to_its_smallest_type() -> None:
    made = cluster(
        *TWO,
        group("g", "t3.small", "m5.large", provisioner=Provisioner.MANAGED_NODE_GROUP, desired_nodes=2),
        settings=CniSettings(),
    )
    (report,) = report_cluster(made).groups
    assert [each.lost_pods for each in report.types] == [0, 29 - 11]


@pytest.mark.parametrize(
    ("provisioner", "parts", "nodes", "more"),
    [
        (Provisioner.MANAGED_NODE_GROUP, {}, 6, 4),  # 2 in each of 2 zones
        (Provisioner.MANAGED_NODE_GROUP, {"max_unavailable": Quantity(50, is_percent=True)}, 20, 10),
        (Provisioner.KARPENTER, {}, 25, 3),  # 10%, rounded up
        (Provisioner.NODEADM, {}, 6, 1),
        (Provisioner.NODEADM, {"max_unavailable": Quantity(1)}, 6, 0),  # one goes before one comes
        (Provisioner.NODEADM, {"surge": Quantity(25, is_percent=True)}, 6, 2),
        (Provisioner.FARGATE, {}, 6, 0),
        (Provisioner.MANAGED_NODE_GROUP, {}, 0, 0),
    ],
)
def test_an_update_adds_nodes_as_the_provisioner_does(
    provisioner: Provisioner, parts: dict[str, Quantity], nodes: int, more: int
) -> None:
    assert group("g", "m5.large", provisioner=provisioner, **parts).surge_nodes(nodes) == more


def test_addresses_of_unknown_place_make_the_answer_unknown() -> None:
    # 14 blocks; 20 addresses spoil all of them, or none: the first and the last block have room for 11 + 15 of them
    made = cluster(
        subnet("a", "a", "10.0.0.0/24", unplaced=20),
        group("g", "m5.large", desired_nodes=1, pods_per_node=20, zones=("a",)),
        control_plane_enis=0,
    )
    report = report_cluster(made)
    state = state_of(report, "a", "desired")
    assert (state.room, state.best_room) == (Room(231, 0, 0), Room(231, 14, 0))
    assert state.fit is Fit.UNKNOWN
    assert report.subnets[0].reservations == ()
    more = with_group(made, desired_nodes=5)  # 15 blocks are more than there are at best
    assert state_of(report_cluster(more), "a", "desired").fit is Fit.NO


def test_running_nodes_that_are_in_use_already_are_not_counted_twice() -> None:
    # 2 nodes with a prefix and a warm one each: what is in use is what the model says they hold
    used = ("10.0.0.4", "10.0.0.5")
    held = ("10.0.0.16/28", "10.0.0.32/28", "10.0.0.48/28", "10.0.0.64/28")
    place = subnet("a", "a", "10.0.0.0/24", *used)
    place = replace(place, subnet=replace(place.subnet, prefixes=tuple(map(type(place.subnet.cidr), held))))
    made = cluster(
        place,
        group("g", "m5.large", desired_nodes=2, maximum_nodes=7, pods_per_node=10, zones=("a",)),
        control_plane_enis=0,
        running_nodes_counted=True,
    )
    report = report_cluster(made)
    assert report.subnets[0].credit == Taken(2, 4)
    empty = report_cluster(replace(made, subnets=(subnet("a", "a", "10.0.0.0/24"),), running_nodes_counted=False))
    for name in ("desired", "maximum", "rolling-update"):
        counted, on_paper = state_of(report, "a", name), state_of(empty, "a", name)
        assert (counted.fit, counted.left_prefixes, counted.left_addresses) == (
            on_paper.fit,
            on_paper.left_prefixes,
            on_paper.left_addresses,
        )
    # 14 blocks are 7 nodes' 2 each, 4 of them held already: 10 are to be reserved, among those that are free
    assert sum(1 << (28 - cidr.prefixlen) for cidr in report.subnets[0].reservations) >= 10
    assert not any(cidr.overlaps(each) for cidr in report.subnets[0].reservations for each in place.subnet.prefixes)


def test_what_runs_already_spoils_no_further_blocks() -> None:
    # 13 nodes hold a block each, and their single addresses are in the first and the last block, which never count
    singles = tuple(f"10.0.0.{place}" for place in range(241, 254))
    held = tuple(IPv4Network(f"10.0.0.{16 * block}/28") for block in range(1, 14))
    place = subnet("a", "a", "10.0.0.0/24", *singles)
    made = cluster(
        replace(place, subnet=replace(place.subnet, prefixes=held)),
        group("g", "m5.large", desired_nodes=13, pods_per_node=1, zones=("a",), surge=Quantity(1)),
        settings=replace(PREFIXES, warm_prefix_target=0, warm_ip_target=1, minimum_ip_target=1),
        control_plane_enis=0,
        running_nodes_counted=True,
    )
    report = report_cluster(made)
    desired, update = (state_of(report, "a", name) for name in ("desired", "rolling-update"))
    assert (desired.fit, desired.needs_reservation) == (Fit.YES, False)
    # the one node more has one block left to take, which its own address may spoil
    assert (update.fit, update.needs_reservation) == (Fit.YES, True)


def test_within_a_zone_the_nodes_go_where_there_is_room() -> None:
    # a /27 has no block that can be a prefix
    made = cluster(
        subnet("small", "a", "10.0.0.0/27"),
        subnet("big", "a", "10.0.1.0/24"),
        group("g", "m5.large", desired_nodes=3, pods_per_node=20, zones=("a",)),
        control_plane_enis=0,
    )
    report = report_cluster(made)
    assert state_of(report, "small", "desired").demand.taken == NOTHING
    assert state_of(report, "big", "desired").demand.taken == Taken(3, 9)


def test_a_zone_gives_what_its_subnets_give_together() -> None:
    made = cluster(
        subnet("one", "a", "10.0.0.0/24"),
        subnet("two", "a", "10.0.1.0/24"),
        subnet("b", "b", "10.0.2.0/24"),
        group("g", "m5.large", desired_nodes=6, pods_per_node=20),
        control_plane_enis=0,
    )
    zones = report_cluster(made).zones()
    assert [(each.zone, each.room) for each in zones] == [("a", Room(502, 28, 0)), ("b", Room(251, 14, 0))]
    # 3 nodes in each zone with 3 prefixes each
    assert [next(iter(each.states()))[1:] for each in zones] == [(Taken(3, 9), Fit.YES), (Taken(3, 9), Fit.YES)]
    assert report_cluster(SHOP).zones() == ()


def test_a_group_stays_in_its_own_subnets() -> None:
    made = cluster(
        subnet("one", "a", "10.0.0.0/24"),
        subnet("other", "a", "10.0.1.0/24"),
        group("g", "m5.large", desired_nodes=2, pods_per_node=1, zones=("a",), subnets=("other",)),
        control_plane_enis=4,
        control_plane_subnets=("one",),
    )
    report = report_cluster(made)
    assert state_of(report, "one", "desired").demand.taken == Taken(4, 0)
    assert state_of(report, "other", "desired").demand.taken == Taken(2, 2 * 2)


TYPES = ("t3.small", "m5.large", "c5.4xlarge", "m5.metal", "p3dn.24xlarge")


@st.composite
def clusters(draw: st.DrawFn) -> Cluster:
    zones = ("a", "b", "c")[: draw(st.integers(1, 3))]
    custom = draw(st.booleans())
    roles = [Role.NODES, Role.PODS] if custom else [Role.NODES]
    subnets: list[PlannedSubnet] = []
    for zone in zones:
        for role in roles:
            for _ in range(draw(st.integers(1, 3))):
                number = len(subnets)
                length = draw(st.integers(20, 28))
                subnets.append(
                    subnet(f"s{number}", zone, f"10.{number}.0.0/{length}", role=role, unplaced=draw(st.integers(0, 8)))
                )
    made = draw(
        st.builds(
            CniSettings,
            prefix_delegation=st.booleans(),
            custom_networking=st.just(custom),
            pod_eni=st.booleans(),
            warm_ip_target=st.integers(0, 5),
            minimum_ip_target=st.integers(0, 30),
            warm_prefix_target=st.integers(1, 3),
        )
    )
    groups = []
    for number in range(draw(st.integers(1, 4))):
        by_pods = draw(st.booleans())
        groups.append(
            group(
                f"g{number}",
                *draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=2, unique=True)),
                provisioner=draw(
                    st.sampled_from([Provisioner.CALCULATOR, Provisioner.MANAGED_NODE_GROUP, Provisioner.WINDOWS])
                ),
                desired_nodes=None if by_pods else draw(st.integers(0, 40)),
                maximum_nodes=None if by_pods else draw(st.integers(40, 90)),
                pods=draw(st.integers(0, 500)) if by_pods else None,
                pods_per_node=draw(st.none() | st.integers(0, 60)),
                security_group_pods=draw(st.integers(0, 3)),
                daemonset_pods=draw(st.integers(0, 2)),
                zones=tuple(draw(st.lists(st.sampled_from(zones), min_size=1, unique=True))),
                growth_permille=draw(st.integers(0, 200)),
            )
        )
    return cluster(
        *subnets,
        *groups,
        settings=made,
        control_plane_enis=draw(st.integers(0, 6)),
        months=draw(st.integers(0, 24)),
        running_nodes_counted=draw(st.booleans()),
    )


@settings(max_examples=120, deadline=None)
@given(clusters())
def test_nothing_is_lost_between_groups_and_subnets(made: Cluster) -> None:
    report = report_cluster(made)
    for state in report.states:
        whole = NOTHING
        placed = {each.group.name: [0, 0] for each in report.groups}
        for place in report.subnets:
            (own,) = [each for each in place.states if each.state == state]
            demand = own.demand
            parts = sum((node * nodes for _, nodes, node in demand.parts), start=NOTHING)
            assert demand.taken == parts + Taken(demand.control_plane_enis, 0)
            for each, nodes, _ in demand.parts:
                placed[each.group.name][place.planned.role is Role.PODS] += nodes
            whole += demand.taken
        assert whole == report.total(state)
        enis = sum(
            own.demand.control_plane_enis for place in report.subnets for own in place.states if own.state == state
        )
        nodes_taken = sum((each.taken * state.nodes(each) for each in report.groups), start=NOTHING)
        assert whole == nodes_taken + Taken(enis, 0)
        for each in report.groups:
            in_nodes, in_pods = placed[each.group.name]
            assert in_nodes == state.nodes(each)
            assert in_pods == (state.nodes(each) if each.in_pod_subnet.addresses else 0)


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(TYPES),
    st.integers(0, 2000),
    st.integers(1, 400),
    st.none() | st.integers(1, 60),
    st.booleans(),
)
def test_more_pods_never_need_fewer_addresses(
    name: str, pods: int, more: int, pods_per_node: int | None, prefixes: bool
) -> None:
    made = cluster(
        *TWO,
        group("g", name, pods=pods, pods_per_node=pods_per_node),
        settings=PREFIXES if prefixes else CniSettings(),
    )
    fewer, many = (report_cluster(with_group(made, pods=count)) for count in (pods, pods + more))
    for one, other in zip(fewer.states, many.states, strict=True):
        assert fewer.total(one).addresses <= many.total(other).addresses


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(TYPES), st.integers(1, 30), st.integers(0, 400), st.integers(1, 100), st.booleans())
def test_more_pods_on_the_same_nodes_never_need_fewer_addresses(
    name: str, nodes: int, pods: int, more: int, prefixes: bool
) -> None:
    made = cluster(
        *TWO,
        group("g", name, desired_nodes=nodes, pods=pods),
        settings=PREFIXES if prefixes else CniSettings(warm_ip_target=2, minimum_ip_target=5),
    )
    fewer, many = (report_cluster(with_group(made, pods=count)) for count in (pods, pods + more))
    assert fewer.total(fewer.states[0]).addresses <= many.total(many.states[0]).addresses


@settings(max_examples=60, deadline=None)
@given(clusters(), st.integers(0, 60), st.integers(1, 60))
def test_later_there_are_never_fewer_nodes(made: Cluster, months: int, more: int) -> None:
    for each in report_cluster(made).groups:
        assert each.nodes(months) <= each.nodes(months + more)


@settings(max_examples=60, deadline=None)
@given(clusters())
def test_what_fits_wherever_addresses_are_fits_where_they_do_least_harm(made: Cluster) -> None:
    for place in report_cluster(made).subnets:
        assert place.planned.room.prefixes <= place.planned.best_room.prefixes
        assert place.planned.room.addresses == place.planned.best_room.addresses
        assert place.planned.blocks.used_addresses == place.planned.best_blocks.used_addresses


def test_the_states_are_those_that_can_happen() -> None:
    single = cluster(subnet("a", "a", "10.0.0.0/24"), group("g", "m5.large", desired_nodes=1, zones=("a",)))
    assert [state.kind for state in report_cluster(single).states] == [
        StateKind.DESIRED,
        StateKind.MAXIMUM,
        StateKind.ROLLING_UPDATE,
    ]


def test_of_types_with_and_without_prefixes_the_most_of_each_kind_counts() -> None:
    made = cluster(
        *TWO,
        group("g", "m5.xlarge", "m4.xlarge", desired_nodes=1, pods_per_node=20, zones=("a",)),
        control_plane_enis=0,
    )
    report = report_cluster(made)
    # m5.xlarge: one ENI with 2 + 1 prefixes; m4.xlarge on Xen: the prefix targets do not count, WARM_ENI_TARGET=1 does
    singles = report.groups[0].types[1].holding.taken.singles
    assert singles > 20
    assert report.groups[0].taken == Taken(singles, 3)
    assert state_of(report, "a", "desired").demand.taken == Taken(singles, 3)


def test_nodes_that_ran_in_another_mode_give_no_prefixes_back() -> None:
    # an address in every block: not one is free, whatever the plan's settings say of the running nodes
    used = tuple(f"10.0.0.{16 * block + 3}" for block in range(1, 15))
    made = cluster(
        subnet("a", "a", "10.0.0.0/24", *used),
        group("g", "m5.large", desired_nodes=2, pods_per_node=20, zones=("a",), surge=Quantity(0)),
        control_plane_enis=0,
        running_nodes_counted=True,
    )
    report = report_cluster(made)
    assert report.subnets[0].credit == Taken(14, 0)
    assert state_of(report, "a", "desired").room == Room(251, 0, 0)
    assert state_of(report, "a", "desired").fit is Fit.NO


def test_pods_without_an_address_do_not_fit() -> None:
    made = cluster(
        *TWO,
        group("g", "m5.large", desired_nodes=2, pods_per_node=20),
        settings=CniSettings(minimum_ip_target=5),
    )
    verdict = plan_cluster(made)
    assert (verdict.report.homeless_pods, verdict.fit) == (2 * 15, Fit.NO)
    assert verdict.comparison.recommended is not verdict.comparison.planned


def test_eks_adds_its_own_two_pods_whatever_runs_on_the_host() -> None:
    made = cluster(
        *TWO,
        group("g", "m5.large", provisioner=Provisioner.MANAGED_NODE_GROUP, desired_nodes=1, host_network_pods=4),
        settings=CniSettings(),
    )
    (report,) = report_cluster(made).groups
    assert (report.counted.limits.max_pods, report.pods_per_node) == (29, 25)


def test_a_number_in_use_gives_back_no_more_prefixes_than_fit_into_it() -> None:
    # 20 addresses can be one prefix, not the 6 that 2 nodes with 20 pods should hold
    made = cluster(
        subnet("a", "a", "10.0.0.0/22", unplaced=20),
        group("g", "m5.large", desired_nodes=2, pods_per_node=20, zones=("a",)),
        control_plane_enis=0,
        running_nodes_counted=True,
    )
    assert report_cluster(made).subnets[0].credit == Taken(20 - 16, 1)
