"""The list of rooms, the palette, and how conversations begin."""

from __future__ import annotations

from harness.tour import Stage, view


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


def open_palette(stage: Stage, query: str) -> None:
    """Open the palette and look for something."""
    stage.page.keyboard.press("Control+k")
    stage.page.get_by_role("combobox").fill(query)


@view()
def palette(stage: Stage) -> None:
    open_palette(stage, "")
    stage.shows("[role=option]")


@view("hikes")
def palette_results(stage: Stage) -> None:
    open_palette(stage, "emma")
    stage.shows("[role=option]")


@view()
def palette_nothing(stage: Stage) -> None:
    open_palette(stage, "zzzzzz")
    stage.page.locator("dialog").get_by_text(stage.text("palette.nothing")).first.wait_for()


@view()
def palette_join(stage: Stage) -> None:
    open_palette(stage, "123-456-789")
    stage.shows("[role=option]")


@view()
def room_menu(stage: Stage) -> None:
    stage.page.locator(".room").first.click(button="right")
    stage.shows("[role=menu]")


@view("/#invite={choir}")
def invitation(stage: Stage) -> None:
    stage.shows(".invited-name")


@view("/#invite=AAAAAAAAAAAAAAAAAAAAAA")
def invitation_dead(stage: Stage) -> None:
    stage.shows("dialog [role=alert]")


def _new_chat(stage: Stage, tab: str) -> None:
    stage.press("new.title")
    stage.page.locator(f"dialog label:has(input[value={tab}])").click()


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
