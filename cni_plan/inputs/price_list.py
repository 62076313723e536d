"""Products of the AWS Price List, checked, as prices of instance types."""

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from cni_plan.errors import SourceError
from cni_plan.inputs.prices import parse_usd

CURRENCY = "USD"
UNIT = "Hrs"


class _Part(BaseModel):
    """Part of a product; keys that are not asked for are passed over."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)


class _Attributes(_Part):
    instance_type: str | None = None


class _Product(_Part):
    attributes: _Attributes


class _Dimension(_Part):
    unit: str
    price_per_unit: dict[str, str]


class _Term(_Part):
    price_dimensions: dict[str, _Dimension]


class _Terms(_Part):
    on_demand: dict[str, _Term] = Field(default_factory=dict, alias="OnDemand")


class _PricedProduct(_Part):
    product: _Product
    terms: _Terms


def price_of_product(text: str) -> tuple[str, int] | None:
    """One entry of `PriceList`: the type and its price of a node and hour on demand.

    Args:
        text: The entry, a JSON text.

    Returns:
        The name and units of 1e-10 USD, the dearest where it has several; None where it is no instance type, or has
        no price above 0 by the hour.

    Raises:
        SourceError: The entry is not what AWS documents; the message names the field.
    """
    try:
        entry = _PricedProduct.model_validate_json(text)
        prices = [
            parse_usd(dimension.price_per_unit[CURRENCY])
            for term in entry.terms.on_demand.values()
            for dimension in term.price_dimensions.values()
            if dimension.unit == UNIT and CURRENCY in dimension.price_per_unit
        ]
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))[:100] or "a product"
        raise SourceError(f"the Price List's answer is not understood: {place}: {first['msg'][:200]}") from None
    except ValueError as error:
        raise SourceError(f"the Price List's answer is not understood: a price {error}") from None
    name = entry.product.attributes.instance_type
    price = max(prices, default=0)
    return (name, price) if name and price else None
