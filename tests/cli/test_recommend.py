import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import Cli, Outcome

ORDINARY = ("--cpu-per-pod", "250m", "--memory-per-pod", "512Mi")


def recommend(cli: Cli, *arguments: str, pods: int = 500) -> Outcome:
    return cli("recommend", "--pods", str(pods), *arguments)


def records(cli: Cli, *arguments: str, pods: int = 500) -> list[dict[str, Any]]:
    outcome = recommend(cli, *arguments, "-o", "json", pods=pods)
    assert outcome.code == 0, outcome.err
    found: list[dict[str, Any]] = json.loads(outcome.out)
    return found


def names(found: list[dict[str, Any]]) -> set[str]:
    return {name for each in found for name in (each["instance_type"], *each["alike"])}


def test_the_record_of_one_type_is_whole(cli: Cli) -> None:
    (found,) = records(cli, *ORDINARY, "-t", "m5.large")
    bounds = found.pop("bounds")
    other = found.pop("with_other_mode")
    assert found == {
        "instance_type": "m5.large",
        "alike": [],
        "architectures": ["x86_64"],
        "pods": 500,
        "mode": "secondary-ip",
        "nodes": 72,  # 1930m / 250m = 7 pods a node; 500 / 7 = 71.4
        "pods_per_node": 7,
        "fullest_node_pods": 7,
        "max_pods": 29,
        "limited_by": "cpu",
        "verdict": "compute-bound",
        "addresses": 1440,  # 72 x (2 ENIs x (1 + 9))
        "prefixes": 0,
        "unused_cpu_millicores": 13_960,  # 72 x 1930 - 500 x 250
        "unused_memory_mib": 241_059,  # 72 x 6903.6 - 500 x 512
        "unused_addresses": 796,  # 72 x 18 - 500
        "unused_cpu_percent": 10.0,
        "unused_memory_percent": 48.5,
        "unused_addresses_percent": 61.4,
        "unused_percent": 40.0,
        "usd_per_hour": None,
        "notes": [],
        "usd_per_node_hour": None,
    }
    assert bounds[0] == {"limited_by": "cpu", "pods": 7, "formula": "1930m allocatable / 250m"}
    assert {key: other[key] for key in ("mode", "pods_per_node", "max_pods", "nodes", "addresses", "prefixes")} == {
        "mode": "prefix-delegation",
        "pods_per_node": 7,
        "max_pods": 110,
        "nodes": 72,
        "addresses": 72 * (2 * 16 + 1),
        "prefixes": 144,
    }
    assert set(other) < set(found) | {"bounds"}


def test_every_format_says_the_same(cli: Cli) -> None:
    arguments = (*ORDINARY, "--best", "3")
    found = records(cli, *arguments)
    assert yaml.safe_load(recommend(cli, *arguments, "-o", "yaml").out) == found
    rows = list(csv.DictReader(io.StringIO(recommend(cli, *arguments, "-o", "csv").out)))
    assert [row["instance_type"] for row in rows] == [each["instance_type"] for each in found]
    assert [row["unused_percent"] for row in rows] == [str(each["unused_percent"]) for each in found]
    assert rows[0]["alike"] == "; ".join(found[0]["alike"])
    assert not {"bounds", "with_other_mode"} & set(rows[0])
    table = recommend(cli, *arguments).out.splitlines()
    assert [line.split()[0] for line in table[1:4]] == [each["instance_type"] for each in found]


@pytest.mark.parametrize(
    ("arguments", "sentences"),
    [
        (
            ("--cpu-per-pod", "50m"),
            (
                "m5.large: address-bound, 27 pods a node",
                "Prefixes would raise it from 27 to 38 pods a node: cpu allows",
            ),
        ),
        (ORDINARY, ("m5.large: compute-bound (cpu), 7 pods a node", "Prefixes would change nothing: cpu allows 7.")),
        (
            ("--cpu-per-pod", "50m", "--cni-prefix-delegation-enabled"),
            ("compute-bound (cpu), 38 pods", "Single addresses would lower it from 38 to 27 pods a node: ip-addresses"),
        ),
        (
            ("--memory-per-pod", "512Mi"),
            ("compute-bound (memory), 13 pods", "Prefixes would lower it from 13 to 11 pods a node: memory allows 11"),
        ),
        (
            ("--provisioner", "nodeadm"),
            ("address-bound", "change nothing: max pods is 29 (the image does not know of the prefixes: set max pods"),
        ),
        (("--max-pods", "12"), ("max-pods-bound (max pods is 12), 10 pods", "Prefixes would change nothing")),
        (("--ip-family", "ipv6"), ("ceiling-bound, 108 pods a node", "500 pods need 5 nodes with at most 100 on each")),
        (("--provisioner", "auto-mode"), ("address-bound, 27 pods a node", "27 max pods - 0 host-network")),
    ],
)
def test_the_verdict_on_one_type(cli: Cli, arguments: tuple[str, ...], sentences: tuple[str, ...]) -> None:
    outcome = recommend(cli, "-t", "m5.large", *arguments)
    assert outcome.code == 0
    for sentence in sentences:
        assert sentence in outcome.out


def test_a_type_without_prefixes_says_so(cli: Cli) -> None:
    outcome = recommend(cli, "-t", "t2.large", "--cpu-per-pod", "10m")
    assert "Prefixes would change nothing: ipamd attaches none to this type." in outcome.out


def test_where_no_pod_fits_it_ends_with_1(cli: Cli) -> None:
    one = recommend(cli, "--cpu-per-pod", "4", "-t", "m5.large")
    assert one.code == 1
    assert "m5.large: compute-bound (cpu), 0 pods a node" in one.out
    assert "No pod fits on such a node." in one.out
    record = json.loads(recommend(cli, "--cpu-per-pod", "4", "-t", "m5.large", "-o", "json").out)[0]
    assert (record["pods_per_node"], record["nodes"], record["addresses"], record["usd_per_hour"]) == (
        0,
        None,
        None,
        None,
    )
    many = recommend(cli, "--cpu-per-pod", "4", "-t", "m5.large,m5a.large")
    assert (many.code, many.out) == (1, "no pod fits on any of the types\n")
    assert many.err == "note: left out 2 of 2 types: no pod fits by cpu (2)\n"
    assert recommend(cli, "--cpu-per-pod", "4", "-t", "m5.large,m5a.large", "-o", "json").out == "[]\n"


def test_what_could_not_be_assessed_is_counted_with_the_reason(cli: Cli, tmp_path: Path) -> None:
    header = (Path(__file__).parent.parent.parent / "data" / "instance_types.csv").read_text().splitlines()[0]
    table = tmp_path / "types.csv"
    rows = [
        "m9.large,2,,x86_64,nitro,false,3,10,1,0,,,0,true,x",
        "m9.xlarge,4,16384,x86_64,nitro,false,3,10,1,0,,,0,true,x",
    ]
    table.write_text("\n".join([header, *rows, ""]))
    outcome = recommend(cli, *ORDINARY, "--catalog", str(table), "-o", "json")
    assert [each["instance_type"] for each in json.loads(outcome.out)] == ["m9.xlarge"]
    assert outcome.err == "note: left out 1 of 2 types: the table does not know memory_mib (1)\n"
    named = recommend(cli, *ORDINARY, "--catalog", str(table), "-t", "m9.large")
    assert (named.code, named.out) == (2, "")
    assert "m9.large: the table does not know memory_mib" in named.err


def test_by_default_types_are_ordinary_and_of_the_current_generation(cli: Cli) -> None:
    found = names(records(cli, *ORDINARY, "--best", "10000"))
    assert "m7i.large" in found
    assert not found & {"m4.large", "m7i.metal-24xl", "g6.xlarge", "inf2.xlarge", "mac2.metal"}


@pytest.mark.parametrize(
    ("arguments", "among", "not_among"),
    [
        (("--generation", "all"), {"m4.large", "m7i.large"}, {"m5.metal"}),
        (("--family", "m4,t3"), {"m4.large", "t3.large"}, {"m7i.large"}),
        (("--family", "m*", "--architecture", "arm64"), {"m7g.large"}, {"m7i.large", "c7g.large"}),
        (("--gpus", "1"), {"g6.xlarge"}, {"m7i.large", "inf2.xlarge"}),
        (("--gpus", "any"), {"g6.xlarge", "inf2.xlarge", "m7i.large"}, {"m4.large"}),
        (("--bare-metal", "only"), {"m7i.metal-24xl"}, {"m7i.large"}),
        (("--min-vcpus", "4", "--max-vcpus", "8"), {"m7i.xlarge"}, {"m7i.large", "m7i.4xlarge"}),
        (("--min-memory", "16Gi", "--max-memory", "32Gi"), {"m7i.xlarge"}, {"m7i.large", "m7i.4xlarge"}),
        (("--min-size", "xlarge", "--max-size", "2xlarge"), {"m7i.xlarge"}, {"m7i.large", "m7i.4xlarge"}),
        (("-t", "m5.*"), {"m5.large"}, {"m5.metal", "m7i.large"}),
        (("-t", "m5.metal,t3.*"), {"m5.metal", "t3.large"}, {"m5.large"}),
    ],
)
def test_filters_choose_the_types(cli: Cli, arguments: tuple[str, ...], among: set[str], not_among: set[str]) -> None:
    found = names(records(cli, *ORDINARY, *arguments, "--best", "10000"))
    assert among <= found
    assert not found & not_among


def test_a_named_type_that_a_filter_leaves_out_is_told(cli: Cli) -> None:
    outcome = recommend(cli, *ORDINARY, "-t", "m5.large,m6g.large", "--architecture", "arm64")
    assert "note: of the 2 types named left out are 1 by --architecture arm64\n" in outcome.err


def test_each_sort_puts_its_figure_first(cli: Cli) -> None:
    for sort, field in (("waste", "unused_percent"), ("nodes", "nodes"), ("addresses", "addresses")):
        figures = [each[field] for each in records(cli, *ORDINARY, "--sort", sort, "--best", "50")]
        assert figures == sorted(figures)


def test_prices_rank_and_types_without_one_come_last(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    file.write_text("instance_type,usd_per_hour\nm5.large,0.1\nm5.xlarge,0.3\nm5a.large,0.0333333333\nzz9.huge,1\n")
    arguments = (*ORDINARY, "-t", "m5.*,m5a.large", "--prices", str(file))
    outcome = recommend(cli, *arguments, "-o", "json")
    found = json.loads(outcome.out)
    # 72 nodes of 7 pods; m5.xlarge: 3920m / 250m = 15 pods, 34 nodes
    assert [(each["instance_type"], each["usd_per_hour"], each["usd_per_node_hour"]) for each in found[:3]] == [
        ("m5a.large", 2.4, 0.033333),
        ("m5.large", 7.2, 0.1),
        ("m5.xlarge", 10.2, 0.3),
    ]
    assert {each["usd_per_hour"] for each in found[3:]} == {None}
    assert outcome.err == (
        "note: of the 10 types named left out are 1 by --bare-metal exclude\n"
        "note: 1 of the prices are of types not in the table, such as zz9.huge\n"
        "note: without a price are 6 of 9 types, which come last by price\n"
    )
    assert "2.4000" in recommend(cli, *arguments).out
    by_waste = json.loads(recommend(cli, *arguments, "--sort", "waste", "-o", "json").out)
    assert [each["unused_percent"] for each in by_waste] == sorted(each["unused_percent"] for each in by_waste)
    priceless = recommend(cli, *ORDINARY, "-t", "m4.large", "--prices", str(file))
    assert "note: no price is known of m4.large\n" in priceless.err


def test_prices_come_from_standard_input(program: Cli) -> None:
    arguments = ("recommend", "--pods", "500", *ORDINARY, "-t", "m5.large", "--prices", "-")
    assert "for 6.9120 USD an hour" in program(*arguments, stdin="instance_type,usd_per_hour\nm5.large,0.096\n").out


def test_without_requests_only_addresses_count_and_it_says_so(cli: Cli) -> None:
    outcome = recommend(cli, "-t", "m5.large", "-o", "json")
    record = json.loads(outcome.out)[0]
    assert (record["unused_cpu_millicores"], record["unused_memory_percent"]) == (None, None)
    assert record["unused_percent"] == record["unused_addresses_percent"] == 2.5  # 13 of 19 x 27
    assert outcome.err == "note: without --cpu-per-pod and --memory-per-pod only max pods and addresses count\n"


def test_daemonsets_and_overhead_count(cli: Cli) -> None:
    arguments = ("--daemonset-pods", "2", "--daemonset-cpu", "430m", "--daemonset-memory", "1Gi")
    (found,) = records(cli, *ORDINARY, "-t", "m5.large", *arguments, "--memory-overhead-percent", "10")
    # (1930 - 430) / 250 = 6; (8192 x 0.9 - 574 - 100 - 1024) / 512 = 11.08
    assert {each["limited_by"]: each["pods"] for each in found["bounds"]} == {
        "cpu": 6,
        "memory": 11,
        "ip-addresses": 25,
    }


def test_the_table_fits_a_terminal_of_80_columns(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    file = tmp_path / "prices.csv"
    file.write_text("instance_type,usd_per_hour\nm5.large,0.1\n")
    for arguments in ((), ("--prices", str(file)), ("-t", "m5.large")):
        lines = recommend(cli, *ORDINARY, *arguments).out.splitlines()
        assert max(map(len, lines)) <= 80
        assert any("LIMITED BY" in line for line in lines)
    amounts = [line[line.rindex("MEAN%") + 5 :] for line in recommend(cli, *ORDINARY).out.splitlines()[:1]]
    assert amounts == ["  LIMITED BY"]


def test_a_price_of_many_digits_has_no_noise(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    file.write_text("instance_type,usd_per_hour\nm5.large,0.1\n")
    (found,) = records(cli, "-t", "m5.large", "--prices", str(file), pods=81)
    assert found["usd_per_hour"] == 0.3  # 3 x 0.1 in binary is 0.30000000000000004
    huge = recommend(cli, "-t", "m5.large", "--prices", str(file), "-o", "json", pods=10**9)
    assert '"usd_per_hour": 3703703.8' in huge.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--pods", "0"), "0 is not in the range"),
        (("--pods", "-5"), "-5 is not in the range"),
        (("--pods", "9" * 30), "is not in the range"),
        (("--pods", "many"), "is not a valid int"),
        (("--cpu-per-pod", "-1"), "--cpu-per-pod '-1' is not an amount of CPU"),
        (("--memory-per-pod", "512MB"), "--memory-per-pod '512MB' is not an amount of memory"),
        (("--daemonset-cpu", "x\x1b[31m"), r"--daemonset-cpu 'x\x1b[31m' is not an amount"),
        (("--memory-overhead-percent", "nan"), "from 0 to 90"),
        (("--memory-overhead-percent", "91"), "from 0 to 90"),
        (("--gpus", "0"), "--gpus '0' is neither none nor any nor a least number"),
        (("--gpus", "-1"), "is neither none nor any"),
        (("--family", "m55"), "no instance type matches 'm55.*'"),
        (("--family", "m\x07"), r"no instance type matches 'm\x07.*'"),
        (("-t", "m5.larg"), "did you mean m5.large"),
        (("-t", "mac2.metal"), "of 1 left out are 1 by EKS's architectures"),
        (("--family", "g5"), "8 by --gpus none"),
        (("--min-size", "4xl"), "no instance type has the size '4xl'"),
        (("--min-vcpus", "8", "--max-vcpus", "4"), "--min-vcpus is above --max-vcpus"),
        (("--sort", "price"), "--sort price needs --prices"),
        (("--provisioner", "fargate"), "Fargate has no instance types to choose from"),
        (("--provisioner", "windows"), "is not simulated"),
        (("-t", "t2.large", "--ip-family", "ipv6"), "t2.large: IPv6 pods need a Nitro type"),
        (("--cni-prefix-delegation-enabled", "--warm-prefix-target", "0"), "refuses to start"),
        (("--prices", "/nowhere.csv"), "cannot read /nowhere.csv: No such file or directory"),
        (("--prices", "/dev/null"), "/dev/null:1: the first line must be instance_type,usd_per_hour"),
        (("--prices", "-", "--aws-node", "-"), "cannot both read standard input"),
    ],
)
def test_bad_input_is_one_clear_line(cli: Cli, arguments: tuple[str, ...], message: str) -> None:
    given = arguments if "--pods" in arguments else ("--pods", "500", *arguments)
    outcome = cli("recommend", *given)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1
    assert message in outcome.err


def test_offline_it_loads_nothing_heavy() -> None:
    code = (
        "import sys; from cni_plan.cli.app import run; sys.stdout = sys.stderr; "
        "run(['recommend', '--pods', '5', '--cpu-per-pod', '1']); print('\\n'.join(sys.modules), file=sys.__stdout__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {name.split(".")[0] for name in done.stdout.split()} & {"rich", "pydantic", "yaml", "boto3", "botocore"}
