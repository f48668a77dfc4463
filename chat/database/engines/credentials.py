"""The one user of the embedded database, and its creation.

Only a client can create the user, and without any user the database can only run without
authentication. So for this it is started on a port of its own with a new TLS key, and accepts only
clients that have this key.
"""

from __future__ import annotations

import re
import secrets
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from chat.database.client import TIMEOUT_MS
from chat.database.files import write_private
from chat.database.wire import is_ok, send_command

USER = "chat"
DATABASE = "admin"  # the user's database
ASK_SECONDS = 10.0  # for each command; hashing a password on a busy machine takes a while
AUTHENTICATION_FAILED = 18
PASSWORD = re.compile(r"[0-9a-f]{64}\n")
VALID = timedelta(days=1)  # before and after now, in case the clock is set meanwhile


def new_password() -> str:
    """Return a new random password."""
    return secrets.token_hex(32)


def read_password(file: Path) -> str | None:
    """Return the password in a file, or None if the file is missing or damaged."""
    try:
        text = file.read_text("ascii")
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return text.strip() if PASSWORD.fullmatch(text) else None


@contextmanager
def single_use_key(path: Path) -> Iterator[ssl.SSLContext]:
    """Write a new key to a private file for the database; yield the TLS context of its client.

    Both sides present the same certificate and accept no other one.
    """
    path.unlink(missing_ok=True)
    try:
        write_private(path, _make_key())
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        tls.check_hostname = False  # only this one certificate is trusted, so it needs no name
        tls.load_cert_chain(path)
        tls.load_verify_locations(path)
        yield tls
    finally:
        with suppress(OSError):
            path.unlink()


def key_options(path: Path) -> list[str]:
    """Return the options with which the database serves only the holder of a key."""
    files = [f"--tls-{name}-file={path}" for name in ("cert", "key", "ca")]
    return [*files, "--tls-require-client-cert"]


def create_only_user(port: int, tls: ssl.SSLContext, password: str) -> bool:
    """Drop all users of a database and create the chat's; return whether all of that succeeded."""
    while users := _list_users(port, tls):
        for user in users:
            drop = {"dropUser": user["user"], "$db": user["db"]}
            if not is_ok(send_command(port, drop, tls, ASK_SECONDS)):
                return False
    if users is None:
        return False
    make = {"createUser": USER, "pwd": password, "roles": ["root"], "$db": DATABASE}
    return is_ok(send_command(port, make, tls, ASK_SECONDS))


def is_refused(uri: str) -> bool:
    """Return whether a database refuses the user and password of the URI."""
    try:
        with MongoClient[dict[str, Any]](uri, timeoutMS=TIMEOUT_MS) as client:
            client[DATABASE].command("ping")
    except OperationFailure as error:
        return error.code == AUTHENTICATION_FAILED
    except PyMongoError:  # it is broken or dead, which its supervision handles
        return False
    return False


def _list_users(port: int, tls: ssl.SSLContext) -> list[dict[str, Any]] | None:
    """Return users of all databases, a batch of them; None without an answer."""
    answer = send_command(port, {"find": "system.users", "$db": DATABASE}, tls, ASK_SECONDS)
    if answer is None or not is_ok(answer):
        return None
    users: list[dict[str, Any]] = answer["cursor"]["firstBatch"]
    return users


def _make_key() -> str:
    """Return a new certificate and its key, as PEM."""
    # Imported here, because it is slow and needed only at the first start.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, USER)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - VALID)
        .not_valid_after(now + VALID)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return (certificate.public_bytes(serialization.Encoding.PEM) + private).decode("ascii")
