import json

import pytest

from cni_plan.catalog import COLUMNS
from tests.support import Cli


def test_a_list_is_filtered_by_globs_and_ordered_by_size(cli: Cli) -> None:
    lines = cli("catalog", "list", "t3.*").out.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["t3.nano", "t3.micro", "t3.small"]
    assert len(lines) == 1 + 7
    assert len(json.loads(cli("catalog", "list", "-o", "json").out)) == 1416


def test_a_type_is_shown_in_full_with_unknown_as_null(cli: Cli) -> None:
    (record,) = json.loads(cli("catalog", "show", "c5a.metal", "-o", "json").out)
    assert tuple(record) == COLUMNS
    assert record["architectures"] == ["x86_64"]
    assert record["branch_enis"] is record["hypervisor"] is None
    sheet = cli("catalog", "show", "c5a.metal").out
    assert "branch_enis           -\n" in sheet


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "t3.larg"), "did you mean t3.large"),
        (("list", "z9.*"), "no instance type matches"),
        (("diff", "/nowhere"), "cannot read the table"),
        (("show",), "Missing argument"),
        ((), "Missing command"),
    ],
)
def test_bad_input_is_one_clear_line(cli: Cli, arguments: tuple[str, ...], message: str) -> None:
    outcome = cli("catalog", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1
    assert message in outcome.err
