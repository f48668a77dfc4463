"""Origins of web pages and apps in their normal form: `wss://Host:443` is `https://host`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

# A WebSocket has the origin of the page that opened it.
SCHEMES = {"ws": "http", "wss": "https"}
PORTS = {"http": 80, "https": 443}
ORIGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,39})://([^/]{0,300})/?")
HOST = re.compile(
    r"(?P<name>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[(?P<ipv6>[0-9a-f:.]+)\])"
    r"(?::(?P<port>[0-9]{1,5}))?",
    re.ASCII | re.IGNORECASE,
)
MAX_PORT = 65_535


class Origin(NamedTuple):
    """Scheme, host and port in their normal form; `port` is None for the scheme's default port."""

    scheme: str
    host: str
    port: int | None

    @property
    def netloc(self) -> str:
        """Return `host[:port]`."""
        return self.host if self.port is None else f"{self.host}:{self.port}"


def parse_origin(text: str) -> Origin | None:
    """Return the origin in `scheme://host[:port]`, or None when it is invalid.

    `null` is invalid, because every sandboxed page sends it. Only `file://` has no host.
    """
    match = ORIGIN.fullmatch(text)
    if match is None:
        return None
    scheme, netloc = match[1].lower(), match[2]
    if scheme == "file":
        return None if netloc else Origin(scheme, "", None)
    return make_origin(scheme, netloc)


def make_origin(scheme: str, netloc: str) -> Origin | None:
    """Return the origin of a scheme and `host[:port]`, or None when the latter is invalid."""
    scheme = scheme.lower()
    scheme = SCHEMES.get(scheme, scheme)
    match = HOST.fullmatch(netloc)
    if match is None:
        return None
    host = match["name"].lower()
    if match["ipv6"]:
        try:
            host = f"[{ipaddress.IPv6Address(match['ipv6'])}]"
        except ValueError:
            return None
    port = int(match["port"]) if match["port"] else None
    if port is not None and port > MAX_PORT:
        return None
    return Origin(scheme, host, None if port == PORTS.get(scheme) else port)


def own_origin(environ: Mapping[str, Any]) -> Origin | None:
    """Return the origin of this server in a WSGI request, or None without a valid `Host`."""
    return make_origin(environ["wsgi.url_scheme"], environ.get("HTTP_HOST", ""))


def parse_origins(text: str) -> frozenset[Origin]:
    """Return the origins in a list separated by spaces; raise ValueError with the first bad one."""
    found = {entry: parse_origin(entry) for entry in text.split()}
    for entry, origin in found.items():
        if origin is None:
            raise ValueError(entry)
    return frozenset(origin for origin in found.values() if origin is not None)


def is_accepted(
    origin: Origin | None, environ: Mapping[str, Any], allowed: frozenset[Origin]
) -> bool:
    """Return whether pages of an origin may use this server: its own or an allowed one."""
    return origin is not None and (origin in allowed or origin == own_origin(environ))
