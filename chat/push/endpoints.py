"""Where pushes go. Users choose these addresses: so they may lead to the public internet only."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from cachetools import LRUCache

from chat.concurrency import spawn
from chat.text.addresses import ascii_host

PORT = 443
KNOWN_HOSTS = 200
RENEWAL_SECONDS = 300.0  # after which the address of a host is looked up again
# What was given out of IPv6. Outside are former and future private networks, and addresses that
# hold an IPv4 address, to which a gateway may connect.
GIVEN_OUT = ipaddress.ip_network("2000::/3")
# Not all releases of `ipaddress` know them: 6to4, which holds an IPv4 address too, and its relays;
# examples; what protocols use.
REFUSED = [
    ipaddress.ip_network(one)
    for one in ("2002::/16", "192.88.99.0/24", "3fff::/20", "192.0.0.0/24")
]


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


@dataclass(frozen=True)
class _Found:
    address: str
    at: float


class Endpoints:
    """Finds the address of each endpoint. With `allow_private`, any address and port is good.

    Nobody waits for the lookup of a host whose address is known: it is renewed in the background.
    """

    def __init__(self, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._known: LRUCache[str, _Found] = LRUCache(KNOWN_HOSTS)
        self._is_renewing = False
        self._lock = threading.Lock()  # guards these two
        # One at a time: a name server of somebody else may be slow, and mails need lookups too.
        self._lookups = threading.Lock()

    def resolve(self, url: str) -> Endpoint:
        """Look up the host of a URL, unless its address is known, and check all its addresses.

        Raises RefusedEndpoint if one of them is not public, and OSError if there is none.
        """
        try:
            parts = urlsplit(url)
            host, port = ascii_host(parts.hostname or ""), parts.port or PORT
        except ValueError:
            raise RefusedEndpoint from None
        if parts.scheme != "https" or host is None or "@" in parts.netloc:
            raise RefusedEndpoint
        if port != PORT and not self._allow_private:
            raise RefusedEndpoint
        path = parts.path or "/"
        target = f"{path}?{parts.query}" if parts.query else path
        return Endpoint(host, port, target, self._address_of(host))

    def forget(self, host: str) -> None:
        """Look up a host again, which did not answer at its address."""
        with self._lock:
            self._known.pop(host, None)

    def _address_of(self, host: str) -> str:
        address = self._find_known(host)
        if address is None:
            with self._lookups:
                address = self._find_known(host) or self._look_up(host)
        return address

    def _find_known(self, host: str) -> str | None:
        """Return the address of a host that was looked up; start to renew an old one.

        One renewal waits at a time, so that any number of slow ones delays no new host for long.
        """
        with self._lock:
            found = self._known.get(host)
            if found is None:
                return None
            if not self._is_renewing and found.at + RENEWAL_SECONDS <= time.monotonic():
                self._is_renewing = True
                spawn(self._renew, host)
            return found.address

    def _renew(self, host: str) -> None:
        try:
            with self._lookups:
                self._look_up(host)
        except RefusedEndpoint:
            self.forget(host)
        except OSError:
            pass  # the next push tries again, and goes to the old address meanwhile
        finally:
            self._is_renewing = False

    def _look_up(self, host: str) -> str:
        found = socket.getaddrinfo(host, PORT, type=socket.SOCK_STREAM)
        addresses = [str(one[4][0]) for one in found]
        if not self._allow_private and not all(map(is_public, addresses)):
            raise RefusedEndpoint
        with self._lock:
            self._known[host] = _Found(addresses[0], time.monotonic())
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
        if address not in GIVEN_OUT:
            return False
    is_refused = any(address in network for network in REFUSED)
    return address.is_global and not (is_refused or address.is_multicast or address.is_reserved)
