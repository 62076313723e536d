import csv
import io
import json
from pathlib import Path

import pytest
import yaml

from cni_plan.catalog import COLUMNS, data_file
from tests.support import Cli

PUBLISHED_TABLE = """\
NODES  t3.nano  t3.micro  t3.small  t3.medium  t3.large  t3.xlarge  t3.2xlarge
    1        4         4        11         17        35         58          58
    2        8         8        22         34        70        116         116
    3       12        12        33         51       105        174         174
    4       16        16        44         68       140        232         232
"""


def test_one_type_and_one_node_count_print_the_bare_integer(cli: Cli) -> None:
    assert cli("max-pods", "--instance-type", "t3.large").out == "35\n"


def test_the_record_has_exactly_the_documented_fields(cli: Cli) -> None:
    assert json.loads(cli("max-pods", "-t", "t3.large", "-o", "json").out) == [
        {
            "instance_type": "t3.large",
            "mode": "secondary-ip",
            "max_pods": 35,
            "max_allowed": 35,
            "ceiling": 110,
            "limited_by": "ip-addresses",
            "ip_capacity": 33,
            "max_enis": 3,
            "ipv4_per_eni": 12,
            "vcpus": 2,
            "memory_mib": 8192,
            "hypervisor": "nitro",
            "branch_enis": 0,
            "kube_reserved_memory_mib": 640,
            "nodes": 1,
            "total_pods": 35,
            "notes": [],
        }
    ]


def test_json_yaml_and_csv_say_the_same(cli: Cli) -> None:
    arguments = ("max-pods", "-t", "t3.*,c5a.metal", "--cni-prefix-delegation-enabled", "--nodes", "1-2", "-o")
    records = json.loads(cli(*arguments, "json").out)
    assert len(records) == 8 * 2
    assert yaml.safe_load(cli(*arguments, "yaml").out) == records
    rows = list(csv.DictReader(io.StringIO(cli(*arguments, "csv").out)))
    assert [row["instance_type"] for row in rows] == [record["instance_type"] for record in records]
    assert [int(row["total_pods"]) for row in rows] == [record["total_pods"] for record in records]
    assert [row["hypervisor"] for row in rows] == [record["hypervisor"] or "" for record in records]


def test_the_published_table_of_types_by_nodes(cli: Cli) -> None:
    assert cli("max-pods", "-t", "t3.*", "--nodes", "1-4").out == PUBLISHED_TABLE


def test_nodes_multiply(cli: Cli) -> None:
    assert cli("max-pods", "-t", "t3.medium", "--nodes", "3").out == f"{3 * 17}\n"


def test_too_many_types_for_the_width_go_down_and_nodes_across(cli: Cli) -> None:
    lines = cli("max-pods", "-t", "m5*", "--nodes", "1-2").out.splitlines()
    assert lines[0].split() == ["INSTANCE", "TYPE", "1", "NODES", "2", "NODES"]
    assert ["m5.large", "29", "58"] in [line.split() for line in lines]


def test_the_calculators_flags_are_taken_as_they_are(cli: Cli) -> None:
    flags = ["--cni-version", "1.15.3", "--cni-prefix-delegation-enabled", "--cni-max-eni", "2", "--show-max-allowed"]
    assert cli("max-pods", "--instance-type", "t3.large", *flags).out == f"{2 * 11 * 16 + 2}\n"
    custom = cli("max-pods", "--instance-type", "t3.large", *flags, "--cni-custom-networking-enabled")
    assert custom.out == f"{1 * 11 * 16 + 2}\n"


def test_prefixes_that_are_not_in_force_keep_the_integer_and_speak_on_stderr(cli: Cli) -> None:
    outcome = cli("max-pods", "-t", "t2.micro", "--cni-prefix-delegation-enabled")
    assert (outcome.code, outcome.out) == (0, "4\n")
    assert outcome.err.startswith("note: t2.micro: prefix delegation needs a Nitro type: counted with secondary IPs")
    assert outcome.err.count("\n") == 1


def test_a_note_on_many_types_is_one_line(cli: Cli) -> None:
    outcome = cli("max-pods", "-t", "*", "--cni-prefix-delegation-enabled", "-o", "json")
    assert len(json.loads(outcome.out)) == 1416
    assert len(outcome.err.splitlines()) <= 9
    assert "and 79 more: prefix delegation needs a Nitro type" in outcome.err


def test_ipv6_leaves_out_what_a_glob_matched_and_refuses_what_was_named(cli: Cli) -> None:
    outcome = cli("max-pods", "-t", "m4.large,m5.large", "--ip-family", "ipv6")
    assert (outcome.code, outcome.out) == (2, "")
    assert "m4.large cannot run IPv6 pods" in outcome.err
    outcome = cli("max-pods", "-t", "m[45].large", "--ip-family", "ipv6", "-o", "csv")
    assert outcome.code == 0
    assert [row.split(",")[:3] for row in outcome.out.splitlines()[1:]] == [["m5.large", "ipv6", "110"]]
    assert "left out 1 types" in outcome.err


def test_fargate_needs_no_type(cli: Cli) -> None:
    assert cli("max-pods", "--provisioner", "fargate").out == "1\n"
    (record,) = json.loads(cli("max-pods", "--provisioner", "fargate", "-o", "json").out)
    assert (record["limited_by"], record["max_enis"]) == ("fargate", None)


def test_the_explanation_shows_the_arithmetic_and_every_provisioner(cli: Cli) -> None:
    text = cli("max-pods", "-t", "m5.large", "--cni-prefix-delegation-enabled", "--explain").out
    words = [line.split() for line in text.splitlines()]
    assert text.startswith("m5.large: 110 pods, limited by ceiling\n")
    assert ["pods", "by", "addresses", "3", "x", "(10", "-", "1)", "x", "16", "+", "2", "434"] in words
    assert ["ceiling", "2", "vCPUs", "<=", "30", "110"] in words
    assert "memory 11 x 110 + 255 = 1465 MiB of 8192 (18%), CPU 70m of 2000m" in text
    for line in (["nodeadm", "29", "ip-addresses"], ["auto-mode", "27", "ip-addresses"], ["fargate", "1", "fargate"]):
        assert line in words


def test_the_explanation_says_what_ipamd_does_on_bare_metal(cli: Cli) -> None:
    text = cli("max-pods", "-t", "m5.metal", "--cni-prefix-delegation-enabled", "--explain").out
    assert f"ipamd can hand out {15 * 49 * 16}" in text
    assert "ipamd itself does attach prefixes there" in text


def test_the_steps_of_the_arithmetic_are_in_the_record_when_asked_for(cli: Cli) -> None:
    (record,) = json.loads(cli("max-pods", "-t", "t3.large", "--explain", "-o", "json").out)
    assert record["steps"][0] == {"quantity": "pods by addresses", "formula": "3 x (12 - 1) + 2", "value": 35}


def test_a_table_of_ones_own_is_honoured(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own.csv"
    own.write_text(",".join(COLUMNS) + "\nzz9.large,2,4096,arm64,nitro,false,5,6,1,0,,,,,me\n")
    assert cli("max-pods", "-t", "zz9.large", "--catalog", str(own)).out == f"{5 * 5 + 2}\n"
    monkeypatch.setenv("CNI_PLAN_CATALOG", str(own))
    assert cli("max-pods", "-t", "zz9.large").out == f"{5 * 5 + 2}\n"
    assert "looked in " + str(own) in cli("max-pods", "-t", "t3.large").err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-t", "t3.larg"], "unknown instance type 't3.larg': did you mean t3.large"),
        (["-t", "t3.large", "--cni-version", "banana"], "'banana' is not a CNI version"),
        (["-t", "t3.large", "--cni-max-eni", "0"], "'--cni-max-eni': 0 is not in the range"),
        (["-t", "t3.large", "--cni-max-eni", "x" * 5000], "'--cni-max-eni'"),
        (["-t", "t3.large", "--nodes", "0"], "--nodes '0': from 1"),
        (["-t", "t3.large", "--nodes", "4-1"], "did you mean 1-4?"),
        (["-t", "t3.large", "--nodes", "1-99999"], "at most 1000 values"),
        (["-t", "t3.large", "--nodes", "9" * 5000], "--nodes"),
        (["-t", "t3.large", "--nodes", "-1"], "neither a whole number nor a range"),
        ([], "give either --instance-type or --instance-type-from-imds"),
        (["-t", ","], "give either --instance-type"),
        (["-t", "t3.large", "--instance-type-from-imds"], "give either"),
        (["-t", "t3.large\x1b[31m"], "no instance type matches 't3.large\\x1b[31m'"),
        (["-t", "t3.large; rm -rf /"], "unknown instance type"),
        (["-t", "t3.large", "--provisioner", "ec2"], "'ec2' is not one of"),
        (["-t", "t3.large", "--frobnicate"], "No such option: --frobnicate"),
        (["-t", "t3.large", "--catalog", "/nowhere/own.csv"], "/nowhere/own.csv: No such file or directory"),
        (["-t", "t3.large", "--catalog", "/dev/null"], "/dev/null:1: not a table"),
    ],
)
def test_bad_input_is_one_clear_line_and_nothing_on_stdout(cli: Cli, arguments: list[str], message: str) -> None:
    outcome = cli("max-pods", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1
    assert outcome.err.startswith("cni-plan: error: ")
    assert message in outcome.err
    assert len(outcome.err) < 1100


def test_a_truncated_catalog_is_named_by_its_line(cli: Cli, tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text(data_file("instance_types.csv").read_text()[:5000])
    outcome = cli("max-pods", "-t", "a1.large", "--catalog", str(own))
    assert (outcome.code, outcome.out) == (2, "")
    assert "is the file cut short?" in outcome.err


def test_a_table_for_several_nodes_has_the_total_beside_the_node(cli: Cli) -> None:
    lines = [line.split() for line in cli("max-pods", "-t", "t3.nano,t3.medium", "--nodes", "3").out.splitlines()]
    assert lines[0][2:7] == ["MAX", "PODS", "ON", "3", "NODES"]
    assert lines[2][:3] == ["t3.medium", "17", "51"]


def test_an_ipv6_glob_without_a_nitro_type_is_refused(cli: Cli) -> None:
    outcome = cli("max-pods", "-t", "t2.*", "--ip-family", "ipv6")
    assert (outcome.code, outcome.out) == (2, "")
    assert "none of the types can run IPv6 pods" in outcome.err
