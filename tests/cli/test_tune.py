import csv
import io
import json

import pytest

from tests.support import Cli


def test_the_records_have_the_groups_and_one_recommendation(cli: Cli) -> None:
    outcome = cli("tune", "--group", "m5.large:20x12", "--group", "t3.large:5x30", "-o", "json", "--best", "100")
    assert outcome.code == 0
    records = json.loads(outcome.out)
    assert [record["recommended"] for record in records] == [True] + [False] * (len(records) - 1)
    for record in records:
        for figure in ("addresses", "waste", "ec2_calls", "calls_per_minute", "ready_pods"):
            assert record[figure] == sum(group[figure] for group in record["groups"])
    assert {record["mode"] for record in records} == {"secondary-ip", "prefix-delegation"}


def test_the_table_ends_with_the_recommendation_and_its_reason(cli: Cli) -> None:
    text = cli("tune", "-t", "m5.large", "--pods", "10").out
    assert "recommended: " in text
    assert "EC2 calls to fill all nodes, the least of the two together" in text
    assert "MORE THAN ITS OWN BEST" in text


def test_limits_that_nothing_meets_end_with_1(cli: Cli) -> None:
    outcome = cli("tune", "--group", "m5.large:20x12", "--free-addresses", "100")
    assert outcome.code == 1
    assert "no setting does it; the nearest is" in outcome.out
    assert "addresses of 100 free" in outcome.out


def test_a_change_of_mode_is_no_change_in_place(cli: Cli) -> None:
    outcome = cli("tune", "--group", "m5.large:20x12", "-o", "csv")
    best = next(csv.DictReader(io.StringIO(outcome.out)))
    assert best["mode"] == "prefix-delegation"
    assert "move to new nodes, never in place" in outcome.err
    assert "never in place" not in cli("tune", "--group", "m5.large:20x12", "--cni-prefix-delegation-enabled").err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name at least one group"),
        (["-t", "m5.large"], "-t needs --pods"),
        (["--group", "m5.large"], "is not TYPE:NODESxPODS"),
        (["--group", "m5.large:0x5"], "from 1 to"),
        (["--group", "m5.large:5x99999"], "at most 10000 pods"),
        (["--group", "m5.larg:5x5"], "did you mean m5.large"),
        (["--group", "m5.large:5x5", "--ip-family", "ipv6"], "warm targets have no effect"),
    ],
)
def test_bad_input_is_one_clear_line(cli: Cli, arguments: list[str], message: str) -> None:
    outcome = cli("tune", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1
    assert message in outcome.err
