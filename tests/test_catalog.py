from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cni_plan.catalog import COLUMNS, Catalog, InstanceType, data_file, format_table, load_catalog, size_order
from cni_plan.errors import InputError, UnknownInstanceTypeError

HEADER = ",".join(COLUMNS)
T3_LARGE = "t3.large,2,8192,x86_64,nitro,false,3,12,1,0,false,0,0,true,ec2"


def test_the_bundled_table_has_every_type_of_the_recording_and_the_extra_ones() -> None:
    assert len(load_catalog()) == 1395 + 21


def test_the_bundled_table_is_sorted_and_written_as_format_table_writes_it() -> None:
    text = data_file("instance_types.csv").read_text()
    names = [line.partition(",")[0] for line in text.splitlines()[1:]]
    assert names == sorted(set(names))
    assert format_table(load_catalog()) == text


def test_the_bundled_table_passes_the_check_that_a_users_table_must_pass() -> None:
    Catalog(data_file("instance_types.csv").read_text(), "bundled")


@pytest.mark.parametrize("row", load_catalog(), ids=lambda row: row.instance_type)
def test_each_shipped_row_is_plausible(row: InstanceType) -> None:
    assert row.vcpus is not None
    assert 1 <= row.vcpus <= 2048
    assert row.memory_mib is not None
    assert row.memory_mib >= 512
    assert row.max_enis is not None
    assert 1 <= row.max_enis <= 64
    assert row.ipv4_per_eni is not None
    assert 2 <= row.ipv4_per_eni <= 64
    assert row.architectures
    assert set(row.architectures) <= {"i386", "x86_64", "arm64", "x86_64_mac", "arm64_mac"}
    assert row.network_cards is not None
    assert row.default_network_card is not None
    assert row.default_network_card < row.network_cards
    assert row.source
    if row.bare_metal:
        assert row.hypervisor is None
    assert (row.trunking_compatible is None) == (row.branch_enis is None)
    if row.branch_enis is not None:
        assert (row.branch_enis > 0) == row.trunking_compatible


@pytest.mark.parametrize(
    ("name", "enis", "ips", "cards"),
    [
        ("t3.nano", 2, 2, 1),
        ("m5.large", 3, 10, 1),
        ("p4d.24xlarge", 15, 50, 4),  # 60 ENIs on four cards, 15 on the default one
        ("dl1.24xlarge", 15, 50, 4),  # not in EC2's recorded answer
    ],
)
def test_the_default_network_cards_enis_are_the_ones_tabled(name: str, enis: int, ips: int, cards: int) -> None:
    row = load_catalog()[name]
    assert (row.max_enis, row.ipv4_per_eni, row.network_cards) == (enis, ips, cards)


def test_unknown_figures_are_none_and_not_zero() -> None:
    extra = load_catalog()["g4ad.xlarge"]
    assert extra.gpus is None
    assert extra.current_generation is None
    assert load_catalog()["c5a.metal"].branch_enis is None
    assert load_catalog()["t3.large"].gpus == 0


def test_a_look_up_and_a_walk_give_the_same_row() -> None:
    catalog = load_catalog()
    by_walk = {row.instance_type: row for row in catalog}
    assert all(catalog[name] == by_walk[name] for name in list(by_walk)[::97])


@pytest.mark.parametrize(
    "name", ["t3.larg", "", "t3.large,2", "t3.large\nt3.nano", "instance_type", "T3.LARGE", "a" * 9999]
)
def test_a_name_that_is_none_is_refused(name: str) -> None:
    catalog = load_catalog()
    assert name not in catalog
    with pytest.raises(UnknownInstanceTypeError):
        catalog[name]


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownInstanceTypeError, match=r"did you mean t3\.large"):
        load_catalog()["t3.larg"]
    assert load_catalog().nearest("T3.LARGE")[0] == "t3.large"


def test_a_glob_selects_by_size_and_a_name_keeps_its_place() -> None:
    names = [row.instance_type for row in load_catalog().select(["m5.large", "t3.*", "t3.nano"])]
    sizes = ["nano", "micro", "small", "medium", "large", "xlarge", "2xlarge"]
    assert names == ["m5.large", *(f"t3.{size}" for size in sizes)]


def test_metal_sizes_come_last() -> None:
    sizes = ["m7i.metal-48xl", "m7i.metal-24xl", "m7i.48xlarge", "m7i.large", "m7i.xlarge"]
    assert sorted(sizes, key=size_order) == list(
        reversed(["m7i.metal-48xl", "m7i.metal-24xl", "m7i.48xlarge", "m7i.xlarge", "m7i.large"])
    )


def test_a_glob_that_matches_nothing_is_refused() -> None:
    with pytest.raises(UnknownInstanceTypeError, match="no instance type matches 'z9\\.\\*'"):
        load_catalog().select(["z9.*"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "own.csv:1: not a table"),
        ("a,b\n1,2\n", "own.csv:1: not a table"),
        (f"{HEADER}\n", "no rows"),
        (f"{HEADER}\n{T3_LARGE}\n{T3_LARGE}\n", "own.csv:3: t3.large stands on line 2 already"),
        (f"{HEADER}\n{T3_LARGE}\nm5.large,2,81", "own.csv:3: 3 cells where 15 are expected; is the file cut short"),
        (f"{HEADER}\n{T3_LARGE.replace(',3,', ',three,')}\n", "own.csv:2: max_enis is 'three'"),
        (
            f"{HEADER}\n{T3_LARGE.replace(',3,', ',0,')}\n",
            "own.csv:2: max_enis is '0', expected a whole number above 0",
        ),
        (f"{HEADER}\n{T3_LARGE.replace(',3,', ',-3,')}\n", "own.csv:2: max_enis is '-3'"),
        (f"{HEADER}\n{T3_LARGE.replace(',3,', ',' + '9' * 5000 + ',')}\n", "own.csv:2: max_enis is '9999"),
        (f"{HEADER}\n{T3_LARGE.replace('nitro', 'kvm')}\n", "own.csv:2: hypervisor is 'kvm'"),
        (f"{HEADER}\n{T3_LARGE.replace('false', 'no')}\n", "own.csv:2: bare_metal is 'no'"),
        (f"{HEADER}\n{T3_LARGE.replace('t3.large', '$(reboot)')}\n", "own.csv:2: instance_type is"),
        (f'{HEADER}\n"{T3_LARGE}\n', "own.csv:2: instance_type is"),
    ],
)
def test_a_wrong_table_is_named_by_its_line(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        Catalog(text, "own.csv")
    assert message in str(caught.value)


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm() -> None:
    catalog = Catalog(f"\ufeff{HEADER}\r\n{T3_LARGE}\r\n", "own.csv")
    assert catalog["t3.large"].max_enis == 3
    assert catalog["t3.large"].source == "ec2"


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_an_unreadable_table_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "own.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"cannot read the table of instance types .*own\.csv"):
        load_catalog(path)


_counts = st.none() | st.integers(1, 10**9)
_flags = st.none() | st.booleans()
_rows = st.builds(
    InstanceType,
    instance_type=st.from_regex(r"[a-z][a-z0-9]{1,4}\.[a-z0-9]{1,8}", fullmatch=True),
    vcpus=_counts,
    memory_mib=_counts,
    architectures=st.sampled_from([(), ("arm64",), ("i386", "x86_64")]),
    hypervisor=st.sampled_from([None, "nitro", "xen"]),
    bare_metal=_flags,
    max_enis=_counts,
    ipv4_per_eni=_counts,
    network_cards=_counts,
    default_network_card=_counts,
    trunking_compatible=_flags,
    branch_enis=_counts,
    gpus=_counts,
    current_generation=_flags,
    source=st.sampled_from(["", "ec2", "a table of one's own"]),
)


@given(st.lists(_rows, min_size=1, max_size=8, unique_by=lambda row: row.instance_type))
def test_a_written_table_reads_back_as_it_was(rows: list[InstanceType]) -> None:
    catalog = Catalog(format_table(rows), "round trip")
    assert sorted(catalog, key=lambda row: row.instance_type) == sorted(rows, key=lambda row: row.instance_type)
    assert all(catalog[row.instance_type] == row for row in rows)
