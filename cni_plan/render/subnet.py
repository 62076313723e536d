"""How the demand for prefixes and the state of subnets look."""

from collections.abc import Sequence
from typing import Any

from cni_plan.engine.subnets import PrefixDemand, SubnetReport
from cni_plan.render.table import Screen, format_table

_TITLES = ("SUBNET", "FITS", "FREE /28", "FREE ADDRESSES", "USED", "RESERVE FOR PREFIXES")


def subnet_record(report: SubnetReport) -> dict[str, Any]:
    """One subnet's part of the record."""
    return {
        "cidr": str(report.cidr),
        "subnet_id": report.subnet_id,
        "availability_zone": report.availability_zone,
        "addresses": report.addresses,
        "used_addresses": report.used_addresses,
        "free_addresses": report.free_addresses,
        "free_prefixes": report.free_prefixes,
        "reserved_prefixes": report.reserved_prefixes,
        "fits": report.fits,
        "reservations": list(map(str, report.reservations)),
    }


def record(demand: PrefixDemand, reports: Sequence[SubnetReport]) -> dict[str, Any]:
    """The answer as a record with stable names."""
    return {
        "pods": demand.pods,
        "prefixes": demand.prefixes,
        "addresses": demand.addresses,
        "held_prefixes": demand.held_prefixes,
        "smallest_subnet": None if demand.smallest_subnet is None else f"/{demand.smallest_subnet}",
        "subnets": [subnet_record(report) for report in reports],
    }


def flat_records(demand: PrefixDemand, reports: Sequence[SubnetReport]) -> list[dict[str, Any]]:
    """For formats without nesting: one record for each subnet, the demand beside it."""
    whole = record(demand, reports)
    subnets = whole.pop("subnets") or [{}]
    whole["prefix_addresses"] = whole.pop("addresses")
    return [whole | subnet for subnet in subnets]


def table(demand: PrefixDemand, reports: Sequence[SubnetReport], screen: Screen) -> str:
    """The demand with its arithmetic, then a line for each subnet."""
    pods = demand.pods
    smallest = f"/{demand.smallest_subnet}" if demand.smallest_subnet is not None else "more than a /16"
    lines = [
        f"prefixes needed   {demand.prefixes:>6}   ceil({pods} / 16), {demand.addresses} addresses",
        f"prefixes held     {demand.held_prefixes:>6}   by ipamd with WARM_PREFIX_TARGET=1",
        f"smallest subnet   {smallest:>6}   empty, the first and last /28 never count",
    ]
    if reports:
        rows = (
            (
                report.cidr,
                report.fits,
                report.free_prefixes,
                report.free_addresses,
                report.used_addresses,
                " ".join(map(str, report.reservations)),
            )
            for report in reports
        )
        lines += ["", format_table(_TITLES, rows, screen).rstrip("\n")]
    return "\n".join(lines) + "\n"
