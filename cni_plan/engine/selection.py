"""Which instance types are to be chosen among: one small filter for each property."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from cni_plan.catalog import InstanceType, size_order
from cni_plan.engine.density import MIB
from cni_plan.errors import InputError

POD_ARCHITECTURES = frozenset({"x86_64", "arm64"})
"""What EKS has node images for; Macs report architectures of their own."""
ACCELERATED_FAMILIES = frozenset({"dl", "f", "g", "inf", "p", "trn", "vt"})
"""The letters of EC2's accelerated families, of which EC2 counts only the GPUs as such.

Source: EC2 user guide, "Amazon EC2 instance type naming conventions".
"""


class Architecture(StrEnum):
    """Processor architectures of EKS nodes."""

    X86_64 = "x86_64"
    ARM64 = "arm64"


class Generation(StrEnum):
    """Which generations are welcome."""

    CURRENT = "current"
    ALL = "all"


class BareMetal(StrEnum):
    """Whether bare metal is welcome."""

    EXCLUDE = "exclude"
    INCLUDE = "include"
    ONLY = "only"


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on a type. A figure that the table does not know meets none.

    Attributes:
        option: The condition in the words of the command line.
        keeps: Whether a type meets it.
        by_default: The user did not ask for it, so that it does not hold for types named in full.
    """

    option: str
    keeps: Callable[[InstanceType], bool]
    by_default: bool = False


def for_pods() -> Filter:
    """Types that can be EKS nodes at all."""
    return Filter("EKS's architectures", lambda row: not POD_ARCHITECTURES.isdisjoint(row.architectures))


def by_architecture(architecture: Architecture) -> Filter:
    """Types with a processor architecture."""
    return Filter(f"--architecture {architecture}", lambda row: architecture in row.architectures)


def by_family(names: AbstractSet[str], option: str) -> Filter:
    """Types of some families, such as `m5`.

    Args:
        names: The families.
        option: How the user named them.
    """
    return Filter(f"--family {option[:60]}", lambda row: family(row) in names)


def by_generation(generation: Generation, *, by_default: bool) -> Filter:
    """Types that EC2 counts among the current generation, or all."""
    everything = generation is Generation.ALL
    return Filter(f"--generation {generation}", lambda row: everything or bool(row.current_generation), by_default)


def by_bare_metal(wanted: BareMetal, *, by_default: bool) -> Filter:
    """Types that are bare metal, that are not, or both."""
    allowed: dict[BareMetal, set[bool | None]] = {
        BareMetal.EXCLUDE: {False},
        BareMetal.INCLUDE: {True, False, None},
        BareMetal.ONLY: {True},
    }
    return Filter(f"--bare-metal {wanted}", lambda row: row.bare_metal in allowed[wanted], by_default)


def by_gpus(least: int | None, *, by_default: bool) -> Filter:
    """Types with so many GPUs at least; with 0 those without any accelerator; with None all."""
    if least is None:
        return Filter("--gpus any", lambda _: True, by_default)
    if least == 0:
        return Filter("--gpus none", lambda row: row.gpus == 0 and not is_accelerated(row), by_default)
    return Filter(f"--gpus {least}", lambda row: row.gpus is not None and row.gpus >= least, by_default)


def by_vcpus(least: int | None, most: int | None) -> list[Filter]:
    """Types with a number of vCPUs."""
    return _bounds("vcpus", least, most, lambda row: row.vcpus)


def by_memory(least: int | None, most: int | None) -> list[Filter]:
    """Types with a nominal memory, in bytes."""
    return _bounds("memory", least, most, lambda row: None if row.memory_mib is None else row.memory_mib * MIB)


def by_size(least: str | None, most: str | None, rows: Iterable[InstanceType]) -> list[Filter]:
    """Types of a size, such as `large`; bare metal is above all others.

    Args:
        least: The smallest size.
        most: The largest size.
        rows: The table, which says what sizes there are.

    Raises:
        InputError: No type has such a size.
    """
    known = {row.instance_type.partition(".")[2] for row in rows}
    for size in (least, most):
        if size is not None and size not in known:
            shown = ", ".join(sorted(known, key=lambda each: size_order(f".{each}"))[:12])
            raise InputError(f"no instance type has the size {size[:40]!r}; there are {shown} and larger ones")
    smallest, largest = (None if size is None else size_order(f".{size}")[1] for size in (least, most))
    return _bounds("size", smallest, largest, lambda row: size_order(row.instance_type)[1])


def _bounds(
    name: str, least: int | None, most: int | None, value_of: Callable[[InstanceType], int | None]
) -> list[Filter]:
    if least is not None and most is not None and least > most:
        raise InputError(f"--min-{name} is above --max-{name}")

    def at_least(row: InstanceType) -> bool:
        value = value_of(row)
        return least is None or (value is not None and value >= least)

    def at_most(row: InstanceType) -> bool:
        value = value_of(row)
        return most is None or (value is not None and value <= most)

    filters = [Filter(f"--min-{name}", at_least)] if least is not None else []
    return filters + ([Filter(f"--max-{name}", at_most)] if most is not None else [])


def family(row: InstanceType) -> str:
    """The name's part before the dot, such as `m5`."""
    return row.instance_type.partition(".")[0]


def is_accelerated(row: InstanceType) -> bool:
    """Whether the type belongs to one of EC2's accelerated families."""
    name = family(row)
    letters = name[: next((place for place, letter in enumerate(name) if not letter.isalpha()), len(name))]
    return letters in ACCELERATED_FAMILIES


def select(
    rows: Sequence[InstanceType], filters: Sequence[Filter], *, named: AbstractSet[str] = frozenset()
) -> tuple[list[InstanceType], Counter[str]]:
    """The types that meet all conditions, and how many each condition leaves out, the first that fails.

    Args:
        rows: The types to choose among.
        filters: The conditions.
        named: Names of types that the user named in full: for them only those hold that were asked for.

    Raises:
        InputError: None is left; the message counts what each condition leaves out.
    """
    kept: list[InstanceType] = []
    left_out: Counter[str] = Counter()
    for row in rows:
        holding = [each for each in filters if not (each.by_default and row.instance_type in named)]
        failed = next((each.option for each in holding if not each.keeps(row)), None)
        if failed is None:
            kept.append(row)
        else:
            left_out[failed] += 1
    if not kept:
        raise InputError(f"no instance type is left to choose from: of {len(rows)} left out are {counted(left_out)}")
    return kept, left_out


def counted(left_out: Counter[str]) -> str:
    """How many each condition leaves out, in words."""
    return ", ".join(f"{count} by {option}" for option, count in left_out.most_common())
