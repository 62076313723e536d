from cni_plan.render.notes import group_notes
from cni_plan.render.table import Screen, format_table
from cni_plan.render.whole_table import format_whole_table

HEADER = ("NAME", "COUNT", "KIND")
ROWS = [("a", 5, True), ("long name", None, "")]


def test_numbers_stand_right_and_unknown_is_a_dash() -> None:
    assert format_table(HEADER, ROWS, Screen()) == (
        "NAME       COUNT  KIND\n"
        "a              5  yes\n"
        "long name      -  -\n"
    )  # fmt: skip


def test_columns_that_do_not_fit_are_left_out_from_the_right_but_never_the_first() -> None:
    assert format_table(HEADER, ROWS, Screen(width=21)).splitlines()[0] == "NAME       COUNT"
    assert format_table(HEADER, ROWS, Screen(width=3)).splitlines()[2] == "long name"


def test_a_whole_table_goes_on_below_where_the_screen_ends() -> None:
    assert format_whole_table(HEADER, ROWS, Screen(width=21)) == (
        "NAME       COUNT\n"
        "a              5\n"
        "long name      -\n"
        "\n"
        "NAME       KIND\n"
        "a          yes\n"
        "long name  -\n"
    )  # fmt: skip
    for width in (None, 80):
        assert format_whole_table(HEADER, ROWS, Screen(width=width)) == format_table(HEADER, ROWS, Screen(width=width))


def test_notes_are_said_once_with_the_types_they_hold_for() -> None:
    notes = [(f"t{n}", "same") for n in range(5)] + [("t9", "other")]
    assert group_notes(notes) == ["t0, t1, t2 and 2 more: same", "t9: other"]


def test_a_flood_of_notes_is_cut() -> None:
    lines = group_notes((f"t{n}", f"note {n}") for n in range(20))
    assert len(lines) == 9
    assert lines[-1].startswith("12 more notes")
