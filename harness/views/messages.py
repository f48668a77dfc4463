"""What is done to messages."""

from __future__ import annotations

from collections.abc import Callable

from harness.tour import Stage, view


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


def _choose(stage: Stage, key: str, open_menu: Callable[[Stage], None] = message_menu) -> None:
    open_menu(stage)
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
    _choose(stage, "act.edit", message_menu_of_own)
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
    stage.shows("dialog .person")


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
