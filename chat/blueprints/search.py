"""Finding messages over HTTP."""

from __future__ import annotations

from flask import Blueprint, Response

from chat.auth import Identity, require_user
from chat.blueprints.http import answer, heavy, load_query
from chat.schemas.search import MessageSearchSchema, dump_found
from chat.wiring import services

search = Blueprint("search", __name__, url_prefix="/api")


@search.get("/search")
@require_user
@heavy
def find_messages(identity: Identity) -> Response:
    found = services().message_search.find(identity.user, **load_query(MessageSearchSchema()))
    return answer(dump_found(found, identity.user.id))
