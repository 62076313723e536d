"""How a ranking of instance types looks, and what binds on one of them."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from cni_plan.engine.assessment import PRICE_UNITS_PER_USD, Assessment, Use, Verdict
from cni_plan.engine.density import MIB
from cni_plan.engine.max_pods import Mode
from cni_plan.engine.recommendation import Order
from cni_plan.render.table import Screen, format_table, wrap

NESTED = ("bounds", "with_other_mode")
"""Fields of a record that a flat table has no place for."""

_GIB = 2**30
_LEGEND = "PODS fit on a node; unused are CPU% and MEM% of allocatable, IP% of attached."
_LEGEND_OF_ALIKE = "+N: N more types do the same."
_LEAST_FORMULA_WIDTH = 20


def record(group: Sequence[Assessment], pods: int) -> dict[str, Any]:
    """Types that do the same as a record with stable names; null where nothing fits or something does not count."""
    each = group[0]
    return {
        "instance_type": each.instance.instance_type,
        "alike": [other.instance.instance_type for other in group[1:]],
        "architectures": list(each.instance.architectures),
        "pods": pods,
        "usd_per_node_hour": None if each.node_price is None else _usd_number(each.node_price),
        **_outcome(each),
        "bounds": [
            {"limited_by": str(bound.constraint), "pods": bound.pods, "formula": bound.formula}
            for bound in each.density.bounds
        ],
        "with_other_mode": None if each.other is None else _outcome(each.other),
    }


def _outcome(each: Assessment) -> dict[str, Any]:
    """What differs between the modes."""
    fleet = each.fleet
    cpu, memory, addresses = (fleet.cpu, fleet.memory, fleet.pod_addresses) if fleet else (None, None, None)
    return {
        "mode": each.mode.value,
        "nodes": fleet and fleet.nodes,
        "pods_per_node": each.density.pods,
        "fullest_node_pods": fleet and fleet.fullest_node_pods,
        "max_pods": each.density.limits.max_pods,
        "limited_by": str(each.density.limited_by),
        "verdict": each.verdict.value,
        "addresses": fleet and fleet.addresses,
        "prefixes": fleet and fleet.prefixes,
        "unused_cpu_millicores": cpu and cpu.unused,
        "unused_memory_mib": memory and memory.unused // MIB,
        "unused_addresses": addresses and addresses.unused,
        "unused_cpu_percent": cpu and _percent(cpu),
        "unused_memory_percent": memory and _percent(memory),
        "unused_addresses_percent": addresses and _percent(addresses),
        "unused_percent": fleet and fleet.unused_permille / 10,
        "usd_per_hour": None if each.price is None else _usd_number(each.price),
        "notes": list(each.density.limits.notes),
    }


def _percent(use: Use) -> float:
    """The unused part in percent, to one decimal."""
    return (use.unused_ppm + 500) // 1000 / 10


def _whole_percent(use: Use | None) -> int | None:
    return None if use is None else (use.unused_ppm + 5000) // 10_000


def _usd_number(units: int) -> float:
    """US dollars to a millionth, as the shortest number that means it."""
    return float(round(Decimal(units) / PRICE_UNITS_PER_USD, 6))


def _usd(units: int | None) -> str | None:
    return None if units is None else f"{Decimal(units) / PRICE_UNITS_PER_USD:.4f}"


def table(groups: Sequence[Sequence[Assessment]], screen: Screen, *, order: Order, priced: bool) -> str:
    """The types side by side, the best first; those that do the same share a line."""
    fleets = [group[0].fleet for group in groups if group[0].fleet is not None]
    columns: list[tuple[str, Iterable[object]]] = [
        ("TYPE", [_name(group) for group in groups]),
        ("NODES", [fleet.nodes for fleet in fleets]),
        ("PODS", [group[0].density.pods for group in groups]),
        ("ADDRESSES", [fleet.addresses for fleet in fleets]),
        ("CPU%", [_whole_percent(fleet.cpu) for fleet in fleets]),
        ("MEM%", [_whole_percent(fleet.memory) for fleet in fleets]),
        ("IP%", [_whole_percent(fleet.pod_addresses) for fleet in fleets]),
        ("LIMITED BY", [group[0].density.limited_by for group in groups]),
    ]
    if priced:
        columns.insert(2, ("USD/HOUR", [_usd(group[0].price) for group in groups]))
    mean = ("MEAN%", [f"{fleet.unused_permille / 10:.1f}" for fleet in fleets])
    # A narrow screen loses the last column, which must not be the one that the types are ranked by.
    columns.insert(len(columns) if order is Order.PRICE else -1, mean)
    titles, cells = zip(*(_aligned(title, values) for title, values in columns), strict=True)
    legend = [_LEGEND, _LEGEND_OF_ALIKE] if any(len(group) > 1 for group in groups) else [_LEGEND]
    return "\n".join(
        [format_table(titles, zip(*cells, strict=True), screen), *(wrap(line, screen) for line in legend), ""]
    )


def _name(group: Sequence[Assessment]) -> str:
    name = group[0].instance.instance_type
    return name if len(group) == 1 else f"{name} +{len(group) - 1}"


def _aligned(title: str, values: Iterable[object]) -> tuple[str, list[object]]:
    """A column whose amounts end at the same place; whole numbers align by themselves."""
    cells = list(values)
    if not any(isinstance(cell, str) and cell[:1].isdigit() and "." in cell for cell in cells) or title == "TYPE":
        return title, cells
    texts = ["-" if cell is None else str(cell) for cell in cells]
    width = max(map(len, (title, *texts)))
    return title.rjust(width), [text.rjust(width) for text in texts]


def verdict(each: Assessment, pods: int, screen: Screen) -> str:
    """What binds on a type and by which arithmetic, whether the other mode would change it, and what all pods need."""
    heading = f"{each.instance.instance_type}: {each.verdict}{_by(each)}, {_count(each.density.pods, 'pod')} a node"
    sentences = [_with_other_mode(each), *(_whole(each, pods) if each.fleet else ["No pod fits on such a node."])]
    lines = [wrap(sentence, screen) for sentence in sentences if sentence]
    return "\n".join([screen.bold(heading), "", *_bounds(each, screen), "", *lines, ""])


def _by(each: Assessment) -> str:
    """What binds, where the verdict does not say it."""
    if each.verdict is Verdict.COMPUTE_BOUND:
        return f" ({each.density.limited_by})"
    return f" (max pods is {each.density.limits.max_pods})" if each.verdict is Verdict.MAX_PODS_BOUND else ""


def _bounds(each: Assessment, screen: Screen) -> Iterator[str]:
    """The bounds with their formulas, which a narrow screen breaks rather than drops; IPv6 addresses never bind."""
    from textwrap import wrap as broken

    bounds = [
        bound for bound in each.density.bounds if each.mode is not Mode.IPV6 or bound.constraint != "ip-addresses"
    ]
    names = max(len("LIMITED BY"), *(len(bound.constraint) for bound in bounds))
    numbers = max(len("PODS"), *(len(str(bound.pods)) for bound in bounds))
    yield screen.bold(f"{'LIMITED BY':{names}}  {'PODS':>{numbers}}  HOW")
    for bound in bounds:
        start = f"{bound.constraint:{names}}  {bound.pods:{numbers}}  "
        width = screen.width and max(_LEAST_FORMULA_WIDTH, screen.width - len(start))
        yield start + f"\n{' ' * len(start)}".join(broken(bound.formula, width) if width else [bound.formula])


def _with_other_mode(each: Assessment) -> str:
    """What prefixes would change, or their absence."""
    other = each.other
    if other is None:
        return ""
    if other.mode is each.mode:
        return "Prefixes would change nothing: ipamd attaches none to this type."
    before, after = each.density.pods, other.density.pods
    if before == after:
        change = "change nothing"
    else:
        change = f"{'raise' if after > before else 'lower'} it from {before} to {after} pods a node"
    reason = f"{other.density.limited_by} allows {after}"
    if other.verdict is Verdict.MAX_PODS_BOUND:
        reason = f"max pods is {other.density.limits.max_pods}"
    notes = [note for note in other.density.limits.notes if note not in each.density.limits.notes]
    because = f" ({'; '.join(notes)})" if notes else ""
    subject = "Prefixes" if other.mode is Mode.PREFIX_DELEGATION else "Single addresses"
    return f"{subject} would {change}: {reason}{because}.{_instead(each, other)}"


def _instead(each: Assessment, other: Assessment) -> str:
    """The nodes and addresses of the other mode, where they differ."""
    here, there = each.fleet, other.fleet
    if here is None or there is None or (here.nodes, here.addresses) == (there.nodes, there.addresses):
        return ""
    return (
        f" All pods would need {_count(there.nodes, 'node')} and {there.addresses} addresses "
        f"instead of {here.nodes} and {here.addresses}."
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _whole(each: Assessment, pods: int) -> list[str]:
    """The nodes for all pods, what they take, and what goes unused."""
    fleet = each.fleet
    if fleet is None:
        return []
    need = "needs" if pods == 1 else "need"
    price = "" if each.price is None else f", for {_usd(each.price)} USD an hour"
    demand = (
        f"{_count(pods, 'pod')} {need} {_count(fleet.nodes, 'node')} with at most {fleet.fullest_node_pods} on each, "
        f"and {fleet.addresses} addresses of the subnets{price}."
    )
    unused = []
    if fleet.cpu:
        unused.append(f"{fleet.cpu.unused / 1000:.2f} of {fleet.cpu.offered / 1000:.2f} allocatable vCPUs")
    if fleet.memory:
        unused.append(f"{fleet.memory.unused / _GIB:.1f} of {fleet.memory.offered / _GIB:.1f} allocatable GiB")
    if fleet.pod_addresses:
        unused.append(f"{fleet.pod_addresses.unused} of {fleet.pod_addresses.offered} attached addresses")
    return [demand, *([f"Unused are {', '.join(unused)}."] if unused else [])]
