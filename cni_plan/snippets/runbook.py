"""The steps of a migration as commands for kubectl and the AWS CLI, in the order that keeps both modes off one node."""

import json
from collections.abc import Iterator, Mapping

from cni_plan.engine.cluster import Role
from cni_plan.engine.migration import GroupMove, Migration, Peak, Target, new_name
from cni_plan.engine.provisioner import Provisioner
from cni_plan.engine.runbook import RunbookStep
from cni_plan.engine.subnets import Block
from cni_plan.snippets import addon
from cni_plan.snippets.eni_config import PLACEHOLDER_SECURITY_GROUP, eni_configs
from cni_plan.snippets.quoting import shell_double_quoted, shell_word
from cni_plan.snippets.reservations import aws_cli

_SET_ENV = f"{addon.SET_ENV} aws-node"
_SHOW_ENV = _SET_ENV.replace("set env", "set env --list", 1)
_ROLLOUT = "kubectl rollout status daemonset/aws-node --namespace kube-system --timeout 10m"
_CAPACITY = "-o custom-columns=NODE:.metadata.name,PODS:.status.allocatable.pods"
_DELETE_RESERVATION = (
    "aws ec2 delete-subnet-cidr-reservation --subnet-cidr-reservation-id "
    '"${RESERVATION_ID:?set it to the id of a reservation}"\n'
)
_STOP = shell_word('{"spec":{"limits":{"cpu":"0"}}}')
"""With no CPU to give, Karpenter makes no further node of a pool."""
_GO_ON = shell_word('{"spec":{"limits":null}}')
_WAITING = "kubectl get pods --all-namespaces --field-selector status.phase=Pending"


def steps(migration: Migration, files: Mapping[str, tuple[str, str]]) -> list[RunbookStep]:
    """All steps in order.

    Args:
        migration: The way.
        files: For each group that is replaced the name and the text of the file that makes its new nodes.
    """
    moved = [move for move in migration.moves if move.replaced]
    return [
        _look(migration),
        *_reserve(migration),
        *_eni_configs(migration),
        _keep_old_nodes_quiet(moved),
        _settings(migration),
        *(step for move in moved for step in _replace(move, migration, files.get(move.name))),
        *_release(migration),
        _done(migration),
    ]


_BEFORE, _AFTER = "vpc-cni-before.json", "vpc-cni-after.json"
"""Files with the add-on's whole configuration, which an update replaces."""


def _look(migration: Migration) -> RunbookStep:
    name = shell_word(migration.before.name)
    return RunbookStep(
        title="Look at what is there, and keep it",
        why=(
            "The peak assumes that the desired nodes run, and nothing else. Keep the add-on's configuration: an update "
            f"replaces it whole, and the way back needs it. Where it is YAML, write it into {_BEFORE} as JSON; where "
            "aws-node is not the managed add-on, leave the command out."
        ),
        commands=(
            f"aws eks describe-addon --cluster-name {name} --addon-name {addon.ADDON_NAME} "
            f"--query \"addon.configurationValues || '{{}}'\" --output text >{_BEFORE}\n"
        ),
        verify=f"jq . {_BEFORE}\n{_SHOW_ENV}\nkubectl get nodes {_CAPACITY}\n{_WAITING}\n",
        expect="the settings of the plan, as many nodes as it has, and no pending pod",
        back="nothing has changed",
    )


def _reserve(migration: Migration) -> Iterator[RunbookStep]:
    if migration.reservations:
        yield RunbookStep(
            title="Reserve blocks for the prefixes",
            why="EC2 puts single addresses anywhere, also into blocks that the new nodes need: reservations stop it.",
            commands=aws_cli(migration.reservations),
            verify="".join(
                f"aws ec2 get-subnet-cidr-reservations --subnet-id {shell_word(each.subnet.subnet_id)}\n"
                for each in migration.reservations
                if each.subnet.subnet_id
            ),
            expect="the blocks above",
            back="delete each reservation by the id that is shown",
            back_commands=_DELETE_RESERVATION,
        )
    unknown = [peak for peak in migration.peaks if _needs_snapshot(peak, migration)]
    if unknown:
        needs = ", ".join(
            f"{peak.largest.prefixes - peak.today.prefixes} blocks in {peak.planned.name}" for peak in unknown
        )
        yield RunbookStep(
            title="Find out which blocks are free, and reserve them",
            why=(
                f"The new nodes need {needs}, and the plan does not know where the running nodes' addresses are. With "
                "a snapshot of the VPC and in_use_includes_nodes: true, cni-plan names the blocks."
            ),
            commands="cni-plan subnet snapshot --vpc-id VPC_ID > vpc.json\n",
            back="nothing has changed",
        )


def _needs_snapshot(peak: Peak, migration: Migration) -> bool:
    reserved = {report.subnet.cidr for report in migration.reservations}
    return peak.largest.prefixes > peak.today.prefixes and peak.planned.subnet.cidr not in reserved


def _eni_configs(migration: Migration) -> Iterator[RunbookStep]:
    if migration.target is not Target.CUSTOM_NETWORKING:
        return
    of_pods = [subnet for subnet in migration.after.subnets if subnet.role is Role.PODS]
    by_zone = {subnet.zone: subnet for subnet in reversed(of_pods)}
    rows = [(zone, by_zone[zone].subnet.subnet_id or f"REPLACE-ME-{by_zone[zone].name}") for zone in sorted(by_zone)]
    yield RunbookStep(
        title="Create the ENIConfigs",
        why=(
            "A node takes its zone's ENIConfig when its first ENI for pods is attached: they must be there before the "
            f"settings change. Replace {PLACEHOLDER_SECURITY_GROUP} with the nodes' security group."
        ),
        files=(("eniconfigs.yaml", eni_configs(rows)),),
        commands="kubectl apply -f eniconfigs.yaml\n",
        verify="kubectl get eniconfigs.crd.k8s.amazonaws.com\n",
        expect=f"one for each of {', '.join(sorted(by_zone))}",
        back="nothing uses them yet",
        back_commands="kubectl delete -f eniconfigs.yaml\n",
    )


def _keep_old_nodes_quiet(moved: list[GroupMove]) -> RunbookStep:
    cordons = "".join(f"kubectl cordon --selector {_selector(move)}\n" for move in moved)
    pools = [shell_word(move.name) for move in moved if move.old.group.provisioner is Provisioner.KARPENTER]
    stops = "".join(f"kubectl patch nodepool {pool} --type merge --patch {_STOP}\n" for pool in pools)
    goes = "".join(f"kubectl patch nodepool {pool} --type merge --patch {_GO_ON}\n" for pool in pools)
    return RunbookStep(
        title="Keep new pods off the old nodes",
        why=(
            "aws-node restarts on the old nodes too once its settings change. Pods that start there afterwards would "
            "get addresses of the new mode on nodes of the old one. Stop the autoscalers of these groups first. New "
            "pods go to the new nodes or wait for them: hold deployments back until then."
        ),
        commands=stops + cordons,
        verify="kubectl get nodes\n",
        expect="SchedulingDisabled on every old node",
        back="let pods onto the old nodes again" + ("; give the node pools their limits of before" if pools else ""),
        back_commands=goes + cordons.replace("kubectl cordon", "kubectl uncordon"),
    )


def _settings(migration: Migration) -> RunbookStep:
    name = shell_word(migration.before.name)
    update = (
        f"aws eks update-addon --cluster-name {name} --addon-name {addon.ADDON_NAME} --resolve-conflicts OVERWRITE "
        "--configuration-values file://"
    )
    variables = json.dumps({name: value for name, _, value in migration.changed})
    forth = " ".join(shell_word(f"{name}={value}") for name, _, value in migration.changed)
    back = " ".join(
        shell_word(f"{name}-" if before is None else f"{name}={before}") for name, before, _ in migration.changed
    )
    return RunbookStep(
        title="Change aws-node's settings",
        why=(
            "In the add-on's whole configuration, so that nothing else of it is lost; what was set by kubectl alone is "
            f"overwritten. Where aws-node is not the managed add-on, do this instead: {_SET_ENV} {forth}"
        ),
        commands=f"jq --argjson env {shell_word(variables)} '.env += $env' {_BEFORE} >{_AFTER}\n{update}{_AFTER}\n",
        verify=f"{_ROLLOUT}\n{_SHOW_ENV}\n",
        expect=", ".join(f"{name}={value}" for name, _, value in migration.changed),
        back=f"the old nodes still serve their pods; where aws-node is not the managed add-on: {_SET_ENV} {back}",
        back_commands=f"{update}{_BEFORE}\n",
    )


def _replace(move: GroupMove, migration: Migration, file: tuple[str, str] | None) -> Iterator[RunbookStep]:
    name, new = move.name, new_name(move, migration.target)
    pods = min(each.limits.max_pods for each in move.new.types)
    nodes = _nodes(move.new.nodes())
    yield RunbookStep(
        title=f"{name}: make {nodes} of the new group {new}",
        why=(
            f"A new group, never a replacement in place: beside the old {_nodes(move.old.nodes())}, so that both take "
            f"addresses now. Max pods is {pods}. Copy labels, taints and roles from the old group"
            f"{_copied(move)}.{_by_hand(move, new, file, migration)}"
        ),
        files=() if file is None else (file,),
        commands=_create(move, new, file),
        verify=f"kubectl get nodes --selector {_new_selector(move, new)} {_CAPACITY}\n",
        expect=_expected_nodes(move, nodes, pods),
        back="remove the new nodes; the pods are still on the old ones",
        back_commands=_delete(move, new, migration),
    )
    yield RunbookStep(
        title=f"{name}: move the pods",
        why="Node by node, within the pods' disruption budgets. Addresses of the old nodes come back as these go.",
        commands=(
            f"kubectl drain --selector {_selector(move)} --ignore-daemonsets --delete-emptydir-data --timeout 30m\n"
        ),
        verify=f"{_WAITING}\nkubectl get pods --all-namespaces -o wide --field-selector status.phase=Running\n",
        expect="no pending pod, and pods of the group on the new nodes",
        back="let pods onto the old nodes again, and drain the new ones instead",
        back_commands=(
            f"kubectl uncordon --selector {_selector(move)}\n"
            f"kubectl drain --selector {_new_selector(move, new)} --ignore-daemonsets --delete-emptydir-data\n"
        ),
    )
    yield RunbookStep(
        title=f"{name}: remove the old nodes",
        why="From here on the way back is a migration of its own.",
        commands=_delete(move, name, migration),
        verify=f"kubectl get nodes --selector {_selector(move)}\n",
        expect="none",
        back="make the old group anew, with today's settings",
    )


def _release(migration: Migration) -> Iterator[RunbookStep]:
    """Reservations for prefixes that nothing takes any more."""
    reserved = [subnet for subnet in migration.before.subnets if subnet.blocks.count(Block.RESERVED)]
    if migration.target is Target.SECONDARY_IP and reserved:
        names = ", ".join(subnet.name for subnet in reserved)
        yield RunbookStep(
            title="Give the reserved blocks back",
            why=f"Single addresses cannot use what is reserved for prefixes in {names}: the peak leaves it out.",
            commands=_DELETE_RESERVATION,
            verify="".join(
                f"aws ec2 get-subnet-cidr-reservations --subnet-id {shell_word(subnet.subnet.subnet_id)}\n"
                for subnet in reserved
                if subnet.subnet.subnet_id
            ),
            expect="no reservation of type prefix",
            back="reserve them again",
        )


def _done(migration: Migration) -> RunbookStep:
    total = sum(peak.after.addresses for peak in migration.peaks)
    return RunbookStep(
        title="See that it holds",
        why=f"The cluster takes {total} addresses now. Put the new settings into the plan file, and judge that.",
        verify=f"kubectl get nodes {_CAPACITY}\n{_WAITING}\ncni-plan plan NEW_PLAN.yaml\n",
        expect="max pods as above, no pending pod, and a plan that fits",
        back="the same way, to the mode of before",
    )


def _variable(move: GroupMove, what: str, meaning: str) -> str:
    """A shell variable that stops with a message where it is not set."""
    name = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in move.name.upper())
    return f'"${{{name}_{what}:?set it to {meaning} of {move.name}}}"'


def _selector(move: GroupMove) -> str:
    match move.old.group.provisioner:
        case Provisioner.MANAGED_NODE_GROUP:
            return shell_word(f"eks.amazonaws.com/nodegroup={move.name}")
        case Provisioner.KARPENTER:
            return shell_word(f"karpenter.sh/nodepool={move.name}")
        case _:
            return _variable(move, "SELECTOR", "a label that selects the old nodes")


def _new_selector(move: GroupMove, new: str) -> str:
    match move.old.group.provisioner:
        case Provisioner.MANAGED_NODE_GROUP:
            return shell_word(f"eks.amazonaws.com/nodegroup={new}")
        case Provisioner.KARPENTER:
            pools = dict.fromkeys(each.limits.max_pods for each in move.new.types)
            return shell_double_quoted(f"karpenter.sh/nodepool in ({', '.join(f'{new}-{pods}' for pods in pools)})")
        case _:
            return _variable(move, "NEW_SELECTOR", "a label that selects the new nodes")


def _copied(move: GroupMove) -> str:
    """What else a node pool of Karpenter has, which the new one must have too."""
    if move.old.group.provisioner is not Provisioner.KARPENTER:
        return ""
    return ", and its requirements (zones, capacity type), limits and disruption budgets"


def _expected_nodes(move: GroupMove, nodes: str, pods: int) -> str:
    if move.old.group.provisioner is Provisioner.KARPENTER:
        return f"none yet: Karpenter makes them, {nodes} with {pods} pods each, as the pods move in the next step"
    return f"{nodes}, with {pods} pods each"


def _nodes(count: int) -> str:
    return f"{count} node{'s' * (count != 1)}"


def _create(move: GroupMove, new: str, file: tuple[str, str] | None) -> str:
    """The command that makes the new nodes, where a tool does that from the file."""
    name = file[0] if file else ""
    match move.old.group.provisioner:
        case Provisioner.MANAGED_NODE_GROUP:
            return f"eksctl create nodegroup --config-file {shell_word(name)} --include {shell_word(new)}\n"
        case Provisioner.KARPENTER:
            return f"kubectl apply -f {shell_word(name)}\n"
        case _:
            return ""


def _by_hand(move: GroupMove, new: str, file: tuple[str, str] | None, migration: Migration) -> str:
    """What to do where no tool makes the nodes from the file."""
    if file is None or _create(move, new, file):
        return ""
    return (
        f" Put {file[0]} as user data into a new launch template, {migration.before.name}-{new}, and make an Auto "
        f"Scaling group of {_nodes(move.new.nodes())} with it."
    )


def _delete(move: GroupMove, name: str, migration: Migration) -> str:
    match move.old.group.provisioner:
        case Provisioner.MANAGED_NODE_GROUP:
            cluster = shell_word(migration.before.name)
            return f"aws eks delete-nodegroup --cluster-name {cluster} --nodegroup-name {shell_word(name)}\n"
        case Provisioner.KARPENTER if name == move.name:
            return f"kubectl delete nodepool {shell_word(name)}\n"
        case Provisioner.KARPENTER:
            pools = dict.fromkeys(each.limits.max_pods for each in move.new.types)
            return f"kubectl delete nodepool {' '.join(shell_word(f'{name}-{pods}') for pods in pools)}\n"
        case _:
            which = ("ASG", "the old Auto Scaling group") if name == move.name else ("NEW_ASG", "the new one")
            group = _variable(move, *which)
            return f"aws autoscaling delete-auto-scaling-group --auto-scaling-group-name {group} --force-delete\n"
