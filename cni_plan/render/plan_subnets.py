"""The subnets on a plan's page: what each state needs of them as bars, and what is in them as maps."""

from collections.abc import Iterator, Sequence

from cni_plan.engine.cluster import PlannedSubnet
from cni_plan.engine.cluster_report import ClusterReport, Fit, SubnetPlan, SubnetState
from cni_plan.engine.room import NOTHING, Taken
from cni_plan.render import plan_words as words
from cni_plan.render.markup import cell, name_cell, number, paragraph, row, row_head, table, text
from cni_plan.render.plan_charts import Level, bar
from cni_plan.render.subnet_map import grid_legend, grid_map

_MOST_SUBNETS = 120
"""So many subnets are shown one by one."""
_MOST_BARS = 500
"""With more subnets the overview has numbers only."""
_MOST_MAP_CHARACTERS = 2_000_000
"""Maps end where they would be so long; a /16 full of scattered addresses takes 70,000."""
_MOST_PARTS = 8
"""So many groups are named as what takes from a subnet."""


def fit_mark(fit: Fit) -> str:
    """Whether it fits, as a shape of its own and in words."""
    return f'<span class="fit {fit.value}">{words.fit_word(fit)}</span>'


def needs(report: ClusterReport) -> Iterator[str]:
    """What each kind of state needs, in /28 blocks where prefixes are used, and in addresses; then what runs out."""
    yield _bar_legend()
    if words.counts_prefixes(report):
        yield _overview(report, prefixes=True)
    yield _overview(report, prefixes=False)
    growth = words.growth(report)
    if growth:
        yield paragraph(growth)


def _overview(report: ClusterReport, *, prefixes: bool) -> str:
    columns = words.state_columns(report)
    caption = "/28 blocks needed" if prefixes else "Addresses needed, prefixes among them"
    detailed, rows = set(_in_detail(report.subnets)), []
    for at, subnet in enumerate(report.subnets):
        scale = _scale(subnet, prefixes=prefixes)
        head = row_head(subnet.planned.name, link=f"subnet-{at}" if at in detailed else "")
        states = [subnet.state(kind) for kind, _ in columns]
        bars = len(report.subnets) <= _MOST_BARS
        cells = (_overview_cell(state, scale if bars else None, prefixes=prefixes) for state in states)
        free = number(words.available(subnet, prefixes=prefixes))
        rows.append(row((head, name_cell(subnet.planned.zone), free, *cells)))
    return table(caption, ("Subnet", "Zone", "#Free", *(title.capitalize() for _, title in columns)), rows)


def _overview_cell(state: SubnetState | None, scale: int | None, *, prefixes: bool) -> str:
    if state is None:
        return cell("-")
    level = _level(state, prefixes=prefixes)
    mark = fit_mark(state.fit) if words.mark(state, prefixes=prefixes) else ""
    drawn = bar(level, _says(level, state, prefixes=prefixes), scale=scale) if scale else ""
    return cell(f"{level.needed}{drawn}{mark}", "level")


def _level(state: SubnetState, *, prefixes: bool) -> Level:
    """What is needed and what there is: addresses within reservations count as far as prefixes take them."""
    needed = words.needed(state, prefixes=prefixes)
    left = state.left_prefixes if prefixes else state.left_addresses
    more = state.best_room.prefixes - state.room.prefixes if prefixes else 0
    return Level(needed, needed + left, needed + left + more)


def _scale(subnet: SubnetPlan, *, prefixes: bool) -> int:
    """What a bar's full width stands for: the same in all states, so that bars can be compared."""
    return max(1, *(_level(state, prefixes=prefixes).most for state in subnet.states))


def _says(level: Level, state: SubnetState, *, prefixes: bool) -> str:
    what = "/28 blocks" if prefixes else "addresses"
    return f"{state.state.name}: {level.needed} of {_available(level)} {what}"


def _available(level: Level) -> str:
    return f"{level.available} to {level.best}" if level.best > level.available else str(level.available)


def details(report: ClusterReport) -> Iterator[str]:
    """Each subnet: every state with its bars, who takes what, and the map."""
    shown = _in_detail(report.subnets)
    if words.counts_prefixes(report):
        yield paragraph("149 = 5 + 16 x 9 are five single addresses and nine /28 prefixes.", "soft")
    yield _legend(grid_legend())
    maps_left = _MOST_MAP_CHARACTERS
    without_map = []
    for at in shown:
        subnet = report.subnets[at]
        drawn = grid_map(subnet.planned.subnet, subnet.planned.blocks, subnet.reservations)
        if len(drawn) > maps_left:
            without_map.append(subnet.planned.name)
            drawn = ""
        maps_left -= len(drawn)
        yield _detail(at, subnet, drawn)
    if without_map:
        yield paragraph(
            f"{len(without_map)} maps are left out, to keep the page small: `cni-plan subnet map` has them."
        )
    more = len(report.subnets) - len(shown)
    if more:
        yield paragraph(f"{more} more subnets, which fare no worse than these, are left out here: JSON has them.")


def _in_detail(subnets: Sequence[SubnetPlan]) -> list[int]:
    """Which subnets are shown one by one: of too many those that fare worst."""
    order = [Fit.NO, Fit.UNKNOWN, Fit.YES]
    worst = [min(order.index(state.fit) for state in subnet.states) for subnet in subnets]
    return sorted(sorted(range(len(subnets)), key=worst.__getitem__)[:_MOST_SUBNETS])


def _detail(at: int, subnet: SubnetPlan, drawn: str) -> str:
    name = text(subnet.planned.name)
    scales = {prefixes: _scale(subnet, prefixes=prefixes) for prefixes in (True, False)}
    blocks = bool(subnet.largest.prefixes)
    rows = [_state_row(state, scales, blocks=blocks) for state in subnet.states]
    header = ("State", *(["/28 blocks"] if blocks else []), "Addresses", "Taken by")
    states = table(f"{subnet.planned.name}: what each state needs of what there is", header, rows, "stacked")
    figure = ""
    if drawn:
        figure = (
            f"<figure><figcaption>{text(_map_caption(subnet))}</figcaption>"
            f'<div class="scroll" role="region" tabindex="0" aria-label="Map of {name}">{drawn}</div></figure>'
        )
    return (
        f'<article id="subnet-{at}" aria-labelledby="subnet-{at}-name">'
        f'<h3 id="subnet-{at}-name">{name}</h3>\n{_facts(subnet)}\n{states}\n{figure}</article>'
    )


def _facts(subnet: SubnetPlan) -> str:
    planned, blocks, room = subnet.planned, subnet.planned.blocks, subnet.room
    identity = f" ({planned.subnet.subnet_id})" if planned.subnet.subnet_id else ""
    parts = [
        f"{planned.zone}, for {planned.role}, {planned.subnet.cidr}{identity}",
        f"{planned.subnet.cidr.num_addresses} addresses, {blocks.used_addresses} in use",
        f"free: {_free_blocks(subnet)} /28 blocks"
        + (f", {room.reserved} of them within prefix reservations, and" if room.reserved else " and")
        + f" {room.addresses} addresses"
        + (" besides the reservations" if room.reserved else ""),
    ]
    credit = subnet.credit
    if credit != NOTHING:
        parts.append(f"what the running nodes hold counts as free: {words.holds(credit)}")
    return f'<p class="facts">{text(". ".join(_sentence(part) for part in parts))}.</p>'


def _sentence(part: str) -> str:
    return part[:1].upper() + part[1:] if part.startswith(("free", "what")) else part


def _free_blocks(subnet: SubnetPlan) -> str:
    worst, best = subnet.room.prefixes, subnet.states[0].best_room.prefixes
    return f"{worst} to {best}" if best > worst else str(worst)


def _state_row(state: SubnetState, scales: dict[bool, int], *, blocks: bool) -> str:
    kinds = (True, False) if blocks else (False,)
    levels = (_level_cell(state, scales[prefixes], prefixes=prefixes) for prefixes in kinds)
    where = '<br><span class="soft">where prefixes have reservations</span>' if state.needs_reservation else ""
    head = row_head(state.state.name, after=f"<br>{fit_mark(state.fit)}{where}")
    return row((head, *levels, cell(_parts(state), "words")))


def _level_cell(state: SubnetState, scale: int, *, prefixes: bool) -> str:
    level = _level(state, prefixes=prefixes)
    left = level.available - level.needed
    balance = f"{left} left" if left >= 0 else f"{-left} short" + " at worst" * (level.best > level.available)
    what = "blocks" if prefixes else "addresses"
    drawn = bar(level, _says(level, state, prefixes=prefixes), scale=scale)
    return cell(f'{level.needed} of {_available(level)} {what}{drawn}<span class="soft">{balance}</span>', "level")


def _parts(state: SubnetState) -> str:
    """Who takes what, the most first."""
    demand = state.demand
    parts = sorted(demand.parts, key=lambda part: -(part[2] * part[1]).addresses)
    lines = [
        f"{text(report.group.name)}, {nodes} {'node' if nodes == 1 else 'nodes'}: {_sum(node * nodes)}"
        for report, nodes, node in parts[:_MOST_PARTS]
    ]
    rest = parts[_MOST_PARTS:]
    if rest:
        taken = sum((node * nodes for _, nodes, node in rest), start=NOTHING)
        lines.append(f"{len(rest)} more groups: {_sum(taken)}")
    if demand.control_plane_enis:
        lines.append(f"control plane: {demand.control_plane_enis}")
    if len(lines) > 1:
        lines.append(f"together: {_sum(demand.taken)}")
    return "<br>".join(lines) or "nothing"


def _sum(taken: Taken) -> str:
    """Addresses, and of what they are the sum: single ones and prefixes."""
    whole = f"{taken.addresses} = {words.holds(taken)}" if taken.prefixes else str(taken.addresses)
    return f'<span class="nowrap">{whole}</span>'


def _map_caption(subnet: SubnetPlan) -> str:
    parts = [_map_title(subnet.planned)]
    if subnet.planned.unplaced:
        parts.append(f"The {subnet.planned.unplaced} addresses of unknown place are drawn where they do most harm.")
    if subnet.reservations:
        parts.append("Dashed: to reserve.")
    return " ".join(parts)


def _map_title(planned: PlannedSubnet) -> str:
    return f"In {planned.subnet.cidr} now, a cell for each /28."


def _bar_legend() -> str:
    meanings = (
        (Level(60, 100, 100), "needed, of what there is"),
        (Level(100, 70, 70), "does not fit: the line is the end of what there is"),
        (Level(90, 60, 100), "may not fit: depends on where the addresses in use are"),
    )
    return _legend([(bar(level, meaning), meaning) for level, meaning in meanings])


def _legend(entries: Sequence[tuple[str, str]]) -> str:
    """Images and what they mean."""
    items = "".join(f"<li>{image}{text(meaning)}</li>" for image, meaning in entries)
    return f'<ul class="legend">{items}</ul>'
