"""Subnet CIDR reservations as commands and as Terraform."""

from collections.abc import Sequence
from ipaddress import IPv4Network

from cni_plan.engine.subnets import SubnetReport
from cni_plan.snippets.quoting import hcl_string, shell_word

_DESCRIPTION = "prefixes for pods"


def _label(network: IPv4Network) -> str:
    return str(network).replace(".", "_").replace("/", "_")


def aws_cli(reports: Sequence[SubnetReport]) -> str:
    """`aws ec2 create-subnet-cidr-reservation`, one command for each block.

    A subnet without a known id is named by a shell variable; the shell says which one is missing.
    """
    lines = []
    for report in reports:
        subnet = shell_word(report.subnet.subnet_id) if report.subnet.subnet_id else _shell_variable(report, reports)
        lines += [
            f"aws ec2 create-subnet-cidr-reservation --subnet-id {subnet} --cidr {block} "
            f"--reservation-type prefix --description {shell_word(_DESCRIPTION)}"
            for block in report.reservations
        ]
    return "".join(f"{line}\n" for line in lines)


def _shell_variable(report: SubnetReport, reports: Sequence[SubnetReport]) -> str:
    name = "SUBNET_ID" if len(reports) == 1 else f"SUBNET_ID_{_label(report.subnet.cidr)}"
    return f'"${{{name}:?set it to the id of subnet {report.subnet.cidr}}}"'


def terraform(reports: Sequence[SubnetReport]) -> str:
    """`aws_ec2_subnet_cidr_reservation` resources, formatted as `terraform fmt` does.

    A subnet without a known id becomes an input variable.
    """
    blocks = []
    for report in reports:
        if not report.reservations:
            continue
        subnet = (
            hcl_string(report.subnet.subnet_id) if report.subnet.subnet_id else f"var.{_hcl_variable(report, reports)}"
        )
        if not report.subnet.subnet_id:
            blocks.append(
                f'variable "{_hcl_variable(report, reports)}" {{\n'
                f"  description = {hcl_string(f'Id of subnet {report.subnet.cidr}')}\n"
                "  type        = string\n"
                "}\n"
            )
        blocks += [
            f'resource "aws_ec2_subnet_cidr_reservation" "pods_{_label(block)}" {{\n'
            f"  cidr_block       = {hcl_string(str(block))}\n"
            f"  description      = {hcl_string(_DESCRIPTION)}\n"
            '  reservation_type = "prefix"\n'
            f"  subnet_id        = {subnet}\n"
            "}\n"
            for block in report.reservations
        ]
    return "\n".join(blocks)


def _hcl_variable(report: SubnetReport, reports: Sequence[SubnetReport]) -> str:
    return "subnet_id" if len(reports) == 1 else f"subnet_id_{_label(report.subnet.cidr)}"


def cloudformation(reports: Sequence[SubnetReport]) -> str:
    """A template with `AWS::EC2::SubnetCidrReservation` resources, as JSON.

    A subnet without a known id becomes a parameter.
    """
    import json

    parameters: dict[str, object] = {}
    resources: dict[str, object] = {}
    for report in reports:
        subnet: object = report.subnet.subnet_id
        if report.reservations and not subnet:
            name = "SubnetId" if len(reports) == 1 else f"SubnetId{_logical(report.subnet.cidr)}"
            parameters[name] = {
                "Type": "AWS::EC2::Subnet::Id",
                "Description": f"Id of subnet {report.subnet.cidr}",
            }
            subnet = {"Ref": name}
        for block in report.reservations:
            resources[f"Pods{_logical(block)}"] = {
                "Type": "AWS::EC2::SubnetCidrReservation",
                "Properties": {
                    "Cidr": str(block),
                    "Description": _DESCRIPTION,
                    "ReservationType": "prefix",
                    "SubnetId": subnet,
                },
            }
    if not resources:
        return ""
    template = {"AWSTemplateFormatVersion": "2010-09-09"} | ({"Parameters": parameters} if parameters else {})
    return json.dumps(template | {"Resources": resources}, indent=2) + "\n"


def _logical(network: IPv4Network) -> str:
    """A logical id, of letters and digits only; zeros keep different ranges apart."""
    return "".join(f"{int(part):03d}" for part in str(network.network_address).split(".")) + f"L{network.prefixlen}"
