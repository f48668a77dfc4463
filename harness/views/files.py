"""Files and pictures: chosen, on their way, in messages, looked at, gone."""

from __future__ import annotations

import json

from playwright.sync_api import FilePayload, Route

from harness.drawings import drawing
from harness.tour import Stage, view

LONG_NAME = "The plans for the school garden in spring and in autumn, second draft.pdf"
UPLOADS = "**/api/rooms/*/files?*"


def _choose(stage: Stage, pictures: int = 3) -> None:
    """Choose pictures and two other files in the open room."""
    files: list[FilePayload] = [
        {"name": f"picture {at}.png", "mimeType": "image/png", "buffer": drawing(500, 250 * at, at)}
        for at in range(1, pictures + 1)
    ]
    files.append({"name": LONG_NAME, "mimeType": "application/pdf", "buffer": b"%PDF" * 90_000})
    files.append({"name": "数据.xlsx", "mimeType": "", "buffer": b"PK" * 900})
    stage.shows(".composer")
    stage.page.locator(".attach input").set_input_files(files)
    stage.page.locator(".tray-file").nth(len(files) - 1).wait_for()


def _hold_uploads(stage: Stage) -> None:
    stage.hold(UPLOADS)


def _refuse_uploads(stage: Stage) -> None:
    error = {"code": "quota_exceeded", "message": "Full.", "retry_after": 86_400}

    def refuse(route: Route) -> None:
        route.fulfill(status=429, body=json.dumps({"error": error}))

    stage.page.route(UPLOADS, refuse)


def _lose_pictures(stage: Stage) -> None:
    error = {"code": "not_found", "message": "There is no such thing."}
    body = json.dumps({"error": error})
    stage.page.route("**/api/files/*/preview", lambda route: route.fulfill(status=404, body=body))


@view("album")
def files_chosen(stage: Stage) -> None:
    _choose(stage)


@view("album")
def files_that_cannot_be_sent(stage: Stage) -> None:
    _choose(stage, pictures=1)
    empty: FilePayload = {"name": "empty.txt", "mimeType": "text/plain", "buffer": b""}
    stage.page.locator(".attach input").set_input_files([empty])
    stage.shows(".tray-problem")


@view("album", only="desktop")
def files_dragged(stage: Stage) -> None:
    stage.shows(".picture[data-state=shown]")
    stage.page.evaluate("""() => {
          const data = new DataTransfer();
          data.items.add(new File(["x"], "x.txt"));
          const options = {dataTransfer: data, bubbles: true, cancelable: true};
          document.querySelector(".transcript").dispatchEvent(new DragEvent("dragover", options));
        }""")
    stage.shows(".drop-zone")


@view("album", who="chenmo", prepare=_hold_uploads)
def files_on_their_way(stage: Stage) -> None:
    _choose(stage)
    stage.page.locator(".composer-input").fill("Three of many")
    stage.button("composer.send").click()
    stage.shows(".upload-ring")


@view("album", who="tomas", prepare=_refuse_uploads)
def files_refused(stage: Stage) -> None:
    _choose(stage, pictures=1)
    stage.button("composer.send").click()
    stage.shows(".trouble")


@view("album")
def pictures(stage: Stage) -> None:
    stage.shows(".picture[data-state=shown]")


@view("photos")
def pictures_in_direct(stage: Stage) -> None:
    stage.shows(".picture[data-state=shown]")


@view("album", prepare=_lose_pictures)
def pictures_gone(stage: Stage) -> None:
    stage.shows(".picture[data-state=gone]")


@view("photos")
def viewer(stage: Stage) -> None:
    stage.shows(".picture[data-state=shown]")
    stage.page.locator(".thumb-open:has(.picture[data-state=shown])").last.click()
    stage.shows(".viewer-picture")
