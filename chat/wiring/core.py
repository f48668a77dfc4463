"""The objects that all areas share."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Config

from chat.budgets import Budgets
from chat.consumers.administration import ConsumerAdministration
from chat.consumers.runner import ConsumerRunner
from chat.database.client import Database
from chat.database.embedded import EmbeddedDatabase
from chat.limits.limits import Limits
from chat.limits.rules import CONFIGURABLE
from chat.log.previews import Previews
from chat.log.room_log import RoomLog
from chat.push.keys import PushKeys
from chat.realtime.connections import Connections
from chat.realtime.publisher import Publisher
from chat.realtime.pushed_rooms import PushedRooms
from chat.realtime.recent_pushes import RecentPushes
from chat.realtime.server import ChatSocketIO
from chat.repositories.audit import AuditRepository
from chat.repositories.consumers import ConsumerRepository
from chat.repositories.jobs import JobRepository
from chat.repositories.log_ends import LogEndRepository
from chat.repositories.push_keys import PushKeyRepository
from chat.repositories.rate_limits import shared_windows
from chat.services.audit import Audit
from chat.services.jobs import Jobs
from chat.services.membership_cache import MembershipCache
from chat.services.usernames import Usernames
from chat.settings import push_subject
from chat.wiring.repositories import Repositories


@dataclass(frozen=True)
class Core:
    """The objects that all areas share."""

    database: Database
    embedded: EmbeddedDatabase | None  # None where MONGO_URI names a database
    limits: Limits
    budgets: Budgets
    audit: Audit
    jobs: Jobs
    usernames: Usernames
    membership_cache: MembershipCache
    previews: Previews
    room_log: RoomLog
    consumers: ConsumerRunner
    consumer_administration: ConsumerAdministration
    connections: Connections
    socketio: ChatSocketIO
    pushed_rooms: PushedRooms
    recent_pushes: RecentPushes
    publisher: Publisher
    push_keys: PushKeys


def wire_core(
    config: Config,
    database: Database,
    embedded: EmbeddedDatabase | None,
    repositories: Repositories,
) -> Core:
    usernames = Usernames(repositories.users)
    previews = Previews(repositories.rooms)
    room_log = RoomLog(
        repositories.messages,
        repositories.changes,
        repositories.rooms,
        previews,
        usernames.with_sender_names,
    )
    consumer_states = ConsumerRepository(database)
    consumers = ConsumerRunner(
        room_log,
        repositories.rooms,
        repositories.cursors,
        consumer_states,
        LogEndRepository(database),
        database.now_ms,
    )
    connections = Connections(config["CONNECTIONS_PER_USER"] if config["RATE_LIMITS"] else None)
    socketio = ChatSocketIO(connections)
    pushed_rooms, recent_pushes = PushedRooms(), RecentPushes()
    return Core(
        database=database,
        embedded=embedded,
        limits=Limits(
            enabled=config["RATE_LIMITS"],
            per_minute={rule.name: config[rule.name] for rule in CONFIGURABLE},
            shared=shared_windows(database, config["MESSAGE_QUEUE_URL"]),
            secret=config["SECRET_KEY"],
        ),
        budgets=Budgets(enabled=config["RATE_LIMITS"]),
        audit=Audit(AuditRepository(database), config["AUDIT_DAYS"], database.now_ms),
        jobs=Jobs(JobRepository(database)),
        usernames=usernames,
        membership_cache=MembershipCache(repositories.rooms, repositories.memberships),
        previews=previews,
        room_log=room_log,
        consumers=consumers,
        consumer_administration=ConsumerAdministration(
            consumers.consumers,
            consumer_states,
            repositories.cursors,
            repositories.rooms,
            database.now_ms,
        ),
        connections=connections,
        socketio=socketio,
        pushed_rooms=pushed_rooms,
        recent_pushes=recent_pushes,
        publisher=Publisher(connections, room_log, pushed_rooms, recent_pushes, socketio),
        push_keys=PushKeys(PushKeyRepository(database), config["SECRET_KEY"], push_subject(config)),
    )
