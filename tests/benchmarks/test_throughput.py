"""Engine throughput: `python -m pytest tests/benchmarks --benchmark-enable`."""

from ipaddress import IPv4Network

from pytest_benchmark.fixture import BenchmarkFixture

from cni_plan import CniSettings, Subnet, load_catalog, max_pods, plan_subnet
from cni_plan.engine.simulation import simulate_arrivals

PREFIXES = CniSettings(prefix_delegation=True)


def test_look_up_one_type(benchmark: BenchmarkFixture) -> None:
    assert benchmark(lambda: load_catalog()["t3.large"]).max_enis == 3


def test_parse_the_whole_table(benchmark: BenchmarkFixture) -> None:
    assert len(benchmark(lambda: list(load_catalog()))) == 1416


def test_max_pods_of_the_whole_table(benchmark: BenchmarkFixture) -> None:
    rows = list(load_catalog())
    assert len(benchmark(lambda: [max_pods(row, PREFIXES) for row in rows])) == 1416


def test_free_blocks_of_a_slash_16_with_50_000_scattered_addresses(benchmark: BenchmarkFixture) -> None:
    start = int(IPv4Network("10.0.0.0/16").network_address)
    used = tuple(IPv4Network(start + (index * 40_503) % 65_536) for index in range(50_000))
    report = benchmark(plan_subnet, Subnet(IPv4Network("10.0.0.0/16"), used), prefixes=0)
    assert report.used_addresses + report.free_addresses + 5 == 65_536


def test_a_thousand_distinct_pools_from_0_to_110_pods(benchmark: BenchmarkFixture) -> None:
    instance = load_catalog()["m5.large"]
    settings = [
        CniSettings(prefix_delegation=True, warm_ip_target=1 + number % 50, minimum_ip_target=number // 50)
        for number in range(1000)
    ]

    def simulate() -> int:
        return sum(
            simulate_arrivals(instance, each, first=110, last=110, max_pods=110)[0].total_ips for each in settings
        )

    assert benchmark(simulate) > 0


def test_one_pool_of_250_pods_pod_by_pod(benchmark: BenchmarkFixture) -> None:
    instance = load_catalog()["m5.24xlarge"]
    settings = CniSettings(warm_ip_target=2, minimum_ip_target=5)
    states = benchmark(simulate_arrivals, instance, settings, first=0, last=250, max_pods=250)
    assert states[-1].assigned_ips == 250
