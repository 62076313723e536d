"""Engine throughput: `python -m pytest tests/benchmarks --benchmark-enable`."""

from ipaddress import IPv4Network

from pytest_benchmark.fixture import BenchmarkFixture

from cni_plan import CniSettings, load_catalog, max_pods, plan_subnet

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
    used = [IPv4Network(start + (index * 40_503) % 65_536) for index in range(50_000)]
    report = benchmark(plan_subnet, IPv4Network("10.0.0.0/16"), prefixes=0, used=used)
    assert report.used_addresses + report.free_addresses + 5 == 65_536
