"""Builds repositories and services once per app and hands them to the faces."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, current_app

from chat.budgets import Budgets
from chat.database.client import Database
from chat.database.embedded import EmbeddedDatabase
from chat.limits.limits import Limits
from chat.limits.rules import CONFIGURABLE
from chat.log.previews import Previews
from chat.log.room_log import RoomLog
from chat.mailer import Mailer
from chat.realtime.connections import Connections
from chat.realtime.expiry import Expiry
from chat.realtime.others_presence import OthersPresence
from chat.realtime.own_presence import OwnPresence
from chat.realtime.presence import Presence
from chat.realtime.publisher import Publisher
from chat.realtime.recent_pushes import RecentPushes
from chat.realtime.server import ChatSocketIO
from chat.realtime.told_rooms import ToldRooms
from chat.reconciler import Reconciler
from chat.repositories.audit import AuditRepository
from chat.repositories.blocks import BlockRepository
from chat.repositories.changes import ChangeRepository
from chat.repositories.codes import CodeRepository
from chat.repositories.epoch import EpochRepository
from chat.repositories.jobs import JobRepository
from chat.repositories.links import LinkRepository
from chat.repositories.membership_requests import MembershipRequestRepository
from chat.repositories.messages import MessageRepository
from chat.repositories.presence import PresenceRepository
from chat.repositories.probes import DatabaseProbe, QueueProbe
from chat.repositories.rate_limits import shared_windows
from chat.repositories.removals import RemovalRepository
from chat.repositories.room_invitations import RoomInvitationRepository
from chat.repositories.rooms import RoomRepository
from chat.repositories.sessions import SessionRepository
from chat.repositories.usage import UsageRepository
from chat.repositories.user_rooms import UserRoomRepository
from chat.repositories.users import UserRepository
from chat.services.account_removal import AccountRemoval
from chat.services.administration import Administration
from chat.services.audit import Audit
from chat.services.blocks import Blocks
from chat.services.changes import ChangeService
from chat.services.conversations import ConversationService
from chat.services.jobs import Jobs
from chat.services.links import Links
from chat.services.membership_requests import MembershipRequests
from chat.services.memberships import Memberships
from chat.services.messages import MessageService
from chat.services.passwords import Passwords
from chat.services.past import Past
from chat.services.quotas import Quotas
from chat.services.read_marks import ReadMarks
from chat.services.readiness import Readiness
from chat.services.registration import Registration
from chat.services.room_invitations import RoomInvitationService
from chat.services.room_removal import RoomRemoval
from chat.services.rooms import RoomService
from chat.services.sessions import SessionService
from chat.services.typing import Typing
from chat.services.usernames import Usernames
from chat.services.users import UserService

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
    budgets: Budgets
    rooms: RoomService
    room_invitations: RoomInvitationService
    blocks: Blocks
    membership_requests: MembershipRequests
    conversations: ConversationService
    messages: MessageService
    changes: ChangeService
    typing: Typing
    room_log: RoomLog
    previews: Previews
    read_marks: ReadMarks
    quotas: Quotas
    connections: Connections
    publisher: Publisher
    socketio: ChatSocketIO
    expiry: Expiry
    presence: Presence
    past: Past
    reconciler: Reconciler


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
    socketio = ChatSocketIO(connections)

    users = UserRepository(database)
    room_repository = RoomRepository(database)
    user_rooms = UserRoomRepository(database)
    message_repository = MessageRepository(database)
    change_repository = ChangeRepository(database)
    removals = RemovalRepository(database)
    invitations = RoomInvitationRepository(database)

    usernames = Usernames(users)
    previews = Previews(room_repository)
    room_log = RoomLog(
        message_repository, change_repository, room_repository, previews, usernames.sign
    )
    told_rooms, recent_pushes = ToldRooms(), RecentPushes()
    publisher = Publisher(connections, room_log, told_rooms, recent_pushes, lambda: socketio.server)
    # For what each process finds out by itself and tells its own clients.
    own_publisher = Publisher(
        connections,
        room_log,
        told_rooms,
        recent_pushes,
        lambda: socketio.server,
        here_alone=True,
    )

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
    read_marks = ReadMarks(user_rooms, message_repository)
    conversations = ConversationService(
        user_rooms, users, memberships, usernames, room_log, read_marks, limits
    )
    jobs = Jobs(JobRepository(database))
    blocks = Blocks(
        blocks=BlockRepository(database),
        rooms=room_repository,
        users=users,
        memberships=memberships,
        limits=limits,
        jobs=jobs,
    )
    request_repository = MembershipRequestRepository(database)
    requests = MembershipRequests(
        requests=request_repository,
        rooms=room_repository,
        user_rooms=user_rooms,
        users=users,
        messages=message_repository,
        memberships=memberships,
        blocks=blocks,
        limits=limits,
        events=publisher,
        clock=database.now_ms,
    )
    removal = RoomRemoval(
        rooms=room_repository,
        user_rooms=user_rooms,
        messages=message_repository,
        changes=change_repository,
        removals=removals,
        invitations=invitations,
        requests=request_repository,
        audit=audit,
        jobs=jobs,
    )
    rooms = RoomService(
        rooms=room_repository,
        user_rooms=user_rooms,
        users=users,
        messages=message_repository,
        removals=removals,
        invitations=invitations,
        memberships=memberships,
        room_log=room_log,
        usernames=usernames,
        removal=removal,
        blocks=blocks,
        requests=requests,
        jobs=jobs,
        limits=limits,
        events=publisher,
        audit=audit,
        clock=database.now_ms,
    )
    room_invitations = RoomInvitationService(
        invitations=invitations,
        removals=removals,
        rooms=room_repository,
        user_rooms=user_rooms,
        users=users,
        memberships=memberships,
        room_service=rooms,
        limits=limits,
        audit=audit,
        clock=database.now_ms,
    )
    account_removal = AccountRemoval(
        users=users,
        sessions=sessions,
        rooms=rooms,
        memberships=memberships,
        usernames=usernames,
        audit=audit,
        jobs=jobs,
        blocks=blocks,
        requests=requests,
        clock=database.now_ms,
    )
    links = Links(LinkRepository(database), database.now_ms)
    registration = Registration(config["REGISTRATION"], config["REGISTRATION_DOMAINS"])
    accounts = UserService(
        users=users,
        memberships=memberships,
        codes=CodeRepository(database),
        links=links,
        registration=registration,
        sessions=sessions,
        removal=account_removal,
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
        audit=audit,
        clock=database.now_ms,
    )
    past = Past(
        EpochRepository(database),
        forget=(
            room_log.forget_all,
            previews.forget_all,
            read_marks.forget_all,
            memberships.forget_all,
            usernames.forget_all,
        ),
        start_over=(
            room_log.start_over,
            jobs.start_over,
            told_rooms.clear,
            recent_pushes.clear,
            lambda: socketio.server.drop_all(),
        ),
    )
    quotas = Quotas(
        UsageRepository(database),
        {
            "user": config["MESSAGE_BYTES_PER_DAY_USER"] if config["RATE_LIMITS"] else 0,
            "room": config["MESSAGE_BYTES_PER_DAY_ROOM"] if config["RATE_LIMITS"] else 0,
        },
        clock=database.now_ms,
    )
    # What follows from "stored" and from "changed", in this order.
    room_log.followers = (quotas, read_marks, publisher, previews)
    room_log.change_followers = (publisher,)
    messages = MessageService(
        room_log=room_log,
        memberships=memberships,
        conversations=conversations,
        read_marks=read_marks,
        rooms=rooms,
        past=past,
        limits=limits,
        quotas=quotas,
        events=publisher,
        clock=database.now_ms,
    )
    changes = ChangeService(
        room_log=room_log,
        memberships=memberships,
        users=users,
        limits=limits,
        quotas=quotas,
        audit=audit,
        clock=database.now_ms,
    )
    presence = Presence(
        connections=connections,
        publisher=own_publisher,
        own=OwnPresence(presence_repository),
        others=OthersPresence(presence_repository, database.now),
        heard=told_rooms.with_presence,
        rooms_of=user_rooms.list_rooms_of_users,
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
        budgets=Budgets(enabled=config["RATE_LIMITS"]),
        rooms=rooms,
        room_invitations=room_invitations,
        blocks=blocks,
        membership_requests=requests,
        conversations=conversations,
        messages=messages,
        changes=changes,
        typing=Typing(memberships, publisher),
        room_log=room_log,
        previews=previews,
        read_marks=read_marks,
        quotas=quotas,
        connections=connections,
        publisher=publisher,
        socketio=socketio,
        expiry=Expiry(
            connections, publisher, lambda: socketio.server, config["ACCESS_TOKEN_MINUTES"]
        ),
        presence=presence,
        past=past,
        reconciler=Reconciler(
            rooms=room_repository,
            user_rooms=user_rooms,
            users=users,
            sessions=session_repository,
            connections=connections,
            publisher=own_publisher,
            told_rooms=told_rooms,
            room_log=room_log,
            usernames=usernames,
            account_removal=account_removal,
            memberships=memberships,
            past=past,
            presence=presence,
            requests=requests,
            clock=database.now,
        ),
    )
