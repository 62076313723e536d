import pytest

from cni_plan import InstanceType, load_catalog
from cni_plan.engine import selection
from cni_plan.engine.density import MIB
from cni_plan.engine.selection import Architecture, BareMetal, Filter, Generation, select
from cni_plan.errors import InputError

ROWS = list(load_catalog())
GIB = 1024 * MIB


def chosen(*filters: Filter) -> list[InstanceType]:
    return select(ROWS, filters)[0]


def families(*filters: Filter) -> set[str]:
    return {selection.family(row) for row in chosen(*filters)}


def test_each_filter_keeps_what_it_says() -> None:
    assert {row.architectures for row in chosen(selection.by_architecture(Architecture.ARM64))} == {("arm64",)}
    assert families(selection.by_family({"m5", "c6i"}, "m5,c6i")) == {"m5", "c6i"}
    assert all(row.bare_metal for row in chosen(selection.by_bare_metal(BareMetal.ONLY, by_default=False)))
    assert not any(row.bare_metal for row in chosen(selection.by_bare_metal(BareMetal.EXCLUDE, by_default=False)))
    assert chosen(selection.by_bare_metal(BareMetal.INCLUDE, by_default=False)) == ROWS
    assert chosen(selection.by_generation(Generation.ALL, by_default=False)) == ROWS
    assert chosen(selection.by_gpus(None, by_default=False)) == ROWS
    assert {row.gpus for row in chosen(selection.by_gpus(8, by_default=False))} <= set(range(8, 100))
    assert {row.vcpus for row in chosen(*selection.by_vcpus(4, 8))} <= {4, 6, 8}
    sizes = {row.memory_mib for row in chosen(*selection.by_memory(8 * GIB, 16 * GIB))}
    assert (min(map(int, map(str, sizes))), max(map(int, map(str, sizes)))) == (8192, 16384)


def test_what_is_unknown_meets_no_condition() -> None:
    blind = InstanceType("x9.large")
    for each in (
        selection.for_pods(),
        selection.by_generation(Generation.CURRENT, by_default=False),
        selection.by_gpus(0, by_default=False),
        selection.by_gpus(1, by_default=False),
        selection.by_bare_metal(BareMetal.EXCLUDE, by_default=False),
        *selection.by_vcpus(1, 100),
        *selection.by_memory(1, 2**50),
    ):
        assert not each.keeps(blind)


def test_pods_have_no_nodes_on_macs_and_no_use_for_accelerators() -> None:
    assert not any(name.startswith("mac") for name in families(selection.for_pods()))
    ordinary = families(selection.by_gpus(0, by_default=False))
    # EC2 counts no GPU for Inferentia, Trainium, FPGAs, video and deep learning cards
    assert not ordinary & {"p4d", "g5", "g5g", "inf1", "inf2", "trn1", "trn1n", "f1", "f2", "vt1", "dl1", "dl2q"}
    assert {"m5", "i4i", "im4gn", "is4gen", "d3", "hpc7g", "t4g", "x2gd", "u-6tb1"} <= ordinary


def test_sizes_go_by_size_and_metal_is_above_all() -> None:
    m6g = selection.by_family({"m6g"}, "m6g")
    few = chosen(m6g, *selection.by_size("large", "4xlarge", ROWS))
    assert [row.instance_type for row in few] == ["m6g.2xlarge", "m6g.4xlarge", "m6g.large", "m6g.xlarge"]
    assert [row.instance_type for row in chosen(m6g, *selection.by_size("metal", None, ROWS))] == ["m6g.metal"]
    with pytest.raises(InputError, match=r"no instance type has the size '4xl'; there are nano, micro, small"):
        selection.by_size("4xl", None, ROWS)


@pytest.mark.parametrize("bounds", [selection.by_vcpus, selection.by_memory])
def test_bounds_the_wrong_way_round_are_refused(bounds: object) -> None:
    assert callable(bounds)
    with pytest.raises(InputError, match="is above"):
        bounds(8, 4)


def test_a_default_does_not_hold_for_a_type_named_in_full() -> None:
    metal = [row for row in ROWS if row.instance_type in {"m5.metal", "m5.large"}]
    default = selection.by_bare_metal(BareMetal.EXCLUDE, by_default=True)
    assert [row.instance_type for row in select(metal, [default])[0]] == ["m5.large"]
    assert select(metal, [default], named={"m5.metal"})[0] == metal
    asked = selection.by_bare_metal(BareMetal.EXCLUDE, by_default=False)
    assert len(select(metal, [asked], named={"m5.metal"})[0]) == 1


def test_where_none_is_left_each_condition_says_how_many_it_left_out() -> None:
    g5 = [row for row in ROWS if selection.family(row) == "g5"]
    filters = [
        selection.by_generation(Generation.ALL, by_default=True),
        *selection.by_vcpus(8, None),
        selection.by_gpus(0, by_default=True),
    ]
    with pytest.raises(InputError, match=r"of 8 left out are 7 by --gpus none, 1 by --min-vcpus$"):
        select(g5, filters)
