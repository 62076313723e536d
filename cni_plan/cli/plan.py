"""`cni-plan plan`: whether a whole cluster fits, from one file."""

import json
import os
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperCommand, TyperGroup

from cni_plan.catalog import Catalog, data_file, load_catalog
from cni_plan.cli.fail_on import FailOn, FailOnOption
from cni_plan.cli.options import CatalogOption
from cni_plan.cli.output import emit, stdout_screen
from cni_plan.engine.cluster import Cluster
from cni_plan.engine.cluster_verdict import ClusterVerdict, plan_cluster
from cni_plan.errors import InputError

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter


_UNNAMED = "plan"
"""The command that runs where no subcommand is named; it does not show in usage lines."""


class _Unnamed(TyperCommand):
    """The command without a name of its own."""

    def format_usage(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """The usage line, without the gap that the empty name would leave."""
        formatter.write_usage(ctx.command_path.rstrip(), " ".join(self.collect_usage_pieces(ctx)))


class _PlanGroup(TyperGroup):
    """Takes a file where no subcommand is named."""

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        """Put the unnamed command in front, unless a subcommand is named."""
        named = args[:1] and args[0] in self.commands and args[0] != _UNNAMED
        return super().parse_args(ctx, args if named else [_UNNAMED, *args])

    def resolve_command(self, ctx: "Context", args: list[str]) -> "tuple[str | None, Command | None, list[str]]":
        """The command, the unnamed one without a name."""
        name, command, rest = super().resolve_command(ctx, args)
        return "" if name == _UNNAMED else name, command, rest


app = typer.Typer(add_completion=False, rich_markup_mode=None, cls=_PlanGroup)


class PlanOutput(StrEnum):
    """The formats of a plan's report."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    MARKDOWN = "markdown"
    HTML = "html"


def read_plan(path: str, catalog: Catalog) -> Cluster:
    """Read a plan file; files that it names lie beside it.

    Raises:
        InputError: It cannot be read, or is broken.
    """
    from cni_plan.inputs.plan_file import parse_plan
    from cni_plan.sources.files import read_text

    beside = "." if path == "-" else os.path.dirname(path)  # noqa: PTH120 # pathlib would make - of ./-, which is stdin
    where = "standard input" if path == "-" else path
    return parse_plan(
        read_text(path),
        where,
        catalog,
        lambda name: read_text(os.path.join(beside or ".", name)),  # noqa: PTH118 # the same
    )


PlanFileArgument = Annotated[str | None, typer.Argument(metavar="FILE", help="The plan; - for stdin.")]


@app.command(_UNNAMED, cls=_Unnamed)
def plan(
    file: PlanFileArgument = None,
    explain: Annotated[bool, typer.Option("--explain", help="The formula of every number, step by step.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the plan file's JSON schema.")] = False,
    example: Annotated[bool, typer.Option("--example", help="Print a plan file with comments.")] = False,
    fail_on: FailOnOption = FailOn.ERROR,
    catalog: CatalogOption = None,
    output: Annotated[PlanOutput, typer.Option("--output", "-o", help="How to print it.")] = PlanOutput.TABLE,
) -> int:
    """Whether a whole cluster fits into its subnets, from one file.

    Today, at its maximum, in a rolling update, without a zone, and as it grows: for each group what binds, for each
    subnet what is needed and what is there, the same cluster in each mode, and what to change. Ends with 1 where
    there are errors. `cni-plan plan diff OLD NEW` tells what a change to the file does.
    """
    if schema:
        from cni_plan.inputs.plan_model import json_schema

        emit(json.dumps(json_schema(), indent=2) + "\n")
        return 0
    if example:
        emit(data_file("plan_example.yaml").read_text(encoding="utf-8"))
        return 0
    if file is None:
        raise InputError("name a plan file, or - for stdin; `cni-plan plan --example` prints one")
    verdict = plan_cluster(read_plan(file, load_catalog(catalog)))
    emit(_explained(verdict) if explain else _format(verdict, output))
    return fail_on.exit_code(verdict.findings)


class DiffOutput(StrEnum):
    """The formats of what a change does."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    MARKDOWN = "markdown"


@app.command("diff")
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The plan before; - for stdin.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The plan after.")],
    fail_on: FailOnOption = FailOn.ERROR,
    catalog: CatalogOption = None,
    output: Annotated[DiffOutput, typer.Option("--output", "-o", help="How to print it.")] = DiffOutput.TABLE,
) -> int:
    """What a change to a plan file does to capacity.

    The figures that differ, and the findings that come and go. Ends with 1 where the new plan has errors that the
    old one has not.
    """
    from cni_plan.engine.cluster_diff import diff_clusters
    from cni_plan.render import plan_diff as render

    table = load_catalog(catalog)
    difference = diff_clusters(*(plan_cluster(read_plan(path, table)) for path in (old, new)))
    match output:
        case DiffOutput.TABLE:
            emit(render.table(difference, stdout_screen()))
        case DiffOutput.MARKDOWN:
            emit(render.markdown(difference))
        case _:
            from cni_plan.render.records import RecordFormat, format_document

            emit(format_document(render.record(difference), RecordFormat(output.value)))
    return fail_on.exit_code(difference.new_findings)


def _explained(verdict: ClusterVerdict) -> str:
    from cni_plan.render.plan_explanation import explanation

    return explanation(verdict, stdout_screen())


def _format(verdict: ClusterVerdict, output: PlanOutput) -> str:
    match output:
        case PlanOutput.TABLE:
            from cni_plan.render.plan_table import table

            return table(verdict, stdout_screen())
        case PlanOutput.MARKDOWN:
            from cni_plan.render.plan_markdown import markdown

            return markdown(verdict)
        case PlanOutput.HTML:
            from cni_plan.render.plan_html import page

            return page(verdict)
    from cni_plan.render.plan_record import record
    from cni_plan.render.records import RecordFormat, format_document

    return format_document(record(verdict), RecordFormat(output.value))
