"""`cni-plan user-data`: the text that makes a node take so many pods."""

import shlex
import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

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
from cni_plan.cli.output import emit, printable, tell
from cni_plan.engine.cni import IpFamily
from cni_plan.engine.max_pods import PodLimits
from cni_plan.engine.provisioners import (
    Provisioner,
    ProvisionerOptions,
    effective_max_pods,
    missing_reservation,
)
from cni_plan.errors import InputError
from cni_plan.inputs import cluster
from cni_plan.render.notes import group_notes
from cni_plan.snippets.bootstrap import DEFAULT_CA, DEFAULT_ENDPOINT, Bootstrap, bootstrap_user_data
from cni_plan.snippets.kubelet import KubeletArguments

app = typer.Typer(add_completion=False, rich_markup_mode=None)


class UserDataFormat(StrEnum):
    """What the text is for."""

    BOOTSTRAP = "bootstrap"
    KUBELET_ARGS = "kubelet-args"


@app.command()
@with_option_groups
def user_data(
    types: TypeOptions,
    cni: CniOptions,
    aws: AwsOptions,
    text_format: Annotated[UserDataFormat, typer.Option("--format", help="What the text is for.")],
    cluster_name: Annotated[str | None, typer.Option("--cluster-name", metavar="NAME", help="The EKS cluster.")] = None,
    show_max_allowed: ShowMaxAllowedOption = False,
    static: MaxPodsOption = None,
    host_network_pods: HostNetworkPodsOption = DEFAULT_HOST_NETWORK_PODS,
    api_server_endpoint: Annotated[
        str, typer.Option("--api-server-endpoint", metavar="URL", help="The API server, or a reference such as $NAME.")
    ] = DEFAULT_ENDPOINT,
    b64_cluster_ca: Annotated[
        str, typer.Option("--b64-cluster-ca", metavar="BASE64", help="The CA bundle, or a reference such as $NAME.")
    ] = DEFAULT_CA,
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
) -> int:
    """The user data that gives a node its max pods.

    Ready to use, every value quoted. Max pods is what `cni-plan max-pods` says for the same options; for several
    types, the least of theirs.
    """
    settings = cni.settings()
    name = None if cluster_name is None else cluster.cluster_name(cluster_name)
    options = ProvisionerOptions(
        max_pods=static, host_network_pods=host_network_pods, show_max_allowed=show_max_allowed
    )
    answers = effective_max_pods(types.resolve(aws), settings, Provisioner.CALCULATOR, options)
    pods = min(limits.max_pods for limits in answers)
    kubelet = KubeletArguments(
        max_pods=pods,
        kube_reserved=None if text_format is UserDataFormat.KUBELET_ARGS else missing_reservation(answers, pods),
        node_labels=tuple(node_label or ()),
        taints=tuple(taint or ()),
        extra=kubelet_extra_args,
    )
    if text_format is UserDataFormat.KUBELET_ARGS:
        text = f"{kubelet.command_line()}\n"
    else:
        if name is None:
            raise InputError(f"--format {text_format} needs --cluster-name")
        ipv6 = settings.ip_family is IpFamily.IPV6
        if ipv6 and service_cidr is None:
            raise InputError("bootstrap.sh wants the service range of an IPv6 cluster: give --service-cidr")
        text = bootstrap_user_data(
            Bootstrap(
                cluster_name=name,
                kubelet=kubelet,
                api_server_endpoint=cluster.api_server_endpoint(api_server_endpoint),
                b64_cluster_ca=cluster.b64_cluster_ca(b64_cluster_ca),
                service_cidr=None if service_cidr is None else cluster.service_cidr(service_cidr, ipv6=ipv6),
                ipv6=ipv6,
                container_runtime=container_runtime,
                made_by=printable(f"Made by: {shlex.join(['cni-plan', *sys.argv[1:]])}"),
            )
        )
    tell(group_notes((limits.instance.instance_type, note) for limits in answers for note in limits.notes))
    tell(_lost(answers, pods))
    emit(text)
    return 0


def _lost(answers: Sequence[PodLimits], pods: int) -> list[str]:
    """Which type sets the value of a mixed group, and what the others lose by it."""
    least = next(limits.instance.instance_type for limits in answers if limits.max_pods == pods)
    return [
        f"{least} sets max pods to {pods}: {limits.instance.instance_type} could take {limits.max_pods}"
        for limits in answers
        if limits.max_pods > pods
    ]
