"""A subnet drawn block by block, one cell a /28: as text and as SVG."""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import NamedTuple
from xml.sax.saxutils import escape

from cni_plan.engine.max_pods import ADDRESSES_PER_PREFIX
from cni_plan.engine.subnets import Block, BlockMap, Subnet
from cni_plan.render.table import Screen

CELLS_PER_ROW = 64
_LABEL_WIDTH = 16
_MOST_DIGIT = 9


class _Look(NamedTuple):
    """How a kind of block is shown: a character, a terminal background, a fill, its name."""

    character: str
    background: int
    fill: str
    meaning: str


# The fills stay apart for colour-blind readers (Okabe and Ito's palette); the characters tell without any colour.
_LOOKS: Mapping[Block, _Look] = {
    Block.FREE: _Look(".", 0, "#f2f2f2", "free: can become a prefix"),
    Block.RESERVED: _Look("r", 42, "#009e73", "free within a prefix reservation"),
    Block.PREFIX: _Look("P", 44, "#0072b2", "a prefix of an ENI"),
    Block.SINGLES: _Look("1-9+", 43, "#e69f00", "single addresses in use, how many"),
    Block.EXPLICIT: _Look("x", 45, "#cc79a7", "an explicit reservation"),
    Block.AWS: _Look("a", 47, "#999999", "the first or last block, never a prefix"),
}


def _character(kind: Block, singles: int) -> str:
    if kind is not Block.SINGLES:
        return _LOOKS[kind].character
    return str(singles) if singles <= _MOST_DIGIT else "+"


def _address(subnet: Subnet, block: int) -> str:
    return str(IPv4Address(int(subnet.cidr.network_address) + block * ADDRESSES_PER_PREFIX))


def title(subnet: Subnet, blocks: BlockMap) -> str:
    """What the map shows, in one line."""
    name = f"{subnet.cidr}" + (f" {subnet.subnet_id}" if subnet.subnet_id else "")
    zone = f" in {subnet.availability_zone}" if subnet.availability_zone else ""
    return f"{name}{zone}: {blocks.free_prefixes} free /28 blocks, {blocks.free_addresses} free addresses"


def text_map(subnet: Subnet, blocks: BlockMap, screen: Screen) -> str:
    """The subnet as rows of characters with a legend; coloured where the screen knows colour."""
    width = CELLS_PER_ROW
    while screen.width is not None and width > 1 and _LABEL_WIDTH + width > screen.width:
        width //= 2
    lines = [screen.bold(title(subnet, blocks)), ""]
    for start in range(0, len(blocks.kinds), width):
        row = range(start, min(start + width, len(blocks.kinds)))
        cells = (_cell(Block(blocks.kinds[block]), blocks.singles[block], screen) for block in row)
        lines.append(f"{_address(subnet, start):<{_LABEL_WIDTH}}{''.join(cells)}")
    lines.append("")
    for kind, look in _LOOKS.items():
        shown = _cell(kind, 1, screen) if screen.color else look.character
        pad = " " * (4 - (1 if screen.color else len(look.character)))
        lines.append(f"{shown}{pad} {blocks.count(kind):>5}  {look.meaning}")
    return "\n".join(lines) + "\n"


def _cell(kind: Block, singles: int, screen: Screen) -> str:
    character = _character(kind, singles)
    background = _LOOKS[kind].background
    if not screen.color or not background:
        return character
    return f"\x1b[30;{background}m{character}\x1b[0m"


_SIZE, _GAP, _TOP, _LEFT, _LINE = 12, 2, 40, 110, 18


def svg_map(subnet: Subnet, blocks: BlockMap) -> str:
    """The subnet as an SVG image that needs nothing from elsewhere."""
    step = _SIZE + _GAP
    rows = -(-len(blocks.kinds) // CELLS_PER_ROW)
    columns = min(CELLS_PER_ROW, len(blocks.kinds))
    width = max(_LEFT + columns * step + 20, 520)
    height = _TOP + rows * step + 20 + len(_LOOKS) * _LINE + 10
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            'font-family="sans-serif" font-size="11">'
        ),
        f"<title>{escape(title(subnet, blocks))}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="10" y="22" font-size="14" font-weight="bold">{escape(title(subnet, blocks))}</text>',
    ]
    for row in range(rows):
        y = _TOP + row * step
        label = _address(subnet, row * CELLS_PER_ROW)
        parts.append(f'<text x="{_LEFT - 8}" y="{y + _SIZE - 2}" text-anchor="end">{label}</text>')
    for block, value in enumerate(blocks.kinds):
        kind = Block(value)
        x, y = _LEFT + block % CELLS_PER_ROW * step, _TOP + block // CELLS_PER_ROW * step
        detail = f"{_address(subnet, block)}/28: {_LOOKS[kind].meaning}"
        if kind is Block.SINGLES:
            detail = f"{_address(subnet, block)}/28: {blocks.singles[block]} single addresses in use"
        parts.append(_square(x, y, kind, detail))
        if kind is Block.SINGLES:
            count = _character(kind, blocks.singles[block])
            parts.append(
                f'<text x="{x + _SIZE / 2:g}" y="{y + _SIZE - 3}" text-anchor="middle" font-size="8">{count}</text>'
            )
    y = _TOP + rows * step + 20
    for kind, look in _LOOKS.items():
        parts.append(_square(_LEFT, y, kind, look.meaning))
        parts.append(f'<text x="{_LEFT + 20}" y="{y + 10}">{blocks.count(kind)}  {escape(look.meaning)}</text>')
        y += _LINE
    return "\n".join([*parts, "</svg>"]) + "\n"


def _square(x: int, y: int, kind: Block, detail: str) -> str:
    return (
        f'<rect class="{kind.name.lower()}" x="{x}" y="{y}" width="{_SIZE}" height="{_SIZE}" '
        f'fill="{_LOOKS[kind].fill}" stroke="#666666" stroke-width="0.5"><title>{escape(detail)}</title></rect>'
    )


_CELL, _ROW_LABEL = _SIZE + _GAP, 96
_INKS: Mapping[Block, str] = {Block.PREFIX: "#ffffff"}


def cell_patterns() -> str:
    """The cells of `grid_map` as SVG patterns; they stand once in a page, however many maps it has."""
    looks = [(kind, 1) for kind in Block if kind is not Block.SINGLES]
    counts = [(Block.SINGLES, count) for count in range(1, _MOST_DIGIT + 2)]
    return "".join(_pattern(kind, count) for kind, count in (*looks, *counts))


def _pattern(kind: Block, singles: int) -> str:
    character = "" if kind is Block.FREE else escape(_character(kind, singles))
    return (
        f'<pattern id="{_cell_name(kind, singles)}" width="{_CELL}" height="{_CELL}" patternUnits="userSpaceOnUse">'
        f'<rect x="1" y="1" width="{_SIZE}" height="{_SIZE}" fill="{_LOOKS[kind].fill}" stroke="#666666" '
        f'stroke-width="0.5"/><text x="{_CELL / 2:g}" y="10.5" text-anchor="middle" font-family="sans-serif" '
        f'font-size="9" font-weight="bold" fill="{_INKS.get(kind, "#000000")}">{character}</text></pattern>'
    )


def _cell_name(kind: Block, singles: int) -> str:
    count = f"-{min(singles, _MOST_DIGIT + 1)}" if kind is Block.SINGLES else ""
    return f"cell-{kind.name.lower()}{count}"


def grid_legend() -> list[tuple[str, str]]:
    """Each kind of cell as an image, and what it means; needs `cell_patterns`."""
    return [(_sample(_cell_name(kind, 3)), look.meaning) for kind, look in _LOOKS.items()]


def _sample(name: str) -> str:
    return (
        f'<svg class="cell" width="{_CELL}" height="{_CELL}" viewBox="0 0 {_CELL} {_CELL}" aria-hidden="true">'
        f'<rect width="{_CELL}" height="{_CELL}" fill="url(#{name})"/></svg>'
    )


def grid_map(subnet: Subnet, blocks: BlockMap, to_reserve: Sequence[IPv4Network] = ()) -> str:
    """The subnet as an SVG image for a page that has `cell_patterns`; equal cells in a row are one shape.

    Args:
        subnet: The subnet.
        blocks: What is in it.
        to_reserve: Ranges to draw an outline around; a CIDR's is a rectangle, since rows are as long as a CIDR.
    """
    columns = min(CELLS_PER_ROW, len(blocks.kinds))
    rows = -(-len(blocks.kinds) // CELLS_PER_ROW)
    width, height = _ROW_LABEL + columns * _CELL + 2, rows * _CELL + 4
    shapes: dict[str, list[str]] = {}
    for block, length in _runs(blocks):
        y, x = divmod(block, CELLS_PER_ROW)
        look = _cell_name(Block(blocks.kinds[block]), blocks.singles[block])
        shapes.setdefault(look, []).append(f"M{x * _CELL} {y * _CELL}h{length * _CELL}v{_CELL}h-{length * _CELL}z")
    name = escape(title(subnet, blocks), {'"': "&quot;"})
    parts = [
        (
            f'<svg class="map" role="img" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'aria-label="{name}"><title>{name}</title>'
        ),
        *(
            f'<text x="0" y="{row * _CELL + 13}" font-size="11">{_address(subnet, row * CELLS_PER_ROW)}</text>'
            for row in range(rows)
        ),
        f'<g transform="translate({_ROW_LABEL} 2)">',
        *(f'<path class="{look}" d="{"".join(paths)}" fill="url(#{look})"/>' for look, paths in shapes.items()),
        *(_outline(subnet, cidr) for cidr in to_reserve),
        "</g></svg>",
    ]
    return "\n".join(parts)


def _runs(blocks: BlockMap) -> Iterator[tuple[int, int]]:
    """Where equal cells within a row start, and how many there are."""
    looks = [
        (kind, min(count, _MOST_DIGIT + 1) if kind == Block.SINGLES else 0)
        for kind, count in zip(blocks.kinds, blocks.singles, strict=True)
    ]
    start = 0
    for block in range(1, len(looks) + 1):
        if block == len(looks) or block % CELLS_PER_ROW == 0 or looks[block] != looks[start]:
            yield start, block - start
            start = block


def _outline(subnet: Subnet, cidr: IPv4Network) -> str:
    first = (int(cidr.network_address) - int(subnet.cidr.network_address)) // ADDRESSES_PER_PREFIX
    count = cidr.num_addresses // ADDRESSES_PER_PREFIX
    y, x = divmod(first, CELLS_PER_ROW)
    columns, rows = min(count, CELLS_PER_ROW), -(-count // CELLS_PER_ROW)
    return (
        f'<rect class="to-reserve" x="{x * _CELL + 1}" y="{y * _CELL + 1}" width="{columns * _CELL - 2}" '
        f'height="{rows * _CELL - 2}" fill="none" stroke="#000000" stroke-width="1.5" stroke-dasharray="4 2"/>'
    )
