"""HTTP requests take turns by caller: the user of a valid session, else the network."""

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
from chat.middleware.transfers import RELEASE_TURN, abandon_unread, is_download, is_upload
from chat.realtime.server import SOCKET_PATHS
from chat.refusals import refuse
from chat.wiring import services

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

API = "/api/"
SMALL = 64 << 10  # bytes of an answer; the kernel's buffer takes as many at once
SMALL_BODY = 4 << 10  # bytes of a request body; it needs no counted room in memory


class Session(Protocol):
    """An open Engine.IO session."""

    payer: Payer | None


class RequestTurns:
    """WSGI middleware: takes a turn for each request.

    The turn belongs to the user if the session was found valid before, else to the network. So the
    token of an ended session uses up nothing of its user's budget. For a call of the API the turn
    is taken once the whole body has arrived. A user's turn lasts until the last byte of a large
    answer is sent, so a slow reader uses up its own turns. Transfers of files hold it only until
    their bytes move; `TransferSlots` limits how many there are. A network's turn ends with the
    view, so that a slow client does not delay others in its network. `session_of` finds an open
    Engine.IO session by a query string. Requests of such a session may wait long, so they take no
    turn, but the caller repays its debt first.
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
        user_id = self._user_id_of_valid_session(environ)
        if user_id is None:
            account = network_account(self._budgets, environ.get("REMOTE_ADDR", ""))
        else:
            account = self._budgets.of_user(user_id)
        environ[ACCOUNT] = account
        charge_to(account)
        self._budgets.note_active(account)
        try:
            release_turn = self._take_turn(account, environ)
        except RateLimited as error:
            repay()  # a refused request takes no turn, so the caller repays here
            return refuse(error, environ, start_response)
        return self._answer_in_turn(release_turn, user_id is not None, environ, start_response)

    def _take_turn(self, account: Account, environ: WSGIEnvironment) -> Callable[[], None]:
        """Read the body, then take a turn; raise RateLimited if none becomes free in time."""
        size, path = 0, environ["PATH_INFO"]
        if path.startswith(API) and not is_upload(path):
            size = int(environ.get("CONTENT_LENGTH") or 0)
        if size > self._app.config["MAX_BODY_BYTES"]:
            size = 0  # it will be refused unread
        with account.room_for_body() if size > SMALL_BODY else nullcontext():
            if size:
                _read_whole_body(environ, size)
            arrived_at = environ.setdefault(ARRIVED, time.monotonic())
            return account.take_turn(max(0.0, arrived_at + WAIT_SECONDS - time.monotonic()))

    def _answer_in_turn(
        self,
        release_turn: Callable[[], None],
        is_of_user: bool,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        is_large, incoming = False, is_upload(path)
        if incoming:
            release_turn = environ[RELEASE_TURN] = _once(release_turn)

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[..., Any]:
            nonlocal is_large
            if incoming:
                abandon_unread(environ)
            lengths = [int(value) for name, value in headers if name.lower() == "content-length"]
            is_large = not lengths or lengths[0] > SMALL
            return start_response(status, headers, *rest)

        try:
            body = self._application(environ, start)
        except BaseException:
            release_turn()
            raise
        if is_of_user and is_large and not is_download(path):
            return ClosingIterator(body, [release_turn])
        release_turn()
        return body

    def _user_id_of_valid_session(self, environ: WSGIEnvironment) -> str | None:
        """Return the user id in the access token if its session was found valid before."""
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
    """Return a function that finds the payer of a request before its user is known.

    It takes the address of the connection and the value of `X-Forwarded-For`, or None before the
    head is read. Reading the heads of a proxy's requests is charged to an account of its own.
    """

    def find(address: str, forwarded: str | None) -> Payer:
        if proxies and forwarded is None:
            return budgets.of_network(f"{address} heads")  # no request takes turns of this account
        caller = forwarded_address(forwarded, proxies) if forwarded and proxies else None
        return network_account(budgets, caller or address)

    return find


def network_account(budgets: Budgets, address: str) -> Account:
    """Return the account of the network of an address."""
    network = network_of(address)
    return budgets.of_network(network, site_of(address) if ":" in network else None)


def _once(function: Callable[[], None]) -> Callable[[], None]:
    """Return a function that calls another one the first time only."""
    left = [function]

    def call() -> None:
        if left:
            left.pop()()

    return call


def _read_whole_body(environ: WSGIEnvironment, size: int) -> None:
    """Read a whole body, so that no turn is held while it arrives.

    The application sees that an incomplete body is shorter than its Content-Length.
    """
    try:
        data = environ["wsgi.input"].read(size)
    except OSError:  # the client closed the connection or is too slow
        data = b""
    environ["wsgi.input"] = io.BytesIO(data)
