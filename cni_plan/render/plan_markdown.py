"""A plan's report as Markdown, for a comment on a pull request."""

from collections.abc import Iterator

from cni_plan.engine.cluster_report import ClusterReport, Fit, SubnetPlan
from cni_plan.engine.cluster_verdict import ClusterVerdict
from cni_plan.engine.findings import Finding
from cni_plan.render import plan_words as words
from cni_plan.render.markdown import escape, table

_SIGNS = {Fit.YES: "✅", Fit.NO: "❌", Fit.UNKNOWN: "⚠️"}


def markdown(verdict: ClusterVerdict) -> str:
    """The whole report: the answer and what is wrong first, details below folds."""
    report = verdict.report
    parts = [
        f"### {_SIGNS[verdict.fit]} {escape(words.headline(verdict))}\n",
        f"{escape(words.setting(report))}\n",
        finding_list(verdict.findings),
        *_needs(report),
        _fold("Node groups", _groups(report)),
        _fold("The same pods in each mode", _modes(verdict)),
    ]
    if words.reservations(report):
        parts.append(_fold("Reservations for prefixes, in every state that fits", _reservations(report)))
    return "\n".join(part for part in parts if part)


def finding_list(findings: tuple[Finding, ...]) -> str:
    """Findings with their fixes."""
    return "".join(map(_finding, findings))


def _finding(finding: Finding) -> str:
    says = f"{escape(finding.variable)}: {escape(finding.message)}"
    return f"- **{finding.severity.value}** `{finding.code.value}` {says}  \n  Fix: {escape(finding.fix)}\n"


def _fold(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{body}\n</details>\n"


def _needs(report: ClusterReport) -> Iterator[str]:
    if words.counts_prefixes(report):
        yield _need_table(report, prefixes=True)
    yield _need_table(report, prefixes=False)
    if words.has_marks(report):
        yield "**bold** does not fit, *italic* depends on where the addresses in use are\n"
    growth = words.growth(report)
    if growth:
        yield f"{escape(growth)}\n"


def _need_table(report: ClusterReport, *, prefixes: bool) -> str:
    columns = words.state_columns(report)
    title = "/28 blocks" if prefixes else "Addresses"
    header = [f"{title} needed", "Zone", "Free", *(name for _, name in columns)]
    lines = [header, ["---", "---", *["---:"] * (len(columns) + 1)]]
    for subnet in report.subnets:
        first = [
            escape(subnet.planned.name),
            escape(subnet.planned.zone),
            words.free_text(subnet, prefixes=prefixes),
        ]
        lines.append([*first, *_need_cells(subnet, report, prefixes=prefixes)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _need_cells(subnet: SubnetPlan, report: ClusterReport, *, prefixes: bool) -> Iterator[str]:
    around = {words.MARKS[Fit.NO]: "**", words.MARKS[Fit.UNKNOWN]: "*", "": ""}
    for kind, _ in words.state_columns(report):
        state = subnet.state(kind)
        if state is None:
            yield "-"
        else:
            emphasis = around[words.mark(state, prefixes=prefixes)]
            yield f"{emphasis}{words.needed(state, prefixes=prefixes)}{emphasis}"


def _groups(report: ClusterReport) -> str:
    header = ("Group", "Type", "Nodes", "Pods a node", "Max pods", "Set by", "Bound by", "A node holds")
    rows = [
        (
            group.group.name,
            words.types_text(group),
            words.nodes_text(group),
            group.pods_per_node,
            group.counted.limits.max_pods,
            words.set_by(group),
            words.bound_by(group),
            words.holds(group.taken),
        )
        for group in report.groups
    ]
    return table(header, rows, right=frozenset({2, 3, 4}))


def _modes(verdict: ClusterVerdict) -> str:
    header = ("Mode", "Warm targets", "Desired", "Maximum", "EC2 calls", "Verdict")
    rows = [
        (
            words.mode_text(outcome),
            words.targets_text(outcome),
            outcome.desired.addresses if outcome.desired else None,
            outcome.maximum.addresses if outcome.maximum else None,
            outcome.ec2_calls if outcome.report else None,
            words.mode_verdict(outcome),
        )
        for outcome in verdict.comparison.outcomes
    ]
    return f"{table(header, rows, right=frozenset({2, 3, 4}))}\n{escape(words.recommendation(verdict))}\n"


def _reservations(report: ClusterReport) -> str:
    return table(("Subnet", "Reserve"), words.reservations(report))
