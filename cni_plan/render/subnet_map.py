"""A subnet drawn block by block, one cell a /28: as text and as SVG."""

from collections.abc import Mapping
from ipaddress import IPv4Address
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
