"""A room with its messages."""

from __future__ import annotations

from harness.tour import Stage, view


def _refuse_messages(stage: Stage) -> None:
    stage.page.route("**/api/rooms/*/messages?*", lambda route: route.abort())


def _hold_messages(stage: Stage) -> None:
    stage.hold("**/api/rooms/*/messages?*")


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
    stage.shows(".composer-count.over")


@view("hikes/m/10")
def formatted_list(stage: Stage) -> None:
    stage.shows(".message.target")


@view("hikes/m/13")
def formatted_code(stage: Stage) -> None:
    stage.shows(".message.target pre")


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


@view("emma.reed")
def toast(stage: Stage) -> None:
    stage.shows(".message")
    stage.page.evaluate("""() => {
          const data = new DataTransfer();
          data.items.add(new File(["x"], "x.txt"));
          dispatchEvent(new DragEvent("drop", {dataTransfer: data, cancelable: true}));
        }""")
    stage.shows(".toast")
