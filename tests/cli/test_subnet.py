import csv
import io
import json
from pathlib import Path

import pytest
import yaml

from tests.support import Cli


def test_forty_eight_pods(cli: Cli) -> None:
    assert cli("subnet", "--pods", "48", "-o", "plain").out == "3\n"
    assert json.loads(cli("subnet", "--pods", "48", "-o", "json").out) == [
        {
            "pods": 48,
            "prefixes": 3,
            "addresses": 48,
            "held_prefixes": 4,
            "smallest_subnet": "/25",
            "subnets": [],
        }
    ]


def test_a_subnets_record_has_exactly_the_documented_fields(cli: Cli) -> None:
    outcome = cli("subnet", "--pods", "48", "--cidr", "10.0.0.0/24", "--used", "10.0.0.200", "-o", "json")
    assert outcome.code == 0
    assert json.loads(outcome.out)[0]["subnets"] == [
        {
            "cidr": "10.0.0.0/24",
            "subnet_id": None,
            "availability_zone": None,
            "addresses": 256,
            "used_addresses": 1,
            "free_addresses": 250,
            "free_prefixes": 13,
            "reserved_prefixes": 0,
            "fits": True,
            "reservations": ["10.0.0.64/26"],
        }
    ]


def test_json_yaml_and_csv_say_the_same(cli: Cli) -> None:
    arguments = ("subnet", "--pods", "48", "--cidr", "10.0.0.0/24", "--cidr", "10.0.1.0/25", "-o")
    (record,) = json.loads(cli(*arguments, "json").out)
    assert yaml.safe_load(cli(*arguments, "yaml").out) == [record]
    rows = list(csv.DictReader(io.StringIO(cli(*arguments, "csv").out)))
    assert [row["free_prefixes"] for row in rows] == [str(each["free_prefixes"]) for each in record["subnets"]]
    assert [row["reservations"] for row in rows] == ["10.0.0.64/26", "10.0.1.16/28; 10.0.1.32/27"]


def test_what_does_not_fit_ends_with_1_and_says_what_is_missing(cli: Cli) -> None:
    used = [part for block in range(16) for part in ("--used", f"10.0.0.{16 * block + 9}")]
    outcome = cli("subnet", "--pods", "16", "--cidr", "10.0.0.0/24", *used)
    assert outcome.code == 1
    assert "10.0.0.0/24 has 0 free /28 blocks (235 free addresses), fewer than the 1 prefixes needed" in outcome.err
    assert "10.0.0.0/24  no " in outcome.out


def test_room_for_the_pods_but_not_for_the_warm_prefix_fits_with_a_note(cli: Cli) -> None:
    outcome = cli("subnet", "--pods", "32", "--cidr", "10.0.0.0/26")
    assert outcome.code == 0
    assert "enough for the pods, not for the 3 that ipamd wants to hold" in outcome.err


def test_more_than_any_subnet_has_ends_with_1(cli: Cli) -> None:
    outcome = cli("subnet", "--pods", str(4094 * 16 + 1), "-o", "json")
    assert outcome.code == 1
    assert json.loads(outcome.out)[0]["smallest_subnet"] is None
    assert "more than any one subnet has" in outcome.err


def test_a_used_file_has_an_entry_a_line_and_comments(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "used.txt"
    file.write_text("# the old nodes\n10.0.0.70\n\n10.0.0.128/26  # prefixes\n192.168.0.1\n")
    outcome = cli("subnet", "--pods", "48", "--cidr", "10.0.0.0/24", "--used-file", str(file), "-o", "json")
    (subnet,) = json.loads(outcome.out)[0]["subnets"]
    assert (subnet["used_addresses"], subnet["free_prefixes"]) == (1 + 64, 14 - 1 - 4)
    assert outcome.err == "note: 1 of the used addresses lie outside the given subnets\n"


def test_a_wrong_line_of_a_used_file_is_named(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "used.txt"
    file.write_text("10.0.0.70\n10.0.0.999\n")
    outcome = cli("subnet", "--pods", "48", "--cidr", "10.0.0.0/24", "--used-file", str(file))
    assert (outcome.code, outcome.out) == (2, "")
    assert f"{file}:2: '10.0.0.999' is not an IPv4 address or CIDR" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--pods", "-1"], "'--pods': -1 is not in the range"),
        (["--pods", "many"], "'--pods'"),
        (["--pods", "48", "--cidr", "10.0.0.1/24"], "did you mean 10.0.0.0/24?"),
        (["--pods", "48", "--cidr", "10.0.0.0"], "lacks a length"),
        (["--pods", "48", "--cidr", "10.0.0.0/8"], "cannot be a subnet"),
        (["--pods", "48", "--cidr", "fd00::/64"], "is not an IPv4 address or CIDR"),
        (["--pods", "48", "--cidr", "10.0.0.0/24", "--cidr", "10.0.0.128/25"], "overlaps"),
        (["--pods", "48", "--used", "10.0.0.1"], "give --cidr too"),
        (["--pods", "48", "-o", "terraform"], "give --cidr too"),
        (["--pods", "48", "--cidr", "10.0.0.0/24", "--used-file", "/nowhere"], "cannot read /nowhere"),
        (["--pods", "48", "--cidr", "10.0.0.0/24", "--used-file", "/dev/zero"], "larger than 20 MiB"),
        ([], "Missing option '--pods'"),
    ],
)
def test_bad_input_is_one_clear_line_and_nothing_on_stdout(cli: Cli, arguments: list[str], message: str) -> None:
    outcome = cli("subnet", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1
    assert message in outcome.err
