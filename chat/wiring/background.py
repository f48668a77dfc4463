"""Periodic background work of a serving process, and its health checks."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Config

from chat.realtime.expiry import Expiry
from chat.realtime.others_presence import OthersPresence
from chat.realtime.own_presence import OwnPresence
from chat.realtime.presence import Presence
from chat.reconciler.members import MemberReconciler
from chat.reconciler.people import PeopleReconciler
from chat.reconciler.reconciler import Reconciler
from chat.reconciler.rooms import RoomReconciler
from chat.repositories.presence import PresenceRepository
from chat.repositories.probes import DatabaseProbe, QueueProbe
from chat.services.readiness import Readiness
from chat.wiring.core import Core
from chat.wiring.messages import Messages
from chat.wiring.people import People
from chat.wiring.repositories import Repositories
from chat.wiring.rooms import Rooms


@dataclass(frozen=True)
class Background:
    """Periodic background work of a serving process, and its health checks."""

    database_probe: DatabaseProbe
    readiness: Readiness
    expiry: Expiry
    presence: Presence
    reconciler: Reconciler


def wire_background(
    config: Config,
    core: Core,
    repositories: Repositories,
    rooms: Rooms,
    people: People,
    messages: Messages,
) -> Background:
    queue_url = config["MESSAGE_QUEUE_URL"]
    database_probe = DatabaseProbe(
        core.database, core.embedded.find_space_problem if core.embedded else None
    )
    publisher = core.publisher.local_only()
    presence_repository = PresenceRepository(core.database)
    presence = Presence(
        connections=core.connections,
        publisher=publisher,
        own=OwnPresence(presence_repository),
        others=OthersPresence(presence_repository, core.database.now),
        tracked_rooms=core.pushed_rooms.with_presence,
        rooms_of=repositories.memberships.list_rooms_of_users,
    )
    room_reconciler = RoomReconciler(
        rooms=repositories.rooms,
        users=repositories.users,
        members=MemberReconciler(
            rooms=repositories.rooms,
            memberships=repositories.memberships,
            connections=core.connections,
            publisher=publisher,
            room_log=core.room_log,
            usernames=core.usernames,
            membership_cache=core.membership_cache,
        ),
        publisher=publisher,
        pushed_rooms=core.pushed_rooms,
        room_log=core.room_log,
        usernames=core.usernames,
        presence=presence,
    )
    room_reconciler.followers = (core.consumers.rooms_touched,)
    people_reconciler = PeopleReconciler(
        users=repositories.users,
        sessions=repositories.sessions,
        publisher=publisher,
        usernames=core.usernames,
        membership_cache=core.membership_cache,
        deleted_accounts=people.deleted_accounts,
        requests=rooms.membership_requests,
    )
    return Background(
        database_probe=database_probe,
        readiness=Readiness(
            database_probe.find_problem,
            QueueProbe(queue_url).find_problem if queue_url else None,
        ),
        expiry=Expiry(
            core.connections, core.publisher, core.socketio, config["ACCESS_TOKEN_MINUTES"]
        ),
        presence=presence,
        reconciler=Reconciler(
            rooms=room_reconciler,
            people=people_reconciler,
            room_log=core.room_log,
            membership_cache=core.membership_cache,
            epoch_watch=messages.epoch_watch,
            clock=core.database.now,
        ),
    )
