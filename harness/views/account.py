"""Oneself."""

from __future__ import annotations

from harness.tour import Stage, view
from harness.views.lists import open_palette
from harness.views.room import message_waiting


@view("/me")
def profile(stage: Stage) -> None:
    stage.shows(".profile-column")


@view("/me")
def password(stage: Stage) -> None:
    stage.unfold("password.title")
    stage.shows("input[name=current_password]")


@view("/me")
def sessions(stage: Stage) -> None:
    stage.unfold("sessions.title")
    stage.shows(".session")


@view("/me")
def blocked_people(stage: Stage) -> None:
    stage.unfold("blocks.title")
    stage.page.get_by_role("button", name=stage.text("block.undo")).wait_for()


@view("/me")
def deletion(stage: Stage) -> None:
    stage.unfold("deletion.title")
    stage.shows(".points")


@view("/me")
def notifications(stage: Stage) -> None:
    stage.page.locator(".switches").scroll_into_view_if_needed()


@view("strict")
def log_out(stage: Stage) -> None:
    message_waiting(stage)
    open_palette(stage, stage.text("logout"))
    stage.page.get_by_role("option", name=stage.text("logout"), exact=True).click()
    stage.button("cancel").wait_for()
