"""What a change to a plan does, for a terminal, a pull request or a program."""

from typing import Any

from cni_plan.engine.cluster_diff import Change, ClusterDiff
from cni_plan.render import findings as findings_text
from cni_plan.render import markdown as md
from cni_plan.render.plan_markdown import finding_list
from cni_plan.render.plan_record import SCHEMA_VERSION, finding_record
from cni_plan.render.plan_words import fit_word
from cni_plan.render.table import Screen
from cni_plan.render.whole_table import format_whole_table

_HEADER = ("SUBJECT", "FIGURE", "BEFORE", "AFTER", "CHANGE")


def record(diff: ClusterDiff) -> dict[str, Any]:
    """The difference with stable names."""
    return {
        "schema_version": SCHEMA_VERSION,
        "fits_before": diff.before.value,
        "fits_after": diff.after.value,
        "changes": [
            {"subject": each.subject, "figure": each.quantity, "before": each.before, "after": each.after}
            for each in diff.changes
        ],
        "new_findings": list(map(finding_record, diff.new_findings)),
        "resolved_findings": list(map(finding_record, diff.resolved_findings)),
    }


def headline(diff: ClusterDiff) -> str:
    """The answer in one line."""
    if not diff.changes:
        return f"no figure changes: it {fit_word(diff.after)}"
    before = "" if diff.before is diff.after else f", it {fit_word(diff.before)} before"
    return f"with the change it {fit_word(diff.after)}{before}"


def table(diff: ClusterDiff, screen: Screen) -> str:
    """The figures that differ and the findings that come and go."""
    parts = [screen.bold(headline(diff)) + "\n"]
    if diff.changes:
        parts.append(format_whole_table(_HEADER, [_row(each) for each in diff.changes], screen, keys=2))
    for title, findings in (("new findings", diff.new_findings), ("resolved findings", diff.resolved_findings)):
        if findings:
            body = findings_text.report(findings, screen, with_values=False)
            parts.append(f"{screen.bold(title)}\n{body}")
    return "\n".join(parts)


def markdown(diff: ClusterDiff) -> str:
    """The same for a comment on a pull request."""
    parts = [f"### {md.escape(headline(diff))}\n"]
    if diff.changes:
        header = [title.capitalize() for title in _HEADER]
        parts.append(md.table(header, [_row(each) for each in diff.changes], right=frozenset({2, 3, 4})))
    if diff.new_findings:
        parts.append(f"**New findings**\n\n{finding_list(diff.new_findings)}")
    if diff.resolved_findings:
        parts.append(f"**Resolved findings**\n\n{finding_list(diff.resolved_findings)}")
    return "\n".join(parts)


def _row(change: Change) -> tuple[object, ...]:
    difference = ""
    if isinstance(change.before, int) and isinstance(change.after, int):
        difference = f"{change.after - change.before:+d}"
    return change.subject, change.quantity, change.before, change.after, difference
