"""`cni-plan catalog`: the table of instance types."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from cni_plan.catalog import Catalog, InstanceType, format_table, load_catalog
from cni_plan.cli.options import (
    AwsOptions,
    CatalogOption,
    Output,
    OutputOption,
    complete_instance_type,
    with_option_groups,
)
from cni_plan.cli.output import emit, stdout_screen
from cni_plan.cli.progress import progress_of
from cni_plan.render import catalog as render
from cni_plan.render.records import RecordFormat, format_records

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, help="The table of instance types: list, show, compare, refresh."
)
LIVE = "live"


@app.command("list")
def list_types(
    patterns: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TYPE]...", help="Names or globs; all by default.", autocompletion=complete_instance_type
        ),
    ] = None,
    catalog: CatalogOption = None,
    output: OutputOption = Output.TABLE,
) -> int:
    """List the types that names and globs select."""
    rows = load_catalog(catalog).select(patterns or ["*"])
    emit(_format(rows, output, table=lambda: render.table(rows, stdout_screen())))
    return 0


@app.command()
def show(
    names: Annotated[
        list[str],
        typer.Argument(metavar="TYPE...", help="Instance types.", autocompletion=complete_instance_type),
    ],
    catalog: CatalogOption = None,
    output: OutputOption = Output.TABLE,
) -> int:
    """Show every figure of a type, and where it comes from."""
    rows = load_catalog(catalog).select(names)
    emit(_format(rows, output, table=lambda: "\n".join(map(render.sheet, rows))))
    return 0


@app.command()
@with_option_groups
def diff(
    other: Annotated[str, typer.Argument(metavar="FILE|live", help="Another table, or EC2 as it is now.")],
    aws: AwsOptions,
    catalog: CatalogOption = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="End with 1 where the tables differ.")] = False,
    output: OutputOption = Output.TABLE,
) -> int:
    """Say what changes from this table to another one."""
    before = load_catalog(catalog)
    after: Iterable[InstanceType]
    if other == LIVE:
        from cni_plan.sources.aws import AwsAccess
        from cni_plan.sources.instance_types import refresh

        with progress_of("instance types") as progress:
            after = refresh([AwsAccess(aws.region, aws.profile, aws.endpoint_url)], progress=progress)
    else:
        after = load_catalog(other)
    records = list(render.differences(before, after))
    if output is Output.TABLE:
        emit(render.difference_table(records, stdout_screen()))
    else:
        emit(format_records(records, RecordFormat(output.value)))
    return int(exit_code and bool(records))


@app.command("refresh")
def refresh_table(
    region: Annotated[
        list[str] | None, typer.Option("--region", metavar="NAME", help="AWS region; repeatable, merged.")
    ] = None,
    profile: Annotated[str | None, typer.Option("--profile", metavar="NAME", help="AWS profile.")] = None,
    endpoint_url: Annotated[
        str | None, typer.Option("--endpoint-url", metavar="URL", help="Another EC2 endpoint.")
    ] = None,
    catalog: CatalogOption = None,
) -> int:
    """Read the table anew from EC2 (DescribeInstanceTypes).

    It goes to the file that --catalog or CNI_PLAN_CATALOG names, else to a file of your own, which a last line names;
    the bundled table stays as it is.
    """
    from cni_plan.sources.aws import AwsAccess
    from cni_plan.sources.files import write_text
    from cni_plan.sources.instance_types import default_catalog_path, refresh

    regions: list[str | None] = list(dict.fromkeys(region or [])) or [None]
    with progress_of("instance types") as progress:
        rows = refresh([AwsAccess(name, profile, endpoint_url) for name in regions], progress=progress)
    text = format_table(rows)
    Catalog(text, "the new table")
    target = Path(catalog) if catalog else default_catalog_path()
    write_text(target, text)
    print(f"{len(rows)} instance types written to {target}", file=sys.stderr)
    if not catalog:
        print(f"to use it: export CNI_PLAN_CATALOG={target}", file=sys.stderr)
    return 0


def _format(rows: list[InstanceType], output: Output, *, table: Callable[[], str]) -> str:
    if output is Output.TABLE:
        return table()
    records: list[dict[str, Any]] = [render.record(row) for row in rows]
    return format_records(records, RecordFormat(output.value))
