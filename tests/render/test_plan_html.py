import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from cni_plan.catalog import data_file, load_catalog
from cni_plan.engine.cluster_verdict import ClusterVerdict, plan_cluster
from cni_plan.engine.curves import curves_of
from cni_plan.engine.findings import Code, Finding, Severity
from cni_plan.inputs.plan_file import parse_plan
from cni_plan.render.plan_charts import Level, bar, curve_chart
from cni_plan.render.plan_html import page
from cni_plan.render.plan_record import record
from cni_plan.render.plan_words import recommendation, setting
from tests.render import chromium

TIGHT = """
name: tight
cni: {env: {ENABLE_PREFIX_DELEGATION: "true", WARM_PREFIX_TARGET: "1"}}
subnets:
  - {name: a, zone: z1, cidr: 10.0.0.0/24, in_use: [10.0.0.40, 10.0.0.70, 10.0.0.71]}
  - {name: b, zone: z2, cidr: 10.0.1.0/24, in_use: 5}
  - {name: c, zone: z3, cidr: 10.0.2.0/24}
node_groups:
  - name: web
    instance_types: [m5.large, t3.large]
    provisioner: managed-node-group
    nodes: {desired: 6, max: 12}
    pod_requests: {cpu: 100m}
    daemonsets: {pods: 3}
  - {name: small, instance_types: [t3.small], max_pods: 40, nodes: {desired: 1}}
  - {name: jobs, provisioner: fargate, pods: 3}
growth: {percent_per_month: 5, months: 12}
"""
CUSTOM = """
name: custom
cni:
  version: 1.19.0
  env: {AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: "true", WARM_IP_TARGET: "5", MINIMUM_IP_TARGET: "20"}
subnets:
  - {name: nodes, zone: z1, cidr: 10.0.0.0/25}
pod_subnets:
  - name: pods
    zone: z1
    cidr: 100.64.0.0/16
    in_use: 900
    reservations: [{cidr: 100.64.128.0/20, type: prefix}, {cidr: 100.64.1.0/24, type: explicit}]
node_groups:
  - {name: web, instance_types: ["m5.*"], provisioner: karpenter, nodes: {desired: 10, max: 40}, pods_per_node: 17}
"""
IPV6 = """
name: six
ip_family: ipv6
subnets: [{name: a, zone: z1, cidr: 10.0.0.0/26}]
node_groups: [{name: web, instance_types: [m5.large], nodes: {desired: 4}}]
"""
EXAMPLE = data_file("plan_example.yaml").read_text(encoding="utf-8")
RUNNING = """
name: running
in_use_includes_nodes: true
cni: {env: {ENABLE_PREFIX_DELEGATION: "true"}}
subnets: [{name: a, zone: z1, cidr: 10.0.0.0/22, in_use: 300}]
node_groups: [{name: web, instance_types: [m5.large], nodes: {desired: 4, max: 6}, pods_per_node: 20}]
"""
PLANS = {"example": EXAMPLE, "tight": TIGHT, "custom": CUSTOM, "ipv6": IPV6, "running": RUNNING}
VOID = {"meta", "br"}
INLINE = {"a", "code", "span", "strong"}


def judged(text: str) -> ClusterVerdict:
    return plan_cluster(parse_plan(text, "plan", load_catalog(None), lambda _: ""))


@pytest.fixture(scope="module", params=PLANS)
def verdict(request: pytest.FixtureRequest) -> ClusterVerdict:
    return judged(PLANS[request.param])


class Reader(HTMLParser):
    """The text of a page, its ids and attributes; refuses what is not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.tags: Counter[str] = Counter()
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in INLINE:
            self.words.append(" ")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def of(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]


def images(html: str) -> list[ET.Element]:
    return [ET.fromstring(each) for each in re.findall(r"<svg.*?</svg>", html, re.DOTALL)]  # noqa: S314 # our own text


def numbers(value: Any) -> Iterator[int]:  # noqa: ANN401 # whatever JSON holds
    if isinstance(value, dict):
        for each in value.values():
            yield from numbers(each)
    elif isinstance(value, list):
        for each in value:
            yield from numbers(each)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield value


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing(verdict: ClusterVerdict) -> None:
    html = page(verdict)
    read = Reader(html)
    assert not read.tags.keys() & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    assert "http" not in html.replace("http-equiv", "")
    assert not [name for _, name, _ in read.attributes if name.startswith("on") or name == "src"]
    assert all(href.startswith("#") for href in read.of("href"))
    assert set(re.findall(r"url\((.)", html)) <= {"#"}
    assert "@import" not in html
    assert "default-src 'none'; style-src 'unsafe-inline'" in html


def test_every_link_and_pattern_leads_to_the_one_element_of_that_name(verdict: ClusterVerdict) -> None:
    html = page(verdict)
    read = Reader(html)
    names = Counter(read.of("id"))
    assert set(names.values()) == {1}
    targets = {href[1:] for href in read.of("href")} | set(re.findall(r"url\(#([^)]+)\)", html))
    assert targets | set(read.of("aria-labelledby")) <= set(names)


def test_every_image_is_well_formed_and_says_what_it_shows(verdict: ClusterVerdict) -> None:
    for image in images(page(verdict)):
        if image.get("aria-hidden") == "true":
            continue
        title = image.find("title")
        assert image.get("role") == "img"
        assert title is not None
        assert image.get("aria-label") == title.text


def test_tables_have_captions_and_heads_with_a_scope(verdict: ClusterVerdict) -> None:
    read = Reader(page(verdict))
    assert read.tags["caption"] == read.tags["table"]
    scopes = [value for tag, name, value in read.attributes if (tag, name) == ("th", "scope")]
    assert len(scopes) == read.tags["th"]
    assert ("html", "lang", "en") in read.attributes
    assert read.tags["h1"] == 1


def test_every_number_of_the_subnets_states_is_in_the_page(verdict: ClusterVerdict) -> None:
    there = {int(each) for each in re.findall(r"\d+", Reader(page(verdict)).text)}
    for subnet in record(verdict)["subnets"]:
        asked = {abs(each) for each in numbers([subnet["states"], subnet["free_prefixes"], subnet["free_addresses"]])}
        assert asked <= there


def test_the_page_says_what_the_other_reports_say(verdict: ClusterVerdict) -> None:
    text = Reader(page(verdict)).text
    assert setting(verdict.report) in text
    assert recommendation(verdict) in text
    for finding in verdict.findings:
        assert finding.message.replace("`", "") in text
        assert f"Fix: {finding.fix.replace('`', '')}" in text
        assert f"{finding.severity}, {finding.code}" in text
    for subnet in verdict.report.subnets:
        assert str(subnet.planned.subnet.cidr) in text
        assert all(str(cidr) in text for cidr in subnet.reservations)
    for group in verdict.report.groups:
        assert all(each.name in text and each.density.bounds[0].formula in text for each in group.types)


def test_whether_a_state_fits_is_told_in_words_beside_its_name() -> None:
    text = Reader(page(judged(TIGHT))).text
    article = text[text.index("10.0.1.0/24. 256 addresses") :]
    for state, word in (("desired", "fits"), ("maximum", "may not fit"), ("rolling-update", "does not fit")):
        assert f"{state} {word}" in article


def test_what_a_message_holds_is_text_and_nothing_else() -> None:
    hostile = "</p><script>alert('\"&')</script><svg onload=x>"
    finding = Finding(Code.OTHER_MODE, Severity.ERROR, hostile, hostile, hostile, hostile)
    whole = judged(EXAMPLE)
    cluster = replace(whole.report.cluster, name=hostile)
    html = page(replace(whole, findings=(finding,), report=replace(whole.report, cluster=cluster)))
    read = Reader(html)
    assert read.tags["script"] == 0
    assert not read.of("onload")
    assert read.text.count(hostile) == 3 + 2  # variable, message and fix; the name in the title and the heading


def test_the_same_verdict_makes_the_same_page() -> None:
    assert page(judged(EXAMPLE)) == page(judged(EXAMPLE))


def widths(svg: str) -> dict[str, tuple[str, str]]:
    root = ET.fromstring(svg)  # noqa: S314 # our own text
    return {rect.get("class", ""): (rect.get("x", "0"), rect.get("width", "")) for rect in root.iter("rect")}


def test_a_bar_is_as_wide_as_what_is_needed_of_what_there_is() -> None:
    # 39 of 55 blocks for certain, 62 at best: 39 / 62 = 62.90 %, 55 / 62 = 88.71 %, and (62 - 55) / 62 = 11.29 %
    assert widths(bar(Level(39, 55, 62), "x")) == {
        "track": ("0", "88.71%"),
        "best": ("88.71%", "11.29%"),
        "needed": ("0", "62.90%"),
    }


def test_what_does_not_fit_stands_beyond_the_end_of_what_there_is() -> None:
    # 15 of 12: 12 / 15 = 80 %, and 3 / 15 = 20 % beyond
    drawn = bar(Level(15, 12, 12), "x")
    assert widths(drawn) == {"track": ("0", "80.00%"), "needed": ("0", "80.00%"), "beyond": ("80.00%", "20.00%")}
    assert '<line class="end" x1="80.00%"' in drawn
    # 12 of 9 to 14: 9 / 14 = 64.29 %, and 3 / 14 = 21.43 % that may be there
    assert widths(bar(Level(12, 9, 14), "x"))["perhaps"] == ("64.29%", "21.43%")


def test_bars_of_a_subnet_share_a_scale() -> None:
    assert widths(bar(Level(6, 12, 12), "x", scale=24)) == {"track": ("0", "50.00%"), "needed": ("0", "25.00%")}
    assert widths(bar(Level(0, 0, 0), "x")) == {"track": ("0", "0.00%")}


def corners(path: str) -> list[tuple[float, float]]:
    """The points of a path of M, L, H and V."""
    points: list[tuple[float, float]] = []
    for command, numbers_ in re.findall(r"([MLHV])([^MLHVZ]+)", path):
        values = [float(each) for each in numbers_.split()]
        x, y = points[-1] if points else (0.0, 0.0)
        points.append({"H": (values[0], y), "V": (x, values[0])}.get(command) or (values[0], values[-1]))
    return points


@pytest.mark.parametrize("name", ["tight", "custom"])
def test_the_curves_are_the_simulation(name: str) -> None:
    for curve in curves_of(judged(PLANS[name]).report).curves:
        root = ET.fromstring(curve_chart(curve, "x"))  # noqa: S314 # our own text
        paths = {each.get("class"): corners(each.get("d", "")) for each in root.iter("path")}
        ticks = [(int(each.text or ""), each) for each in root.iter("text") if (each.text or "").isdigit()]
        across = {value: float(each.get("x", "")) for value, each in ticks if each.get("text-anchor") == "middle"}
        along = {value: float(each.get("y", "")) - 4 for value, each in ticks if each.get("text-anchor") == "end"}
        pods_wide = (across[max(across)] - across[0]) / max(across)
        high = (along[max(along)] - along[0]) / max(along)
        held = [state.total_ips for state in curve.states]
        # a stair's corners are the first point, then each change at the pods it comes with, then the last pod
        stairs = [(0, held[0])]
        for pods in range(1, len(held)):
            if held[pods] != held[pods - 1]:
                stairs += [(pods, held[pods - 1]), (pods, held[pods])]
        stairs.append((len(held) - 1, held[-1]))
        drawn = [((x - across[0]) / pods_wide, (y - along[0]) / high) for x, y in paths["held"]]
        assert drawn == [pytest.approx(point, abs=0.5) for point in stairs]
        used = [((x - across[0]) / pods_wide, (y - along[0]) / high) for x, y in paths["used"]]
        assert used[0] == pytest.approx((0, 0))
        assert used[-1] == pytest.approx((curve.states[-1].pods, curve.states[-1].assigned_ips), abs=0.5)


def test_groups_without_a_curve_are_told_why() -> None:
    text = Reader(page(judged(TIGHT))).text
    assert "No curve for jobs: each pod on Fargate has an ENI of its own" in text
    assert "No curve for web: one IPv6 /80 prefix serves every pod" in Reader(page(judged(IPV6))).text


def test_a_map_has_a_cell_for_each_block_and_an_outline_for_what_is_to_be_reserved() -> None:
    html = page(judged(TIGHT))
    first = next(image for image in images(html) if image.get("class") == "map")
    cells: Counter[str] = Counter()
    for path in first.iter("path"):
        for run in re.findall(r"h(\d+)v", path.get("d", "")):
            cells[path.get("class", "")] += int(run) // 14
    # a /24 has 16 blocks: AWS's two, one with 1 address in use, one with 2, and 12 that are free
    assert cells == {"cell-aws": 2, "cell-singles-1": 1, "cell-singles-2": 1, "cell-free": 12}
    outlines = [each for each in first.iter("rect") if each.get("class") == "to-reserve"]
    assert len(outlines) == len(record(judged(TIGHT))["subnets"][0]["reservations"])


def many(subnets: int, groups: int) -> str:
    used = ", ".join(f"10.{{0}}.{at // 4}.{at % 4 * 64 + 1}" for at in range(0, 1024, 3))
    places = [
        f"  - {{name: s{at}, zone: z{at % 3}, cidr: 10.{at}.0.0/16, in_use: [{used.format(at)}]}}"
        for at in range(subnets)
    ]
    nodes = [
        f"  - {{name: g{at}, instance_types: [m5.large], max_pods: {20 + at}, nodes: {{desired: 2}}}}"
        for at in range(groups)
    ]
    return "\n".join(["name: many", "subnets:", *places, "node_groups:", *nodes])


def test_a_large_plan_makes_a_page_of_bounded_size_that_says_what_it_leaves_out() -> None:
    html = page(judged(many(subnets=130, groups=30)))
    assert len(html) < 4_000_000
    text = Reader(html).text
    assert html.count('class="curve"') == 24
    assert "6 more kinds of nodes are left out" in text
    assert "10 more subnets, which fare no worse than these, are left out" in text
    assert "more groups: " in text


LAYOUT = """
const width = document.documentElement.clientWidth;
const shown = [...document.querySelectorAll('svg[role=img]')].map((each) => each.getBoundingClientRect());
const overlaps = [];
for (const chart of document.querySelectorAll('svg.curve')) {
  const boxes = [...chart.querySelectorAll('text')].map((each) => [each.textContent, each.getBoundingClientRect()]);
  boxes.forEach(([one, a], at) => boxes.slice(at + 1).forEach(([other, b]) => {
    if (a.left < b.right && b.left < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom)
      overlaps.push(one + ' / ' + other);
  }));
}
const sizes = [...document.querySelectorAll('svg.curve text')].map((each) => each.getBoundingClientRect().height);
return {
  width, scroll: document.documentElement.scrollWidth, images: shown.length,
  empty: shown.filter((each) => each.width < 1 || each.height < 1).length,
  outside: [...document.querySelectorAll('h1, h2, h3, p, li, svg.curve, .fit')].filter(
    (each) => !each.closest('.scroll') && each.getBoundingClientRect().right > width + 1).length,
  overlaps, smallest: Math.min(...sizes),
  tooWide: [...document.querySelectorAll('.scroll')].filter((each) => each.scrollWidth > each.clientWidth + 1).length,
};
"""


LAID_OUT = ("example", "tight", "custom", "long")


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    longest = EXAMPLE.replace("general", "g" * 100).replace("private-a", "p" * 100).replace("eu-west-1a", "z" * 100)
    plans = {**PLANS, "long": longest.replace("name: shop", f"name: {'s' * 100}")}
    pages = {name: page(judged(plans[name])) for name in LAID_OUT}
    return chromium.measured(pages, (1280, 360), LAYOUT, tmp_path_factory.mktemp("layout"))


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("name", LAID_OUT)
def test_the_page_is_laid_out_without_scrolling_sideways(layout: dict[str, Any], name: str, width: int) -> None:
    told = layout[f"{name}@{width}"]
    assert told["width"] == width
    assert told["scroll"] <= width
    assert told["images"] > 10
    assert (told["empty"], told["outside"], told["overlaps"]) == (0, 0, [])
    assert told["smallest"] >= 11  # a line of text, in pixels
    assert told["tooWide"] == 0 or width < 1280  # a phone scrolls a wide table within its box, a desktop shows it whole


@pytest.mark.parametrize("width", [1280, 360])
def test_the_page_shows_its_palette(tmp_path: Path, width: int) -> None:
    picture = chromium.screenshot(page(judged(TIGHT)), tmp_path, width=width, height=1100)
    assert (picture.width, picture.height) == (max(width, 500), 1100)
    assert {bytes.fromhex("0072b2"), bytes.fromhex("d55e00")} <= {colour[:3] for colour in picture.colours()}


def test_the_page_prints_on_a_few_sheets(tmp_path: Path) -> None:
    document = chromium.printed(page(judged(TIGHT)), tmp_path)
    assert document.startswith(b"%PDF")
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", document)) <= 9
