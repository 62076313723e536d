"""Ranking the whole table: `python -m pytest tests/benchmarks --benchmark-enable`."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from cni_plan import CniSettings, load_catalog
from cni_plan.engine.assessment import Need
from cni_plan.engine.density import MIB, Workload
from cni_plan.engine.recommendation import recommend

ORDINARY = Workload(cpu_millicores=250, memory_bytes=512 * MIB)


@pytest.mark.parametrize(
    "settings",
    [CniSettings(), CniSettings(prefix_delegation=True, warm_prefix_target=1), CniSettings(warm_ip_target=2)],
    ids=["secondary-ip", "prefix-delegation", "warm-ip-target"],
)
@pytest.mark.parametrize("pods", [500, 1_000_000])
def test_rank_the_whole_table(benchmark: BenchmarkFixture, settings: CniSettings, pods: int) -> None:
    rows = list(load_catalog())
    answer = benchmark(recommend, rows, Need(pods=pods, workload=ORDINARY, settings=settings))
    assert len(answer.ranked) + len(answer.left_out) == 1416
