from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cni_plan import CniSettings, InstanceType, load_catalog
from cni_plan.engine.assessment import (
    PRICE_UNITS_PER_USD,
    Assessment,
    Fleet,
    Need,
    Use,
    Verdict,
    assess,
    other_mode,
)
from cni_plan.engine.cni import IpFamily
from cni_plan.engine.demand import cluster_demand
from cni_plan.engine.density import MIB, Workload
from cni_plan.engine.max_pods import Mode
from cni_plan.engine.provisioner import Provisioner, ProvisionerOptions
from cni_plan.engine.recommendation import Order, Recommendation, alike, recommend
from cni_plan.errors import InputError

CATALOG = load_catalog()
ROWS = list(CATALOG)
M5 = CATALOG["m5.large"]
PREFIXES = CniSettings(prefix_delegation=True, warm_prefix_target=1)
TARGETS = CniSettings(warm_ip_target=2, minimum_ip_target=5)
ORDINARY = Workload(cpu_millicores=250, memory_bytes=512 * MIB)
SMALL = Workload(cpu_millicores=50, memory_bytes=64 * MIB)


def need(
    pods: int = 500,
    workload: Workload = ORDINARY,
    settings: CniSettings | None = None,
    **parts: Any,  # noqa: ANN401 # passed on
) -> Need:
    return Need(pods=pods, workload=workload, settings=settings or CniSettings(), **parts)


def fleet(row: InstanceType, wanted: Need) -> Fleet:
    found = assess(row, wanted).fleet
    assert found is not None
    return found


def names(answer: Recommendation) -> list[str]:
    return [each.instance.instance_type for each in answer.ranked]


def test_nodes_addresses_and_what_goes_unused_on_m5_large() -> None:
    found = fleet(M5, need())
    # 1930m allocatable / 250m = 7 pods a node; 500 / 7 = 71.4
    assert (found.nodes, found.fullest_node_pods) == (72, 7)
    assert found.cpu == Use(72 * 1930, 500 * 250)
    # 8192 x 0.925 - (11 x 29 + 255) - 100 = 6903.6 MiB
    assert found.memory == Use(72 * (int(7577.6 * MIB) - 674 * MIB), 500 * 512 * MIB)
    # 7 or 6 pods: 9 addresses on the first ENI and 9 on a spare one, and the two ENIs' own
    assert (found.addresses, found.prefixes) == (72 * (18 + 2), 0)
    assert found.pod_addresses == Use(72 * 18, 500)
    # 13960 / 138960 = 10.05%, 48.50% and 796 / 1296 = 61.42%: their mean is 39.99%
    assert found.unused_permille == 400


def test_pods_spread_evenly_and_each_kind_of_node_holds_its_own() -> None:
    # 500 pods on 72 nodes: 68 with 7 and 4 with 6; WARM_IP_TARGET=2 holds 9 and 8 of them
    found = fleet(M5, need(settings=CniSettings(warm_ip_target=2)))
    assert found.pod_addresses == Use(68 * 9 + 4 * 8, 500)
    assert found.addresses == 68 * 10 + 4 * 9


def test_prefixes_are_counted_as_such() -> None:
    # 27 + 11 pods by 50m of CPU: 1930 / 50 = 38; 500 / 38 = 13.2; 36 or 35 pods fill 3 prefixes, and one is warm
    found = fleet(M5, need(workload=SMALL, settings=PREFIXES))
    assert (found.nodes, found.prefixes, found.addresses) == (14, 14 * 4, 14 * (4 * 16 + 1))


def test_an_ipv6_node_takes_one_address_and_its_own_are_not_waste() -> None:
    found = fleet(M5, need(settings=CniSettings(ip_family=IpFamily.IPV6)))
    assert (found.addresses, found.prefixes, found.pod_addresses) == (72, 0, None)
    # 110 max pods reserve 11 x 110 + 255 = 1465 MiB: 6012.6 offered, 40.86% unused; 10.05% of CPU
    assert found.unused_permille == 255


def test_at_least_so_many_nodes_even_where_some_stay_empty() -> None:
    found = fleet(M5, need(2, min_nodes=5))
    assert (found.nodes, found.fullest_node_pods) == (5, 1)
    assert found.cpu == Use(5 * 1930, 2 * 250)
    # a node with a pod has 9 + 9 addresses, an empty one 9
    assert found.pod_addresses == Use(2 * 18 + 3 * 9, 2)


def test_daemonsets_are_used_not_unused() -> None:
    workload = replace(ORDINARY, daemonset_pods=2, daemonset_cpu_millicores=180, daemonset_memory_bytes=MIB)
    found = fleet(M5, need(workload=workload))
    assert found.nodes == 72  # (1930 - 180) / 250 = 7
    assert found.cpu == Use(72 * 1930, 500 * 250 + 72 * 180)
    assert found.memory is not None
    assert found.memory.used == 500 * 512 * MIB + 72 * MIB
    assert found.pod_addresses is not None
    assert found.pod_addresses.used == 500 + 72 * 2


@pytest.mark.parametrize(
    ("wanted", "verdict", "pods", "other"),
    [
        (need(), Verdict.COMPUTE_BOUND, 7, 7),
        (need(workload=SMALL), Verdict.ADDRESS_BOUND, 27, 38),
        (need(workload=SMALL, settings=PREFIXES), Verdict.COMPUTE_BOUND, 38, 27),
        (need(workload=Workload(cpu_millicores=1)), Verdict.ADDRESS_BOUND, 27, 108),
        (need(workload=Workload(cpu_millicores=1), settings=PREFIXES), Verdict.CEILING_BOUND, 108, 27),
        # kube-reserved for 110 pods is 891 MiB more than for 29
        (need(workload=Workload(memory_bytes=512 * MIB)), Verdict.COMPUTE_BOUND, 13, 11),
        (need(workload=Workload(), options=ProvisionerOptions(max_pods=12)), Verdict.MAX_PODS_BOUND, 10, 10),
        (need(workload=Workload(), options=ProvisionerOptions(max_pods=110)), Verdict.ADDRESS_BOUND, 27, 108),
        # the image's table knows nothing of prefixes: 29 - 2
        (
            need(workload=Workload(), settings=PREFIXES, provisioner=Provisioner.NODEADM),
            Verdict.MAX_PODS_BOUND,
            27,
            27,
        ),
        # Karpenter counts all ENIs, and custom networking takes one of them from pods
        (
            need(workload=Workload(), settings=CniSettings(custom_networking=True), provisioner=Provisioner.KARPENTER),
            Verdict.ADDRESS_BOUND,
            18,
            27,
        ),
    ],
)
def test_the_verdict_on_m5_large_and_what_the_other_mode_would_do(
    wanted: Need, verdict: Verdict, pods: int, other: int
) -> None:
    found = assess(M5, wanted)
    assert (found.verdict, found.density.pods) == (verdict, pods)
    assert found.other is not None
    assert found.other.density.pods == other


def test_types_without_prefixes_stay_in_their_mode() -> None:
    found = assess(CATALOG["t2.large"], need(settings=PREFIXES))
    assert found.mode is Mode.SECONDARY_IP
    assert found.other is not None
    assert found.other.mode is Mode.SECONDARY_IP
    assert replace(found.other, density=found.density) == replace(found, other=None)


def test_the_other_mode_can_start() -> None:
    assert other_mode(CniSettings()) == PREFIXES
    assert other_mode(TARGETS) == replace(TARGETS, prefix_delegation=True)
    assert other_mode(PREFIXES) == CniSettings(warm_prefix_target=1)
    assert other_mode(CniSettings(ip_family=IpFamily.IPV6)) is None


def test_a_type_on_which_no_pod_fits_keeps_its_bounds() -> None:
    found = assess(CATALOG["t3.nano"], need())
    assert (found.fleet, found.price, found.density.pods, found.density.limited_by) == (None, None, 0, "memory")


def test_what_cannot_be_said_is_data_beside_the_results() -> None:
    rows = [M5, CATALOG["t3.nano"], replace(M5, instance_type="m5.blind", memory_mib=None), CATALOG["t2.large"]]
    answer = recommend(rows, need(settings=CniSettings(ip_family=IpFamily.IPV6)))
    assert names(answer) == ["m5.large"]
    assert [(row.instance_type, reason) for row, reason in answer.left_out] == [
        ("t3.nano", "no pod fits by memory"),
        ("m5.blind", "the table does not know memory_mib"),
        ("t2.large", "IPv6 pods need a Nitro type"),
    ]
    with pytest.raises(InputError, match=r"m5\.blind: the table does not know memory_mib"):
        assess(rows[2], need())


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (need(provisioner=Provisioner.FARGATE), "Fargate has no instance types"),
        (need(provisioner=Provisioner.WINDOWS), "is not simulated"),
        (need(settings=CniSettings(prefix_delegation=True)), "refuses to start"),
        (need(settings=CniSettings(ip_family=IpFamily.IPV6, custom_networking=True)), "refuses to start"),
    ],
)
def test_what_can_work_on_no_type_is_refused(wanted: Need, message: str) -> None:
    with pytest.raises(InputError, match=message):
        recommend(ROWS, wanted)
    with pytest.raises(InputError, match=message):
        assess(M5, wanted)


def test_each_order_is_in_order() -> None:
    prices = {row.instance_type: 960_000_000 * (row.vcpus or 1) for row in ROWS if row.instance_type[0] in "cm"}
    keys: dict[Order, Callable[[Any], Any]] = {
        Order.WASTE: lambda each: each.fleet.unused_permille,
        Order.NODES: lambda each: each.fleet.nodes,
        Order.ADDRESSES: lambda each: each.fleet.addresses,
        Order.PRICE: lambda each: (each.price is None, each.price or 0),
    }
    for order, key in keys.items():
        ranked = recommend(ROWS, need(), prices=prices, order=order).ranked
        assert [key(each) for each in ranked] == sorted(map(key, ranked))
    assert names(recommend(ROWS, need())) == names(recommend(ROWS[::-1], need()))


def test_the_price_is_that_of_all_nodes() -> None:
    found = assess(M5, need(), price=960_000_000)  # 0.096 USD
    assert found.price == 72 * 960_000_000 == 6.912 * PRICE_UNITS_PER_USD


def test_types_that_do_the_same_are_told_together() -> None:
    names_ = ["m5.large", "m5a.large", "m6g.large", "m4.large", "t3.large"]
    groups = alike(recommend([CATALOG[name] for name in names_], need()).ranked)
    found = {tuple(each.instance.instance_type for each in group) for group in groups}
    # m6g is arm64; m4 is Xen, so that prefixes would part it from the others; t3 has 12 addresses an ENI
    assert found == {("m5.large", "m5a.large"), ("m6g.large",), ("m4.large",), ("t3.large",)}
    priced = recommend([M5, CATALOG["m5a.large"]], need(), prices={"m5.large": 96, "m5a.large": 86}).ranked
    assert len(alike(priced)) == 2


SETTINGS = st.sampled_from(
    [CniSettings(), PREFIXES, TARGETS, replace(PREFIXES, warm_ip_target=3), CniSettings(custom_networking=True)]
)
TYPES = st.sampled_from(
    [CATALOG[name] for name in ("t3.small", "m5.large", "m4.xlarge", "c5.4xlarge", "r6g.medium", "m5.metal")]
)
WORKLOADS = st.builds(
    Workload,
    cpu_millicores=st.integers(0, 3000),
    memory_bytes=st.integers(0, 2**31),
    daemonset_pods=st.integers(0, 5),
    daemonset_cpu_millicores=st.integers(0, 500),
    daemonset_memory_bytes=st.integers(0, 2**29),
)


@given(row=TYPES, pods=st.integers(1, 3000), workload=WORKLOADS, settings=SETTINGS, min_nodes=st.integers(1, 20))
def test_used_and_unused_make_up_what_is_offered(
    row: InstanceType, pods: int, workload: Workload, settings: CniSettings, min_nodes: int
) -> None:
    found = assess(row, need(pods, workload, settings, min_nodes=min_nodes))
    if found.fleet is None:
        assert found.density.pods == 0
        return
    fleet = found.fleet
    assert fleet.nodes >= min_nodes
    assert fleet.nodes * found.density.pods >= pods
    assert fleet.fullest_node_pods <= found.density.pods
    for use in (fleet.cpu, fleet.memory, fleet.pod_addresses):
        if use is not None and (use.used or use.offered):
            assert use.unused >= 0
            assert use.used + use.unused == use.offered
            assert 0 <= use.unused_ppm <= 10**6
    assert 0 <= fleet.unused_permille <= 1000


@given(row=TYPES, pods=st.integers(1, 3000), workload=WORKLOADS, settings=SETTINGS)
def test_addresses_are_those_of_the_subnets_demand(
    row: InstanceType, pods: int, workload: Workload, settings: CniSettings
) -> None:
    workload = replace(workload, daemonset_pods=0)
    found = assess(row, need(pods, workload, settings))
    if found.fleet is not None:
        demand = cluster_demand(
            row,
            settings,
            nodes=found.fleet.nodes,
            pods=pods,
            control_plane_enis=0,
            kubelet_max_pods=found.density.limits.max_pods,
        )
        assert demand.unserved_pods == 0
        assert (demand.total().addresses, demand.total().prefixes) == (found.fleet.addresses, found.fleet.prefixes)


@given(row=TYPES, pods=st.integers(1, 3000), more=st.integers(0, 500), workload=WORKLOADS, settings=SETTINGS)
def test_more_pods_never_need_fewer_nodes_nor_on_these_fewer_addresses(
    row: InstanceType, pods: int, more: int, workload: Workload, settings: CniSettings
) -> None:
    few, many = (assess(row, need(number, workload, settings)).fleet for number in (pods, pods + more))
    if few is None or many is None:
        assert few is many
        return
    assert few.nodes <= many.nodes
    same_nodes = fleet(row, need(pods, workload, settings, min_nodes=many.nodes))
    assert same_nodes.addresses <= many.addresses


def test_one_more_node_can_take_fewer_addresses_because_each_holds_fewer() -> None:
    # 10 pods a node reach the second ENI and a third is spare: 30 addresses; 8 fit on the first: 20
    workload = Workload(cpu_millicores=190)
    assert fleet(M5, need(30, workload)).addresses == 3 * 30
    assert fleet(M5, need(31, workload)).addresses == 4 * 20


@given(row=TYPES, pods=st.integers(1, 3000), workload=WORKLOADS, more=st.integers(1, 2000), settings=SETTINGS)
def test_more_cpu_a_pod_never_needs_fewer_nodes(
    row: InstanceType, pods: int, workload: Workload, more: int, settings: CniSettings
) -> None:
    greedy = replace(workload, cpu_millicores=workload.cpu_millicores + more)
    few, many = (assess(row, need(pods, each, settings)).fleet for each in (workload, greedy))
    assert many is None or (few is not None and few.nodes <= many.nodes)


@given(pods=st.integers(1, 10**9))
def test_cost_does_not_grow_with_nodes(pods: int) -> None:
    ranked: tuple[Assessment, ...] = recommend([M5, CATALOG["c5.4xlarge"]], need(pods)).ranked
    assert all(each.fleet is not None and each.fleet.nodes * each.density.pods >= pods for each in ranked)
