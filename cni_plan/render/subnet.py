"""How the demand for addresses and the state of subnets look."""

from collections.abc import Mapping, Sequence
from typing import Any

from cni_plan.engine.demand import ClusterDemand, SubnetShare, smallest_length
from cni_plan.engine.forecast import Outlook
from cni_plan.engine.remedies import Remedy
from cni_plan.engine.room import Taken
from cni_plan.engine.subnets import PrefixDemand, SubnetReport
from cni_plan.render.table import Screen, format_table, wrap

_TITLES = ("SUBNET", "FITS", "FREE /28", "FREE ADDRESSES", "USED", "RESERVE FOR PREFIXES")
_SHARE_TITLES = ("SUBNET", "ZONE", "NODES", "FITS", "FREE /28", "LEFT", "ADDRESSES LEFT", "MOST NODES")
_STATES = ("start", "rest", "peak")
_CHART_WIDTH = 50
_VISIBLE = 0.05
"""Less than so much of a block makes no difference to the table."""


def subnet_record(report: SubnetReport) -> dict[str, Any]:
    """One subnet's part of the record."""
    return {
        "cidr": str(report.subnet.cidr),
        "subnet_id": report.subnet.subnet_id,
        "availability_zone": report.subnet.availability_zone,
        "addresses": report.addresses,
        "used_addresses": report.used_addresses,
        "free_addresses": report.free_addresses,
        "free_prefixes": report.free_prefixes,
        "reserved_prefixes": report.reserved_prefixes,
        "fits": report.fits,
        "reservations": list(map(str, report.reservations)),
    }


def record(demand: PrefixDemand, reports: Sequence[SubnetReport]) -> dict[str, Any]:
    """The answer for a number of pods as a record with stable names."""
    return {
        "pods": demand.pods,
        "prefixes": demand.prefixes,
        "addresses": demand.addresses,
        "held_prefixes": demand.held_prefixes,
        "smallest_subnet": _length(demand.smallest_subnet),
        "subnets": [subnet_record(report) for report in reports],
    }


def _length(length: int | None) -> str | None:
    return None if length is None else f"/{length}"


def flat_records(whole: Mapping[str, Any]) -> list[dict[str, Any]]:
    """For formats without nesting: one record for each subnet, the demand beside it."""
    top = {key: value for key, value in whole.items() if not isinstance(value, list | dict)}
    top["demand_addresses"] = top.pop("addresses")
    return [
        top | {key: value for key, value in subnet.items() if key != "forecast"} for subnet in whole["subnets"] or [{}]
    ]


def table(demand: PrefixDemand, reports: Sequence[SubnetReport], screen: Screen) -> str:
    """The demand with its arithmetic, then a line for each subnet."""
    pods = demand.pods
    smallest = _length(demand.smallest_subnet) or "more than a /16"
    lines = [
        f"prefixes needed   {demand.prefixes:>6}   ceil({pods} / 16), {demand.addresses} addresses",
        f"prefixes held     {demand.held_prefixes:>6}   by ipamd with WARM_PREFIX_TARGET=1",
        f"smallest subnet   {smallest:>6}   empty, the first and last /28 never count",
    ]
    if reports:
        rows = (
            (
                report.subnet.name,
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


def zone_share(demand: ClusterDemand, zones: int) -> Taken:
    """What the nodes of the fullest zone take, and its part of the control plane's ENIs."""
    nodes = -(-(demand.nodes + demand.surge_nodes) // zones)
    return demand.largest.rest * nodes + Taken(-(-demand.control_plane_enis // zones), 0)


def cluster_record(
    demand: ClusterDemand, shares: Sequence[SubnetShare], remedies: Sequence[Remedy], *, zones: int
) -> dict[str, Any]:
    """The answer for nodes as a record: the fields of `record`, from the warm pool, and what belongs to nodes.

    Nodes need what ipamd holds on each of them, so that `prefixes` and `held_prefixes` are the same here.
    """
    rest, zone = demand.total(), zone_share(demand, zones)
    return {
        "pods": demand.pods,
        "prefixes": rest.prefixes,
        "addresses": rest.addresses,
        "held_prefixes": rest.prefixes,
        "smallest_subnet": _length(smallest_length(zone, reserved=True)),
        "smallest_subnet_without_reservation": _length(smallest_length(zone, reserved=False)),
        "instance_type": demand.instance.instance_type,
        "nodes": demand.nodes,
        "surge_nodes": demand.surge_nodes,
        "pods_per_node": demand.largest.pods,
        "unserved_pods": demand.unserved_pods,
        "control_plane_enis": demand.control_plane_enis,
        "zones": zones,
        "per_node": {state: _taken_record(getattr(demand.largest, state)) for state in _STATES},
        "total": {state: _taken_record(demand.total(state)) for state in _STATES},
        "subnets": [
            subnet_record(share.report)
            | {
                "nodes": share.nodes,
                "needed_prefixes": share.taken.prefixes,
                "needed_addresses": share.taken.addresses,
                "left_prefixes": share.left_prefixes,
                "left_addresses": share.left_addresses,
                "fits_without_reservation": share.fits_without_reservation,
                "max_nodes": share.max_nodes,
                "limited_by": share.limited_by,
            }
            for share in shares
        ],
        "remedies": [{"change": remedy.change, "detail": remedy.detail} for remedy in remedies],
    }


def _taken_record(taken: Taken) -> dict[str, int]:
    return {"single_addresses": taken.singles, "prefixes": taken.prefixes, "addresses": taken.addresses}


def cluster_table(
    demand: ClusterDemand, shares: Sequence[SubnetShare], remedies: Sequence[Remedy], screen: Screen, *, zones: int
) -> str:
    """What a node and all nodes take, the length of subnet for it, then each subnet and what would help."""
    surge = f" and {demand.surge_nodes} of a rolling update" if demand.surge_nodes else ""
    title = f"{demand.nodes} x {demand.instance.instance_type}{surge}, {demand.largest.pods} pods each"
    names = {"start": "at start, 0 pods", "rest": f"at rest, {demand.largest.pods} pods", "peak": "with max pods"}
    rows = [
        (
            names[state],
            *(getattr(getattr(demand.largest, state), part) for part in ("singles", "prefixes", "addresses")),
            *(getattr(demand.total(state), part) for part in ("singles", "prefixes", "addresses")),
        )
        for state in _STATES
    ]
    header = ("A NODE", "SINGLES", "PREFIXES", "ADDRESSES", "ALL SINGLES", "PREFIXES", "ADDRESSES")
    zone = zone_share(demand, zones)
    with_one, without = (smallest_length(zone, reserved=reserved) for reserved in (True, False))
    smallest = (
        f"smallest subnet in each of {zones} zones: {_length(with_one) or 'none'} with a reservation, "
        f"{_length(without) or 'none'} without"
    )
    lines = [
        screen.bold(title),
        "",
        format_table(header, rows, screen).rstrip("\n"),
        f"the control plane's {demand.control_plane_enis} ENIs are among all",
        "",
        smallest,
    ]
    if shares:
        lines += ["", format_table(_SHARE_TITLES, map(_share_row, shares), screen).rstrip("\n"), ""]
        lines += [wrap(line, screen) for share in shares for line in _share_lines(share)]
    if remedies:
        lines += ["", screen.bold("what would make it fit, the cheapest first")]
        lines += [wrap(f"{remedy.change}: {remedy.detail}", screen, indent=2) for remedy in remedies]
    return "\n".join(lines) + "\n"


def _share_row(share: SubnetShare) -> tuple[object, ...]:
    report = share.report
    return (
        report.subnet.name,
        report.subnet.availability_zone,
        share.nodes,
        report.fits,
        report.free_prefixes,
        share.left_prefixes if share.left_prefixes >= 0 else f"{share.left_prefixes}",
        share.left_addresses,
        share.max_nodes,
    )


def _share_lines(share: SubnetShare) -> list[str]:
    name = share.report.subnet.name
    lines = [f"{name}: at most {share.max_nodes} such nodes, then {share.limited_by} run out"]
    if share.report.reservations:
        lines.append(f"{name}: reserve {' '.join(map(str, share.report.reservations))}")
    if share.report.fits and not share.fits_without_reservation:
        lines.append(f"{name}: fits for certain only with the reservation, since single addresses spoil blocks")
    return lines


def outlook_record(outlook: Outlook) -> dict[str, Any]:
    """A step of a forecast as a record."""
    return {
        "single_addresses": outlook.singles,
        "utilisation": round(outlook.utilisation, 4),
        "expected_prefixes": round(outlook.expected_prefixes, 2),
        "likely_prefixes": round(outlook.likely_prefixes, 2),
    }


def _until_flat(outlooks: Sequence[Outlook]) -> Sequence[Outlook]:
    """The steps up to the first from which on nothing changes any more, and the last."""
    end = outlooks[-1].expected_prefixes
    flat = next(place for place, each in enumerate(outlooks) if abs(each.expected_prefixes - end) < _VISIBLE)
    return outlooks if flat >= len(outlooks) - 1 else [*outlooks[: flat + 1], outlooks[-1]]


def forecast_table(name: str, outlooks: Sequence[Outlook], last: Outlook | None, *, wanted: int, screen: Screen) -> str:
    """Free blocks to expect over utilisation, with a bar for each, and until when the demand fits."""
    most = max(outlook.expected_prefixes for outlook in outlooks) or 1
    bar = "█" if screen.blocks else "#"
    room = _CHART_WIDTH if screen.width is None else max(10, min(_CHART_WIDTH, screen.width - 46))
    rows = [
        (
            f"{100 * outlook.utilisation:.0f}%",
            outlook.singles,
            f"{outlook.expected_prefixes:.1f}",
            f"{outlook.likely_prefixes:.1f}",
            bar * round(room * outlook.expected_prefixes / most) or " ",
        )
        for outlook in _until_flat(outlooks)
    ]
    header = ("IN USE", "MORE", "EXPECTED", "95% SURE", "FREE /28 BLOCKS")
    if last is None:
        verdict = f"{wanted} prefixes do not fit even now"
    else:
        verdict = (
            f"{wanted} prefixes fit with 95% confidence up to {last.singles} more single addresses, "
            f"{100 * last.utilisation:.1f}% in use"
        )
    assumption = "assumed: every free address outside prefix reservations is as likely to be taken next as any other"
    return f"{screen.bold(f'{name}: free /28 blocks as single addresses come in')}\n{wrap(assumption, screen)}\n\n" + (
        format_table(header, rows, screen) + f"\n{wrap(verdict, screen)}\n"
    )
