"""A judged cluster as one record: the versioned JSON of `cni-plan plan`."""

from typing import Any

from cni_plan.engine.cluster_report import ClusterReport, SubnetPlan, SubnetState, ZonePlan
from cni_plan.engine.cluster_verdict import ClusterVerdict
from cni_plan.engine.cni import format_version, mode_name, warm_targets
from cni_plan.engine.comparison import ModeOutcome
from cni_plan.engine.findings import Finding
from cni_plan.engine.group_report import GroupReport, TypeReport, node_steps
from cni_plan.engine.max_pods import Step
from cni_plan.engine.placement import State
from cni_plan.engine.room import Taken
from cni_plan.render.plan_words import kube_reserved

SCHEMA_VERSION = 1
"""Raised when a field goes or changes its meaning; new fields do not raise it."""


def record(verdict: ClusterVerdict) -> dict[str, Any]:
    """All that a plan says, with stable names."""
    report = verdict.report
    cluster, settings = report.cluster, report.cluster.settings
    return {
        "schema_version": SCHEMA_VERSION,
        "cluster": cluster.name,
        "fits": verdict.fit.value,
        "ip_family": settings.ip_family.value,
        "mode": mode_name(settings),
        "warm_targets": warm_targets(settings),
        "cni_version": format_version(settings.cni_version),
        "custom_networking": settings.custom_networking,
        "control_plane_enis": cluster.control_plane_enis,
        "in_use_includes_nodes": cluster.running_nodes_counted,
        "states": [_state(state, report) for state in report.states],
        "groups": [_group(group, report) for group in report.groups],
        "subnets": [_subnet(subnet) for subnet in report.subnets],
        "zones": [_zone(zone) for zone in report.zones()],
        "growth": _growth(report),
        "modes": [mode_record(outcome) for outcome in verdict.comparison.outcomes],
        "recommended_mode": verdict.comparison.recommended.label,
        "findings": [finding_record(finding) for finding in verdict.findings],
    }


def finding_record(finding: Finding) -> dict[str, Any]:
    """A finding of a plan: `subject` is a subnet, a group or a variable."""
    return {
        "code": finding.code.value,
        "severity": finding.severity.value,
        "subject": finding.variable,
        "value": finding.value,
        "message": finding.message,
        "fix": finding.fix,
    }


def taken_record(taken: Taken) -> dict[str, int]:
    """Addresses in all, those taken one by one, and prefixes."""
    return {"addresses": taken.addresses, "single_addresses": taken.singles, "prefixes": taken.prefixes}


def _state(state: State, report: ClusterReport) -> dict[str, Any]:
    return {
        "name": state.name,
        "kind": state.kind.value,
        "lost_zone": state.lost_zone,
        "months": state.months,
        "fits": report.worst_fit(state).value,
        "nodes": sum(state.nodes(group) for group in report.groups),
        **taken_record(report.total(state)),
    }


def _group(group: GroupReport, report: ClusterReport) -> dict[str, Any]:
    plan = group.group
    return {
        "name": plan.name,
        "provisioner": plan.provisioner.value,
        "zones": list(plan.zones),
        "nodes": {state.name: state.nodes(group) for state in report.states},
        "pods": group.pods,
        "unplaced_pods": group.unplaced_pods,
        "pods_per_node": group.pods_per_node,
        "unserved_pods": group.unserved_pods,
        "counted_type": group.counted.name,
        "a_node": taken_record(group.taken),
        "types": [_type(each) for each in group.types],
    }


def _type(each: TypeReport) -> dict[str, Any]:
    limits, holding = each.limits, each.holding
    pool = holding.pool
    return {
        "instance_type": each.name,
        "max_pods": limits.max_pods,
        "max_pods_limited_by": limits.limited_by.value,
        "kube_reserved_memory_mib": kube_reserved(limits),
        "pods_per_node": each.pods,
        "limited_by": str(each.density.limited_by),
        "bounds": [
            {"constraint": str(bound.constraint), "pods": bound.pods, "formula": bound.formula}
            for bound in each.density.bounds
        ],
        "lost_pods": each.lost_pods,
        "address_pods": holding.address_pods,
        "branch_pods": holding.branch_pods,
        "enis": (pool.enis if pool else 1) + holding.trunk,
        **taken_record(holding.taken),
        "in_node_subnet": taken_record(holding.in_node_subnet),
        "in_pod_subnet": taken_record(holding.in_pod_subnet),
        "steps": [_step(step) for step in (*limits.steps, *node_steps(each))],
        "notes": list(limits.notes),
    }


def _step(step: Step) -> dict[str, Any]:
    return {"quantity": step.quantity, "formula": step.formula, "value": step.value}


def _subnet(subnet: SubnetPlan) -> dict[str, Any]:
    planned, blocks = subnet.planned, subnet.planned.blocks
    return {
        "name": planned.name,
        "zone": planned.zone,
        "role": planned.role.value,
        "cidr": str(planned.subnet.cidr),
        "subnet_id": planned.subnet.subnet_id,
        "addresses": planned.subnet.cidr.num_addresses,
        "used_addresses": blocks.used_addresses,
        "unplaced_addresses": planned.unplaced,
        "running_nodes": taken_record(subnet.credit),
        "free_addresses": subnet.room.addresses,
        "free_prefixes": subnet.room.prefixes,
        "free_prefixes_at_best": planned.best_room.prefixes + subnet.credit.prefixes,
        "reserved_prefixes": subnet.room.reserved,
        "reservations": [str(cidr) for cidr in subnet.reservations],
        "states": [_subnet_state(state) for state in subnet.states],
    }


def _zone(zone: ZonePlan) -> dict[str, Any]:
    """A zone's subnets of one role together."""
    room = zone.room
    return {
        "zone": zone.zone,
        "role": zone.role.value,
        "subnets": [subnet.planned.name for subnet in zone.subnets],
        "free_addresses": room.addresses,
        "free_prefixes": room.prefixes,
        "reserved_prefixes": room.reserved,
        "states": [
            {"state": state.name, "fits": fit.value, **taken_record(taken)} for state, taken, fit in zone.states()
        ],
    }


def _subnet_state(state: SubnetState) -> dict[str, Any]:
    demand = state.demand
    return {
        "state": state.state.name,
        "fits": state.fit.value,
        **taken_record(demand.taken),
        "left_addresses": state.left_addresses,
        "left_prefixes": state.left_prefixes,
        "short_of": state.short_of,
        "needs_reservation": state.needs_reservation,
        "control_plane_enis": demand.control_plane_enis,
        "groups": [
            {"group": report.group.name, "nodes": nodes, **taken_record(node * nodes)}
            for report, nodes, node in demand.parts
        ],
    }


def _growth(report: ClusterReport) -> dict[str, Any] | None:
    horizon = report.horizon
    if horizon is None:
        return None
    return {
        "months": report.cluster.months,
        "first_month": horizon.months,
        "runs_out": [
            {"subnet": subnet.name, "of": state.short_of, **taken_record(state.demand.taken)}
            for subnet, state in horizon.first
        ],
    }


def mode_record(outcome: ModeOutcome) -> dict[str, Any]:
    """What a cluster takes with other settings."""
    desired, maximum = outcome.desired, outcome.maximum
    return {
        "label": outcome.label,
        "mode": mode_name(outcome.settings),
        "warm_targets": warm_targets(outcome.settings),
        "desired": taken_record(desired) if desired else None,
        "maximum": taken_record(maximum) if maximum else None,
        "nodes": sum(group.nodes() for group in outcome.report.groups) if outcome.report else None,
        "pods": sum(group.pods for group in outcome.report.groups) if outcome.report else None,
        "unplaced_pods": outcome.report.unplaced_pods if outcome.report else None,
        "ec2_calls": outcome.ec2_calls if outcome.report else None,
        "fits": outcome.fits,
        "failing_states": [state.name for state in outcome.failing],
        "obstacle": outcome.obstacle,
    }
