"""Network addresses as proxies and sockets write them."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

MAX_TEXT = 100  # characters of an address with port and zone; a longer text is invalid
KNOWN_ADDRESSES = (
    1_024  # addresses whose network and site are remembered: each request asks several times
)
UNKNOWN = "unknown"  # stands for every invalid address
WITH_PORT = re.compile(r"\[(?P<ipv6>[^\]]*)\](?::[0-9]{1,5})?|(?P<ipv4>[0-9.]+):[0-9]{1,5}")


def parse_address(text: str) -> str:
    """Return an address without port and zone, or UNKNOWN; an IPv4-mapped one as IPv4."""
    text = text.strip('" ')
    if len(text) > MAX_TEXT:
        return UNKNOWN
    if match := WITH_PORT.fullmatch(text):
        text = match["ipv6"] or match["ipv4"] or ""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return UNKNOWN
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address).partition("%")[0]


@lru_cache(KNOWN_ADDRESSES)
def site_of(address: str) -> str | None:
    """Return the /48 of an IPv6 address; None for an IPv4 or invalid address."""
    network = network_of(address)
    if not network.endswith("/64"):
        return None
    return str(ipaddress.IPv6Network(network).supernet(new_prefix=48))


@lru_cache(KNOWN_ADDRESSES)
def network_of(address: str) -> str:
    """Return the network that counts as one caller: an IPv4 address, or the /64 of an IPv6 one.

    All invalid addresses together are one.
    """
    found = parse_address(address)
    if ":" not in found:
        return found
    return str(ipaddress.ip_network((found, 64), strict=False))
