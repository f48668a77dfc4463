"""SIGKILL while a deleted account leaves its rooms: the next start goes on with it."""

from __future__ import annotations

from contextlib import ExitStack

from bson import ObjectId

from chat.services.deleted_accounts import REMOVE
from chat.services.room_removal import REMOVE as REMOVE_ROOM
from harness.people import app_beside, make_people
from harness.servers import Server
from tests.faults.conftest import database_uri
from tests.jobs import end_leases, wait_for_jobs
from tests.sockets.conftest import Member

GROUPS = 60
DEATHS = 2


def test_an_account_is_gone_from_all_its_rooms_although_the_server_dies(crashing: Server) -> None:
    with ExitStack() as stack:
        app = stack.enter_context(
            app_beside(crashing.data_dir, database_uri(crashing), RATE_LIMITS=False)
        )
        services = app.extensions["chat"]
        ada, bob = (Member(one, crashing, stack) for one in make_people(app, "ada", "bob"))
        shared = ada.create_group(bob)
        person = services.profiles.get_by_username(ada.username)
        for _ in range(GROUPS):
            services.groups.create_group(person, "Tea")
        ada.data("DELETE", "/users/me", {"password": ada.password})
        db, key = services.database.db, {"user_identity": ObjectId(ada.id)}
        left = []
        for _ in range(DEATHS):
            left.append(db["user_room"].count_documents(key))
            crashing.kill()
            crashing.start()
            end_leases(services.database, REMOVE)
        assert ada.http("GET", "/users/me").status_code == 401
        wait_for_jobs(services.database, REMOVE, REMOVE_ROOM)
        assert left[0] > 0  # it died in the middle
        assert db["user_room"].find_one(key) is None and db["room"].find_one(key) is None
        members = bob.data("GET", f"/rooms/{shared['id']}/members")
        roles = {one["user"]["id"]: one["role"] for one in members}
        assert roles == {bob.id: "owner"}
