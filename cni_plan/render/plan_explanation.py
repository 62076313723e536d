"""Where every number of a plan's report comes from, step by step."""

from collections.abc import Iterator, Sequence

from cni_plan.engine.cluster_report import ClusterReport, Horizon, SubnetPlan, SubnetState
from cni_plan.engine.cluster_verdict import ClusterVerdict
from cni_plan.engine.comparison import ModeOutcome
from cni_plan.engine.density import Bound
from cni_plan.engine.group_report import GroupReport, TypeReport, node_steps
from cni_plan.engine.max_pods import Step
from cni_plan.engine.placement import State, StateKind
from cni_plan.engine.subnets import RESERVED_BY_AWS
from cni_plan.render import plan_words as words
from cni_plan.render.table import Screen

Line = tuple[str, str, int | str]
"""A quantity, its formula, its value."""


def explanation(verdict: ClusterVerdict, screen: Screen) -> str:
    """The groups' nodes, the states' nodes, and what each subnet gives and each state takes."""
    report = verdict.report
    sections = [section for group in report.groups for section in _group(group, report)]
    sections += [(f"subnet {subnet.planned.name}", list(_subnet(subnet))) for subnet in report.subnets]
    sections += [(f"mode {words.mode_text(each)}", list(_mode(each))) for each in verdict.comparison.outcomes]
    if report.horizon and report.horizon.months is not None:
        sections.append((f"month {report.horizon.months} of growth", list(_month(report, report.horizon))))
    blocks = ["\n".join([screen.bold(title), *_aligned(lines)]) for title, lines in sections if lines]
    return "\n\n".join([screen.bold(words.headline(verdict)), *blocks]) + "\n"


def _group(group: GroupReport, report: ClusterReport) -> Iterator[tuple[str, list[Line]]]:
    for each in group.types:
        yield f"group {group.group.name}, {each.name}", _type(each)
    yield f"group {group.group.name}, nodes", list(_nodes(group, report))


def _aligned(lines: Sequence[Line]) -> list[str]:
    first = max(len(line[0]) for line in lines)
    last = max(len(str(line[2])) for line in lines)
    return [f"  {name:<{first}}  {value!s:>{last}}  = {formula}" for name, formula, value in lines]


def _type(each: TypeReport) -> list[Line]:
    steps: tuple[Step, ...] = (*each.limits.steps, *each.density.steps())
    lines: list[Line] = [(step.quantity, step.formula, step.value) for step in steps]
    lines.append(("pods on a node", _pods_formula(each), each.pods))
    lines += [(step.quantity, step.formula, step.value) for step in node_steps(each)]
    return lines


def _pods_formula(each: TypeReport) -> str:
    tightest: Bound = each.density.bounds[0]
    if each.pods < tightest.pods:
        return "the pods wanted, spread over the nodes, rounded up"
    return f"the least of the above, by {tightest.constraint}"


def _nodes(group: GroupReport, report: ClusterReport) -> Iterator[Line]:
    plan, desired = group.group, group.nodes()
    if len(group.types) > 1:
        yield "pods that every node takes", "the least over the types", group.pods_per_node
        yield "addresses of a node", "of single addresses and prefixes the most over the types", group.taken.addresses
    for state in report.states:
        yield f"nodes, {state.name}", _nodes_formula(group, state), state.nodes(group)
    if group.unplaced_pods:
        yield "pods without a place", f"wanted - {desired} nodes x {group.pods_per_node}", group.unplaced_pods
    elif plan.pods is not None:
        yield "pods", "as wanted", plan.pods


def _nodes_formula(group: GroupReport, state: State) -> str:
    plan, desired = group.group, group.nodes()
    match state.kind:
        case StateKind.MAXIMUM if plan.maximum_nodes is not None:
            return "the most there may be"
        case StateKind.ROLLING_UPDATE:
            return f"{desired} + {plan.surge_nodes(desired)} that the update adds"
        case StateKind.MONTHS_ON:
            return _growth_formula(group, state)
        case StateKind.ZONE_LOST if not state.nodes(group):
            return "all its nodes are in the zone that is lost"
        case StateKind.DESIRED if plan.desired_nodes is None:
            return f"ceil({plan.pods} pods / {group.pods_per_node} a node)"
        case _:
            return "as the plan says" if state.kind is StateKind.DESIRED else "as desired"


def _growth_formula(group: GroupReport, state: State) -> str:
    plan = group.group
    growth = f"x (1 + {plan.growth_permille / 10:g}%)^{state.months}"
    if plan.desired_nodes is None:
        return f"ceil(ceil({plan.pods} {growth}) / {group.pods_per_node})"
    return f"ceil({plan.desired_nodes} {growth})"


def _subnet(subnet: SubnetPlan) -> Iterator[Line]:
    planned, blocks, credit = subnet.planned, subnet.planned.blocks, subnet.credit
    size = planned.subnet.cidr.num_addresses
    running = f" + {credit.addresses} of running nodes" if credit.addresses else ""
    kept = f"{RESERVED_BY_AWS} of AWS - {blocks.used_addresses} in use"
    yield (
        "free addresses",
        f"{size} - {kept} - {blocks.idle_reserved} in reservations{running}",
        subnet.room.addresses,
    )
    spoilt = size // 16 - blocks.free_prefixes
    held = f" + {credit.prefixes} of running nodes" if credit.prefixes else ""
    yield "free /28 blocks", f"{size // 16} - {spoilt} spoilt, held or of AWS{held}", subnet.room.prefixes
    for state in subnet.states:
        yield from _demand(state)


def _mode(outcome: ModeOutcome) -> Iterator[Line]:
    """What the groups' nodes take with other settings, and the calls to fill them."""
    if outcome.report is None:
        return
    groups = outcome.report.groups
    control = outcome.report.cluster.control_plane_enis
    for name, taken, state in (
        ("desired", outcome.desired, State(StateKind.DESIRED)),
        ("maximum", outcome.maximum, State(StateKind.MAXIMUM)),
    ):
        if taken is not None:
            parts = [(state.nodes(group), group.taken.addresses, group) for group in groups]
            sums = [f"{nodes} x {node} ({group.group.name})" for nodes, node, group in parts]
            yield f"addresses, {name}", " + ".join([*sums, f"{control} of the control plane"]), taken.addresses
    pools = [(group, group.counted.holding.pool) for group in groups]
    calls = [f"{group.nodes()} x {pool.ec2_calls} ({group.group.name})" for group, pool in pools if pool]
    yield "EC2 calls", " + ".join(calls) or "none", outcome.ec2_calls


def _month(report: ClusterReport, horizon: Horizon) -> Iterator[Line]:
    """The nodes of that month, and what the subnets that run out would have to give."""
    months = State(StateKind.MONTHS_ON, months=horizon.months or 0)
    for group in report.groups:
        yield f"nodes of {group.group.name}", _growth_formula(group, months), months.nodes(group)
    for subnet, short in horizon.first:
        prefixes = short.short_of == "prefixes"
        what = "/28 blocks" if prefixes else "addresses"
        yield f"free {what} of {subnet.name}", "as above", _gives(short, prefixes=prefixes)
        yield from _demand(short, subnet.name)


def _gives(state: SubnetState, *, prefixes: bool) -> int:
    """What the subnet has in a state, in the unit that runs out."""
    taken = state.demand.taken
    return taken.prefixes + state.left_prefixes if prefixes else taken.addresses + state.left_addresses


def _demand(state: SubnetState, name: str | None = None) -> Iterator[Line]:
    demand, title = state.demand, name or state.state.name
    parts = [(nodes, report.group.name, node) for report, nodes, node in demand.parts]
    singles = [f"{nodes} x {node.singles} ({group})" for nodes, group, node in parts if node.singles]
    if demand.control_plane_enis:
        singles.append(f"{demand.control_plane_enis} of the control plane")
    prefixes = [f"{nodes} x {node.prefixes} ({group})" for nodes, group, node in parts if node.prefixes]
    yield f"{title}: single addresses", " + ".join(singles) or "nothing", demand.taken.singles
    if prefixes:
        yield f"{title}: /28 blocks", " + ".join(prefixes), demand.taken.prefixes
    formula = f"{demand.taken.singles} + 16 x {demand.taken.prefixes}" if prefixes else str(demand.taken.singles)
    yield f"{title}: addresses, {words.fit_word(state.fit)}", formula, demand.taken.addresses
