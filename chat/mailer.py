"""Sends mail, or prints it without a mail server."""

from __future__ import annotations

import logging
import smtplib
import ssl
import sys
import threading
import time
from collections.abc import Callable, Sequence
from email.utils import make_msgid

from flask import Flask

from chat.concurrency import spawn
from chat.extensions import mail
from chat.letters import Letter
from chat.logs import REPEATS
from chat.models import Purpose
from chat.smtp import OutcomeUnknown
from chat.text.addresses import ascii_address, fold_address, is_international, parse_sender

log = logging.getLogger(__name__)

RULE = "─" * 72
# Seconds before each further try. Servers that greylist take a mail after one to five minutes; the
# last try comes while a code of ten minutes is still good.
WAITS = (5.0, 15.0, 40.0, 60.0, 90.0, 95.0, 65.0, 80.0, 90.0)
WORTH_SENDING = 30.0  # seconds for which a code must still be good
NOTICE_MINUTES = 10  # for which a notice is tried that nobody waits for
CONNECTIONS = 8  # to the mail server at the same time
MAX_UNSENT = 1_000  # mails that wait for a connection or for their next try
ASK_SECONDS = 2.0  # for which somebody waits to hear whether their address can be sent to
UNKNOWN_SECONDS = 60.0  # until the server is asked again, where it did not answer
OFFER_SECONDS = 3_600.0  # for which the server's word on international addresses counts


class Mailer:
    """Sends by `MAIL_SERVER`, or prints where `MAIL=terminal` or no server is set.

    Sending takes as long as the mail server does, with further tries after the `waits` (seconds):
    call it beside a request, never within. A mail that cannot be sent is logged without its text
    and its address and raises nothing: nobody waits for it.
    """

    def __init__(
        self,
        app: Flask,
        waits: Sequence[float] = WAITS,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._app = app
        self._waits = waits
        self._clock = clock
        self._pause = pause
        self._sender = parse_sender(app.config.get("MAIL_DEFAULT_SENDER") or "")
        self._connections = threading.BoundedSemaphore(CONNECTIONS)
        self._newest: dict[tuple[str, str], Letter] = {}
        self._unsent = 0
        self._offer = (True, float("-inf"))  # SMTPUTF8, and until when that is known
        self._asking = threading.Lock()
        self.terminal = app.config.get("MAIL") == "terminal" or not app.config.get("MAIL_SERVER")

    def can_send_to(self, email: str) -> bool:
        """Tell whether the mail server sends to such an address, as far as that is known.

        Asks the server at most once an hour, or once a minute while it does not answer, and only
        for an international address. Until it has answered the address is taken: trying to send to
        it will tell.
        """
        if self.terminal or not is_international(email):
            return True
        offered, until = self._offer
        if self._clock() >= until and self._asking.acquire(blocking=False):
            self._offer = offered, self._clock() + UNKNOWN_SECONDS
            answered = threading.Event()
            spawn(self._ask_offer, answered)
            answered.wait(ASK_SECONDS)
        return self._offer[0]

    def _ask_offer(self, answered: threading.Event) -> None:
        """Ask the mail server whether it sends to international addresses."""
        try:
            with self._app.app_context():
                offered = mail.connect().offers_international()
            self._offer = offered, self._clock() + OFFER_SECONDS
        except (OSError, smtplib.SMTPException) as error:
            log.warning("the mail server does not say what it offers: %s", _reason(error))
            self._offer = True, self._clock() + UNKNOWN_SECONDS
        finally:
            self._asking.release()
            answered.set()

    def send_code(self, email: str, code: str, purpose: Purpose, minutes: int, locale: str) -> None:
        """Mail a code that is good for so many minutes."""
        self._send(email, purpose, locale, code, minutes)

    def send_taken_notice(self, email: str, username: str, locale: str) -> None:
        """Tell the owner of an address that someone tried to register with it."""
        self._send(email, "taken", locale, username, NOTICE_MINUTES)

    def _send(self, email: str, kind: str, locale: str, highlight: str, minutes: int) -> None:
        letter = Letter(ascii_address(email) or email, kind, locale, highlight)
        with self._app.app_context():
            if self.terminal:
                _print(letter, minutes)
            elif ascii_address(email) is None:
                log.error("mail not sent: an adopted account has an address that is none")
            elif self._unsent >= MAX_UNSENT:
                log.error("mail not sent: %d others wait for the mail server", self._unsent)
            else:
                self._deliver(letter, minutes)

    def _deliver(self, letter: Letter, minutes: int) -> None:
        """Try until it is sent, until that is hopeless, or until a newer one takes its place."""
        key = fold_address(letter.recipient), letter.kind
        self._newest[key] = letter
        self._unsent += 1
        try:
            self._try_until(
                self._clock() + minutes * 60, letter, lambda: self._newest.get(key) is letter
            )
        finally:
            self._unsent -= 1
            if self._newest.get(key) is letter:
                del self._newest[key]

    def _try_until(self, end: float, letter: Letter, is_wanted: Callable[[], bool]) -> None:
        assert self._sender is not None  # `chat.settings` has checked it
        message_id = make_msgid(domain=self._sender.address.rpartition("@")[2])
        for wait in (*self._waits, None):
            error = self._try(letter, message_id, end)
            if error is None:
                return
            if isinstance(error, OutcomeUnknown):
                log.warning("mail perhaps not sent: %s", _reason(error))
                return
            if wait is None or _is_final(error) or self._clock() + wait > end - WORTH_SENDING:
                log.error("mail not sent: %s", _reason(error))
                return
            log.warning("mail not sent, next try in %g s: %s", wait, _reason(error))
            self._pause(wait)
            if not is_wanted():  # its code is void by now
                return

    def _try(self, letter: Letter, message_id: str, end: float) -> Exception | None:
        """Send, and return what went wrong."""
        assert self._sender is not None
        with self._connections:
            minutes = max(1, round((end - self._clock()) / 60))
            message = letter.message(self._sender, message_id, minutes)
            try:
                with mail.connect() as connection:
                    connection.deliver(message, self._sender.address, letter.recipient)
            except (OSError, smtplib.SMTPException, OutcomeUnknown) as error:
                return error
        return None


def _is_final(error: Exception) -> bool:
    """Tell whether another try would end the same: a refusal for good, or no safe connection."""
    if isinstance(error, smtplib.SMTPNotSupportedError | ssl.SSLCertVerificationError):
        return True
    return (_smtp_code(error) or 0) >= 500


def _reason(error: Exception) -> str:
    """Return what went wrong; the server's own words may repeat the mail or the address."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the mail server's certificate is not to be trusted: {error.verify_message}"
    if isinstance(error, OutcomeUnknown):
        return "the mail server took all of it and did not say what became of it"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return f"SMTPNotSupportedError: {error}"  # smtplib's words
    code = _smtp_code(error) or getattr(error, "reason", None) or getattr(error, "errno", None)
    return type(error).__name__ if code is None else f"{type(error).__name__} {code}"


def _smtp_code(error: Exception) -> int | None:
    """Return the server's answer in three digits, when there was one."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):  # it has one for each, and ours is one
        return next((code for code, _ in error.recipients.values()), None)
    return getattr(error, "smtp_code", None)


def _print(letter: Letter, minutes: int) -> None:
    """Print a mail so that a person finds the code among the lines of the log."""
    text = letter.text(minutes).strip()
    lines = "\n".join(f"  {line}".rstrip() for line in text.splitlines())
    page = f"\n{RULE}\n  To: {letter.recipient}\n  Subject: {letter.subject}\n\n{lines}\n{RULE}\n"
    encoding = sys.stdout.encoding or "utf-8"
    try:
        print(page.encode(encoding, "replace").decode(encoding), flush=True)
    except OSError as error:
        log.error("mail not printed to standard output: %s", error.strerror, extra=REPEATS)
