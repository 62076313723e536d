"""Addresses and CIDRs as users write them."""

from collections.abc import Iterable, Iterator
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError

from cni_plan.errors import InputError


def parse_network(text: str, what: str) -> IPv4Network:
    """Read an IPv4 address or CIDR.

    Args:
        text: Such as `10.0.0.5` or `10.0.0.0/24`.
        what: What to call it in a message.

    Raises:
        InputError: It is neither, or the address is not the range's first.
    """
    try:
        return IPv4Network(text)
    except (AddressValueError, NetmaskValueError):
        raise InputError(f"{what} {text[:60]!r} is not an IPv4 address or CIDR such as 10.0.0.0/24") from None
    except ValueError:
        start = IPv4Network(text, strict=False)
        raise InputError(f"{what} {text} does not start its range: did you mean {start}?") from None


def parse_subnets(texts: Iterable[str]) -> list[IPv4Network]:
    """Read the `--cidr` options.

    Raises:
        InputError: One is malformed, lacks its length, or overlaps another.
    """
    subnets: list[IPv4Network] = []
    for text in texts:
        if "/" not in text:
            raise InputError(f"--cidr {text[:60]!r} lacks a length, such as {text[:40]}/24")
        subnet = parse_network(text, "--cidr")
        for other in subnets:
            if subnet.overlaps(other):
                raise InputError(f"--cidr {subnet} overlaps --cidr {other}")
        subnets.append(subnet)
    return subnets


def parse_used_file(text: str, where: str) -> Iterator[IPv4Network]:
    """Read a list of addresses in use: one address or CIDR a line, `#` starts a comment.

    Raises:
        InputError: A line is malformed; the message names it.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.partition("#")[0].strip()
        if entry:
            yield parse_network(entry, f"{where}:{number}:")
