"""A plan that tests change in one place, and what the parser says to it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from cni_plan.catalog import load_catalog
from cni_plan.engine.cluster import Cluster
from cni_plan.errors import InputError
from cni_plan.inputs.plan_file import parse_plan

CATALOG = load_catalog()
SCENARIOS = Path(__file__).parent.parent / "scenarios" / "plan"
EXAMPLE = Path(__file__).parent.parent.parent / "data" / "plan_example.yaml"
PLAN = """\
name: shop
cni:
  env:
    ENABLE_PREFIX_DELEGATION: "true"
control_plane:
  enis: 4
subnets:
  - name: a
    zone: z1
    cidr: 10.0.0.0/24
    in_use: 3
    reservations:
      - {cidr: 10.0.0.128/25, type: prefix}
  - name: b
    zone: z2
    cidr: 10.0.1.0/24
pod_subnets: []
node_groups:
  - name: web
    instance_types: [m5.large]
    provisioner: managed-node-group
    nodes: {min: 1, desired: 2, max: 3}
    pod_requests: {cpu: 100m, memory: 100Mi}
    daemonsets: {pods: 2, cpu: 100m}
    pods_per_node: 5
growth:
  percent_per_month: 3
  months: 6
"""
SNAPSHOT: dict[str, list[dict[str, object]]] = {
    "Subnets": [{"SubnetId": "subnet-1", "CidrBlock": "10.0.0.0/24", "AvailabilityZone": "z1"}],
    "NetworkInterfaces": [{"SubnetId": "subnet-1", "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.9"}]}],
}
BY_SNAPSHOT = (
    PLAN[: PLAN.index("    zone: z1")] + "    subnet_id: subnet-1\n" + PLAN[PLAN.index("  - name: b") :]
).replace("name: shop\n", "name: shop\nsnapshot: vpc.json\n")


A_NAME = "expected a name of at most 100 letters, digits and . _ / -, a letter or digit first, not "


def parse(text: str, files: Mapping[str, str] | None = None) -> Cluster:
    def read(name: str) -> str:
        if files and name in files:
            return files[name]
        raise InputError(f"cannot read {name}: no such file")

    return parse_plan(text, "plan.yaml", CATALOG, read)


def refusal(text: str, files: Mapping[str, str] | None = None) -> str:
    with pytest.raises(InputError) as caught:
        parse(text, files)
    message = str(caught.value)
    assert message.isprintable()
    return message


def changed(old: str, new: str, text: str = PLAN) -> str:
    assert text.count(old) >= 1, old
    return text.replace(old, new, 1)
