"""The host names of this server."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from chat.origins import make_origin
from chat.text.addresses import ascii_host

SEPARATORS = re.compile(r"[,\s]+")
LOCAL = ".localhost"  # with all names below it; browsers resolve these without a name server


def parse_hosts(text: str) -> frozenset[str]:
    """Return the names in a list separated by commas; raise ValueError with the first bad one.

    A leading dot stands for the name and all names below it. International names are returned in
    their ASCII form. Addresses are accepted too.
    """
    found = {entry: _parse_host(entry) for entry in SEPARATORS.split(text) if entry}
    for entry, name in found.items():
        if name is None:
            raise ValueError(entry)
    return frozenset(name for name in found.values() if name is not None)


def _parse_host(entry: str) -> str | None:
    is_address = entry.startswith("[") and entry.endswith("]")
    name = ascii_host(entry[1:-1] if is_address else entry.removeprefix("."))
    if name is None:
        return None
    return f".{name.lower()}" if entry.startswith(".") else name.lower()


class Hosts:
    """The hosts of a server: any address, `localhost`, and the given names.

    Every address is accepted: no name server resolves it, so DNS rebinding is impossible. `names`
    are as `parse_hosts` returns them.
    """

    def __init__(self, names: Iterable[str]) -> None:
        every = {LOCAL, *names}
        self._domains = tuple(name for name in every if name.startswith("."))
        self._names = every.difference(self._domains)

    def include(self, netloc: str) -> bool:
        """Return whether `host[:port]`, as in the header `Host`, names this server."""
        origin = make_origin("http", netloc)
        if origin is None:
            return False
        name = origin.host.removesuffix(".")
        return name in self._names or f".{name}".endswith(self._domains) or _is_address(origin.host)


def _is_address(host: str) -> bool:
    """Return whether the host of an origin is an address; an IPv6 address is in brackets."""
    if host.startswith("["):
        return True
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True
