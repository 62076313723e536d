import pytest
from hypothesis import given
from hypothesis import strategies as st

from cni_plan.errors import InputError
from cni_plan.inputs.quantities import parse_cpu, parse_memory

MI, GI = 2**20, 2**30


@pytest.mark.parametrize(
    ("text", "millicores"),
    [("250m", 250), ("0.5", 500), ("2", 2000), (" 1.5 ", 1500), (".1", 100), ("1.", 1000), ("0", 0), ("2e-1", 200)],
)
def test_cpu_is_read_as_millicores(text: str, millicores: int) -> None:
    assert parse_cpu(text, "CPU") == millicores


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512Mi", 512 * MI),
        ("1.5Gi", GI + GI // 2),
        ("200M", 200_000_000),
        ("64Ki", 65_536),
        ("1k", 1000),
        ("1Ti", 1024 * GI),
        ("4096", 4096),
        ("0", 0),
        # Kubernetes' documentation calls these two the same.
        ("129e6", 129_000_000),
        ("129M", 129_000_000),
        ("1E3", 1000),
    ],
)
def test_memory_is_read_as_bytes(text: str, size: int) -> None:
    assert parse_memory(text, "memory") == size


@pytest.mark.parametrize(("text", "millicores"), [("0.1m", 1), ("250.5m", 251), ("0.0001", 1)])
def test_less_than_a_millicore_is_rounded_up(text: str, millicores: int) -> None:
    assert parse_cpu(text, "CPU") == millicores


def test_less_than_a_byte_is_rounded_up() -> None:
    assert parse_memory("0.3", "memory") == 1
    assert parse_memory("1.0000001Ki", "memory") == 1025


@pytest.mark.parametrize(
    "text", ["", "m", "-1", "250M", "1Gi", "1 000", "1e", "1e3m", "0x10", "nan", "inf", "٣", "1,5"]
)
def test_what_is_no_cpu_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"^--cpu-per-pod .* is not an amount of CPU such as 250m or 0\.5$"):
        parse_cpu(text, "--cpu-per-pod")


@pytest.mark.parametrize(
    "text", ["", "Mi", "-1Gi", "512m", "512MB", "512mi", "1GiB", "1E", "1e3Mi", "nan", "1_0", "1Gi\n1"]
)
def test_what_is_no_memory_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"(?s)is not an amount of memory such as 512Mi or 1\.5Gi$"):
        parse_memory(text, "--memory-per-pod")


@pytest.mark.parametrize("text", ["1000001", "999999999999999", "1e99", "9e20"])
def test_more_cpu_than_any_node_has_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="more than any node has"):
        parse_cpu(text, "CPU")


@pytest.mark.parametrize("text", ["1001T", "999999999999999Ti", "1e99"])
def test_more_memory_than_any_node_has_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="more than any node has"):
        parse_memory(text, "memory")


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_cpu, parse_memory):
        try:
            value = parse(text, "it")
        except InputError:
            continue
        assert value >= 0


@given(st.integers(0, 10**9))
def test_millicores_come_back(amount: int) -> None:
    assert parse_cpu(f"{amount}m", "CPU") == amount
    assert parse_memory(f"{amount}", "memory") == amount
