"""Network addresses as proxies and sockets write them."""

from __future__ import annotations

import ipaddress
import re

MAX_TEXT = 100  # characters of an address with port and zone; longer ones are none
UNKNOWN = "unknown"  # the address of every caller whose address cannot be read
WITH_PORT = re.compile(r"\[(?P<ipv6>[^\]]*)\](?::[0-9]{1,5})?|(?P<ipv4>[0-9.]+):[0-9]{1,5}")


def parse_address(text: str) -> str:
    """Return an address without port and zone, or UNKNOWN; IPv4 also where IPv6 wraps it."""
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
