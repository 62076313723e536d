"""How a migration looks: a runbook for a terminal or a page in Markdown, and a record."""

from collections.abc import Iterator, Sequence
from typing import Any

from cni_plan.engine.cluster_report import Fit
from cni_plan.engine.cni import mode_name, warm_targets
from cni_plan.engine.migration import Migration, Peak
from cni_plan.engine.runbook import RunbookStep
from cni_plan.render.markdown import escape
from cni_plan.render.markdown import table as markdown_table
from cni_plan.render.plan_record import SCHEMA_VERSION, taken_record
from cni_plan.render.plan_words import MARKS_MEANING, mark
from cni_plan.render.table import Screen, wrap
from cni_plan.render.whole_table import format_whole_table

_FITS = {Fit.YES: "old and new fit side by side", Fit.NO: "old and new do not fit side by side"}
_MAY_FIT = "old and new may not fit side by side: that depends on where the addresses in use are"
_PEAK_HEADER = ("SUBNET", "ZONE", "PEAK AT", "/28", "OF", "ADDRESSES", "OF", "AFTER")


def record(migration: Migration, steps: Sequence[RunbookStep]) -> dict[str, Any]:
    """The migration with stable names."""
    return {
        "schema_version": SCHEMA_VERSION,
        "cluster": migration.before.name,
        "to": migration.target.value,
        "fits": migration.fit.value,
        "homeless_pods": migration.homeless_pods,
        "mode_before": mode_name(migration.before.settings),
        "mode_after": mode_name(migration.after.settings),
        "warm_targets_after": warm_targets(migration.after.settings),
        "variables": [{"name": name, "before": before, "after": after} for name, before, after in migration.changed],
        "groups": [
            {
                "name": move.name,
                "replaced": move.replaced,
                "old_nodes": move.old.nodes(),
                "new_nodes": move.new.nodes(),
                "old_max_pods": min(each.limits.max_pods for each in move.old.types),
                "new_max_pods": min(each.limits.max_pods for each in move.new.types),
                "old_node": taken_record(move.old.taken),
                "new_node": taken_record(move.new.taken),
            }
            for move in migration.moves
        ],
        "subnets": [_peak_record(peak) for peak in migration.peaks],
        "reservations": [
            {"cidr": str(report.subnet.cidr), "blocks": [str(block) for block in report.reservations]}
            for report in migration.reservations
        ],
        "steps": [_step_record(step) for step in steps],
    }


def _peak_record(peak: Peak) -> dict[str, Any]:
    state = peak.state
    return {
        "name": peak.planned.name,
        "zone": peak.planned.zone,
        "cidr": str(peak.planned.subnet.cidr),
        "fits": peak.fit.value,
        "peak": peak.moment,
        **taken_record(state.demand.taken),
        "free_addresses": state.room.addresses,
        "free_prefixes": state.room.prefixes,
        "free_prefixes_at_best": state.best_room.prefixes,
        "left_addresses": state.left_addresses,
        "left_prefixes": state.left_prefixes,
        "after": taken_record(peak.after),
    }


def _step_record(step: RunbookStep) -> dict[str, Any]:
    return {
        "title": step.title,
        "why": step.why,
        "commands": step.commands,
        "files": [{"name": name, "text": text} for name, text in step.files],
        "verify": step.verify,
        "expect": step.expect,
        "back": step.back,
        "back_commands": step.back_commands,
    }


def headline(migration: Migration) -> str:
    """The answer in one line."""
    way = f"{migration.before.name} to {migration.target}"
    if migration.homeless_pods:
        return f"{way}: {migration.homeless_pods} pods have no place on the new nodes"
    return f"{way}: {_FITS.get(migration.fit, _MAY_FIT)}"


def _peak_rows(migration: Migration) -> Iterator[tuple[str, ...]]:
    for peak in migration.peaks:
        state, taken = peak.state, peak.state.demand.taken
        yield (
            peak.planned.name,
            peak.planned.zone,
            peak.moment,
            f"{taken.prefixes}{mark(state, prefixes=True)}",
            str(state.room.prefixes),
            f"{taken.addresses}{mark(state, prefixes=False)}",
            str(taken.addresses + state.left_addresses),
            str(peak.after.addresses),
        )


def _is_marked(migration: Migration) -> bool:
    return migration.fit is not Fit.YES


def runbook(migration: Migration, steps: Sequence[RunbookStep], screen: Screen) -> str:
    """The peak in each subnet, then step by step what to do."""
    lines = [screen.bold(headline(migration)), "", format_whole_table(_PEAK_HEADER, _peak_rows(migration), screen)]
    if _is_marked(migration):
        lines.append(f"{MARKS_MEANING}\n")
    for number, step in enumerate(steps, start=1):
        lines += [*_step_lines(number, step, screen), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _step_lines(number: int, step: RunbookStep, screen: Screen) -> Iterator[str]:
    yield screen.bold(f"{number}. {step.title}")
    yield wrap(step.why, screen, indent=3)
    for name, text in step.files:
        yield f"   {name}:"
        yield from (f"     {line}" if line else "" for line in text.rstrip("\n").split("\n"))
    yield from (f"   $ {line}" for line in step.commands.splitlines())
    if step.verify:
        yield "   to verify:"
        yield from (f"   $ {line}" for line in step.verify.splitlines())
    if step.expect:
        yield wrap(f"shows: {step.expect}", screen, indent=3)
    yield wrap(f"back: {step.back}", screen, indent=3)
    yield from (f"   $ {line}" for line in step.back_commands.splitlines())


def markdown(migration: Migration, steps: Sequence[RunbookStep]) -> str:
    """The same as a page for a wiki or a pull request."""
    header = [title.capitalize() for title in _PEAK_HEADER]
    parts = [f"## {escape(headline(migration))}\n", markdown_table(header, _peak_rows(migration))]
    if _is_marked(migration):
        parts.append(f"{escape(MARKS_MEANING)}\n")
    parts += ["\n".join(_markdown_step(number, step)) for number, step in enumerate(steps, start=1)]
    return "\n".join(parts)


def _markdown_step(number: int, step: RunbookStep) -> Iterator[str]:
    yield f"### {number}. {escape(step.title)}\n\n{escape(step.why)}\n"
    for name, text in step.files:
        yield f"`{name}`:\n\n{_fence(text)}"
    if step.commands:
        yield _fence(step.commands, "sh")
    if step.verify:
        yield f"To verify:\n\n{_fence(step.verify, 'sh')}"
    if step.expect:
        yield f"Shows: {escape(step.expect)}\n"
    yield f"Back: {escape(step.back)}\n"
    if step.back_commands:
        yield _fence(step.back_commands, "sh")


def _fence(text: str, language: str = "") -> str:
    """The text as a code block, whose fence is longer than any run of backticks in it."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}\n"
