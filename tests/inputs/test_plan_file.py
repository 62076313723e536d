import json
from collections.abc import Callable
from datetime import date
from typing import Any

import jsonschema  # type: ignore[import-untyped] # its stubs are a package of their own
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cni_plan.engine.cluster import Cluster, Quantity, Role
from cni_plan.errors import InputError
from cni_plan.inputs.plan_model import PlanFile, json_schema
from tests.inputs.plans import A_NAME, BY_SNAPSHOT, EXAMPLE, PLAN, SCENARIOS, SNAPSHOT, changed, parse, refusal

NOT_A = "YAML takes it for"
SYSTEM = "tag:yaml.org,2002:python/object/apply:os.system"
ONE_MAPPING = "plan.yaml: expected one YAML mapping, not {}; `cni-plan plan --example` prints one"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ONE_MAPPING.format("nothing")),
        ("# nothing\n", ONE_MAPPING.format("nothing")),
        ("null", ONE_MAPPING.format("null")),
        ("- a\n", ONE_MAPPING.format("a list")),
        ("shop", ONE_MAPPING.format('"shop"')),
        (f"{PLAN}---\n{PLAN}", ONE_MAPPING.format("2 documents")),
        (f"{PLAN}--- !!bool x\n", ONE_MAPPING.format("2 documents")),
        ("{}{}", ONE_MAPPING.format("2 documents")),
        ("name:\n\t- x", "plan.yaml:2: broken YAML: found character that cannot start any token"),
        ("name: [a\nb: c\n", "plan.yaml:2: broken YAML: did not find expected ',' or ']'"),
        ("name: *nope", "plan.yaml:1: broken YAML: found undefined alias"),
        ('{"name": "x",\n "subnets": ', "plan.yaml:2: broken JSON: Expecting value at column 13"),
        (
            "name: !!python/object/apply:os.system [id]",
            f"plan.yaml:1: broken YAML: could not determine a constructor for the tag '{SYSTEM}'",
        ),
        (
            changed("zone: z1", "zone: 2020-99-99"),
            f'plan.yaml:9: subnets[0].zone: {NOT_A} a date, which it is not: "2020-99-99"; put text into quotes',
        ),
        (
            changed("name: shop", "name: !!bool x"),
            f'plan.yaml:1: name: {NOT_A} true or false, which it is not: "x"; put text into quotes',
        ),
        ("name: &a [*a]", "plan.yaml: stands for more than 500000 values; aliases that multiply are refused"),
        (f"name: {'[' * 300}{']' * 300}", "plan.yaml: nested more than 200 levels deep"),
        ('{"name": ' + "[" * 990 + "]" * 990 + "}", "plan.yaml: nested more than 200 levels deep"),
    ],
)
def test_what_is_no_plan_at_all_is_told(text: str, message: str) -> None:
    assert refusal(text) == message


@pytest.mark.parametrize(
    "write",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: f"---\n{text}...\n",
        lambda text: f"%YAML 1.1\n---\n{text}",
        lambda text: "#" * 3_000_000 + "\n" + text,
        lambda text: json.dumps(yaml.safe_load(text)),
        lambda text: json.dumps(yaml.safe_load(text), indent="\t"),
        lambda text: json.dumps(yaml.safe_load(text)).replace("/", "\\/"),
        lambda text: yaml.safe_dump(yaml.safe_load(text), default_flow_style=True),
    ],
    ids=["crlf", "document", "directive", "comment", "json", "tabs", "escapes", "flow"],
)
def test_one_plan_reads_the_same_in_every_notation(write: Callable[[str], str]) -> None:
    assert parse(write(PLAN)) == parse(PLAN)


def test_a_fault_in_json_has_its_line() -> None:
    document = yaml.safe_load(PLAN)
    document["node_groups"][0]["nodes"]["desired"] = -1
    for text in (json.dumps(document, indent=1), json.dumps(document | {"name": "\ud83d"}, indent="\t")):
        line = text[: text.index('"desired"')].count("\n") + 1
        expected = f"plan.yaml:{line}: node_groups[0].nodes.desired: expected at least 0, not -1"
        assert refusal(text.replace("\\ud83d", "shop")) == expected
    assert refusal(text) == f'plan.yaml:2: name: {A_NAME}"\\ud83d" (and 1 more)'
    assert refusal('{"name": "a",\n"n\\u0061me": "b"}') == "plan.yaml:2: name: stands twice, on line 1 first"


SHARED = """\
name: shop
subnets:
  - &a {name: a, zone: &z z1, cidr: 10.0.0.0/24}
  - {<<: *a, name: b, cidr: 10.0.1.0/24}
node_groups:
  - &group
    name: web
    instance_types: &types [m5.large]
    nodes: &nodes {desired: 2}
    zones: [*z]
  - <<: *group
    name: jobs
    pods: 40
  - {<<: [{nodes: *nodes}, *group], name: more, instance_types: *types}
"""
SPELLED_OUT = """\
name: shop
subnets:
  - {name: a, zone: z1, cidr: 10.0.0.0/24}
  - {name: b, zone: z1, cidr: 10.0.1.0/24}
node_groups:
  - {name: web, instance_types: [m5.large], nodes: {desired: 2}, zones: [z1]}
  - {name: jobs, instance_types: [m5.large], nodes: {desired: 2}, zones: [z1], pods: 40}
  - {name: more, instance_types: [m5.large], nodes: {desired: 2}, zones: [z1]}
"""


def test_anchors_aliases_and_merge_keys_mean_what_they_say() -> None:
    assert parse(SHARED) == parse(SPELLED_OUT)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("zone: &z z1", "zone: &z 5", f"3: subnets[0].zone: {A_NAME}5 (and 4 more)"),
        ("{desired: 2}", "{desired: -2}", "9: node_groups[0].nodes.desired: expected at least 0, not -2 (and 2 more)"),
        (
            "    pods: 40\n",
            "    zones: [z2]\n",
            "13: node_groups[1].zones[0]: no subnet of nodes is in z2; there are some in z1",
        ),
        ("    name: jobs\n", "", "7: node_groups[1].name: web stands twice"),
        (
            "<<: *a, name: b, cidr: 10.0.1.0/24",
            "<<: *a, name: b",
            "3: subnets[1].cidr: 10.0.0.0/24 overlaps 10.0.0.0/24 of subnet a",
        ),
        ("{<<: [{nodes: *nodes}", "{<<: [{node: *nodes}", "14: node_groups[2].node: unknown key; did you mean nodes?"),
        (
            "<<: *group",
            "<<: 5",
            "11: broken YAML: expected a mapping or list of mappings for merging, but found scalar",
        ),
    ],
)
def test_a_fault_in_what_is_shared_is_told_where_it_is_written(old: str, new: str, message: str) -> None:
    assert refusal(changed(old, new, SHARED)) == f"plan.yaml:{message}"


NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,20}", fullmatch=True)


@st.composite
def small_plans(draw: st.DrawFn) -> dict[str, Any]:
    zones = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    starts = draw(st.lists(st.integers(0, 2**16 - 1), min_size=len(names), max_size=len(names), unique=True))
    subnets = [
        {
            "name": name,
            "zone": draw(st.sampled_from(zones)),
            "cidr": f"{10 + (start >> 14)}.{(start >> 6) & 255}.{(start & 63) * 4}.0/22",
            "in_use": draw(st.integers(0, 1019)),
        }
        for name, start in zip(names, starts, strict=True)
    ]
    counts = st.lists(st.integers(0, 10**9), min_size=3, max_size=3).map(sorted)
    groups = []
    for name in draw(st.lists(NAMES, min_size=1, max_size=4, unique=True)):
        least, desired, most = draw(counts)
        group = {"name": name, "instance_types": ["m5.large"], "nodes": {"min": least, "desired": desired, "max": most}}
        optional = {
            "pods": st.integers(0, 10**9),
            "surge": st.integers(0, 10**9 - 1) | st.integers(0, 100).map("{}%".format),
        }
        groups.append(group | draw(st.fixed_dictionaries({}, optional=optional)))
    return {"name": draw(NAMES), "subnets": subnets, "node_groups": groups}


@given(small_plans(), st.booleans())
def test_what_was_written_is_what_is_planned(document: dict[str, Any], as_json: bool) -> None:
    text = json.dumps(document) if as_json else yaml.safe_dump(document)
    jsonschema.validate(document, json_schema(), jsonschema.Draft202012Validator)
    cluster = parse(text)
    assert cluster.name == document["name"]
    assert [(each.name, each.zone, str(each.subnet.cidr), each.unplaced, each.role) for each in cluster.subnets] == [
        (*(each[key] for key in ("name", "zone", "cidr", "in_use")), Role.NODES) for each in document["subnets"]
    ]
    for group, written in zip(cluster.groups, document["node_groups"], strict=True):
        assert (group.name, group.pods) == (written["name"], written.get("pods"))
        assert (group.desired_nodes, group.maximum_nodes) == (written["nodes"]["desired"], written["nodes"]["max"])
        surge = str(written["surge"]) if "surge" in written else None
        assert group.surge == (surge and Quantity(int(surge.removesuffix("%")), is_percent=surge.endswith("%")))
        assert set(group.zones) == {each["zone"] for each in document["subnets"]}


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**200), 10**200)
    | st.floats()
    | st.text(max_size=20)
    | st.binary(max_size=5)
    | st.dates()
    | st.sampled_from(
        ["10.0.0.0/24", "10.0.0.0/8", "::/0", "z1", "a", "m5.*", "*", "-5%", "1e99", "subnet-1", "m.yaml", "on"]
    )
)
KEYS = SCALARS.filter(lambda key: key == key)  # noqa: PLR0124 # NaN is no key
JUNK = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=5
)
FILES = {
    "m.yaml": "ENABLE_IPv6=true\n",
    "vpc.json": json.dumps(SNAPSHOT),
    "large-aws-node.yaml": (SCENARIOS / "large-aws-node.yaml").read_text(encoding="utf-8"),
}
WHOLE = [
    PLAN,
    BY_SNAPSHOT,
    SHARED,
    EXAMPLE.read_text(encoding="utf-8"),
    (SCENARIOS / "large.yaml").read_text(encoding="utf-8"),
]


def check_that_it_is_a_cluster_or_refused(text: str) -> None:
    try:
        cluster = parse(text, FILES)
    except InputError as error:
        message = str(error)
        assert message.startswith("plan.yaml"), message
        assert "pydantic" not in message
        assert len(message.splitlines()) == 1
    else:
        assert isinstance(cluster, Cluster)


def places_of(value: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401 # whatever YAML holds
    found: list[tuple[Any, Any]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        found += [(value, key), *places_of(each)]
    return found


@given(st.data(), st.sampled_from(WHOLE), st.booleans())
def test_a_plan_with_anything_changed_is_a_cluster_or_refused(data: st.DataObject, text: str, renamed: bool) -> None:
    document = yaml.safe_load(text)
    places = places_of(document)
    holder, key = places[data.draw(st.integers(0, len(places) - 1))]
    if renamed and isinstance(holder, dict):
        new = data.draw(SCALARS | st.sampled_from(sorted(PlanFile.model_fields)))
        holder[new] = holder.pop(key)
    else:
        holder[key] = data.draw(JUNK)
    check_that_it_is_a_cluster_or_refused(yaml.safe_dump(document))


PIECES = st.sampled_from(
    [
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "-",
        "&a ",
        "*a",
        "<<: ",
        "!!",
        "!!int ",
        "!!bool ",
        "!!timestamp ",
        "|",
        ">",
        "'",
        '"',
        "%",
        "@",
        "#",
        "\t",
        "\n",
        " ",
        "0x",
        "~",
        "? ",
        "---\n",
        "\\",
        "\x00",
        "\ud7ff",
        "\u2028",
    ]
)


@given(st.data(), st.sampled_from([*WHOLE, json.dumps(yaml.safe_load(PLAN), indent=1)]))
def test_a_text_with_anything_changed_is_a_cluster_or_refused(data: st.DataObject, text: str) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = start + data.draw(st.integers(0, 3))
        text = text[:start] + data.draw(PIECES | st.text(max_size=2)) + text[end:]
    check_that_it_is_a_cluster_or_refused(text)


def test_a_date_is_no_name() -> None:
    assert refusal(yaml.safe_dump(yaml.safe_load(PLAN) | {"name": date(2020, 1, 2)})).endswith(f"{A_NAME}2020-01-02")
