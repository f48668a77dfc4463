"""A browser on a running server, and people who use it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from harness.accounts import new_name, new_password
from harness.browsing import signed_in
from harness.people import Person, app_beside, make_people
from harness.programs import quick_chromium
from harness.servers import Server, free_port

WORKER_BLOCKED = "Service Worker registration blocked by Playwright"
WAIT_MS = 60_000  # of patience with a busy machine; no test's promise


class Visitor:
    """Someone with a browser of their own; what its console complains about is kept."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.complaints: list[str] = []
        self.page = self.new_tab()

    def new_tab(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self._hear("error", str(error)))
        return page

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and text != WORKER_BLOCKED:
            self.complaints.append(text)

    def open(self, path: str = "/") -> Page:
        """Go to a path of the page."""
        self.page.goto(self.url + path)
        return self.page

    def log_in(self, username: str, password: str) -> Page:
        """Log in with the form at whatever path is open."""
        self.page.get_by_label("Username or e-mail").fill(username)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in", exact=True).click()
        return self.is_in()

    def is_in(self) -> Page:
        """Wait until the page is that of one who is logged in, and pushes reach it."""
        self.page.locator(".shell[data-connection=online]").wait_for()
        return self.page

    def write(self, text: str) -> None:
        """Write a message into the open room."""
        self.page.locator(".composer-input").fill(text)
        self.page.locator(".composer-input").press("Enter")

    def sees(self, text: str) -> None:
        """Wait until a message is in the open room."""
        expect(self.page.locator(".bubble", has_text=text)).to_be_visible()

    def open_room(self, name: str) -> None:
        """Open a room from the list."""
        self.page.locator(".room", has_text=name).click()
        self.page.locator(".room-head h2", has_text=name).wait_for()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests; each visitor has a profile of their own in it."""
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(timeout=2 * WAIT_MS, **quick_chromium())
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Callable[..., Visitor]]:
    """A function that opens another visitor's browser; its arguments are those of a context."""
    contexts: list[BrowserContext] = []

    def open_browser(url: str = server.url, **options: object) -> Visitor:
        defaults = {
            "locale": "en-US",
            "viewport": {"width": 1180, "height": 800},  # wider, a room's sheet stands beside it
            "reduced_motion": "reduce",  # or axe may see a colour on its way to another
            "service_workers": "block",  # a test cannot hold back requests that pass through one
        }
        context = browser.new_context(**(defaults | options))  # type: ignore[arg-type]
        contexts.append(context)
        return Visitor(context, url)

    yield open_browser
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def beside(server: Server) -> Iterator[Flask]:
    """An app in this process on the running server's database, to make people with."""
    with app_beside(server.data_dir, server.mongo_uri, RATE_LIMITS=False) as app:
        yield app


@pytest.fixture
def people(beside: Flask) -> Callable[..., list[Person]]:
    """A function that makes people on the running server, without a browser.

    What they do beside it reaches open pages a second later: it is another process.
    """
    return lambda *names: make_people(beside, *names)


@pytest.fixture
def enter(visit: Callable[..., Visitor], beside: Flask, server: Server) -> Callable[..., Visitor]:
    """A function that opens the page for a person who is logged in, in a browser of their own."""

    def return_to(
        person: Person, path: str = "/", url: str = server.url, **options: object
    ) -> Visitor:
        visitor = visit(url, storage_state=signed_in(beside, person, url), **options)
        visitor.open(path)
        visitor.is_in()
        return visitor

    return return_to


@pytest.fixture(scope="session")
def bundled(
    server: Server, beside: Flask, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server that hands the page out as it ships, on the database of the one for all tests."""
    with Server(
        tmp_path_factory.mktemp("bundled"),
        MONGO_URI=server.mongo_uri,
        SECRET_KEY=beside.config["SECRET_KEY"],
        RATE_LIMITS="off",
        BUNDLE="on",
    ) as running:
        yield running


@pytest.fixture
def unused_uri() -> str:
    """The address of a database that is not there."""
    return f"mongodb://127.0.0.1:{free_port()}/{secrets.token_hex(4)}?serverSelectionTimeoutMS=200"


def state_of(visitor: Visitor, text: str) -> Locator:
    """Return the sign beside one's own message."""
    return visitor.page.locator(".message", has_text=text).locator(".state")


def register(visitor: Visitor, server: Server, nickname: str = "") -> str:
    """Register with the form and return the username."""
    username = new_name()
    email = f"{username}@example.org"
    page = visitor.page
    page.get_by_role("link", name="Register").click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Send code").click()
    page.get_by_text(f"The code for {email} is in the terminal").wait_for()
    page.get_by_label("Code").fill(server.next_code(email))
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(new_password())
    page.get_by_label("Nickname").fill(nickname)
    page.get_by_role("button", name="Register", exact=True).click()
    visitor.is_in()
    return username
