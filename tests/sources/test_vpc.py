import json
import socket
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import boto3
import pytest

from cni_plan.engine.subnets import ReservationType
from cni_plan.inputs.vpc import merge_answers, subnets_from_snapshot
from tests.servers import endpoint, refusal
from tests.support import Cli

pytestmark = pytest.mark.usefixtures("aws")

INTERFACES = 1200


@dataclass(frozen=True)
class Vpc:
    """A VPC on moto's server."""

    url: str
    vpc_id: str
    subnet_ids: list[str]


@pytest.fixture(scope="module")
def vpc(moto_url: str) -> Vpc:
    """Three subnets in two zones, more than a thousand interfaces with secondary addresses, prefixes, reservations."""
    from moto.ec2.models import ec2_backends

    client = boto3.client(
        "ec2",
        region_name="us-east-1",
        endpoint_url=moto_url,
        aws_access_key_id="t",
        aws_secret_access_key="t",  # noqa: S106 # moto takes any
    )
    vpc_id = client.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    subnet_ids = []
    for cidr, zone in (("10.8.0.0/19", "a"), ("10.8.32.0/24", "b"), ("10.8.33.0/24", "b")):
        subnet = client.create_subnet(VpcId=vpc_id, CidrBlock=cidr, AvailabilityZone=f"us-east-1{zone}")["Subnet"]
        subnet_ids.append(subnet["SubnetId"])
    client.create_tags(Resources=subnet_ids[1:], Tags=[{"Key": "kubernetes.io/role/cni", "Value": "1"}])
    client.create_subnet_cidr_reservation(SubnetId=subnet_ids[1], Cidr="10.8.32.64/26", ReservationType="prefix")
    client.create_subnet_cidr_reservation(SubnetId=subnet_ids[2], Cidr="10.8.33.128/25", ReservationType="explicit")
    backend = ec2_backends["123456789012"]["us-east-1"]
    for number in range(INTERFACES):
        first = 4 + 3 * number  # three addresses each, one after the other from the start
        addresses = [f"10.8.{at // 256}.{at % 256}" for at in range(first, first + 3)]
        backend.create_network_interface(
            backend.get_subnet(subnet_ids[0]),
            addresses[0],
            private_ip_addresses=[{"Primary": at == 0, "PrivateIpAddress": each} for at, each in enumerate(addresses)],
        )
    for host, prefix in (("10.8.32.10", "10.8.32.64/28"), ("10.8.32.11", "10.8.32.32/28")):
        interface = backend.create_network_interface(backend.get_subnet(subnet_ids[1]), host)
        vars(interface)["ipv4_prefixes"] = [{"Ipv4Prefix": prefix}]  # moto answers with it, though its API takes none
    return Vpc(moto_url, vpc_id, subnet_ids)


def ask(cli: Cli, vpc: Vpc, *arguments: str) -> Any:  # noqa: ANN401 # whatever JSON holds
    outcome = cli("subnet", *arguments, "--endpoint-url", vpc.url, "-o", "json")
    assert outcome.code in {0, 1}, outcome.err
    return json.loads(outcome.out)[0]["subnets"]


def test_every_address_of_every_interface_is_counted(cli: Cli, vpc: Vpc) -> None:
    (subnet,) = ask(cli, vpc, "--pods", "48", "--subnet-id", vpc.subnet_ids[0])
    used = 3 * INTERFACES
    assert (subnet["cidr"], subnet["availability_zone"]) == ("10.8.0.0/19", "us-east-1a")
    assert subnet["used_addresses"] == used
    assert subnet["free_addresses"] == 8192 - 5 - used
    # offsets 4 to 3603 are taken: the blocks 0 to 225; the last of the 512 never counts
    assert subnet["free_prefixes"] == 512 - 226 - 1


def test_prefixes_and_reservations_are_read(cli: Cli, vpc: Vpc) -> None:
    first, second = ask(cli, vpc, "--pods", "48", "--tag", "kubernetes.io/role/cni=1")
    # 14 blocks; the hosts share the first, two hold prefixes of which one lies in the reserved /26
    assert (first["free_prefixes"], first["reserved_prefixes"]) == (14 - 2, 3)
    assert first["used_addresses"] == 2 + 32
    assert first["free_addresses"] == 251 - 34 - 48
    assert first["reservations"] == []  # the three that are needed are reserved already
    assert second["free_prefixes"] == 7  # the explicit /25 is not ours
    assert second["reservations"] == ["10.8.33.64/26"]


def test_a_vpcs_subnets_take_nodes_by_zone(cli: Cli, vpc: Vpc) -> None:
    arguments = ("-t", "m5.large", "--nodes", "8", "--pods-per-node", "10", "--cni-prefix-delegation-enabled")
    subnets = ask(cli, vpc, *arguments, "--vpc-id", vpc.vpc_id)
    assert [each["nodes"] for each in subnets] == [4, 2, 2]


def test_a_snapshot_repeats_the_analysis_without_aws(
    cli: Cli, vpc: Vpc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = cli("subnet", "snapshot", "--vpc-id", vpc.vpc_id, "--endpoint-url", vpc.url)
    assert outcome.code == 0
    assert "network interfaces: 1202" in outcome.err
    file = tmp_path / "vpc.json"
    file.write_text(outcome.out)
    live = ask(cli, vpc, "--pods", "48", "--vpc-id", vpc.vpc_id)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    arguments = ("subnet", "--pods", "48", "--used-file", str(file))
    assert json.loads(cli(*arguments, "-o", "json").out)[0]["subnets"] == live
    (one,) = json.loads(cli(*arguments, "--subnet-id", vpc.subnet_ids[1], "-o", "json").out)[0]["subnets"]
    assert one == live[1]
    assert "has no subnet subnet-0" in cli(*arguments, "--subnet-id", "subnet-0").err
    assert "Pr" in cli("subnet", "map", "--used-file", str(file), "--subnet-id", vpc.subnet_ids[1]).out


def test_answers_saved_one_by_one_are_a_snapshot_too() -> None:
    answers = [
        {"Subnets": [{"SubnetId": "s", "CidrBlock": "10.0.0.0/24", "AvailabilityZone": "a", "VpcId": "v"}]},
        {"NetworkInterfaces": [{"SubnetId": "s", "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.9"}]}]},
        {"SubnetIpv4CidrReservations": [{"SubnetId": "s", "Cidr": "10.0.0.64/26", "ReservationType": "prefix"}]},
        {
            "NetworkInterfaces": [
                {"SubnetId": "other"},
                {"SubnetId": "s", "Ipv4Prefixes": [{"Ipv4Prefix": "10.0.0.32/28"}]},
            ]
        },
    ]
    (subnet,) = subnets_from_snapshot(merge_answers(answers), "test")
    assert subnet.used == (IPv4Network("10.0.0.9"),)
    assert subnet.prefixes == (IPv4Network("10.0.0.32/28"),)
    assert [(str(each.cidr), each.type) for each in subnet.reservations] == [("10.0.0.64/26", ReservationType.PREFIX)]


def test_terraform_and_commands_name_the_subnet_by_its_id(cli: Cli, vpc: Vpc) -> None:
    arguments = ("subnet", "--pods", "48", "--subnet-id", vpc.subnet_ids[2], "--endpoint-url", vpc.url, "-o")
    assert f'"{vpc.subnet_ids[2]}"' in cli(*arguments, "terraform").out
    assert f"--subnet-id {vpc.subnet_ids[2]} --cidr 10.8.33.64/26" in cli(*arguments, "aws-cli").out
    assert (
        json.loads(cli(*arguments, "cloudformation").out)["Resources"]["Pods010008033064L26"]["Properties"]["SubnetId"]
        == vpc.subnet_ids[2]
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "broken JSON"),
        ("[1]", "JSON, but none of EC2's answers on subnets"),
        ('{"NetworkInterfaces": []}', "no Subnets in it"),
        ('{"Subnets": [{"SubnetId": "s"}]}', "Subnets.0.CidrBlock: Field required"),
        ('{"Subnets": [{"SubnetId": "s", "CidrBlock": "10.0.0.1/24"}]}', "Subnets.0.CidrBlock"),
        ('{"Subnets": [{"SubnetId": "s", "CidrBlock": "10.0.0.0/8"}]}', "cannot be a subnet"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_broken_snapshot_is_named(cli: Cli, tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "vpc.json"
    file.write_text(text)
    outcome = cli("subnet", "--pods", "48", "--used-file", str(file))
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1
    assert message in outcome.err


@pytest.mark.parametrize(
    ("status", "code"),
    [(403, "UnauthorizedOperation"), (503, "RequestLimitExceeded"), (400, "InvalidSubnetID.NotFound")],
)
def test_what_ec2_refuses_is_one_line(cli: Cli, status: int, code: str) -> None:
    with endpoint(refusal(status, code, "told so")) as url:
        outcome = cli("subnet", "--pods", "48", "--subnet-id", "subnet-1", "--endpoint-url", url)
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err == f"cni-plan: error: reading subnets: AWS refused: {code}: told so\n"


def test_a_subnet_that_does_not_exist_is_one_line(cli: Cli, vpc: Vpc) -> None:
    outcome = cli("subnet", "--pods", "48", "--subnet-id", "subnet-0", "--endpoint-url", vpc.url)
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err.count("\n") == 1
    assert "InvalidSubnetID.NotFound" in outcome.err


def test_an_endpoint_that_hangs_is_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cni_plan.sources.aws.READ_TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        url = f"http://127.0.0.1:{hanging.getsockname()[1]}"
        outcome = cli("subnet", "--pods", "48", "--subnet-id", "subnet-1", "--endpoint-url", url)
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err.count("\n") == 1
    assert "Read timeout" in outcome.err
