"""`cni-plan recommend`: which instance types to choose for a workload."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from cni_plan.catalog import Catalog, load_catalog
from cni_plan.cli.options import (
    DEFAULT_HOST_NETWORK_PODS,
    MOST,
    AwsOptions,
    CatalogOption,
    CniOptions,
    MaxPodsOption,
    Output,
    OutputOption,
    with_option_groups,
)
from cni_plan.cli.output import emit, stdout_screen, tell
from cni_plan.cli.recommend_options import FROM_AWS, ChoiceOptions, PodOptions, PricesOption, read_prices
from cni_plan.cli.warm_options import WarmOptions
from cni_plan.engine.assessment import Assessment, Need, assess, check, with_other_mode
from cni_plan.engine.provisioner import Provisioner, ProvisionerOptions
from cni_plan.engine.recommendation import Order, Recommendation, alike
from cni_plan.engine.recommendation import recommend as rank
from cni_plan.errors import InputError
from cni_plan.render import recommendation as render
from cni_plan.render.notes import group_notes
from cni_plan.render.records import RecordFormat, format_records

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
@with_option_groups
def recommend(
    pods: Annotated[int, typer.Option("--pods", min=1, max=MOST, metavar="N", help="Pods of the workload in all.")],
    pod: PodOptions,
    choice: ChoiceOptions,
    cni: CniOptions,
    warm: WarmOptions,
    aws: AwsOptions,
    provisioner: Annotated[
        Provisioner,
        typer.Option("--provisioner", metavar="NAME", help="Who sets max pods, as for `max-pods`."),
    ] = Provisioner.CALCULATOR,
    static: MaxPodsOption = None,
    min_nodes: Annotated[
        int, typer.Option("--min-nodes", min=1, max=MOST, metavar="N", help="Spread the pods over N nodes at least.")
    ] = 1,
    prices: PricesOption = None,
    sort: Annotated[
        Order | None, typer.Option("--sort", help="What comes first.  [default: price with --prices, else waste]")
    ] = None,
    best: Annotated[int, typer.Option("--best", min=1, max=10_000, metavar="N", help="How many to show.")] = 10,
    catalog: CatalogOption = None,
    output: OutputOption = Output.TABLE,
) -> int:
    """Which instance types waste least for a workload, or what binds on one type.

    Pods spread evenly over the fewest nodes that hold them. Waste is the mean of the parts that go unused of
    allocatable CPU, allocatable memory and attached addresses. For one type named with -t: is it bound by addresses
    or by compute, and would prefixes change that? Ends with 1 where no pod fits.
    """
    if sort is Order.PRICE and prices is None:
        raise InputError("--sort price needs --prices")
    if prices == cni.aws_node == "-":
        raise InputError("--prices and --aws-node cannot both read standard input")
    workload = pod.workload(
        default_host_network_pods=0 if provisioner is Provisioner.AUTO_MODE else DEFAULT_HOST_NETWORK_PODS
    )
    need = Need(
        pods=pods,
        workload=workload,
        settings=warm.applied_to(cni),
        provisioner=provisioner,
        options=ProvisionerOptions(max_pods=static, host_network_pods=workload.host_network_pods),
        min_nodes=min_nodes,
    )
    check(need)
    table = load_catalog(catalog)
    rows, filtered = choice.choose(table)
    known = read_prices(prices, rows, aws) if prices is not None else None
    notes = [filtered] if filtered else []
    if known is not None and prices != FROM_AWS:
        notes += _strangers(known, table)
    if not (workload.cpu_millicores or workload.memory_bytes):
        notes.append("without --cpu-per-pod and --memory-per-pod only max pods and addresses count")
    if choice.names_one():
        one = assess(rows[0], need, price=(known or {}).get(rows[0].instance_type))
        if known is not None and one.node_price is None:
            notes.append(f"no price is known of {one.instance.instance_type}")
        tell(notes)
        return _show_one(one, need, output)
    order = sort or (Order.WASTE if known is None else Order.PRICE)
    answer = rank(rows, need, prices=known, order=order)
    tell([*notes, *_left_out(answer), *(_priceless(answer) if known is not None else [])])
    return _show_best(answer, need, best, output, order=order, priced=known is not None)


def _show_one(one: Assessment, need: Need, output: Output) -> int:
    _tell_notes([one])
    if output is Output.TABLE:
        emit(render.verdict(one, need.pods, stdout_screen()))
    else:
        _emit_records([[one]], need, output)
    return int(one.fleet is None)


def _show_best(answer: Recommendation, need: Need, best: int, output: Output, *, order: Order, priced: bool) -> int:
    groups = alike(answer.ranked)[:best]
    _tell_notes([group[0] for group in groups])
    if output is not Output.TABLE:
        _emit_records([(with_other_mode(group[0], need), *group[1:]) for group in groups], need, output)
    elif groups:
        emit(render.table(groups, stdout_screen(), order=order, priced=priced))
    else:
        emit("no pod fits on any of the types\n")
    return int(not groups)


def _emit_records(groups: Sequence[Sequence[Assessment]], need: Need, output: Output) -> None:
    records = [render.record(group, need.pods) for group in groups]
    if output is Output.CSV:
        records = [{key: value for key, value in each.items() if key not in render.NESTED} for each in records]
    emit(format_records(records, RecordFormat(output.value)))


def _left_out(answer: Recommendation) -> list[str]:
    """Which types could not be ranked, by reason."""
    if not answer.left_out:
        return []
    reasons = Counter(reason for _, reason in answer.left_out).most_common()
    counts = ", ".join(f"{reason} ({count})" for reason, count in reasons)
    return [f"left out {len(answer.left_out)} of {len(answer.left_out) + len(answer.ranked)} types: {counts}"]


def _priceless(answer: Recommendation) -> list[str]:
    """How many types have no price."""
    count = sum(each.node_price is None for each in answer.ranked)
    return [f"without a price are {count} of {len(answer.ranked)} types, which come last by price"] if count else []


def _strangers(known: Mapping[str, int], table: Catalog) -> list[str]:
    """Prices of types that the table does not have, perhaps misspelt."""
    strange = sorted(known.keys() - set(table.names()))
    return [f"{len(strange)} of the prices are of types not in the table, such as {strange[0]}"] if strange else []


def _tell_notes(shown: Sequence[Assessment]) -> None:
    tell(group_notes((each.instance.instance_type, note) for each in shown for note in each.density.limits.notes))
