"""Groups of nodes as users write them on a command line."""

import re

from cni_plan.catalog import Catalog
from cni_plan.engine.tuning import NodeGroup
from cni_plan.errors import InputError

MOST_NODES = 1_000_000
MOST_PODS = 10_000
"""More than any node takes."""

_GROUP = re.compile(r"([^:]+):(\d{1,9})x(\d{1,9})", re.ASCII)


def parse_group(text: str, catalog: Catalog) -> NodeGroup:
    """Read `m5.large:20x12`: 20 nodes of the type with 12 pods each.

    Raises:
        InputError: It is malformed, out of bounds, or names an unknown type.
    """
    match = _GROUP.fullmatch(text.strip())
    if not match:
        raise InputError(f"--group {text[:60]!r} is not TYPE:NODESxPODS, such as m5.large:20x12")
    nodes, pods = int(match[2]), int(match[3])
    if not 1 <= nodes <= MOST_NODES or pods > MOST_PODS:
        raise InputError(f"--group {text[:60]!r}: from 1 to {MOST_NODES} nodes with at most {MOST_PODS} pods each")
    return NodeGroup(catalog[match[1]], nodes, pods)
