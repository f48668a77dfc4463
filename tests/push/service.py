"""A push service on this machine: TLS by an authority of its own, and browsers that decrypt."""

from __future__ import annotations

import base64
import json
import os
import queue
import ssl
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import http_ece
import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness.servers import PATIENCE

NAME = "localhost"


@dataclass(frozen=True)
class Received:
    """A request, as the service got it."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    def claims(self, origin: str) -> dict[str, Any]:
        """Check the signature and return what is signed."""
        scheme, _, rest = self.headers["Authorization"].partition(" ")
        assert scheme == "vapid"
        token, key = (part.strip().partition("=")[2] for part in rest.split(","))
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(key))
        found: dict[str, Any] = jwt.decode(token, public, algorithms=["ES256"], audience=origin)
        return found


class Browser:
    """The keys of one subscription."""

    def __init__(self, origin: str, path: str) -> None:
        self._private = ec.generate_private_key(ec.SECP256R1())
        self._auth = os.urandom(16)
        self.path = f"/push/{path}"
        point = self._private.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        self.subscription: dict[str, Any] = {
            "endpoint": f"{origin}{self.path}",
            "keys": {"p256dh": encoded(point), "auth": encoded(self._auth)},
        }

    def read(self, received: Received) -> dict[str, Any]:
        """Decrypt what arrived."""
        assert received.path == self.path
        text = http_ece.decrypt(
            received.body, private_key=self._private, auth_secret=self._auth, version="aes128gcm"
        )
        found: dict[str, Any] = json.loads(text)
        return found


class Service:
    """Answers as told: each of `answers` once, a status with headers, and then 201."""

    def __init__(self, directory: Path) -> None:
        self.authority = directory / "authority.pem"
        _make_certificates(self.authority, directory / "service.pem")
        self.answers: deque[tuple[int, dict[str, str]]] = deque()
        self._received: queue.Queue[Received] = queue.Queue()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(directory / "service.pem")
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers = service.answers.popleft() if service.answers else (201, {})
                self.send_response(status)
                for name, value in {**headers, "Content-Length": "0"}.items():
                    self.send_header(name, value)
                self.end_headers()
                service._received.put(Received(self.path, dict(self.headers), body))

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.socket = self.context.wrap_socket(self._server.socket, server_side=True)

    @property
    def origin(self) -> str:
        return f"https://{NAME}:{self._server.server_address[1]}"

    def next(self) -> Received:
        """Wait for the next request."""
        return self._received.get(timeout=PATIENCE)

    @property
    def is_empty(self) -> bool:
        """Return whether everything that arrived was looked at."""
        return self._received.empty()

    def __enter__(self) -> Service:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _make_certificates(authority: Path, service: Path) -> None:
    """Write the certificate of an authority, and that of the service with its key."""
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority of a test")])
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    is_root = x509.BasicConstraints(ca=True, path_length=None)
    root_certificate = _new(root, root, root_key).add_extension(is_root, True)
    alternative = x509.SubjectAlternativeName([x509.DNSName(NAME)])
    certificate = _new(name, root, key).add_extension(alternative, False)
    pem = serialization.Encoding.PEM
    authority.write_bytes(root_certificate.sign(root_key, hashes.SHA256()).public_bytes(pem))
    service.write_bytes(
        certificate.sign(root_key, hashes.SHA256()).public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _new(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )
