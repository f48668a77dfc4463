"""The views of the page, each with the way there: `tools/screenshots.py` takes their pictures.

To add one write a function and a line in VIEWS. Find things by class or role, not by texts: each
view is taken in both languages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Locator, Page

BANNER = ".banner:not([hidden])"
NEWCOMER = "newcomer1"


@dataclass(frozen=True)
class Scene:
    """A page that is about to be pictured."""

    page: Page
    url: str
    is_phone: bool
    locale: str
    password: str

    def open(self, path: str = "/") -> None:
        """Open a path of the page for somebody who is logged in."""
        self.page.goto(self.url + path)
        self.page.locator(".shell[data-connection=online]").wait_for()

    def open_room(self, kind: str) -> None:
        """Open the first group or direct room of the list, up to its messages."""
        self.open()
        path = "/r/" if kind == "group" else "/d/"
        self.page.locator(f'.room[href^="{path}"]').first.click()
        self.page.locator(".message").last.wait_for()

    def message(self, with_: str = ".bubble") -> Locator:
        """Return the last message of the open room that has something in it."""
        return self.page.locator(".message", has=self.page.locator(with_)).last

    def settle(self) -> None:
        """Wait until fonts and pictures are there and everything is drawn."""
        self.page.evaluate("document.fonts.ready")
        self.page.evaluate(
            "Promise.all([...document.images].map((one) => one.decode().catch(() => {})))"
        )
        self.page.evaluate(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )


@dataclass(frozen=True)
class View:
    """`who` sees it: somebody of the demo in the language of the picture (""), or nobody (None)."""

    name: str
    prepare: Callable[[Scene], None]
    who: str | None = ""


def log_in(page: Page, username: str, password: str) -> None:
    """Log in with the form, in whatever language."""
    page.locator("input[name=username]").fill(username)
    page.locator("input[name=password]").fill(password)
    page.locator("form button[type=submit]").click()
    page.locator(".shell[data-connection=online]").wait_for()


def login(scene: Scene) -> None:
    scene.page.goto(scene.url)
    scene.page.locator("input[name=password]").wait_for()


def login_refused(scene: Scene) -> None:
    login(scene)
    scene.page.locator("input[name=username]").fill("nobody")
    scene.page.locator("input[name=password]").fill("not the password")
    scene.page.locator("form button[type=submit]").click()
    scene.page.locator(".form-error:not(:empty)").wait_for()


def register(scene: Scene) -> None:
    login(scene)
    scene.page.locator(".auth-links .link-button").first.click()
    scene.page.locator("input[name=code]").wait_for()


def forgotten_password(scene: Scene) -> None:
    login(scene)
    scene.page.locator(".auth-links .link-button").last.click()
    scene.page.locator("input[name=code]").wait_for()


def no_connection(scene: Scene) -> None:
    scene.open_room("group")
    scene.page.context.set_offline(True)
    scene.page.locator(".composer-input").fill("…")
    scene.page.locator(".composer-input").press("Enter")
    if scene.is_phone:  # there Enter begins a new line
        scene.page.locator(".composer button[type=submit]").click()
    scene.page.locator(BANNER).wait_for()


def start_without_connection(scene: Scene) -> None:
    scene.page.route("**/api/**", lambda route: route.abort())
    scene.page.goto(scene.url)
    scene.page.locator(BANNER).wait_for()


def no_server_at_a_first_start(scene: Scene) -> None:
    scene.page.add_init_script(
        "Object.keys(localStorage).filter((key) => key.startsWith('chat.start.'))"
        ".forEach((key) => localStorage.removeItem(key))"
    )
    scene.page.route("**/api/**", lambda route: route.abort())
    scene.page.goto(scene.url)
    scene.page.locator(".splash button").wait_for()


def group_sheet(scene: Scene) -> None:
    scene.open_room("group")
    scene.page.locator(".room-head button.icon-button").last.click()
    scene.page.locator("dialog[open], .sheet").first.wait_for()


def person(scene: Scene) -> None:
    scene.open_room("direct")
    scene.page.locator(".room-head button.icon-button").last.click()
    scene.page.locator("dialog[open], .sheet").first.wait_for()


def profile(scene: Scene) -> None:
    scene.open()
    scene.page.locator(".me").click()
    scene.page.locator("dialog[open]").wait_for()


def new_conversation(scene: Scene) -> None:
    scene.open()
    scene.page.locator(".sidebar-head .icon-button").last.click()
    scene.page.locator("dialog[open]").wait_for()


def palette(scene: Scene) -> None:
    scene.open()
    scene.page.keyboard.press("Control+k")
    scene.page.locator("dialog[open]").wait_for()


def join_by_link(scene: Scene) -> None:
    scene.open("/r/100000000")
    scene.page.locator(".main .placeholder .primary").wait_for()


VIEWS = [
    View("login", login, None),
    View("login-refused", login_refused, None),
    View("register", register, None),
    View("forgotten-password", forgotten_password, None),
    View("list", Scene.open),
    View("list-empty", Scene.open, NEWCOMER),
    View("group", lambda scene: scene.open_room("group")),
    View("direct", lambda scene: scene.open_room("direct")),
    View("group-sheet", group_sheet),
    View("person", person),
    View("profile", profile),
    View("new-conversation", new_conversation),
    View("palette", palette),
    View("join-by-link", join_by_link),
    View("no-connection", no_connection),
    View("start-without-connection", start_without_connection),
    View("no-server-at-a-first-start", no_server_at_a_first_start),
]
