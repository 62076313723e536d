"""On-demand prices of instance types from the AWS Price List. Only reads."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from cni_plan.errors import InputError, SourceError
from cni_plan.sources.aws import AwsAccess, aws_client, aws_errors

PRICE_LIST_REGION = "us-east-1"
"""The Price List answers in three regions only, each for all of them."""
CHINA = "cn-"
"""Regions of a partition with a Price List of its own, in another currency."""

_PAGE_SIZE = 100
_LINUX = {
    "operatingSystem": "Linux",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
    "marketoption": "OnDemand",
}
_SHARED = {"tenancy": "Shared"}
_METAL = {"tenancy": "Dedicated", "productFamily": "Compute Instance (bare metal)"}


def on_demand_prices(
    access: AwsAccess,
    *,
    instance_type: str | None = None,
    bare_metal: bool = False,
    progress: Callable[[str, int], None],
) -> dict[str, int]:
    """Read what Linux on demand costs in a region.

    The filters are Karpenter's (pkg/providers/pricing/pricing.go of karpenter-provider-aws); bare metal is listed as
    dedicated.

    Args:
        access: Region, profile and endpoint.
        instance_type: The only type of interest; None for all.
        bare_metal: Whether bare metal is of interest.
        progress: Called with what is being read and how many prices so far.

    Returns:
        Prices of a node and hour in units of 1e-10 USD, by type.

    Raises:
        InputError: No region is set, or it is one of China's.
        SourceError: The Price List does not answer, refuses, or has no prices for the region.
    """
    region = _region(access)
    only = {"instanceType": instance_type} if instance_type else {}
    client = aws_client("pricing", replace(access, region=PRICE_LIST_REGION))
    prices: dict[str, int] = {}
    for kind in (_SHARED, _METAL) if bare_metal else (_SHARED,):
        for name, price in _products(client, {"regionCode": region} | _LINUX | kind | only):
            prices[name] = max(price, prices.get(name, 0))
            progress(f"prices in {region}", len(prices))
    if not prices:
        what = instance_type or "any instance type"
        raise SourceError(f"the Price List has no price of {what} in {region!r}: is the region right?")
    return prices


def _region(access: AwsAccess) -> str:
    """The region whose prices are meant.

    Raises:
        InputError: None is set, or it has no prices in USD.
    """
    region = access.region or os.environ.get("AWS_REGION") or _configured_region(access)
    if not region:
        raise InputError("no AWS region: give --region, or set AWS_REGION")
    if region.startswith(CHINA):
        raise InputError(f"the Price List of {region} is not in USD: give your prices with --prices FILE")
    return region


def _configured_region(access: AwsAccess) -> str | None:
    """The region of the profile or of AWS_DEFAULT_REGION."""
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        region: str | None = boto3.Session(profile_name=access.profile).region_name
    except BotoCoreError as error:
        raise InputError(f"cannot set up the AWS client: {' '.join(str(error).split())[:400]}") from None
    return region


def _products(client: Any, filters: dict[str, str]) -> Iterator[tuple[str, int]]:  # noqa: ANN401 # boto3 makes clients at run time
    """Types and prices of all pages."""
    from cni_plan.inputs.price_list import price_of_product

    terms = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in filters.items()]
    doing = f"reading the Price List for {filters['regionCode']}"
    with aws_errors(doing):
        pages = client.get_paginator("get_products").paginate(
            ServiceCode="AmazonEC2", Filters=terms, PaginationConfig={"PageSize": _PAGE_SIZE}
        )
        for page in pages:
            # botocore takes a body that is no JSON for an empty answer.
            if "PriceList" not in page:
                raise SourceError(f"{doing}: the answer is not understood: it is cut off, or no price list")
            for text in page["PriceList"]:
                found = price_of_product(text)
                if found:
                    yield found
