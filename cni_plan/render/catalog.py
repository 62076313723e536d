"""How rows of the table and differences between tables look."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cni_plan.catalog import COLUMNS, InstanceType
from cni_plan.render.table import Screen, format_table

_LISTED = (
    "instance_type",
    "max_enis",
    "ipv4_per_eni",
    "vcpus",
    "memory_mib",
    "hypervisor",
    "bare_metal",
    "branch_enis",
)
_TITLES = ("INSTANCE TYPE", "ENIS", "IPV4/ENI", "VCPUS", "MEMORY MIB", "HYPERVISOR", "METAL", "BRANCH ENIS")


def record(instance: InstanceType) -> dict[str, Any]:
    """A row as a record, its cells by column name."""
    values = {column: getattr(instance, column) for column in COLUMNS}
    return values | {"architectures": list(instance.architectures)}


def table(instances: Iterable[InstanceType], screen: Screen) -> str:
    """The columns that decide addresses, one line for each type."""
    return format_table(_TITLES, ([getattr(row, column) for column in _LISTED] for row in instances), screen)


def sheet(instance: InstanceType) -> str:
    """Every figure of one type, one a line; `-` is unknown."""
    width = max(map(len, COLUMNS))
    lines = []
    for column, value in record(instance).items():
        shown = ", ".join(value) if isinstance(value, list) else value
        if isinstance(shown, bool):
            shown = "yes" if shown else "no"
        lines.append(f"{column:<{width}}  {'-' if shown is None or shown == '' else shown}")
    return "\n".join(lines) + "\n"


def differences(before: Iterable[InstanceType], after: Iterable[InstanceType]) -> Iterator[dict[str, Any]]:
    """One record for each type that came or went, and for each cell that changed; `source` does not count."""
    old = {row.instance_type: record(row) for row in before}
    new = {row.instance_type: record(row) for row in after}
    for name in sorted(old.keys() | new.keys()):
        if name not in new or name not in old:
            change = "removed" if name in old else "added"
            yield {"instance_type": name, "change": change, "column": None, "before": None, "after": None}
            continue
        for column in COLUMNS:
            if column != "source" and old[name][column] != new[name][column]:
                cells = {"before": old[name][column], "after": new[name][column]}
                yield {"instance_type": name, "change": "changed", "column": column, **cells}


def difference_table(records: Sequence[dict[str, Any]], screen: Screen) -> str:
    """The differences for people."""
    if not records:
        return "no differences\n"
    titles = ("INSTANCE TYPE", "CHANGE", "COLUMN", "BEFORE", "AFTER")
    return format_table(titles, (tuple(row.values()) for row in records), screen)
