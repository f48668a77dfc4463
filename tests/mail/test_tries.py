"""Mail that does not go at once: what is tried again, what is not, and what the log says of it."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from tests.mail.conftest import MakeMailer
from tests.mailbox import WAIT_SECONDS, Mailbox


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


def logged(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    return [(one.levelno, one.getMessage()) for one in caplog.records if one.name == "chat.mailer"]


def test_mail_that_is_refused_for_now_is_brought_again(
    mailbox: Mailbox, make_mailer: MakeMailer, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.refuse("451 come back later", times=2)
    make_mailer(**mailbox.settings).send_code("a@example.org", "987654", "reset", 10, "en")
    assert mailbox.wait_for_code("a@example.org") == "987654"
    assert mailbox.attempts == 3
    warning = (logging.WARNING, "mail not sent, next try in 0 s: SMTPDataError 451")
    assert logged(caplog) == [warning, warning]


def test_mail_is_given_up_after_a_few_tries(
    mailbox: Mailbox, make_mailer: MakeMailer, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.refuse("451 come back later", times=9)
    make_mailer(**mailbox.settings).send_code("b@example.org", "987654", "reset", 10, "en")
    assert mailbox.attempts == 3
    assert logged(caplog)[-1] == (logging.ERROR, "mail not sent: SMTPDataError 451")


def test_mail_that_is_refused_for_good_is_logged_without_text_and_address(
    mailbox: Mailbox, make_mailer: MakeMailer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    mailbox.refuse("550 no such person c@example.org with 987654", times=9)
    make_mailer(**mailbox.settings).send_code("c@example.org", "987654", "reset", 10, "en")
    assert mailbox.attempts == 1
    assert logged(caplog) == [(logging.ERROR, "mail not sent: SMTPDataError 550")]
    own = [one for one in caplog.records if not one.name.startswith("mail.")]  # aiosmtpd's own
    assert not any("987654" in str(one.__dict__) or "c@example" in str(one.__dict__) for one in own)


def test_a_server_that_is_not_there_is_tried_again(
    mailbox: Mailbox, make_mailer: MakeMailer, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: it refuses
        settings = {**mailbox.settings, "MAIL_PORT": taken.getsockname()[1]}
        make_mailer(**settings).send_code("d@example.org", "987654", "reset", 10, "en")
    assert [level for level, _ in logged(caplog)] == [logging.WARNING] * 2 + [logging.ERROR]
    assert "mail not sent: ConnectionRefusedError" in caplog.text


def test_a_code_that_was_replaced_is_not_brought_late(
    mailbox: Mailbox, make_mailer: MakeMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second code voids the first, which waits for its next try."""
    mailer = make_mailer(waits=(0.5,), **mailbox.settings)
    mailbox.refuse("451 come back later")
    first = threading.Thread(
        target=mailer.send_code, args=("e@example.org", "111111", "reset", 10, "en")
    )
    both_wait = threading.Event()

    def wait(_: float) -> None:
        """Let the first wait until the second does, and that one until the first has gone on."""
        if threading.current_thread() is first:
            assert both_wait.wait(WAIT_SECONDS)
        else:
            both_wait.set()
            first.join(WAIT_SECONDS)

    monkeypatch.setattr("chat.mailer.time", SimpleNamespace(sleep=wait))
    first.start()
    mailbox.wait_for_attempt(1)
    mailer.send_taken_notice("e@example.org", "someone", "en")  # of another kind: voids nothing
    mailbox.refuse("451 come back later")
    mailer.send_code("e@example.org", "222222", "reset", 10, "en")
    assert not first.is_alive()
    assert mailbox.attempts == 4
    mailbox.wait_for("e@example.org")
    assert mailbox.wait_for_code("e@example.org") == "222222"


def test_mail_that_was_taken_is_not_brought_again_for_want_of_a_goodbye(
    mailbox: Mailbox, make_mailer: MakeMailer, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.hangs_up = True
    make_mailer(**mailbox.settings).send_code("f@example.org", "987654", "reset", 10, "en")
    assert mailbox.wait_for_code("f@example.org") == "987654"
    assert mailbox.attempts == 1 and logged(caplog) == []
