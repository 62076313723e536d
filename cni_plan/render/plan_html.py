"""A plan's report as one page of HTML that needs nothing from elsewhere."""

import re
from collections.abc import Iterator

from cni_plan.engine.cluster_report import ClusterReport
from cni_plan.engine.cluster_verdict import ClusterVerdict
from cni_plan.engine.comparison import ModeOutcome
from cni_plan.engine.findings import Finding, Severity
from cni_plan.engine.group_report import GroupReport, TypeReport
from cni_plan.render import plan_words as words
from cni_plan.render.markup import cell, number, paragraph, row, row_head, section, table, text
from cni_plan.render.plan_charts import PATTERNS
from cni_plan.render.plan_curves import curve_figures
from cni_plan.render.plan_style import STYLE
from cni_plan.render.plan_subnets import details, fit_mark, needs
from cni_plan.render.subnet_map import cell_patterns

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_CODE = re.compile("`([^`]+)`")
_BEST = '<br><span class="soft">recommended</span>'
_MOST_TYPES = 24
"""Of a group with more types, those that bind tightest are listed: a glob may name hundreds."""


def page(verdict: ClusterVerdict) -> str:
    """The whole report: first what the table says, in its order, then each subnet and each kind of node."""
    report = verdict.report
    sections = [
        ("groups", "Groups of nodes", [_groups(report), _types(report), _unplaced(report)]),
        ("capacity", "What the subnets give", [_states(report), *needs(report)]),
        ("modes", "Modes", [_modes(verdict), paragraph(words.recommendation(verdict))]),
        ("reservations", "Reservations", [_reservations(report)]),
        ("findings", "Findings", list(_findings(verdict))),
        ("subnets", "Subnet by subnet", list(details(report))),
        ("curves", "Held against used", list(curve_figures(report))),
    ]
    shown = [(name, title, parts) for name, title, parts in sections if any(parts)]
    links = "".join(f'<li><a href="#{name}">{text(title)}</a></li>' for name, title, _ in shown)
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{text(words.headline(verdict))}</title>",
            f"<style>{STYLE}</style>",
            "</head>",
            "<body>",
            (
                '<svg class="defs" width="0" height="0" aria-hidden="true" focusable="false">'
                f"<defs>{PATTERNS}{cell_patterns()}</defs></svg>"
            ),
            _header(verdict),
            f'<nav aria-label="Contents"><ul>{links}</ul></nav>',
            "<main>",
            *(section(name, title, parts) for name, title, parts in shown),
            "</main>",
            "</body>",
            "</html>\n",
        ]
    )


def _header(verdict: ClusterVerdict) -> str:
    setting = paragraph(words.setting(verdict.report), "summary")
    return (
        f'<header class="verdict {verdict.fit.value}">\n<h1>{text(words.headline(verdict))}</h1>\n{setting}\n</header>'
    )


def _groups(report: ClusterReport) -> str:
    header = ("Group", "Type", "#Nodes", "#Pods/node", "Bound by", "#Max pods", "Set by", "#ENIs", "#A node holds")
    rows = (
        row(
            (
                row_head(group.group.name),
                cell(text(words.types_text(group)), "nowrap"),
                cell(words.nodes_text(group), "number"),
                number(group.pods_per_node),
                cell(text(words.bound_by(group)), "nowrap"),
                number(group.counted.limits.max_pods),
                cell(text(words.set_by(group)), "nowrap"),
                number(words.enis(group)),
                cell(words.holds(group.taken), "number"),
            )
        )
        for group in report.groups
    )
    return table(
        "The nodes of each group; of several types the most addresses and the most prefixes count", header, rows
    )


def _tightest(group: GroupReport) -> list[TypeReport]:
    return sorted(group.types, key=lambda each: each.pods)


def _types(report: ClusterReport) -> str:
    header = ("Group", "Type", "#Max pods", "Limited by", "#Pods/node", "Bound by", "How", "#Addresses held")
    rows = (line for group in report.groups for line in _type_rows(group))
    return table("Every type of each group, and what binds on it", header, rows)


def _type_rows(group: GroupReport) -> Iterator[str]:
    """The types in the group's order; of too many those that bind tightest."""
    chosen = {each.name for each in _tightest(group)[:_MOST_TYPES]} | {group.counted.name}
    shown = [each for each in group.types if each.name in chosen]
    more = len(group.types) - len(shown)
    head = row_head(group.group.name, rows=len(shown) + bool(more))
    for each in shown:
        bound = each.density.bounds[0]
        cells = (
            cell(text(each.name), "nowrap"),
            number(each.limits.max_pods),
            cell(text(each.limits.limited_by), "nowrap"),
            number(each.pods),
            cell(text(bound.constraint), "nowrap"),
            cell(text(bound.formula), "formula"),
            cell(f"{each.holding.taken.addresses}", "number"),
        )
        yield row((head, *cells) if each is shown[0] else cells)
    if more:
        yield row([f'<td colspan="7">and {more} more types, on each of which at least as many pods fit</td>'])


def _unplaced(report: ClusterReport) -> str:
    pods = report.unplaced_pods
    who = "1 pod finds" if pods == 1 else f"{pods} pods find"
    return paragraph(f"{who} no place on the desired nodes.") if pods else ""


def _states(report: ClusterReport) -> str:
    header = ("State", "Fits", "#Nodes", "#Addresses", "#/28 blocks")
    rows = (
        row(
            (
                row_head(state.name),
                cell(fit_mark(report.worst_fit(state))),
                number(sum(state.nodes(group) for group in report.groups)),
                number(report.total(state).addresses),
                number(report.total(state).prefixes),
            )
        )
        for state in report.states
    )
    return table("The cluster in each state: its nodes, and what they take of all subnets together", header, rows)


def _modes(verdict: ClusterVerdict) -> str:
    header = ("Mode", "#Desired", "#Maximum", "#EC2 calls", "Warm targets", "Fits")
    best = verdict.comparison.recommended
    rows = (
        row(
            (
                row_head(words.mode_text(outcome), after=_BEST if outcome is best else ""),
                number(outcome.desired.addresses if outcome.desired else None),
                number(outcome.maximum.addresses if outcome.maximum else None),
                number(outcome.ec2_calls if outcome.report else None),
                cell(_targets(outcome), "words"),
                cell(text(words.mode_verdict(outcome)), "words"),
            ),
            "chosen" if outcome is best else "",
        )
        for outcome in verdict.comparison.outcomes
    )
    return table("The same pods in each mode, in addresses", header, rows)


def _targets(outcome: ModeOutcome) -> str:
    """Each variable in one piece."""
    return " ".join(f'<code class="nowrap">{text(each)}</code>' for each in words.targets_text(outcome).split())


def _reservations(report: ClusterReport) -> str:
    rows = [
        row(
            (
                row_head(subnet.planned.name),
                cell(" ".join(f'<code class="nowrap">{cidr}</code>' for cidr in subnet.reservations)),
            )
        )
        for subnet in report.subnets
        if subnet.reservations
    ]
    if not rows:
        return ""
    return table("To reserve for prefixes, in every state that fits", ("Subnet", "Reserve"), rows)


def _findings(verdict: ClusterVerdict) -> Iterator[str]:
    for severity in Severity:
        own = [finding for finding in verdict.findings if finding.severity is severity]
        if own:
            yield f"<h3>{_count(severity, len(own))}</h3>"
            items = "\n".join(_finding(each) for each in own)
            yield f'<ul class="findings {severity}">\n{items}\n</ul>'
    if not verdict.findings:
        yield paragraph("no findings")


def _count(severity: Severity, count: int) -> str:
    return f"{count} for information" if severity is Severity.INFO else f"{count} {severity}{'s' * (count > 1)}"


def _finding(finding: Finding) -> str:
    return (
        f"<li><p><strong>{text(finding.variable)}</strong>: {_prose(finding.message)}</p>"
        f"<p>Fix: {_prose(finding.fix)}</p>"
        f'<p class="soft">{text(finding.severity)}, <code>{text(finding.code)}</code></p></li>'
    )


def _prose(message: str) -> str:
    """A message as markup: what stands between backticks is code."""
    return _CODE.sub(r"<code>\1</code>", text(message))
