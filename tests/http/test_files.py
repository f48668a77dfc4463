"""Files: who may upload, send and read them, and what is left of them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask
from werkzeug.http import parse_options_header

from chat.i18n import translate
from chat.repositories.files import FileRepository
from chat.schemas.messages import MAX_FILES
from harness.accounts import data_of, error_of
from harness.people import Person, make_people, new_client_id
from tests.http.uploading import picture, post_file, send_file, some_bytes, upload

LARGE = 600_000  # bytes: three chunks
OFFICE_TEXT = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def test_a_file_that_was_sent_is_read_by_a_member_byte_by_byte(
    ada: Person, bob: Person, room: dict[str, Any]
) -> None:
    content = some_bytes(LARGE)
    file = upload(ada, room, content, "measurements.dat")
    assert file == {
        "id": file["id"],
        "name": "measurements.dat",
        "type": "application/octet-stream",
        "size": LARGE,
        "width": None,
        "height": None,
    }
    message = ada.say(room, "", files=[file["id"]])
    assert message["files"] == [file]
    assert bob.history(room)["messages"][-1]["files"] == [file]
    response = bob.get(f"/files/{file['id']}")
    assert (response.status_code, response.data) == (200, content)


def test_a_picture_is_stored_anew_with_a_preview(
    ada: Person, bob: Person, room: dict[str, Any]
) -> None:
    file = upload(ada, room, picture(1_000, 500), "beach.png")
    assert (file["type"], file["width"], file["height"]) == ("image/png", 1_000, 500)
    ada.say(room, "", files=[file["id"]])
    assert bob.get(f"/files/{file['id']}").data[:4] == b"\x89PNG"
    assert bob.get(f"/files/{file['id']}/preview").mimetype == "image/webp"


def test_a_small_picture_is_its_own_preview_and_other_files_have_none(
    ada: Person, room: dict[str, Any]
) -> None:
    file = upload(ada, room, picture())
    assert ada.get(f"/files/{file['id']}/preview").data == ada.get(f"/files/{file['id']}").data
    error_of(ada.get(f"/files/{upload(ada, room)['id']}/preview"), 404)


def test_until_it_is_sent_only_its_uploader_reads_a_file(
    ada: Person, bob: Person, room: dict[str, Any]
) -> None:
    file = upload(ada, room)
    assert ada.get(f"/files/{file['id']}").data == b"some bytes"
    error_of(bob.get(f"/files/{file['id']}"), 404)


def test_who_is_no_member_any_more_reads_nothing(
    ada: Person, bob: Person, eve: Person, room: dict[str, Any]
) -> None:
    (file,) = send_file(ada, room, b"for us")["files"]
    error_of(eve.get(f"/files/{file['id']}"), 404)
    assert bob.get(f"/files/{file['id']}").status_code == 200
    assert ada.delete(f"/rooms/{room['id']}/members/{bob.id}").status_code == 204
    error_of(bob.get(f"/files/{file['id']}"), 404)


def test_a_file_is_for_one_message_and_a_repeated_send_finds_its_own(
    ada: Person, room: dict[str, Any]
) -> None:
    file, client_id = upload(ada, room), new_client_id()
    sent = ada.say(room, "", client_id, files=[file["id"]])
    again = ada.post_message(room, "", client_id, files=[file["id"]])
    assert data_of(again) == sent
    refused = error_of(ada.post_message(room, "", files=[file["id"]]), 400)
    assert refused["fields"] == {"files": [translate("invalid.file_used", "zh")]}


def test_files_of_others_and_of_other_rooms_cannot_be_sent(
    ada: Person, bob: Person, room: dict[str, Any]
) -> None:
    other = ada.create_group(bob)
    for file_id in (upload(bob, room)["id"], upload(ada, other)["id"], "f" * 24):
        refused = error_of(ada.post_message(room, "", files=[file_id]), 400)
        assert refused["fields"] == {"files": [translate("invalid.no_file", "zh")]}


def test_a_message_with_one_bad_file_claims_none(ada: Person, room: dict[str, Any]) -> None:
    used, file = (upload(ada, room)["id"] for _ in range(2))
    ada.say(room, "", files=[used])
    for bad in (used, "f" * 24):
        error_of(ada.post_message(room, "", files=[file, bad]), 400)
    assert [one["id"] for one in ada.say(room, "", files=[file])["files"]] == [file]


def test_a_send_and_its_repeat_under_way_at_once_claim_the_same_files(
    ada: Person, room: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The repeat claims a file after the send has found it free."""
    files = [upload(ada, room)["id"] for _ in range(2)]
    claim = FileRepository.claim

    def claim_twice(*args: Any) -> bool:
        claim(*args)
        return claim(*args)

    monkeypatch.setattr(FileRepository, "claim", claim_twice)
    assert [one["id"] for one in ada.say(room, "", files=files)["files"]] == files


def test_a_message_over_the_quota_claims_no_file(make_app: Callable[..., Flask]) -> None:
    app = make_app(RATE_LIMITS=True, MESSAGE_BYTES_PER_DAY_USER=10)
    (person,) = make_people(app, "ada")
    room = person.create_group()
    file = upload(person, room)["id"]
    refused = error_of(person.post_message(room, "a" * 11, files=[file]), 429)
    assert refused["code"] == "quota_exceeded"
    assert [one["id"] for one in person.say(room, "a" * 10, files=[file])["files"]] == [file]


def test_a_repeat_with_files_that_are_gone_is_answered_with_the_stored_message(
    ada: Person, room: dict[str, Any]
) -> None:
    client_id = new_client_id()
    sent = ada.say(room, "", client_id, files=[upload(ada, room)["id"]])
    assert data_of(ada.post_message(room, "", client_id, files=["f" * 24])) == sent


def test_a_message_has_so_many_files(ada: Person, room: dict[str, Any]) -> None:
    ids = [upload(ada, room)["id"] for _ in range(MAX_FILES + 1)]
    error_of(ada.post_message(room, "", files=ids), 400)
    assert len(ada.say(room, "", files=ids[1:])["files"]) == MAX_FILES


def test_deleting_a_message_removes_its_bytes(
    shared_app: Flask, ada: Person, room: dict[str, Any]
) -> None:
    settle_files(shared_app)  # consumers begin here at the latest
    message = send_file(ada, room, some_bytes(LARGE))
    ada.change(room, message["seq"], deleted=True)
    file_id = message["files"][0]["id"]
    error_of(ada.get(f"/files/{file_id}"), 404)
    settle_files(shared_app)
    assert chunks_of(shared_app, file_id) == 0


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"%PDF-1.7 and so on", "a.txt", "application/pdf"),
        (b"PK\x03\x04 and so on", "letter.docx", OFFICE_TEXT),
        (b"<html><script>alert(1)</script>", "photo.png", "text/plain"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "a.png", "text/plain"),
        (b"\x00\x01\x02", "a.html", "application/octet-stream"),
    ],
)
def test_a_file_is_what_its_bytes_are_and_runs_nowhere(
    ada: Person, room: dict[str, Any], content: bytes, name: str, said: str
) -> None:
    file = upload(ada, room, content, name)
    headers = ada.get(f"/files/{file['id']}").headers
    assert file["type"] == said == headers["Content-Type"].partition(";")[0]
    assert headers["Content-Disposition"].startswith("attachment;")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\my notes.txt", "my notes.txt"),
        ("a\r\nSet-Cookie: x=1.txt", "a Set-Cookie_ x=1.txt"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("照片" * 150 + ".jpg", "照片" * 41 + "照.jpg"),
        ('say "hi"; x=y.txt', "say _hi_; x=y.txt"),
        ("..", "file"),
        ("", "file"),
    ],
)
def test_a_file_is_served_under_a_harmless_name(
    ada: Person, room: dict[str, Any], given: str, kept: str
) -> None:
    file = upload(ada, room, b"some bytes", given)
    header = ada.get(f"/files/{file['id']}").headers["Content-Disposition"]
    kind, parameters = parse_options_header(header)
    assert (file["name"], kind, parameters) == (kept, "attachment", {"filename": kept})
    assert header.isascii() and header.isprintable()


def test_what_is_named_a_picture_and_begins_as_one_is_refused_unless_it_is_one(
    ada: Person, room: dict[str, Any]
) -> None:
    refused = error_of(post_file(ada, room, picture()[:40] + b"<script>", "a.png"), 400)
    assert list(refused["fields"]) == ["file"]


def test_a_file_without_bytes_is_refused(ada: Person, room: dict[str, Any]) -> None:
    refused = error_of(post_file(ada, room, b""), 400)
    assert refused["fields"] == {"file": [translate("invalid.file_empty", "zh")]}


@pytest.mark.parametrize("path", ["/rooms/{id}/files", "/rooms/{id}/avatar", "/users/me/avatar"])
def test_a_form_with_a_file_in_it_is_no_file(ada: Person, room: dict[str, Any], path: str) -> None:
    """It is what many libraries make of a file that they are told to post."""
    send = ada.post if path.endswith("files") else ada.put
    form = {"file": (io.BytesIO(picture()), "a.png")}
    refused = error_of(send(path.format(**room), data=form), 415)
    assert refused["message"] == translate("error.form_instead_of_file", "zh")


def test_a_file_that_is_too_large_is_refused_before_its_bytes(
    make_app: Callable[..., Flask],
) -> None:
    (person,) = make_people(make_app(MAX_FILE_BYTES=100_000), "ada")
    room = person.create_group()
    error_of(post_file(person, room, some_bytes(100_001)), 413)
    assert upload(person, room, some_bytes(100_000))["size"] == 100_000


def test_the_files_of_a_user_have_so_much_space(make_app: Callable[..., Flask]) -> None:
    """Each counts 64 KiB at least; what is removed counts no more."""
    app = make_app(FILE_BYTES_PER_USER=3 * 65_536)
    person, other = make_people(app, "ada", "bob")
    room = person.create_group(other)
    settle_files(app)  # consumers begin here
    message = send_file(person, room, b"small")
    upload(person, room, some_bytes(2 * 65_536))
    refused = error_of(post_file(person, room, b"small"), 429)
    assert (refused["code"], refused["retry_after"]) == ("quota_exceeded", 86_400)
    upload(other, room)
    person.change(room, message["seq"], deleted=True)
    settle_files(app)
    upload(person, room, b"small")


def test_uploads_are_counted_each_minute(make_app: Callable[..., Flask]) -> None:
    (person,) = make_people(make_app(RATE_LIMITS=True, FILES_PER_MINUTE=2), "ada")
    room = person.create_group()
    upload(person, room)
    upload(person, room)
    assert error_of(post_file(person, room, b"third"), 429)["code"] == "rate_limited"


def test_a_kept_copy_costs_a_304_and_a_part_is_that_part(ada: Person, room: dict[str, Any]) -> None:
    content = some_bytes(LARGE)
    path = f"/files/{upload(ada, room, content)['id']}"
    tag = ada.get(path).headers["ETag"]
    kept = ada.get(path, headers={"If-None-Match": tag})
    assert (kept.status_code, kept.data, kept.headers["ETag"]) == (304, b"", tag)
    assert kept.headers["Cache-Control"] == "private, no-cache"
    for asked, first, end in (
        ("bytes=261110-261130", 261_110, 261_131),  # over the end of a chunk
        ("bytes=599990-", 599_990, LARGE),
        ("bytes=-10", LARGE - 10, LARGE),
    ):
        part = ada.get(path, headers={"Range": asked})
        assert (part.status_code, part.data) == (206, content[first:end])
        assert part.headers["Content-Range"] == f"bytes {first}-{end - 1}/{LARGE}"
    late = ada.get(path, headers={"Range": f"bytes={LARGE}-"})
    assert (late.status_code, late.headers["Content-Range"]) == (416, f"bytes */{LARGE}")
    whole = ada.get(path, headers={"Range": f"bytes=-{LARGE + 1}"})  # more of its end than it has
    assert (whole.status_code, whole.data) == (200, content)


def settle_files(app: Flask) -> None:
    """Remove what is to be removed, as the running server does."""
    app.extensions["chat"].consumers.run_due()
    app.extensions["chat"].file_removal.run_once()


def chunks_of(app: Flask, file_id: str) -> int:
    """Return how many chunks of a file are stored."""
    found: int = (
        app.extensions["chat"]
        .database.db["file.chunks"]
        .count_documents({"files_id": ObjectId(file_id)})
    )
    return found
