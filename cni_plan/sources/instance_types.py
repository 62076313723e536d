"""Instance types from EC2, with the figures that its API does not give."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from cni_plan.catalog import Catalog, InstanceType, data_file, is_glob, size_order
from cni_plan.errors import SourceError, UnknownInstanceTypeError
from cni_plan.sources.aws import AwsAccess, aws_errors, ec2_client

MOST_FILTER_VALUES = 200
"""EC2's limit of values in one filter."""

_MAY_DIFFER_BY_REGION = frozenset({"current_generation", "source"})


@dataclass(frozen=True, slots=True)
class BranchFigures:
    """What the VPC resource controller knows of a type and EC2 does not tell."""

    trunking_compatible: bool
    branch_enis: int


def describe_instance_types(access: AwsAccess, patterns: Sequence[str] = ()) -> Iterator[InstanceType]:
    """Read instance types from EC2, all pages.

    Args:
        access: Region, profile and endpoint.
        patterns: Names and globs; none for every type.

    Raises:
        SourceError: EC2 does not answer, refuses, or answers something else.
    """
    from cni_plan.inputs.ec2 import instance_type_from_ec2

    filterable = 0 < len(patterns) <= MOST_FILTER_VALUES and not any("[" in pattern for pattern in patterns)
    filters = [{"Name": "instance-type", "Values": list(patterns)}] if filterable else []
    client = ec2_client(access)
    with aws_errors(f"reading instance types in {client.meta.region_name}"):
        for page in client.get_paginator("describe_instance_types").paginate(Filters=filters):  # type: ignore[arg-type] # the stubs want a TypedDict for what is one
            for payload in page.get("InstanceTypes", ()):
                yield with_branch_figures(instance_type_from_ec2(payload))


def live_instance_types(access: AwsAccess, patterns: Sequence[str], known: Catalog) -> list[InstanceType]:
    """The types that names and globs select, as EC2 has them now, in the order of `Catalog.select`.

    Raises:
        UnknownInstanceTypeError: The region has no such type.
        SourceError: EC2 failed.
    """
    found = {row.instance_type: row for row in describe_instance_types(access, patterns)}
    chosen: dict[str, InstanceType] = {}
    for pattern in patterns:
        names = sorted((name for name in found if fnmatchcase(name, pattern)), key=size_order)
        if not names:
            near = [] if is_glob(pattern) else [name for name in known.nearest(pattern) if name != pattern]
            hint = f": did you mean {', '.join(near)}?" if near else ""
            raise UnknownInstanceTypeError(f"EC2 has no instance type {pattern[:64]!r} in this region{hint}")
        chosen |= {name: found[name] for name in names}
    return list(chosen.values())


def merge_regions(answers: Iterable[tuple[str, Iterable[InstanceType]]]) -> dict[str, InstanceType]:
    """Merge several regions' answers into one table.

    Args:
        answers: Region names with their types.

    Raises:
        SourceError: Two regions give different limits for a type, or a region gives none at all.
    """
    merged: dict[str, tuple[str, InstanceType]] = {}
    for region, rows in answers:
        count = 0
        for row in rows:
            count += 1
            first_region, first = merged.setdefault(row.instance_type, (region, row))
            _check_agreement(first_region, first, region, row)
        if not count:
            raise SourceError(f"EC2 in {region} lists no instance types at all; the table is left as it was")
    return {name: row for name, (_, row) in merged.items()}


def _check_agreement(first_region: str, first: InstanceType, region: str, row: InstanceType) -> None:
    for field in fields(InstanceType):
        before, now = getattr(first, field.name), getattr(row, field.name)
        if before != now and field.name not in _MAY_DIFFER_BY_REGION:
            raise SourceError(
                f"{row.instance_type}: {field.name} is {before} in {first_region} but {now} in {region}; "
                "the table is left as it was"
            )


def refresh(accesses: Sequence[AwsAccess], *, progress: Callable[[str, int], None]) -> list[InstanceType]:
    """Read the whole table anew from EC2, with the checked-in figures for what its API does not give.

    Args:
        accesses: One for each region.
        progress: Called with the region and the number of types read so far.

    Raises:
        SourceError: EC2 failed, or two regions disagree.
    """

    def counted(access: AwsAccess) -> Iterator[InstanceType]:
        for number, row in enumerate(describe_instance_types(access), start=1):
            progress(access.region or "the default region", number)
            yield row

    rows = merge_regions((access.region or "the default region", counted(access)) for access in accesses)
    extra = Catalog(read_overrides("extra_instance_types.csv"), "extra_instance_types.csv")
    for row in extra:
        rows.setdefault(row.instance_type, with_branch_figures(row))
    return list(rows.values())


def with_branch_figures(row: InstanceType) -> InstanceType:
    """Add trunk and branch ENIs, where the checked-in figures know them."""
    figures = branch_figures().get(row.instance_type)
    if figures is None:
        return row
    return replace(
        row,
        trunking_compatible=figures.trunking_compatible,
        branch_enis=figures.branch_enis,
        source=f"{row.source}+overrides/branch_enis.csv",
    )


@cache
def branch_figures() -> dict[str, BranchFigures]:
    """The checked-in trunk and branch ENI figures, by instance type."""
    import csv

    rows = csv.DictReader(read_overrides("branch_enis.csv").splitlines())
    return {
        row["instance_type"]: BranchFigures(row["trunking_compatible"] == "true", int(row["branch_enis"]))
        for row in rows
    }


def read_overrides(name: str) -> str:
    """The text of a checked-in file of figures."""
    return data_file(f"overrides/{name}").read_text(encoding="utf-8")


def default_catalog_path() -> Path:
    """Where a refresh puts the user's own table when no other place is named."""
    import os

    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "cni-plan" / "instance_types.csv"
