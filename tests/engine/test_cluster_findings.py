from dataclasses import replace

import pytest

from cni_plan import CniSettings, Provisioner
from cni_plan.engine.aws_node import AwsNode, Form
from cni_plan.engine.cluster import Cluster, Role
from cni_plan.engine.cluster_report import Fit
from cni_plan.engine.cluster_verdict import plan_cluster
from cni_plan.engine.findings import EXPLANATIONS, Code, Finding, Severity
from tests.engine.clusters import PREFIXES, SHOP, cluster, group, subnet

ROOMY = (subnet("a", "a", "10.0.0.0/20"), subnet("b", "b", "10.0.16.0/20"))


def findings(made: Cluster) -> dict[Code, Finding]:
    return {finding.code: finding for finding in reversed(plan_cluster(made).findings)}


def test_a_subnet_without_blocks_is_an_error_that_names_the_states_and_a_size_that_holds_them() -> None:
    verdict = plan_cluster(SHOP)
    assert verdict.fit is Fit.NO
    found = verdict.findings[0]
    assert (found.code, found.severity, found.variable) == (Code.SUBNET_PREFIXES, Severity.ERROR, "subnet a")
    assert found.value == "20 of 12"
    assert found.message == (
        "12 /28 blocks are free: maximum needs 16, rolling-update needs 20, zone-lost:b needs 20, months-on:6 needs 20"
    )
    # 10 single addresses and 20 blocks: a /24 has 14, a /23 has 30
    assert found.fix.startswith("an empty /23 in a, with reservations, holds every state")


def test_a_subnet_without_addresses_is_told_apart_from_one_without_blocks() -> None:
    made = cluster(
        subnet("a", "a", "10.0.0.0/26"),
        group("g", "m5.large", desired_nodes=2, pods_per_node=20, zones=("a",)),
        settings=CniSettings(),
        control_plane_enis=0,
    )
    # 59 addresses; 3 ENIs with 10 addresses each on 2 nodes are 60
    found = findings(made)
    assert found[Code.SUBNET_ADDRESSES].message.startswith("59 addresses are free: desired needs 60")
    assert Code.SUBNET_PREFIXES not in found


def test_what_only_growth_brings_is_a_warning() -> None:
    made = cluster(
        subnet("a", "a", "10.0.0.0/24"),
        group("g", "m5.large", desired_nodes=3, pods_per_node=20, zones=("a",), growth_permille=100, surge=None),
        control_plane_enis=0,
        months=12,
    )
    # 4 nodes with the one that an update adds need 12 of 14 blocks; in a year 10 nodes need 30
    found = findings(made)
    assert found[Code.SUBNET_PREFIXES].severity is Severity.WARNING
    assert found[Code.GROWTH_LIMIT].severity is Severity.WARNING
    # 3 x 1.1^m above 4 nodes: in month 4, 4.4
    assert found[Code.GROWTH_LIMIT].value == "4"
    assert plan_cluster(made).fit is Fit.NO


@pytest.mark.parametrize(
    ("made", "code", "severity", "says"),
    [
        (
            cluster(*ROOMY, group("g", "m5.large", desired_nodes=2, pods_per_node=200)),
            Code.PODS_UNPLACED,
            Severity.ERROR,
            "a node takes 108 of the 200 pods wanted: 184 on 2 nodes",
        ),
        (
            cluster(*ROOMY, group("g", "m5.large", desired_nodes=2, pods=300)),
            Code.PODS_UNPLACED,
            Severity.ERROR,
            "84 of 300 pods have no place on 2 nodes",  # 300 - 2 x 108
        ),
        (
            cluster(
                *ROOMY,
                group("g", "m5.large", desired_nodes=1, pods_per_node=20),
                settings=CniSettings(minimum_ip_target=12),
            ),
            Code.PODS_WITHOUT_ADDRESS,
            Severity.ERROR,
            "8 pods on each node get no address from ipamd, whatever the subnets have",
        ),
        (
            cluster(*ROOMY, group("g", "m5.large", desired_nodes=1, pods_per_node=20, security_group_pods=4)),
            Code.SECURITY_GROUP_PODS,
            Severity.ERROR,
            "4 pods a node want security groups of their own, m5.large carries 0",
        ),
        (
            cluster(*ROOMY, group("g", "m5.large", desired_nodes=1, zones=("a",)), group("h", "m5.large", pods=1)),
            Code.ONE_ZONE,
            Severity.WARNING,
            "all its nodes are in one zone: nothing is left of it where the zone is lost",
        ),
        (
            cluster(
                *ROOMY,
                group("g", "m5.large", desired_nodes=4, maximum_nodes=5, pods_per_node=1, growth_permille=100),
                months=6,
            ),
            Code.GROWTH_BEYOND_MAXIMUM,
            Severity.WARNING,
            "in 6 months it wants 8 nodes and may have 5",
        ),
        (
            cluster(
                *ROOMY,
                group("g", "t3.small", "m5.large", provisioner=Provisioner.MANAGED_NODE_GROUP, desired_nodes=1),
                settings=CniSettings(),
            ),
            Code.MIXED_TYPES,
            Severity.WARNING,
            "t3.small sets max pods to 11 for all: m5.large loses 18",
        ),
        (
            cluster(*ROOMY, group("g", "m5.large", "m5.4xlarge", desired_nodes=1, cpu_millicores=500)),
            Code.MIXED_TYPES,
            Severity.WARNING,
            # 1930m / 500m and 15890m / 500m
            "m5.large takes 3 pods (by cpu), another type 31: only 3 pods on each node can be relied on",
        ),
        (
            cluster(*ROOMY, group("g", "m5.large", provisioner=Provisioner.AUTO_MODE, desired_nodes=1)),
            Code.AUTO_MODE_POOL,
            Severity.INFO,
            "EKS Auto Mode does not tell its warm pool: counted with prefixes and one spare",
        ),
        (
            cluster(*ROOMY, group("g", "m5.large", provisioner=Provisioner.NODEADM, desired_nodes=1)),
            Code.MAX_PODS_NOTE,
            Severity.INFO,
            "the image does not know of the prefixes: set max pods to 110",
        ),
        (
            cluster(*ROOMY, subnet("p", "a", "100.64.0.0/20", role=Role.PODS), group("g", "m5.large", desired_nodes=1)),
            Code.POD_SUBNETS_UNUSED,
            Severity.WARNING,
            "are not used: custom networking is off",
        ),
        (
            replace(
                cluster(*ROOMY, group("g", "m5.large", desired_nodes=4, pods_per_node=9)), running_nodes_counted=True
            ),
            Code.RUNNING_NODES_MISMATCH,
            Severity.WARNING,
            # half of 4 nodes with 1 + 1 prefixes, and 2 ENIs of the control plane
            "0 addresses are in use, the desired nodes alone hold 68",
        ),
        (
            replace(
                cluster(*ROOMY, group("g", "m5.large", desired_nodes=1)),
                aws_node=AwsNode(form=Form.VARIABLES, variables={"WARM_PREFIX_TARGT": "1"}),
            ),
            Code.UNKNOWN_VARIABLE,
            Severity.ERROR,
            "aws-node has no such variable",
        ),
    ],
)
def test_what_is_wrong_is_found_by_its_code(made: Cluster, code: Code, severity: Severity, says: str) -> None:
    found = findings(made)[code]
    assert found.severity is severity
    assert found.message == says


def test_a_fit_that_hangs_on_a_place_is_an_error_with_both_numbers() -> None:
    made = cluster(
        subnet("a", "a", "10.0.0.0/24", unplaced=12),
        group("g", "m5.large", desired_nodes=1, pods_per_node=20, zones=("a",), surge=None),
        control_plane_enis=0,
    )
    found = findings(made)[Code.SUBNET_UNCERTAIN]
    # 3 blocks; 14 - 12 are certain
    assert found.message.endswith("fits or not by where the 12 addresses in use are: from 2 to 14 free /28 blocks")
    assert found.severity is Severity.ERROR  # it is not known to fit


def test_a_reservation_is_asked_for_where_single_addresses_could_spoil_the_blocks() -> None:
    made = cluster(
        subnet("a", "a", "10.0.0.0/24"),
        group("g", "m5.large", desired_nodes=3, pods_per_node=20, zones=("a",)),
        control_plane_enis=0,
    )
    # 4 nodes in an update need 12 of the 14 blocks, and their 4 addresses may spoil 4; today 9 + 3 are safe
    found = findings(made)[Code.SUBNET_RESERVATION]
    assert found.message == "rolling-update: fits for certain only where prefixes have reservations"


def test_every_finding_of_a_plan_is_explained() -> None:
    assert set(EXPLANATIONS) == set(Code)
    assert all(text and source for text, source in EXPLANATIONS.values())


def test_a_cluster_without_a_flaw_has_no_findings() -> None:
    made = cluster(*ROOMY, group("g", "m5.large", desired_nodes=2, pods_per_node=20), settings=PREFIXES)
    verdict = plan_cluster(made)
    assert verdict.fit is Fit.YES
    assert {finding.code for finding in verdict.findings} <= {Code.OTHER_MODE}
