"""A real SMTP server on loopback that keeps what it is given: tests read the mail they caused."""

from __future__ import annotations

import asyncio
import hmac
import re
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import MISSING, AuthResult

WAIT_SECONDS = 60  # with a busy machine; no test's promise


class Mailbox:
    """Takes mail for any address, by default unencrypted.

    `tls`: encrypted from the first byte. `starttls`: only after STARTTLS. Whoever logs in may;
    `refuse` makes it say no for a while. `international`: also for addresses beyond ASCII.
    `dialects`: how one may log in.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        international: bool = False,
        dialects: Sequence[str] = ("LOGIN", "PLAIN"),
    ) -> None:
        self.arrivals = 0  # of letters, answered or not
        self.attempts = 0  # letters that were taken or refused
        self.log_ins: list[tuple[str, str]] = []
        self.auth_commands = 0
        self.hangs_up = False  # instead of answering QUIT
        self.hangs_up_before_answer = False  # to a whole letter
        self.goodbye_waits = 0.0  # seconds
        self.is_greylisting: Callable[[], bool] = lambda: False
        self.greetings = 0
        self.senders: list[str] = []
        self.contents: list[bytes] = []
        self.passwords: dict[str, str] = {}  # by user, for CRAM-MD5
        self._is_encrypted = (tls is not None, starttls is not None)
        self._refusals: list[str] = []
        self._letters: list[tuple[str, EmailMessage]] = []
        self._news = threading.Condition()
        self._open = threading.Event()
        self._open.set()
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=0,
            ready_timeout=WAIT_SECONDS,
            ssl_context=tls,
            tls_context=starttls,
            require_starttls=starttls is not None,
            auth_require_tls=tls is None,  # it only counts TLS that was asked for by STARTTLS
            authenticator=self._let_in,
            enable_SMTPUTF8=international,
            auth_exclude_mechanism={"LOGIN", "PLAIN", "CRAM-MD5"} - set(dialects),
        )

    @property
    def port(self) -> int:
        server: Any = self._controller.server
        return int(server.sockets[0].getsockname()[1])

    @property
    def settings(self) -> dict[str, Any]:
        """Return the settings of an app that mails to here."""
        return {
            "MAIL": "",
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": self.port,
            "MAIL_USE_SSL": self._is_encrypted[0],
            "MAIL_USE_TLS": self._is_encrypted[1],
            "MAIL_USERNAME": "",
            "MAIL_PASSWORD": "",
            "MAIL_DEFAULT_SENDER": "chat@example.org",
        }

    def wait_for(self, address: str) -> EmailMessage:
        """Return the oldest letter to an address that was not read yet, once it is there."""

        def find() -> tuple[str, EmailMessage] | None:
            return next((letter for letter in self._letters if letter[0] == address), None)

        with self._news:
            found = self._news.wait_for(find, WAIT_SECONDS)
            assert found, f"no mail to {address}"
            self._letters.remove(found)
            return found[1]

    def wait_for_code(self, address: str) -> str:
        """Return the code in the oldest unread letter to an address."""
        text = text_of(self.wait_for(address))
        codes = re.findall(r"\b(?:[0-9]{6}|[0-9]{8})\b", text)
        assert len(codes) == 1, text
        return str(codes[0])

    def wait_for_attempt(self, count: int) -> None:
        """Return once so many letters were brought, taken or refused."""
        with self._news:
            assert self._news.wait_for(lambda: self.attempts >= count, WAIT_SECONDS)

    def refuse(self, answer: str, times: int = 1) -> None:
        """Give this answer, such as "451 later", instead of taking the next letters."""
        self._refusals += [answer] * times

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep whoever brings a letter waiting meanwhile."""
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.arrivals += 1
        await asyncio.to_thread(self._open.wait, WAIT_SECONDS)
        letter = message_from_bytes(envelope.content, policy=policy.default)
        with self._news:
            self.attempts += 1
            self.senders.append(envelope.mail_from)
            self.contents.append(envelope.content)
            answer = self._refusals.pop(0) if self._refusals else "250 OK"
            if answer.startswith("250"):
                self._letters += [(address, letter) for address in envelope.rcpt_tos]
            self._news.notify_all()
        if self.hangs_up_before_answer:
            server.transport.abort()
        return answer

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self.is_greylisting():
            return "450 4.7.1 greylisted"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def auth_CRAM__MD5(self, server: Any, args: list[str]) -> AuthResult:  # noqa: N802
        challenge = b"<17@example.org>"
        user, digest = (await server.challenge_auth(challenge)).decode().rsplit(" ", 1)
        password = self.passwords.get(user, "")
        if digest != hmac.new(password.encode(), challenge, "md5").hexdigest():
            return AuthResult(success=False, handled=False)
        self.log_ins.append((user, password))
        return AuthResult(success=True)

    async def handle_EHLO(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.greetings += 1
        session.host_name = hostname
        return responses

    async def handle_AUTH(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, args: Any
    ) -> Any:
        self.auth_commands += 1
        return MISSING

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.hangs_up:
            server.transport.abort()
        await asyncio.sleep(self.goodbye_waits)
        return "221 Bye"

    def _let_in(
        self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        self.log_ins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=True)

    def __enter__(self) -> Mailbox:
        # aiosmtpd asks its own port whether it is up, so it has to know the number beforehand
        self._controller.port = _free_port()
        self._controller.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._controller.stop()


def text_of(letter: EmailMessage, kind: str = "plain") -> str:
    """Return what a letter says, as plain text or as HTML."""
    body = letter.get_body((kind,))
    assert body is not None, f"no {kind} part"
    return str(body.get_content())


def _free_port() -> int:
    from harness.servers import free_port

    return free_port()
