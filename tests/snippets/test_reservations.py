import io
import subprocess
from ipaddress import IPv4Network
from pathlib import Path

import hcl2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cni_plan.engine.subnets import Subnet, plan_subnet
from cni_plan.snippets.quoting import hcl_heredoc, hcl_string, shell_double_quoted, shell_word
from cni_plan.snippets.reservations import aws_cli, terraform
from tests.support import Tool, evaluate_hcl

ONE = [plan_subnet(Subnet(IPv4Network("10.0.0.0/24")), prefixes=5)]
TWO = [*ONE, plan_subnet(Subnet(IPv4Network("10.0.1.0/24"), subnet_id="subnet-0abc"), prefixes=3)]


def test_commands_run_as_the_aws_cli_wants_them(tool: Tool) -> None:
    text = aws_cli(TWO)
    assert tool("shellcheck", "--shell=bash", "-", stdin=text).stdout == ""
    shown = tool("bash", stdin='aws() { printf "%s|" "$@"; echo; }\nSUBNET_ID_10_0_0_0_24=subnet-1\n' + text)
    calls = [line.split("|")[:-1] for line in shown.stdout.splitlines()]
    assert [call[:2] for call in calls] == [["ec2", "create-subnet-cidr-reservation"]] * 3
    options = [dict(zip(call[2::2], call[3::2], strict=True)) for call in calls]
    assert [(each["--subnet-id"], each["--cidr"]) for each in options] == [
        ("subnet-1", "10.0.0.16/28"),
        ("subnet-1", "10.0.0.64/26"),
        ("subnet-0abc", "10.0.1.64/26"),
    ]
    assert {each["--reservation-type"] for each in options} == {"prefix"}


def test_a_forgotten_subnet_id_stops_the_shell_with_its_name(tool: Tool) -> None:
    done = tool("bash", stdin="aws() { echo called; }\n" + aws_cli(ONE))
    assert done.returncode != 0
    assert done.stdout == ""
    assert "SUBNET_ID: set it to the id of subnet 10.0.0.0/24" in done.stderr


@pytest.mark.parametrize("reports", [ONE, TWO], ids=["one", "two"])
def test_terraform_is_formatted_and_parses(reports: list, tool: Tool) -> None:  # type: ignore[type-arg] # of reports
    text = terraform(reports)
    checked = tool("terraform", "fmt", "-check", "-diff", "-", stdin=text)
    assert (checked.returncode, checked.stderr.count("Error")) == (0, 0), checked.stdout
    parsed = hcl2.load(io.StringIO(text))
    resources = [body for each in parsed["resource"] for kinds in each.values() for body in kinds.values()]
    blocks = [str(block) for report in reports for block in report.reservations]
    assert [body["cidr_block"].strip('"') for body in resources] == blocks
    assert {body["reservation_type"].strip('"') for body in resources} == {"prefix"}


def test_nothing_is_printed_for_a_subnet_without_room() -> None:
    full = [plan_subnet(Subnet(IPv4Network("10.0.0.0/28")), prefixes=1)]
    assert aws_cli(full) == terraform(full) == ""


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20), max_size=4))
def test_shell_words_survive_a_shell(texts: list[str]) -> None:
    for quote in (shell_word, shell_double_quoted):
        script = "printf '%s\\0' " + " ".join(map(quote, texts)) if texts else "true"
        done = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
        assert done.stdout == b"".join(text.encode() + b"\0" for text in texts)


@pytest.mark.parametrize(
    "text", ['quote " and \\ backslash', "${var.x} %{if}", "$${ %%{", "line\nend\ttab", "", "plain"]
)
def test_hcl_strings_survive_terraform(text: str, tool: Tool) -> None:
    import json

    expression = f"jsonencode({hcl_string(text)})\n"
    done = tool("terraform", "console", stdin=expression)
    assert done.returncode == 0, done.stderr
    assert json.loads(json.loads(done.stdout)) == text


@pytest.mark.parametrize("text", ["one\n", "EOT\n  EOT\nEOTX\n", "${a} %{b} $${c}\n\tindented\n"])
def test_hcl_heredocs_survive_terraform(text: str, tool: Tool, tmp_path: Path) -> None:
    assert evaluate_hcl(tool, tmp_path, f"{hcl_heredoc(text)}\n") == text
