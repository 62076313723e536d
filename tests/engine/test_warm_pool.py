from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cni_plan import CniSettings, InstanceType, load_catalog
from cni_plan.engine.cni import IpFamily
from cni_plan.engine.simulation import PoolState, simulate_arrivals
from cni_plan.engine.warm_pool import PASS_SECONDS, WarmPool, pool_limits
from cni_plan.errors import InputError

CATALOG = load_catalog()
WELL_ABOVE = 10_000

# Targets are WARM_ENI, WARM_IP, MINIMUM_IP, WARM_PREFIX; None is unset.
PUBLISHED = [
    ("t3.small", False, (1, None, None, None), {0: [3], 5: [3, 3, 3], 9: [3, 3, 3]}),
    ("t3.small", False, (None, 1, 1, None), {0: [1], 5: [3, 3], 9: [3, 3, 3]}),
    ("t3.small", False, (None, 2, 5, None), {0: [3, 2], 5: [3, 3, 1], 9: [3, 3, 3]}),
    ("p3dn.24xlarge", False, (1, None, None, None), {0: [49], 3: [49, 49], 95: [49, 49, 49]}),
    ("p3dn.24xlarge", False, (None, 5, 10, None), {0: [10], 7: [12], 15: [20], 45: [49, 1]}),
    ("t3.small", True, (None, None, None, 1), {0: [1], 5: [2], 16: [2], 17: [3], 58: [3, 2]}),
    ("t3.small", True, (None, 1, 1, None), {0: [1], 5: [1], 17: [2], 58: [3, 1]}),
    ("t3.small", True, (None, 7, 20, None), {0: [2], 5: [2], 17: [2], 58: [3, 2]}),
    ("p3dn.24xlarge", True, (None, None, None, 1), {0: [1], 95: [7]}),
    ("p3dn.24xlarge", True, (None, 5, 10, None), {0: [1], 7: [1], 15: [2], 45: [4]}),
]


def arrivals(name: str, settings: CniSettings, last: int, *, max_pods: int = WELL_ABOVE) -> list[PoolState]:
    return simulate_arrivals(CATALOG[name], settings, first=0, last=last, max_pods=max_pods)


@pytest.mark.parametrize(("name", "prefixes", "targets", "expected"), PUBLISHED)
def test_the_published_pools(
    name: str, prefixes: bool, targets: tuple[int | None, ...], expected: dict[int, list[int]]
) -> None:
    eni, ip, minimum, prefix = targets
    settings = CniSettings(
        prefix_delegation=prefixes,
        warm_eni_target=1 if eni is None else eni,
        warm_ip_target=ip or 0,
        minimum_ip_target=minimum or 0,
        warm_prefix_target=prefix or 0,
    )
    states = arrivals(name, settings, max(expected))
    assert {pods: list(states[pods].per_eni) for pods in expected} == expected


def test_a_floor_of_twelve_and_two_warm_holds_twelve_addresses_up_to_ten_pods_and_thirteen_from_the_eleventh() -> None:
    states = arrivals("m5.xlarge", CniSettings(warm_ip_target=2, minimum_ip_target=12), 12)
    assert [state.total_ips for state in states] == [12] * 11 + [13, 14]


def test_a_state_adds_up() -> None:
    state = arrivals("t3.small", CniSettings(), 4)[-1]
    # 4 of 9 addresses on 3 ENIs; the first fill is one call, each new ENI create, attach, modify and tag
    assert state == PoolState(4, 4, 9, 5, 3, 0, (3, 3, 3), 3 + 9, 1 + 4 + 4)
    prefix = arrivals("t3.small", CniSettings(prefix_delegation=True, warm_prefix_target=1), 50)[-1]
    assert (prefix.prefixes, prefix.total_ips, prefix.subnet_ips) == (5, 5 * 16, 2 + 5 * 16)


def test_pods_beyond_the_last_slot_stay_without_an_address() -> None:
    state = arrivals("t3.small", CniSettings(), 12)[-1]
    assert (state.pods, state.assigned_ips, state.total_ips) == (12, 9, 9)


def test_a_floor_without_a_warm_target_leaves_pods_waiting_for_ever() -> None:
    state = arrivals("m5.large", CniSettings(minimum_ip_target=5), 20)[-1]
    assert (state.assigned_ips, state.total_ips) == (5, 5)


def test_custom_networking_leaves_the_primary_eni_empty() -> None:
    states = arrivals("t3.small", CniSettings(custom_networking=True), 4)
    assert states[0].per_eni == (0, 3)
    assert states[4].per_eni == (0, 3, 3)


def test_max_eni_and_the_trunks_place_bound_the_enis() -> None:
    assert arrivals("m5.large", CniSettings(max_eni=2), 20)[-1].enis == 2
    assert arrivals("m5.large", CniSettings(pod_eni=True), 20)[-1].enis == 2
    assert arrivals("t3.large", CniSettings(pod_eni=True), 30)[-1].enis == 3  # carries no trunk


def test_the_pool_stops_growing_at_max_pods() -> None:
    settings = CniSettings(warm_ip_target=5, minimum_ip_target=5)
    assert arrivals("m5.large", settings, 20, max_pods=10)[-1].total_ips == 10


def test_a_xen_type_falls_back_to_secondary_addresses() -> None:
    state = arrivals("t2.small", CniSettings(prefix_delegation=True, warm_prefix_target=1), 1)[-1]
    assert (state.prefixes, state.per_eni) == (0, (3, 3))


def test_bare_metal_takes_prefixes() -> None:
    assert arrivals("m5.metal", CniSettings(prefix_delegation=True, warm_prefix_target=1), 1)[-1].prefixes == 2


def test_prefixes_without_any_target_do_not_start() -> None:
    with pytest.raises(InputError, match="aws-node refuses to start"):
        arrivals("t3.small", CniSettings(prefix_delegation=True), 1)


def test_ipv6_has_one_prefix_for_all_pods() -> None:
    state = arrivals("t3.small", CniSettings(ip_family=IpFamily.IPV6), 100)[-1]
    assert (state.assigned_ips, state.enis, state.prefixes, state.subnet_ips) == (100, 1, 1, 1)
    with pytest.raises(InputError, match="Nitro"):
        arrivals("t2.small", CniSettings(ip_family=IpFamily.IPV6), 1)


class SlowNode:
    """ipamd with an object for each address: the rules written a second time, as plainly as they can be."""

    def __init__(self, instance: InstanceType, settings: CniSettings, max_pods: int) -> None:
        assert instance.max_enis is not None
        assert instance.ipv4_per_eni is not None
        self.settings, self.max_pods = settings, max_pods
        nitro = instance.hypervisor == "nitro" or instance.bare_metal
        self.per_slot = 16 if settings.prefix_delegation and nitro else 1
        self.slots = instance.ipv4_per_eni - 1
        self.limit = min(instance.max_enis, settings.max_eni or 99)
        if settings.pod_eni and instance.trunking_compatible:
            self.limit = max(1, self.limit - 1)
        self.enis: list[list[list[bool]]] = [[]]

    def addresses(self) -> list[bool]:
        return [taken for eni in self.enis for slot in eni for taken in slot]

    def add_pod(self) -> bool:
        for eni in self.enis:
            for slot in eni:
                if False in slot:
                    slot[slot.index(False)] = True
                    return True
        return False

    def missing(self) -> int:
        free, total = self.addresses().count(False), len(self.addresses())
        return max(self.settings.warm_ip_target - free, self.settings.minimum_ip_target - total, 0)

    def wants_more(self) -> bool:
        free, total = self.addresses().count(False), len(self.addresses())
        if total >= self.max_pods:
            return False
        if self.settings.warm_ip_target > 0 or self.settings.minimum_ip_target > 0:
            return self.missing() > 0
        target = self.settings.warm_prefix_target if self.per_slot == 16 else self.settings.warm_eni_target
        unit = 16 if self.per_slot == 16 else self.slots
        return free == 0 if target == 0 else free < target * unit

    def grow(self) -> bool:
        if self.settings.warm_ip_target > 0 or self.settings.minimum_ip_target > 0:
            wanted = max(1, -(-self.missing() // self.per_slot))
        elif self.per_slot == 16:
            unused = sum(True not in slot for eni in self.enis for slot in eni)
            wanted = max(1, self.settings.warm_prefix_target - unused)
        else:
            wanted = self.slots
        for number, eni in enumerate(self.enis):
            if number == 0 and self.settings.custom_networking:
                continue
            if len(eni) < self.slots:
                eni += [[False] * self.per_slot for _ in range(min(wanted, self.slots - len(eni)))]
                return True
        if len(self.enis) == self.limit:
            return False
        self.enis.append([[False] * self.per_slot for _ in range(min(wanted, self.slots))])
        return True

    def settle(self, waiting: int) -> int:
        while True:
            while waiting and self.add_pod():
                waiting -= 1
            if not (self.wants_more() and self.grow()):
                return waiting


_types = st.sampled_from(["t3.nano", "t3.small", "m5.large", "c5.xlarge", "t2.medium", "m5.metal", "m5.24xlarge"])


@st.composite
def _settings(draw: st.DrawFn) -> CniSettings:
    prefixes = draw(st.booleans())
    warm_ip, minimum = draw(st.integers(0, 40)), draw(st.integers(0, 40))
    least = 1 if prefixes and not warm_ip and not minimum else 0
    return CniSettings(
        prefix_delegation=prefixes,
        custom_networking=draw(st.booleans()),
        max_eni=draw(st.none() | st.integers(1, 5)),
        pod_eni=draw(st.booleans()),
        warm_eni_target=draw(st.integers(0, 3)),
        warm_ip_target=warm_ip,
        minimum_ip_target=minimum,
        warm_prefix_target=draw(st.integers(least, 3)),
    )


@given(_types, _settings(), st.integers(0, 60), st.sampled_from([11, 29, 110, WELL_ABOVE]))
def test_counts_agree_with_a_model_that_has_an_object_for_each_address(
    name: str, settings: CniSettings, pods: int, max_pods: int
) -> None:
    slow = SlowNode(CATALOG[name], settings, max_pods)
    waiting = slow.settle(0)
    for state in arrivals(name, settings, pods, max_pods=max_pods):
        if state.pods:
            waiting = slow.settle(waiting + 1)
        assert list(state.per_eni) == [len(eni) for eni in slow.enis]
        assert state.assigned_ips == slow.addresses().count(True) == state.pods - waiting
        assert state.total_ips == len(slow.addresses())


@given(_types, _settings(), st.integers(0, 60))
def test_more_warm_never_holds_less(name: str, settings: CniSettings, pods: int) -> None:
    held = arrivals(name, settings, pods)[-1].total_ips
    if settings.has_ip_targets:
        # A floor alone starves the pool, so only a pool that has a warm target can be made warmer by one more.
        changes = (
            [replace(settings, minimum_ip_target=settings.minimum_ip_target + 1)] if settings.warm_ip_target else []
        )
        changes.append(replace(settings, warm_ip_target=settings.warm_ip_target + 1))
    else:
        changes = [
            replace(settings, warm_eni_target=settings.warm_eni_target + 1),
            replace(settings, warm_prefix_target=settings.warm_prefix_target + 1),
        ]
    for warmer in changes:
        assert arrivals(name, warmer, pods)[-1].total_ips >= held


def fresh(name: str, settings: CniSettings, max_pods: int = WELL_ABOVE) -> WarmPool:
    pool = WarmPool(pool_limits(CATALOG[name], settings, max_pods=max_pods), settings)
    pool.grow_to_rest()
    return pool


def run(pool: WarmPool, seconds: int) -> None:
    """Let ipamd's passes go by."""
    for clock in range(int(pool.clock) + PASS_SECONDS, int(pool.clock) + seconds + 1, PASS_SECONDS):
        pool.advance(clock)
        pool.step()


@given(_types, _settings(), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 90)), max_size=8))
def test_no_limit_is_ever_passed_and_every_address_is_accounted_for(
    name: str, settings: CniSettings, story: list[tuple[int, int, int]]
) -> None:
    pool = fresh(name, settings)
    limits = pool.limits
    for arriving, leaving, seconds in story:
        pool.arrive(arriving)
        pool.leave(min(leaving, pool.assigned + pool.waiting))
        run(pool, seconds)
        assert 1 <= len(pool.enis) <= limits.enis
        assert all(0 <= slots <= limits.slots for slots in pool.per_eni)
        assert pool.total <= limits.capacity
        assert pool.total >= pool.assigned + pool.resting
        assert pool.assigned == sum(eni.pods for eni in pool.enis) == sum(sum(eni.assigned) for eni in pool.enis)
        assert pool.resting == sum(eni.resting for eni in pool.enis) == sum(sum(eni.cooling) for eni in pool.enis)
        assert pool.slots_in_use == sum(pool.per_eni)
        assert all(0 <= a + c <= limits.size for e in pool.enis for a, c in zip(e.assigned, e.cooling, strict=True))
        assert not (pool.waiting and any(eni.free(limits.size) for eni in pool.enis))


@given(_types, _settings(), st.integers(0, 60), st.integers(0, 60))
def test_at_rest_no_step_is_left(name: str, settings: CniSettings, first: int, then: int) -> None:
    # With a target of 0 ENIs and nothing on the primary one, ipamd frees the ENI that it just attached, and again.
    settings = replace(settings, warm_eni_target=max(settings.warm_eni_target, int(settings.custom_networking)))
    pool = fresh(name, settings)
    pool.arrive(first)
    run(pool, 600)
    pool.leave(min(then, pool.assigned + pool.waiting))
    run(pool, 1200)
    before = (pool.per_eni, pool.calls.total())
    run(pool, 300)
    assert (pool.per_eni, pool.calls.total()) == before
    if pool.is_too_low():
        assert not pool.grow()


@given(_types, _settings(), st.integers(1, 40), st.integers(1, 40))
def test_growing_again_after_a_shrink_comes_to_the_same_number_of_addresses(
    name: str, settings: CniSettings, pods: int, leaving: int
) -> None:
    if not settings.has_ip_targets:
        settings = replace(settings, warm_ip_target=3, minimum_ip_target=6)
    pool = fresh(name, settings)
    pool.arrive(pods)
    run(pool, 900)
    held = pool.total
    gone = min(leaving, pool.assigned + pool.waiting)
    pool.leave(gone)
    run(pool, 900)
    assert pool.total <= held
    pool.arrive(gone)
    run(pool, 900)
    assert pool.total == held


def test_a_released_address_cools_down_before_it_is_free_again() -> None:
    pool = fresh("t3.small", CniSettings())
    pool.arrive(9)
    run(pool, 60)
    assert (pool.total, pool.assigned) == (9, 9)
    pool.leave(1)
    pool.arrive(1)
    assert (pool.waiting, pool.resting) == (1, 1)
    run(pool, 25)
    assert pool.waiting == 1
    run(pool, 5)
    assert (pool.waiting, pool.resting, pool.assigned) == (0, 0, 9)


def test_the_cooldown_can_be_set() -> None:
    pool = fresh("t3.small", CniSettings(ip_cooldown_seconds=0))
    pool.arrive(9)
    run(pool, 60)
    pool.leave(1)
    run(pool, 5)
    assert pool.resting == 0


def test_ip_targets_give_addresses_and_enis_back_at_most_every_half_minute() -> None:
    pool = fresh("m5.large", CniSettings(warm_ip_target=2, minimum_ip_target=4))
    pool.arrive(20)
    run(pool, 120)
    assert pool.per_eni == [9, 9, 4]
    pool.leave(18)
    run(pool, 25)
    assert pool.assigned == 2
    assert pool.total > 4
    run(pool, 120)
    assert pool.per_eni == [4]
    assert pool.calls["detach"] == pool.calls["delete"] == 2


def test_without_ip_targets_only_whole_enis_are_given_back() -> None:
    pool = fresh("m5.large", CniSettings())
    pool.arrive(10)
    run(pool, 120)
    assert pool.per_eni == [9, 9, 9]
    pool.leave(10)
    run(pool, 25)
    assert pool.per_eni == [9, 9]  # 27 free >= (1 + 1) x 9 frees the empty one; on the other an address cools down
    run(pool, 120)
    # 18 >= 18 frees that one too; the 9 of the primary are the spare ENI's worth
    assert pool.per_eni == [9]
    assert pool.calls["unassign"] == 0


def test_a_young_eni_is_kept_for_a_minute() -> None:
    pool = fresh("m5.large", CniSettings(ip_cooldown_seconds=0))
    pool.arrive(1)
    run(pool, 5)
    assert pool.per_eni == [9, 9]
    pool.leave(1)
    run(pool, 55)
    assert pool.per_eni == [9, 9]
    run(pool, 10)
    assert pool.per_eni == [9]


def test_free_prefixes_above_the_target_are_given_back() -> None:
    pool = fresh("m5.large", CniSettings(prefix_delegation=True, warm_prefix_target=1))
    pool.arrive(40)
    run(pool, 60)
    assert pool.prefixes == 4
    pool.leave(39)
    run(pool, 120)
    assert pool.prefixes == 2
    assert pool.calls == Counter(assign=4, unassign=1)
