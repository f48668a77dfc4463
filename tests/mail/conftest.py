"""A private certificate authority, and mailers that trust it."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import trustme
from flask import Flask

from chat import extensions
from chat.mailer import Mailer

MakeMailer = Callable[..., Mailer]


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """The authority that signs the certificates of genuine mail servers."""
    return trustme.CA()


@pytest.fixture(scope="session")
def authority_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The authority's own certificate, for SSL_CERT_FILE."""
    file = tmp_path_factory.mktemp("authority") / "authority.pem"
    authority.cert_pem.write_to_path(file)
    return file


@pytest.fixture
def trusting(authority_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process trust the authority, as an operator would with one of their own."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority_file))


def server_context(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    """Return what a server needs that calls itself `name`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.fixture
def make_mailer() -> MakeMailer:
    """A function that makes a mailer with these settings; `waits` are those between its tries."""

    def make(
        waits: Sequence[float] = (0, 0),
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
        **settings: object,
    ) -> Mailer:
        app = Flask("chat")
        app.config.update(ACCESS_TOKEN_MINUTES=15, REFRESH_TOKEN_DAYS=30, **settings)
        extensions.init_app(app)
        return Mailer(app, waits, clock, pause)

    return make
