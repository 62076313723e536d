"""A VPC as EC2's API describes it: subnets, network interfaces, CIDR reservations."""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_pascal

from cni_plan.engine.subnets import Reservation, ReservationType, Subnet
from cni_plan.errors import InputError

KEYS = ("Subnets", "NetworkInterfaces", "SubnetIpv4CidrReservations")
"""What a snapshot holds: the lists of DescribeSubnets, DescribeNetworkInterfaces and GetSubnetCidrReservations."""


class _Payload(BaseModel):
    """Part of an answer; keys that are not asked for are passed over."""

    model_config = ConfigDict(alias_generator=to_pascal, extra="ignore", frozen=True)


class _Subnet(_Payload):
    subnet_id: str = Field(min_length=1, max_length=64)
    cidr_block: IPv4Network
    availability_zone: str | None = None


class _Address(_Payload):
    private_ip_address: IPv4Network


class _Prefix(_Payload):
    ipv4_prefix: IPv4Network


class _Interface(_Payload):
    subnet_id: str
    private_ip_addresses: list[_Address] = Field(default_factory=list)
    ipv4_prefixes: list[_Prefix] = Field(default_factory=list)


class _Reservation(_Payload):
    subnet_id: str
    cidr: IPv4Network
    reservation_type: ReservationType


class _Snapshot(_Payload):
    subnets: list[_Subnet] = Field(default_factory=list)
    network_interfaces: list[_Interface] = Field(default_factory=list)
    reservations: list[_Reservation] = Field(default_factory=list, alias="SubnetIpv4CidrReservations")


def is_snapshot(documents: Iterable[Any]) -> bool:
    """Whether the documents are EC2's answers rather than something else."""
    return any(isinstance(document, dict) and not document.keys().isdisjoint(KEYS) for document in documents)


def merge_answers(documents: Iterable[Any]) -> dict[str, list[Any]]:
    """EC2's answers, saved one by one or together, as one snapshot."""
    merged: dict[str, list[Any]] = {key: [] for key in KEYS}
    for document in documents:
        for key in KEYS:
            part = document.get(key) if isinstance(document, dict) else None
            if isinstance(part, list):
                merged[key] += part
    return merged


def subnets_from_snapshot(snapshot: Mapping[str, Any], where: str) -> list[Subnet]:
    """The subnets of a snapshot with what is in them.

    Args:
        snapshot: The lists that `KEYS` names.
        where: What to call it in messages.

    Raises:
        InputError: It is not what EC2 documents; the message names the field.
    """
    try:
        parsed = _Snapshot.model_validate(snapshot)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(f"{where} is not EC2's answer: {place}: {first['msg']}") from None
    used: dict[str, list[IPv4Network]] = {subnet.subnet_id: [] for subnet in parsed.subnets}
    prefixes: dict[str, list[IPv4Network]] = {subnet.subnet_id: [] for subnet in parsed.subnets}
    for interface in parsed.network_interfaces:
        if interface.subnet_id in used:
            used[interface.subnet_id] += [each.private_ip_address for each in interface.private_ip_addresses]
            prefixes[interface.subnet_id] += [each.ipv4_prefix for each in interface.ipv4_prefixes]
    return [
        Subnet(
            cidr=subnet.cidr_block,
            used=tuple(used[subnet.subnet_id]),
            prefixes=tuple(prefixes[subnet.subnet_id]),
            reservations=tuple(
                Reservation(each.cidr, each.reservation_type)
                for each in parsed.reservations
                if each.subnet_id == subnet.subnet_id
            ),
            subnet_id=subnet.subnet_id,
            availability_zone=subnet.availability_zone,
        )
        for subnet in parsed.subnets
    ]
