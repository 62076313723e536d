import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped] # its stubs are a package of their own
import pytest
import yaml
from pydantic import BaseModel

from cni_plan.inputs import plan_model
from cni_plan.inputs.plan_model import PlanFile, json_schema
from tests.inputs.plans import A_NAME, EXAMPLE, PLAN, SCENARIOS, changed, parse, refusal

NODES = "expected a number of nodes, or a percentage such as 25%, not "
PERCENT = "expected a percentage from 0 to 1000 with one decimal at most, not "
PROVISIONERS = (
    "expected 'calculator', 'managed-node-group', 'al2-bootstrap', 'nodeadm', 'karpenter', 'bottlerocket', "
    "'auto-mode', 'fargate' or 'windows', not "
)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("growth:", "grwth:", "26: grwth: unknown key; did you mean growth?"),
        ("name: shop", "nam: shop", "1: nam: unknown key; did you mean name? (and 1 more)"),
        (
            "    in_use:",
            "    in_used:",
            "11: subnets[0].in_used: unknown key; did you mean in_use?",
        ),
        ("type: prefix", "typ: prefix", "13: subnets[0].reservations[0].typ: unknown key; did you mean type?"),
        ("pods_per_node", "pod_per_node", "25: node_groups[0].pod_per_node: unknown key; did you mean pods_per_node?"),
        ("max: 3", "maximum: 3", "22: node_groups[0].nodes.maximum: unknown key; did you mean max?"),
        ("{cpu: 100m, m", "{cpus: 1, m", "23: node_groups[0].pod_requests.cpus: unknown key; did you mean cpu?"),
        ("{pods: 2", "{pod: 2", "24: node_groups[0].daemonsets.pod: unknown key; did you mean pods?"),
        ("  env:", "  envs:", "3: cni.envs: unknown key; did you mean env?"),
        ("enis: 4", "eni: 4", "6: control_plane.eni: unknown key; did you mean enis?"),
        ("months: 6", "month: 6", "28: growth.month: unknown key; did you mean months?"),
        ("min: 1", "zzz: 1", "22: node_groups[0].nodes.zzz: unknown key; expected one of min, desired, max"),
        ("months: 6", '"a\\nb": 6', '28: growth["a\\nb"]: unknown key; expected one of percent_per_month, months'),
        ("months: 6", "on: 6", "28: growth: expected a key of text, not on"),
        ("months: 6", "months: 6\nname: other", "29: name: stands twice, on line 1 first"),
        ("max: 3", "min: 3", "22: node_groups[0].nodes.min: stands twice, on line 22 first"),
    ],
)
def test_a_key_that_does_not_belong_is_told_with_the_nearest_one(old: str, new: str, message: str) -> None:
    assert refusal(changed(old, new)) == f"plan.yaml:{message}"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: shop\n", "", "1: name: is missing"),
        ("  - name: b\n    zone", "  - zone", "14: subnets[1].name: is missing"),
        ("    zone: z2\n", "", "14: subnets[1].zone: is missing, and no snapshot tells it"),
        ("    cidr: 10.0.1.0/24\n", "", "14: subnets[1].cidr: is missing, and no snapshot tells it"),
        ("cidr: 10.0.0.128/25, ", "", "13: subnets[0].reservations[0].cidr: is missing"),
        ("desired: 2, ", "", "22: node_groups[0].nodes.desired: is missing"),
        (PLAN[PLAN.index("node_groups") :], "", "1: node_groups: is missing"),
        ("[m5.large]", "[]", "20: node_groups[0].instance_types: is missing: name at least one type"),
        (
            "    instance_types: [m5.large]\n",
            "",
            "19: node_groups[0].instance_types: is missing: name at least one type",
        ),
        (
            "    nodes: {min: 1, desired: 2, max: 3}\n",
            "",
            "19: node_groups[0]: web has neither nodes nor pods: say how many",
        ),
    ],
)
def test_what_is_missing_is_told_with_the_line_around_it(old: str, new: str, message: str) -> None:
    assert refusal(changed(old, new)) == f"plan.yaml:{message}"


COUNTS = [
    ("x", 'a whole number, not "x"'),
    ("'5'", 'a whole number, not "5"'),
    ("2.0", "a whole number, not 2.0"),
    ("1e3", 'a whole number, not "1e3"'),
    (".inf", "a whole number, not inf"),
    (".nan", "a whole number, not nan"),
    ("true", "a whole number, not true"),
    ("null", "a whole number, not null"),
    ("[1]", "a whole number, not a list"),
    ("{a: 1}", "a whole number, not a mapping"),
    ("2020-01-01", "a whole number, not 2020-01-01"),
    ("!!binary aGk=", "a whole number, not b'hi'"),
    ("-1", "at least 0, not -1"),
    ("1000000001", "at most 1000000000, not 1000000001"),
    ("9" * 99, f"at most 1000000000, not {'9' * 60}"),
    ("9" * 101, "a number of at most 100 digits, not of 101"),
    ("0x" + "f" * 5000, "a number of at most 100 digits, not of 5002"),
]


@pytest.mark.parametrize(("value", "expected"), COUNTS, ids=[value[:12] for value, _ in COUNTS])
def test_a_count_is_a_whole_number_within_reason(value: str, expected: str) -> None:
    message = refusal(changed("desired: 2", f"desired: {value}"))
    assert message == f"plan.yaml:22: node_groups[0].nodes.desired: expected {expected}"


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ("{min: 5, desired: 2, max: 9}", "5 <= 2 <= 9"),
        ("{min: 1, desired: 5, max: 4}", "1 <= 5 <= 4"),
        ("{desired: 5, max: 4}", "0 <= 5 <= 4"),
        ("{min: 6, desired: 5}", "6 <= 5 <= 5"),
    ],
)
def test_the_desired_nodes_lie_between_the_least_and_the_most(counts: str, shown: str) -> None:
    message = refusal(changed("{min: 1, desired: 2, max: 3}", counts))
    assert message == f"plan.yaml:22: node_groups[0].nodes: expected min <= desired <= max, not {shown}"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("null", "null"),
        ("5", "5"),
        ("no", "false"),
        ("2020-01-01", "2020-01-01"),
        ("''", '""'),
        ('"-"', '"-"'),
        ('"a b"', '"a b"'),
        ('"a\\nb"', '"a\\nb"'),
        ('"a\\e[31m"', '"a\\u001b[31m"'),
        ("é", '"é"'),
        ('"a\\u202Eb"', '"a?b"'),
        ("x" * 101, f'"{"x" * 60}..."'),
        ("[a]", "a list"),
        ("!!set {a}", "a list"),
    ],
)
def test_a_name_cannot_forge_a_report(value: str, shown: str) -> None:
    for old, place in (
        ("name: shop", "1: name"),
        ("name: a", "8: subnets[0].name"),
        ("name: web", "19: node_groups[0].name"),
    ):
        assert refusal(changed(old, f"name: {value}")) == f"plan.yaml:{place}: {A_NAME}{shown}"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("pod_subnets: []", "pod_subnets: {}", "17: pod_subnets: expected a list, not a mapping"),
        ("pod_subnets: []", "pod_subnets: [5]", "17: pod_subnets[0]: expected a mapping, not 5"),
        ("pod_subnets: []", "pod_subnets: null", "17: pod_subnets: expected a list, not null"),
        ("{min: 1, desired: 2, max: 3}", "[2]", "22: node_groups[0].nodes: expected a mapping, not a list"),
        ("[m5.large]", "m5.large", '20: node_groups[0].instance_types: expected a list, not "m5.large"'),
        ("[m5.large]", "[5]", "20: node_groups[0].instance_types[0]: expected a text, not 5"),
        (
            "[m5.large]",
            "[" + "m5.large, " * 2001 + "]",
            "20: node_groups[0].instance_types: expected at most 2000 entries, not 2001",
        ),
        (PLAN[PLAN.index("\n  percent") :], "\n", "26: growth: expected a mapping, not null"),
        (PLAN[PLAN.index("\n  - name: web") : -1], " []\n", "18: node_groups: expected 1 or more entries, not 0"),
        ("months: 6", "months: 121", "28: growth.months: expected at most 120, not 121"),
        ("name: shop", "name: shop\nip_family: 6", "2: ip_family: expected 'ipv4' or 'ipv6', not 6"),
        ("name: shop", "in_use_includes_nodes: 1\nname: x", "1: in_use_includes_nodes: expected true or false, not 1"),
        ("name: shop", "name: shop\nsnapshot: ''", "2: snapshot: expected 1 or more characters, not 0"),
        ("name: shop", f"snapshot: {'x' * 5000}\nname: x", "1: snapshot: expected at most 4096 characters, not 5000"),
        ("type: prefix", "type: 5", "13: subnets[0].reservations[0].type: expected 'prefix' or 'explicit', not 5"),
        ("managed-node-group", "farg", f'21: node_groups[0].provisioner: {PROVISIONERS}"farg"'),
        ("pods_per_node: 5", "surge: 25 %", f'25: node_groups[0].surge: {NODES}"25 %"'),
        ("pods_per_node: 5", "surge: -1", f"25: node_groups[0].surge: {NODES}-1"),
        ("pods_per_node: 5", "max_unavailable: 2.5", f"25: node_groups[0].max_unavailable: {NODES}2.5"),
        ("pods_per_node: 5", "surge: true", f"25: node_groups[0].surge: {NODES}true"),
    ],
)
def test_a_value_of_another_kind_is_told_with_what_was_expected(old: str, new: str, message: str) -> None:
    assert refusal(changed(old, new)) == f"plan.yaml:{message}"


CPU = "is not an amount of CPU such as 250m or 0.5"
MEMORY = "is not an amount of memory such as 512Mi or 1.5Gi"


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ("cpu: -1", f"cpu: CPU '-1' {CPU}"),
        ("cpu: 1k", f"cpu: CPU '1k' {CPU}"),
        ("cpu: .inf", f"cpu: CPU 'inf' {CPU}"),
        ("cpu: ''", f"cpu: CPU '' {CPU}"),
        ("cpu: 9999999999", "cpu: CPU '9999999999' is more than any node has"),
        ("cpu: null", "cpu: expected an amount of CPU such as 250m, not null"),
        ("cpu: true", "cpu: expected an amount of CPU such as 250m, not true"),
        ("memory: 1g", f"memory: memory '1g' {MEMORY}"),
        ("memory: 500m", f"memory: memory '500m' {MEMORY}"),
        ("memory: [1]", "memory: expected an amount of memory such as 512Mi, not a list"),
    ],
)
def test_a_quantity_is_what_kubernetes_takes(new: str, message: str) -> None:
    text = changed("{cpu: 100m, memory: 100Mi}", f"{{{new}}}")
    assert refusal(text) == f"plan.yaml:23: node_groups[0].pod_requests.{message}"


@pytest.mark.parametrize(
    ("cpu", "millicores"),
    [("250m", 250), ("0.5", 500), ("1", 1000), ("1e3", 1_000_000), ('"1e3"', 1_000_000), ("0.0001", 1)],
)
def test_cpu_may_be_a_number_or_text(cpu: str, millicores: int) -> None:
    (group,) = parse(changed("cpu: 100m", f"cpu: {cpu}")).groups
    assert group.workload.cpu_millicores == millicores


@pytest.mark.parametrize(
    ("memory", "size"), [("512Mi", 512 * 2**20), ("1G", 10**9), ("1.5Gi", 3 * 2**29), ("5", 5), ("1e9", 10**9)]
)
def test_memory_has_kubernetes_suffixes(memory: str, size: int) -> None:
    (group,) = parse(changed("100Mi", memory)).groups
    assert group.workload.memory_bytes == size


@pytest.mark.parametrize(("value", "permille"), [("2.5", 25), ("7", 70), ("7.0", 70), ("2.50", 25), ("1000", 10_000)])
def test_a_percentage_has_one_decimal(value: str, permille: int) -> None:
    text = changed("pods_per_node: 5", f"memory_overhead_percent: {value}\n    growth_percent_per_month: {value}")
    (group,) = parse(text).groups
    assert (group.workload.memory_overhead_permille, group.growth_permille) == (permille, permille)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("7.55", "7.55"),
        ("1001", "1001"),
        ("-1", "-1"),
        ("'5'", '"5"'),
        ("5%", '"5%"'),
        (".nan", "nan"),
        ("1.0e+9", "1000000000.0"),
    ],
)
def test_a_percentage_out_of_bounds_is_refused(value: str, shown: str) -> None:
    for key in ("memory_overhead_percent", "growth_percent_per_month"):
        message = refusal(changed("pods_per_node: 5", f"{key}: {value}"))
        assert message == f"plan.yaml:25: node_groups[0].{key}: {PERCENT}{shown}"


PLANS = [
    EXAMPLE,
    *(path for path in sorted(SCENARIOS.glob("*.yaml")) if not path.stem.endswith((".report", "-aws-node"))),
]


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_every_plan_that_is_shipped_is_valid_by_the_schema_and_by_the_parser(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    jsonschema.validate(yaml.safe_load(text), json_schema(), jsonschema.Draft202012Validator)
    files = {each.name: each.read_text(encoding="utf-8") for each in SCENARIOS.glob("*")}
    assert parse(text, files).groups


def test_the_schema_is_one_itself() -> None:
    schema = json_schema()
    assert schema["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$id"]
    jsonschema.Draft202012Validator.check_schema(schema)


KNOWN_TO_THE_SCHEMA = [
    ("growth:", "grwth:"),
    ("in_use:", "in_used:"),
    ("type: prefix", "typ: prefix"),
    ("pods_per_node:", "pod_per_node:"),
    ("min: 1", "minimum: 1"),
    ("{cpu: 100m, m", "{cpus: 100m, m"),
    ("{pods: 2", "{pod: 2"),
    ("  env:", "  envs:"),
    ("enis: 4", "eni: 4"),
    ("months: 6", "month: 6"),
    ("name: shop\n", ""),
    ("desired: 2, ", ""),
    ("desired: 2", "desired: -1"),
    ("desired: 2", "desired: 2.5"),
    ("desired: 2", "desired: true"),
    ("desired: 2", "desired: '2'"),
    ("desired: 2", "desired: 1000000001"),
    ("pods_per_node: 5", "pods_per_node: 10001"),
    ("pods_per_node: 5", "surge: x"),
    ("pods_per_node: 5", "surge: -1"),
    ("pods_per_node: 5", "memory_overhead_percent: 1001"),
    ("pods_per_node: 5", "growth_percent_per_month: '5'"),
    ("in_use: 3", "in_use: -1"),
    ("in_use: 3", "in_use: [5]"),
    ("in_use: 3", "in_use: true"),
    ("name: shop", "name: a b"),
    ("name: shop", f"name: {'x' * 101}"),
    ("zone: z1", 'zone: "-"'),
    ("managed-node-group", "managed"),
    ("type: prefix", "type: other"),
    ("ENABLE_PREFIX_DELEGATION", "A B"),
    ('"true"', "1.5"),
    ("cpu: 100m", "cpu: true"),
    ("[m5.large]", "m5.large"),
]


@pytest.mark.parametrize(("old", "new"), KNOWN_TO_THE_SCHEMA, ids=[new[:30] for _, new in KNOWN_TO_THE_SCHEMA])
def test_what_the_schema_can_know_the_editor_tells_before_the_parser(old: str, new: str) -> None:
    text = changed(old, new)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(text), json_schema(), jsonschema.Draft202012Validator)
    refusal(text)


def test_every_key_of_the_model_has_its_place_in_the_schema() -> None:
    schema = json_schema()
    parts = {**schema["$defs"], "PlanFile": schema}
    models = {name: each for name, each in vars(plan_model).items() if name.endswith("Model") or name in parts}
    models = {name: each for name, each in models.items() if isinstance(each, type) and issubclass(each, BaseModel)}
    del models["BaseModel"], models["_Model"]
    assert models.keys() == {name for name, part in parts.items() if "properties" in part}
    for name, model in models.items():
        assert parts[name]["properties"].keys() == model.model_fields.keys()
        assert parts[name]["additionalProperties"] is False


def test_a_default_of_the_schema_is_what_the_parser_takes_in_its_place() -> None:
    group = json_schema()["$defs"]["GroupModel"]["properties"]
    values = {key: each["default"] for key, each in group.items() if each.get("default") is not None}
    assert values["memory_overhead_percent"] == 7.5
    document = yaml.safe_load(PLAN)
    for key in document["node_groups"][0].keys() & values.keys():
        del values[key]
    assert values
    spelled_out = document | {"node_groups": [document["node_groups"][0] | values]}
    assert parse(json.dumps(spelled_out)) == parse(PLAN)


def test_the_example_mentions_every_key_at_the_top() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    mentioned = {line.removeprefix("# ").partition(":")[0] for line in lines}
    assert PlanFile.model_fields.keys() <= mentioned
