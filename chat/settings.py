"""Checking the settings before serving. Each error is one sentence."""

from __future__ import annotations

import ipaddress
import logging
import os
import secrets
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri, split_options

from chat.environment import SettingsError
from chat.hosts import Hosts, parse_hosts
from chat.logos import Logo, read_logo
from chat.origins import parse_origin, parse_origins
from chat.text.addresses import ascii_host, parse_domains, parse_sender
from chat.text.visibility import is_line

SECRET_BYTES = 32  # the length of the hash with which tokens are signed
QUEUES = ("redis", "rediss", "unix")
SRV = "mongodb+srv://"  # DNS lists the hosts of the name
NO_QUEUE = "MESSAGE_QUEUE_URL is no address such as redis://127.0.0.1:6379/0."
DATABASES = ("auto", "mongod", "secantusdb")  # the embedded ones
REGISTRATIONS = ("open", "invitation", "closed")
ANY_ADDRESS = ("0.0.0.0", "::")  # addresses to listen on, but not to connect to
SITE_NAME_LENGTH = 50
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def check(config: Mapping[str, Any]) -> None:
    """Raise SettingsError for the first setting that is invalid, or unsafe when serving others."""
    _check_values(config)
    _check_registration(config)
    _check_site(config)
    _check_queue(config)
    _check_mail(config)
    _check_open(config)


def advice(config: Mapping[str, Any]) -> str | None:
    """Return advice for larger installations if other machines are served, else None."""
    if not _opened_by(config):
        return None
    small = {"SECRET_KEY": "a generated key", "MONGO_URI": "the embedded database"}
    missing = [setting for setting in small if not config[setting]]
    if not missing:
        return None
    proxy = "" if config["TRUSTED_PROXIES"] else " and puts a proxy with TLS in front"
    return (
        f"Serving others with {' and '.join(small[setting] for setting in missing)}:"
        " fine for a small group; a larger set-up sets"
        f" {' and '.join(missing)}{proxy}."
    )


def is_loopback(host: str) -> bool:
    """Return whether only this machine can connect to `host`; unknown names count as open."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _opened_by(config: Mapping[str, Any]) -> str | None:
    """Return the setting by which other machines reach the server: its address, or a proxy."""
    if not is_loopback(config["HOST"]):
        return f"HOST={config['HOST']}"
    if config["TRUSTED_PROXIES"]:
        return f"TRUSTED_PROXIES={config['TRUSTED_PROXIES']}"
    return None


def hosts(config: Mapping[str, Any]) -> Hosts:
    """Return the hosts for which the server answers: HOST, that of PUBLIC_URL, and HOSTS."""
    names = {config["HOST"].lower(), *parse_hosts(config["HOSTS"])}
    public = parse_origin(config["PUBLIC_URL"])
    if public is not None:
        names.add(public.host.removesuffix("."))
    return Hosts(names)


def public_url(config: Mapping[str, Any]) -> str:
    """Return the public URL of the page, without a slash at its end.

    Raises SettingsError if PUBLIC_URL is empty and cannot be derived from HOST and PORT.
    """
    if config["PUBLIC_URL"]:
        return str(config["PUBLIC_URL"]).rstrip("/")
    host = config["HOST"]
    if config["TRUSTED_PROXIES"] or host in ANY_ADDRESS:
        raise SettingsError(
            "PUBLIC_URL must name the address at which people reach the page, such as"
            " https://chat.example.org, so that a link can lead there."
        )
    return f"http://{f'[{host}]' if ':' in host else host}:{config['PORT']}"


def push_subject(config: Mapping[str, Any]) -> str:
    """Return where push services reach who runs this installation, as they ask to be told."""
    if str(config["PUBLIC_URL"]).startswith("https://"):
        return public_url(config)
    _, address = parse_sender(config["MAIL_DEFAULT_SENDER"]) or ("", "")
    return f"mailto:{address or 'nobody@example.org'}"


def secret_key(config: Mapping[str, Any]) -> str:
    """Return SECRET_KEY, or the key in DATA_DIR, created at first use, readable by its owner."""
    if config["SECRET_KEY"]:
        return str(config["SECRET_KEY"])
    file = Path(config["DATA_DIR"]) / "secret_key"
    try:
        return _read_or_create_key(file)
    except OSError as error:
        raise SettingsError(unusable(file, error)) from None


def data_dir(config: Mapping[str, Any]) -> str:
    """Return DATA_DIR as an absolute path."""
    path = Path(config["DATA_DIR"])
    if path.is_symlink() and not path.exists():  # creating its target could fill the wrong disk
        raise SettingsError(f"DATA_DIR={path} is a link to what is not there: {os.readlink(path)}.")
    try:
        return str(path.resolve())
    except OSError as error:
        raise SettingsError(unusable(path, error)) from None


def unusable(path: Path, error: OSError) -> str:
    """Return the sentence for an error of the system below DATA_DIR."""
    return f"DATA_DIR cannot be used: {error.strerror}: {path}."


def _read_or_create_key(file: Path) -> str:
    try:
        return _read_key(file)
    except FileNotFoundError:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _create_key(file)
        return _read_key(file)


def _read_key(file: Path) -> str:
    try:
        key = file.read_text("utf-8").strip()
    except UnicodeDecodeError:
        raise SettingsError(
            f"The key in {file} is not text: remove the file to get a new one."
        ) from None
    if len(key.encode()) < SECRET_BYTES:
        raise SettingsError(
            f"The key in {file} is shorter than {SECRET_BYTES} bytes:"
            " remove the file to get a new one."
        )
    return key


def _create_key(file: Path) -> None:
    """Create the key file atomically, unless another process was first."""
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
    if config["LOG_LEVEL"] not in LEVELS:
        raise SettingsError(f"LOG_LEVEL must be one of {', '.join(LEVELS)}.")
    key = config["SECRET_KEY"]
    if key and len(key.encode()) < SECRET_BYTES:
        raise SettingsError(
            f"SECRET_KEY must have at least {SECRET_BYTES} bytes;"
            " leave it out to have one generated."
        )
    try:
        parse_hosts(config["HOSTS"])
    except ValueError as error:
        raise SettingsError(
            f"HOSTS holds {str(error)!r}, which is no name such as chat.example.org, or"
            " .example.org with all names below it (separated by commas, without ports)."
        ) from None
    try:
        parse_origins(config["CORS_ORIGINS"])
    except ValueError as error:
        raise SettingsError(
            f"CORS_ORIGINS holds {str(error)!r}, which is no origin such as"
            " https://chat.example.org or capacitor://localhost (international names in their"
            " xn-- form)."
        ) from None
    if config["MONGO_URI"] and not _is_mongo_uri(config["MONGO_URI"]):
        raise SettingsError("MONGO_URI is no MongoDB URI such as mongodb://127.0.0.1:27017/chat.")
    if config["DATABASE"] not in DATABASES:
        raise SettingsError(
            f"DATABASE must be one of {', '.join(DATABASES)}, not {config['DATABASE']!r};"
            " MONGO_URI names a server."
        )


def _check_registration(config: Mapping[str, Any]) -> None:
    if config["REGISTRATION"] not in REGISTRATIONS:
        raise SettingsError(
            f"REGISTRATION must be one of {', '.join(REGISTRATIONS)},"
            f" not {config['REGISTRATION']!r}."
        )
    try:
        parse_domains(config["REGISTRATION_DOMAINS"])
    except ValueError as error:
        raise SettingsError(
            f"REGISTRATION_DOMAINS holds {str(error)!r}, which is no domain of e-mail addresses"
            " such as example.org; separate several by commas."
        ) from None
    url = config["PUBLIC_URL"]
    if url and (not url.lower().startswith(("http://", "https://")) or parse_origin(url) is None):
        raise SettingsError(
            "PUBLIC_URL must be the address at which people reach the page, without a path, such as"
            f" https://chat.example.org (an international name in its xn-- form), not {url!r}."
        )


def _check_site(config: Mapping[str, Any]) -> None:
    name = config["SITE_NAME"]
    if len(name) > SITE_NAME_LENGTH or not is_line(name):
        raise SettingsError(
            f"SITE_NAME must be one line of at most {SITE_NAME_LENGTH} characters, all of them"
            f" visible, not {name!r}."
        )
    logo(config)


def logo(config: Mapping[str, Any]) -> Logo | None:
    """Return the picture of SITE_LOGO, None if there is none."""
    path = config["SITE_LOGO"]
    if not path:
        return None
    try:
        return read_logo(Path(path))
    except OSError as error:
        raise SettingsError(f"SITE_LOGO={path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise SettingsError(f"SITE_LOGO={path} {error}.") from None


def _check_queue(config: Mapping[str, Any]) -> None:
    url = config["MESSAGE_QUEUE_URL"]
    if not url:
        return
    if url.partition("://")[0] not in QUEUES:
        raise SettingsError(NO_QUEUE)
    if find_spec("redis") is None:
        raise SettingsError(
            "MESSAGE_QUEUE_URL needs the Python package redis: `pip install redis`."
        )
    _parse_queue(url)


def _parse_queue(url: str) -> dict[str, Any]:
    """Return the parts of a queue's URL, parsed by the package redis."""
    from redis.connection import parse_url  # an extra

    try:
        return dict(parse_url(url))
    except ValueError:
        raise SettingsError(NO_QUEUE) from None


def _is_mongo_uri(uri: str) -> bool:
    try:
        _parse_database(uri)
    except (PyMongoError, ValueError):
        return False
    return True


def _parse_database(uri: str) -> dict[str, Any]:
    """Return the parts of a URI, parsed by PyMongo, without a DNS query."""
    if not uri.startswith(SRV):
        return dict(parse_uri(uri))
    address, _, options = uri.partition("?")
    parsed = dict(parse_uri(address.replace(SRV, "mongodb://", 1)))
    parsed["options"] = {"tls": True, **(split_options(options) if options else {})}
    return parsed


def _check_mail(config: Mapping[str, Any]) -> None:
    if config["MAIL"] not in ("", "terminal"):
        raise SettingsError(f"MAIL must be terminal or left out, not {config['MAIL']!r}.")
    if not config["MAIL_SERVER"]:
        return
    if config["MAIL_USE_SSL"] and config["MAIL_USE_TLS"]:
        raise SettingsError(
            "MAIL_USE_SSL and MAIL_USE_TLS exclude each other: switch one of them off."
        )
    if ascii_host(config["MAIL_SERVER"]) is None:
        raise SettingsError(
            "MAIL_SERVER must be the name or address of a host such as smtp.example.org, its port"
            f" apart in MAIL_PORT, not {config['MAIL_SERVER']!r}."
        )
    if parse_sender(config["MAIL_DEFAULT_SENDER"]) is None:
        raise SettingsError(
            "MAIL_DEFAULT_SENDER must name who e-mail sent by MAIL_SERVER is from, as"
            " chat@example.org or Chat <chat@example.org>, in plain letters before the @,"
            f" not {config['MAIL_DEFAULT_SENDER']!r}."
        )
    if bool(config["MAIL_USERNAME"]) != bool(config["MAIL_PASSWORD"]):
        raise SettingsError(
            "MAIL_USERNAME and MAIL_PASSWORD log in together: set both, or neither of them."
        )
    encrypted = config["MAIL_USE_SSL"] or config["MAIL_USE_TLS"]
    if config["MAIL_PASSWORD"] and not encrypted and not is_loopback(config["MAIL_SERVER"]):
        raise SettingsError(
            "MAIL_PASSWORD would be sent unencrypted: switch MAIL_USE_SSL or MAIL_USE_TLS on."
        )


def _check_open(config: Mapping[str, Any]) -> None:
    """Refuse settings that are unsafe when other machines can reach the server."""
    opened = _opened_by(config)
    if not opened:
        return
    if config.get("DEBUG"):  # Flask's own, from the environment
        raise SettingsError(
            f"FLASK_DEBUG is for this machine alone, and {opened} serves others: leave it out."
        )
    if not config["RATE_LIMITS"]:
        raise SettingsError(
            f"RATE_LIMITS=off is for this machine alone, and {opened} serves others: leave it out."
        )
    _check_open_mail(config, opened)
    named = config["PUBLIC_URL"] or parse_hosts(config["HOSTS"])
    if config["TRUSTED_PROXIES"] and not named:
        raise SettingsError(
            f"TRUSTED_PROXIES={config['TRUSTED_PROXIES']} needs HOSTS or PUBLIC_URL: the names by"
            " which people reach the proxy, such as chat.example.org, or its address, such as"
            " https://chat.example.org."
        )
    if config["MONGO_URI"] and not config["MONGO_INSECURE"]:
        _check_open_database(config["MONGO_URI"])
    if config["MESSAGE_QUEUE_URL"] and not config["QUEUE_INSECURE"]:
        _check_open_queue(config["MESSAGE_QUEUE_URL"])


def _check_open_mail(config: Mapping[str, Any], opened: str) -> None:
    """Refuse a mail set-up that sends no codes, or sends them unencrypted."""
    server, encrypted = config["MAIL_SERVER"], config["MAIL_USE_SSL"] or config["MAIL_USE_TLS"]
    if not server and config["MAIL"] != "terminal":
        raise SettingsError(
            f"{opened} serves other machines and so needs MAIL_SERVER for the codes,"
            " or MAIL=terminal to print them here."
        )
    if server and not encrypted and not is_loopback(server):
        raise SettingsError(
            "MAIL_SERVER would get codes unencrypted: switch MAIL_USE_SSL or MAIL_USE_TLS on."
        )


def _check_open_database(uri: str) -> None:
    """Refuse another machine's database without authentication or without verified TLS."""
    parsed = _parse_database(uri)
    hosts = [host for host, _ in parsed["nodelist"]]
    options = {name.lower(): value for name, value in parsed["options"].items()}
    # A path is a socket of this machine; DNS can list any hosts for an SRV name.
    here = all(host.startswith("/") or is_loopback(host) for host in hosts)
    if here and not uri.startswith(SRV):
        return
    if not parsed["username"] and options.get("authmechanism") != "MONGODB-X509":
        raise SettingsError(
            "MONGO_URI names another machine's database without a user and password:"
            " add them, or say MONGO_INSECURE=on."
        )
    unchecked = ("tlsinsecure", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames")
    if not options.get("tls") or any(options.get(name) for name in unchecked):
        raise SettingsError(
            "MONGO_URI names another machine's database without TLS that proves its name:"
            " add tls=true, or say MONGO_INSECURE=on."
        )


def _check_open_queue(url: str) -> None:
    """Refuse a queue without a password, and another machine's queue without verified TLS."""
    queue = _parse_queue(url)
    if url.startswith("unix:"):  # the mode of the socket file protects it
        return
    if not queue.get("password"):
        raise SettingsError(
            "MESSAGE_QUEUE_URL names a queue without a password, and whoever can write to it speaks"
            " for the server: add one, as in rediss://:password@host:6379/0,"
            " or say QUEUE_INSECURE=on."
        )
    checked = queue.get("ssl_cert_reqs", "required") == "required"
    proven = url.startswith("rediss:") and checked and queue.get("ssl_check_hostname", True)
    if not proven and not is_loopback(queue.get("host", "localhost")):
        raise SettingsError(
            "MESSAGE_QUEUE_URL names another machine's queue, which carries messages, without TLS"
            " that proves its name: begin it with rediss://, or say QUEUE_INSECURE=on."
        )
