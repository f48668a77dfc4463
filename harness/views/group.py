"""The sheets of groups and people, and their cards."""

from __future__ import annotations

from harness.tour import Stage, view

SHEET = ":is(dialog, .side-panel)"  # which of them is a matter of space


def _open_sheet(stage: Stage) -> None:
    stage.press("members.title")
    stage.shows(f"{SHEET} .person-line")


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
    stage.unfold("group.edit")
    stage.shows(f"{SHEET} [name=info]")


@view("hikes")
def group_settings(stage: Stage) -> None:
    _open_sheet(stage)
    stage.unfold("group.settings")
    stage.button("group.renew").wait_for()


@view("hikes")
def group_invitations(stage: Stage) -> None:
    _open_sheet(stage)
    stage.unfold("invitations.title")
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
