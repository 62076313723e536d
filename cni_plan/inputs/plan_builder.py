"""A plan file's model as the engine's cluster, checked for what a model cannot check."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import pairwise
from typing import TypeVar

from cni_plan.catalog import Catalog, InstanceType
from cni_plan.engine.aws_node import AwsNode, Form
from cni_plan.engine.cluster import Cluster, GroupPlan, PlannedSubnet, Role
from cni_plan.engine.cni import CniSettings, IpFamily, Version, parse_cni_version
from cni_plan.engine.density import Workload
from cni_plan.engine.group_report import WITHOUT_AWS_NODE
from cni_plan.engine.max_pods import HOST_NETWORK_PODS
from cni_plan.engine.provisioner import Provisioner, ProvisionerOptions
from cni_plan.engine.subnets import Reservation, ReservationType, Subnet, block_map
from cni_plan.engine.variables import read_boolean
from cni_plan.errors import InputError
from cni_plan.inputs.aws_node import parse_aws_node
from cni_plan.inputs.documents import read_json
from cni_plan.inputs.plan_model import GroupModel, PlanFile, ReservationModel, SubnetModel, parse_name
from cni_plan.inputs.positions import Path, PlanText, compose
from cni_plan.inputs.vpc import merge_answers, subnets_from_snapshot

_SHOWN = 6
_IPV6_VARIABLES = {"ENABLE_IPv4": "false", "ENABLE_IPv6": "true", "ENABLE_PREFIX_DELEGATION": "true"}

_T = TypeVar("_T")
_ByRole = Mapping[Role, Mapping[str, PlannedSubnet]]

Reader = Callable[[str], str]
"""Reads a file that the plan names, by its path beside the plan."""


class Builder:
    """Turns the model into the engine's values, checking what a model cannot."""

    def __init__(self, plan: PlanFile, source: PlanText, catalog: Catalog, read: Reader) -> None:
        self.plan = plan
        self.source = source
        self.catalog = catalog
        self.read = read
        self.custom_networking = False
        self.selected: dict[str, Sequence[InstanceType]] = {}

    def cluster(self) -> Cluster:
        """The cluster of the plan."""
        plan = self.plan
        aws_node = self._aws_node()
        version = self._version()
        settings = aws_node.settings(version)
        self._check_family(settings)
        self.custom_networking = settings.custom_networking
        subnets = self._subnets()
        by_role = {role: {each.name: each for each in subnets if each.role is role} for role in Role}
        groups = tuple(self._group(place, model, by_role) for place, model in enumerate(plan.node_groups))
        self._check_names(("node_groups", "name"), [group.name for group in groups])
        by_name = {subnet.name: subnet for subnet in subnets}
        self._check_each(("control_plane", "subnets"), plan.control_plane.subnets, by_name, "subnet")
        return Cluster(
            name=plan.name,
            settings=settings,
            aws_node=aws_node,
            subnets=subnets,
            groups=groups,
            control_plane_enis=plan.control_plane.enis,
            control_plane_subnets=tuple(plan.control_plane.subnets),
            months=plan.growth.months,
            running_nodes_counted=plan.in_use_includes_nodes,
        )

    def _check_family(self, settings: CniSettings) -> None:
        plan, ipv6 = self.plan, settings.ip_family is IpFamily.IPV6
        if settings.ip_family.value != plan.ip_family:
            given = "ip_family" in plan.model_fields_set
            self.source.fault(
                ("ip_family",) if given else self._where_set("ENABLE_IPv6"),
                f"ip_family is {plan.ip_family}, but aws-node's settings are for {settings.ip_family}",
            )
        if ipv6 and settings.custom_networking:
            self.source.fault(
                self._where_set("AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG"),
                "custom networking does not work with IPv6: aws-node refuses to start",
            )

    def _where_set(self, variable: str) -> Path:
        """The path of one of aws-node's variables, or of the manifest that has it."""
        cni = self.plan.cni
        return ("cni", "manifest") if cni.manifest is not None else ("cni", "env", variable)

    def _named(self, path: Path, name: str, parse: Callable[[str, str], _T]) -> _T:
        """A file that the plan names; what is wrong with it is told with the plan's line, too."""
        try:
            return parse(self.read(name), name)
        except InputError as error:
            self.source.fault(path, str(error))

    def _version(self) -> Version | None:
        text = self.plan.cni.version
        try:
            return None if text is None else parse_cni_version(text)
        except InputError as error:
            self.source.fault(("cni", "version"), str(error))

    def _aws_node(self) -> AwsNode:
        cni = self.plan.cni
        if cni.manifest is not None:
            if cni.env is not None:
                self.source.fault(("cni", "env"), "give either env or manifest")
            return self._named(("cni", "manifest"), cni.manifest, _read_manifest)
        variables = cni.env or {}
        family = _IPV6_VARIABLES if self.plan.ip_family == IpFamily.IPV6.value else {}
        for name, value in family.items():
            given = variables.get(name)
            if given is not None and read_boolean(given) != read_boolean(value):
                self.source.fault(("cni", "env", name), f"must be {value} in an IPv6 cluster, not {given[:40]!r}")
        return AwsNode(form=Form.VARIABLES, variables={**family, **variables})

    # Subnets

    def _subnets(self) -> tuple[PlannedSubnet, ...]:
        plan = self.plan
        snapshot = self._snapshot()
        subnets = [
            self._subnet((key, place), model, role, snapshot)
            for key, role, models in (
                ("subnets", Role.NODES, plan.subnets),
                ("pod_subnets", Role.PODS, plan.pod_subnets),
            )
            for place, model in enumerate(models)
        ]
        paths: list[Path] = [("subnets", place) for place in range(len(plan.subnets))]
        paths += [("pod_subnets", place) for place in range(len(plan.pod_subnets))]
        self._check_unique(list(zip(paths, subnets, strict=True)))
        return tuple(subnets)

    def _snapshot(self) -> dict[str, Subnet]:
        name = self.plan.snapshot
        if name is None:
            return {}
        found = self._named(("snapshot",), name, _read_snapshot)
        known = {subnet.subnet_id: subnet for subnet in found if subnet.subnet_id}
        if not any(model.subnet_id in known for model in (*self.plan.subnets, *self.plan.pod_subnets)):
            self.source.fault(("snapshot",), f"none of the plan's subnet_ids is in it; it has {_list(known)}")
        return known

    def _subnet(
        self, path: tuple[str, int], model: SubnetModel, role: Role, snapshot: dict[str, Subnet]
    ) -> PlannedSubnet:
        known = snapshot.get(model.subnet_id or "")
        if snapshot and model.subnet_id and known is None:
            self.source.fault((*path, "subnet_id"), f"is not in the snapshot, which has {_list(snapshot)}")
        zone = model.zone or (known.availability_zone if known else None)
        if zone is None:
            self.source.fault((*path, "zone"), "is missing, and no snapshot tells it")
        try:
            parse_name(zone)
        except InputError as error:
            self.source.fault((*path, "zone"), f"of the snapshot: {error}")
        if known is None:
            subnet = self._on_paper(path, model, zone)
        else:
            for key, given in (("in_use", model.in_use), ("reservations", model.reservations)):
                if given:
                    self.source.fault((*path, key), "the snapshot says what is in use and reserved: leave it out")
            for key, here, there in (("cidr", model.cidr, known.cidr), ("zone", zone, known.availability_zone)):
                if here is not None and there is not None and here != there:
                    self.source.fault((*path, key), f"is {here}, but {there} in the snapshot")
            subnet = known
        unplaced = model.in_use if isinstance(model.in_use, int) else 0
        free = block_map(subnet).free_addresses
        if unplaced > free:
            outside = " outside its reservations" if subnet.reservations else ""
            self.source.fault(
                (*path, "in_use"),
                f"{unplaced} addresses are more than the {free} that {subnet.cidr} can give{outside}",
            )
        return PlannedSubnet(name=model.name, zone=zone, role=role, subnet=subnet, unplaced=unplaced)

    def _on_paper(self, path: tuple[str, int], model: SubnetModel, zone: str) -> Subnet:
        if model.cidr is None:
            self.source.fault((*path, "cidr"), "is missing, and no snapshot tells it")
        used = model.in_use if isinstance(model.in_use, tuple) else ()
        for place, network in enumerate(used):
            if not network.subnet_of(model.cidr):
                self.source.fault((*path, "in_use", place), f"{network} lies outside {model.cidr}")
        for place, each in enumerate(model.reservations):
            if not each.cidr.subnet_of(model.cidr):
                self.source.fault((*path, "reservations", place, "cidr"), f"{each.cidr} lies outside {model.cidr}")
        self._check_reservations((*path, "reservations"), model.reservations)
        try:
            return Subnet(
                model.cidr,
                used=used,
                reservations=tuple(Reservation(each.cidr, ReservationType(each.type)) for each in model.reservations),
                subnet_id=model.subnet_id,
                availability_zone=zone,
            )
        except InputError as error:
            self.source.fault((*path, "cidr"), str(error))

    def _check_reservations(self, path: Path, reservations: Sequence[ReservationModel]) -> None:
        """AWS has none that overlap ("Subnet CIDR reservations" in the VPC user guide)."""
        placed = sorted((each.cidr, place) for place, each in enumerate(reservations))
        for (one, _), (other, place) in pairwise(placed):
            if one.overlaps(other):
                self.source.fault((*path, place, "cidr"), f"{other} overlaps {one} of another reservation")

    def _check_unique(self, subnets: Sequence[tuple[Path, PlannedSubnet]]) -> None:
        names: set[str] = set()
        for path, subnet in subnets:
            if subnet.name in names:
                self.source.fault((*path, "name"), f"{subnet.name} is another subnet's name already")
            names.add(subnet.name)
        # Ranges that overlap are neighbours once they are in order of their start.
        ordered = sorted(
            subnets, key=lambda each: (int(each[1].subnet.cidr.network_address), each[1].subnet.cidr.prefixlen)
        )
        for (_, one), (path, other) in pairwise(ordered):
            if one.subnet.cidr.overlaps(other.subnet.cidr):
                self.source.fault(
                    (*path, "cidr"), f"{other.subnet.cidr} overlaps {one.subnet.cidr} of subnet {one.name}"
                )

    # Groups

    def _group(self, place: int, model: GroupModel, subnets: _ByRole) -> GroupPlan:
        path: Path = ("node_groups", place)
        self._check_counts(path, model)
        of_nodes = self._own((*path, "subnets"), model.subnets, subnets[Role.NODES], Role.NODES)
        of_pods = self._own((*path, "pod_subnets"), model.pod_subnets, subnets[Role.PODS], Role.PODS)
        zones = self._zones((*path, "zones"), model.zones, of_nodes)
        if self.custom_networking and model.provisioner not in WITHOUT_AWS_NODE:
            self._check_pod_zones((*path, "zones") if model.zones else path, zones, of_pods)
        growth = model.growth_percent_per_month
        return GroupPlan(
            name=model.name,
            instances=self._instances(path, model),
            provisioner=model.provisioner,
            options=ProvisionerOptions(
                max_pods=model.max_pods,
                reserved_enis=model.reserved_enis,
                pods_per_core=model.pods_per_core,
                host_network_pods=_host_network_pods(model),
            ),
            workload=Workload(
                pods_per_node=model.pods_per_node,
                cpu_millicores=model.pod_requests.cpu,
                memory_bytes=model.pod_requests.memory,
                daemonset_pods=model.daemonsets.pods,
                daemonset_cpu_millicores=model.daemonsets.cpu,
                daemonset_memory_bytes=model.daemonsets.memory,
                host_network_pods=_host_network_pods(model),
                security_group_pods=model.security_group_pods,
                memory_overhead_permille=model.memory_overhead_percent,
            ),
            zones=zones,
            desired_nodes=model.nodes.desired if model.nodes else None,
            maximum_nodes=model.nodes.max if model.nodes else None,
            pods=model.pods,
            surge=model.surge,
            max_unavailable=model.max_unavailable,
            subnets=tuple(model.subnets),
            pod_subnets=tuple(model.pod_subnets),
            growth_permille=self.plan.growth.percent_per_month if growth is None else growth,
            windows_prefixes=model.windows_prefix_delegation,
        )

    def _check_counts(self, path: Path, model: GroupModel) -> None:
        nodes = model.nodes
        if nodes is None and model.pods is None:
            self.source.fault(path, f"{model.name} has neither nodes nor pods: say how many")
        if nodes is not None:
            least, most = nodes.min or 0, nodes.desired if nodes.max is None else nodes.max
            if not least <= nodes.desired <= most:
                self.source.fault(
                    (*path, "nodes"), f"expected min <= desired <= max, not {least} <= {nodes.desired} <= {most}"
                )
        if model.pods is not None and nodes is not None and model.pods_per_node is not None:
            self.source.fault((*path, "pods_per_node"), "follows from pods and nodes: leave one of the three out")

    def _own(
        self, path: Path, names: Sequence[str], known: Mapping[str, PlannedSubnet], role: Role
    ) -> list[PlannedSubnet]:
        self._check_each(path, names, known, f"subnet of {role}")
        return [known[name] for name in names] if names else list(known.values())

    def _zones(self, path: Path, named: Sequence[str], of_nodes: Sequence[PlannedSubnet]) -> tuple[str, ...]:
        """The zones that a group names, else all that have a subnet for it."""
        with_nodes = dict.fromkeys(subnet.zone for subnet in of_nodes)
        seen: set[str] = set()
        for number, zone in enumerate(named):
            if zone not in with_nodes:
                self.source.fault(
                    (*path, number), f"no subnet of nodes is in {zone}; there are some in {_list(with_nodes)}"
                )
            if zone in seen:
                self.source.fault((*path, number), f"{zone} stands twice")
            seen.add(zone)
        return tuple(named or with_nodes)

    def _check_pod_zones(self, path: Path, zones: Sequence[str], of_pods: Sequence[PlannedSubnet]) -> None:
        with_pods = dict.fromkeys(subnet.zone for subnet in of_pods)
        missing = [zone for zone in zones if zone not in with_pods]
        if missing:
            self.source.fault(
                path, f"custom networking needs a subnet of pods in {missing[0]}; pod_subnets are in {_list(with_pods)}"
            )

    def _instances(self, path: Path, model: GroupModel) -> tuple[InstanceType, ...]:
        if model.provisioner is Provisioner.FARGATE:
            if model.instance_types:
                self.source.fault((*path, "instance_types"), "Fargate has no instance types: leave them out")
            return ()
        if not model.instance_types:
            self.source.fault((*path, "instance_types"), "is missing: name at least one type")
        chosen: dict[str, InstanceType] = {}
        for number, pattern in enumerate(model.instance_types):
            try:
                if pattern not in self.selected:
                    self.selected[pattern] = self.catalog.select([pattern])
                chosen |= {each.instance_type: each for each in self.selected[pattern]}
            except InputError as error:
                self.source.fault((*path, "instance_types", number), str(error))
        return tuple(chosen.values())

    def _check_names(self, path: tuple[str, str], names: Sequence[str]) -> None:
        seen: set[str] = set()
        for place, name in enumerate(names):
            if name in seen:
                self.source.fault((path[0], place, path[1]), f"{name} stands twice")
            seen.add(name)

    def _check_each(self, path: Path, names: Sequence[str], known: Mapping[str, object], what: str) -> None:
        """Check that each name is known, and stands there once."""
        seen: set[str] = set()
        for number, name in enumerate(names):
            if name not in known:
                near = get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"the plan has {_list(known)}"
                self.source.fault((*path, number), f"no {what} is called {name}; {hint}")
            if name in seen:
                self.source.fault((*path, number), f"{name} stands twice")
            seen.add(name)


def _read_manifest(text: str, where: str) -> AwsNode:
    compose(text, where)  # refuses merge keys that multiply, which would be read for hours
    return parse_aws_node(text, where)


def _read_snapshot(text: str, where: str) -> list[Subnet]:
    return subnets_from_snapshot(merge_answers(read_json(text, where)), where)


def _list(names: Iterable[object]) -> str:
    shown = list(names)
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return (", ".join(map(str, shown[:_SHOWN])) or "none") + more


def _host_network_pods(model: GroupModel) -> int:
    """As told, else aws-node and kube-proxy where these are pods."""
    if model.host_network_pods is not None:
        return model.host_network_pods
    return 0 if model.provisioner in WITHOUT_AWS_NODE else HOST_NETWORK_PODS
