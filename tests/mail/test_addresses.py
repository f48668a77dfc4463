"""Non-ASCII users, senders and recipients; bodies that any server relays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email import message_from_bytes, policy

import pytest
import trustme
from flask import Flask

from chat.mailer import OFFER_SECONDS
from harness.accounts import ENGLISH, data_of, error_of, new_name, new_password
from tests.mail.conftest import MakeMailer, server_context
from tests.mailbox import Mailbox


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def international() -> Iterator[Mailbox]:
    """A mail server that offers SMTPUTF8."""
    with Mailbox(international=True) as mailbox:
        yield mailbox


@pytest.mark.parametrize("dialect", ["PLAIN", "LOGIN", "CRAM-MD5"])
@pytest.mark.usefixtures("trusting")
def test_users_and_passwords_may_have_any_letters(
    make_mailer: MakeMailer, authority: trustme.CA, dialect: str
) -> None:
    user, password = "聊天@example.org", f"pässwörd 密码 {new_password()}"
    with Mailbox(tls=server_context(authority), dialects=[dialect]) as mailbox:
        mailbox.passwords[user] = password
        account = {"MAIL_USERNAME": user, "MAIL_PASSWORD": password}
        mailer = make_mailer(**mailbox.settings | account)
        mailer.send_code("a@example.org", "012345", "register", 10, "en")
        assert mailbox.wait_for_code("a@example.org") == "012345"
        assert mailbox.log_ins == [(user, password)]


@pytest.mark.usefixtures("trusting")
def test_a_wrong_password_is_said_once(
    make_mailer: MakeMailer, authority: trustme.CA, caplog: pytest.LogCaptureFixture
) -> None:
    with Mailbox(tls=server_context(authority), dialects=["CRAM-MD5"]) as mailbox:
        account = {"MAIL_USERNAME": "chat", "MAIL_PASSWORD": new_password()}
        mailer = make_mailer(**mailbox.settings | account)
        mailer.send_code("a@example.org", "012345", "register", 10, "en")
        assert mailbox.attempts == 0
    (record,) = [one for one in caplog.records if one.name == "chat.mailer"]
    assert record.getMessage() == "mail not sent: SMTPAuthenticationError 535"


@pytest.mark.parametrize(
    ("setting", "name", "address"),
    [
        ("chat@例子.中国", "", "chat@xn--fsqu00a.xn--fiqs8s"),
        ("Chat, Inc <chat@example.org>", "Chat, Inc", "chat@example.org"),
        ('"Chat, Inc" <chat@example.org>', "Chat, Inc", "chat@example.org"),
        ("聊天室 <chat@Bücher.example>", "聊天室", "chat@xn--bcher-kva.example"),
        ("O'Neil (chat) @ home <chat@example.org>", "O'Neil (chat) @ home", "chat@example.org"),
    ],
)
def test_a_sender_may_have_any_name_and_domain(
    mailbox: Mailbox, make_mailer: MakeMailer, setting: str, name: str, address: str
) -> None:
    mailer = make_mailer(**mailbox.settings | {"MAIL_DEFAULT_SENDER": setting})
    mailer.send_code("a@example.org", "012345", "register", 10, "en")
    letter = mailbox.wait_for("a@example.org")
    (sender,) = letter["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (name, address)
    assert mailbox.senders == [address]
    assert letter["Message-ID"].endswith(f"@{address.partition('@')[2]}>")


def test_mail_to_an_international_domain_goes_to_its_ascii_form(
    mailbox: Mailbox, make_mailer: MakeMailer
) -> None:
    mailer = make_mailer(**mailbox.settings)
    mailer.send_code("wang@例子.中国", "012345", "register", 10, "zh")
    letter = mailbox.wait_for("wang@xn--fsqu00a.xn--fiqs8s")
    assert letter["To"] == "wang@xn--fsqu00a.xn--fiqs8s"
    assert mailer.can_send_to("wang@例子.中国") and mailbox.greetings == 1


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_a_mail_is_ascii_on_its_way(mailbox: Mailbox, make_mailer: MakeMailer, locale: str) -> None:
    """Even of a name that is not; a server need not offer 8BITMIME then."""
    mailer = make_mailer(**mailbox.settings | {"MAIL_DEFAULT_SENDER": "聊天 <chat@example.org>"})
    mailer.send_taken_notice("a@example.org", "Zoë", locale)
    mailbox.wait_for("a@example.org")
    (content,) = mailbox.contents
    assert content.isascii()
    assert max(len(line) for line in content.split(b"\r\n")) <= 998
    for part in message_from_bytes(content, policy=policy.default).walk():
        assert part.get("Content-Transfer-Encoding", "7bit") in (
            "7bit",
            "quoted-printable",
            "base64",
        )


def test_an_address_beyond_ascii_is_used_where_the_server_offers_it(
    international: Mailbox, make_mailer: MakeMailer
) -> None:
    mailer = make_mailer(**international.settings)
    assert mailer.can_send_to("用户@例子.中国")
    mailer.send_code("用户@例子.中国", "012345", "register", 10, "zh")
    assert international.wait_for_code("用户@xn--fsqu00a.xn--fiqs8s") == "012345"
    assert "To: 用户@xn--fsqu00a.xn--fiqs8s\r\n".encode() in international.contents[0]


def test_the_mail_server_is_asked_once_an_hour_for_smtputf8(
    mailbox: Mailbox, make_mailer: MakeMailer, caplog: pytest.LogCaptureFixture
) -> None:
    now = [0.0]
    mailer = make_mailer(clock=lambda: now[0], **mailbox.settings)
    for _ in range(3):
        assert not mailer.can_send_to("josé@example.org")
    assert mailbox.greetings == 1
    now[0] += OFFER_SECONDS
    assert not mailer.can_send_to("josé@example.org")
    assert mailbox.greetings == 2
    mailer.send_code("josé@example.org", "012345", "register", 10, "en")  # of an older account
    assert "mail not sent: SMTPNotSupportedError: SMTPUTF8 not supported" in caplog.text
    assert mailbox.attempts == 0


def test_an_address_is_accepted_while_the_mail_server_does_not_answer(
    make_mailer: MakeMailer, caplog: pytest.LogCaptureFixture
) -> None:
    with Mailbox() as gone:
        settings = gone.settings
    assert make_mailer(**settings).can_send_to("josé@example.org")
    assert "the mail server does not say what it offers: ConnectionRefusedError" in caplog.text
    assert make_mailer(MAIL="terminal").can_send_to("josé@example.org")


def test_an_address_that_the_mail_server_cannot_send_to_is_refused(
    make_app: Callable[..., Flask], mailbox: Mailbox
) -> None:
    """In the same words whether or not the address has an account."""
    client = make_app(**mailbox.settings).test_client()
    for purpose in ("register", "reset"):
        body = {"email": f"josé-{new_name()}@example.org", "purpose": purpose}
        error = error_of(client.post("/api/users/code", json=body, headers=ENGLISH), 400)
        assert error["fields"]["email"][0].startswith("The mail server can only send to addresses")


def test_an_account_has_an_address_beyond_ascii(
    make_app: Callable[..., Flask], international: Mailbox
) -> None:
    client = make_app(**international.settings).test_client()
    email, name = "jose\u0301@例子.中国", new_name()
    assert client.post("/api/users/code", json={"email": email}).status_code == 202
    code = international.wait_for_code("josé@xn--fsqu00a.xn--fiqs8s")
    body = {"username": name, "password": new_password(), "email": email, "code": code}
    user = data_of(client.post("/api/users", json=body), 201)["user"]
    assert user["email"] == "josé@例子.中国"
    login = {"username": "JOSÉ@例子。中国", "password": body["password"]}
    assert data_of(client.post("/api/session", json=login))["user"]["id"] == user["id"]
