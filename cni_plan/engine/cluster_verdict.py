"""A cluster judged as a whole: its states, its modes side by side, and the findings."""

from dataclasses import dataclass

from cni_plan.engine.cluster import Cluster
from cni_plan.engine.cluster_findings import find
from cni_plan.engine.cluster_report import ClusterReport, Fit, report_cluster
from cni_plan.engine.comparison import Comparison, compare_modes
from cni_plan.engine.findings import Finding
from cni_plan.engine.group_report import Memo


@dataclass(frozen=True, slots=True)
class ClusterVerdict:
    """What is to be said of a cluster.

    Attributes:
        report: The cluster in its states.
        comparison: The cluster in each mode.
        findings: What is wrong or will be, the worst first.
    """

    report: ClusterReport
    comparison: Comparison
    findings: tuple[Finding, ...]

    @property
    def fit(self) -> Fit:
        """Whether every pod has its place and every state its addresses."""
        fits = {self.report.worst_fit(state) for state in self.report.states}
        if Fit.NO in fits or self.report.homeless_pods:
            return Fit.NO
        return Fit.UNKNOWN if Fit.UNKNOWN in fits else Fit.YES


def plan_cluster(cluster: Cluster) -> ClusterVerdict:
    """Judge a cluster.

    Raises:
        InputError: aws-node would not start with the settings on a type of the cluster.
        UnknownFigureError: The table lacks a figure of a type.
    """
    memo: Memo = {}
    report = report_cluster(cluster, memo)
    comparison = compare_modes(report, memo)
    return ClusterVerdict(report, comparison, tuple(find(report, comparison)))
