"""Sending mail, or printing it if there is no mail server."""

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
# Seconds before each further try. Servers that greylist accept a mail after one to five minutes;
# at the last try a code of ten minutes is still valid.
WAITS = (5.0, 15.0, 40.0, 60.0, 90.0, 95.0, 65.0, 80.0, 90.0)
WORTH_SENDING = 30.0  # the least remaining lifetime of a code, in seconds, to send it
NOTICE_MINUTES = 10  # time limit for a notice, which contains no code
CONNECTIONS = 8  # concurrent ones to the mail server
MAX_UNSENT = 1_000  # mails that wait for a connection or for their next try
ASK_SECONDS = 2.0  # a caller waits so long for the mail server's answer about their address
UNKNOWN_SECONDS = 60.0  # until the server is asked again after a failure
OFFER_SECONDS = 3_600.0  # for which the server's answer on international addresses is cached


class Mailer:
    """Sends by `MAIL_SERVER`, or prints if it is empty or `MAIL=terminal`.

    Sending is slow, with further tries after `waits` (seconds). Call it in the background, never
    within a request. A mail that cannot be sent raises nothing; it is logged without its text and
    its address.
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
        self._site = str(app.config.get("SITE_NAME") or "")
        self._connections = threading.BoundedSemaphore(CONNECTIONS)
        self._newest: dict[tuple[str, str], Letter] = {}
        self._unsent = 0
        self._offer = (True, float("-inf"))  # whether SMTPUTF8 is offered, and the answer's expiry
        self._asking = threading.Lock()
        self.terminal = app.config.get("MAIL") == "terminal" or not app.config.get("MAIL_SERVER")

    def can_send_to(self, email: str) -> bool:
        """Return whether the mail server sends to such an address, or True if unknown.

        Asks the server only for an international address, at most once an hour, or once a minute
        while it does not answer.
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
        """Mail a code that is valid for `minutes`."""
        self._send(email, purpose, locale, code, minutes)

    def send_taken_notice(self, email: str, username: str, locale: str) -> None:
        """Tell the owner of an address that someone tried to register with it."""
        self._send(email, "taken", locale, username, NOTICE_MINUTES)

    def _send(self, email: str, kind: str, locale: str, highlight: str, minutes: int) -> None:
        letter = Letter(ascii_address(email) or email, kind, locale, highlight, self._site)
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
        """Try until it is sent, until a final failure, or until a newer mail replaces it."""
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
            if not is_wanted():  # a newer code has replaced its code
                return

    def _try(self, letter: Letter, message_id: str, end: float) -> Exception | None:
        """Send, and return the error or None."""
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
    """Return whether another try is useless: a permanent refusal, or no safe connection."""
    if isinstance(error, smtplib.SMTPNotSupportedError | ssl.SSLCertVerificationError):
        return True
    return (_smtp_code(error) or 0) >= 500


def _reason(error: Exception) -> str:
    """Return the reason for the log, without the server's text, which may quote mail or address."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the mail server's certificate is not to be trusted: {error.verify_message}"
    if isinstance(error, OutcomeUnknown):
        return "the mail server took all of it and did not say what became of it"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return f"SMTPNotSupportedError: {error}"  # a text of smtplib
    code = _smtp_code(error) or getattr(error, "reason", None) or getattr(error, "errno", None)
    return type(error).__name__ if code is None else f"{type(error).__name__} {code}"


def _smtp_code(error: Exception) -> int | None:
    """Return the server's three-digit code, or None."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):  # a code for each recipient; there is one
        return next((code for code, _ in error.recipients.values()), None)
    return getattr(error, "smtp_code", None)


def _print(letter: Letter, minutes: int) -> None:
    """Print a mail between rules, so that the code stands out from the log."""
    text = letter.text(minutes).strip()
    lines = "\n".join(f"  {line}".rstrip() for line in text.splitlines())
    page = f"\n{RULE}\n  To: {letter.recipient}\n  Subject: {letter.subject}\n\n{lines}\n{RULE}\n"
    encoding = sys.stdout.encoding or "utf-8"
    try:
        print(page.encode(encoding, "replace").decode(encoding), flush=True)
    except OSError as error:
        log.error("mail not printed to standard output: %s", error.strerror, extra=REPEATS)
