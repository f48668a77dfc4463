"""Builds repositories and services once per app and hands them to the faces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app

from chat.database.client import Database
from chat.database.embedded import EmbeddedDatabase
from chat.mailer import Mailer
from chat.realtime.connections import Connections
from chat.realtime.expiry import Expiry
from chat.realtime.others_presence import OthersPresence
from chat.realtime.own_presence import OwnPresence
from chat.realtime.presence import Presence
from chat.realtime.profile_log import ProfileLog
from chat.realtime.publisher import Publisher
from chat.realtime.pulse import Pulse
from chat.realtime.push_log import PushLog
from chat.realtime.server import ChatSocketIO
from chat.repositories.audit import AuditRepository
from chat.repositories.codes import CodeRepository
from chat.repositories.epoch import EpochRepository
from chat.repositories.jobs import JobRepository
from chat.repositories.links import LinkRepository
from chat.repositories.messages import MessageRepository
from chat.repositories.presence import PresenceRepository
from chat.repositories.probes import DatabaseProbe, QueueProbe
from chat.repositories.rate_limits import shared_windows
from chat.repositories.rooms import RoomRepository
from chat.repositories.sessions import SessionRepository
from chat.repositories.user_rooms import UserRoomRepository
from chat.repositories.users import UserRepository
from chat.schemas.messages import read_pushed
from chat.services.administration import Administration
from chat.services.audit import Audit
from chat.services.contention import Contention
from chat.services.conversations import ConversationService
from chat.services.heads import RoomHeads
from chat.services.jobs import Jobs
from chat.services.limits import CONFIGURABLE, Limits
from chat.services.links import Links
from chat.services.memberships import Memberships
from chat.services.messages import MessageService
from chat.services.passwords import Passwords
from chat.services.past import Past
from chat.services.read_marks import ReadMarks
from chat.services.readiness import Readiness
from chat.services.registration import Registration
from chat.services.room_removal import RoomRemoval
from chat.services.rooms import RoomService
from chat.services.sessions import SessionService
from chat.services.usernames import Usernames
from chat.services.users import UserService
from chat.services.writer import Writer

EXTENSION = "chat"


@dataclass(frozen=True)
class Services:
    """Everything of one app that has a life longer than a request."""

    database: Database
    embedded: EmbeddedDatabase | None  # None where MONGO_URI names a database
    database_probe: DatabaseProbe
    readiness: Readiness
    mailer: Mailer
    audit: Audit
    jobs: Jobs
    administration: Administration
    registration: Registration
    users: UserService
    sessions: SessionService
    rooms: RoomService
    conversations: ConversationService
    messages: MessageService
    writer: Writer
    heads: RoomHeads
    read_marks: ReadMarks
    connections: Connections
    publisher: Publisher
    socketio: ChatSocketIO
    expiry: Expiry
    presence: Presence
    push_log: PushLog
    pulse: Pulse
    past: Past


def services() -> Services:
    """Return the services of the current app."""
    found: Services = current_app.extensions[EXTENSION]
    return found


def wire(app: Flask) -> Services:
    """Build all services of an app; nothing is started and no database is asked."""
    config = app.config
    embedded = None if config["MONGO_URI"] else EmbeddedDatabase(config["DATA_DIR"])
    database = Database(embedded.uri if embedded else config["MONGO_URI"])
    database_probe = DatabaseProbe(database, is_embedded=embedded is not None)
    queue_url = config["MESSAGE_QUEUE_URL"]
    queue_probe = QueueProbe(queue_url).find_problem if queue_url else None
    connections = Connections(config["CONNECTIONS_PER_USER"] if config["RATE_LIMITS"] else None)
    socketio = ChatSocketIO(connections, lambda *heard: hear(*heard))
    push_log, profile_log = PushLog(), ProfileLog()
    publisher = Publisher(connections, push_log, profile_log, lambda: socketio.server)
    # For what each process finds out by itself and tells its own clients.
    own_publisher = Publisher(
        connections, push_log, profile_log, lambda: socketio.server, here_alone=True
    )

    users = UserRepository(database)
    room_repository = RoomRepository(database)
    user_rooms = UserRoomRepository(database)
    message_repository = MessageRepository(database)

    presence_repository = PresenceRepository(database)
    session_repository = SessionRepository(database)

    limits = Limits(
        enabled=config["RATE_LIMITS"],
        per_minute={rule.name: config[rule.name] for rule in CONFIGURABLE},
        shared=shared_windows(database, queue_url),
        secret=config["SECRET_KEY"],
    )
    audit = Audit(AuditRepository(database), config["AUDIT_DAYS"], database.now_ms)
    passwords = Passwords()
    mailer = Mailer(app)
    sessions = SessionService(
        users=users,
        sessions=session_repository,
        passwords=passwords,
        limits=limits,
        events=publisher,
        audit=audit,
        secret=config["SECRET_KEY"],
        refresh_days=config["REFRESH_TOKEN_DAYS"],
        clock=database.now_ms,
    )
    memberships = Memberships(room_repository, user_rooms)
    usernames = Usernames(users)
    heads = RoomHeads(room_repository, message_repository)

    def hear(event: str, payload: dict[str, Any]) -> None:
        """Learn from what another process pushed to the members of a room here."""
        publisher.heard(event, payload)
        if event == "message_created":
            heads.learn(read_pushed(payload))

    read_marks = ReadMarks(user_rooms, message_repository)
    conversations = ConversationService(
        user_rooms, users, memberships, usernames, heads, read_marks
    )
    jobs = Jobs(JobRepository(database))
    removal = RoomRemoval(
        rooms=room_repository,
        user_rooms=user_rooms,
        messages=message_repository,
        audit=audit,
        jobs=jobs,
    )
    rooms = RoomService(
        rooms=room_repository,
        user_rooms=user_rooms,
        users=users,
        memberships=memberships,
        heads=heads,
        usernames=usernames,
        removal=removal,
        limits=limits,
        events=publisher,
        audit=audit,
        clock=database.now_ms,
    )
    links = Links(LinkRepository(database), database.now_ms)
    registration = Registration(config["REGISTRATION"], config["REGISTRATION_DOMAINS"])
    accounts = UserService(
        users=users,
        user_rooms=user_rooms,
        codes=CodeRepository(database),
        links=links,
        registration=registration,
        sessions=sessions,
        rooms=rooms,
        usernames=usernames,
        mailer=mailer,
        limits=limits,
        passwords=passwords,
        events=publisher,
        audit=audit,
        secret=config["SECRET_KEY"],
        clock=database.now_ms,
    )
    administration = Administration(
        users=users,
        rooms=room_repository,
        user_rooms=user_rooms,
        accounts=accounts,
        sessions=sessions,
        room_service=rooms,
        links=links,
        passwords=passwords,
        audit=audit,
        clock=database.now_ms,
    )
    contention = Contention(room_repository)
    writer = Writer(message_repository, heads, contention)
    past = Past(
        EpochRepository(database),
        forget=(
            heads.forget_all,
            read_marks.forget_all,
            memberships.forget_all,
            usernames.forget_all,
        ),
        start_over=(
            writer.start_over,
            jobs.start_over,
            push_log.clear,
            profile_log.clear,
            lambda: socketio.server.drop_all(),
        ),
    )
    messages = MessageService(
        messages=message_repository,
        user_rooms=user_rooms,
        memberships=memberships,
        conversations=conversations,
        usernames=usernames,
        heads=heads,
        read_marks=read_marks,
        rooms=rooms,
        past=past,
        writer=writer,
        limits=limits,
        events=publisher,
        clock=database.now_ms,
    )
    return Services(
        database=database,
        embedded=embedded,
        database_probe=database_probe,
        readiness=Readiness(database_probe.find_problem, queue_probe),
        mailer=mailer,
        audit=audit,
        jobs=jobs,
        administration=administration,
        registration=registration,
        users=accounts,
        sessions=sessions,
        rooms=rooms,
        conversations=conversations,
        messages=messages,
        writer=writer,
        heads=heads,
        read_marks=read_marks,
        connections=connections,
        publisher=publisher,
        socketio=socketio,
        expiry=Expiry(
            connections, publisher, lambda: socketio.server, config["ACCESS_TOKEN_MINUTES"]
        ),
        presence=Presence(
            connections=connections,
            publisher=own_publisher,
            own=OwnPresence(presence_repository),
            others=OthersPresence(presence_repository, database.now),
            heard=push_log.rooms,
            rooms_of=user_rooms.list_rooms_of_users,
        ),
        push_log=push_log,
        past=past,
        pulse=Pulse(
            rooms=room_repository,
            messages=message_repository,
            user_rooms=user_rooms,
            users=users,
            sessions=session_repository,
            connections=connections,
            publisher=own_publisher,
            push_log=push_log,
            sign=usernames.sign,
            sign_rooms=usernames.sign_last,
            forget_names=usernames.forget,
            read_members=memberships.read_again,
            confirm_members=memberships.confirm,
            learn=heads.learn,
            look_for_contention=contention.look,
            check_past=past.check,
            clock=database.now,
        ),
    )
