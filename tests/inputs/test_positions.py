import json
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cni_plan.errors import InputError
from cni_plan.inputs.positions import LONGEST_NUMBER, PlanText, compose, line_of, show

TEXT = """\
base: &base
  first: 1
  deep: {a: 1,
         b: 2}
list:
  - one
  - - two
    - three
  - *base
merged:
  <<: *base
  own: 5
both:
  <<: [{x: 1}, *base,
       {y: 2}]
  "<<": text
"""


def root_of(text: str) -> object:
    (root,) = compose(text, "test")
    return root


def refusal_of(text: str) -> str:
    with pytest.raises(InputError) as caught:
        PlanText("test", root_of(text)).check()
    return str(caught.value)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), None),
        (("base",), 1),
        (("base", "first"), 2),
        (("base", "deep", "b"), 4),
        (("list", 0), 6),
        (("list", 1, 1), 8),
        (("list", 2, "first"), 2),
        (("merged", "own"), 12),
        (("merged", "first"), 2),
        (("merged", "deep", "b"), 4),
        (("both", "x"), 14),
        (("both", "first"), 2),
        (("both", "y"), 15),
        (("both", "<<"), 16),
    ],
)
def test_a_value_is_found_where_it_is_written_also_through_aliases_and_merges(
    path: Sequence[str | int], line: int | None
) -> None:
    assert line_of(root_of(TEXT), path) == line


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("nowhere",), 1),
        (("merged", "nowhere"), 10),
        (("list", 7), 5),
        (("list", "nowhere"), 5),
        (("list", 0, "nowhere"), 6),
        (("base", 0), 1),
        (("base", "first", "nowhere", 3), 2),
    ],
)
def test_what_is_not_there_is_told_with_the_line_of_what_is_around_it(path: Sequence[str | int], line: int) -> None:
    assert line_of(root_of(TEXT), path) == line


def test_a_mapping_that_merges_itself_ends() -> None:
    root = root_of("a: &a\n  <<: *a\n  b: 1\n")
    assert (line_of(root, ("a", "b")), line_of(root, ("a", "c"))) == (3, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "test:3: a: stands twice, on line 1 first"),
        ("x:\n  - {k: 1,\n     'k': 2}\n", "test:3: x[0].k: stands twice, on line 2 first"),
        ('{"a": {"b": 1,\n"b": 2}}', "test:2: a.b: stands twice, on line 1 first"),
        ("z: &z {k: 1, k: 2}\ny: *z\n", "test:1: z.k: stands twice, on line 1 first"),
        ("a: {<<: {k: 1, k: 2}}\n", "test:1: a.k: stands twice, on line 1 first"),
        ("'<<': 1\n'<<': 2\n", "test:2: <<: stands twice, on line 1 first"),
        ("b: {c: 1, c: 2}\na: 1\na: 1\n", "test:1: b.c: stands twice, on line 1 first"),
        ('"a b": {"c\\n": 1, "c\\n": 2}\n', 'test:1: ["a b"]["c\\n"]: stands twice, on line 1 first'),
    ],
)
def test_the_first_key_that_stands_twice_is_told_with_both_lines(text: str, message: str) -> None:
    assert refusal_of(text) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("on: 1\n", "test:1: expected a key of text, not on"),
        ("a:\n  5: 1\n", "test:2: a: expected a key of text, not 5"),
        ("a:\n  - ~: 1\n", "test:2: a[0]: expected a key of text, not ~"),
        ("2020-01-01: 1\n", "test:1: expected a key of text, not 2020-01-01"),
        ("[a, b]: 1\n", "test:1: expected a key of text, not a list"),
    ],
)
def test_a_key_that_yaml_takes_for_something_else_is_shown_as_it_is_written(text: str, message: str) -> None:
    assert refusal_of(text) == message


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("!!int x", "a whole number"),
        ("!!float x", "a number"),
        ("!!bool x", "true or false"),
        ("!!timestamp x", "a date"),
        ("!!binary é", "binary data"),
    ],
)
def test_a_value_that_is_not_what_its_tag_says_is_no_traceback(value: str, kind: str) -> None:
    text = json.dumps(value.split()[1], ensure_ascii=False)
    assert refusal_of(f"a:\n- {value}\n") == (
        f"test:2: a[0]: YAML takes it for {kind}, which it is not: {text}; put text into quotes"
    )


def test_a_date_that_the_calendar_has_not_is_told_with_its_line() -> None:
    assert refusal_of("a: 1\nb: 2020-99-99\n") == (
        'test:2: b: YAML takes it for a date, which it is not: "2020-99-99"; put text into quotes'
    )


@pytest.mark.parametrize("number", ["9" * 5000, "0x" + "f" * 4998, '{"a": ' + "9" * 5000 + "}"])
def test_a_number_that_python_will_not_print_is_refused(number: str) -> None:
    assert f": expected a number of at most {LONGEST_NUMBER} digits, not of 5000" in refusal_of(f"a: {number}")


@pytest.mark.parametrize("text", ["", "# nothing\n", "a: [1", "a: *nope", "a:\n\t- b", "a: \x00"])
def test_what_is_no_yaml_has_no_nodes(text: str) -> None:
    assert compose(text, "test") == []


def test_every_document_has_its_node() -> None:
    assert len(compose("a: 1\n---\n- b\n---\nc\n", "test")) == 3


@pytest.mark.parametrize("odd", ["\\ud83d\\ude00", "\\ud800", "\x7f"])
def test_json_that_is_no_yaml_has_lines_all_the_same(odd: str) -> None:
    (root,) = compose('{\n"a": "' + odd + '",\n"b": 1}', "test")
    assert line_of(root, ("b",)) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x" * 5_000_000, "test is larger than 4 MiB"),
        ("[" * 100_000, "test: nested more than 200 levels deep"),
        ('{"a": ' + "[" * 900 + "]" * 900 + "}", "test: nested more than 200 levels deep"),
        ("x: [" + "a," * 500_000 + "]", "test: has more than 150000 values"),
        ("- a\n" * 500_000, "test: has more than 150000 values"),
    ],
    ids=["size", "depth", "depth of json", "flow", "block"],
)
def test_what_would_take_long_to_read_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        compose(text, "test")
    assert str(caught.value) == message


def merge_bomb(levels: int) -> str:
    names = [f"m{level}" for level in range(levels)]
    doubled = "".join(f"{after}: &{after}\n  <<: [*{before}, *{before}]\n" for before, after in pairwise(names))
    return f"m0: &m0 {{x: 1}}\n{doubled}"


def test_merge_keys_that_multiply_are_refused_also_before_a_document_that_is_broken() -> None:
    # Level n copies 2^n pairs: 1 + (1 + 2) + (1 + 6) + ...
    for text in (merge_bomb(30), f"{merge_bomb(30)}---\n[", f"{{a: {{}}}}\n---\n{merge_bomb(30)}"):
        with pytest.raises(InputError, match=r"^test:\d+: merge keys that multiply are refused$"):
            compose(text, "test")
    assert len(compose(merge_bomb(10), "test")) == 1


def test_a_fault_is_one_line_of_characters_that_can_be_printed() -> None:
    text = PlanText("test", root_of('a: 1\n"b\\e[31m": 2\n'))
    with pytest.raises(InputError) as caught:
        text.fault(("b\x1b[31m", 3), "what\nwas \x1b[2J\u202e expected")
    assert str(caught.value) == 'test:2: ["b\\u001b[31m"][3]: what was ?[2J? expected'


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("x", '"x"'),
        ("é\n", '"é\\n"'),
        ("\ud800", '"\\ud800"'),
        ("x" * 61, f'"{"x" * 60}..."'),
        (True, "true"),
        (None, "null"),
        (-5, "-5"),
        (2.5, "2.5"),
        (date(2020, 1, 2), "2020-01-02"),
        ({"a": 1}, "a mapping"),
        ([1], "a list"),
    ],
)
def test_a_value_is_shown_as_the_file_has_it(value: object, shown: str) -> None:
    assert show(value) == shown


def test_a_value_nested_beyond_what_python_walks_is_shown() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert show(deep) == "a list"


NESTED = st.recursive(
    st.integers(0, 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=12,
)


@given(NESTED, st.booleans())
def test_what_is_well_formed_has_no_fault_and_a_line_for_every_value(value: object, as_json: bool) -> None:
    text = json.dumps({"top": value}, indent=1) if as_json else yaml.safe_dump({"top": value})
    root = root_of(text)
    PlanText("test", root).check()
    lines = text.splitlines()
    stack: list[tuple[tuple[str | int, ...], object]] = [(("top",), value)]
    while stack:
        path, each = stack.pop()
        line = line_of(root, path)
        assert line is not None
        if isinstance(path[-1], str):
            assert path[-1] in lines[line - 1]
        if isinstance(each, dict):
            stack += [((*path, key), inner) for key, inner in each.items()]
        elif isinstance(each, list):
            stack += [((*path, place), inner) for place, inner in enumerate(each)]
