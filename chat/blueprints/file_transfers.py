"""Files in and out: uploads, downloads, and links for a browser's own downloads."""

from __future__ import annotations

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from chat.auth import Identity, require_user
from chat.blueprints.http import answer, client_address, drop_unusable_range, load_query
from chat.concurrency import charge_to
from chat.media_types import is_picture
from chat.middleware.transfers import IncomingBody
from chat.models import Content, StoredFile, User
from chat.schemas.files import UploadSchema, dump_file
from chat.text.file_names import disposition
from chat.wiring import services

file_transfers = Blueprint("file_transfers", __name__, url_prefix="/api")

# What is served here never runs, loads or frames anything, whatever its bytes are.
POLICY = "sandbox; default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@file_transfers.post("/rooms/<room_id>/files")
@require_user
def upload(identity: Identity, room_id: str) -> Response:
    query = load_query(UploadSchema())
    body = IncomingBody(request.environ, identity)
    return answer(dump_file(services().files.receive(identity.user, room_id, body, **query)), 201)


@file_transfers.get("/files/<file_id>")
@require_user
def get_file(identity: Identity, file_id: str) -> Response:
    stored = services().files.find(identity.user, file_id)
    return _bytes_of(identity.user, identity.session_id, stored, stored.content)


@file_transfers.get("/files/<file_id>/preview")
@require_user
def get_preview(identity: Identity, file_id: str) -> Response:
    found = services().files.find_preview(identity.user, file_id)
    return _bytes_of(identity.user, identity.session_id, *found)


@file_transfers.post("/files/<file_id>/link")
@require_user
def link(identity: Identity, file_id: str) -> Response:
    stored = services().files.find(identity.user, file_id)
    grant = services().file_links.make(stored.id, identity.user.id, identity.session_id)
    return answer({"url": f"/api/files/{stored.id}/download/{grant}"})


@file_transfers.get("/files/<file_id>/download/<grant>")
def download(file_id: str, grant: str) -> Response:
    found = services().file_links.read(file_id, grant)
    user = services().sessions.authenticate(found.user_id, found.session_id)
    stored = services().files.find(user, file_id)
    return _bytes_of(user, found.session_id, stored, stored.content, kind="attachment")


def _bytes_of(
    user: User, session_id: str, stored: StoredFile, content: Content, kind: str | None = None
) -> Response:
    """Answer with the bytes of a file, or the part of them that is asked for.

    The bytes of an id never change, so the id is their ETag. Whether the caller may read them was
    checked before, so a 304 is as good as the bytes. A long download ends early with its session or
    with the right to read the file.
    """
    drop_unusable_range()
    response = Response(mimetype=content.type)
    response.set_etag(content.id)
    if kind is None:
        kind = "inline" if is_picture(content.type) else "attachment"
    response.headers.update(
        {
            "Content-Disposition": disposition(kind, stored.file.name),
            "Accept-Ranges": "bytes",
            "Cache-Control": "private, no-cache",
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
    )
    if request.if_none_match.contains_weak(content.id):
        response.status_code = 304
        return response
    first, end = _part_of(content)
    if (first, end) != (0, content.size):
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {first}-{end - 1}/{content.size}"
    response.content_length = end - first
    if request.method == "GET":
        found = services()  # for the time after this request's context

        def require_access() -> None:
            found.files.find(found.sessions.authenticate(user.id, session_id), stored.id)

        charge_to(found.budgets.of_user(user.id))
        release = found.files.begin_reading(user, client_address(), end - first)
        response.call_on_close(release)
        response.response = found.files.read(content, first, end, require_access)
    return response


def _part_of(content: Content) -> tuple[int, int]:
    """Return where the part begins that `Range` asks for, and where it ends; else all."""
    is_present = request.if_range.etag in (None, content.id) and request.if_range.date is None
    if request.range is None or not is_present:
        return 0, content.size
    found = request.range.range_for_length(content.size)
    if found is None:
        if request.range.ranges[0][0] < 0:  # more of its end than there is, which is all of it
            return 0, content.size
        raise RequestedRangeNotSatisfiable(length=content.size)
    first, end = found
    return int(first), int(end)
