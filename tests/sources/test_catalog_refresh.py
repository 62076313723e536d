import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cni_plan import InstanceType, load_catalog
from cni_plan.catalog import data_file
from cni_plan.errors import SourceError
from cni_plan.inputs.ec2 import instance_type_from_ec2
from cni_plan.sources.files import write_text
from cni_plan.sources.instance_types import merge_regions
from tests.servers import Answer, endpoint, refusal, says
from tests.support import Cli

pytestmark = pytest.mark.usefixtures("aws")


def test_the_bundled_table_is_what_a_refresh_writes(cli: Cli, moto_url: str, tmp_path: Path) -> None:
    own = tmp_path / "new" / "own.csv"
    arguments = ("--region", "us-east-1", "--region", "eu-west-1", "--endpoint-url", moto_url, "--catalog", str(own))
    outcome = cli("catalog", "refresh", *arguments)
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err.splitlines() == [
        "us-east-1: 1395 instance types",
        "eu-west-1: 1395 instance types",
        f"1416 instance types written to {own}",
    ]
    assert own.read_text() == data_file("instance_types.csv").read_text()
    assert [path.name for path in own.parent.iterdir()] == ["own.csv"]


def test_a_users_refresh_goes_to_a_file_of_their_own(
    cli: Cli, moto_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    before = data_file("instance_types.csv").stat()
    outcome = cli("catalog", "refresh", "--endpoint-url", moto_url)
    own = tmp_path / "cni-plan" / "instance_types.csv"
    assert outcome.err.splitlines()[-1] == f"to use it: export CNI_PLAN_CATALOG={own}"
    assert own.exists()
    assert data_file("instance_types.csv").stat() == before


def test_live_answers_are_ec2s_with_our_branch_figures(cli: Cli, moto_url: str) -> None:
    arguments = ("max-pods", "-t", "t3.*,m5.large", "--live", "--endpoint-url", moto_url, "-o", "json")
    live = json.loads(cli(*arguments).out)
    assert live == json.loads(cli("max-pods", "-t", "t3.*,m5.large", "-o", "json").out)
    assert cli("max-pods", "-t", "m[5].large", "--live", "--endpoint-url", moto_url).out == "29\n"


def test_a_type_that_ec2_does_not_have_is_bad_input(cli: Cli, moto_url: str) -> None:
    outcome = cli("max-pods", "-t", "t3.larg", "--live", "--endpoint-url", moto_url)
    assert (outcome.code, outcome.out) == (2, "")
    assert "EC2 has no instance type 't3.larg' in this region: did you mean t3.large" in outcome.err


def test_diff_live_finds_no_difference_and_diff_finds_each(cli: Cli, moto_url: str, tmp_path: Path) -> None:
    assert cli("catalog", "diff", "live", "--endpoint-url", moto_url).out == "no differences\n"
    text = data_file("instance_types.csv").read_text()
    own = tmp_path / "own.csv"
    lines = [line for line in text.splitlines() if not line.startswith("t3.nano,")]
    own.write_text(
        "\n".join(lines).replace("t3.large,2,8192,x86_64,nitro,false,3,", "t3.large,2,8192,x86_64,nitro,false,4,")
        + "\n"
    )
    outcome = cli("catalog", "diff", str(own), "-o", "json", "--exit-code")
    assert outcome.code == 1
    assert json.loads(outcome.out) == [
        {"instance_type": "t3.large", "change": "changed", "column": "max_enis", "before": 3, "after": 4},
        {"instance_type": "t3.nano", "change": "removed", "column": None, "before": None, "after": None},
    ]
    assert cli("catalog", "diff", str(own)).code == 0


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (refusal(403, "UnauthorizedOperation", "You are not authorized"), "AWS refused: UnauthorizedOperation"),
        (refusal(503, "RequestLimitExceeded", "Request limit exceeded."), "AWS refused: RequestLimitExceeded"),
        (says(200, "<html>a proxy's page</html>"), "lists no instance types at all"),
        (says(200, "{ truncated json"), "not"),
        (says(500, "oops"), "us-east-1"),
    ],
    ids=["no permission", "throttled", "proxy page", "not xml", "server error"],
)
def test_an_endpoint_that_fails_is_one_line_and_leaves_the_file_alone(
    cli: Cli, tmp_path: Path, answer: Answer, message: str
) -> None:
    own = tmp_path / "own.csv"
    own.write_text("as it was")
    with endpoint(answer) as url:
        outcome = cli("catalog", "refresh", "--endpoint-url", url, "--catalog", str(own))
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err.count("\n") == 1
    assert message in outcome.err
    assert own.read_text() == "as it was"
    assert list(tmp_path.iterdir()) == [own]


def test_a_dead_endpoint_is_one_line(cli: Cli) -> None:
    outcome = cli("max-pods", "-t", "t3.large", "--live", "--endpoint-url", "http://127.0.0.1:9")
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err.count("\n") == 1
    assert "Could not connect to the endpoint URL" in outcome.err


def test_missing_credentials_are_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    outcome = cli("catalog", "refresh", "--endpoint-url", "http://127.0.0.1:9")
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err.count("\n") == 1
    assert "no AWS credentials found" in outcome.err


def test_no_region_and_a_wrong_profile_are_bad_input(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "config profile (nope) could not be found" in cli("catalog", "refresh", "--profile", "nope").err
    monkeypatch.delenv("AWS_REGION")
    outcome = cli("catalog", "refresh")
    assert (outcome.code, outcome.out) == (2, "")
    assert "no AWS region: give --region" in outcome.err


def test_a_file_that_cannot_be_written_is_one_line(cli: Cli, moto_url: str, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    outcome = cli("catalog", "refresh", "--endpoint-url", moto_url, "--catalog", str(tmp_path / "taken"))
    assert (outcome.code, outcome.out) == (3, "")
    assert "cannot write" in outcome.err
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own.csv"
    own.write_text("as it was")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SourceError, match="No space left on device; nothing was changed"):
        write_text(own, "new")
    assert own.read_text() == "as it was"
    assert list(tmp_path.iterdir()) == [own]


def test_a_full_stdout_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cni_plan", "max-pods", "-t", "t3.large"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 3
    assert done.stderr == "cni-plan: error: cannot write the result: No space left on device\n"


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = f"{sys.executable} -m cni_plan max-pods -t '*' 2>/dev/null | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1] == "0"
    assert done.stderr == ""


def test_an_interrupt_ends_with_130_and_leaves_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        hanging.settimeout(20)
        url = f"http://127.0.0.1:{hanging.getsockname()[1]}"
        own = tmp_path / "own.csv"
        process = subprocess.Popen(
            [sys.executable, "-m", "cni_plan", "catalog", "refresh", "--endpoint-url", url, "--catalog", str(own)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(os.environ),
        )
        connection, _ = hanging.accept()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        connection.close()
    assert process.returncode == 130
    assert out == ""
    assert err == "cni-plan: interrupted; nothing was changed\n"
    assert list(tmp_path.iterdir()) == []


def test_regions_that_disagree_on_a_limit_stop_the_refresh() -> None:
    row = load_catalog()["t3.large"]
    merged = merge_regions([("a", [row]), ("b", [replace(row, current_generation=False)])])
    assert merged == {"t3.large": row}
    with pytest.raises(SourceError, match=r"t3\.large: max_enis is 3 in a but 4 in b"):
        merge_regions([("a", [row]), ("b", [replace(row, max_enis=4)])])
    with pytest.raises(SourceError, match="EC2 in b lists no instance types"):
        merge_regions([("a", [row]), ("b", [])])


def test_regions_complete_each_other() -> None:
    rows = {name: load_catalog()[name] for name in ("t3.large", "t3.nano")}
    assert merge_regions([("a", [rows["t3.large"]]), ("b", [rows["t3.nano"]])]) == rows


def test_all_pages_are_read(cli: Cli) -> None:
    from moto.ec2.models.instance_types import INSTANCE_TYPES

    pages = [["t3.large"], ["t3.nano", "m5.large"], []]

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        page = next(count)
        items = "".join(
            f"<item><instanceType>{name}</instanceType><bareMetal>false</bareMetal><hypervisor>nitro</hypervisor>"
            f"<currentGeneration>true</currentGeneration>"
            f"<vCpuInfo><defaultVCpus>{INSTANCE_TYPES[name]['VCpuInfo']['DefaultVCpus']}</defaultVCpus></vCpuInfo>"
            f"<memoryInfo><sizeInMiB>8192</sizeInMiB></memoryInfo>"
            f"<processorInfo><supportedArchitectures><item>x86_64</item></supportedArchitectures></processorInfo>"
            f"<networkInfo><maximumNetworkInterfaces>3</maximumNetworkInterfaces>"
            f"<ipv4AddressesPerInterface>10</ipv4AddressesPerInterface></networkInfo></item>"
            for name in pages[page]
        )
        token = f"<nextToken>{page}</nextToken>" if page < len(pages) - 1 else ""
        says(200, f"<Response><instanceTypeSet>{items}</instanceTypeSet>{token}</Response>")(handler)

    count = iter(range(9))
    with endpoint(answer) as url:
        outcome = cli("max-pods", "-t", "t3.nano,m5.large,t3.large", "--live", "--endpoint-url", url, "-o", "plain")
    assert outcome.out == "29\n29\n29\n"
    assert next(count) == 3


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({}, "without a name is not understood: InstanceType: Field required"),
        ({"InstanceType": "t3.large"}, "t3.large is not understood"),
    ],
)
def test_an_answer_that_is_not_ec2s_is_named(payload: dict[str, Any], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        instance_type_from_ec2(payload)


def test_a_default_card_that_is_not_there_is_named() -> None:
    from moto.ec2.models.instance_types import INSTANCE_TYPES

    info = dict(INSTANCE_TYPES["t3.large"])
    info["NetworkInfo"] = {**info["NetworkInfo"], "DefaultNetworkCardIndex": 7}
    with pytest.raises(SourceError, match="no network card 7"):
        instance_type_from_ec2(info)
    assert isinstance(instance_type_from_ec2(INSTANCE_TYPES["t3.large"]), InstanceType)
