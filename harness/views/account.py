"""Oneself."""

from __future__ import annotations

import re

from harness.tour import Stage, view


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
    stage.page.get_by_role("button", name=re.compile(stage.text("block.undo"))).wait_for()


@view("/me")
def deletion(stage: Stage) -> None:
    stage.unfold("deletion.title")
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
