"""Accounts, sessions, and the operator's commands."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask

from chat.mailer import Mailer
from chat.repositories.codes import CodeRepository
from chat.repositories.links import LinkRepository
from chat.services.account_administration import AccountAdministration
from chat.services.account_deletion import AccountDeletion
from chat.services.account_removal import AccountRemoval
from chat.services.accounts import Accounts
from chat.services.avatars import Avatars
from chat.services.code_sender import CodeSender
from chat.services.codes import VerificationCodes
from chat.services.deleted_accounts import DeletedAccounts
from chat.services.devices import Devices
from chat.services.links import Links
from chat.services.log_ins import LogIns
from chat.services.password_changes import PasswordChanges
from chat.services.password_checks import PasswordChecks
from chat.services.password_resets import PasswordResets
from chat.services.passwords import Passwords
from chat.services.profiles import Profiles
from chat.services.proofs import Proofs
from chat.services.registration import Registration
from chat.services.room_administration import RoomAdministration
from chat.services.sessions import SessionService
from chat.services.sign_up import SignUp
from chat.services.taken_names import TakenNames
from chat.wiring.core import Core
from chat.wiring.files import Files
from chat.wiring.repositories import Repositories
from chat.wiring.rooms import Rooms


@dataclass(frozen=True)
class People:
    """Accounts, sessions, and the operator's commands."""

    mailer: Mailer
    registration: Registration
    sessions: SessionService
    accounts: Accounts
    code_sender: CodeSender
    sign_up: SignUp
    log_ins: LogIns
    password_changes: PasswordChanges
    password_resets: PasswordResets
    profiles: Profiles
    avatars: Avatars
    deleted_accounts: DeletedAccounts
    account_removal: AccountRemoval
    account_deletion: AccountDeletion
    account_administration: AccountAdministration
    room_administration: RoomAdministration


def wire_people(
    app: Flask, core: Core, repositories: Repositories, rooms: Rooms, files: Files
) -> People:
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
    devices = Devices(config["SECRET_KEY"], clock)
    checks = PasswordChecks(
        users=users,
        sessions=repositories.sessions,
        passwords=passwords,
        devices=devices,
        limits=limits,
        audit=audit,
        clock=clock,
    )
    sessions = SessionService(
        users=users,
        sessions=repositories.sessions,
        devices=devices,
        events=core.publisher,
        audit=audit,
        secret=config["SECRET_KEY"],
        refresh_days=config["REFRESH_TOKEN_DAYS"],
        clock=clock,
    )
    profiles = Profiles(
        users=users,
        membership_cache=core.membership_cache,
        usernames=core.usernames,
        limits=limits,
        events=core.publisher,
        jobs=core.jobs,
        clock=clock,
    )
    deleted_accounts = DeletedAccounts(users, core.membership_cache, core.usernames, core.jobs)
    account_removal = AccountRemoval(
        users=users,
        sessions=sessions,
        leaving=rooms.leaving,
        deleted_accounts=deleted_accounts,
        user_data=(rooms.blocks, rooms.membership_requests, files.file_removal),
        audit=audit,
        jobs=core.jobs,
        clock=clock,
    )
    account_deletion = AccountDeletion(users, checks, proofs, account_removal)
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
        log_ins=LogIns(
            users=users,
            checks=checks,
            sessions=sessions,
            passwords=passwords,
            devices=devices,
            audit=audit,
            clock=clock,
        ),
        password_changes=PasswordChanges(
            users=users,
            checks=checks,
            proofs=proofs,
            sessions=sessions,
            passwords=passwords,
            audit=audit,
            clock=clock,
        ),
        password_resets=PasswordResets(
            users=users,
            proofs=proofs,
            codes=codes,
            links=links,
            sessions=sessions,
            passwords=passwords,
            audit=audit,
            clock=clock,
        ),
        profiles=profiles,
        avatars=Avatars(
            users=users,
            membership_cache=core.membership_cache,
            files=files.files,
            removal=files.file_removal,
            profiles=profiles,
            groups=rooms.groups,
        ),
        deleted_accounts=deleted_accounts,
        account_removal=account_removal,
        account_deletion=account_deletion,
        account_administration=AccountAdministration(
            users=users,
            rooms=repositories.rooms,
            memberships=repositories.memberships,
            deletion=account_deletion,
            sessions=sessions,
            links=links,
            audit=audit,
            clock=clock,
        ),
        room_administration=RoomAdministration(
            repositories.rooms, repositories.memberships, rooms.groups, profiles, audit
        ),
    )
