import pytest
from hypothesis import given
from hypothesis import strategies as st

from cni_plan import CniSettings, load_catalog
from cni_plan.engine.churn import PodCount, ramp, simulate_churn
from cni_plan.engine.cni import IpFamily
from cni_plan.engine.tuning import Candidate, NodeGroup, tune
from cni_plan.errors import InputError

CATALOG = load_catalog()
M5, T3 = CATALOG["m5.large"], CATALOG["t3.large"]


def test_a_ramp_has_one_pod_after_the_other() -> None:
    assert ramp(0, 3, over_seconds=6) == [PodCount(0, 0), PodCount(2, 1), PodCount(4, 2), PodCount(6, 3)]
    assert ramp(2, 1, over_seconds=5) == [PodCount(0, 2), PodCount(5, 1)]
    assert ramp(4, 4, over_seconds=5) == [PodCount(0, 4)]


def test_a_burst_waits_for_ipamds_next_passes() -> None:
    settings = CniSettings(warm_ip_target=2, minimum_ip_target=5)
    report = simulate_churn(M5, settings, [PodCount(1, 12)], max_pods=29)
    assert list(report.waits) == [(1, 12 - 5)]
    by_second = {moment.seconds: moment for moment in report.moments}
    assert by_second[1].waiting == 7
    # each pass attaches WARM_IP_TARGET more: that is all ipamd asks for while pods wait
    assert (list(by_second[5].state.per_eni), by_second[5].waiting) == ([7], 5)
    assert report.moments[-1].waiting == 0
    assert report.moments[-1].state.assigned_ips == 12


def test_a_scale_down_is_followed_to_the_end() -> None:
    settings = CniSettings(warm_ip_target=2, minimum_ip_target=5)
    report = simulate_churn(M5, settings, [PodCount(0, 20), PodCount(300, 3)], max_pods=29)
    assert list(report.moments[-1].state.per_eni) == [5]
    assert report.peak_subnet_ips == 3 + 22
    assert report.calls["detach"] == 2
    assert sum(report.calls.values()) == report.moments[-1].state.ec2_calls


def test_calls_in_a_minute_are_counted_over_any_sixty_seconds() -> None:
    settings = CniSettings(warm_ip_target=1, minimum_ip_target=1)
    report = simulate_churn(M5, settings, ramp(0, 24, over_seconds=240), max_pods=29)
    # a pod every 10 s: 6 a minute, one call each, and four for an ENI in place of one of them
    assert report.peak_calls_per_minute == 6 + 3
    assert not report.waits


def test_ipv6_has_no_timeline() -> None:
    with pytest.raises(InputError, match="nothing changes over time"):
        simulate_churn(M5, CniSettings(ip_family=IpFamily.IPV6), [PodCount(0, 1)], max_pods=29)


def by_targets(candidates: list[Candidate]) -> dict[tuple[bool, int, int], Candidate]:
    return {
        (each.settings.prefix_delegation, each.settings.warm_ip_target, each.settings.minimum_ip_target): each
        for each in candidates
        if each.settings.warm_eni_target == 1
    }


def test_a_candidates_figures_are_the_groups_times_their_nodes() -> None:
    candidate = by_targets(tune([NodeGroup(M5, 20, 12), NodeGroup(T3, 5, 30)], CniSettings()))[False, 2, 14]
    # m5.large at 12 pods: 14 addresses on 2 ENIs; t3.large at 30 pods: 32 on 3
    assert [outcome.addresses for outcome in candidate.outcomes] == [20 * (14 + 2), 5 * (32 + 3)]
    assert candidate.addresses == 320 + 175
    assert candidate.waste == 20 * 2 + 5 * 2
    assert candidate.ready_pods == 20 * 12 + 5 * 14


def test_the_best_is_the_cheapest_that_nothing_stands_against() -> None:
    candidates = tune([NodeGroup(M5, 20, 12)], CniSettings())
    possible = [each for each in candidates if not each.obstacles]
    assert candidates[0].cost == min(each.addresses + each.ec2_calls for each in possible)
    assert candidates[0].outcomes[0].extra_addresses == candidates[0].addresses - min(c.addresses for c in candidates)


def test_what_the_subnets_and_the_account_cannot_give_is_an_obstacle() -> None:
    groups = [NodeGroup(M5, 20, 12)]
    for candidate in tune(groups, CniSettings(), free_addresses=330, max_calls_per_minute=150):
        over = [candidate.addresses > 330, candidate.calls_per_minute > 150]
        assert len(candidate.obstacles) == sum(over)
    assert all(each.obstacles for each in tune(groups, CniSettings(), free_addresses=10))


def test_pods_that_no_setting_can_serve_are_an_obstacle() -> None:
    best = tune([NodeGroup(CATALOG["t2.micro"], 1, 50)], CniSettings())[0]
    assert "48 pods on t2.micro get no address" in best.obstacles
    assert not best.settings.prefix_delegation  # a Xen type has no second mode to compare
    full = tune([NodeGroup(CATALOG["c5.4xlarge"], 1, 150)], CniSettings())[0]
    assert full.obstacles == ("max pods of c5.4xlarge is 110",)


def test_nothing_to_tune_for_is_refused() -> None:
    with pytest.raises(InputError, match="at least one group"):
        tune([], CniSettings())


@given(st.integers(1, 40), st.integers(0, 27))
def test_cost_grows_with_the_nodes_and_not_the_work(nodes: int, pods: int) -> None:
    one = by_targets(tune([NodeGroup(M5, 1, pods)], CniSettings()))
    many = by_targets(tune([NodeGroup(M5, nodes, pods)], CniSettings()))
    assert {key: nodes * each.cost for key, each in one.items()} == {key: each.cost for key, each in many.items()}
