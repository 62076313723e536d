"""A plan's report for a terminal, to be read from top to bottom."""

from collections.abc import Iterator, Sequence

from cni_plan.engine.cluster_report import ClusterReport, SubnetPlan, ZonePlan
from cni_plan.engine.cluster_verdict import ClusterVerdict
from cni_plan.engine.max_pods import ADDRESSES_PER_PREFIX
from cni_plan.render import findings as findings_text
from cni_plan.render import plan_words as words
from cni_plan.render.table import Screen, wrap
from cni_plan.render.whole_table import format_whole_table


def table(verdict: ClusterVerdict, screen: Screen) -> str:
    """The whole report."""
    report = verdict.report
    parts = [
        "\n".join([screen.bold(words.headline(verdict)), wrap(words.setting(report), screen)]) + "\n",
        *_groups(report, screen),
        *_subnets(report, screen),
        _modes(verdict, screen),
        _reservations(report, screen),
        findings_text.report(verdict.findings, screen, with_values=False),
    ]
    return "\n".join(part for part in parts if part)


def _groups(report: ClusterReport, screen: Screen) -> Iterator[str]:
    """What a node of each group takes, and who sets its max pods."""
    header = ("GROUP", "TYPE", "NODES", "PODS", "BOUND BY", "A NODE HOLDS")
    rows = [
        (
            group.group.name,
            words.types_text(group),
            words.nodes_text(group),
            group.pods_per_node,
            words.bound_by(group),
            words.holds(group.taken),
        )
        for group in report.groups
    ]
    yield format_whole_table(header, rows, screen)
    limits = [
        (
            group.group.name,
            group.counted.limits.max_pods,
            words.set_by(group),
            group.counted.limits.limited_by,
            words.kube_reserved(group.counted.limits),
            words.enis(group),
        )
        for group in report.groups
    ]
    yield format_whole_table(("GROUP", "MAX PODS", "SET BY", "LIMITED BY", "RESERVED MIB", "ENIS"), limits, screen)


def _subnets(report: ClusterReport, screen: Screen) -> Iterator[str]:
    """What each state needs, in /28 blocks where prefixes are used, and in addresses."""
    if words.counts_prefixes(report):
        yield _needs(report, screen, prefixes=True)
    yield _needs(report, screen, prefixes=False)
    zones = report.zones()
    if zones:
        yield _zones(zones, report, screen)
    lines = [words.MARKS_MEANING] if words.has_marks(report) else []
    growth = words.growth(report)
    if growth:
        lines.append(wrap(growth, screen))
    if lines:
        yield "\n".join(lines) + "\n"


def _needs(report: ClusterReport, screen: Screen, *, prefixes: bool) -> str:
    columns = words.state_columns(report)
    header = ["SUBNET", "ZONE", "FREE", *(title.upper() for _, title in columns)]
    rows = [_row(each, report, prefixes=prefixes) for each in words.subnets_shown(report, prefixes=prefixes)]
    title = "/28 blocks needed" if prefixes else "addresses needed, prefixes among them"
    return f"{screen.bold(title)}\n{format_whole_table(*_aligned(header, rows), screen)}"


def _row(subnet: SubnetPlan, report: ClusterReport, *, prefixes: bool) -> list[str]:
    cells = []
    for kind, _ in words.state_columns(report):
        state = subnet.state(kind)
        if state is None:
            cells.append("- ")
        else:
            cells.append(f"{words.needed(state, prefixes=prefixes)}{words.mark(state, prefixes=prefixes) or ' '}")
    return [subnet.planned.name, subnet.planned.zone, words.free_text(subnet, prefixes=prefixes), *cells]


def _zones(zones: Sequence[ZonePlan], report: ClusterReport, screen: Screen) -> str:
    """What each zone's subnets take together, in addresses; of the loss of several zones the most."""
    columns = words.state_columns(report)
    header = ["ZONE", "SUBNETS", "FREE", *(title.upper() for _, title in columns)]
    rows = []
    for zone in zones:
        most = {kind: 0 for kind, _ in columns}
        for state, taken, _ in zone.states():
            most[state.kind] = max(most[state.kind], taken.addresses)
        free = zone.room.addresses + ADDRESSES_PER_PREFIX * zone.room.reserved
        name = f"{len(zone.subnets)} of {zone.role}"
        rows.append([zone.zone, name, str(free), *(f"{most[kind]} " for kind, _ in columns)])
    return f"{screen.bold('addresses needed by zone')}\n{format_whole_table(*_aligned(header, rows), screen)}"


def _aligned(header: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[list[str], list[list[str]]]:
    """Numbers with marks to the right, under titles to the right."""
    widths = [max(len(header[i]), *(len(row[i]) for row in rows)) for i in range(len(header))]
    right = range(3, len(header))

    def line(cells: Sequence[str]) -> list[str]:
        return [cell.rjust(widths[i]) if i in right else cell for i, cell in enumerate(cells)]

    return line([f"{title} " if i in right else title for i, title in enumerate(header)]), [line(row) for row in rows]


def _modes(verdict: ClusterVerdict, screen: Screen) -> str:
    header = ("MODE", "DESIRED", "MAXIMUM", "EC2 CALLS", "WARM TARGETS")
    rows = [
        (
            words.mode_text(outcome),
            outcome.desired.addresses if outcome.desired else None,
            outcome.maximum.addresses if outcome.maximum else None,
            outcome.ec2_calls if outcome.report else None,
            words.targets_text(outcome).replace("_TARGET=", " "),
        )
        for outcome in verdict.comparison.outcomes
    ]
    lines = [
        screen.bold("the same pods in each mode, in addresses"),
        format_whole_table(header, rows, screen).rstrip("\n"),
        *(
            wrap(f"{words.mode_text(outcome)}: {words.mode_verdict(outcome)}", screen)
            for outcome in verdict.comparison.outcomes
            if not outcome.fits
        ),
        wrap(words.recommendation(verdict), screen),
    ]
    return "\n".join(lines) + "\n"


def _reservations(report: ClusterReport, screen: Screen) -> str:
    """What to reserve so that prefixes find their blocks in every state that fits."""
    lines = [wrap(f"{name}: {blocks}", screen) for name, blocks in words.reservations(report)]
    if not lines:
        return ""
    return "\n".join([screen.bold("reserve for prefixes, in every state that fits"), *lines]) + "\n"
