from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cni_plan import CniSettings, InstanceType, load_catalog
from cni_plan.engine.density import (
    MIB,
    Constraint,
    Density,
    Workload,
    allocatable_cpu_millicores,
    allocatable_memory_bytes,
    density,
)
from cni_plan.engine.max_pods import LimitedBy
from cni_plan.engine.provisioner import Provisioner, ProvisionerOptions
from cni_plan.engine.provisioners import effective_max_pods
from cni_plan.errors import UnknownFigureError

CATALOG = load_catalog()
PREFIXES = CniSettings(prefix_delegation=True)
CALCULATOR = Provisioner.CALCULATOR


def on(name: str, workload: Workload, settings: CniSettings = PREFIXES, **options: Any) -> Density:  # noqa: ANN401 # passed on
    (limits,) = effective_max_pods([CATALOG[name]], settings, CALCULATOR, ProvisionerOptions(**options))
    return density(limits, settings, workload)


def bounds(found: Density) -> dict[str, int]:
    return {bound.constraint: bound.pods for bound in found.bounds}


@pytest.mark.parametrize(
    ("name", "millicores"),
    [
        ("m5.large", 2000 - 60 - 10),
        ("m5.xlarge", 4000 - 60 - 10 - 2 * 5),
        ("m5.2xlarge", 8000 - 60 - 10 - 2 * 5 - 4 * 2.5),
        ("t2.micro", 1000 - 60),
    ],
)
def test_allocatable_cpu_is_without_kube_reserved(name: str, millicores: float) -> None:
    assert allocatable_cpu_millicores(CATALOG[name]) == millicores


def test_allocatable_memory_is_without_overhead_kube_reserved_and_eviction() -> None:
    # 8192 x 0.925 = 7577.6 MiB visible, 11 x 29 + 255 = 574 reserved, 100 for eviction
    found = allocatable_memory_bytes(CATALOG["m5.large"], max_pods=29, overhead_permille=75)
    assert found == int(7577.6 * MIB) - (574 + 100) * MIB
    # 512 x 0.925 = 473.6 MiB, of which 11 x 34 + 255 = 629 are to be reserved
    assert allocatable_memory_bytes(CATALOG["t3.nano"], max_pods=34, overhead_permille=75) == 0


def test_the_tightest_bound_comes_first_with_its_formula() -> None:
    found = on("m5.large", Workload(cpu_millicores=250, memory_bytes=512 * MIB), CniSettings())
    # 1930 / 250 = 7.7; 6903.6 / 512 = 13.5; 3 x (10 - 1) = 27 addresses
    assert [(bound.constraint, bound.pods) for bound in found.bounds] == [
        ("cpu", 7),
        ("memory", 13),
        ("ip-addresses", 27),
        ("ip-addresses", 27),
    ]
    assert (found.pods, found.limited_by, found.most) == (7, Constraint.CPU, 7)
    assert [step.formula for step in found.steps()] == [
        "1930m allocatable / 250m",
        "(7577.6 MiB visible - 574 kube-reserved - 100 eviction) / 512 MiB",
        "29 max pods - 2 host-network",
        "27 addresses",
    ]


def test_what_is_not_requested_bounds_nothing() -> None:
    assert set(bounds(on("m5.large", Workload()))) == {LimitedBy.CEILING, Constraint.ADDRESSES}


def test_daemonsets_take_pods_addresses_cpu_and_memory() -> None:
    workload = Workload(
        cpu_millicores=100,
        memory_bytes=100 * MIB,
        daemonset_pods=3,
        daemonset_cpu_millicores=330,
        daemonset_memory_bytes=403 * MIB,
        host_network_pods=4,
    )
    found = on("m5.large", workload, CniSettings(), host_network_pods=4)
    assert found.limits.max_pods == 27 + 4
    assert found.pods == 16  # (1930 - 330) / 100
    # 7577.6 - (11 x 31 + 255) - 100 - 403 = 6478.6
    assert [bound.pods for bound in found.bounds] == [16, 31 - 4 - 3, 27 - 3, 64]


@pytest.mark.parametrize(
    ("requested", "pods", "constraint"),
    [
        # t3.medium: 4096 x 0.925 = 3788.8 visible, 110 max pods reserve 11 x 110 + 255 = 1465, 100 for eviction
        (32, 69, Constraint.KUBE_RESERVED),  # 2223.8 / 32; without kube-reserved 115, more than the 108 by max pods
        (64, 34, Constraint.MEMORY),  # 2223.8 / 64; without kube-reserved 57, and still the tightest
    ],
)
def test_kube_reserved_is_named_where_it_alone_makes_memory_tight(requested: int, pods: int, constraint: str) -> None:
    found = on("t3.medium", Workload(memory_bytes=requested * MIB))
    assert (found.pods, found.limited_by) == (pods, constraint)


def test_prefixes_cost_memory_by_max_pods() -> None:
    workload = Workload(memory_bytes=512 * MIB)
    assert on("m5.large", workload, CniSettings()).pods == 13  # (7577.6 - 574 - 100) / 512
    assert on("m5.large", workload).pods == 11  # (7577.6 - 1465 - 100) / 512


def test_max_pods_beyond_the_addresses_leaves_the_addresses_to_bind() -> None:
    found = on("m5.large", Workload(), CniSettings(), max_pods=110)
    assert (found.pods, found.limited_by) == (27, Constraint.ADDRESSES)
    assert bounds(found)[LimitedBy.STATIC] == 108


def test_a_wanted_number_binds_where_more_would_fit_and_not_where_less_does() -> None:
    few = on("m5.large", Workload(pods_per_node=10, cpu_millicores=100))
    assert (few.pods, few.limited_by, few.most) == (10, Constraint.PODS_PER_NODE, 19)
    many = on("m5.large", Workload(pods_per_node=50, cpu_millicores=100))
    assert (many.pods, many.limited_by, many.most) == (19, Constraint.CPU, 19)


def test_branch_enis_carry_pods_with_security_groups() -> None:
    settings = CniSettings(pod_eni=True)
    workload = Workload(security_group_pods=5)
    # the trunk leaves 2 x (10 - 1) addresses; m5.large has 9 branch ENIs, of which 5 are wanted
    assert bounds(on("m5.large", workload, settings, max_pods=50))[Constraint.ADDRESSES] == 2 * 9 + 5
    assert bounds(on("m5.large", replace(workload, security_group_pods=50), settings, max_pods=50))[
        Constraint.ADDRESSES
    ] == (2 * 9 + 9)
    assert bounds(on("t3.nano", workload, settings, max_pods=50))[Constraint.ADDRESSES] == 2


def test_a_fargate_node_has_one_pod_whatever_it_requests() -> None:
    (limits,) = effective_max_pods([InstanceType("fargate")], provisioner=Provisioner.FARGATE)
    found = density(limits, PREFIXES, Workload(cpu_millicores=4000, memory_bytes=64 * 1024 * MIB))
    assert (found.pods, found.limited_by) == (1, LimitedBy.FARGATE)


def test_more_than_the_node_has_leaves_none() -> None:
    found = on("t3.nano", Workload(daemonset_pods=500, daemonset_memory_bytes=2**40, memory_bytes=1))
    assert set(bounds(found).values()) == {0}


def test_an_unknown_figure_is_named() -> None:
    (limits,) = effective_max_pods([CATALOG["m5.large"]], PREFIXES)
    blind = replace(limits, instance=replace(limits.instance, memory_mib=None))
    assert density(blind, PREFIXES, Workload()).pods == 108
    with pytest.raises(UnknownFigureError, match=r"memory_mib of m5\.large is unknown"):
        density(blind, PREFIXES, Workload(memory_bytes=MIB))


@given(
    name=st.sampled_from(CATALOG.names()),
    prefixes=st.booleans(),
    cpu=st.integers(0, 5000),
    memory=st.integers(0, 2**33),
    more=st.integers(1, 5000),
)
def test_asking_for_more_never_fits_more(*, name: str, prefixes: bool, cpu: int, memory: int, more: int) -> None:
    settings = CniSettings(prefix_delegation=prefixes)
    small = on(name, Workload(cpu_millicores=cpu, memory_bytes=memory), settings)
    assert small.pods == min(bound.pods for bound in small.bounds) >= 0
    if cpu:
        assert on(name, Workload(cpu_millicores=cpu + more, memory_bytes=memory), settings).pods <= small.pods
    if memory:
        assert on(name, Workload(cpu_millicores=cpu, memory_bytes=memory + more), settings).pods <= small.pods
    assert on(name, Workload(cpu_millicores=cpu, memory_bytes=memory, daemonset_pods=more), settings).pods <= small.pods
