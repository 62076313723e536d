import http.server
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from tests.servers import endpoint, says
from tests.support import Cli

pytestmark = pytest.mark.usefixtures("aws")

QUESTION = ("recommend", "--pods", "500", "--cpu-per-pod", "250m", "--prices", "aws")
PRICES = {"m5.large": "0.0960000000", "m5.xlarge": "0.1920000000", "c6i.large": "0.0850000000"}
Body = dict[str, Any]


def entry(name: str, usd: str) -> str:
    """An entry of `PriceList`, with the attributes that matter and some that do not."""
    return json.dumps(
        {
            "product": {
                "productFamily": "Compute Instance",
                "attributes": {"instanceType": name, "vcpu": "2", "usagetype": f"EUC1-BoxUsage:{name}"},
                "sku": "SKU",
            },
            "serviceCode": "AmazonEC2",
            "terms": {
                "OnDemand": {
                    "SKU.TERM": {
                        "priceDimensions": {
                            "SKU.TERM.DIM": {"unit": "Hrs", "pricePerUnit": {"USD": usd}, "appliesTo": []}
                        },
                        "sku": "SKU",
                        "termAttributes": {},
                    }
                }
            },
        }
    )


@contextmanager
def price_list(*answers: tuple[int, Body | str]) -> Iterator[tuple[str, list[Body], list[str]]]:
    """A Price List that gives one answer after the other, the last one for ever.

    Yields its address, the requests' bodies, and the requests' Authorization headers.
    """
    asked: list[Body] = []
    signed: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["X-Amz-Target"] == "AWSPriceListService.GetProducts"
            signed.append(self.headers["Authorization"])
            status, body = answers[min(len(asked), len(answers) - 1)]
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            data = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked, signed
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def page(names: Sequence[str], token: str | None = None) -> tuple[int, Body]:
    found: Body = {"FormatVersion": "aws_v1", "PriceList": [entry(name, PRICES[name]) for name in names]}
    return 200, found | ({"NextToken": token} if token else {})


def filters(body: Body) -> dict[str, str]:
    assert {each["Type"] for each in body["Filters"]} == {"TERM_MATCH"}
    return {each["Field"]: each["Value"] for each in body["Filters"]}


def test_all_pages_are_read_from_us_east_1_for_the_users_region(cli: Cli) -> None:
    pages = page(["m5.large"], "a"), page(["m5.xlarge"], "b"), page(["c6i.large"])
    with price_list(*pages) as (url, asked, signed):
        outcome = cli(*QUESTION, "--family", "m5,c6i", "--region", "eu-central-1", "--endpoint-url", url, "-o", "json")
    assert outcome.code == 0, outcome.err
    assert [body.get("NextToken") for body in asked] == [None, "a", "b"]
    assert all("/us-east-1/pricing/aws4_request" in header for header in signed)
    assert asked[0]["ServiceCode"] == "AmazonEC2"
    assert filters(asked[0]) == {
        "regionCode": "eu-central-1",
        "operatingSystem": "Linux",
        "preInstalledSw": "NA",
        "capacitystatus": "Used",
        "marketoption": "OnDemand",
        "tenancy": "Shared",
    }
    # 72 nodes of 7 pods: c6i.large costs 72 x 0.085, m5.large 72 x 0.096; m5.xlarge takes 15 of 3920m: 34 x 0.192
    found = {each["instance_type"]: each["usd_per_hour"] for each in json.loads(outcome.out)}
    assert list(found.items())[:3] == [("c6i.large", 6.12), ("m5.xlarge", 6.528), ("m5.large", 6.912)]
    assert set(list(found.values())[3:]) == {None}
    assert "prices in eu-central-1: 3 types" in outcome.err
    assert "which come last by price" in outcome.err


def test_the_region_comes_from_the_environment_too(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv("AWS_REGION", raising=False)
        monkeypatch.setenv(name, "ap-south-1")
        with price_list(page(["m5.large"])) as (url, asked, _):
            assert cli(*QUESTION, "-t", "m5.large", "--endpoint-url", url).code == 0
        assert filters(asked[0])["regionCode"] == "ap-south-1"
        monkeypatch.delenv(name)
    outcome = cli(*QUESTION, "-t", "m5.large")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "cni-plan: error: no AWS region: give --region, or set AWS_REGION\n"


def test_for_one_type_only_its_price_is_asked(cli: Cli) -> None:
    with price_list(page(["m5.large"])) as (url, asked, _):
        outcome = cli(*QUESTION, "-t", "m5.large", "--endpoint-url", url)
    assert (len(asked), filters(asked[0])["instanceType"]) == (1, "m5.large")
    assert "for 6.9120 USD an hour" in outcome.out


def test_bare_metal_is_listed_as_dedicated(cli: Cli) -> None:
    metal = 200, {"PriceList": [entry("m5.metal", "4.6080000000")]}
    with price_list((200, {"PriceList": []}), metal) as (url, asked, _):
        outcome = cli(*QUESTION, "-t", "m5.metal", "--endpoint-url", url, "-o", "json")
    assert [filters(body)["tenancy"] for body in asked] == ["Shared", "Dedicated"]
    assert filters(asked[1])["productFamily"] == "Compute Instance (bare metal)"
    assert json.loads(outcome.out)[0]["usd_per_node_hour"] == 4.608


def test_the_dearest_counts_where_a_type_stands_twice(cli: Cli) -> None:
    twice = 200, {"PriceList": [entry("m5.large", "0.2"), entry("m5.large", "0.1")]}
    with price_list(twice) as (url, _, _):
        outcome = cli(*QUESTION, "-t", "m5.large", "--endpoint-url", url, "-o", "json")
    assert json.loads(outcome.out)[0]["usd_per_node_hour"] == 0.2


THROTTLED = 400, {"__type": "ThrottlingException", "Message": "Rate exceeded"}


def test_a_throttled_page_is_asked_for_again(cli: Cli) -> None:
    with price_list(THROTTLED, page(["m5.large"])) as (url, asked, _):
        assert cli(*QUESTION, "-t", "m5.large", "--endpoint-url", url).code == 0
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (THROTTLED, "AWS refused: ThrottlingException: Rate exceeded"),
        (
            (400, {"__type": "AccessDeniedException", "Message": "not authorized to perform: pricing:GetProducts"}),
            "AWS refused: AccessDeniedException: not authorized to perform: pricing:GetProducts",
        ),
        ((200, '{"FormatVersion": "aws_v1", "PriceLi'), "is not understood: it is cut off, or no price list"),
        ((200, "<html></html>"), "is not understood: it is cut off, or no price list"),
        ((200, {"PriceList": ['{"product": {"attr']}), "is not understood: a product: Invalid JSON"),
        ((200, {"PriceList": [entry("m5.large", "a lot")]}), "a price is 'a lot', expected an amount"),
        ((200, {"PriceList": [{"product": {}}]}), "is not understood: a product: JSON input should be string"),
        ((200, {"PriceList": None}), "is not understood"),
        ((200, {"PriceList": 5}), "is not understood"),
        ((200, "[]"), "is not understood"),
        ((200, "null"), "is not understood"),
        ((400, "[]"), "reading the Price List for us-east-1: "),
        ((200, {"PriceList": [], "NextToken": "again"}), "The same next token was received twice"),
        ((200, {"PriceList": []}), "has no price of m5.large in 'us-east-1': is the region right?"),
    ],
)
def test_what_the_price_list_refuses_or_garbles_is_one_line(cli: Cli, answer: tuple[int, Body], message: str) -> None:
    with price_list(answer) as (url, _, _):
        outcome = cli(*QUESTION, "-t", "m5.large", "--endpoint-url", url)
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err.startswith("cni-plan: error: ")
    assert outcome.err.count("\n") == 1
    assert message in outcome.err


def test_an_answer_shorter_than_announced_is_one_line(cli: Cli) -> None:
    def cut(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/x-amz-json-1.1")
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"PriceList": [')
        handler.close_connection = True

    with endpoint(cut) as url:
        outcome = cli(*QUESTION, "-t", "m5.large", "--endpoint-url", url)
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err.count("\n") == 1


def test_a_dead_or_silent_endpoint_is_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cni_plan.sources.aws.READ_TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        outcomes = [cli(*QUESTION, "-t", "m5.large", "--endpoint-url", url)]
    outcomes.append(cli(*QUESTION, "-t", "m5.large", "--endpoint-url", url))
    for outcome in outcomes:
        assert (outcome.code, outcome.out) == (3, "")
        assert outcome.err.startswith("cni-plan: error: reading the Price List for us-east-1: ")
        assert outcome.err.count("\n") == 1


def test_a_server_error_that_is_no_json_is_one_line(cli: Cli) -> None:
    with endpoint(says(503, "<html>busy</html>")) as url:
        outcome = cli(*QUESTION, "-t", "m5.large", "--endpoint-url", url)
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--region", "cn-north-1"), "is not in USD: give your prices with --prices FILE"),
        (("--profile", "nobody"), "cannot set up the AWS client"),
        (("--endpoint-url", "nowhere"), "cannot set up the AWS client"),
    ],
)
def test_a_wrong_region_profile_or_endpoint_is_bad_input(cli: Cli, arguments: tuple[str, ...], message: str) -> None:
    outcome = cli(*QUESTION, "-t", "m5.large", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.count("\n") == 1
    assert message in outcome.err


def test_without_credentials_it_says_so(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    outcome = cli(*QUESTION, "-t", "m5.large")
    assert (outcome.code, outcome.out) == (3, "")
    assert "no AWS credentials found" in outcome.err
