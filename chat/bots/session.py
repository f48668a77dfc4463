"""Being logged in: tokens, their renewal, and calls over HTTP."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

import requests

from chat.bots.address import MOVED, MOVED_FOR_GOOD, origin_of
from chat.bots.errors import STALE_TOKEN, UNAVAILABLE, BotError, NotLoggedIn, data_of

TIMEOUT = 10.0  # seconds; the server answers within 5
TRANSFER_TIMEOUT = 30.0  # seconds without progress; a picture may have to wait for its turn
HEADERS = {"User-Agent": "chat-bot", "Accept-Language": "en"}

Answer = TypeVar("Answer")

log = logging.getLogger(__name__)


class Body(Protocol):
    """Bytes that can be sent, and sent again."""

    def rewind(self) -> None:
        """Begin again, for another try."""

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...


class Session:
    """Speaks HTTP as one user; safe to use from several threads.

    With a password it logs in again whenever the session has ended. With tokens alone it lives as
    long as they do.
    """

    def __init__(
        self,
        url: str,
        username: str | None,
        password: str | None,
        access_token: str | None = None,
        refresh_token: str | None = None,
    ) -> None:
        self._url = url.rstrip("/") + "/api"
        self._username = username
        self._password = password
        self._access_token = access_token
        self._refresh_token = refresh_token
        self._began = False
        self._renewing = threading.Lock()

    def access_token(self) -> str:
        """Return the token in use, logging in first when there is none."""
        return self._access_token or self.renew(None)

    def renew(self, stale: str | None) -> str:
        """Replace the token `stale`, unless another thread has done so, and return the new one.

        Raises NotLoggedIn when nothing is left to log in with.
        """
        with self._renewing:
            if self._access_token is not None and self._access_token != stale:
                return self._access_token
            self._take(self._refreshed() or self._logged_in())
            assert self._access_token is not None
            return self._access_token

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the API (`path` begins behind `/api`) and return the `data`, if there is any."""
        return self._with_token(lambda token: self._exchange(method, path, body, token))

    def upload(self, path: str, body: Body) -> Any:
        """Send bytes to a call of the API and return the `data`."""

        def send(token: str) -> Any:
            body.rewind()
            # As a stream, a body of no bytes would have no Content-Length.
            sent = self._request("POST", path, token, TRANSFER_TIMEOUT, data=body if body else b"")
            with sent as response:
                return self._data(response)

        return self._with_token(send)

    @contextmanager
    def download(self, path: str, size: int) -> Iterator[Iterator[bytes]]:
        """Yield the bytes of a call of the API in chunks of at most `size`; raises BotError."""

        def begin(token: str) -> requests.Response:
            response = self._request("GET", path, token, TRANSFER_TIMEOUT, stream=True)
            if response.status_code != 200:
                with response:
                    self._data(response)
                    raise BotError(UNAVAILABLE, f"{response.status_code} is no file")
            return response

        with self._with_token(begin) as response:
            yield _chunks(response, size)

    def log_out(self) -> None:
        """End the session if it was this program that began it."""
        if not self._began or self._access_token is None:
            return
        token, self._access_token, self._refresh_token = self._access_token, None, None
        try:
            self._exchange("DELETE", "/session", None, token)
        except BotError as error:  # it ends by itself, only later
            log.info("could not log out: %s", error.code)

    def _moved(self, response: requests.Response) -> BotError:
        """Return the error for an answer from elsewhere: nothing secret is sent after it."""
        target = origin_of(response.headers.get("Location", ""), self._url)
        text = f"the server sends on to {target}: give the bot that address"
        if response.status_code in MOVED_FOR_GOOD:
            return NotLoggedIn("moved", text)
        return BotError(UNAVAILABLE, text)

    def _refreshed(self) -> Any:
        if self._refresh_token is None:
            return None
        try:
            return self._exchange("POST", "/session/refresh", None, self._refresh_token)
        except BotError as error:
            if error.code not in STALE_TOKEN:
                raise
            log.info("the session has ended")
            return None

    def _logged_in(self) -> Any:
        if self._username is None or self._password is None:
            raise NotLoggedIn("unauthorized", "the tokens are no longer good, there is no password")
        body = {"username": self._username, "password": self._password}
        try:
            answer = self._exchange("POST", "/session", body, None)
        except BotError as error:
            if error.code not in STALE_TOKEN:
                raise
            raise NotLoggedIn("unauthorized", "username or password is wrong") from error
        self._began = True
        return answer

    def _take(self, answer: dict[str, Any]) -> None:
        self._access_token = answer["access_token"]
        self._refresh_token = answer["refresh_token"]

    def _with_token(self, attempt: Callable[[str], Answer]) -> Answer:
        token = self.access_token()
        try:
            return attempt(token)
        except BotError as error:
            if error.code not in STALE_TOKEN:
                raise
        return attempt(self.renew(token))

    def _exchange(self, method: str, path: str, body: Any, token: str | None) -> Any:
        return self._data(self._request(method, path, token, TIMEOUT, json=body))

    def _request(
        self, method: str, path: str, token: str | None, timeout: float, **what: Any
    ) -> requests.Response:
        try:
            return requests.request(
                method,
                self._url + path,
                headers=HEADERS,
                auth=_Bearer(token),
                timeout=timeout,
                allow_redirects=False,
                **what,
            )
        except requests.RequestException as error:
            raise BotError(UNAVAILABLE, str(error)) from error

    def _data(self, response: requests.Response) -> Any:
        if response.status_code == 204:
            return None
        if response.status_code in MOVED:
            raise self._moved(response)
        try:
            body = response.json()
        except ValueError as error:
            text = f"{response.status_code}, and no answer of a chat server"
            raise BotError(UNAVAILABLE, text) from error
        return data_of(body)


def _chunks(response: requests.Response, size: int) -> Iterator[bytes]:
    try:
        yield from response.iter_content(size)
    except requests.RequestException as error:
        raise BotError(UNAVAILABLE, str(error)) from error


class _Bearer(requests.auth.AuthBase):
    """Carries a token, or none. A header alone would be replaced by a ~/.netrc."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request
