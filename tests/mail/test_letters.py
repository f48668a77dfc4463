"""The contents of mails: in both languages, as text and as HTML, and in the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from chat.models import Purpose
from tests.mail.conftest import MakeMailer
from tests.mailbox import Mailbox, text_of


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


class Elements(HTMLParser):
    """Collects the text that a reader sees, and every element with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if data.strip() and self.found[-1][0] != "title":
            self.text.append(data.strip())


@pytest.mark.parametrize(
    ("locale", "subject"),
    [("zh", "【育才 Chat】您的注册验证码"), ("en", "育才 Chat: Your registration code")],
)
def test_a_mail_says_which_installation_it_is_from(
    mailbox: Mailbox, make_mailer: MakeMailer, locale: str, subject: str
) -> None:
    mailer = make_mailer(**mailbox.settings, SITE_NAME="育才 Chat")
    address = f"{locale}@example.org"
    mailer.send_code(address, "012345", "register", 10, locale)
    letter = mailbox.wait_for(address)
    assert letter["Subject"] == subject
    assert Elements(text_of(letter, "html")).text[0] == "育才 Chat"


@pytest.mark.parametrize(
    ("locale", "language", "subject", "start"),
    [
        ("zh", "zh-Hans", "您的注册验证码", "您好！"),
        ("en", "en", "Your registration code", "Hello!"),
    ],
)
def test_a_code_arrives_in_the_language_asked_for(
    mailbox: Mailbox,
    make_mailer: MakeMailer,
    locale: str,
    language: str,
    subject: str,
    start: str,
) -> None:
    make_mailer(**mailbox.settings).send_code("a@example.org", "012345", "register", 10, locale)
    letter = mailbox.wait_for("a@example.org")
    assert letter["Subject"] == subject
    assert letter["From"] == "chat@example.org"
    assert letter["To"] == "a@example.org"
    assert letter["Content-Language"] == language
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Message-ID"].endswith("@example.org>")
    text = text_of(letter)
    assert text.startswith(start)
    assert "012345" in text and "10" in text


@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize("purpose", ["register", "reset"])
def test_text_and_html_say_the_same(
    mailbox: Mailbox, make_mailer: MakeMailer, purpose: Purpose, locale: str
) -> None:
    make_mailer(**mailbox.settings).send_code("h@example.org", "012345", purpose, 10, locale)
    letter = mailbox.wait_for("h@example.org")
    said = [line.strip() for line in text_of(letter).splitlines() if line.strip()]
    assert Elements(text_of(letter, "html")).text == said
    assert "012345" in said


def test_html_loads_nothing_and_runs_nothing(mailbox: Mailbox, make_mailer: MakeMailer) -> None:
    make_mailer(**mailbox.settings).send_code("i@example.org", "012345", "register", 10, "en")
    html = text_of(mailbox.wait_for("i@example.org"), "html")
    elements = Elements(html).found
    assert not {tag for tag, _ in elements} & {"script", "img", "link", "style", "a", "form"}
    names = {name for _, attributes in elements for name in attributes}
    assert not any(name in ("src", "href", "background") or name.startswith("on") for name in names)
    assert "url(" not in html and "http" not in html


def test_what_people_chose_is_text_in_html(mailbox: Mailbox, make_mailer: MakeMailer) -> None:
    name = '<img src=x onerror="alert(1)">&'  # adopted names keep to no rules
    make_mailer(**mailbox.settings).send_taken_notice("j@example.org", name, "en")
    letter = mailbox.wait_for("j@example.org")
    elements = Elements(text_of(letter, "html"))
    assert name in elements.text
    assert "img" not in {tag for tag, _ in elements.found}
    assert name in text_of(letter)


@pytest.mark.parametrize("settings", [{}, {"MAIL": "terminal", "MAIL_SERVER": "127.0.0.1"}])
def test_without_a_server_the_mail_is_printed(
    make_mailer: MakeMailer, settings: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    mailer = make_mailer(**settings)
    assert mailer.terminal
    mailer.send_code("e@example.org", "246810", "register", 10, "en")
    printed = capsys.readouterr().out
    assert "246810" in printed and "To: e@example.org" in printed
    assert printed.count("─" * 72) == 2 and "<" not in printed


def test_a_server_is_used_when_there_is_one(mailbox: Mailbox, make_mailer: MakeMailer) -> None:
    assert not make_mailer(**mailbox.settings).terminal
