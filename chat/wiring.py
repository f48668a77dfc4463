"""Builds repositories and services once per app and hands them to the faces."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Config, Flask, current_app

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
from chat.reconciler.members import MemberReconciler
from chat.reconciler.people import PeopleReconciler
from chat.reconciler.reconciler import Reconciler
from chat.reconciler.rooms import RoomReconciler
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
from chat.services.account_administration import AccountAdministration
from chat.services.account_deletion import AccountDeletion
from chat.services.account_removal import AccountRemoval
from chat.services.accounts import Accounts
from chat.services.arrivals import Arrivals
from chat.services.audit import Audit
from chat.services.blocks import Blocks
from chat.services.capacity import Capacity
from chat.services.changes import ChangeService
from chat.services.code_sender import CodeSender
from chat.services.codes import VerificationCodes
from chat.services.consent import Consent
from chat.services.conversations import ConversationService
from chat.services.direct_rooms import DirectRooms
from chat.services.ended_accounts import EndedAccounts
from chat.services.groups import Groups
from chat.services.history import History
from chat.services.invitation_tokens import InvitationTokens
from chat.services.jobs import Jobs
from chat.services.joining import Joining
from chat.services.leaving import Leaving
from chat.services.links import Links
from chat.services.member_removal import MemberRemoval
from chat.services.membership_requests import MembershipRequests
from chat.services.memberships import Memberships
from chat.services.messages import MessageService
from chat.services.password_changes import PasswordChanges
from chat.services.passwords import Passwords
from chat.services.past import Past
from chat.services.profiles import Profiles
from chat.services.proofs import Proofs
from chat.services.quotas import Quotas
from chat.services.read_marks import ReadMarks
from chat.services.readiness import Readiness
from chat.services.reading import Reading
from chat.services.received_requests import ReceivedRequests
from chat.services.registration import Registration
from chat.services.roles import Roles
from chat.services.room_administration import RoomAdministration
from chat.services.room_invitations import RoomInvitationService
from chat.services.room_notifier import RoomNotifier
from chat.services.room_removal import RoomRemoval
from chat.services.room_repair import RoomRepair
from chat.services.sessions import SessionService
from chat.services.sign_up import SignUp
from chat.services.taken_names import TakenNames
from chat.services.typing import Typing
from chat.services.usernames import Usernames

EXTENSION = "chat"


@dataclass(frozen=True)
class Repositories:
    """All that more than one service asks; faces get none of it."""

    users: UserRepository
    sessions: SessionRepository
    rooms: RoomRepository
    user_rooms: UserRoomRepository
    removals: RemovalRepository
    invitations: RoomInvitationRepository
    requests: MembershipRequestRepository
    messages: MessageRepository
    changes: ChangeRepository


@dataclass(frozen=True)
class Core:
    """What every area below is built on."""

    database: Database
    embedded: EmbeddedDatabase | None  # None where MONGO_URI names a database
    limits: Limits
    budgets: Budgets
    audit: Audit
    jobs: Jobs
    usernames: Usernames
    memberships: Memberships
    previews: Previews
    room_log: RoomLog
    connections: Connections
    socketio: ChatSocketIO
    told_rooms: ToldRooms
    recent_pushes: RecentPushes
    publisher: Publisher


@dataclass(frozen=True)
class Rooms:
    """Rooms and who is in them."""

    blocks: Blocks
    membership_requests: MembershipRequests
    groups: Groups
    direct_rooms: DirectRooms
    joining: Joining
    leaving: Leaving
    member_removal: MemberRemoval
    roles: Roles
    room_repair: RoomRepair
    room_invitations: RoomInvitationService


@dataclass(frozen=True)
class People:
    """Accounts, sessions, and what an operator does."""

    mailer: Mailer
    registration: Registration
    sessions: SessionService
    accounts: Accounts
    code_sender: CodeSender
    sign_up: SignUp
    password_changes: PasswordChanges
    profiles: Profiles
    ended_accounts: EndedAccounts
    account_removal: AccountRemoval
    account_deletion: AccountDeletion
    account_administration: AccountAdministration
    room_administration: RoomAdministration


@dataclass(frozen=True)
class Messages:
    """What is said, and how far it was read."""

    read_marks: ReadMarks
    quotas: Quotas
    past: Past
    conversations: ConversationService
    messages: MessageService
    history: History
    reading: Reading
    changes: ChangeService
    typing: Typing


@dataclass(frozen=True)
class Watches:
    """What looks again and again while the server runs."""

    database_probe: DatabaseProbe
    readiness: Readiness
    expiry: Expiry
    presence: Presence
    reconciler: Reconciler


@dataclass(frozen=True)
class Services(Core, Rooms, People, Messages, Watches):
    """Everything of one app that has a life longer than a request."""


def services() -> Services:
    """Return the services of the current app."""
    found: Services = current_app.extensions[EXTENSION]
    return found


def wire(app: Flask) -> Services:
    """Build all services of an app; nothing is started and no database is asked."""
    config = app.config
    embedded = None if config["MONGO_URI"] else EmbeddedDatabase(config["DATA_DIR"])
    database = Database(embedded.uri if embedded else config["MONGO_URI"])
    repositories = _wire_repositories(database)
    core = _wire_core(config, database, embedded, repositories)
    rooms = _wire_rooms(core, repositories)
    people = _wire_people(app, core, repositories, rooms)
    messages = _wire_messages(config, core, repositories, rooms)
    watches = _wire_watches(config, core, repositories, rooms, people, messages)
    areas = (core, rooms, people, messages, watches)
    return Services(**{name: one for area in areas for name, one in vars(area).items()})


def _wire_repositories(database: Database) -> Repositories:
    return Repositories(
        users=UserRepository(database),
        sessions=SessionRepository(database),
        rooms=RoomRepository(database),
        user_rooms=UserRoomRepository(database),
        removals=RemovalRepository(database),
        invitations=RoomInvitationRepository(database),
        requests=MembershipRequestRepository(database),
        messages=MessageRepository(database),
        changes=ChangeRepository(database),
    )


def _wire_core(
    config: Config,
    database: Database,
    embedded: EmbeddedDatabase | None,
    repositories: Repositories,
) -> Core:
    usernames = Usernames(repositories.users)
    previews = Previews(repositories.rooms)
    room_log = RoomLog(
        repositories.messages, repositories.changes, repositories.rooms, previews, usernames.sign
    )
    connections = Connections(config["CONNECTIONS_PER_USER"] if config["RATE_LIMITS"] else None)
    socketio = ChatSocketIO(connections)
    told_rooms, recent_pushes = ToldRooms(), RecentPushes()
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
        memberships=Memberships(repositories.rooms, repositories.user_rooms),
        previews=previews,
        room_log=room_log,
        connections=connections,
        socketio=socketio,
        told_rooms=told_rooms,
        recent_pushes=recent_pushes,
        publisher=Publisher(connections, room_log, told_rooms, recent_pushes, socketio),
    )


def _wire_rooms(core: Core, repositories: Repositories) -> Rooms:
    blocks = Blocks(
        blocks=BlockRepository(core.database),
        rooms=repositories.rooms,
        users=repositories.users,
        memberships=core.memberships,
        limits=core.limits,
        jobs=core.jobs,
    )
    requests = MembershipRequests(
        requests=repositories.requests,
        received=ReceivedRequests(
            requests=repositories.requests,
            rooms=repositories.rooms,
            user_rooms=repositories.user_rooms,
            users=repositories.users,
            memberships=core.memberships,
            blocks=blocks,
        ),
        consent=Consent(
            repositories.rooms, repositories.user_rooms, repositories.messages, core.limits
        ),
        blocks=blocks,
        limits=core.limits,
        events=core.publisher,
        clock=core.database.now_ms,
    )
    notifier = RoomNotifier(core.memberships, core.room_log, core.usernames, core.publisher)
    removal = RoomRemoval(
        rooms=repositories.rooms,
        messages=repositories.messages,
        contents=(
            repositories.user_rooms,
            repositories.invitations,
            repositories.removals,
            repositories.requests,
            repositories.changes,
        ),
        notifier=notifier,
        audit=core.audit,
        jobs=core.jobs,
    )
    roles = Roles(
        rooms=repositories.rooms,
        user_rooms=repositories.user_rooms,
        users=repositories.users,
        invitations=repositories.invitations,
        memberships=core.memberships,
        notifier=notifier,
        limits=core.limits,
        audit=core.audit,
    )
    leaving = Leaving(
        rooms=repositories.rooms,
        user_rooms=repositories.user_rooms,
        removals=repositories.removals,
        invitations=repositories.invitations,
        memberships=core.memberships,
        roles=roles,
        removal=removal,
        notifier=notifier,
    )
    capacity = Capacity(repositories.rooms, repositories.user_rooms)
    arrivals = Arrivals(
        user_rooms=repositories.user_rooms,
        users=repositories.users,
        removals=repositories.removals,
        memberships=core.memberships,
        room_log=core.room_log,
        leaving=leaving,
        notifier=notifier,
        clock=core.database.now_ms,
    )
    joining = Joining(
        rooms=repositories.rooms,
        users=repositories.users,
        removals=repositories.removals,
        memberships=core.memberships,
        requests=requests,
        arrivals=arrivals,
        capacity=capacity,
        limits=core.limits,
    )
    return Rooms(
        blocks=blocks,
        membership_requests=requests,
        groups=Groups(
            rooms=repositories.rooms,
            memberships=core.memberships,
            arrivals=arrivals,
            capacity=capacity,
            removal=removal,
            notifier=notifier,
            limits=core.limits,
            audit=core.audit,
        ),
        direct_rooms=DirectRooms(
            rooms=repositories.rooms,
            user_rooms=repositories.user_rooms,
            users=repositories.users,
            messages=repositories.messages,
            arrivals=arrivals,
            blocks=blocks,
            limits=core.limits,
        ),
        joining=joining,
        leaving=leaving,
        member_removal=MemberRemoval(
            users=repositories.users,
            removals=repositories.removals,
            memberships=core.memberships,
            requests=requests,
            leaving=leaving,
            jobs=core.jobs,
            limits=core.limits,
            audit=core.audit,
        ),
        roles=roles,
        room_repair=RoomRepair(repositories.rooms, repositories.user_rooms, core.room_log, roles),
        room_invitations=RoomInvitationService(
            invitations=repositories.invitations,
            tokens=InvitationTokens(
                invitations=repositories.invitations,
                removals=repositories.removals,
                rooms=repositories.rooms,
                users=repositories.users,
                memberships=core.memberships,
                clock=core.database.now_ms,
            ),
            users=repositories.users,
            memberships=core.memberships,
            joining=joining,
            limits=core.limits,
            audit=core.audit,
            clock=core.database.now_ms,
        ),
    )


def _wire_people(app: Flask, core: Core, repositories: Repositories, rooms: Rooms) -> People:
    config, clock = app.config, core.database.now_ms
    users, limits, audit = repositories.users, core.limits, core.audit
    mailer = Mailer(app)
    passwords = Passwords()
    registration = Registration(config["REGISTRATION"], config["REGISTRATION_DOMAINS"])
    codes = VerificationCodes(
        codes=CodeRepository(core.database), secret=config["SECRET_KEY"], clock=clock
    )
    links = Links(LinkRepository(core.database), clock)
    proofs = Proofs(codes=codes, links=links, limits=limits, audit=audit)
    accounts = Accounts(users, passwords, clock)
    sessions = SessionService(
        users=users,
        sessions=repositories.sessions,
        passwords=passwords,
        limits=limits,
        events=core.publisher,
        audit=audit,
        secret=config["SECRET_KEY"],
        refresh_days=config["REFRESH_TOKEN_DAYS"],
        clock=clock,
    )
    password_changes = PasswordChanges(
        users=users,
        proofs=proofs,
        codes=codes,
        links=links,
        sessions=sessions,
        passwords=passwords,
        audit=audit,
        clock=clock,
    )
    profiles = Profiles(
        users=users,
        memberships=core.memberships,
        usernames=core.usernames,
        limits=limits,
        events=core.publisher,
        clock=clock,
    )
    ended_accounts = EndedAccounts(users, core.memberships, core.usernames, core.jobs)
    account_removal = AccountRemoval(
        users=users,
        sessions=sessions,
        leaving=rooms.leaving,
        ended=ended_accounts,
        forgetful=(rooms.blocks, rooms.membership_requests),
        audit=audit,
        jobs=core.jobs,
        clock=clock,
    )
    account_deletion = AccountDeletion(users, sessions, password_changes, account_removal)
    return People(
        mailer=mailer,
        registration=registration,
        accounts=accounts,
        code_sender=CodeSender(
            users=users, codes=codes, registration=registration, mailer=mailer, limits=limits
        ),
        sign_up=SignUp(
            accounts=accounts,
            registration=registration,
            proofs=proofs,
            taken_names=TakenNames(users, codes, limits),
            codes=codes,
            links=links,
            sessions=sessions,
            audit=audit,
        ),
        sessions=sessions,
        password_changes=password_changes,
        profiles=profiles,
        ended_accounts=ended_accounts,
        account_removal=account_removal,
        account_deletion=account_deletion,
        account_administration=AccountAdministration(
            users=users,
            rooms=repositories.rooms,
            user_rooms=repositories.user_rooms,
            deletion=account_deletion,
            sessions=sessions,
            links=links,
            audit=audit,
            clock=clock,
        ),
        room_administration=RoomAdministration(
            repositories.rooms, repositories.user_rooms, rooms.groups, profiles, audit
        ),
    )


def _wire_messages(
    config: Config, core: Core, repositories: Repositories, rooms: Rooms
) -> Messages:
    room_log, memberships, limits = core.room_log, core.memberships, core.limits
    read_marks = ReadMarks(repositories.user_rooms, repositories.messages)
    quotas = Quotas(
        UsageRepository(core.database),
        {
            "user": config["MESSAGE_BYTES_PER_DAY_USER"] if config["RATE_LIMITS"] else 0,
            "room": config["MESSAGE_BYTES_PER_DAY_ROOM"] if config["RATE_LIMITS"] else 0,
        },
        clock=core.database.now_ms,
    )
    # What follows from "stored" and from "changed", in this order.
    room_log.followers = (quotas, read_marks, core.publisher, core.previews)
    room_log.change_followers = (core.publisher,)
    past = Past(
        EpochRepository(core.database),
        forget=(
            room_log.forget_all,
            core.previews.forget_all,
            read_marks.forget_all,
            memberships.forget_all,
            core.usernames.forget_all,
        ),
        start_over=(
            room_log.start_over,
            core.jobs.start_over,
            core.told_rooms.clear,
            core.recent_pushes.clear,
            core.socketio.drop_all,
        ),
    )
    conversations = ConversationService(
        repositories.user_rooms,
        repositories.users,
        memberships,
        core.usernames,
        room_log,
        read_marks,
        limits,
    )
    return Messages(
        read_marks=read_marks,
        quotas=quotas,
        past=past,
        conversations=conversations,
        messages=MessageService(
            room_log=room_log,
            memberships=memberships,
            direct_rooms=rooms.direct_rooms,
            limits=limits,
            quotas=quotas,
            clock=core.database.now_ms,
        ),
        history=History(room_log, memberships, conversations, past),
        reading=Reading(room_log, memberships, read_marks, core.publisher),
        changes=ChangeService(
            room_log=room_log,
            memberships=memberships,
            users=repositories.users,
            limits=limits,
            quotas=quotas,
            audit=core.audit,
            clock=core.database.now_ms,
        ),
        typing=Typing(memberships, core.publisher),
    )


def _wire_watches(
    config: Config,
    core: Core,
    repositories: Repositories,
    rooms: Rooms,
    people: People,
    messages: Messages,
) -> Watches:
    queue_url = config["MESSAGE_QUEUE_URL"]
    database_probe = DatabaseProbe(core.database, is_embedded=core.embedded is not None)
    publisher = core.publisher.here_alone()
    presence_repository = PresenceRepository(core.database)
    presence = Presence(
        connections=core.connections,
        publisher=publisher,
        own=OwnPresence(presence_repository),
        others=OthersPresence(presence_repository, core.database.now),
        heard=core.told_rooms.with_presence,
        rooms_of=repositories.user_rooms.list_rooms_of_users,
    )
    room_reconciler = RoomReconciler(
        rooms=repositories.rooms,
        users=repositories.users,
        members=MemberReconciler(
            rooms=repositories.rooms,
            user_rooms=repositories.user_rooms,
            connections=core.connections,
            publisher=publisher,
            room_log=core.room_log,
            usernames=core.usernames,
            memberships=core.memberships,
        ),
        publisher=publisher,
        told_rooms=core.told_rooms,
        room_log=core.room_log,
        usernames=core.usernames,
        presence=presence,
    )
    people_reconciler = PeopleReconciler(
        users=repositories.users,
        sessions=repositories.sessions,
        publisher=publisher,
        usernames=core.usernames,
        memberships=core.memberships,
        ended_accounts=people.ended_accounts,
        requests=rooms.membership_requests,
    )
    return Watches(
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
            memberships=core.memberships,
            past=messages.past,
            clock=core.database.now,
        ),
    )
