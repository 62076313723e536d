import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cni_plan.errors import InputError, SourceError
from cni_plan.inputs.price_list import price_of_product
from cni_plan.inputs.prices import parse_prices, parse_usd

HEADER = "instance_type,usd_per_hour\n"


def test_prices_are_exact() -> None:
    text = HEADER + "m5.large,0.096\nt3.nano,.0052\nu-24tb1.metal,218.4\nfree.one,0\n"
    assert parse_prices(text, "prices.csv") == {
        "m5.large": 960_000_000,
        "t3.nano": 52_000_000,
        "u-24tb1.metal": 2_184_000_000_000,
        "free.one": 0,
    }


def test_comments_blank_lines_quotes_spaces_and_windows_are_fine() -> None:
    text = '\ufeff# my prices\r\n\r\nusd_per_hour , instance_type\r\n"0.096", m5.large # negotiated\r\n'
    assert parse_prices(text, "prices.csv") == {"m5.large": 960_000_000}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "prices.csv:1: the first line must be instance_type,usd_per_hour"),
        ("m5.large,0.096\n", "prices.csv:1: the first line must be"),
        ("# x\n\ninstance_type;usd_per_hour\n", "prices.csv:3: the first line must be"),
        ("instance_type,usd_per_hour,region\n", "prices.csv:1: the first line must be"),
        ("instance_type,instance_type\n", "prices.csv:1: the first line must be"),
        (HEADER, "prices.csv: no prices in it"),
        (HEADER + "m5.large\n", "prices.csv:2: 1 cells where 2 are expected"),
        (HEADER + "m5.large,0.096,x\n", "prices.csv:2: 3 cells where 2 are expected"),
        (HEADER + "m5.large,0.096\nm5.large,0.1\n", "prices.csv:3: m5.large stands on line 2 already"),
        (HEADER + "large,1\n", "prices.csv:2: 'large' is not an instance type such as m5.large"),
        (HEADER + "m5.lar\x1b[31mge,1\n", r"prices.csv:2: 'm5.lar\x1b[31mge' is not an instance type"),
        (HEADER + "m5.large,-1\n", "prices.csv:2: usd_per_hour is '-1', expected an amount such as 0.096"),
        (HEADER + "m5.large,nan\n", "usd_per_hour is 'nan', expected"),
        (HEADER + "m5.large,inf\n", "usd_per_hour is 'inf', expected"),
        (HEADER + "m5.large,1e3\n", "usd_per_hour is '1e3', expected"),
        (HEADER + 'm5.large,"0,096"\n', "usd_per_hour is '0,096', expected"),
        (HEADER + "m5.large,$1\n", "usd_per_hour is '$1', expected"),
        (HEADER + "m5.large,0.00000000001\n", "of at most ten decimals"),
        (HEADER + "m5.large,\n", "usd_per_hour is '', expected"),
        (HEADER + "m5.large,100001\n", "usd_per_hour is '100001', more than any instance costs"),
        (HEADER + f"m5.large,{'9' * 5000}\n", "expected an amount such as 0.096"),
        (HEADER + f'm5.large,"{"9" * 200_000}"\n', "field larger than field limit"),
    ],
    ids=lambda text: repr(text)[:30],
)
def test_a_broken_price_file_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_prices(text, "prices.csv")
    assert message in str(caught.value)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    for each in (text, HEADER + text):
        try:
            prices = parse_prices(each, "prices.csv")
        except InputError:
            continue
        assert all(price >= 0 for price in prices.values())


@given(st.integers(0, 99_999), st.integers(0, 10**10 - 1))
def test_every_decimal_counts(whole: int, part: int) -> None:
    assert parse_usd(f"{whole}.{part:010}") == whole * 10**10 + part


def product(name: str | None = "m5.large", **prices: Any) -> dict[str, Any]:  # noqa: ANN401 # whatever JSON holds
    """An entry of the Price List as AWS writes it, with one dimension for each unit."""
    dimensions = {
        f"SKU.JRTCKXETXF.{unit}": {
            "unit": unit,
            "endRange": "Inf",
            "description": f"${amount} per On Demand Linux",
            "appliesTo": [],
            "rateCode": f"SKU.JRTCKXETXF.{unit}",
            "beginRange": "0",
            "pricePerUnit": {"USD": amount},
        }
        for unit, amount in prices.items()
    }
    attributes = {"vcpu": "2", "tenancy": "Shared", "operatingSystem": "Linux"}
    return {
        "product": {
            "productFamily": "Compute Instance",
            "attributes": attributes | ({"instanceType": name} if name else {}),
            "sku": "SKU",
        },
        "serviceCode": "AmazonEC2",
        "terms": {"OnDemand": {"SKU.JRTCKXETXF": {"priceDimensions": dimensions, "sku": "SKU", "termAttributes": {}}}},
        "version": "20260901182201",
        "publicationDate": "2026-09-01T18:22:01Z",
    }


def test_a_product_has_a_type_and_its_price_by_the_hour() -> None:
    assert price_of_product(json.dumps(product(Hrs="0.0960000000"))) == ("m5.large", 960_000_000)


@pytest.mark.parametrize(
    "entry",
    [
        product(None, Hrs="0.0960000000"),
        product(Hrs="0.0000000000"),
        product(Quantity="12.0000000000"),
        product(),
        product() | {"terms": {"Reserved": {}}},
    ],
)
def test_what_is_no_price_of_a_type_is_passed_over(entry: dict[str, Any]) -> None:
    assert price_of_product(json.dumps(entry)) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not understood: a product: Invalid JSON"),
        ("[]", "is not understood: a product"),
        ("{}", "is not understood: product: Field required"),
        (json.dumps(product(Hrs=1.5)), "pricePerUnit.USD: Input should be a valid string"),
        (json.dumps(product(Hrs="NaN")), "a price is 'NaN', expected an amount"),
        (json.dumps(product(Hrs="-1")), "a price is '-1', expected an amount"),
        (json.dumps(product(Hrs="1e400")), "a price is '1e400', expected an amount"),
    ],
)
def test_a_product_that_is_not_what_aws_documents_is_named(text: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        price_of_product(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
