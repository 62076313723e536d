import json
from pathlib import Path

import pytest

from tests.support import Cli

MANIFEST = str(Path(__file__).parent.parent / "scenarios" / "check" / "aws-node-v1.15.3.yaml")


def test_the_record_has_exactly_the_documented_fields(cli: Cli) -> None:
    arguments = ("simulate", "-t", "t3.small", "--pods", "5", "--warm-ip-target", "2", "--minimum-ip-target", "5")
    (record,) = json.loads(cli(*arguments, "-o", "json").out)
    assert record == {
        "pods": 5,
        "assigned_ips": 5,
        "total_ips": 7,
        "available_ips": 2,
        "enis": 3,
        "prefixes": 0,
        "per_eni": [3, 3, 1],
        "subnet_ips": 3 + 7,
        # the primary's 3 addresses, an ENI with 2 (create, attach, modify, tag), its third address, another ENI with 1
        "ec2_calls": 1 + 4 + 1 + 4,
    }


def test_a_range_has_a_record_for_each_number_of_pods(cli: Cli) -> None:
    records = json.loads(cli("simulate", "-t", "t3.small", "--pods", "0-58", "-o", "json").out)
    assert [record["pods"] for record in records] == list(range(59))
    assert records[58]["assigned_ips"] == 9


def test_the_table_has_a_row_where_the_pool_changes_and_a_chart(cli: Cli) -> None:
    outcome = cli("simulate", "-t", "t3.small")
    rows = [line.split() for line in outcome.out.splitlines()]
    assert rows[1:4] == [
        ["0", "0", "3", "3", "1", "0", "3", "4", "1"],
        ["1-3", "1-3", "6", "5-3", "2", "0", "3,3", "8", "5"],
        ["4-9", "4-9", "9", "5-0", "3", "0", "3,3,3", "12", "9"],
    ]
    assert "addresses: # assigned to pods, . attached and free" in outcome.out
    assert outcome.out.isascii()


def test_max_pods_is_what_max_pods_says(cli: Cli) -> None:
    arguments = ("simulate", "-t", "c5.4xlarge", "--pods", "108", "-o", "json")
    (capped,) = json.loads(cli(*arguments).out)  # 4 x 29 = 116 addresses are the first sum above 110
    assert capped["total_ips"] == 4 * 29
    (raised,) = json.loads(cli(*arguments, "--max-pods", "234").out)
    assert raised["total_ips"] == 5 * 29


def test_prefixes_have_the_add_ons_warm_prefix(cli: Cli) -> None:
    (record,) = json.loads(
        cli("simulate", "-t", "t3.small", "--cni-prefix-delegation-enabled", "--pods", "17", "-o", "json").out
    )
    assert record["prefixes"] == 3


def test_settings_come_from_a_manifest(cli: Cli) -> None:
    arguments = ("simulate", "-t", "t3.small", "--pods", "5", "-o", "json", "--aws-node", MANIFEST)
    (record,) = json.loads(cli(*arguments).out)
    assert record["per_eni"] == [3, 3, 3]
    outcome = cli(*arguments, "--warm-ip-target", "1")
    assert (outcome.code, outcome.out) == (2, "")
    assert "leave the warm targets out" in outcome.err
    assert "leave the other CNI options out" in cli(*arguments, "--cni-max-eni", "2").err
    assert cli("max-pods", "-t", "t3.large", "--aws-node", MANIFEST).out == "35\n"


def test_pods_without_an_address_are_counted(cli: Cli) -> None:
    outcome = cli("simulate", "-t", "m5.large", "--minimum-ip-target", "5", "--pods", "20", "-o", "csv")
    assert "15 of 20 pods get no address: the pool stops at 5" in outcome.err


def test_a_ramp_and_a_file_walk_the_same_timeline(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "churn.csv"
    file.write_text("seconds,pods\n0,0\n20,1\n40,2\n60,3\n")
    arguments = ("simulate", "-t", "m5.large", "--warm-ip-target", "1", "--minimum-ip-target", "2", "-o", "json")
    by_ramp = json.loads(cli(*arguments, "--ramp", "0-3", "--over", "1m").out)
    assert by_ramp == json.loads(cli(*arguments, "--churn", str(file)).out)
    assert [(each["seconds"], each["pods"], each["waiting"]) for each in by_ramp] == [
        (0, 0, 0),
        (20, 1, 0),
        (40, 2, 0),
        (40, 2, 0),
        (60, 3, 0),
        (60, 3, 0),
    ]


def test_a_timelines_table_says_what_it_came_to(cli: Cli) -> None:
    arguments = ("simulate", "-t", "m5.large", "--warm-ip-target", "2", "--minimum-ip-target", "5")
    text = cli(*arguments, "--ramp", "0-12", "--over", "1s").out
    assert "most addresses taken from the subnets   16" in text  # 14 on two ENIs
    assert "pods that waited for an address         7 (at second 0.5, " in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-t", "t3.*"], "one instance type at a time: 7 are selected"),
        (["-t", "t3.small", "--pods", "-1"], "--pods '-1'"),
        (["-t", "t3.small", "--pods", "0-5000"], "at most 1000 values"),
        (["-t", "t3.small", "--pods", "1", "--ramp", "0-5"], "one of --pods, --churn and --ramp"),
        (["-t", "t3.small", "--ramp", "5"], "is not a range such as 0-100"),
        (["-t", "t3.small", "--ramp", "0-5", "--over", "soon"], "is not a duration"),
        (["-t", "t3.small", "--ramp", "0-5", "--over", "9999h"], "is not a duration"),
        (["-t", "t3.small", "--churn", "/nowhere"], "cannot read /nowhere"),
        (["-t", "t3.small", "--churn", "/dev/null"], "no seconds,pods lines"),
        (["-t", "t3.small", "--aws-node", "/dev/null"], "no aws-node in it"),
        (["-t", "t3.small", "--cni-prefix-delegation-enabled", "--warm-prefix-target", "0"], "refuses to start"),
        (["-t", "t2.small", "--ip-family", "ipv6"], "Nitro"),
        (["-t", "t3.small", "--ip-family", "ipv6", "--ramp", "0-5"], "nothing changes over time"),
    ],
)
def test_bad_input_is_one_clear_line(cli: Cli, arguments: list[str], message: str) -> None:
    outcome = cli("simulate", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.splitlines()[-1].startswith("cni-plan: error: ")
    assert message in outcome.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0,1\nx,2\n", "churn.csv:2: 'x,2' is not seconds,pods"),
        ("0,1,2\n", "churn.csv:1"),
        ("5,1\n4,1\n", "churn.csv:2: second 4 comes before"),
        ("0,-1\n", "churn.csv:1: at most"),
        ("0,1\nnan,1\n", "churn.csv:2: at most"),
        ("1e99,1\n", "churn.csv:1: at most"),
    ],
)
def test_a_wrong_line_of_a_timeline_is_named(cli: Cli, tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "churn.csv"
    file.write_text(text)
    outcome = cli("simulate", "-t", "t3.small", "--churn", str(file))
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("simulate", "-t", "t3.small", "--max-pods", "2147483647"),
        ("simulate", "-t", "t3.small", "--pods", "1000000000"),
        ("simulate", "-t", "m5.24xlarge", "--warm-ip-target", "1000000000", "--pods", "1000000000"),
        ("subnet", "-t", "t3.small", "--nodes", "1000000000", "--pods", "1000000000", "--max-pods", "2147483647"),
        ("subnet", "-t", "t3.small", "--pods", "1000000000", "--cidr", "10.0.0.0/16", "--cidr", "10.1.0.0/16"),
        ("max-pods", "-t", "t3.small", "--nodes", "1000000000", "--max-pods", "2147483647"),
    ],
    ids=" ".join,
)
def test_huge_numbers_take_no_longer_than_small_ones(program: Cli, arguments: tuple[str, ...]) -> None:
    outcome = program(*arguments, timeout=30)
    assert outcome.code in {0, 1}
    assert "Traceback" not in outcome.err
    assert outcome.out
