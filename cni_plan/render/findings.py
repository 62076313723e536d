"""How findings look."""

import textwrap
from collections.abc import Sequence
from typing import Any

from cni_plan.engine.findings import EXPLANATIONS, Code, Finding, Severity
from cni_plan.render.table import Screen, printable

_WIDEST_TEXT = 100


def record(finding: Finding) -> dict[str, Any]:
    """A finding as a record with stable names."""
    return {
        "code": finding.code.value,
        "severity": finding.severity.value,
        "variable": finding.variable,
        "value": finding.value,
        "message": finding.message,
        "fix": finding.fix,
    }


def report(findings: Sequence[Finding], screen: Screen, *, with_values: bool = True) -> str:
    """The findings by severity, each with its fix, and how many there are.

    Args:
        findings: The findings.
        screen: Where they are shown.
        with_values: Whether to show the value beside what it is the value of.
    """
    width = min(screen.width or _WIDEST_TEXT, _WIDEST_TEXT)
    blocks = []
    for severity in Severity:
        own = [finding for finding in findings if finding.severity is severity]
        if own:
            heading = screen.bold(_heading(severity, len(own)))
            blocks.append("\n".join([heading, *(_lines(each, width, with_values=with_values) for each in own)]))
    return "\n\n".join(blocks or ["no findings"]) + "\n"


def _heading(severity: Severity, count: int) -> str:
    if severity is Severity.INFO:
        return f"{count} for information"
    return f"{count} {severity}{'s' * (count > 1)}"


def _lines(finding: Finding, width: int, *, with_values: bool) -> str:
    value = f"={finding.value}" if with_values and finding.value is not None else ""
    first = printable(f"{finding.variable}{value}: {finding.message}")
    parts = (
        textwrap.fill(first, width, initial_indent="  ", subsequent_indent="    ", break_long_words=False),
        textwrap.fill(printable(f"fix: {finding.fix}"), width, initial_indent="    ", subsequent_indent="    "),
        f"    [{finding.code}]",
    )
    return "\n".join(parts)


def explanation(code: Code, screen: Screen) -> str:
    """What a code means and where that is written."""
    text, source = EXPLANATIONS[code]
    width = min(screen.width or _WIDEST_TEXT, _WIDEST_TEXT)
    return f"{screen.bold(code.value)}\n{textwrap.fill(text, width)}\nSource: {source}\n"
