"""The same cluster in each mode: secondary IPs, prefixes, and with warm targets chosen for its pods."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import median_low

from cni_plan.engine.cluster import Cluster, GroupPlan
from cni_plan.engine.cluster_report import ClusterReport, Credit, Fit, report_cluster
from cni_plan.engine.cni import ADDON_WARM_PREFIX_TARGET, CniSettings, IpFamily
from cni_plan.engine.group_report import GroupReport, Memo, report_group
from cni_plan.engine.max_pods import holds_prefixes, max_pods
from cni_plan.engine.placement import DESIRED, State, StateKind
from cni_plan.engine.provisioner import Provisioner
from cni_plan.engine.room import Taken
from cni_plan.engine.tuning import HEADROOM_PODS
from cni_plan.errors import InputError

AS_PLANNED = "as-planned"
WARM_IPS = (2, 5)
"""WARM_IP_TARGET of the tuned settings that are tried."""
_MAXIMUM = State(StateKind.MAXIMUM)
_KNOWS_MODE = frozenset(
    {Provisioner.CALCULATOR, Provisioner.MANAGED_NODE_GROUP, Provisioner.WINDOWS, Provisioner.AUTO_MODE}
    | {Provisioner.FARGATE}
)
"""Provisioners whose max pods follows the mode, or does not depend on it."""


@dataclass(frozen=True, slots=True)
class ModeOutcome:
    """A cluster with other settings.

    Attributes:
        label: `as-planned`, `secondary-ip`, `prefix-delegation`, `tuned-secondary-ip` or `tuned-prefix-delegation`.
        settings: How aws-node is set up.
        report: The cluster with them; None where aws-node or a type refuses them.
        obstacle: Why they cannot be had, or not in this cluster.
    """

    label: str
    settings: CniSettings
    report: ClusterReport | None
    obstacle: str | None = None

    @property
    def desired(self) -> Taken | None:
        """What the desired nodes take."""
        return self.report.total(DESIRED) if self.report else None

    @property
    def maximum(self) -> Taken | None:
        """What the maximum takes."""
        return self.report.total(_MAXIMUM) if self.report else None

    @property
    def failing(self) -> tuple[State, ...]:
        """The states that do not fit for certain."""
        if not self.report:
            return ()
        return tuple(state for state in self.report.states if self.report.worst_fit(state) is not Fit.YES)

    @property
    def ec2_calls(self) -> int:
        """EC2 calls of ipamd to fill the desired nodes, one pod at a time."""
        return sum(map(_calls, self.report.groups)) if self.report else 0

    @property
    def fits(self) -> bool:
        """Whether every pod has its place and every state its addresses."""
        return self.report is not None and not self.failing and not self.report.homeless_pods


@dataclass(frozen=True, slots=True)
class Comparison:
    """A cluster's outcomes side by side, as planned first, and which to take."""

    outcomes: tuple[ModeOutcome, ...]
    recommended: ModeOutcome

    @property
    def planned(self) -> ModeOutcome:
        """The cluster as it is planned."""
        return self.outcomes[0]


def _calls(report: GroupReport) -> int:
    pool = report.counted.holding.pool
    return report.nodes() * (pool.ec2_calls if pool else 0)


def compare_modes(report: ClusterReport, memo: Memo) -> Comparison:
    """What the same nodes and pods take in each mode.

    Args:
        report: The cluster as planned.
        memo: Pools that are known already, to be added to.
    """
    cluster = report.cluster
    credit = {subnet.planned.name: subnet.credit for subnet in report.subnets}
    planned = ModeOutcome(AS_PLANNED, cluster.settings, report)
    others = [_outcome(label, cluster, settings, memo, credit) for label, settings in _defaults(cluster)]
    tuned = [outcome for outcome in _tuned(cluster, memo, credit) if outcome.settings != cluster.settings]
    outcomes = (planned, *others, *tuned)
    return Comparison(outcomes, _choose(outcomes))


def _choose(outcomes: tuple[ModeOutcome, ...]) -> ModeOutcome:
    """The best of what can be had: nobody leaves a mode that fits, and targets are changed where that saves."""
    planned = outcomes[0]
    possible = [each for each in outcomes if each.report is not None and not each.obstacle]
    if planned.fits:
        mode = planned.settings.prefix_delegation
        possible = [each for each in possible if each.settings.prefix_delegation == mode]
    return min(possible, key=_rank, default=planned)


def _rank(outcome: ModeOutcome) -> tuple[bool, int, int, int, bool]:
    """Every pod placed and every state with room, then the least cost at the maximum; as planned among equals.

    An EC2 call weighs as much as an address, as in `tune`.
    """
    unplaced = outcome.report.homeless_pods if outcome.report else 0
    cost = (outcome.maximum.addresses if outcome.maximum else 0) + outcome.ec2_calls
    return not outcome.fits, unplaced, len(outcome.failing), cost, outcome.label != AS_PLANNED


def _clean(cluster: Cluster) -> CniSettings:
    """The cluster's settings without targets."""
    return replace(
        cluster.settings,
        prefix_delegation=False,
        ip_family=IpFamily.IPV4,
        warm_eni_target=1,
        warm_ip_target=0,
        minimum_ip_target=0,
        warm_prefix_target=0,
    )


def _defaults(cluster: Cluster) -> Iterator[tuple[str, CniSettings]]:
    """The modes with the add-on's targets, but for the one that is planned."""
    clean = _clean(cluster)
    prefixes = replace(clean, prefix_delegation=True, warm_prefix_target=ADDON_WARM_PREFIX_TARGET)
    for label, settings in (("secondary-ip", clean), ("prefix-delegation", prefixes)):
        if not _same_pools(settings, cluster.settings):
            yield label, settings


def _same_pools(one: CniSettings, other: CniSettings) -> bool:
    """Whether two settings make the same pools, leftovers that nothing reads aside."""
    unread = {"warm_prefix_target": 0} if not one.prefix_delegation else {"warm_eni_target": 0}
    return replace(one, **unread) == replace(other, **unread)  # type: ignore[arg-type] # all values are numbers


def _outcome(label: str, cluster: Cluster, settings: CniSettings, memo: Memo, credit: Credit) -> ModeOutcome:
    obstacle = None
    if settings.ip_family is not cluster.settings.ip_family:
        obstacle = "a cluster's address family cannot be changed"
    try:
        other = with_settings(cluster, settings)
        return ModeOutcome(label, settings, report_cluster(other, memo, credit=credit, in_full=False), obstacle)
    except InputError as error:
        return ModeOutcome(label, settings, None, str(error))


def _tuned(cluster: Cluster, memo: Memo, credit: Credit) -> Iterator[ModeOutcome]:
    """For each mode the IP targets that hold the fewest addresses for the fewest EC2 calls."""
    clean = _clean(cluster)
    instances = [instance for group in cluster.groups for instance in group.instances]
    for label, mode in (
        ("tuned-secondary-ip", clean),
        ("tuned-prefix-delegation", replace(clean, prefix_delegation=True)),
    ):
        if mode.prefix_delegation and not any(holds_prefixes(instance, mode) for instance in instances):
            continue
        costs = {settings: _cost(cluster, settings, memo) for settings in _targets(mode, cluster, memo)}
        possible = {settings: cost for settings, cost in costs.items() if cost is not None}
        if possible:
            yield _outcome(label, cluster, min(possible, key=lambda each: possible[each]), memo, credit)


def _targets(mode: CniSettings, cluster: Cluster, memo: Memo) -> Iterator[CniSettings]:
    """IP targets around the pods of a node, the floor at the middle group's and at the largest one's."""
    starting = replace(mode, warm_prefix_target=ADDON_WARM_PREFIX_TARGET if mode.prefix_delegation else 0)
    reports = _groups_with(cluster, starting, memo) or ()
    pods = [each.counted.holding.address_pods for each in reports if each.counted.holding.pool]
    if pods:
        for floor in sorted({median_low(pods), max(pods)}):
            for warm in WARM_IPS:
                yield replace(mode, warm_ip_target=warm, minimum_ip_target=floor + HEADROOM_PODS)


def _cost(cluster: Cluster, settings: CniSettings, memo: Memo) -> int | None:
    """Addresses of the desired nodes and the EC2 calls to fill them: a call weighs as much as an address."""
    reports = _groups_with(cluster, settings, memo)
    if reports is None:
        return None
    return sum(each.nodes() * each.taken.addresses + _calls(each) for each in reports)


def _groups_with(cluster: Cluster, settings: CniSettings, memo: Memo) -> list[GroupReport] | None:
    """The groups with other settings; None where these cannot work."""
    try:
        other = with_settings(cluster, settings)
        return [report_group(group, other, memo) for group in other.groups]
    except InputError:
        return None


def with_settings(cluster: Cluster, settings: CniSettings) -> Cluster:
    """The cluster with other settings; where the mode changes, groups get the max pods that the mode recommends.

    Raises:
        InputError: The settings cannot work on a type.
        UnknownFigureError: The table lacks a figure of a type.
    """
    before = cluster.settings
    changes = (
        settings.prefix_delegation != before.prefix_delegation
        or settings.ip_family is not before.ip_family
        or settings.custom_networking != before.custom_networking
    )
    groups = cluster.groups
    if changes:
        groups = tuple(with_recommended_max_pods(group, settings) for group in groups)
    return replace(cluster, settings=settings, groups=groups)


def with_recommended_max_pods(group: GroupPlan, settings: CniSettings) -> GroupPlan:
    """The group with the max pods that `cni-plan user-data` writes for the mode: the least of its types'."""
    pods = None
    if group.provisioner not in _KNOWS_MODE:
        host = group.options.host_network_pods
        pods = min(max_pods(each, settings, host_network_pods=host).max_pods for each in group.instances)
    return replace(group, options=replace(group.options, max_pods=pods))
