from dataclasses import replace
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from cni_plan.engine.cluster_verdict import plan_cluster
from cni_plan.engine.findings import Code, Finding, Severity
from cni_plan.render.markdown import escape, table
from cni_plan.render.plan_markdown import markdown
from tests.engine.clusters import SHOP

READER = MarkdownIt("commonmark").enable("table")
"""A Markdown parser with GitHub's tables."""


class Text(HTMLParser):
    """The text of a page, by the tags around it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        self.tags.append(tag)
        if tag in {"td", "th"}:
            self.cells.append("")
            self.in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self.in_cell = False

    in_cell = False

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.in_cell:
            self.cells[-1] += data


WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f\x85\xa0"), max_size=40)


@given(WORDS)
def test_a_text_stands_for_itself(text: str) -> None:
    page = Text(READER.render(f"x{escape(text)}x"))
    assert page.text.strip() == f"x{' '.join(text.split())}x"
    assert page.tags == ["p"]


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=3))
def test_a_table_has_its_cells_and_no_others(rows: list[tuple[str, str]]) -> None:
    page = Text(READER.render(table(("A", "B"), rows)))
    assert page.cells == ["A", "B", *(" ".join(cell.split()) for row in rows for cell in row)]


def test_a_report_reads_back() -> None:
    verdict = plan_cluster(SHOP)
    page = Text(READER.render(markdown(verdict)))
    start = page.cells.index("a")
    # name, zone, free blocks; then what each state needs
    assert page.cells[start : start + 8] == ["a", "a", "12", "10", "16", "20", "20", "20"]
    assert "strong" in page.tags
    assert "shop does not fit" in page.text


def test_what_a_finding_says_opens_no_tag_and_no_link() -> None:
    hostile = Finding(
        Code.UNKNOWN_VARIABLE, Severity.ERROR, "<img src=x>", None, "[a](javascript:b) | `c` **d**", "\n# <script>"
    )
    verdict = replace(plan_cluster(SHOP), findings=(hostile,))
    page = Text(READER.render(markdown(verdict)))
    assert "a" not in page.tags
    assert not {"img", "script", "h1"} & set(page.tags)
    assert "<img src=x>: [a](javascript:b) | `c` **d**" in page.text
