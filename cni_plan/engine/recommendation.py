"""Which instance types waste least for a workload."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cni_plan.catalog import InstanceType, size_order
from cni_plan.engine.assessment import Assessment, Need, Pools, assess_with, check, unable
from cni_plan.engine.max_pods import supports_ipv6
from cni_plan.engine.selection import POD_ARCHITECTURES


class Order(StrEnum):
    """What comes first in a ranking."""

    WASTE = "waste"
    PRICE = "price"
    NODES = "nodes"
    ADDRESSES = "addresses"


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Types that can hold the pods, the best first, and those that were left out, with the reason."""

    ranked: tuple[Assessment, ...]
    left_out: tuple[tuple[InstanceType, str], ...]


def recommend(
    rows: Sequence[InstanceType], need: Need, *, prices: Mapping[str, int] | None = None, order: Order = Order.WASTE
) -> Recommendation:
    """Rank types for a workload.

    Each order is followed by the others where two types are equal: waste, nodes, and the name by size at last. Types
    without a price come last by price.

    Args:
        rows: The types to choose among.
        need: What they are for.
        prices: Of one node and hour by name, in units of 1e-10 USD.
        order: What comes first.

    Raises:
        InputError: The settings or the provisioner can work on no type.
    """
    check(need)
    pools = Pools(need.settings)
    ranked: list[Assessment] = []
    left_out: list[tuple[InstanceType, str]] = []
    for row in rows:
        reason = unable(row, need)
        if reason is None:
            found = assess_with(row, need, pools, (prices or {}).get(row.instance_type))
            if found.fleet is not None:
                ranked.append(found)
                continue
            reason = f"no pod fits by {found.density.limited_by}"
        left_out.append((row, reason))
    return Recommendation(tuple(sorted(ranked, key=_KEYS[order])), tuple(left_out))


def alike(ranked: Sequence[Assessment]) -> list[tuple[Assessment, ...]]:
    """Types of one architecture that come to the very same end, in the order of the first of each.

    Types that can have prefixes are kept apart from those that cannot, since the other mode sets them apart.
    """
    groups: dict[object, list[Assessment]] = {}
    for each in ranked:
        figures = (each.fleet, each.density.pods, each.density.limited_by, each.density.limits.max_pods, each.verdict)
        row = each.instance
        kind = (each.mode, each.node_price, POD_ARCHITECTURES.intersection(row.architectures), supports_ipv6(row))
        groups.setdefault((figures, kind), []).append(each)
    return [tuple(group) for group in groups.values()]


def _by_waste(each: Assessment) -> tuple[object, ...]:
    fleet = each.fleet
    return () if fleet is None else (fleet.unused_permille, fleet.nodes, *size_order(each.instance.instance_type))


def _by_price(each: Assessment) -> tuple[object, ...]:
    return (each.price is None, each.price or 0, *_by_waste(each))


def _by_nodes(each: Assessment) -> tuple[object, ...]:
    return (each.fleet.nodes if each.fleet else 0, *_by_waste(each))


def _by_addresses(each: Assessment) -> tuple[object, ...]:
    return (each.fleet.addresses if each.fleet else 0, *_by_waste(each))


_KEYS: dict[Order, Callable[[Assessment], tuple[object, ...]]] = {
    Order.WASTE: _by_waste,
    Order.PRICE: _by_price,
    Order.NODES: _by_nodes,
    Order.ADDRESSES: _by_addresses,
}
