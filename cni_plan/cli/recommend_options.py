"""The options of `cni-plan recommend` that say which types to choose among, what a pod is like, and what types cost."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import typer

from cni_plan.catalog import Catalog, InstanceType, is_glob
from cni_plan.cli.options import MOST, AwsOptions, InstanceTypesOption, split_types
from cni_plan.engine import selection
from cni_plan.engine.density import MEMORY_OVERHEAD_PERMILLE, Workload
from cni_plan.engine.selection import Architecture, BareMetal, Filter, Generation
from cni_plan.errors import InputError
from cni_plan.inputs.quantities import parse_cpu, parse_memory

FROM_AWS = "aws"
MOST_OVERHEAD_PERCENT = 90


class ChoiceOptions(NamedTuple):
    """Which types to choose among."""

    instance_type: InstanceTypesOption = None
    architecture: Annotated[
        Architecture | None, typer.Option("--architecture", help="Processor architecture.  [default: both]")
    ] = None
    family: Annotated[
        list[str] | None,
        typer.Option("--family", metavar="NAME", help="Family; repeatable, comma lists and globs such as 'm*'."),
    ] = None
    generation: Annotated[
        Generation | None,
        typer.Option("--generation", help="As EC2 counts them.  [default: current; all where -t or --family is given]"),
    ] = None
    gpus: Annotated[
        str | None,
        typer.Option(
            "--gpus",
            metavar="none|any|N",
            help="Types without accelerators, all types, or at least N GPUs.  [default: none]",
        ),
    ] = None
    bare_metal: Annotated[
        BareMetal | None, typer.Option("--bare-metal", help="Whether bare metal will do.  [default: exclude]")
    ] = None
    min_vcpus: Annotated[int | None, typer.Option("--min-vcpus", min=1, max=MOST, metavar="N", help="At least.")] = None
    max_vcpus: Annotated[int | None, typer.Option("--max-vcpus", min=1, max=MOST, metavar="N", help="At most.")] = None
    min_memory: Annotated[str | None, typer.Option("--min-memory", metavar="SIZE", help="At least, such as 8Gi.")] = (
        None
    )
    max_memory: Annotated[str | None, typer.Option("--max-memory", metavar="SIZE", help="At most, such as 64Gi.")] = (
        None
    )
    min_size: Annotated[str | None, typer.Option("--min-size", metavar="SIZE", help="At least, such as large.")] = None
    max_size: Annotated[str | None, typer.Option("--max-size", metavar="SIZE", help="At most, such as 4xlarge.")] = None

    def patterns(self) -> list[str]:
        """The names and globs of `-t`, comma lists taken apart."""
        return split_types(self.instance_type)

    def names_one(self) -> bool:
        """Whether exactly one type is named in full."""
        patterns = set(self.patterns())
        return len(patterns) == 1 and not any(map(is_glob, patterns))

    def choose(self, table: Catalog) -> tuple[list[InstanceType], str | None]:
        """The types to choose among, and what was left out of those that the user named.

        Raises:
            InputError: An option is malformed, or no type is left.
        """
        rows = table.select(self.patterns()) if self.patterns() else list(table)
        kept, left_out = selection.select(rows, self._filters(table), named=frozenset(self.patterns()))
        note = f"of the {len(rows)} types named left out are {selection.counted(left_out)}"
        return kept, note if self.patterns() and left_out else None

    def _filters(self, table: Catalog) -> list[Filter]:
        families = split_types(self.family)
        generation = Generation.ALL if families or self.patterns() else Generation.CURRENT
        filters = [
            selection.for_pods(),
            selection.by_generation(self.generation or generation, by_default=self.generation is None),
            selection.by_gpus(_least_gpus(self.gpus or "none"), by_default=self.gpus is None),
            selection.by_bare_metal(self.bare_metal or BareMetal.EXCLUDE, by_default=self.bare_metal is None),
            *selection.by_vcpus(self.min_vcpus, self.max_vcpus),
            *selection.by_memory(
                _memory(self.min_memory, "--min-memory") or None, _memory(self.max_memory, "--max-memory") or None
            ),
            *selection.by_size(self.min_size, self.max_size, table),
        ]
        if self.architecture:
            filters.insert(0, selection.by_architecture(self.architecture))
        if families:
            matching = {selection.family(row) for row in table.select([f"{pattern}.*" for pattern in families])}
            filters.insert(0, selection.by_family(matching, ",".join(families)))
        return filters


def _least_gpus(text: str) -> int | None:
    """The least number of GPUs: 0 for types without accelerators, None for all types."""
    if text in {"none", "any"}:
        return 0 if text == "none" else None
    if text.isascii() and text.isdigit() and len(text) <= len(str(MOST)) and int(text):
        return int(text)
    raise InputError(f"--gpus {text[:40]!r} is neither none nor any nor a least number such as 1")


def _memory(text: str | None, option: str) -> int:
    return 0 if text is None else parse_memory(text, option)


def _cpu(text: str | None, option: str) -> int:
    return 0 if text is None else parse_cpu(text, option)


class PodOptions(NamedTuple):
    """What a pod of the workload requests, and what runs on each node besides."""

    cpu_per_pod: Annotated[
        str | None, typer.Option("--cpu-per-pod", metavar="CPU", help="What a pod requests, such as 250m or 0.5.")
    ] = None
    memory_per_pod: Annotated[
        str | None, typer.Option("--memory-per-pod", metavar="SIZE", help="What a pod requests, such as 512Mi or 1Gi.")
    ] = None
    host_network_pods: Annotated[
        int | None,
        typer.Option(
            "--host-network-pods",
            min=0,
            max=MOST,
            metavar="N",
            help="Pods on the node's own network.  [default: 2; 0 with auto-mode]",
        ),
    ] = None
    daemonset_pods: Annotated[
        int,
        typer.Option(
            "--daemonset-pods", min=0, max=MOST, metavar="N", help="DaemonSets' pods on a node that need an address."
        ),
    ] = 0
    daemonset_cpu: Annotated[
        str | None, typer.Option("--daemonset-cpu", metavar="CPU", help="What DaemonSets request on a node in all.")
    ] = None
    daemonset_memory: Annotated[
        str | None, typer.Option("--daemonset-memory", metavar="SIZE", help="What DaemonSets request on a node in all.")
    ] = None
    memory_overhead_percent: Annotated[
        float,
        typer.Option(
            "--memory-overhead-percent", metavar="N", help="Of nominal memory, what hypervisor and kernel take."
        ),
    ] = MEMORY_OVERHEAD_PERMILLE / 10

    def workload(self, *, default_host_network_pods: int) -> Workload:
        """The options as the engine's value.

        Raises:
            InputError: A quantity is malformed or out of bounds.
        """
        if not 0 <= self.memory_overhead_percent <= MOST_OVERHEAD_PERCENT:
            raise InputError(f"--memory-overhead-percent: from 0 to {MOST_OVERHEAD_PERCENT}")
        host_network_pods = default_host_network_pods if self.host_network_pods is None else self.host_network_pods
        return Workload(
            cpu_millicores=_cpu(self.cpu_per_pod, "--cpu-per-pod"),
            memory_bytes=_memory(self.memory_per_pod, "--memory-per-pod"),
            daemonset_pods=self.daemonset_pods,
            daemonset_cpu_millicores=_cpu(self.daemonset_cpu, "--daemonset-cpu"),
            daemonset_memory_bytes=_memory(self.daemonset_memory, "--daemonset-memory"),
            host_network_pods=host_network_pods,
            memory_overhead_permille=round(10 * self.memory_overhead_percent),
        )


PricesOption = Annotated[
    str | None,
    typer.Option(
        "--prices",
        metavar="FILE|aws",
        help="A CSV instance_type,usd_per_hour (- for stdin), or the AWS Price List of the region.",
    ),
]


def read_prices(prices: str, rows: Sequence[InstanceType], aws: AwsOptions) -> dict[str, int]:
    """What types cost, from a file or from AWS.

    Returns:
        Prices of a node and hour in units of 1e-10 USD, by type.

    Raises:
        InputError: The file cannot be read or a line is wrong, or no region is set.
        SourceError: AWS failed.
    """
    if prices != FROM_AWS:
        from cni_plan.inputs.prices import parse_prices
        from cni_plan.sources.files import read_text

        return parse_prices(read_text(prices), "standard input" if prices == "-" else prices)
    from cni_plan.cli.progress import progress_of
    from cni_plan.sources.aws import AwsAccess
    from cni_plan.sources.prices import on_demand_prices

    only = rows[0].instance_type if len(rows) == 1 else None
    metal = any(row.bare_metal for row in rows)
    access = AwsAccess(aws.region, aws.profile, aws.endpoint_url)
    with progress_of("types") as progress:
        return on_demand_prices(access, instance_type=only, bare_metal=metal, progress=progress)
