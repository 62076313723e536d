import random
from ipaddress import IPv4Network
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cni_plan.engine.forecast import forecast, last_fit, outlook, still_free
from cni_plan.engine.subnets import BlockMap, Reservation, ReservationType, Subnet, block_map

SLASH_22 = IPv4Network("10.0.0.0/22")


def with_singles(offsets: list[int], reservation: str | None = None) -> BlockMap:
    start = int(SLASH_22.network_address)
    kept = (Reservation(IPv4Network(reservation), ReservationType.PREFIX),) if reservation else ()
    return block_map(Subnet(SLASH_22, tuple(IPv4Network(start + offset) for offset in offsets), reservations=kept))


@given(st.integers(20, 300), st.integers(0, 300))
def test_the_probability_is_the_quotient_of_binomials(addresses: int, taken: int) -> None:
    taken = min(taken, addresses)
    exact = comb(addresses - 16, taken) / comb(addresses, taken)
    assert still_free(addresses, taken, 16) == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize("taken", [5, 20, 60, 150])
def test_mean_and_the_95_percent_bound_agree_with_a_seeded_simulation(taken: int) -> None:
    before = [100, 101, 333]
    blocks = with_singles(before, reservation="10.0.1.0/26")
    told = outlook(blocks, taken)
    # what EC2 may hand out: all but its own five, what is in use, and the reserved /26 at offset 256
    open_addresses = [at for at in range(4, 1023) if at not in before and not 256 <= at < 320]
    chance = random.Random(20261123)  # noqa: S311 # a simulation, repeatable
    counts = sorted(
        with_singles([*before, *chance.sample(open_addresses, taken)], reservation="10.0.1.0/26").free_prefixes
        for _ in range(400)
    )
    assert sum(counts) / len(counts) == pytest.approx(told.expected_prefixes, abs=0.6)
    assert sum(count >= told.likely_prefixes - 0.5 for count in counts) >= 0.93 * len(counts)


def test_at_a_third_full_a_slash_20_has_lost_practically_all_blocks() -> None:
    blocks = block_map(Subnet(IPv4Network("10.0.0.0/20")))
    third = outlook(blocks, 4091 // 3)
    assert third.utilisation == pytest.approx(1 / 3, abs=0.01)
    assert third.expected_prefixes < 0.5


def test_a_prefix_reservation_is_safe() -> None:
    blocks = with_singles([], reservation="10.0.1.0/26")
    assert outlook(blocks, blocks.free_addresses).expected_prefixes == 4


def test_the_last_fit_is_the_last_one() -> None:
    blocks = with_singles([])
    last = last_fit(blocks, 10)
    assert last is not None
    assert last.likely_prefixes >= 10 > outlook(blocks, last.singles + 1).likely_prefixes
    assert last_fit(blocks, 63) is None
    whole = last_fit(blocks, 0)
    assert whole is not None
    assert whole.utilisation == 1


@given(st.lists(st.integers(4, 1022), max_size=40, unique=True))
def test_a_forecast_goes_from_today_to_full_and_only_down(offsets: list[int]) -> None:
    blocks = with_singles(offsets)
    steps = forecast(blocks)
    assert steps[0].singles == 0
    assert steps[0].expected_prefixes == pytest.approx(blocks.free_prefixes)
    assert steps[-1].utilisation == 1
    expected = [step.expected_prefixes for step in steps]
    assert expected == sorted(expected, reverse=True)
    assert all(step.likely_prefixes <= step.expected_prefixes + 1e-9 for step in steps)
