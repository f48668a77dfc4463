"""The address of a server, checked before anything is sent to it."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

MOVED_FOR_GOOD = (301, 308)  # HTTP statuses
MOVED = (*MOVED_FOR_GOOD, 302, 303, 307)


def server_address(url: str) -> str:
    """Return the address without a slash at its end; raises ValueError with what is wrong."""
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0  # reading the port checks it
    except ValueError:
        parts, has_host = urlsplit(""), False
    if parts.scheme not in ("http", "https") or not has_host:
        example = "http://127.0.0.1:5000 or https://chat.example.org"
        raise ValueError(f"{url!r} is not the address of a server, such as {example}")
    if parts.username is not None or parts.path.strip("/") or parts.query or parts.fragment:
        port = "" if parts.port is None else f":{parts.port}"
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        raise ValueError(
            f"the address of a server has nothing beside its host: {parts.scheme}://{host}{port}"
        )
    return url.rstrip("/")


def origin_of(location: str, url: str) -> str:
    """Return the server that an answer of `url` sends on to."""
    target = urlsplit(urljoin(url, location))
    return f"{target.scheme}://{target.netloc}"
