"""`cni-plan migrate`: from one mode to another with new nodes beside the old."""

import shlex
import sys
from enum import StrEnum
from typing import Annotated

import typer

from cni_plan.catalog import load_catalog
from cni_plan.cli.node_texts import PLACEHOLDER_REGION, NodeRequest, UserDataFormat, karpenter_classes, write_text
from cni_plan.cli.options import CatalogOption
from cni_plan.cli.output import emit, stdout_screen
from cni_plan.cli.plan import read_plan
from cni_plan.engine.addon_values import values_from_settings
from cni_plan.engine.cluster import Role
from cni_plan.engine.cluster_report import Fit
from cni_plan.engine.migration import GroupMove, Migration, Target, new_name, plan_migration
from cni_plan.engine.provisioner import Provisioner
from cni_plan.inputs import cluster as rules
from cni_plan.render import migration as render
from cni_plan.render.table import printable
from cni_plan.snippets.kubelet import KubeletArguments
from cni_plan.snippets.launch_template import Family
from cni_plan.snippets.node import ClusterAccess, Node
from cni_plan.snippets.runbook import steps

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_FORMATS = {
    Provisioner.AL2_BOOTSTRAP: (UserDataFormat.BOOTSTRAP, "sh"),
    Provisioner.BOTTLEROCKET: (UserDataFormat.BOTTLEROCKET, "toml"),
}
"""The text of each family's user data and what its file is called; AL2023's NodeConfig for the others."""


class MigrationOutput(StrEnum):
    """The formats of a runbook."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    MARKDOWN = "markdown"


@app.command()
def migrate(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The plan of the cluster as it is; - for stdin.")],
    target: Annotated[Target, typer.Option("--to", metavar="MODE", help=f"Where to go: {', '.join(Target)}.")],
    region: Annotated[str | None, typer.Option("--region", metavar="NAME", help="AWS region, for eksctl.")] = None,
    api_server_endpoint: Annotated[
        str | None, typer.Option("--api-server-endpoint", metavar="URL", help="The API server, for user data.")
    ] = None,
    b64_cluster_ca: Annotated[
        str | None, typer.Option("--b64-cluster-ca", metavar="BASE64", help="The CA bundle, for user data.")
    ] = None,
    service_cidr: Annotated[
        str | None, typer.Option("--service-cidr", metavar="CIDR", help="The service range, for user data.")
    ] = None,
    catalog: CatalogOption = None,
    output: Annotated[MigrationOutput, typer.Option("--output", "-o", help="How to print it.")] = MigrationOutput.TABLE,
) -> int:
    """The way from one mode to another, step by step.

    New groups beside the old, never a replacement in place: what both take of each subnet at the peak, what to
    reserve first, aws-node's settings, user data for the new groups, how to verify each step and how to go back.
    Ends with 1 where old and new do not fit side by side for certain.
    """
    migration = plan_migration(read_plan(file, load_catalog(catalog)), target)
    access = ClusterAccess(
        name=migration.before.name,
        endpoint=None if api_server_endpoint is None else rules.api_server_endpoint(api_server_endpoint),
        ca=None if b64_cluster_ca is None else rules.b64_cluster_ca(b64_cluster_ca),
        service_cidr=None if service_cidr is None else rules.service_cidr(service_cidr, ipv6=False),
    )
    files = {move.name: _file(move, migration, access, region) for move in migration.moves if move.replaced}
    runbook = steps(migration, files)
    match output:
        case MigrationOutput.TABLE:
            emit(render.runbook(migration, runbook, stdout_screen()))
        case MigrationOutput.MARKDOWN:
            emit(render.markdown(migration, runbook))
        case _:
            from cni_plan.render.records import RecordFormat, format_document

            emit(format_document(render.record(migration, runbook), RecordFormat(output.value)))
    return int(migration.fit is not Fit.YES)


def _file(move: GroupMove, migration: Migration, access: ClusterAccess, region: str | None) -> tuple[str, str]:
    """What makes a group's new nodes: its name and its text."""
    name = new_name(move, migration.target)
    request = _request(move, migration, access, region)
    provisioner = move.new.group.provisioner
    if provisioner is Provisioner.MANAGED_NODE_GROUP:
        from cni_plan.snippets.eksctl import eksctl_config

        return f"{name}.yaml", eksctl_config(
            request.reserving_node(),
            values_from_settings(request.settings),
            instance_types=request.instance_types,
            region=region or PLACEHOLDER_REGION,
            own_group=_own_group(name, move, migration),
        )
    if provisioner is Provisioner.KARPENTER:
        from cni_plan.snippets.karpenter import karpenter_manifests

        return f"{name}.yaml", karpenter_manifests(karpenter_classes(request), base_name=name)
    text_format, suffix = _FORMATS.get(provisioner, (UserDataFormat.NODEADM, "yaml"))
    text, _ = write_text(text_format, request)
    return f"{name}.{suffix}", text


def _own_group(name: str, move: GroupMove, migration: Migration) -> dict[str, object]:
    """Name, size and place of a managed group: its subnets where all their ids are known, else its zones."""
    group, nodes = move.new.group, move.new.nodes()
    own = [
        subnet
        for subnet in migration.after.subnets
        if subnet.role is Role.NODES
        and subnet.zone in group.zones
        and (not group.subnets or subnet.name in group.subnets)
    ]
    ids = [subnet.subnet.subnet_id for subnet in own]
    place: dict[str, object] = {"subnets": ids} if all(ids) else {"availabilityZones": list(group.zones)}
    return {
        "name": name,
        "minSize": 0,
        "desiredCapacity": nodes,
        "maxSize": max(nodes, move.new.most_nodes),
        "privateNetworking": True,
        **place,
    }


def _request(move: GroupMove, migration: Migration, access: ClusterAccess, region: str | None) -> NodeRequest:
    answers = tuple(each.limits for each in move.new.types)
    settings = migration.after.settings
    return NodeRequest(
        node=Node(
            kubelet=KubeletArguments(max_pods=min(limits.max_pods for limits in answers)),
            cluster=access,
            made_by=printable(f"Made by: {shlex.join(['cni-plan', *sys.argv[1:]])}"),
        ),
        answers=answers,
        settings=settings,
        family=Family.NODEADM,
        region=region,
        container_runtime=None,
        mime=False,
        gzipped=False,
    )
