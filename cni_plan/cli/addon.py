"""`cni-plan addon`: the CNI's settings as configuration of the vpc-cni add-on."""

import shlex
import sys
from enum import StrEnum
from typing import Annotated

import typer

from cni_plan.cli.options import AwsOptions, CniOptions, with_option_groups
from cni_plan.cli.output import emit, tell
from cni_plan.cli.warm_options import WarmOptions
from cni_plan.engine.addon_values import (
    AddonValues,
    as_node,
    for_managed_addon,
    values_from_node,
    values_from_settings,
)
from cni_plan.engine.checks import check
from cni_plan.engine.cni import NEWEST_CNI_VERSION, Version, format_version, parse_cni_version
from cni_plan.engine.findings import Severity
from cni_plan.errors import InputError
from cni_plan.inputs import cluster
from cni_plan.render.table import printable
from cni_plan.snippets import addon as snippets

app = typer.Typer(add_completion=False, rich_markup_mode=None)

PLACEHOLDER_CLUSTER, PLACEHOLDER_REGION = "REPLACE-ME", "replace-me"


class AddonFormat(StrEnum):
    """The tool that the text is for."""

    JSON = "json"
    TERRAFORM = "terraform"
    CLOUDFORMATION = "cloudformation"
    EKSCTL = "eksctl"
    AWS_CLI = "aws-cli"
    KUBECTL = "kubectl"
    HELM = "helm"


_NAMED = {AddonFormat.TERRAFORM, AddonFormat.CLOUDFORMATION, AddonFormat.EKSCTL, AddonFormat.AWS_CLI}


@app.command()
@with_option_groups
def addon(
    cni: CniOptions,
    warm: WarmOptions,
    aws: AwsOptions,
    text_format: Annotated[
        AddonFormat, typer.Option("--format", metavar="NAME", help=f"The tool it is for: {', '.join(AddonFormat)}.")
    ] = AddonFormat.JSON,
    cluster_name: Annotated[str | None, typer.Option("--cluster-name", metavar="NAME", help="The EKS cluster.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Name what has the add-on's default too.")] = False,
) -> int:
    """The CNI's settings for the vpc-cni add-on.

    From options, or from what runs today with --aws-node. Only what differs from the add-on's default is named, all
    values are strings, and nothing is emitted that `cni-plan check` would call an error.
    """
    if cluster_name is not None:
        cluster.cluster_name(cluster_name)
    values, version = _values(cni, warm, everything=everything)
    tell(_findings(values, version))
    if text_format not in {AddonFormat.KUBECTL, AddonFormat.HELM}:
        values = for_managed_addon(values)
    if values.left_out:
        tell(
            [f"left out, since it cannot be set here with CNI {format_version(version)}: {', '.join(values.left_out)}"]
        )
    tell(_placeholders(text_format, cluster_name, aws.region))
    text = _format(values, text_format, cluster_name or PLACEHOLDER_CLUSTER, aws.region or PLACEHOLDER_REGION)
    if not (values.env or values.init_env):
        tell(["the add-on's defaults are what is asked for: nothing to set"])
    emit(text)
    return 0


def _findings(values: AddonValues, version: Version) -> list[str]:
    """What `check` says of the values, as notes.

    Raises:
        InputError: One of them is an error.
    """
    findings = check(as_node(values), cni_version=version)
    for finding in findings:
        if finding.severity is Severity.ERROR:
            raise InputError(f"{finding.variable}: {finding.message} ({finding.code}); {finding.fix}")
    return [
        f"{finding.variable}: {finding.message} [{finding.code}]"
        for finding in findings
        if finding.severity is Severity.WARNING
    ]


def _placeholders(text_format: AddonFormat, cluster_name: str | None, region: str | None) -> list[str]:
    lines = []
    if cluster_name is None and text_format in _NAMED:
        lines.append(f"{PLACEHOLDER_CLUSTER} stands for the cluster's name: give --cluster-name")
    if region is None and text_format is AddonFormat.EKSCTL:
        lines.append(f"{PLACEHOLDER_REGION} stands for the region: give --region")
    return lines


def _format(values: AddonValues, text_format: AddonFormat, cluster_name: str, region: str) -> str:  # noqa: PLR0911 # one for each
    made_by = printable(f"Made by: {shlex.join(['cni-plan', *sys.argv[1:]])}")
    match text_format:
        case AddonFormat.JSON:
            return snippets.as_json(values)
        case AddonFormat.HELM:
            return snippets.helm(values, made_by=made_by)
        case AddonFormat.KUBECTL:
            return snippets.kubectl(values)
        case AddonFormat.AWS_CLI:
            return snippets.aws_cli(values, cluster_name=cluster_name)
        case AddonFormat.TERRAFORM:
            return snippets.terraform(values, cluster_name=cluster_name, made_by=made_by)
        case AddonFormat.CLOUDFORMATION:
            return snippets.cloudformation(values, cluster_name=cluster_name)
        case AddonFormat.EKSCTL:
            return snippets.eksctl(values, cluster_name=cluster_name, region=region, made_by=made_by)


def _values(cni: CniOptions, warm: WarmOptions, *, everything: bool) -> tuple[AddonValues, Version]:
    """The variables, from the options or from what runs today, and the release that reads them."""
    if cni.aws_node is None:
        settings = warm.applied_to(cni)
        return values_from_settings(settings, everything=everything), settings.cni_version
    from cni_plan.inputs.aws_node import parse_aws_node
    from cni_plan.sources.files import read_text

    if cni != CniOptions(aws_node=cni.aws_node, cni_version=cni.cni_version) or any(
        value is not None for value in warm
    ):
        raise InputError("--aws-node says how the CNI is set up: leave the other CNI options out")
    node = parse_aws_node(read_text(cni.aws_node), cni.aws_node)
    given = parse_cni_version(cni.cni_version)
    version = given if given != NEWEST_CNI_VERSION else node.cni_version or NEWEST_CNI_VERSION
    return values_from_node(node, version, everything=everything), version
