"""HTTP requests take turns by caller: the user of a living session, else the network."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from flask import Flask
from werkzeug.wsgi import ClosingIterator

from chat.auth import remember_claims
from chat.budgets import ACCOUNT, WAIT_SECONDS, Account, Budgets
from chat.concurrency import Payer, charge_to, repay
from chat.errors import RateLimited, TokenExpired, Unauthorized
from chat.gate import ARRIVED
from chat.proxies import forwarded_address
from chat.refusals import refuse
from chat.services.limits import network_of, site_of
from chat.wiring import services

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

API = "/api/"
SMALL = 64 << 10  # bytes of an answer that the kernel takes at once


class Session(Protocol):
    """An open Engine.IO session."""

    payer: Payer | None


class RequestTurns:
    """WSGI middleware: the one place where requests take turns.

    The turn is a user's when their session was found alive before. Until then it is the network's,
    so that the token of a session that has ended spends nothing of its user's. It is taken when
    nothing more of the request has to come. A user's turn lasts until the last byte of a large
    answer is out: slow readers fill their own. A network's ends with the view, so that one slow
    machine does not hold up its neighbours. `session_of` finds an open Engine.IO session by a
    query string; its requests may wait long, so they take no turn, but repay what is owed first.
    """

    def __init__(
        self, app: Flask, budgets: Budgets, session_of: Callable[[str], Session | None]
    ) -> None:
        self._app = app
        self._budgets = budgets
        self._session_of = session_of
        self._application: WSGIApplication = app.wsgi_app
        app.wsgi_app = self  # type: ignore[method-assign]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        session = self._session_of(environ.get("QUERY_STRING", ""))
        if session is not None and not environ["PATH_INFO"].startswith(API):
            charge_to(session.payer)
            repay()
            return self._application(environ, start_response)
        if environ["PATH_INFO"].startswith(API):
            _take_in_body(environ, self._app.config["MAX_BODY_BYTES"])
        user_id = self._living_user_id(environ)
        if user_id is None:
            account = network_account(self._budgets, environ.get("REMOTE_ADDR", ""))
        else:
            account = self._budgets.of_user(user_id)
        return self._answer_in_turn(account, user_id is not None, environ, start_response)

    def _answer_in_turn(
        self,
        account: Account,
        is_of_user: bool,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        environ[ACCOUNT] = account
        arrived_at = environ.setdefault(ARRIVED, time.monotonic())
        charge_to(account)
        self._budgets.note_active(account)  # the one whom the request counts for, and no other
        try:
            give_back = account.take_turn(max(0.0, arrived_at + WAIT_SECONDS - time.monotonic()))
        except RateLimited as error:
            return refuse(error, environ, start_response)
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


def payer_of(budgets: Budgets, proxies: int) -> Callable[[str, str | None], Payer | None]:
    """Return what finds who pays for a request before anybody knows the user.

    It takes the address that a connection came from and what proxies said in `X-Forwarded-For`, or
    None where that is not known yet. Behind proxies nobody pays as long as it is not.
    """

    def find(address: str, forwarded: str | None) -> Payer | None:
        if not proxies:
            return network_account(budgets, address)
        if forwarded is None:
            return None
        return network_account(budgets, forwarded_address(forwarded, proxies) or address)

    return find


def network_account(budgets: Budgets, address: str) -> Account:
    """Return the account of the network of an address."""
    network = network_of(address)
    return budgets.of_network(network, site_of(address) if ":" in network else None)


def _take_in_body(environ: WSGIEnvironment, most: int) -> None:
    """Read a body whole, so that nobody waits for it in a turn; one of more than `most` stays.

    Of a body that breaks off the application sees just that.
    """
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if not 0 < length <= most:
        return
    try:
        data = environ["wsgi.input"].read(length)
    except OSError:  # the client hung up, or is too slow
        data = b""
    environ["wsgi.input"] = io.BytesIO(data)
