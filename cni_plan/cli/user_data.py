"""`cni-plan user-data`: the text that makes a node take so many pods."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import typer

from cni_plan.cli.node_texts import WINDOWS_FORMATS, NodeRequest, UserDataFormat, write_text
from cni_plan.cli.options import (
    DEFAULT_HOST_NETWORK_PODS,
    AwsOptions,
    CniOptions,
    HostNetworkPodsOption,
    MaxPodsOption,
    ShowMaxAllowedOption,
    TypeOptions,
    with_option_groups,
)
from cni_plan.cli.output import emit, tell
from cni_plan.cli.warm_options import WarmOptions
from cni_plan.engine.cni import CniSettings, IpFamily
from cni_plan.engine.expressions import max_pods_expression as expression_for
from cni_plan.engine.max_pods import PodLimits, has_trunk
from cni_plan.engine.provisioner import Provisioner, ProvisionerOptions
from cni_plan.engine.provisioners import effective_max_pods
from cni_plan.errors import InputError
from cni_plan.inputs import cluster
from cni_plan.render.notes import group_notes
from cni_plan.render.table import printable
from cni_plan.snippets.kubelet import KubeletArguments
from cni_plan.snippets.launch_template import Family
from cni_plan.snippets.node import ClusterAccess, Node

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
@with_option_groups
def user_data(
    types: TypeOptions,
    cni: CniOptions,
    warm: WarmOptions,
    aws: AwsOptions,
    text_format: Annotated[
        UserDataFormat,
        typer.Option("--format", metavar="NAME", help=f"What the text is for: {', '.join(UserDataFormat)}."),
    ],
    cluster_name: Annotated[str | None, typer.Option("--cluster-name", metavar="NAME", help="The EKS cluster.")] = None,
    from_cluster: Annotated[
        str | None,
        typer.Option("--from-cluster", metavar="NAME", help="A cluster whose endpoint, CA and range EKS tells."),
    ] = None,
    show_max_allowed: ShowMaxAllowedOption = False,
    static: MaxPodsOption = None,
    max_pods_expression: Annotated[
        bool, typer.Option("--max-pods-expression", help="A CEL expression instead of one value (nodeadm).")
    ] = False,
    host_network_pods: HostNetworkPodsOption = DEFAULT_HOST_NETWORK_PODS,
    api_server_endpoint: Annotated[
        str | None, typer.Option("--api-server-endpoint", metavar="URL", help="The API server.")
    ] = None,
    b64_cluster_ca: Annotated[
        str | None, typer.Option("--b64-cluster-ca", metavar="BASE64", help="The CA bundle.")
    ] = None,
    service_cidr: Annotated[
        str | None, typer.Option("--service-cidr", metavar="CIDR", help="The cluster's service range.")
    ] = None,
    kubelet_extra_args: Annotated[
        str, typer.Option("--kubelet-extra-args", metavar="ARGS", help="Further kubelet arguments, one string.")
    ] = "",
    node_label: Annotated[
        list[str] | None, typer.Option("--node-label", metavar="KEY=VALUE", help="A node label; repeatable.")
    ] = None,
    taint: Annotated[
        list[str] | None, typer.Option("--taint", metavar="KEY=VALUE:EFFECT", help="A taint; repeatable.")
    ] = None,
    container_runtime: Annotated[
        str | None,
        typer.Option("--container-runtime", metavar="NAME", help="For old AL2 images only; current ones have one."),
    ] = None,
    mime: Annotated[bool, typer.Option("--mime", help="As a part of a MIME message (nodeadm, bootstrap).")] = False,
    family: Annotated[
        Family, typer.Option("--family", help="Whose user data launch-template and terraform carry.")
    ] = Family.NODEADM,
    gzip: Annotated[bool, typer.Option("--gzip", help="Gzip the user data of a launch template.")] = False,
) -> int:
    """The user data that gives a node its max pods.

    Ready to use, every value quoted. Max pods is what `cni-plan max-pods` says for the same options; for several
    types, the least of theirs. In bootstrap, values such as $NAME stay references.
    """
    settings = warm.applied_to(cni)
    access = _access(
        aws,
        cluster_name,
        from_cluster,
        endpoint=api_server_endpoint,
        ca=b64_cluster_ca,
        service_cidr=service_cidr,
        ipv6=settings.ip_family is IpFamily.IPV6,
    )
    options = ProvisionerOptions(
        max_pods=static, host_network_pods=host_network_pods, show_max_allowed=show_max_allowed
    )
    windows = text_format is UserDataFormat.WINDOWS or (text_format in WINDOWS_FORMATS and family is Family.WINDOWS)
    provisioner = Provisioner.WINDOWS if windows else Provisioner.CALCULATOR
    answers = effective_max_pods(types.resolve(aws), settings, provisioner, options)
    node = Node(
        kubelet=KubeletArguments(
            max_pods=min(limits.max_pods for limits in answers),
            node_labels=tuple(node_label or ()),
            taints=tuple(taint or ()),
            extra=kubelet_extra_args,
        ),
        cluster=access,
        made_by=printable(f"Made by: {shlex.join(['cni-plan', *sys.argv[1:]])}"),
    )
    if max_pods_expression:
        node = _with_expression(node, answers, settings, options)
    request = NodeRequest(
        node=node,
        answers=tuple(answers),
        settings=settings,
        family=family,
        region=aws.region,
        container_runtime=container_runtime,
        mime=mime,
        gzipped=gzip,
    )
    text, notes = write_text(text_format, request)
    tell(group_notes((limits.instance.instance_type, note) for limits in answers for note in limits.notes))
    if not max_pods_expression and text_format is not UserDataFormat.KARPENTER:
        tell(_lost(answers, node.kubelet.max_pods))
    tell(notes)
    emit(text)
    return 0


def _access(
    aws: AwsOptions,
    name: str | None,
    from_cluster: str | None,
    *,
    endpoint: str | None,
    ca: str | None,
    service_cidr: str | None,
    ipv6: bool,
) -> ClusterAccess | None:
    """What the node must know of its cluster, checked, from options or from EKS.

    Raises:
        InputError: A value breaks its rule, or both sources are named.
        SourceError: EKS failed.
    """
    if from_cluster is not None:
        if name is not None or endpoint or ca or service_cidr:
            raise InputError("--from-cluster tells name, endpoint, CA and service range: leave the other options out")
        from cni_plan.sources.aws import AwsAccess
        from cni_plan.sources.eks import describe_cluster

        name = cluster.cluster_name(from_cluster)
        facts = describe_cluster(AwsAccess(aws.region, aws.profile, aws.endpoint_url), name)
        if facts.ipv6 != ipv6:
            raise InputError(f"cluster {name} is {'IPv6' if facts.ipv6 else 'IPv4'}: give --ip-family to match")
        endpoint, ca, service_cidr = facts.endpoint, facts.ca, facts.service_cidr
    if name is None:
        if endpoint or ca or service_cidr:
            raise InputError("--api-server-endpoint, --b64-cluster-ca and --service-cidr need --cluster-name too")
        return None
    return ClusterAccess(
        name=cluster.cluster_name(name),
        endpoint=None if endpoint is None else cluster.api_server_endpoint(endpoint),
        ca=None if ca is None else cluster.b64_cluster_ca(ca),
        service_cidr=None if service_cidr is None else cluster.service_cidr(service_cidr, ipv6=ipv6),
        ipv6=ipv6,
    )


def _with_expression(
    node: Node, answers: Sequence[PodLimits], settings: CniSettings, options: ProvisionerOptions
) -> Node:
    if options.max_pods is not None:
        raise InputError("give either --max-pods or --max-pods-expression")
    taken = settings.custom_networking + all(has_trunk(limits.instance, settings) for limits in answers)
    made = expression_for(answers, enis_taken=taken, host_network_pods=options.host_network_pods)
    tell(
        f"{limits.instance.instance_type} could take {limits.max_pods}, but another type with the same ENIs takes less"
        for limits in made.short
    )
    return replace(node, max_pods_expression=made.text)


def _lost(answers: Sequence[PodLimits], pods: int) -> list[str]:
    """Which type sets the value of a mixed group, and what the others lose by it."""
    least = next(limits.instance.instance_type for limits in answers if limits.max_pods == pods)
    return [
        f"{least} sets max pods to {pods}: {limits.instance.instance_type} could take {limits.max_pods}"
        for limits in answers
        if limits.max_pods > pods
    ]
