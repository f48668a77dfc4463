"""What the program says by e-mail, in both languages; without a mail server it prints it."""

from __future__ import annotations

import logging
import smtplib
import ssl
import sys
import threading
import time
from collections.abc import Sequence
from email.utils import make_msgid, parseaddr

from flask import Flask, render_template
from flask_mail import Message

from chat.extensions import mail
from chat.i18n import TAGS, choose_locale, translate
from chat.logs import REPEATS
from chat.models import Purpose

log = logging.getLogger(__name__)

RULE = "─" * 72
WAITS = (2.0, 15.0, 60.0, 180.0)  # seconds before each further try; a code is good for longer
CONNECTIONS = 4  # to the mail server at the same time


class Mailer:
    """Sends by `MAIL_SERVER`, or prints where `MAIL=terminal` or no server is set.

    Sending takes as long as the mail server does, with further tries after the `waits` (seconds):
    call it beside a request, never within. A mail that can not be sent is logged without its text
    and its address and raises nothing: nobody waits for it.
    """

    def __init__(self, app: Flask, waits: Sequence[float] = WAITS) -> None:
        self._app = app
        self._waits = waits
        self._turns = threading.BoundedSemaphore(CONNECTIONS)
        self._newest: dict[tuple[str, str], Message] = {}
        self.terminal = app.config.get("MAIL") == "terminal" or not app.config.get("MAIL_SERVER")

    def send_code(self, email: str, code: str, purpose: Purpose, minutes: int, locale: str) -> None:
        """Mail a code that is good for so many minutes."""
        note = translate(f"mail.{purpose}.note", locale, minutes=minutes)
        self._send(email, purpose, locale, highlight=code, note=note)

    def send_taken_notice(self, email: str, username: str, locale: str) -> None:
        """Tell the owner of an address that someone tried to register with it."""
        note = translate("mail.taken.note", locale)
        self._send(email, "taken", locale, highlight=username, note=note)

    def _send(self, email: str, kind: str, locale: str, *, highlight: str, note: str) -> None:
        """Say the one thing that stands out, with what leads to it and a note on it."""
        subject = translate(f"mail.{kind}.subject", locale)
        language = TAGS[choose_locale(locale, None)]
        texts = {
            "subject": subject,
            "language": language,
            "greeting": translate("mail.greeting", locale),
            "lead": translate(f"mail.{kind}.lead", locale),
            "highlight": highlight,
            "note": note,
            "automatic": translate("mail.automatic", locale),
        }
        with self._app.app_context():
            body = render_template("mail.txt", **texts)
            if self.terminal:
                _print(email, subject, body)
                return
            html = render_template("mail.html", **texts)
            # the first header keeps absence assistants from answering
            headers = {"Auto-Submitted": "auto-generated", "Content-Language": language}
            message = Message(subject, [email], body=body, html=html, extra_headers=headers)
            domain = parseaddr(str(message.sender))[1].rpartition("@")[2]
            message.msgId = make_msgid(domain=domain)  # not this machine's name
            self._deliver(message, (email, kind))

    def _deliver(self, message: Message, key: tuple[str, str]) -> None:
        """Try until it is sent, until that is hopeless, or until a newer one takes its place."""
        self._newest[key] = message
        try:
            for wait in (*self._waits, None):
                error = self._try(message)
                if error is None:
                    return
                if wait is None or _is_final(error):
                    log.error("mail not sent: %s", _reason(error))
                    return
                log.warning("mail not sent, next try in %g s: %s", wait, _reason(error))
                time.sleep(wait)
                if self._newest.get(key) is not message:  # its code is void by now
                    return
        finally:
            if self._newest.get(key) is message:
                del self._newest[key]

    def _try(self, message: Message) -> Exception | None:
        """Send, and return what went wrong."""
        with self._turns:
            try:
                mail.send(message)
            except (OSError, smtplib.SMTPException) as error:
                return error
        return None


def _is_final(error: Exception) -> bool:
    """Tell whether another try would end the same: a refusal for good, or no safe connection."""
    if isinstance(error, smtplib.SMTPNotSupportedError | ssl.SSLCertVerificationError):
        return True
    return (_smtp_code(error) or 0) >= 500


def _reason(error: Exception) -> str:
    """Return what went wrong; the server's own words may repeat the mail or the address."""
    code = _smtp_code(error) or getattr(error, "errno", None)
    return type(error).__name__ if code is None else f"{type(error).__name__} {code}"


def _smtp_code(error: Exception) -> int | None:
    """Return the server's answer in three digits, when there was one."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):  # it has one for each, and ours is one
        return next((code for code, _ in error.recipients.values()), None)
    return getattr(error, "smtp_code", None)


def _print(email: str, subject: str, text: str) -> None:
    """Print a mail so that a person finds the code among the lines of the log."""
    lines = "\n".join(f"  {line}".rstrip() for line in text.strip().splitlines())
    page = f"\n{RULE}\n  To: {email}\n  Subject: {subject}\n\n{lines}\n{RULE}\n"
    encoding = sys.stdout.encoding or "utf-8"
    try:
        print(page.encode(encoding, "replace").decode(encoding), flush=True)
    except OSError as error:
        log.error("mail not printed to standard output: %s", error.strerror, extra=REPEATS)
