"""Subnets of a running VPC, read from EC2: their ranges, every address and prefix in use, their reservations."""

from collections.abc import Callable, Sequence
from typing import Any

from cni_plan.errors import InputError
from cni_plan.sources.aws import AwsAccess, aws_errors, ec2_client

Progress = Callable[[str, int], None]

_PAGE_SIZE = 1000
_MOST_FILTER_VALUES = 200
"""EC2's limit of values in one filter."""


def snapshot(
    access: AwsAccess,
    *,
    subnet_ids: Sequence[str] = (),
    vpc_id: str | None = None,
    tags: Sequence[tuple[str, str]] = (),
    progress: Progress,
) -> dict[str, list[Any]]:
    """Read subnets and all that is in them.

    Args:
        access: Region, profile and endpoint.
        subnet_ids: The subnets; none for those that the other arguments select.
        vpc_id: All subnets of a VPC.
        tags: Only subnets with these tags.
        progress: Called with what is being read and how many so far.

    Returns:
        The lists of the three API answers, as `cni_plan.inputs.vpc` reads them.

    Raises:
        SourceError: EC2 does not answer, or refuses.
        InputError: No subnet is selected.
    """
    client = ec2_client(access)
    filters: list[Any] = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags]
    if vpc_id:
        filters.append({"Name": "vpc-id", "Values": [vpc_id]})
    with aws_errors("reading subnets"):
        pages = client.get_paginator("describe_subnets").paginate(Filters=filters, SubnetIds=list(subnet_ids))
        subnets: list[Any] = [subnet for page in pages for subnet in page.get("Subnets", ())]
    if not subnets:
        raise InputError("no subnet is selected: EC2 has none with these ids, this VPC or these tags")
    ids = [subnet["SubnetId"] for subnet in subnets]
    interfaces: list[Any] = []
    with aws_errors("reading network interfaces"):
        for start in range(0, len(ids), _MOST_FILTER_VALUES):
            some: list[Any] = [{"Name": "subnet-id", "Values": ids[start : start + _MOST_FILTER_VALUES]}]
            paginator = client.get_paginator("describe_network_interfaces")
            for page in paginator.paginate(Filters=some, PaginationConfig={"PageSize": _PAGE_SIZE}):
                interfaces += map(_interface, page.get("NetworkInterfaces", ()))
                progress("network interfaces", len(interfaces))
    reservations: list[Any] = []
    with aws_errors("reading subnet CIDR reservations"):
        for number, subnet_id in enumerate(ids, start=1):
            reservations += _reservations(client, subnet_id)
            progress("subnets", number)
    return {
        "Subnets": [_only(subnet, "SubnetId", "VpcId", "CidrBlock", "AvailabilityZone") for subnet in subnets],
        "NetworkInterfaces": interfaces,
        "SubnetIpv4CidrReservations": [
            _only(each, "SubnetCidrReservationId", "SubnetId", "Cidr", "ReservationType") for each in reservations
        ],
    }


def _reservations(client: Any, subnet_id: str) -> list[Any]:  # noqa: ANN401 # boto3 makes the client's methods at run time
    """All pages; boto3 has no paginator for this call."""
    found: list[Any] = []
    token: dict[str, str] = {}
    while True:
        page = client.get_subnet_cidr_reservations(SubnetId=subnet_id, **token)
        found += page.get("SubnetIpv4CidrReservations", ())
        if not page.get("NextToken"):
            return found
        token = {"NextToken": page["NextToken"]}


def _interface(payload: Any) -> dict[str, Any]:  # noqa: ANN401 # an answer of EC2
    """What a snapshot keeps of an interface: whose it is stays out."""
    return {
        "NetworkInterfaceId": payload.get("NetworkInterfaceId"),
        "SubnetId": payload.get("SubnetId"),
        "PrivateIpAddresses": [
            {"PrivateIpAddress": each.get("PrivateIpAddress")} for each in payload.get("PrivateIpAddresses", ())
        ],
        "Ipv4Prefixes": [{"Ipv4Prefix": each.get("Ipv4Prefix")} for each in payload.get("Ipv4Prefixes", ())],
    }


def _only(payload: Any, *keys: str) -> dict[str, Any]:  # noqa: ANN401 # an answer of EC2
    return {key: payload.get(key) for key in keys}
