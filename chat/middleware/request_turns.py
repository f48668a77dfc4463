"""HTTP requests take turns by caller: the user of a living session, else the network."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Protocol

from flask import Flask
from werkzeug.wsgi import ClosingIterator

from chat.addresses import network_of, site_of
from chat.auth import remember_claims
from chat.budgets import ACCOUNT, WAIT_SECONDS, Account, Budgets
from chat.concurrency import Payer, charge_to, repay
from chat.errors import RateLimited, TokenExpired, Unauthorized
from chat.middleware.deadline import ARRIVED
from chat.middleware.proxies import forwarded_address
from chat.realtime.server import SOCKET_PATHS
from chat.refusals import refuse
from chat.wiring import services

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

API = "/api/"
SMALL = 64 << 10  # bytes of an answer that the kernel takes at once
SMALL_BODY = 4 << 10  # bytes of a body that need not be counted


class Session(Protocol):
    """An open Engine.IO session."""

    payer: Payer | None


class RequestTurns:
    """WSGI middleware: the one place where requests take turns.

    The turn is a user's when their session was found alive before. Until then it is the network's,
    so that the token of a session that has ended spends nothing of its user's. It is taken when the
    whole body of a call of the API is there. A user's turn lasts until the last byte of a large
    answer is out: slow readers fill their own. A network's ends with the view, so that one slow
    machine does not hold up its neighbours. `session_of` finds an open Engine.IO session by a
    query string; its requests may wait long, so they take no turn, but repay what is owed first.
    """

    def __init__(
        self,
        application: WSGIApplication,
        app: Flask,
        budgets: Budgets,
        session_of: Callable[[str], Session | None],
    ) -> None:
        self._application = application
        self._app = app
        self._budgets = budgets
        self._session_of = session_of

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(SOCKET_PATHS):
            session = self._session_of(environ.get("QUERY_STRING", ""))
            if session is not None:
                charge_to(session.payer)
                repay()
                return self._application(environ, start_response)
        user_id = self._living_user_id(environ)
        if user_id is None:
            account = network_account(self._budgets, environ.get("REMOTE_ADDR", ""))
        else:
            account = self._budgets.of_user(user_id)
        environ[ACCOUNT] = account
        charge_to(account)
        self._budgets.note_active(account)  # the one whom the request counts for, and no other
        try:
            give_back = self._take_turn(account, environ)
        except RateLimited as error:
            repay()  # whoever is refused without a turn
            return refuse(error, environ, start_response)
        return self._answer_in_turn(give_back, user_id is not None, environ, start_response)

    def _take_turn(self, account: Account, environ: WSGIEnvironment) -> Callable[[], None]:
        """Take a turn once all of the request is there; raise RateLimited when it does not come."""
        size = 0
        if environ["PATH_INFO"].startswith(API):
            size = int(environ.get("CONTENT_LENGTH") or 0)
        if size > self._app.config["MAX_BODY_BYTES"]:
            size = 0  # nobody reads it
        with account.room_for_body() if size > SMALL_BODY else nullcontext():
            if size:
                _take_in_body(environ, size)
            arrived_at = environ.setdefault(ARRIVED, time.monotonic())
            return account.take_turn(max(0.0, arrived_at + WAIT_SECONDS - time.monotonic()))

    def _answer_in_turn(
        self,
        give_back: Callable[[], None],
        is_of_user: bool,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        is_large = False

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[..., Any]:
            nonlocal is_large
            lengths = [int(value) for name, value in headers if name.lower() == "content-length"]
            is_large = not lengths or lengths[0] > SMALL
            return start_response(status, headers, *rest)

        try:
            body = self._application(environ, start)
        except BaseException:
            give_back()
            raise
        if is_of_user and is_large:
            return ClosingIterator(body, [give_back])
        give_back()
        return body

    def _living_user_id(self, environ: WSGIEnvironment) -> str | None:
        """Return whom the access token names if its session was found alive before."""
        if not environ["PATH_INFO"].startswith(API):
            return None
        with self._app.app_context():
            try:
                claims = remember_claims(environ)
            except (Unauthorized, TokenExpired):
                return None
            was_alive = services().sessions.was_alive(claims.user_id, claims.session_id)
        return claims.user_id if was_alive else None


def payer_of(budgets: Budgets, proxies: int) -> Callable[[str, str | None], Payer]:
    """Return what finds who pays for a request before anybody knows the user.

    It takes the address that a connection came from and what proxies said in `X-Forwarded-For`, or
    None where that is not known yet: the heads of a proxy have an account of their own.
    """

    def find(address: str, forwarded: str | None) -> Payer:
        if proxies and forwarded is None:
            return budgets.of_network(f"{address} heads")  # for which no request waits
        caller = forwarded_address(forwarded, proxies) if forwarded and proxies else None
        return network_account(budgets, caller or address)

    return find


def network_account(budgets: Budgets, address: str) -> Account:
    """Return the account of the network of an address."""
    network = network_of(address)
    return budgets.of_network(network, site_of(address) if ":" in network else None)


def _take_in_body(environ: WSGIEnvironment, size: int) -> None:
    """Read a body whole, so that nobody waits for it in a turn.

    Of a body that breaks off the application sees just that.
    """
    try:
        data = environ["wsgi.input"].read(size)
    except OSError:  # the client hung up, or is too slow
        data = b""
    environ["wsgi.input"] = io.BytesIO(data)
