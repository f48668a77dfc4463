"""Getting in."""

from __future__ import annotations

from harness.tour import Stage, view


def _refuse_rooms(stage: Stage) -> None:
    stage.page.route("**/api/rooms", lambda route: route.abort())


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


@view(prepare=_refuse_rooms, starts=False)
def splash_error(stage: Stage) -> None:
    stage.button("retry").wait_for()
