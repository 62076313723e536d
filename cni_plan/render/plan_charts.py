"""Bars and curves as SVG, to stand within a page of HTML.

The colours are Okabe and Ito's; what is told by colour is told by a pattern and in words too.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from cni_plan.engine.curves import Curve
from cni_plan.engine.simulation import PoolState
from cni_plan.render.markup import text

BLUE, VERMILLION, ORANGE, INK, TRACK = "#0072b2", "#d55e00", "#e69f00", "#1a1a1a", "#dcdcdc"

PATTERNS = (
    '<pattern id="beyond" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<rect width="6" height="6" fill="#ffffff"/><rect width="3.5" height="6" fill="{VERMILLION}"/></pattern>'
    '<pattern id="perhaps" width="5" height="5" patternUnits="userSpaceOnUse">'
    f'<rect width="5" height="5" fill="{ORANGE}"/><circle cx="2.5" cy="2.5" r="1.3" fill="{INK}"/></pattern>'
    '<pattern id="idle" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<rect width="6" height="6" fill="#ffffff"/><rect width="1" height="6" fill="{BLUE}" opacity="0.5"/></pattern>'
)
"""What the charts are filled with; stands once in a page."""


class Level(NamedTuple):
    """What is needed of something and what there is.

    Attributes:
        needed: What is needed.
        available: What there is for certain.
        best: What there is at best.
    """

    needed: int
    available: int
    best: int

    @property
    def most(self) -> int:
        """The largest of them."""
        return max(self)


def bar(level: Level, label: str, *, scale: int | None = None) -> str:
    """A bar as wide as its place: what is needed, on what there is.

    Args:
        level: What is needed and what there is.
        label: What the bar says, in words.
        scale: What the full width stands for; by default the largest of the level's numbers.
    """
    whole = max(1, scale or level.most)
    within, beyond = min(level.needed, level.available), level.needed - level.available
    parts = [_part("track", 0, level.available, whole, TRACK)]
    if level.best > level.available:
        parts.append(_part("best", level.available, level.best - level.available, whole, "none"))
    if within > 0:
        parts.append(_part("needed", 0, within, whole, BLUE))
    if beyond > 0:
        kind = "beyond" if level.needed > level.best else "perhaps"
        parts.append(_part(kind, level.available, beyond, whole, f"url(#{kind})"))
    if level.available < whole:
        at = percent(level.available, whole)
        parts.append(f'<line class="end" x1="{at}" x2="{at}" y1="-15%" y2="115%"/>')
    name = text(label)
    return f'<svg class="bar" role="img" aria-label="{name}"><title>{name}</title>{"".join(parts)}</svg>'


def percent(part: int, whole: int) -> str:
    """A share of the full width."""
    return f"{100 * part / whole:.2f}%"


def _part(kind: str, start: int, length: int, whole: int, fill: str) -> str:
    place = f' x="{percent(start, whole)}"' if start else ""
    return f'<rect class="{kind}"{place} width="{percent(length, whole)}" height="100%" fill="{fill}"/>'


_WIDTH, _HEIGHT = 420, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 374, 26, 226
_MOST_STEPS = 6
_NEAREST_LABELS = 26
"""Labels closer to each other than so many units are left out: the text beside the chart has the numbers."""


class _Frame(NamedTuple):
    """The plot's rectangle and what its ends stand for."""

    most_pods: int
    most_addresses: int

    def x(self, pods: float) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * pods / self.most_pods, 1)

    def y(self, addresses: float) -> float:
        return round(_BOTTOM - (_BOTTOM - _TOP) * addresses / self.most_addresses, 1)


def curve_chart(curve: Curve, label: str) -> str:
    """Held and used addresses by the number of pods, with a line at the pods that each group plans.

    Args:
        curve: The pool by the number of pods.
        label: What the chart shows, in words.
    """
    states = curve.states
    most = max(1, *(state.total_ips for state in states))
    frame = _Frame(max(states[-1].pods, 1), _ticks(most)[-1])
    held, used = _steps(states, frame), _used(states, frame)
    name = text(label)
    parts = [
        f'<svg class="curve" role="img" viewBox="0 0 {_WIDTH} {_HEIGHT}" aria-label="{name}"><title>{name}</title>',
        *_axes(frame),
        f'<path class="idle" d="{held}L{"L".join(reversed(used))}Z" fill="url(#idle)"/>',
        f'<path class="held" d="{held}"/>',
        f'<path class="used" d="M{"L".join(used)}"/>',
        *_end_labels(states[-1], frame),
        *_planned(curve, frame),
        "</svg>",
    ]
    return "\n".join(parts)


def _steps(states: Sequence[PoolState], frame: _Frame) -> str:
    """The held addresses as stairs: the step to a number of pods is taken at that number."""
    path = [f"M{frame.x(states[0].pods):g} {frame.y(states[0].total_ips):g}"]
    for before, state in pairwise(states):
        if state.total_ips != before.total_ips:
            path.append(f"H{frame.x(state.pods):g}V{frame.y(state.total_ips):g}")
    return "".join([*path, f"H{frame.x(states[-1].pods):g}"])


def _used(states: Sequence[PoolState], frame: _Frame) -> list[str]:
    """The corners of the assigned addresses: one for each pod until there are no more."""
    full = next((state for state in states if state.assigned_ips < state.pods), None)
    first, last = states[0], states[-1]
    corners = [first, last] if full is None else [first, states[full.assigned_ips - first.pods], last]
    return [f"{frame.x(state.pods):g} {frame.y(state.assigned_ips):g}" for state in corners]


def _ticks(most: int) -> list[int]:
    """Round numbers from 0 to at least `most`, six steps at most."""
    unit = 1
    while True:
        for factor in (1, 2, 5):
            step = unit * factor
            if step * _MOST_STEPS >= most:
                return list(range(0, -(-most // step) * step + 1, step))
        unit *= 10


def _axes(frame: _Frame) -> Iterator[str]:
    for value in _ticks(frame.most_addresses):
        y = frame.y(value)
        yield f'<line class="grid" x1="{_LEFT}" x2="{_RIGHT}" y1="{y:g}" y2="{y:g}"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4:g}" text-anchor="end">{value}</text>'
    for value in (each for each in _ticks(frame.most_pods) if each <= frame.most_pods):
        x = frame.x(value)
        yield f'<line class="tick" x1="{x:g}" x2="{x:g}" y1="{_BOTTOM}" y2="{_BOTTOM + 4}"/>'
        yield f'<text x="{x:g}" y="{_BOTTOM + 17}" text-anchor="middle">{value}</text>'
    yield f'<line class="axis" x1="{_LEFT}" x2="{_RIGHT}" y1="{_BOTTOM}" y2="{_BOTTOM}"/>'
    yield f'<text x="{_RIGHT}" y="{_BOTTOM + 36}" text-anchor="end">addresses held and used, by pods on the node</text>'


def _end_labels(last: PoolState, frame: _Frame) -> Iterator[str]:
    """The lines' names at their ends, the upper one never on the lower one."""
    held, used = frame.y(last.total_ips), frame.y(last.assigned_ips)
    if used - held < 14:  # noqa: PLR2004 # a line of text
        middle = (held + used) / 2
        held, used = middle - 7, middle + 7
    yield f'<text class="name-held" x="{_RIGHT + 8}" y="{held + 4:g}">held</text>'
    yield f'<text class="name-used" x="{_RIGHT + 8}" y="{used + 4:g}">used</text>'


def _planned(curve: Curve, frame: _Frame) -> Iterator[str]:
    """A line at the pods that groups plan, with their number above it."""
    labelled = -float(_NEAREST_LABELS)
    for pods in sorted({group.counted.holding.address_pods for group in curve.groups}):
        x, state = frame.x(pods), curve.states[pods]
        yield f'<line class="planned" x1="{x:g}" x2="{x:g}" y1="{_TOP - 4}" y2="{_BOTTOM}"/>'
        yield f'<circle class="point" cx="{x:g}" cy="{frame.y(state.total_ips):g}" r="3.5"/>'
        if x - labelled >= _NEAREST_LABELS:
            labelled = x
            yield f'<text class="name-planned" x="{x:g}" y="{_TOP - 10}" text-anchor="middle">{pods}</text>'
