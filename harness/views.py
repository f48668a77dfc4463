"""Every view of the page by name, each with the way there, for tests and for screenshots.

A view is a function that takes a Stage, which shows the view's address to its person already. It
finds things by the keys of their texts, so it works in every language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route

from harness.browsing import signed_in
from harness.cast import Cast
from harness.texts import text

LOCALES = {"en": "en-US", "zh": "zh-CN"}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
PATIENCE_MS = 60_000  # with a busy machine
SHEET = ":is(dialog, .side-panel)"  # which of them is a matter of space
# Who never looks reads nothing: the line of what is unread stays where it is.
BROWSER = """document.hasFocus = () => false;
if (location.search === "?keeps-nothing") {
  Object.defineProperty(window, "indexedDB", { get() { throw new Error("refused"); } });
}"""

# Invitations, drafts, an open panel: each view begins as if it were the first.
FORGET = """() => {
  sessionStorage.clear();
  for (const key of Object.keys(localStorage)) {
    if (/^chat[.](draft|panel|found|emoji)/.test(key)) localStorage.removeItem(key);
  }
}"""


class Stage:
    """One page in one language, with the cast; views look for things on it."""

    def __init__(self, page: Page, cast: Cast, language: str) -> None:
        self.page = page
        self.cast = cast
        self.language = language
        self.held: list[Route] = []  # requests that get no answer while the view is shown

    def text(self, key: str, **values: object) -> str:
        """Return a text of the page in the language of this stage."""
        return text(self.language, key, **values)

    def button(self, key: str, **values: object) -> Locator:
        """Find a button by its text, the last one: what is open lies on top of what is not."""
        name = self.text(key, **values)
        return self.page.get_by_role("button", name=name, exact=True).last

    def press(self, *keys: str) -> None:
        """Press buttons, one after the other."""
        for key in keys:
            self.button(key).click()

    def fill(self, key: str, value: str) -> None:
        """Fill in a field, found by its label."""
        name = re.compile(re.escape(self.text(key)))
        self.page.get_by_label(name).locator("visible=true").last.fill(value)

    def message(self) -> Locator:
        """Find the newest message of somebody else."""
        return self.page.locator(".message:not(.mine) .bubble").last

    def shows(self, selector: str) -> None:
        """Wait until something can be seen."""
        self.page.locator(selector).locator("visible=true").first.wait_for()


@dataclass(frozen=True)
class View:
    """How to see one view: whose page, at which of the cast's places or at which path, and then."""

    name: str
    who: str | None
    at: str
    prepare: Callable[[Stage], None] | None
    act: Callable[[Stage], None]
    only: str | None


VIEWS: dict[str, View] = {}


def view(
    at: str = "/",
    who: str | None = "linxiao",
    prepare: Callable[[Stage], None] | None = None,
    only: str | None = None,
) -> Callable[[Callable[[Stage], None]], Callable[[Stage], None]]:
    """Make a function the way to the view of its name; `prepare` comes before the page opens.

    `only` says where there is such a view, on a "phone" or a "desktop"; None: on both.
    """

    def register(act: Callable[[Stage], None]) -> Callable[[Stage], None]:
        assert act.__name__ not in VIEWS
        VIEWS[act.__name__] = View(act.__name__, who, at, prepare, act, only)
        return act

    return register


class Tour:
    """Goes through the views in browsers of each person, in one language and size."""

    def __init__(
        self, browser: Browser, app: Flask, url: str, cast: Cast, language: str, **options: Any
    ) -> None:
        self._browser = browser
        self._app = app
        self._url = url
        self._cast = cast
        self._language = language
        self._options = {
            "locale": LOCALES[language],
            "reduced_motion": "reduce",
            "service_workers": "block",  # or what a view refuses comes from there
            **options,
        }
        self._pages: dict[str | None, Page] = {}

    def __enter__(self) -> Tour:
        return self

    def __exit__(self, *_: object) -> None:
        for page in self._pages.values():
            page.context.close()

    def views(self, names: Collection[str] = ()) -> Iterator[tuple[str, Stage]]:
        """Show the views of these names, else all of them; yield the name and the stage of each."""
        device = "phone" if self._options.get("is_mobile") else "desktop"
        for one in VIEWS.values():
            if one.only not in (None, device) or names and one.name not in names:
                continue
            with self._shown(one) as stage:
                yield one.name, stage

    @contextmanager
    def _shown(self, view: View) -> Iterator[Stage]:
        page = self._page_of(view.who)
        stage = Stage(page, self._cast, self._language)
        if view.prepare is not None:
            view.prepare(stage)
        # A hash alone would not load the page again.
        page.goto("about:blank")
        page.goto(self._url + self._cast.path_of(view.at))
        if view.prepare is not _refuse_rooms:
            stage.shows(".shell[data-connection=online]" if view.who else ".auth h1")
        try:
            view.act(stage)
            yield stage
        finally:
            page.evaluate(FORGET)
            for route in stage.held:
                route.abort()
            page.context.set_offline(False)
            page.unroute_all(behavior="ignoreErrors")
            page.set_viewport_size(self._options["viewport"])

    def _page_of(self, who: str | None) -> Page:
        if who not in self._pages:
            self._pages[who] = self._context_of(who).new_page()
            self._pages[who].set_default_timeout(PATIENCE_MS)
        return self._pages[who]

    def _context_of(self, who: str | None) -> BrowserContext:
        kept: Any = signed_in(self._app, self._cast[who], self._url) if who else None
        context = self._browser.new_context(**self._options, storage_state=kept)
        context.add_init_script(BROWSER)
        return context


def _refuse_rooms(stage: Stage) -> None:
    stage.page.route("**/api/rooms", lambda route: route.abort())


def _refuse_messages(stage: Stage) -> None:
    stage.page.route("**/api/rooms/*/messages?*", lambda route: route.abort())


def _hold_messages(stage: Stage) -> None:
    stage.page.route("**/api/rooms/*/messages?*", lambda route: stage.held.append(route))


# Getting in


@view(who=None)
def log_in(stage: Stage) -> None:
    stage.shows(".auth form")


@view(who=None)
def log_in_refused(stage: Stage) -> None:
    stage.fill("auth.username_or_email", "nobody")
    stage.fill("field.password", "wrong password")
    stage.press("auth.login")
    stage.shows(".form-error")


@view("/register", who=None)
def register(stage: Stage) -> None:
    stage.shows(".auth input[name=code]")


@view("/register", who=None)
def register_refused(stage: Stage) -> None:
    stage.press("auth.register")
    stage.shows(".field-error")


@view("/reset", who=None)
def reset(stage: Stage) -> None:
    stage.shows(".auth input[name=code]")


@view("/#invite={choir}", who=None)
def log_in_invited(stage: Stage) -> None:
    stage.shows(".note")


@view(prepare=_refuse_rooms)
def splash_error(stage: Stage) -> None:
    stage.button("retry").wait_for()


# The list


@view(who="newcomer")
def list_empty(stage: Stage) -> None:
    stage.shows(".empty-list")


@view()
def list_full(stage: Stage) -> None:
    stage.shows(".room .badge")
    stage.shows(".request")


@view("hikes")
def list_offline(stage: Stage) -> None:
    stage.shows(".message")
    stage.page.context.set_offline(True)
    # The banner waits for some seconds; they pass at once.
    stage.page.evaluate("() => { const now = Date.now; Date.now = () => now() + 60_000; }")
    stage.shows(".banner")


@view("/?keeps-nothing")
def list_warning(stage: Stage) -> None:
    stage.shows(".banner.warning")


def _open_palette(stage: Stage, query: str) -> None:
    stage.page.keyboard.press("Control+k")
    stage.page.get_by_role("combobox").fill(query)


@view()
def palette(stage: Stage) -> None:
    _open_palette(stage, "")
    stage.shows("[role=option]")


@view("hikes")
def palette_results(stage: Stage) -> None:
    _open_palette(stage, "emma")
    stage.shows("[role=option]")


@view()
def palette_nothing(stage: Stage) -> None:
    _open_palette(stage, "zzzzzz")
    stage.page.locator("dialog").get_by_text(stage.text("palette.nothing")).first.wait_for()


@view()
def palette_join(stage: Stage) -> None:
    _open_palette(stage, "123-456-789")
    stage.shows("[role=option]")


@view()
def room_menu(stage: Stage) -> None:
    stage.page.locator(".room").first.click(button="right")
    stage.shows("[role=menu]")


# Rooms


@view("hikes", prepare=_refuse_messages)
def messages_refused(stage: Stage) -> None:
    stage.shows(".transcript button")


@view("hikes", prepare=_hold_messages)
def messages_loading(stage: Stage) -> None:
    stage.shows(".transcript")


@view("hikes")
def group(stage: Stage) -> None:
    stage.shows(".unread-line")
    stage.shows(".reaction")


@view("emma.reed")
def direct(stage: Stage) -> None:
    stage.shows(".message .edited")


@view("long")
def long_messages(stage: Stage) -> None:
    stage.shows(".message")


@view("longname")
def direct_long_name(stage: Stage) -> None:
    stage.shows(".message")


@view("rtl")
def right_to_left(stage: Stage) -> None:
    stage.shows(".message")


@view("empty")
def group_empty(stage: Stage) -> None:
    stage.shows(".number")


@view("news")
def closed_to_members(stage: Stage) -> None:
    stage.shows(".composer-closed")


@view("noisy")
def closed_by_block(stage: Stage) -> None:
    stage.shows(".composer-closed button")


@view("leaving")
def closed_by_deletion(stage: Stage) -> None:
    stage.shows(".composer-closed")


@view("strict")
def message_failed(stage: Stage) -> None:
    stage.shows(".message")
    if not stage.page.locator(".trouble:visible").count():
        stage.page.locator(".composer-input").fill("还在吗？")
        stage.button("composer.send").click()
    stage.shows(".trouble button")


@view("strict")
def message_waiting(stage: Stage) -> None:
    stage.shows(".message")
    stage.page.context.set_offline(True)
    stage.shows(".shell:not([data-connection=online])")
    stage.page.locator(".composer-input").fill("12:10!")
    stage.button("composer.send").click()
    stage.shows(".state[data-state=waiting]")


@view("emma.reed")
def composer_too_long(stage: Stage) -> None:
    stage.page.locator(".composer-input").fill("长" * 5_000)
    stage.shows(".composer")


@view("hikes/m/10")
def formatted_list(stage: Stage) -> None:
    stage.shows(".message.target")


@view("hikes/m/13")
def formatted_code(stage: Stage) -> None:
    stage.shows(".message.target pre")


@view("hikes", only="desktop")
def message_bar(stage: Stage) -> None:
    stage.message().hover()
    stage.shows(".message-bar")


@view("hikes")
def message_menu(stage: Stage) -> None:
    stage.message().click(button="right")
    stage.shows("[role=menu]")


@view("hikes")
def message_menu_of_own(stage: Stage) -> None:
    stage.page.locator(".message.mine .bubble").last.click(button="right")
    stage.shows("[role=menu]")


@view("emma.reed")
def message_menu_in_direct(stage: Stage) -> None:
    stage.message().click(button="right")
    stage.shows("[role=menu]")


def _choose(stage: Stage, key: str) -> None:
    message_menu(stage)
    stage.page.get_by_role("menuitem", name=stage.text(key), exact=True).click()


@view("hikes", only="phone")
def message_selection(stage: Stage) -> None:
    _choose(stage, "act.select")
    stage.shows("dialog .selectable")


@view("hikes")
def emoji_picker(stage: Stage) -> None:
    _choose(stage, "act.react")
    stage.shows(".emoji")


@view("hikes")
def emoji_picker_nothing(stage: Stage) -> None:
    stage.press("composer.emoji")
    stage.page.locator(".emoji-search").fill("zzzzzz")
    stage.page.get_by_text(stage.text("picker.nothing")).wait_for()


@view("hikes")
def replying(stage: Stage) -> None:
    _choose(stage, "act.reply")
    stage.shows(".composer-mode")


@view("hikes")
def editing(stage: Stage) -> None:
    message_menu_of_own(stage)
    stage.page.get_by_role("menuitem", name=stage.text("act.edit"), exact=True).click()
    stage.shows(".composer-mode")


@view("hikes")
def deleting(stage: Stage) -> None:
    _choose(stage, "act.delete")
    stage.button("cancel").wait_for()


@view("hikes")
def reacted(stage: Stage) -> None:
    _choose(stage, "act.reacted")
    stage.shows("dialog .person, dialog li")


@view("hikes")
def read_by(stage: Stage) -> None:
    stage.page.locator(".readers").last.click()
    stage.shows("dialog .reader")


@view("hikes")
def pins(stage: Stage) -> None:
    stage.press("pins.all")
    stage.shows("dialog .pin-item")


@view("hikes")
def mention_suggestions(stage: Stage) -> None:
    stage.page.locator(".composer-input").fill("@")
    stage.shows("[role=option]")


@view("long")
def collapsed(stage: Stage) -> None:
    stage.shows(".message")
    stage.button("message.all").scroll_into_view_if_needed()


@view("nobody")
def link_to_nobody(stage: Stage) -> None:
    stage.shows(".placeholder h2")


@view("other")
def link_to_a_group(stage: Stage) -> None:
    stage.button("new.join_submit").wait_for()


@view("unknown")
def link_to_a_person(stage: Stage) -> None:
    stage.shows(".room-view .composer")


@view("/r/123456789")
def link_to_nothing(stage: Stage) -> None:
    stage.press("new.join_submit")
    stage.shows(".form-error")


# Dialogs


@view("/#invite={choir}")
def invitation(stage: Stage) -> None:
    stage.shows(".invited-name")


@view("/#invite=AAAAAAAAAAAAAAAAAAAAAA")
def invitation_dead(stage: Stage) -> None:
    stage.shows("dialog [role=alert]")


def _new_chat(stage: Stage, tab: str) -> None:
    stage.press("new.title")
    stage.page.locator(f"dialog input[value={tab}]").check(force=True)


@view()
def new_direct(stage: Stage) -> None:
    _new_chat(stage, "direct")
    stage.fill("new.find_label", "emma")
    stage.shows("dialog button.person")


@view()
def new_group(stage: Stage) -> None:
    _new_chat(stage, "create")
    stage.press("new.create_submit")
    stage.shows("dialog .field-error")


@view()
def new_group_people(stage: Stage) -> None:
    _new_chat(stage, "create")
    people = stage.page.locator("dialog").get_by_role("combobox")
    people.fill("longname")
    stage.page.get_by_role("option").first.click()
    people.fill("e")
    stage.shows("dialog .chip")
    stage.shows("dialog [role=option]")


@view()
def new_join(stage: Stage) -> None:
    _new_chat(stage, "join")
    stage.fill("new.join_label", "123456789")
    stage.press("new.join_submit")
    stage.shows("dialog .field-error")


def _open_sheet(stage: Stage) -> None:
    stage.press("members.title")
    stage.shows(f"{SHEET} .person-line")


def _unfold(stage: Stage, key: str) -> None:
    part = stage.page.locator("summary", has_text=stage.text(key))
    part.click()
    part.evaluate("node => node.scrollIntoView()")


@view("hikes")
def sheet_of_owner(stage: Stage) -> None:
    _open_sheet(stage)


@view("news")
def sheet_of_member(stage: Stage) -> None:
    _open_sheet(stage)


@view("closed")
def sheet_by_invitation(stage: Stage) -> None:
    _open_sheet(stage)


@view("hikes")
def sheet_search_nobody(stage: Stage) -> None:
    _open_sheet(stage)
    stage.fill("members.search", "zzzzzz")
    stage.page.get_by_text(stage.text("members.nobody")).first.wait_for()


@view("hikes")
def member_menu(stage: Stage) -> None:
    _open_sheet(stage)
    stage.page.locator(f"{SHEET} .person-line button[aria-haspopup=menu]").first.click()
    stage.shows("[role=menu]")


@view("hikes")
def add_people(stage: Stage) -> None:
    _open_sheet(stage)
    field = stage.page.locator(SHEET).get_by_role("combobox")
    field.fill("nobody-of-this-name, ")
    stage.press("members.add")
    stage.shows(f"{SHEET} .field-error")


@view("hikes")
def group_edit(stage: Stage) -> None:
    _open_sheet(stage)
    _unfold(stage, "group.edit")
    stage.shows(f"{SHEET} [name=info]")


@view("hikes")
def group_settings(stage: Stage) -> None:
    _open_sheet(stage)
    _unfold(stage, "group.settings")
    stage.button("group.renew").wait_for()


@view("hikes")
def group_invitations(stage: Stage) -> None:
    _open_sheet(stage)
    _unfold(stage, "invitations.title")
    stage.press("invitations.make")
    stage.shows(f"{SHEET} .invitation-link")
    stage.shows(f"{SHEET} .session")


@view("hikes")
def confirm(stage: Stage) -> None:
    _open_sheet(stage)
    stage.press("group.delete")
    stage.button("cancel").wait_for()


@view("emma.reed")
def sheet_of_person(stage: Stage) -> None:
    stage.press("person.title")
    stage.button("hide.do").wait_for()


@view("emma.reed")
def block(stage: Stage) -> None:
    stage.press("person.title", "block.do")
    stage.button("cancel").wait_for()


@view("noisy")
def sheet_of_blocked(stage: Stage) -> None:
    stage.press("person.title")
    stage.page.locator(SHEET).get_by_role("button", name=stage.text("block.undo")).wait_for()


@view("emma.reed")
def card(stage: Stage) -> None:
    stage.page.locator(".title-button").click()
    stage.shows("dialog .card-tiles")


@view("hikes")
def card_of_author(stage: Stage) -> None:
    stage.page.locator(".message:not(.mine) button.author:visible").last.click()
    stage.shows("dialog .card-tiles")


@view("hikes")
def card_of_oneself(stage: Stage) -> None:
    _open_sheet(stage)
    stage.page.locator(f"{SHEET} .person-line button.person").first.click()
    stage.shows("dialog .card-tiles")


@view("leaving")
def card_of_nobody(stage: Stage) -> None:
    stage.page.locator(".title-button").click()
    stage.shows(SHEET)


# Oneself


@view("/me")
def profile(stage: Stage) -> None:
    stage.shows(".profile-column")


@view("/me")
def password(stage: Stage) -> None:
    _unfold(stage, "password.title")
    stage.shows("input[name=current_password]")


@view("/me")
def sessions(stage: Stage) -> None:
    _unfold(stage, "sessions.title")
    stage.shows(".session")


@view("/me")
def blocked_people(stage: Stage) -> None:
    _unfold(stage, "blocks.title")
    stage.page.get_by_role("button", name=re.compile(stage.text("block.undo"))).wait_for()


@view("/me")
def deletion(stage: Stage) -> None:
    _unfold(stage, "deletion.title")
    stage.shows(".points")


@view("strict")
def log_out(stage: Stage) -> None:
    stage.page.context.set_offline(True)
    stage.shows(".shell:not([data-connection=online])")
    stage.page.locator(".composer-input").fill("12:10!")
    stage.button("composer.send").click()
    stage.shows(".state[data-state=waiting]")
    stage.page.keyboard.press("Control+k")
    stage.page.get_by_role("combobox").fill(stage.text("logout"))
    stage.page.get_by_role("option", name=stage.text("logout")).click()
    stage.button("cancel").wait_for()


# What comes and goes


@view("emma.reed")
def toast(stage: Stage) -> None:
    stage.shows(".message")
    stage.page.evaluate("""() => {
          const data = new DataTransfer();
          data.items.add(new File(["x"], "x.txt"));
          dispatchEvent(new ClipboardEvent("paste", {clipboardData: data}));
        }""")
    stage.shows(".toast")
