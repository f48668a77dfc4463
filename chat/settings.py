"""Tell what is wrong with the settings before anything is served. Each finding is one sentence."""

from __future__ import annotations

import ipaddress
import logging
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

SECRET_BYTES = 32  # as long as the hash the tokens are signed with
NUMBERS = {
    "PORT": (1, 65_535),
    "MAIL_PORT": (1, 65_535),
    "MAX_CONNECTIONS": (1, 1_000_000),
    "MAX_BODY_BYTES": (16_384, 64 * 1024 * 1024),
    "MAX_UNSENT_BYTES": (65_536, 1024 * 1024 * 1024),
    "TRUSTED_PROXIES": (0, 10),
    "ACCESS_TOKEN_MINUTES": (1, 15),  # a stolen one is not good for longer
    "REFRESH_TOKEN_DAYS": (1, 3_650),
    "AUDIT_DAYS": (1, 3_650),
    "MESSAGES_PER_MINUTE": (1, 1_000_000),
    "JOINS_PER_MINUTE": (1, 1_000_000),
    "SEARCHES_PER_MINUTE": (1, 1_000_000),
    "CONNECTIONS_PER_MINUTE": (1, 1_000_000),
    "ROOMS_PER_MINUTE": (1, 1_000_000),
}
SWITCHES = ("MAIL_USE_SSL", "MAIL_USE_TLS", "MONGO_INSECURE", "RATE_LIMITS")
# As browsers write it: lower case, and a port only where it is not the scheme's own.
ORIGIN = re.compile(
    r"(http(?!.*:80\Z)|https(?!.*:443\Z))://"
    r"([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?"
)
QUEUES = ("redis", "rediss", "unix")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class SettingsError(ValueError):
    """A setting that can not be; the text is one sentence that names it."""


def check(config: Mapping[str, Any]) -> None:
    """Raise SettingsError for the first setting that can not be, or not on this address."""
    _check_values(config)
    _check_queue(config)
    _check_mail(config)
    _check_address(config)


def advice(config: Mapping[str, Any]) -> str | None:
    """Return what a larger set-up should change, when others than this machine are served."""
    if is_loopback(config["HOST"]):
        return None
    small = [
        what
        for what, setting in (
            ("a generated key", "SECRET_KEY"),
            ("the embedded database", "MONGO_URI"),
        )
        if not config[setting]
    ]
    if not small:
        return None
    return (
        f"Serving others with {' and '.join(small)}: fine for a small group; a larger set-up sets"
        " SECRET_KEY and MONGO_URI and puts a proxy with TLS in front."
    )


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can connect to `host`; any other name is taken as open."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def secret_key(config: Mapping[str, Any]) -> str:
    """Return SECRET_KEY, or the key kept in DATA_DIR, made on first use and the owner's alone."""
    if config["SECRET_KEY"]:
        return str(config["SECRET_KEY"])
    file = Path(config["DATA_DIR"]) / "secret_key"
    try:
        return _read_key(file)
    except FileNotFoundError:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _create_key(file)
        return _read_key(file)


def _read_key(file: Path) -> str:
    key = file.read_text().strip()
    if len(key.encode()) < SECRET_BYTES:
        raise SettingsError(
            f"The key in {file} is shorter than {SECRET_BYTES} bytes:"
            " remove the file to get a new one."
        )
    return key


def _create_key(file: Path) -> None:
    """Put a new key in place whole, unless another process was first."""
    descriptor, temporary = tempfile.mkstemp(dir=file.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "w") as output:
            output.write(secrets.token_hex(SECRET_BYTES) + "\n")
        try:
            os.link(temporary, file)
        except FileExistsError:
            logging.getLogger(__name__).debug("another process made the key first")
    finally:
        os.unlink(temporary)


def _check_values(config: Mapping[str, Any]) -> None:
    for name, (least, most) in NUMBERS.items():
        value = config[name]
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise SettingsError(f"{name} must be a number from {least} to {most}, not {value!r}.")
    for name in SWITCHES:
        if not isinstance(config[name], bool):
            raise SettingsError(f"{name} must be on or off, not {config[name]!r}.")
    if config["LOG_LEVEL"] not in LEVELS:
        raise SettingsError(f"LOG_LEVEL must be one of {', '.join(LEVELS)}.")
    key = config["SECRET_KEY"]
    if key and len(key.encode()) < SECRET_BYTES:
        raise SettingsError(
            f"SECRET_KEY must have at least {SECRET_BYTES} bytes;"
            " leave it out to have one generated."
        )
    for origin in config["CORS_ORIGINS"].split():
        if not ORIGIN.fullmatch(origin):
            raise SettingsError(
                f"CORS_ORIGINS holds {origin!r}, which is no origin"
                " such as https://chat.example.org."
            )
    if config["MONGO_URI"] and not _is_mongo_uri(config["MONGO_URI"]):
        raise SettingsError("MONGO_URI is no MongoDB URI such as mongodb://127.0.0.1:27017/chat.")


def _check_queue(config: Mapping[str, Any]) -> None:
    url = config["MESSAGE_QUEUE_URL"]
    if not url:
        return
    if urlsplit(url).scheme not in QUEUES:
        raise SettingsError("MESSAGE_QUEUE_URL is no address such as redis://127.0.0.1:6379/0.")
    if find_spec("redis") is None:
        raise SettingsError(
            "MESSAGE_QUEUE_URL needs the Python package redis: `pip install redis`."
        )


def _is_mongo_uri(uri: str) -> bool:
    if uri.startswith("mongodb+srv://"):
        return True  # to look closer would ask the name server
    try:
        parse_uri(uri)
    except (PyMongoError, ValueError):
        return False
    return True


def _check_mail(config: Mapping[str, Any]) -> None:
    if config["MAIL"] not in ("", "terminal"):
        raise SettingsError(f"MAIL must be terminal or left out, not {config['MAIL']!r}.")
    if not config["MAIL_SERVER"]:
        return
    if config["MAIL_USE_SSL"] and config["MAIL_USE_TLS"]:
        raise SettingsError(
            "MAIL_USE_SSL and MAIL_USE_TLS exclude each other: switch one of them off."
        )
    if not config["MAIL_DEFAULT_SENDER"]:
        raise SettingsError(
            "MAIL_DEFAULT_SENDER must name the sender of e-mail sent by MAIL_SERVER."
        )
    encrypted = config["MAIL_USE_SSL"] or config["MAIL_USE_TLS"]
    if config["MAIL_PASSWORD"] and not encrypted and not is_loopback(config["MAIL_SERVER"]):
        raise SettingsError(
            "MAIL_PASSWORD would be sent unencrypted: switch MAIL_USE_SSL or MAIL_USE_TLS on."
        )


def _check_address(config: Mapping[str, Any]) -> None:
    """Refuse what is fine for trying out and would put people at risk whom others can reach."""
    host = config["HOST"]
    if is_loopback(host):
        return
    if config.get("DEBUG"):  # Flask's own, from the environment
        raise SettingsError(
            f"FLASK_DEBUG is allowed on a loopback address only, not on HOST={host}: leave it out."
        )
    if not config["MAIL_SERVER"] and config["MAIL"] != "terminal":
        raise SettingsError(
            f"HOST={host} serves other machines and so needs MAIL_SERVER for the codes,"
            " or MAIL=terminal to print them here."
        )
    if not config["RATE_LIMITS"]:
        raise SettingsError(
            f"RATE_LIMITS=off is allowed on a loopback address only, not on HOST={host}."
        )
    server, encrypted = config["MAIL_SERVER"], config["MAIL_USE_SSL"] or config["MAIL_USE_TLS"]
    if server and not encrypted and not is_loopback(server):
        raise SettingsError(
            "MAIL_SERVER would get codes unencrypted: switch MAIL_USE_SSL or MAIL_USE_TLS on."
        )
    if config["MONGO_URI"] and not config["MONGO_INSECURE"]:
        _check_database(config["MONGO_URI"])
    queue = config["MESSAGE_QUEUE_URL"]
    if queue and not urlsplit(queue).password:
        raise SettingsError(
            "MESSAGE_QUEUE_URL names a queue without a password, and whoever can write to it speaks"
            " for the server: add one, as in rediss://:password@host:6379/0."
        )


def _check_database(uri: str) -> None:
    """Refuse another machine's database that asks nobody who they are, or is read on the way."""
    if uri.startswith("mongodb+srv://"):  # what it stands for is asked of the name server, later
        parts = urlsplit(uri)
        hosts = [parts.hostname or ""]
        options: dict[str, Any] = {n.lower(): value for n, value in parse_qsl(parts.query)}
        options["tls"] = options.get("tls", options.get("ssl", "true")) == "true"
        known = parts.username
    else:
        parsed = parse_uri(uri)
        hosts = [host for host, _ in parsed["nodelist"]]
        options = {name.lower(): value for name, value in parsed["options"].items()}
        known = parsed["username"]
    # a path is a socket of this machine
    if all(host.startswith("/") or is_loopback(host) for host in hosts):
        return
    if not known and options.get("authmechanism") != "MONGODB-X509":
        raise SettingsError(
            "MONGO_URI names another machine's database without a user and password:"
            " add them, or say MONGO_INSECURE=on."
        )
    unchecked = ("tlsinsecure", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames")
    if not options.get("tls") or any(str(options.get(n)).lower() == "true" for n in unchecked):
        raise SettingsError(
            "MONGO_URI names another machine's database without TLS that proves its name:"
            " add tls=true, or say MONGO_INSECURE=on."
        )
