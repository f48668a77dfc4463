"""Connections: plain, by STARTTLS, by TLS from the first byte; and untrusted servers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme

from chat import smtp
from chat.database.client import Database
from harness.accounts import new_email, new_password
from harness.servers import Server
from tests.conftest import with_database
from tests.mail.conftest import MakeMailer, server_context
from tests.mailbox import Mailbox

KINDS = ["tls", "starttls"]
REASONS = {
    "signer": "unable to get local issuer certificate",
    "name": "IP address mismatch, certificate is not valid for '127.0.0.1'.",
}


@contextmanager
def mail_server(
    kind: str, authority: trustme.CA, name: str = "127.0.0.1"
) -> Iterator[tuple[Mailbox, dict[str, object]]]:
    """Give a mail server that encrypts, and the settings of an app that logs in there."""
    context: dict[str, Any] = {kind: server_context(authority, name)}
    with Mailbox(**context) as mailbox:
        account = {"MAIL_USERNAME": "chat", "MAIL_PASSWORD": new_password()}
        yield mailbox, {**mailbox.settings, **account}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("trusting")
def test_mail_goes_encrypted_to_a_server_that_proves_its_name(
    make_mailer: MakeMailer, authority: trustme.CA, kind: str
) -> None:
    with mail_server(kind, authority) as (mailbox, settings):
        make_mailer(**settings).send_code("a@example.org", "012345", "register", 10, "en")
        assert mailbox.wait_for_code("a@example.org") == "012345"
        assert mailbox.log_ins == [("chat", settings["MAIL_PASSWORD"])]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", ["signer", "name"])
@pytest.mark.usefixtures("trusting")
def test_a_server_with_a_bad_certificate_sees_neither_password_nor_mail(
    make_mailer: MakeMailer,
    authority: trustme.CA,
    kind: str,
    wrong: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    signer = trustme.CA() if wrong == "signer" else authority
    name = "mail.example.org" if wrong == "name" else "127.0.0.1"
    with mail_server(kind, signer, name) as (mailbox, settings):
        make_mailer(**settings).send_code("b@example.org", "012345", "register", 10, "en")
        assert (mailbox.auth_commands, mailbox.log_ins, mailbox.attempts) == (0, [], 0)
    (record,) = [one for one in caplog.records if one.name == "chat.mailer"]
    assert (
        record.getMessage()
        == f"mail not sent: the mail server's certificate is not to be trusted: {REASONS[wrong]}"
    )


def test_no_password_is_sent_to_a_server_without_encryption(
    make_mailer: MakeMailer, caplog: pytest.LogCaptureFixture
) -> None:
    with Mailbox() as mailbox:
        account = {"MAIL_USERNAME": "chat", "MAIL_PASSWORD": new_password()}
        settings = {**mailbox.settings, **account, "MAIL_USE_TLS": True}
        make_mailer(**settings).send_code("c@example.org", "111111", "register", 10, "en")
        assert (mailbox.auth_commands, mailbox.attempts) == (0, 0)
    assert "mail not sent: SMTPNotSupportedError: STARTTLS extension not supported" in caplog.text


@pytest.mark.parametrize("kind", ["plain", "tls"])
def test_a_server_that_stays_silent_is_given_up(
    make_mailer: MakeMailer,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert smtp.STEP_SECONDS == 10
    monkeypatch.setattr(smtp, "STEP_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        make_mailer(
            waits=(),
            MAIL_SERVER="127.0.0.1",
            MAIL_PORT=silent.getsockname()[1],
            MAIL_USE_SSL=kind == "tls",
            MAIL_DEFAULT_SENDER="chat@example.org",
        ).send_code("d@example.org", "111111", "register", 10, "en")
    error = {"plain": "SMTPServerDisconnected", "tls": "TimeoutError"}[kind]
    assert f"mail not sent: {error}" in caplog.text


@pytest.mark.parametrize("kind", ["plain", *KINDS])
def test_a_running_server_mails_a_code_and_answers_before_it_has(
    authority: trustme.CA,
    authority_file: Path,
    mongo_uri: str,
    migrated: Database,
    tmp_path: Path,
    kind: str,
) -> None:
    context: dict[str, Any] = {} if kind == "plain" else {kind: server_context(authority)}
    with Mailbox(**context) as mailbox:
        settings = {
            name: {True: "on", False: "off"}.get(value, value)
            for name, value in mailbox.settings.items()
        }
        settings["MONGO_URI"] = with_database(mongo_uri, migrated.db.name)
        if kind != "plain":
            settings |= {"MAIL_USERNAME": "chat", "MAIL_PASSWORD": new_password()}
        with Server(tmp_path, SSL_CERT_FILE=authority_file, **settings) as server:
            email = new_email()
            with mailbox.held():
                answer = requests.post(
                    f"{server.url}/api/users/code", json={"email": email}, timeout=60
                )
                assert answer.status_code == 202
            code = mailbox.wait_for_code(email)
        assert len(mailbox.log_ins) == (kind != "plain")
    assert code not in server.log() and email not in server.log()
