"""`cni-plan plan`: whether a whole cluster fits, from one file."""

import json
import os
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from cni_plan.catalog import Catalog, data_file, load_catalog
from cni_plan.cli.fail_on import FailOn, FailOnOption
from cni_plan.cli.options import CatalogOption
from cni_plan.cli.output import emit, stdout_screen
from cni_plan.engine.cluster import Cluster
from cni_plan.engine.cluster_verdict import ClusterVerdict, plan_cluster
from cni_plan.errors import InputError

if TYPE_CHECKING:
    from typer._click import Context


class _PlanGroup(TyperGroup):
    """Takes a file where no subcommand is named."""

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        """Put the unnamed command's name in front, unless a subcommand is named."""
        return super().parse_args(ctx, args if args[:1] and args[0] in self.commands else ["", *args])


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


@app.command("")
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
