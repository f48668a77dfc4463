"""HTTP requests take turns by caller: the user of a living session, else the network."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response, g, request
from werkzeug.wsgi import ClosingIterator

from chat.auth import access_claims, bearer_token
from chat.budgets import TURN, Account, Budgets
from chat.concurrency import charge_to
from chat.errors import TokenExpired, Unauthorized
from chat.gate import seconds_to_wait
from chat.services.limits import network_of, site_of
from chat.wiring import services

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

COUNTED = "/api/"
ANSWERED = TURN  # in the WSGI environment: the turn that ends when the view has answered
SMALL = 64 << 10  # bytes of an answer
SENT = "chat.end_user_turn"  # the one that ends when the last byte is out


class RequestTurns:
    """WSGI middleware around an app whose requests under `/api` it lets in by turns.

    They are a user's when their session was found alive before. Until then they are the network's,
    so that the token of a session that has ended spends nothing of its user's.
    A user's turn lasts until the last byte of a large answer is out: slow readers fill their own.
    A network's turn ends with the view, so that one slow machine does not hold up its neighbours.
    """

    def __init__(self, app: Flask, budgets: Budgets) -> None:
        self._budgets = budgets
        self._application: WSGIApplication = app.wsgi_app
        app.wsgi_app = self  # type: ignore[method-assign]
        app.before_request(self._take_turn)
        app.after_request(_end_if_small)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        is_of_one_caller = ANSWERED in environ  # the connection; a proxy's is of many
        try:
            body = self._application(environ, start_response)
        except BaseException:
            _call(environ, SENT)
            raise
        finally:
            # Whoever called pays for the writing of the answer and for the next head, too.
            if not is_of_one_caller:
                charge_to(None)
            _call(environ, ANSWERED)
        return ClosingIterator(body, [lambda: _call(environ, SENT)]) if SENT in environ else body

    def _take_turn(self) -> None:
        is_counted = request.path.startswith(COUNTED)
        user_id = _living_user_id() if is_counted else None
        if user_id is None:
            account = _network(self._budgets, request.remote_addr or "")
        else:
            account = self._budgets.of_user(user_id)
        g.account = account
        self._budgets.note_active(account)  # the one whom the request counts for, and only here
        if user_id is not None:
            _call(request.environ, ANSWERED)  # the network's turn was for finding out who calls
            charge_to(account)
            request.environ[SENT] = account.take_turn(seconds_to_wait())
        elif is_counted and ANSWERED not in request.environ:  # a proxy stands before the listener
            charge_to(account)
            request.environ[ANSWERED] = account.take_turn(seconds_to_wait())


def take_network_turn(budgets: Budgets, address: str) -> Callable[[], None]:
    """Take a turn for whoever calls from an address, before anybody knows who; return its end."""
    account = _network(budgets, address)
    charge_to(account)
    return account.take_turn()


def _network(budgets: Budgets, address: str) -> Account:
    network = network_of(address)
    return budgets.of_network(network, site_of(address) if ":" in network else None)


def _end_if_small(response: Response) -> Response:
    """End the user's turn where the kernel takes the whole answer at once."""
    length = response.content_length
    if length is not None and length <= SMALL:
        _call(request.environ, SENT)
    return response


def _living_user_id() -> str | None:
    """Return whom the access token names if its session was found alive before."""
    try:
        claims = access_claims(bearer_token())
    except (Unauthorized, TokenExpired):
        return None
    was_alive = services().sessions.was_alive(claims.user_id, claims.session_id)
    return claims.user_id if was_alive else None


def _call(environ: WSGIEnvironment, name: str) -> None:
    function: Callable[[], None] | None = environ.pop(name, None)
    if function is not None:
        function()
