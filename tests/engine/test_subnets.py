import itertools
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cni_plan.engine.subnets import Subnet, most_prefixes, plan_subnet, prefix_demand, smallest_subnet
from cni_plan.errors import InputError

SLASH_24 = IPv4Network("10.0.0.0/24")


def networks(*texts: str) -> tuple[IPv4Network, ...]:
    return tuple(map(IPv4Network, texts))


def test_forty_eight_pods_take_three_prefixes_and_ipamd_holds_a_fourth() -> None:
    demand = prefix_demand(48)
    assert (demand.prefixes, demand.addresses, demand.held_prefixes, demand.smallest_subnet) == (3, 48, 4, 25)


@pytest.mark.parametrize(("pods", "prefixes"), [(0, 0), (1, 1), (16, 1), (17, 2), (110, 7), (250, 16)])
def test_prefixes_are_rounded_up(pods: int, prefixes: int) -> None:
    assert prefix_demand(pods).prefixes == prefixes


@pytest.mark.parametrize(("length", "most"), [(28, 0), (27, 0), (26, 2), (25, 6), (24, 14), (20, 254), (16, 4094)])
def test_the_first_and_the_last_block_never_count(length: int, most: int) -> None:
    assert most_prefixes(length) == most
    subnet = IPv4Network((int(IPv4Address("10.0.0.0")), length))
    assert plan_subnet(Subnet(subnet), prefixes=0).free_prefixes == most
    if most:
        assert smallest_subnet(most) == length


def test_no_subnet_has_more_prefixes_than_a_slash_16() -> None:
    assert smallest_subnet(4094) == 16
    assert smallest_subnet(4095) is None


def test_one_address_spoils_its_whole_block() -> None:
    report = plan_subnet(Subnet(SLASH_24, networks("10.0.0.70")), prefixes=3)
    assert (report.free_prefixes, report.free_addresses, report.used_addresses) == (13, 250, 1)
    assert report.reservations == (IPv4Network("10.0.0.128/26"),)  # .64/26 is spoilt


def test_free_addresses_do_not_make_free_prefixes() -> None:
    scattered = [IPv4Network(int(SLASH_24.network_address) + 16 * block + 7) for block in range(16)]
    report = plan_subnet(Subnet(SLASH_24, tuple(scattered)), prefixes=1)
    assert (report.free_addresses, report.free_prefixes, report.fits) == (256 - 5 - 16, 0, False)
    assert report.reservations == ()


@pytest.mark.parametrize(
    ("prefixes", "expected"),
    [
        (0, []),
        (1, ["10.0.0.16/28"]),
        (2, ["10.0.0.32/27"]),
        (3, ["10.0.0.64/26"]),  # one /26 rather than a /27 and a /28
        (4, ["10.0.0.64/26"]),
        (5, ["10.0.0.16/28", "10.0.0.64/26"]),
        (8, ["10.0.0.64/26", "10.0.0.128/26"]),  # the /25s hold the first and the last block
        (14, ["10.0.0.16/28", "10.0.0.32/27", "10.0.0.64/26", "10.0.0.128/26", "10.0.0.192/27", "10.0.0.224/28"]),
    ],
)
def test_reservations_are_the_fewest_and_lowest_blocks(prefixes: int, expected: list[str]) -> None:
    report = plan_subnet(Subnet(SLASH_24), prefixes=prefixes)
    assert report.fits
    assert list(map(str, report.reservations)) == expected


@pytest.mark.parametrize("text", ["10.0.0.0/15", "10.0.0.0/29", "10.0.0.0/32"])
def test_a_range_that_cannot_be_a_subnet_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="cannot be a subnet"):
        Subnet(IPv4Network(text))


def test_negative_pods_are_refused() -> None:
    with pytest.raises(InputError, match="cannot be negative"):
        prefix_demand(-1)


_subnets = st.builds(
    lambda length, index: IPv4Network((int(IPv4Address("10.0.0.0")) + (index << (32 - length)), length)),
    st.integers(22, 28),
    st.integers(0, 60),
)


@st.composite
def _cases(draw: st.DrawFn) -> tuple[IPv4Network, list[IPv4Network], int]:
    subnet = draw(_subnets)
    start = int(subnet.network_address)
    used = []
    for _ in range(draw(st.integers(0, 12))):
        length = draw(st.sampled_from([32, 32, 32, 28, 27]))
        offset = draw(st.integers(-40, subnet.num_addresses + 40))
        used.append(IPv4Network((start + offset, length), strict=False))
    return subnet, used, draw(st.integers(0, 20))


@given(_cases())
def test_free_blocks_agree_with_a_count_address_by_address(case: tuple[IPv4Network, list[IPv4Network], int]) -> None:
    subnet, used, prefixes = case
    report = plan_subnet(Subnet(subnet, tuple(used)), prefixes=prefixes)
    aws = {*range(4), subnet.num_addresses - 1}
    base = int(subnet.network_address)
    taken = {int(address) - base for network in used for address in network if address in subnet} - aws
    free = [
        block
        for block in range(subnet.num_addresses // 16)
        if not any(offset in taken or offset in aws for offset in range(16 * block, 16 * block + 16))
    ]
    assert report.free_prefixes == len(free)
    assert report.used_addresses == len(taken)
    assert report.used_addresses + report.free_addresses + 5 == report.addresses == subnet.num_addresses
    assert report.fits == (len(free) >= prefixes)
    reserved = [(int(address) - base) // 16 for block in report.reservations for address in list(block)[::16]]
    assert len(reserved) == len(set(reserved))
    assert set(reserved) <= set(free)
    assert len(reserved) >= prefixes if report.fits else not reserved
    assert list(report.reservations) == sorted(report.reservations)


def fewest(free: set[int], blocks: int, prefixes: int) -> int:
    """By trying every set of aligned free runs, smallest sets first."""
    runs = [
        (start, size)
        for size in (1, 2, 4, 8, 16)
        for start in range(0, blocks, size)
        if set(range(start, start + size)) <= free
    ]
    for count in range(len(runs) + 1):
        for chosen in itertools.combinations(runs, count):
            covered = [block for start, size in chosen for block in range(start, start + size)]
            if len(covered) == len(set(covered)) >= prefixes:
                return count
    raise AssertionError("does not fit")


@given(st.sets(st.integers(1, 14), max_size=9), st.integers(0, 8))
def test_no_smaller_set_of_blocks_would_do(spoilt: set[int], prefixes: int) -> None:
    used = [IPv4Network(int(SLASH_24.network_address) + 16 * block) for block in spoilt]
    report = plan_subnet(Subnet(SLASH_24, tuple(used)), prefixes=prefixes)
    if report.fits:
        assert len(report.reservations) == fewest(set(range(1, 15)) - spoilt, 16, prefixes)
