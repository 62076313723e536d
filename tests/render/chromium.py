"""Headless Chromium for tests: what a page looks like, how it is laid out, and how it prints."""

import json
import re
import shutil
import struct
import subprocess
import tempfile
import zlib
from collections.abc import Mapping
from html import escape, unescape
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

from tests.support import missing_program

_QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_RESULT = re.compile(r'<pre id="measured">(.*?)</pre>', re.DOTALL)
_SECONDS = 120
_NARROWEST = 500
"""Headless Chromium makes no narrower window."""


class Picture(NamedTuple):
    """A decoded PNG: rows of bytes, `channels` for each pixel."""

    width: int
    height: int
    channels: int
    rows: list[bytes]

    def colours(self) -> set[bytes]:
        """The different colours in it."""
        size = self.channels
        return {row[at : at + size] for row in self.rows for at in range(0, len(row), size)}


def chromium(*arguments: str) -> str:
    """Run Chromium with a profile of its own; what it prints."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        missing_program("chromium")
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run(
            [program or "", *_QUIET, f"--user-data-dir={profile}", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
    assert done.returncode == 0, done.stderr
    return done.stdout


def screenshot(html: str, directory: Path, *, width: int, height: int) -> Picture:
    """The page as it looks in a frame of that size, which may be narrower than any window."""
    source, image = directory / "screenshot.html", directory / "screenshot.png"
    source.write_text(
        '<!DOCTYPE html><meta charset="utf-8"><body style="margin:0">'
        f'<iframe width="{width}" height="{height}" style="border:0" srcdoc="{escape(html)}"></iframe>'
    )
    chromium(f"--screenshot={image}", f"--window-size={max(width, _NARROWEST)},{height}", source.as_uri())
    return decode(image.read_bytes())


def printed(html: str, directory: Path) -> bytes:
    """The page as PDF."""
    source, document = directory / "printed.html", directory / "printed.pdf"
    source.write_text(html)
    chromium("--no-pdf-header-footer", f"--print-to-pdf={document}", source.as_uri())
    return document.read_bytes()


def measured(pages: Mapping[str, str], widths: tuple[int, ...], script: str, directory: Path) -> dict[str, Any]:
    """What a script tells of each page at each width, as `name@width`: a frame may be narrower than any window.

    Args:
        pages: The pages' HTML by name.
        widths: The frames' widths in pixels.
        script: The body of a function of a frame's `document`, which returns what JSON can hold.
        directory: Where the page around the frames is written.
    """
    frames = "".join(
        f'<iframe id="{name}@{width}" width="{width}" height="800" style="border:0" srcdoc="{escape(html)}"></iframe>'
        for name, html in pages.items()
        for width in widths
    )
    code = (
        f"const tell = (document) => {{ {script} }};"
        "addEventListener('load', () => { const told = {};"
        "for (const frame of document.querySelectorAll('iframe')) told[frame.id] = tell(frame.contentDocument);"
        "document.querySelector('#measured').textContent = JSON.stringify(told); });"
    )
    around = directory / "frames.html"
    around.write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><body>{frames}<pre id="measured"></pre><script>{code}</script>'
    )
    found = _RESULT.search(chromium("--dump-dom", "--window-size=1600,1200", around.as_uri()))
    assert found, "the script told nothing"
    told: dict[str, Any] = json.loads(unescape(found[1]))
    return told


def decode(png: bytes) -> Picture:
    """A PNG of eight bits a channel, as Chromium writes it."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, data, width, height, channels = 8, b"", 0, 0, 0
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack_from(">IIBB", body)
            assert depth == 8
            channels = {0: 1, 2: 3, 6: 4}[colour]
        elif kind == b"IDAT":
            data += body
        at += 12 + length
    return Picture(width, height, channels, _unfiltered(zlib.decompress(data), width * channels, channels))


def _unfiltered(data: bytes, stride: int, size: int) -> list[bytes]:
    """The rows without PNG's filters (RFC 2083, section 6)."""
    rows, above = [], bytes(stride)
    for start in range(0, len(data), stride + 1):
        line = bytearray(data[start + 1 : start + 1 + stride])
        match data[start]:
            case 1:
                for channel in range(size):
                    sums: list[int] = list(accumulate(line[channel::size], _added))
                    line[channel::size] = bytes(sums)
            case 2:
                line = bytearray(more + over & 255 for more, over in zip(line, above, strict=True))
            case 3 | 4 as kind:
                for at in range(stride):
                    left, corner = (line[at - size], above[at - size]) if at >= size else (0, 0)
                    line[at] = line[at] + _predicted(kind, left, above[at], corner) & 255
        above = bytes(line)
        rows.append(above)
    return rows


def _added(left: int, more: int) -> int:
    return left + more & 255


def _predicted(kind: int, left: int, above: int, corner: int) -> int:
    """From the neighbours: their mean, or the one that is nearest to the slope (Paeth)."""
    if kind == 3:
        return (left + above) // 2
    by_left, by_above, by_corner = abs(above - corner), abs(left - corner), abs(left + above - 2 * corner)
    if by_left <= by_above and by_left <= by_corner:
        return left
    return above if by_above <= by_corner else corner
