"""`cni-plan check`: what is wrong with a configuration of aws-node."""

from typing import Annotated

import typer

from cni_plan.catalog import load_catalog
from cni_plan.cli.fail_on import FailOn, FailOnOption
from cni_plan.cli.options import CatalogOption, InstanceTypesOption, MaxPodsOption, Output, OutputOption, split_types
from cni_plan.cli.output import emit, stdout_screen
from cni_plan.engine.checks import check
from cni_plan.engine.cni import parse_cni_version
from cni_plan.engine.findings import Code
from cni_plan.errors import InputError
from cni_plan.render import findings as render
from cni_plan.render.records import RecordFormat, format_records
from cni_plan.sources.files import read_text

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command("check")
def check_aws_node(
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE", help="A DaemonSet, add-on configuration, ConfigMap or lines; - for stdin."),
    ] = None,
    instance_type: InstanceTypesOption = None,
    cni_version: Annotated[
        str | None,
        typer.Option("--cni-version", metavar="X.Y.Z", help="Release of the CNI; by default the image's."),
    ] = None,
    max_pods: MaxPodsOption = None,
    fail_on: FailOnOption = FailOn.ERROR,
    explain: Annotated[
        str | None, typer.Option("--explain", metavar="CODE", help="Say what a code means and where that is written.")
    ] = None,
    catalog: CatalogOption = None,
    output: OutputOption = Output.TABLE,
) -> int:
    """What is wrong with aws-node's settings.

    Reads what `kubectl get daemonset aws-node -n kube-system -o yaml` prints, an add-on configuration, Helm values, the
    ConfigMap amazon-vpc-cni or KEY=VALUE lines. Ends with 1 where there are errors.
    """
    if explain is not None:
        emit(render.explanation(_code(explain), stdout_screen()))
        return 0
    if file is None:
        raise InputError("name a file to check, or - for stdin")
    from cni_plan.inputs.aws_node import parse_aws_node

    findings = check(
        parse_aws_node(read_text(file), "standard input" if file == "-" else file),
        cni_version=None if cni_version is None else parse_cni_version(cni_version),
        instances=load_catalog(catalog).select(split_types(instance_type)),
        max_pods=max_pods,
    )
    if output is Output.TABLE:
        emit(render.report(findings, stdout_screen()))
    else:
        emit(format_records(list(map(render.record, findings)), RecordFormat(output.value)))
    return fail_on.exit_code(findings)


def _code(text: str) -> Code:
    try:
        return Code(text)
    except ValueError:
        from difflib import get_close_matches

        codes = [code.value for code in Code]
        near = get_close_matches(text, codes, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else f"the codes are {', '.join(codes)}"
        raise InputError(f"no code {text[:40]!r}: {hint}") from None
