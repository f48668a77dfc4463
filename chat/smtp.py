"""Sending one mail to one address by SMTP, with verified certificates and time limits."""

from __future__ import annotations

import base64
import hmac
import logging
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from typing import Any

from flask_mail import Connection

from chat.text.addresses import ascii_host

log = logging.getLogger(__name__)

STEP_SECONDS = 10.0  # for each answer but the last; after a timeout another try is harmless
# For the answer to the whole mail, which the server may have accepted: RFC 5321 asks for ten
# minutes.
TAKEN_SECONDS = 600.0
GOODBYE_SECONDS = 3.0
ASK_SECONDS = 2.0  # for each answer while a caller waits
MAX_CHALLENGES = 5
INTERNATIONAL = ("SMTPUTF8", "BODY=8BITMIME")  # SMTPUTF8 requires 8BITMIME


class OutcomeUnknown(Exception):
    """The whole mail was sent and not answered; another try could deliver it twice."""


class _Client:
    """A mix-in for the two clients of `smtplib`: log-ins in UTF-8, and OutcomeUnknown."""

    def auth(self: Any, mechanism: str, respond: Any, *, initial_response_ok: bool = True) -> Any:
        """Log in as `smtplib` does, with the name and the password in UTF-8 instead of ASCII."""
        self.named = False
        first = respond() if initial_response_ok else None
        command = mechanism.upper() if first is None else f"{mechanism.upper()} {_base64(first)}"
        code, answer = self.docmd("AUTH", command)
        for _ in range(MAX_CHALLENGES):
            if code != 334:
                break
            code, answer = self.docmd(_base64(respond(base64.b64decode(answer))))
        if code not in (235, 503):
            raise smtplib.SMTPAuthenticationError(code, answer)
        return code, answer

    def auth_login(self: Any, challenge: bytes | None = None) -> str:
        """Answer with the name, which may be the initial response, and then with the password."""
        if challenge is not None and self.named:
            return str(self.password)
        self.named = True
        return str(self.user)

    def auth_cram_md5(self: Any, challenge: bytes | None = None) -> str | None:
        """Answer a challenge with its HMAC under the password."""
        if challenge is None:
            return None
        digest = hmac.new(self.password.encode(), challenge, "md5").hexdigest()
        return f"{self.user} {digest}"

    def data(self: Any, text: bytes) -> tuple[int, bytes]:
        """Send the mail itself; raise OutcomeUnknown if the server does not answer."""
        code, answer = self.docmd("DATA")
        if code != 354:
            raise smtplib.SMTPDataError(code, answer)
        body = re.sub(rb"(?m)^\.", b"..", text).removesuffix(b"\r\n")
        self.send(body + b"\r\n.\r\n")
        self.sock.settimeout(TAKEN_SECONDS)
        try:
            code, answer = self.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise OutcomeUnknown(type(error).__name__) from error
        self.sock.settimeout(STEP_SECONDS)
        return int(code), bytes(answer)


class Client(_Client, smtplib.SMTP):  # type: ignore[misc]
    """An SMTP client, unencrypted until STARTTLS."""


class TlsClient(_Client, smtplib.SMTP_SSL):  # type: ignore[misc]
    """An SMTP client with TLS from the first byte."""


class VerifiedConnection(Connection):
    """Flask-Mail's connection, with verified certificates and time limits added."""

    def configure_host(self) -> smtplib.SMTP | smtplib.SMTP_SSL:
        """Connect, secure the connection and log in; close it on an error."""
        host = self._connect(STEP_SECONDS)
        with _closing_on_error(host):
            if self.mail.username and self.mail.password:
                host.login(self.mail.username, self.mail.password)
        return host

    def offers_international(self) -> bool:
        """Ask the server whether it sends to addresses with non-ASCII letters before the @."""
        host = self._connect(ASK_SECONDS)
        with _closing_on_error(host):
            host.ehlo_or_helo_if_needed()
            offered = host.has_extn("smtputf8")
        self.host = host
        self.__exit__()
        return bool(offered)

    def deliver(self, mail: EmailMessage, sender: str, recipient: str) -> None:
        """Send to one address; raise the errors of `smtplib`, or OutcomeUnknown.

        Bodies of `mail` are sent in seven bits, so that any server can relay them.
        """
        assert self.host is not None
        international = not recipient.isascii()
        self.host.sendmail(
            sender,
            [recipient],
            mail.as_bytes(policy=WIRE.clone(utf8=international, cte_type="7bit")),
            INTERNATIONAL if international else (),
        )

    def __exit__(self, *_: object) -> None:
        """Quit; an error here is harmless, because the mail was accepted or refused before."""
        if self.host is None:
            return
        try:
            if self.host.sock:
                self.host.sock.settimeout(GOODBYE_SECONDS)
            self.host.quit()
        except (OSError, smtplib.SMTPException) as error:
            log.debug("the mail server closed before QUIT: %s", type(error).__name__)
            self.host.close()

    def _connect(self, seconds: float) -> smtplib.SMTP | smtplib.SMTP_SSL:
        context = ssl.create_default_context()
        server, port = ascii_host(self.mail.server) or self.mail.server, self.mail.port
        if self.mail.use_ssl:
            return TlsClient(server, port, timeout=seconds, context=context)
        host = Client(server, port, timeout=seconds)
        with _closing_on_error(host):
            if self.mail.use_tls:
                host.starttls(context=context)
        return host


@contextmanager
def _closing_on_error(host: smtplib.SMTP) -> Iterator[None]:
    try:
        yield
    except BaseException:
        host.close()
        raise


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
