"""What a node holds against what its pods use, from none to the most it can have."""

from dataclasses import dataclass
from enum import StrEnum

from cni_plan.catalog import InstanceType
from cni_plan.engine.cluster_report import ClusterReport
from cni_plan.engine.cni import CniSettings, IpFamily
from cni_plan.engine.group_report import GroupReport, settings_of
from cni_plan.engine.provisioner import Provisioner
from cni_plan.engine.simulation import PoolState, simulate_arrivals

MOST_CURVES = 24
"""So many are simulated: a reader compares a handful, and each costs as many steps as a node has pods."""


class NoCurve(StrEnum):
    """Why a group has no curve."""

    FARGATE = "fargate"
    IPV6 = "ipv6"


@dataclass(frozen=True, slots=True)
class Curve:
    """The pool of one node by the number of its pods.

    Attributes:
        instance: The node's type.
        settings: How it gets addresses.
        max_pods: kubelet's max pods.
        groups: The groups whose nodes are counted like it.
        states: The pool at rest with 0, 1, 2 ... pods that want an address.
    """

    instance: InstanceType
    settings: CniSettings
    max_pods: int
    groups: tuple[GroupReport, ...]
    states: tuple[PoolState, ...]


@dataclass(frozen=True, slots=True)
class Curves:
    """The curves of a cluster.

    Attributes:
        curves: One for each kind of node, in the order of the groups.
        without: Groups that have none, and why.
        left_out: Kinds of nodes beyond the number that was asked for.
    """

    curves: tuple[Curve, ...]
    without: tuple[tuple[GroupReport, NoCurve], ...]
    left_out: int


def curves_of(report: ClusterReport, most: int = MOST_CURVES) -> Curves:
    """The curves of a cluster's groups: groups with the same type, settings and max pods share one.

    Args:
        report: The cluster.
        most: How many curves to simulate.

    Raises:
        InputError: aws-node would not start with the settings.
        UnknownFigureError: The table lacks a figure of a type.
    """
    alike: dict[tuple[str, CniSettings, int], list[GroupReport]] = {}
    without = []
    for group in report.groups:
        settings = settings_of(group.group, report.cluster.settings)
        reason = _reason_against(group, settings)
        if reason:
            without.append((group, reason))
        else:
            limits = group.counted.limits
            alike.setdefault((limits.instance.instance_type, settings, limits.max_pods), []).append(group)
    shown = list(alike.items())[:most]
    curves = tuple(_curve(groups, settings, max_pods) for (_, settings, max_pods), groups in shown)
    return Curves(curves, tuple(without), len(alike) - len(shown))


def _reason_against(group: GroupReport, settings: CniSettings) -> NoCurve | None:
    if group.group.provisioner is Provisioner.FARGATE:
        return NoCurve.FARGATE
    return NoCurve.IPV6 if settings.ip_family is IpFamily.IPV6 else None


def _curve(groups: list[GroupReport], settings: CniSettings, max_pods: int) -> Curve:
    """Up to the most pods with an address: max pods without those on the node's own network."""
    instance = groups[0].counted.limits.instance
    on_host = min(group.group.workload.host_network_pods for group in groups)
    planned = max(group.counted.holding.address_pods for group in groups)
    last = max(planned, max_pods - on_host, 0)
    states = simulate_arrivals(instance, settings, first=0, last=last, max_pods=max_pods)
    return Curve(instance, settings, max_pods, tuple(groups), tuple(states))
