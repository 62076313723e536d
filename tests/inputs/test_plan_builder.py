import json
from ipaddress import IPv4Network

import pytest

from tests.inputs.plans import A_NAME, BY_SNAPSHOT, PLAN, SNAPSHOT, changed, parse, refusal

NO_AWS_NODE = (
    "m.yaml: no aws-node in it; expected its DaemonSet, an add-on configuration, Helm values, the ConfigMap "
    "amazon-vpc-cni, or KEY=VALUE lines"
)
OUTSIDE = " outside its reservations"
IN_USE = "expected a number of addresses, or a list of addresses and CIDRs, not "
ENV = '  env:\n    ENABLE_PREFIX_DELEGATION: "true"\n'


@pytest.mark.parametrize(
    ("cidr", "message"),
    [
        ("10.0.0.0/24", "16: subnets[1].cidr: 10.0.0.0/24 overlaps 10.0.0.0/24 of subnet a"),
        ("10.0.0.0/23", "10: subnets[0].cidr: 10.0.0.0/24 overlaps 10.0.0.0/23 of subnet b"),
        ("10.0.0.240/28", "16: subnets[1].cidr: 10.0.0.240/28 overlaps 10.0.0.0/24 of subnet a"),
        ("10.0.1.5/24", "16: subnets[1].cidr: CIDR 10.0.1.5/24 does not start its range: did you mean 10.0.1.0/24?"),
        ("10.2.0.0/15", "16: subnets[1].cidr: 10.2.0.0/15 cannot be a subnet: AWS has them from /16 to /28"),
        ("10.2.0.0/29", "16: subnets[1].cidr: 10.2.0.0/29 cannot be a subnet: AWS has them from /16 to /28"),
        ("10.0.1.0", '16: subnets[1].cidr: expected a CIDR such as 10.0.0.0/24, not "10.0.1.0"'),
        ("5", "16: subnets[1].cidr: expected a CIDR such as 10.0.0.0/24, not 5"),
        *[
            (cidr, f"16: subnets[1].cidr: CIDR '{cidr}' is not an IPv4 address or CIDR such as 10.0.0.0/24")
            for cidr in ("2001:db8::/64", "10.0.1.0/33", "10.0.1/24", "010.0.1.0/24", "10.0.1.0/ 24", "5.0.1.0/2\uff14")
        ],
    ],
)
def test_a_range_is_a_subnet_of_its_own(cidr: str, message: str) -> None:
    assert refusal(changed("10.0.1.0/24", cidr)) == f"plan.yaml:{message}"


@pytest.mark.parametrize(
    ("cidr", "message"),
    [
        ("10.0.1.16/28", "17: pod_subnets[0].cidr: 10.0.1.16/28 overlaps 10.0.1.0/24 of subnet b"),
        ("10.0.0.0/16", "10: subnets[0].cidr: 10.0.0.0/24 overlaps 10.0.0.0/16 of subnet p1"),
    ],
)
def test_subnets_of_pods_do_not_overlap_those_of_nodes(cidr: str, message: str) -> None:
    assert refusal(with_pod_subnets(cidr)) == f"plan.yaml:{message}"


def with_pod_subnets(*ranges: str, text: str = PLAN) -> str:
    subnets = ", ".join(
        f"{{name: p{place}, zone: z{place}, cidr: {cidr}}}" for place, cidr in enumerate(ranges, start=1)
    )
    return changed("pod_subnets: []", f"pod_subnets: [{subnets}]", text)


def test_each_pair_of_ranges_that_overlaps_is_found_wherever_it_stands() -> None:
    message = refusal(with_pod_subnets("10.1.0.0/24", "10.1.1.0/24", text=changed("10.0.1.0/24", "10.1.0.0/16")))
    assert message == "plan.yaml:17: pod_subnets[0].cidr: 10.1.0.0/24 overlaps 10.1.0.0/16 of subnet b"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: b", "name: a", "14: subnets[1].name: a is another subnet's name already"),
        ("in_use: 3", "in_use: -1", f"11: subnets[0].in_use: {IN_USE}-1"),
        ("in_use: 3", "in_use: true", f"11: subnets[0].in_use: {IN_USE}true"),
        ("in_use: 3", "in_use: null", f"11: subnets[0].in_use: {IN_USE}null"),
        ("in_use: 3", "in_use: 10.0.0.5", f'11: subnets[0].in_use: {IN_USE}"10.0.0.5"'),
        (
            "in_use: 3",  # 256 - 5 - 127, the last one is AWS's in the reservation
            "in_use: 125",
            "11: subnets[0].in_use: 125 addresses are more than the 124 that 10.0.0.0/24 can give" + OUTSIDE,
        ),
        (
            "10.0.1.0/24",
            "10.0.1.0/24\n    in_use: 252",
            "17: subnets[1].in_use: 252 addresses are more than the 251 that 10.0.1.0/24 can give",
        ),
        ("in_use: 3", "in_use: [10.0.0.5, 10.0.1.0]", "11: subnets[0].in_use[1]: 10.0.1.0/32 lies outside 10.0.0.0/24"),
        ("in_use: 3", "in_use: [10.0.0.0/23]", "11: subnets[0].in_use[0]: 10.0.0.0/23 lies outside 10.0.0.0/24"),
        ("in_use: 3", "in_use: [5]", "11: subnets[0].in_use[0]: expected an address or a CIDR, not 5"),
        (
            "in_use: 3",
            "in_use:\n    - 10.0.0.5\n    - 10.0.0.5/28",
            "13: subnets[0].in_use[1]: CIDR 10.0.0.5/28 does not start its range: did you mean 10.0.0.0/28?",
        ),
        (
            "in_use: 3",
            "in_use: ['2001:db8::1']",
            "11: subnets[0].in_use[0]: address '2001:db8::1' is not an IPv4 address or CIDR such as 10.0.0.0/24",
        ),
        ("0.128/25", "1.0/25", "13: subnets[0].reservations[0].cidr: 10.0.1.0/25 lies outside 10.0.0.0/24"),
        ("0.128/25", "0.0/23", "13: subnets[0].reservations[0].cidr: 10.0.0.0/23 lies outside 10.0.0.0/24"),
        (
            "type: prefix}",
            "type: prefix}\n      - {cidr: 10.0.0.192/26, type: explicit}",
            "14: subnets[0].reservations[1].cidr: 10.0.0.192/26 overlaps 10.0.0.128/25 of another reservation",
        ),
    ],
)
def test_a_subnet_holds_what_is_in_it(old: str, new: str, message: str) -> None:
    assert refusal(changed(old, new)) == f"plan.yaml:{message}"


NEAR_M5_LARGE = "did you mean m5.large, m5n.large, m5d.large, m5a.large? (looked in the bundled table)"
CUSTOM_NETWORKING = changed("ENABLE_PREFIX_DELEGATION", "AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "[m5.large]",
            "[m5.xlarge, m5.larg]",
            "20: node_groups[0].instance_types[1]: unknown instance type 'm5.larg': " + NEAR_M5_LARGE,
        ),
        (
            "[m5.large]",
            "[zz*]",
            "20: node_groups[0].instance_types[0]: no instance type matches 'zz*' (looked in the bundled table)",
        ),
        (
            "managed-node-group",
            "fargate",
            "20: node_groups[0].instance_types: Fargate has no instance types: leave them out",
        ),
        (
            "    pods_per_node",
            "    pods: 9\n    pods_per_node",
            "26: node_groups[0].pods_per_node: follows from pods and nodes: leave one of the three out",
        ),
        (
            "pods_per_node: 5",
            "zones: [z1, z3]",
            "25: node_groups[0].zones[1]: no subnet of nodes is in z3; there are some in z1, z2",
        ),
        ("pods_per_node: 5", "zones: [z1, z1]", "25: node_groups[0].zones[1]: z1 stands twice"),
        (
            "pods_per_node: 5",
            "zones: [z2]\n    subnets: [a]",
            "25: node_groups[0].zones[0]: no subnet of nodes is in z2; there are some in z1",
        ),
        (
            "pods_per_node: 5",
            "subnets: [a, c]",
            "25: node_groups[0].subnets[1]: no subnet of nodes is called c; the plan has a, b",
        ),
        ("pods_per_node: 5", "subnets: [a, a]", "25: node_groups[0].subnets[1]: a stands twice"),
        (
            "pods_per_node: 5",
            "pod_subnets: [a]",
            "25: node_groups[0].pod_subnets[0]: no subnet of pods is called a; the plan has none",
        ),
        ("enis: 4", "subnets: [aa]", "6: control_plane.subnets[0]: no subnet is called aa; did you mean a?"),
        ("enis: 4", "subnets: [b, b]", "6: control_plane.subnets[1]: b stands twice"),
        (
            "growth:",
            "  - {name: web, instance_types: [m5.large], pods: 4}\ngrowth:",
            "26: node_groups[1].name: web stands twice",
        ),
    ],
)
def test_a_group_names_what_there_is(old: str, new: str, message: str) -> None:
    assert refusal(changed(old, new)) == f"plan.yaml:{message}"


def test_a_subnet_of_the_other_kind_is_not_taken() -> None:
    for key, message in (
        ("subnets: [p1]", "subnets[0]: no subnet of nodes is called p1; the plan has a, b"),
        ("pod_subnets: [b]", "pod_subnets[0]: no subnet of pods is called b; the plan has p1"),
    ):
        text = changed("pods_per_node: 5", key, with_pod_subnets("10.9.0.0/24"))
        assert refusal(text) == f"plan.yaml:25: node_groups[0].{message}"


def test_custom_networking_needs_a_subnet_of_pods_in_each_zone_of_nodes() -> None:
    wanted = "custom networking needs a subnet of pods in"
    assert refusal(CUSTOM_NETWORKING) == (f"plan.yaml:19: node_groups[0]: {wanted} z1; pod_subnets are in none")
    one = with_pod_subnets("10.9.0.0/24", text=CUSTOM_NETWORKING)
    assert refusal(one) == f"plan.yaml:19: node_groups[0]: {wanted} z2; pod_subnets are in z1"
    named = changed("pods_per_node: 5", "zones: [z1, z2]", one)
    assert refusal(named) == f"plan.yaml:25: node_groups[0].zones: {wanted} z2; pod_subnets are in z1"
    assert parse(changed("pods_per_node: 5", "zones: [z1]", one)).has_pod_subnets
    assert parse(with_pod_subnets("10.9.0.0/24", "10.9.1.0/24", text=CUSTOM_NETWORKING)).has_pod_subnets


@pytest.mark.parametrize("provisioner", ["windows", "auto-mode", "fargate"])
def test_pods_without_aws_node_need_no_subnet_of_pods(provisioner: str) -> None:
    text = changed("managed-node-group", provisioner, CUSTOM_NETWORKING)
    parse(changed("    instance_types: [m5.large]\n", "", text) if provisioner == "fargate" else text)


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ("MAX_ENI: 1.5", '4: cni.env.MAX_ENI: expected a text such as "true" or "1", not 1.5'),
        ("MAX_ENI: null", '4: cni.env.MAX_ENI: expected a text such as "true" or "1", not null'),
        ("MAX_ENI: [1]", '4: cni.env.MAX_ENI: expected a text such as "true" or "1", not a list'),
        ("5: x", "4: cni.env: expected a key of text, not 5"),
        ('"A\\nB": x', '4: cni.env["A\\nB"]: expected a variable\'s name such as WARM_IP_TARGET'),
        ('"A\\e[2J": x', '4: cni.env["A\\u001b[2J"]: expected a variable\'s name such as WARM_IP_TARGET'),
        ('ENABLE_IPv6: "true"', "4: cni.env.ENABLE_IPv6: ip_family is ipv4, but aws-node's settings are for ipv6"),
    ],
)
def test_a_variable_has_a_name_and_a_text(env: str, message: str) -> None:
    assert refusal(changed('ENABLE_PREFIX_DELEGATION: "true"', env)) == f"plan.yaml:{message}"


def test_switches_and_numbers_are_taken_for_the_texts_that_are_meant() -> None:
    cluster = parse(changed('"true"', "true\n    WARM_PREFIX_TARGET: 2\n    NO_SUCH_VARIABLE: x"))
    assert cluster.aws_node.variables == {
        "ENABLE_PREFIX_DELEGATION": "true",
        "WARM_PREFIX_TARGET": "2",
        "NO_SUCH_VARIABLE": "x",
    }
    assert (cluster.settings.prefix_delegation, cluster.settings.warm_prefix_target) == (True, 2)


NOT_WITH_IPV6 = "custom networking does not work with IPv6: aws-node refuses to start"
IPV6 = changed("name: shop", "name: shop\nip_family: ipv6")


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ('ENABLE_IPv6: "false"', "5: cni.env.ENABLE_IPv6: must be true in an IPv6 cluster, not 'false'"),
        ('ENABLE_IPv4: "true"', "5: cni.env.ENABLE_IPv4: must be false in an IPv6 cluster, not 'true'"),
        (
            "ENABLE_PREFIX_DELEGATION: no",
            "5: cni.env.ENABLE_PREFIX_DELEGATION: must be true in an IPv6 cluster, not 'false'",
        ),
        (
            'AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: "true"',
            f"5: cni.env.AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: {NOT_WITH_IPV6}",
        ),
    ],
)
def test_an_ipv6_cluster_has_ipv6_settings(env: str, message: str) -> None:
    assert refusal(changed('ENABLE_PREFIX_DELEGATION: "true"', env, IPV6)) == f"plan.yaml:{message}"


def test_ip_family_and_the_manifest_agree() -> None:
    text, files = changed(ENV, "  manifest: m.env\n", IPV6), {"m.env": "ENABLE_IPv4=true\n"}
    assert refusal(text, files) == "plan.yaml:2: ip_family: ip_family is ipv6, but aws-node's settings are for ipv4"
    files = {"m.env": "ENABLE_IPv6=true\nENABLE_IPv4=false\n"}
    assert parse(text, files).settings.ip_family.value == "ipv6"
    text = changed(ENV, "  manifest: m.env\n")
    assert refusal(text, files) == "plan.yaml:3: cni.manifest: ip_family is ipv4, but aws-node's settings are for ipv6"


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("1.23", "expected a text, not 1.23"),
        ("banana", "'banana' is not a CNI version; write it as 1.15.3, v1.15.3 or v1.15.3-eksbuild.1"),
        ('"1.2.3\\n"', "'1.2.3\\n' is not a CNI version; write it as 1.15.3, v1.15.3 or v1.15.3-eksbuild.1"),
    ],
)
def test_a_release_is_one_of_the_cni(version: str, message: str) -> None:
    assert refusal(changed("cni:\n", f"cni:\n  version: {version}\n")) == f"plan.yaml:3: cni.version: {message}"


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (None, "cannot read m.yaml: no such file"),
        ("a: [b", "m.yaml:2: broken YAML: did not find expected ',' or ']'"),
        ("{", "m.yaml:1: broken JSON: Expecting property name enclosed in double quotes at column 2"),
        ("- x\n" * 300_000, "m.yaml: has more than 150000 values"),
        (
            PLAN,
            NO_AWS_NODE,
        ),
    ],
    ids=["missing", "yaml", "json", "large", "the plan itself"],
)
def test_a_broken_manifest_is_told_with_the_line_that_names_it(manifest: str | None, message: str) -> None:
    text = changed(ENV, "  manifest: m.yaml\n")
    assert refusal(text, {"m.yaml": manifest} if manifest else {}) == f"plan.yaml:3: cni.manifest: {message}"


def test_variables_and_a_manifest_exclude_each_other() -> None:
    assert refusal(changed("cni:\n", "cni:\n  manifest: m\n")) == "plan.yaml:4: cni.env: give either env or manifest"


def test_a_snapshot_tells_range_zone_and_what_is_in_use() -> None:
    (subnet, _) = parse(BY_SNAPSHOT, {"vpc.json": json.dumps(SNAPSHOT)}).subnets
    assert (subnet.zone, subnet.subnet.cidr) == ("z1", IPv4Network("10.0.0.0/24"))
    assert subnet.subnet.used == (IPv4Network("10.0.0.9"),)


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ("cidr: 10.0.0.0/25", "10: subnets[0].cidr: is 10.0.0.0/25, but 10.0.0.0/24 in the snapshot"),
        ("zone: z2", "10: subnets[0].zone: is z2, but z1 in the snapshot"),
        ("in_use: 3", "10: subnets[0].in_use: the snapshot says what is in use and reserved: leave it out"),
        ("in_use: [10.0.0.9]", "10: subnets[0].in_use: the snapshot says what is in use and reserved: leave it out"),
        (
            "reservations: [{cidr: 10.0.0.0/25}]",
            "10: subnets[0].reservations: the snapshot says what is in use and reserved: leave it out",
        ),
    ],
)
def test_a_plan_does_not_contradict_its_snapshot(new: str, message: str) -> None:
    text = changed("    subnet_id: subnet-1\n", f"    {new}\n    subnet_id: subnet-1\n", BY_SNAPSHOT)
    assert refusal(text, {"vpc.json": json.dumps(SNAPSHOT)}) == f"plan.yaml:{message}"


def test_a_plan_may_repeat_what_its_snapshot_says() -> None:
    text = changed("subnet-1\n", "subnet-1\n    cidr: 10.0.0.0/24\n    zone: z1\n    in_use: 0\n", BY_SNAPSHOT)
    files = {"vpc.json": json.dumps(SNAPSHOT)}
    assert parse(text, files) == parse(BY_SNAPSHOT, files)


def test_every_subnet_id_is_in_the_snapshot() -> None:
    files = {"vpc.json": json.dumps(SNAPSHOT)}
    wrong = changed("subnet-1", "subnet-7", BY_SNAPSHOT)
    assert refusal(wrong, files) == "plan.yaml:2: snapshot: none of the plan's subnet_ids is in it; it has subnet-1"
    half = changed("  - name: b\n", "  - name: b\n    subnet_id: subnet-7\n", BY_SNAPSHOT)
    assert refusal(half, files) == ("plan.yaml:12: subnets[1].subnet_id: is not in the snapshot, which has subnet-1")
    twice = changed("    zone: z2\n    cidr: 10.0.1.0/24\n", "    subnet_id: subnet-1\n", BY_SNAPSHOT)
    assert refusal(twice, files) == "plan.yaml:11: subnets[1].cidr: 10.0.0.0/24 overlaps 10.0.0.0/24 of subnet a"


def subnet_of(**values: object) -> str:
    return json.dumps({"Subnets": [SNAPSHOT["Subnets"][0] | values]})


@pytest.mark.parametrize(
    ("snapshot", "message"),
    [
        (None, "2: snapshot: cannot read vpc.json: no such file"),
        ("", "2: snapshot: none of the plan's subnet_ids is in it; it has none"),
        ("Subnets: []", "2: snapshot: vpc.json:1: broken JSON: Expecting value at column 1"),
        ('{"Subnets": [', "2: snapshot: vpc.json:1: broken JSON: Expecting value at column 14"),
        (
            '{"Subnets": [{"SubnetId": "subnet-1"}]}',
            "2: snapshot: vpc.json is not EC2's answer: Subnets.0.CidrBlock: Field required",
        ),
        (
            subnet_of(CidrBlock="10.0.0.0/15"),
            "2: snapshot: 10.0.0.0/15 cannot be a subnet: AWS has them from /16 to /28",
        ),
        (subnet_of(AvailabilityZone=None), "9: subnets[0].zone: is missing, and no snapshot tells it"),
        (subnet_of(AvailabilityZone="z\n1"), f'9: subnets[0].zone: of the snapshot: {A_NAME}"z\\n1"'),
        (subnet_of(SubnetId="x\ny"), "2: snapshot: none of the plan's subnet_ids is in it; it has x y"),
        ("[" * 100_000, "2: snapshot: vpc.json: nested too deeply, or a number too long, for an answer of EC2"),
        (BY_SNAPSHOT, "2: snapshot: vpc.json:1: broken JSON: Expecting value at column 1"),
    ],
)
def test_a_broken_snapshot_is_told_with_the_line_that_names_it(snapshot: str | None, message: str) -> None:
    assert refusal(BY_SNAPSHOT, {} if snapshot is None else {"vpc.json": snapshot}) == f"plan.yaml:{message}"
