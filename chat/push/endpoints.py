"""Where pushes go. Users choose these addresses: so they may lead to the public internet only."""

from __future__ import annotations

import ipaddress
import socket
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from cachetools import TTLCache

PORT = 443
KNOWN_HOSTS = 200
KNOWN_SECONDS = 300.0
# They hold an IPv4 address, which a gateway may connect to: NAT64, 6to4, Teredo.
CARRIERS = [ipaddress.ip_network(one) for one in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16")]
CARRIERS += [ipaddress.ip_network(one) for one in ("2001::/32", "::/96")]


class RefusedEndpoint(Exception):
    """The endpoint must not be connected to."""


@dataclass(frozen=True)
class Endpoint:
    """A URL in its parts; `address` is the one checked address to connect to."""

    host: str
    port: int
    path: str
    address: str

    @property
    def origin(self) -> str:
        """Return the origin, for which the signature is."""
        return f"https://{self.authority}"

    @property
    def authority(self) -> str:
        """Return the host, with its port unless that is the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORT else f"{host}:{self.port}"


class Endpoints:
    """Finds the address of each endpoint; answers are kept for some minutes.

    With `allow_private`, any address and port is good.
    """

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._known: TTLCache[tuple[str, int], str] = TTLCache(KNOWN_HOSTS, KNOWN_SECONDS)
        self._lock = threading.Lock()  # of the cache
        # One at a time: a name server of somebody else may be slow, and mails need lookups too.
        # The hosts that answered lately do not wait for the others.
        self._lookups = {True: threading.Lock(), False: threading.Lock()}

    def resolve(self, url: str, is_known: bool = False) -> Endpoint:
        """Look up the host of a URL, once, and check all its addresses.

        `is_known` says that the host answered lately.
        Raises RefusedEndpoint if one of them is not public, and OSError if there is none.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or PORT
        except ValueError:
            raise RefusedEndpoint from None
        if parts.scheme != "https" or not host or "@" in parts.netloc:
            raise RefusedEndpoint
        if port != PORT and not self._allow_private:
            raise RefusedEndpoint
        path = parts.path or "/"
        target = f"{path}?{parts.query}" if parts.query else path
        return Endpoint(host, port, target, self._address_of(host, port, is_known))

    def forget(self, endpoint: Endpoint) -> None:
        """Look up a host again, which did not answer at its address."""
        with self._lock:
            self._known.pop((endpoint.host, endpoint.port), None)

    def _address_of(self, host: str, port: int, is_known: bool) -> str:
        found = self._find_known(host, port)
        if found is None:
            with self._lookups[is_known]:
                found = self._find_known(host, port) or self._look_up(host, port)
        return found

    def _find_known(self, host: str, port: int) -> str | None:
        with self._lock:
            return self._known.get((host, port))

    def _look_up(self, host: str, port: int) -> str:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(one[4][0]) for one in found]
        if not self._allow_private and not all(map(is_public, addresses)):
            raise RefusedEndpoint
        with self._lock:
            self._known[host, port] = addresses[0]
        return addresses[0]


def is_public(text: str) -> bool:
    """Return whether an address is one of the public internet, however it is written."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(str(address.ipv4_mapped))
        if any(address in carrier for carrier in CARRIERS):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved
