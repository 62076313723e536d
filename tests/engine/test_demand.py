from ipaddress import IPv4Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cni_plan import CniSettings, load_catalog
from cni_plan.engine.cni import IpFamily
from cni_plan.engine.demand import (
    ClusterDemand,
    cluster_demand,
    smallest_length,
    spread,
)
from cni_plan.engine.remedies import remedies
from cni_plan.engine.room import Taken
from cni_plan.engine.subnets import Reservation, ReservationType, Subnet, block_map, plan_subnet
from cni_plan.errors import InputError

CATALOG = load_catalog()
M5 = CATALOG["m5.large"]
PREFIXES = CniSettings(prefix_delegation=True, warm_prefix_target=1)


def demand_of(settings: CniSettings = PREFIXES, **question: Any) -> ClusterDemand:  # noqa: ANN401 # passed on
    return cluster_demand(M5, settings, **{"control_plane_enis": 0, **question})


def subnet(text: str, *used: str, zone: str | None = None, **parts: Any) -> Subnet:  # noqa: ANN401 # passed on
    return Subnet(IPv4Network(text), tuple(map(IPv4Network, used)), availability_zone=zone, **parts)


def test_a_node_takes_its_primary_addresses_and_what_ipamd_holds() -> None:
    # m5.large with prefixes: 1 prefix at start, 20 pods fill 2 and a warm one is held, max pods is 110 = 7 prefixes
    node = demand_of(nodes=1, pods=20).largest
    assert (node.start, node.rest, node.peak) == (Taken(1, 1), Taken(1, 3), Taken(1, 7))
    # without: 9 addresses a slot and ENI, one ENI to spare; 20 pods hold 27 addresses on 3 ENIs
    secondary = demand_of(CniSettings(), nodes=1, pods=20).largest
    assert (secondary.start, secondary.rest, secondary.peak) == (Taken(10, 0), Taken(30, 0), Taken(30, 0))


def test_pods_spread_evenly_and_the_total_is_the_sum() -> None:
    demand = demand_of(nodes=3, pods=50, surge_nodes=1, control_plane_enis=4)
    assert [(count, node.pods) for count, node in demand.kinds] == [(2, 17), (1, 16)]
    # 17 pods hold 3 prefixes, 16 hold 2; the surge node is like the larger ones
    assert demand.total() == Taken(4 + 4, 3 * 3 + 2)


def test_an_ipv6_node_takes_its_own_ipv4_address_only() -> None:
    demand = demand_of(CniSettings(ip_family=IpFamily.IPV6), nodes=5, pods=500)
    assert demand.total() == Taken(5, 0)


def test_pods_that_no_subnet_can_help_are_counted() -> None:
    assert demand_of(CniSettings(), nodes=2, pods=60).unserved_pods == 60 - 2 * 27


def test_no_nodes_are_refused() -> None:
    with pytest.raises(InputError, match="at least one node"):
        demand_of(nodes=0, pods=5)


def test_nodes_spread_evenly_over_zones_and_within_a_zone_by_room() -> None:
    demand = demand_of(nodes=7, pods=7 * 20)
    subnets = [
        subnet("10.0.0.0/24", zone="a"),
        subnet("10.0.1.0/26", zone="b"),  # 2 blocks: no node of 3 prefixes
        subnet("10.0.2.0/24", zone="b"),
    ]
    assert [share.nodes for share in spread(demand, subnets)] == [4, 0, 3]
    assert [share.nodes for share in spread(demand, [subnet("10.0.0.0/24"), subnet("10.0.1.0/24")])] == [4, 3]


def test_a_share_says_what_is_left_and_what_stops_the_next_node() -> None:
    (share,) = spread(demand_of(nodes=4, pods=80), [subnet("10.0.0.0/24")])
    assert (share.report.fits, share.left_prefixes, share.left_addresses) == (True, 14 - 12, 251 - 4 - 192)
    assert (share.max_nodes, share.limited_by) == (4, "prefixes")
    (full,) = spread(demand_of(CniSettings(), nodes=9, pods=180), [subnet("10.0.0.0/24")])
    assert (full.report.fits, full.max_nodes, full.limited_by) == (False, 251 // 30, "addresses")


def test_existing_reservations_are_used_first() -> None:
    reserved = (Reservation(IPv4Network("10.0.0.64/26"), ReservationType.PREFIX),)
    report = plan_subnet(subnet("10.0.0.0/24", reservations=reserved), prefixes=5)
    assert (report.free_prefixes, report.reserved_prefixes, report.free_addresses) == (14, 4, 251 - 64)
    assert list(map(str, report.reservations)) == ["10.0.0.16/28"]


def test_nothing_of_ours_goes_into_an_explicit_reservation() -> None:
    kept = (Reservation(IPv4Network("10.0.0.64/26"), ReservationType.EXPLICIT),)
    report = plan_subnet(subnet("10.0.0.0/24", "10.0.0.70", reservations=kept), prefixes=11)
    assert (report.free_prefixes, report.free_addresses, report.fits) == (10, 251 - 64, False)


def test_prefixes_in_use_take_their_blocks() -> None:
    report = plan_subnet(subnet("10.0.0.0/24", prefixes=(IPv4Network("10.0.0.32/28"),)), prefixes=4)
    assert (report.free_prefixes, report.used_addresses, report.free_addresses) == (13, 16, 251 - 16)
    assert list(map(str, report.reservations)) == ["10.0.0.64/26"]


def test_an_address_in_a_prefix_reservation_spoils_its_block_there_too() -> None:
    reserved = (Reservation(IPv4Network("10.0.0.64/26"), ReservationType.PREFIX),)
    report = plan_subnet(subnet("10.0.0.0/24", "10.0.0.70", reservations=reserved), prefixes=0)
    assert (report.free_prefixes, report.reserved_prefixes) == (13, 3)
    assert report.used_addresses + report.free_addresses + 5 + (64 - 1) == 256


def test_without_a_reservation_the_worst_place_is_assumed_for_every_single_address() -> None:
    blocks = block_map(subnet("10.0.0.0/24"))
    assert blocks.room().fits_anywhere(Taken(singles=4, prefixes=10))
    assert not blocks.room().fits_anywhere(Taken(singles=5, prefixes=10))
    assert blocks.room().fits_anywhere(Taken(singles=251, prefixes=0))
    assert not blocks.room().fits_anywhere(Taken(singles=252, prefixes=0))


def test_the_smallest_subnet_with_and_without_a_reservation() -> None:
    assert smallest_length(Taken(4, 12), reserved=True) == 24  # 14 blocks
    assert smallest_length(Taken(4, 12), reserved=False) == 23  # 14 - 4 are too few
    assert smallest_length(Taken(40, 6), reserved=True) == 24  # 6 blocks of a /25, but 96 + 40 > 123 addresses
    assert smallest_length(Taken(0, 5000), reserved=True) is None


_singles = st.lists(st.integers(0, 1023), max_size=60, unique=True)


@given(_singles, st.integers(1, 3), st.integers(0, 4), st.integers(0, 3))
def test_the_most_nodes_fit_and_one_more_does_not(
    offsets: list[int], singles: int, prefixes: int, control_plane: int
) -> None:
    base = IPv4Network("10.0.0.0/22")
    used = tuple(IPv4Network(int(base.network_address) + offset) for offset in offsets)
    place = Subnet(base, used, reservations=(Reservation(IPv4Network("10.0.1.0/26"), ReservationType.PREFIX),))
    most, _ = block_map(place).room().most(Taken(singles, prefixes), Taken(control_plane, 0))
    for nodes, fits in ((most, True), (most + 1, False)):
        report = plan_subnet(place, prefixes=nodes * prefixes, single_addresses=nodes * singles + control_plane)
        assert report.fits is fits


@given(st.integers(1, 30), st.integers(0, 900), st.integers(0, 3), st.integers(1, 4))
def test_totals_are_conserved_and_more_pods_never_take_less(nodes: int, pods: int, surge: int, count: int) -> None:
    demand = demand_of(nodes=nodes, pods=pods, surge_nodes=surge)
    assert sum(number for number, _ in demand.kinds) == nodes
    assert sum(number * node.pods for number, node in demand.kinds) == pods
    more = demand_of(nodes=nodes, pods=pods + 1, surge_nodes=surge)
    assert more.total().addresses >= demand.total().addresses
    subnets = [subnet(f"10.{number}.0.0/20", zone="ab"[number % 2]) for number in range(count)]
    assert sum(share.nodes for share in spread(demand, subnets)) == nodes + surge


def names(demand: ClusterDemand, settings: CniSettings, *subnets: Subnet) -> list[str]:
    return [remedy.change for remedy in remedies(demand, settings, subnets)]


def test_the_cheapest_remedy_comes_first() -> None:
    demand = demand_of(nodes=6, pods=120)
    assert names(demand, PREFIXES, subnet("10.0.0.0/24")) == [
        "tighter warm targets",
        "secondary-IP mode",
        "another subnet length",
        "a secondary CIDR",
        "an IPv6 cluster",
    ]


def test_nearly_free_blocks_are_named_with_the_addresses_that_stand_in_the_way() -> None:
    demand = demand_of(nodes=2, pods=200)
    spoilt = [f"10.0.0.{16 * block + 3}" for block in range(1, 13)]
    found = list(remedies(demand, PREFIXES, [subnet("10.0.0.0/24", *spoilt)]))
    (clearing,) = [each for each in found if each.change == "a reservation over nearly free blocks"]
    # 2 nodes of 7 prefixes want 14, 2 are free: all 12 spoilt ones have to be cleared
    assert "reserve 10.0.0.16/28, 10.0.0.32/28" in clearing.detail
    assert "move 10.0.0.19, 10.0.0.35" in clearing.detail
    assert "and 4 more" in clearing.detail


def test_a_demand_for_more_than_a_subnet_asks_for_more_of_them() -> None:
    demand = demand_of(nodes=5000, pods=5000 * 20)
    assert "more subnets" in names(demand, PREFIXES, subnet("10.0.0.0/24"))


def test_a_reservation_leaves_the_room_that_single_addresses_need() -> None:
    wide = plan_subnet(subnet("10.0.0.0/24"), prefixes=3, single_addresses=187)
    assert list(map(str, wide.reservations)) == ["10.0.0.64/26"]  # 251 - 64 = 187
    tight = plan_subnet(subnet("10.0.0.0/24"), prefixes=3, single_addresses=188)
    assert list(map(str, tight.reservations)) == ["10.0.0.16/28", "10.0.0.32/27"]
    assert tight.fits
