"""Every view of the page, by name, and how one gets there in any language and on any screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from harness.people import Person

View = Callable[[Page, "Stage"], None]


@dataclass(frozen=True)
class Stage:
    """Who and what there is to be seen: the one who looks, and where they look."""

    viewer: Person
    group: str  # the path of a group that the viewer owns
    news: str  # of a group where only others write
    direct: str  # of a conversation
    unknown: str  # of a group that the viewer is not in
    invitation: str  # the token of one

    def go(self, page: Page, path: str) -> None:
        """Go to a path of the open page, whatever lies over it."""
        page.evaluate(
            """(path) => {
              history.pushState({home: 1, layers: 0}, "", path);
              dispatchEvent(new PopStateEvent("popstate"));
            }""",
            path,
        )
        page.wait_for_function("() => !document.querySelector('dialog[open]')")


def make_stage(viewer: Person, other: Person, stranger: Person) -> Stage:
    """Let things happen until there is something of everything to see."""
    group = viewer.create_group(other, name="Saturday walkers")
    viewer.patch(f"/rooms/{group['id']}", json={"info": "Where we go, and who brings the tea."})
    other.say(group, "See https://example.org/ please")
    viewer.say(group, "Mine")
    other.say(group, "Unread")
    news = other.create_group(viewer, name="News")
    other.patch(f"/rooms/{news['id']}", json={"posting": "admins"})
    direct = other.talk_to(viewer)
    other.say(direct, "Hello")
    unknown = stranger.create_group(name="Elsewhere")
    stranger.post(f"/rooms/{unknown['id']}/members", json={"username": viewer.username})
    token = stranger.post(f"/rooms/{unknown['id']}/invitations", json={}).get_json()["data"][
        "token"
    ]
    viewer.put(f"/users/me/blocks/{stranger.id}")
    return Stage(
        viewer=viewer,
        group=f"/r/{group['number']}",
        news=f"/r/{news['number']}",
        direct=f"/d/{other.username}",
        unknown=f"/r/{unknown['number']}",
        invitation=token,
    )


def place(path: Callable[[Stage], str], shown: str) -> View:
    """Return a view that has an address, and is there once `shown` is."""

    def show(page: Page, stage: Stage) -> None:
        stage.go(page, path(stage))
        page.locator(shown).first.wait_for()

    return show


def layer(below: View, button: str, shown: str) -> View:
    """Return a view that a button of another one opens."""

    def show(page: Page, stage: Stage) -> None:
        below(page, stage)
        page.locator(button).last.click()
        page.locator(shown).first.wait_for()

    return show


def all_open(below: View, summaries: str) -> View:
    """Return a view with all its parts opened."""

    def show(page: Page, stage: Stage) -> None:
        below(page, stage)
        for summary in page.locator(summaries).all():
            summary.click()

    return show


def tab(name: str) -> View:
    """Return the dialog of a new conversation at one of its tabs."""

    def show(page: Page, stage: Stage) -> None:
        new_chat(page, stage)
        page.locator(f"dialog input[value={name}]").check(force=True)
        page.locator("dialog .tab-panel .button.primary").wait_for()

    return show


def invitation(page: Page, stage: Stage) -> None:
    home(page, stage)
    page.evaluate("token => { location.hash = `#invite=${token}`; }", stage.invitation)
    page.locator("dialog .invited .actions").wait_for()


def suggestions(page: Page, stage: Stage) -> None:
    group_sheet(page, stage)
    field = page.locator("dialog [role=combobox], aside [role=combobox]").last
    field.press_sequentially("nobody at all,")
    field.press_sequentially(stage.viewer.username[:3])
    page.locator("[role=option]").first.wait_for()


home = place(lambda _: "/", ".room")
group = place(lambda stage: stage.group, ".message")
direct = place(lambda stage: stage.direct, ".message")
account = place(lambda _: "/me", ".profile")
group_sheet = layer(group, ".room-head > .icon-button", ".member-window .person")
new_chat = layer(home, ".sidebar header .icon-button, .sidebar-head .icon-button", "dialog .person")

VIEWS: dict[str, View] = {
    "list": home,
    "group": group,
    "announcements": place(lambda stage: stage.news, ".composer-closed"),
    "direct": direct,
    "offer to join": place(lambda stage: stage.unknown, ".placeholder .button"),
    "group sheet": all_open(group_sheet, ".sheet-parts summary"),
    "adding people": suggestions,
    "member menu": layer(group_sheet, ".member-window [aria-haspopup]", "[role=menuitem]"),
    "card": layer(group_sheet, ".member-window .person", ".card-body"),
    "own card": layer(group_sheet, ".member-window .person >> nth=0", ".card-body"),
    "question": layer(group_sheet, ".part-end .button", "dialog >> nth=-1 >> .actions"),
    "person sheet": layer(direct, ".room-head > .icon-button", ".ways .button"),
    "new conversation": new_chat,
    "new group": tab("create"),
    "joining": tab("join"),
    "invitation": invitation,
    "account": all_open(account, ".profile summary"),
}

# Of those who are not logged in: the path, and what to press there.
WAYS_IN: dict[str, tuple[str, str]] = {
    "log in": ("/", ""),
    "log in, nothing filled in": ("/", "button[type=submit]"),
    "register": ("/register", ""),
    "register, nothing filled in": ("/register", "button[type=submit]"),
    "new password": ("/reset", ""),
}
