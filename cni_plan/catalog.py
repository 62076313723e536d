"""The table of instance types: one row each, looked up by name, matched by glob, checked on load."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from cni_plan.errors import InputError, UnknownInstanceTypeError

LARGEST_CELL = 10**12
"""No figure of an instance type comes near this; a larger one is a broken table."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*\.[a-z0-9-]+")
_SIZES = {"nano": 0, "micro": 1, "small": 2, "medium": 3, "large": 4, "xlarge": 5}
_METAL = 1_000_000
_GLOB_CHARACTERS = frozenset("*?[")
_SUGGESTIONS = 4


@dataclass(frozen=True, slots=True)
class InstanceType:
    """One row of the table. None means unknown, never zero.

    Attributes:
        instance_type: The name, such as `t3.large`.
        vcpus: Default vCPUs.
        memory_mib: Memory in MiB.
        architectures: Processor architectures, such as `("x86_64",)`.
        hypervisor: `nitro` or `xen`; EC2 gives none for bare metal.
        bare_metal: Whether the type is bare metal.
        max_enis: ENIs the default network card takes.
        ipv4_per_eni: IPv4 addresses per ENI, the primary one included.
        network_cards: Number of network cards.
        default_network_card: Index of the default network card.
        trunking_compatible: Whether the type can carry a trunk ENI (security groups for pods).
        branch_enis: Branch ENIs the trunk can carry.
        gpus: Number of GPUs.
        current_generation: Whether EC2 counts the type among the current generation.
        source: Where the row's figures come from.
    """

    instance_type: str
    vcpus: int | None = None
    memory_mib: int | None = None
    architectures: tuple[str, ...] = ()
    hypervisor: str | None = None
    bare_metal: bool | None = None
    max_enis: int | None = None
    ipv4_per_eni: int | None = None
    network_cards: int | None = None
    default_network_card: int | None = None
    trunking_compatible: bool | None = None
    branch_enis: int | None = None
    gpus: int | None = None
    current_generation: bool | None = None
    source: str = ""


def _name(cell: str) -> str:
    if not _NAME.fullmatch(cell):
        raise ValueError("an instance type such as t3.large")
    return cell


def _count(cell: str) -> int | None:
    if not cell:
        return None
    if not (cell.isascii() and cell.isdigit() and len(cell) <= len(str(LARGEST_CELL))):
        raise ValueError("a whole number, or nothing where it is unknown")
    return int(cell)


def _positive(cell: str) -> int | None:
    if cell and not cell.strip("0"):
        raise ValueError("a whole number above 0, or nothing where it is unknown")
    return _count(cell)


def _flag(cell: str) -> bool | None:
    try:
        return {"": None, "true": True, "false": False}[cell]
    except KeyError:
        raise ValueError("true or false, or nothing where it is unknown") from None


def _words(cell: str) -> tuple[str, ...]:
    return tuple(cell.split(";")) if cell else ()


def _hypervisor(cell: str) -> str | None:
    if cell not in {"", "nitro", "xen"}:
        raise ValueError("nitro or xen, or nothing where there is none or it is unknown")
    return cell or None


_PARSERS: dict[str, Callable[[str], object]] = {
    "instance_type": _name,
    "vcpus": _positive,
    "memory_mib": _positive,
    "architectures": _words,
    "hypervisor": _hypervisor,
    "bare_metal": _flag,
    "max_enis": _positive,
    "ipv4_per_eni": _positive,
    "network_cards": _positive,
    "default_network_card": _count,
    "trunking_compatible": _flag,
    "branch_enis": _count,
    "gpus": _count,
    "current_generation": _flag,
    "source": str,
}
COLUMNS = tuple(_PARSERS)
_CELL_PARSERS = tuple(_PARSERS.values())
_HEADER = ",".join(COLUMNS)


def _parse_row(line: str) -> InstanceType:
    cells = line.split(",")
    if len(cells) != len(COLUMNS):
        raise ValueError(f"{len(cells)} cells where {len(COLUMNS)} are expected; is the file cut short?")
    try:
        return InstanceType(*[parse(cell) for parse, cell in zip(_CELL_PARSERS, cells, strict=True)])  # type: ignore[arg-type] # one parser per field, in the fields' order
    except ValueError:
        for column, cell in zip(COLUMNS, cells, strict=True):
            try:
                _PARSERS[column](cell)
            except ValueError as error:
                raise ValueError(f"{column} is {cell[:40]!r}, expected {error}") from None
        raise


def _format_cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case tuple():
            return ";".join(map(str, value))
        case _:
            return str(value)


def format_table(instance_types: Iterable[InstanceType]) -> str:
    """Write the table's text: a header and one line per type, sorted by name, so that two tables diff well."""
    rows = sorted(instance_types, key=lambda row: row.instance_type)
    lines = (",".join(_format_cell(getattr(row, column)) for column in COLUMNS) for row in rows)
    return "\n".join([_HEADER, *lines]) + "\n"


def size_order(name: str) -> tuple[str, int]:
    """Order names by family and then by size, as people do: nano, micro, ..., xlarge, 2xlarge, ..., metal."""
    family, _, size = name.partition(".")
    if size.startswith("metal"):
        digits = "".join(filter(str.isdigit, size))
        return family, _METAL + int(digits or 0)
    if size.endswith("xlarge") and size[:-6].isdigit():
        return family, _SIZES["xlarge"] + int(size[:-6])
    return family, _SIZES.get(size, _METAL)


class Catalog:
    """The table of instance types, kept as text: a look-up parses the rows it returns and no others.

    Args:
        text: The table, as `format_table` writes it.
        where: What to call the table in messages.
        check: Whether to read every row now. The bundled table is checked by the tests instead.

    Raises:
        InputError: The text is not such a table; the message names the line.
    """

    def __init__(self, text: str, where: str, *, check: bool = True) -> None:
        self._text = text.removeprefix("\ufeff").replace("\r\n", "\n")
        self.where = where
        if check:
            self._check()

    def _check(self) -> None:
        header, *lines = self._text.rstrip("\n").split("\n")
        if header != _HEADER:
            raise InputError(f"{self.where}:1: not a table of instance types; the first line must be: {_HEADER}")
        seen: dict[str, int] = {}
        for number, line in enumerate(lines, start=2):
            try:
                name = _parse_row(line).instance_type
            except ValueError as error:
                raise InputError(f"{self.where}:{number}: {error}") from None
            if name in seen:
                raise InputError(f"{self.where}:{number}: {name} stands on line {seen[name]} already")
            seen[name] = number
        if not seen:
            raise InputError(f"{self.where}: the table has no rows")

    def _lines(self) -> list[str]:
        return self._text.rstrip("\n").split("\n")[1:]

    def names(self) -> list[str]:
        """All names, in the table's order."""
        return [line[: line.index(",")] for line in self._lines()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._find(name) is not None

    def __getitem__(self, name: str) -> InstanceType:
        line = self._find(name)
        if line is None:
            raise UnknownInstanceTypeError(self._unknown(name))
        return _parse_row(line)

    def _find(self, name: str) -> str | None:
        """The line of a type, found in the text without taking the text apart."""
        start = self._text.find(f"\n{name},") + 1 if _NAME.fullmatch(name) else 0
        if not start:
            return None
        end = self._text.find("\n", start)
        return self._text[start : end if end >= 0 else None]

    def __iter__(self) -> Iterator[InstanceType]:
        return map(_parse_row, self._lines())

    def __len__(self) -> int:
        return len(self._lines())

    def nearest(self, name: str) -> list[str]:
        """Names that resemble a misspelt one, the most likely first."""
        from difflib import get_close_matches

        return get_close_matches(name.strip().lower(), self.names(), n=_SUGGESTIONS, cutoff=0.7)

    def _unknown(self, name: str) -> str:
        near = self.nearest(name[:64])
        hint = f"did you mean {', '.join(near)}?" if near else "`cni-plan catalog list` shows the known ones"
        return f"unknown instance type {name[:64]!r}: {hint} (looked in {self.where})"

    def select(self, patterns: Sequence[str]) -> list[InstanceType]:
        """The types that names and globs select, each once: names in the order given, a glob's by size.

        Raises:
            UnknownInstanceTypeError: A name is not in the table, or a glob matches nothing.
        """
        chosen: dict[str, InstanceType] = {}
        for pattern in patterns:
            if is_glob(pattern):
                chosen |= self._matching(pattern)
            elif pattern not in chosen:
                chosen[pattern] = self[pattern]
        return list(chosen.values())

    def _matching(self, pattern: str) -> dict[str, InstanceType]:
        lines = {line[: line.index(",")]: line for line in self._lines()}
        matches = sorted((name for name in lines if fnmatchcase(name, pattern)), key=size_order)
        if not matches:
            raise UnknownInstanceTypeError(f"no instance type matches {pattern[:64]!r} (looked in {self.where})")
        return {name: _parse_row(lines[name]) for name in matches}


def is_glob(pattern: str) -> bool:
    """Whether the text is a glob such as `t3.*` rather than a name."""
    return not _GLOB_CHARACTERS.isdisjoint(pattern)


def data_file(name: str) -> Path:
    """Where a bundled data file lies: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "data" / name
    return installed if installed.exists() else package.parent / "data" / name


def load_catalog(path: str | Path | None = None) -> Catalog:
    """Load the bundled table, or a table of one's own.

    Args:
        path: A CSV file with the bundled table's columns; None for the bundled table.

    Raises:
        InputError: The file cannot be read, or a row is wrong; the message names the line.
    """
    file = data_file("instance_types.csv") if path is None else Path(path)
    where = "the bundled table" if path is None else str(path) or "''"
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "not UTF-8 text"
        raise InputError(f"cannot read the table of instance types {where}: {reason}") from None
    return Catalog(text, where, check=path is not None)
