"""Mail that is not sent at once: which errors are retried, and what is logged."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from chat import smtp
from chat.mailer import MAX_UNSENT, WAITS
from tests.mail.conftest import MakeMailer
from tests.mailbox import WAIT_SECONDS, Mailbox, text_of


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
        taken.bind(("127.0.0.1", 0))  # bound but not listening, so it refuses connections
        settings = {**mailbox.settings, "MAIL_PORT": taken.getsockname()[1]}
        make_mailer(**settings).send_code("d@example.org", "987654", "reset", 10, "en")
    assert [level for level, _ in logged(caplog)] == [logging.WARNING] * 2 + [logging.ERROR]
    assert "mail not sent: ConnectionRefusedError" in caplog.text


def test_a_code_that_was_replaced_is_not_brought_late(
    mailbox: Mailbox, make_mailer: MakeMailer
) -> None:
    """The second code voids the first, which waits for its next try."""
    mailer = make_mailer(waits=(0.5,), pause=lambda seconds: wait(seconds), **mailbox.settings)
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

    first.start()
    mailbox.wait_for_attempt(1)
    mailer.send_taken_notice("e@example.org", "someone", "en")  # of another kind: voids nothing
    mailbox.refuse("451 come back later")
    mailer.send_code("e@example.org", "222222", "reset", 10, "en")
    assert not first.is_alive()
    assert mailbox.attempts == 4
    mailbox.wait_for("e@example.org")
    assert mailbox.wait_for_code("e@example.org") == "222222"


def test_an_accepted_mail_is_not_sent_again_when_quit_fails(
    mailbox: Mailbox, make_mailer: MakeMailer, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.hangs_up = True
    make_mailer(**mailbox.settings).send_code("f@example.org", "987654", "reset", 10, "en")
    assert mailbox.wait_for_code("f@example.org") == "987654"
    assert mailbox.attempts == 1 and logged(caplog) == []


def test_the_answer_to_quit_has_a_short_time_limit(
    mailbox: Mailbox,
    make_mailer: MakeMailer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert smtp.GOODBYE_SECONDS == 3
    monkeypatch.setattr(smtp, "GOODBYE_SECONDS", 0.1)
    mailbox.goodbye_waits = 2.0
    begun = time.monotonic()
    make_mailer(**mailbox.settings).send_code("f@example.org", "987654", "reset", 10, "en")
    assert time.monotonic() - begun < 2.0
    assert mailbox.attempts == 1 and logged(caplog) == []


class Time:
    """A clock that only pauses move."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def clock(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


def test_a_server_that_greylists_for_five_minutes_still_gets_a_good_code(
    mailbox: Mailbox, make_mailer: MakeMailer
) -> None:
    passed = Time()
    mailbox.is_greylisting = lambda: passed.now < 1_300
    mailer = make_mailer(WAITS, passed.clock, passed.pause, **mailbox.settings)
    mailer.send_code("g@example.org", "987654", "reset", 10, "en")
    assert 1_300 <= passed.now < 1_400
    letter = mailbox.wait_for("g@example.org")
    assert "good for 5 minutes" in text_of(letter)
    assert mailbox.attempts == 1


def test_a_code_is_not_sent_after_it_has_expired(
    mailbox: Mailbox, make_mailer: MakeMailer, caplog: pytest.LogCaptureFixture
) -> None:
    assert sum(WAITS) == 540
    for minutes, end in ((10, 1_000 + 540), (5, 1_000 + 210)):
        passed = Time()
        mailbox.is_greylisting = lambda: True
        mailer = make_mailer(WAITS, passed.clock, passed.pause, **mailbox.settings)
        mailer.send_code("h@example.org", "987654", "reset", minutes, "en")
        assert passed.now == end
        assert logged(caplog)[-1] == (logging.ERROR, "mail not sent: SMTPRecipientsRefused 450")


def test_a_server_may_take_its_time_with_a_whole_mail(
    mailbox: Mailbox,
    make_mailer: MakeMailer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It has the mail by then, and a second try would be a second copy."""
    assert smtp.TAKEN_SECONDS == 600
    monkeypatch.setattr(smtp, "STEP_SECONDS", 1.0)
    with mailbox.held():
        letter = threading.Thread(
            target=make_mailer(**mailbox.settings).send_code,
            args=("i@example.org", "987654", "reset", 10, "en"),
        )
        letter.start()
        letter.join(2.0)
        assert letter.is_alive()
    letter.join(WAIT_SECONDS)
    assert mailbox.wait_for_code("i@example.org") == "987654"
    assert mailbox.attempts == 1 and logged(caplog) == []


UNKNOWN = "mail perhaps not sent: the mail server took all of it and did not say what became of it"


def test_a_mail_that_was_never_answered_is_not_brought_again(
    mailbox: Mailbox,
    make_mailer: MakeMailer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(smtp, "TAKEN_SECONDS", 0.2)
    with mailbox.held():
        make_mailer(**mailbox.settings).send_code("j@example.org", "987654", "reset", 10, "en")
    assert mailbox.arrivals == 1
    assert logged(caplog) == [(logging.WARNING, UNKNOWN)]


def test_a_server_that_takes_a_mail_and_hangs_up_gets_no_second_copy(
    mailbox: Mailbox, make_mailer: MakeMailer, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.hangs_up_before_answer = True
    make_mailer(**mailbox.settings).send_code("k@example.org", "987654", "reset", 10, "en")
    assert mailbox.wait_for_code("k@example.org") == "987654"
    assert mailbox.attempts == 1
    assert logged(caplog) == [(logging.WARNING, UNKNOWN)]


def test_what_waits_for_the_mail_server_is_bounded(
    mailbox: Mailbox,
    make_mailer: MakeMailer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert MAX_UNSENT == 1_000
    monkeypatch.setattr("chat.mailer.MAX_UNSENT", 1)

    def pause(_: float) -> None:
        mailer.send_code("m@example.org", "222222", "reset", 10, "en")

    mailer = make_mailer((0,), pause=pause, **mailbox.settings)
    mailbox.refuse("451 later")
    mailer.send_code("l@example.org", "111111", "reset", 10, "en")
    assert mailbox.wait_for_code("l@example.org") == "111111"
    assert mailbox.attempts == 2
    assert logged(caplog)[-1] == (logging.ERROR, "mail not sent: 1 others wait for the mail server")
