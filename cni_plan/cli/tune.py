"""`cni-plan tune`: which warm targets to choose."""

from typing import Annotated

import typer

from cni_plan.catalog import load_catalog
from cni_plan.cli.options import (
    MOST,
    CatalogOption,
    CniOptions,
    InstanceTypesOption,
    Output,
    OutputOption,
    split_types,
    with_option_groups,
)
from cni_plan.cli.output import emit, stdout_screen, tell
from cni_plan.engine.cni import IpFamily
from cni_plan.engine.tuning import NodeGroup, tune
from cni_plan.errors import InputError
from cni_plan.inputs.groups import parse_group
from cni_plan.render import tuning as render
from cni_plan.render.records import RecordFormat, format_records

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command("tune")
@with_option_groups
def tune_targets(
    cni: CniOptions,
    group: Annotated[
        list[str] | None,
        typer.Option("--group", metavar="TYPE:NODESxPODS", help="Nodes alike, such as m5.large:20x12; repeatable."),
    ] = None,
    instance_type: InstanceTypesOption = None,
    pods: Annotated[
        int | None, typer.Option("--pods", min=0, max=10_000, metavar="N", help="Pods on each node named by -t.")
    ] = None,
    free_addresses: Annotated[
        int | None, typer.Option("--free-addresses", min=0, max=MOST, metavar="N", help="What the subnets can give.")
    ] = None,
    max_calls_per_minute: Annotated[
        int | None,
        typer.Option("--max-calls-per-minute", min=0, max=MOST, metavar="N", help="EC2 calls the account can bear."),
    ] = None,
    best: Annotated[int, typer.Option("--best", min=1, max=100, metavar="N", help="How many to show.")] = 6,
    catalog: CatalogOption = None,
    output: OutputOption = Output.TABLE,
) -> int:
    """Which warm targets hold the fewest addresses for the fewest EC2 calls.

    One setting holds for the whole cluster. Compared are the defaults and IP targets around the pods you expect, in
    both modes, each with what it does to every group. An EC2 call weighs as much as an address held. Ends with 1
    where no setting meets the limits.
    """
    settings = cni.settings()
    if settings.ip_family is IpFamily.IPV6:
        raise InputError("there is nothing to tune with IPv6: warm targets have no effect on the one /80 of a node")
    table = load_catalog(catalog)
    groups = [parse_group(text, table) for text in group or []]
    patterns = split_types(instance_type)
    if patterns and pods is None:
        raise InputError("-t needs --pods: how many pods to expect on a node")
    groups += [NodeGroup(row, 1, pods or 0) for row in table.select(patterns)]
    candidates = tune(groups, settings, free_addresses=free_addresses, max_calls_per_minute=max_calls_per_minute)
    chosen = candidates[0]
    if chosen.settings.prefix_delegation != settings.prefix_delegation:
        tell(["the best setting changes the mode: move to new nodes, never in place"])
    if output is Output.TABLE:
        screen = stdout_screen()
        emit(render.table(candidates[:best], screen) + "\n" + render.recommendation(chosen, candidates, screen))
    elif output is Output.CSV:
        records = [render.record(each, recommended=each is chosen) for each in candidates[:best]]
        flat = [{key: value for key, value in each.items() if key != "groups"} for each in records]
        emit(format_records(flat, RecordFormat.CSV))
    else:
        records = [render.record(each, recommended=each is chosen) for each in candidates[:best]]
        emit(format_records(records, RecordFormat(output.value)))
    return int(bool(chosen.obstacles))
