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
        (["--pods", "48", "-o", "terraform"], "needs a subnet: give --cidr or --subnet-id"),
        (["--pods", "48", "--cidr", "10.0.0.0/24", "--used-file", "/nowhere"], "cannot read /nowhere"),
        (["--pods", "48", "--cidr", "10.0.0.0/24", "--used-file", "/dev/zero"], "larger than 20 MiB"),
        ([], "give --pods, or a type"),
    ],
)
def test_bad_input_is_one_clear_line_and_nothing_on_stdout(cli: Cli, arguments: list[str], message: str) -> None:
    outcome = cli("subnet", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1
    assert message in outcome.err


NODES = ("subnet", "-t", "m5.large", "--nodes", "6", "--pods-per-node", "20", "--cni-prefix-delegation-enabled")


def test_nodes_take_what_ipamd_holds(cli: Cli) -> None:
    outcome = cli(*NODES, "--surge", "10%", "-o", "json")
    (record,) = json.loads(outcome.out)
    assert (record["nodes"], record["surge_nodes"], record["pods"]) == (6, 1, 120)
    assert record["prefixes"] == record["held_prefixes"] == 7 * 3  # 20 pods fill two, and one is warm
    assert record["addresses"] == 4 + 7 * (1 + 3 * 16)
    assert record["per_node"]["rest"] == {"single_addresses": 1, "prefixes": 3, "addresses": 49}
    assert record["smallest_subnet"] == "/23"
    assert cli(*NODES, "-o", "plain").out == "18\n"


def test_nodes_are_judged_over_the_subnets_together(cli: Cli) -> None:
    arguments = (*NODES, "--cidr", "10.0.0.0/24", "--cidr", "10.0.1.0/25", "--control-plane-enis", "0")
    outcome = cli(*arguments, "-o", "json")
    assert outcome.code == 1
    (record,) = json.loads(outcome.out)
    assert [(each["nodes"], each["max_nodes"], each["fits"]) for each in record["subnets"]] == [
        (3, 4, True),
        (3, 2, False),
    ]
    assert record["remedies"][0]["change"] == "tighter warm targets"
    text = cli(*arguments).out
    assert "what would make it fit, the cheapest first\n  tighter warm targets: " in text
    assert "10.0.0.0/24: reserve 10.0.0.16/28 10.0.0.64/26 10.0.0.128/26\n" in text


def test_a_forecast_is_a_table_with_bars_and_a_verdict(cli: Cli) -> None:
    text = cli("subnet", "--pods", "48", "--cidr", "10.0.0.0/24", "--forecast").out
    assert "0%         0  14.0      14.0      " + "#" * 50 in text
    assert "assumed: every free address outside prefix reservations is as likely to be taken next as any other" in text
    assert "3 prefixes fit with 95% confidence up to 15 more single addresses, 6.0% in use" in text
    (record,) = json.loads(cli("subnet", "--pods", "48", "--cidr", "10.0.0.0/24", "--forecast", "-o", "json").out)
    assert record["subnets"][0]["last_fit"]["single_addresses"] == 15


def test_the_cloudformation_template_passes_cfn_lint(cli: Cli, tmp_path: Path) -> None:
    import subprocess
    import sys

    for ranges in (["10.0.0.0/24"], ["10.0.0.0/24", "10.0.1.0/24"]):
        cidrs = [word for each in ranges for word in ("--cidr", each)]
        outcome = cli("subnet", "--pods", "80", *cidrs, "-o", "cloudformation")
        file = tmp_path / "template.json"
        file.write_text(outcome.out)
        command = [str(Path(sys.executable).with_name("cfn-lint")), "--non-zero-exit-code", "warning", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, ""), done.stdout
        resources = json.loads(outcome.out)["Resources"].values()
        assert {each["Properties"]["ReservationType"] for each in resources} == {"prefix"}
        assert len(resources) == 2 * len(ranges)


def test_the_map_has_a_cell_for_each_block_within_80_columns(cli: Cli) -> None:
    used = ("--used", "10.0.0.70", "--used", "10.0.1.0/27", "--used", "10.0.0.16/30")
    lines = cli("subnet", "map", "--cidr", "10.0.0.0/22", *used).out.splitlines()
    assert lines[0] == "10.0.0.0/22: 58 free /28 blocks, 982 free addresses"
    assert lines[2] == "10.0.0.0        a4..1...........++" + "." * 45 + "a"
    assert max(map(len, lines)) <= 80
    legend = {line.split()[0]: int(line.split()[1]) for line in lines[4:]}
    assert legend == {".": 58, "r": 0, "P": 0, "1-9+": 4, "x": 0, "a": 2}
    assert sum(legend.values()) == 64
    whole = cli("subnet", "map", "--cidr", "10.0.0.0/16").out.splitlines()
    assert len([line for line in whole if line.startswith("10.0.") and ":" not in line]) == 64


def test_the_svg_map_is_well_formed_and_has_a_square_for_each_block(cli: Cli) -> None:
    import xml.etree.ElementTree as ET

    outcome = cli("subnet", "map", "--cidr", "10.0.0.0/24", "--used", "10.0.0.70", "-o", "svg")
    root = ET.fromstring(outcome.out)  # noqa: S314 # our own text
    squares = [each.get("class") for each in root.iter("{http://www.w3.org/2000/svg}rect") if each.get("class")]
    legend = 6
    assert len(squares) == 16 + legend
    assert squares[:6] == ["aws", "free", "free", "free", "singles", "free"]
    assert "http" not in outcome.out.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-t", "m5.large", "--nodes", "3"], "give either --pods, for all nodes together, or --pods-per-node"),
        (["-t", "m5.large", "--pods", "3", "--pods-per-node", "3"], "give either --pods"),
        (["--pods", "3", "--nodes", "3"], "give -t"),
        (["-t", "m5.*", "--pods", "3"], "one instance type at a time"),
        (["-t", "m5.large", "--pods", "3", "--surge", "some"], "neither a number of nodes nor a percentage"),
        (["--pods", "3", "--forecast"], "--forecast needs a subnet"),
        (["map"], "nothing to draw"),
        (["map", "--cidr", "10.0.0.0/24", "--cidr", "10.0.1.0/24", "-o", "svg"], "one subnet for each image"),
        (["snapshot"], "a snapshot is read from EC2"),
        (["snapshot", "--tag", "x"], "is not KEY=VALUE"),
        (["--pods", "3", "--subnet-id", "subnet-1", "--cidr", "10.0.0.0/24"], "leave --cidr and --used out"),
    ],
)
def test_options_that_do_not_go_together_are_one_clear_line(cli: Cli, arguments: list[str], message: str) -> None:
    outcome = cli("subnet", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1
    assert message in outcome.err
