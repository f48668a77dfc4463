"""What is said, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Config

from chat.repositories.epoch import EpochRepository
from chat.repositories.usage import UsageRepository
from chat.services.changes import ChangeService
from chat.services.conversations import ConversationService
from chat.services.epoch_watch import EpochWatch
from chat.services.history import History
from chat.services.mention_marks import MentionMarks
from chat.services.mentions import MentionFinder
from chat.services.message_search import MessageSearch
from chat.services.messages import MessageService
from chat.services.quotas import Quotas
from chat.services.read_marks import ReadMarks
from chat.services.reading import Reading
from chat.services.room_settings import RoomSettings
from chat.services.typing import Typing
from chat.wiring.core import Core
from chat.wiring.files import Files
from chat.wiring.repositories import Repositories
from chat.wiring.rooms import Rooms


@dataclass(frozen=True)
class Messages:
    """What is said, and how far it was read."""

    read_marks: ReadMarks
    mention_marks: MentionMarks
    quotas: Quotas
    epoch_watch: EpochWatch
    conversations: ConversationService
    room_settings: RoomSettings
    messages: MessageService
    history: History
    reading: Reading
    changes: ChangeService
    typing: Typing
    message_search: MessageSearch


def wire_messages(
    config: Config, core: Core, repositories: Repositories, files: Files, rooms: Rooms
) -> Messages:
    room_log, membership_cache, limits = core.room_log, core.membership_cache, core.limits
    read_marks = ReadMarks(repositories.memberships, repositories.messages)
    mention_marks = MentionMarks(repositories.rooms, repositories.memberships)
    mentions = MentionFinder(repositories.users, core.usernames, membership_cache, limits)
    quotas = Quotas(
        UsageRepository(core.database),
        {
            "user": config["MESSAGE_BYTES_PER_DAY_USER"] if config["RATE_LIMITS"] else 0,
            "room": config["MESSAGE_BYTES_PER_DAY_ROOM"] if config["RATE_LIMITS"] else 0,
        },
        clock=core.database.now_ms,
    )
    # Called in this order after a message is stored, and after a message is changed.
    room_log.followers = (
        quotas,
        read_marks,
        mention_marks,
        core.publisher,
        core.previews,
        core.consumers,
    )
    room_log.change_followers = (mention_marks, core.publisher, core.consumers)
    epoch_watch = EpochWatch(
        EpochRepository(core.database),
        forget=(
            room_log.forget_all,
            core.previews.forget_all,
            read_marks.forget_all,
            mention_marks.forget_all,
            membership_cache.forget_all,
            core.usernames.forget_all,
            core.push_keys.forget,
        ),
        start_over=(
            room_log.start_over,
            core.jobs.start_over,
            core.consumers.start_over,
            core.pushed_rooms.clear,
            core.recent_pushes.clear,
            core.socketio.drop_all,
        ),
    )
    conversations = ConversationService(
        repositories.memberships,
        repositories.users,
        membership_cache,
        core.usernames,
        room_log,
        read_marks,
        mention_marks,
    )
    return Messages(
        read_marks=read_marks,
        mention_marks=mention_marks,
        quotas=quotas,
        epoch_watch=epoch_watch,
        conversations=conversations,
        room_settings=RoomSettings(
            repositories.memberships,
            membership_cache,
            conversations,
            room_log,
            limits,
            core.publisher,
        ),
        messages=MessageService(
            room_log=room_log,
            membership_cache=membership_cache,
            direct_rooms=rooms.direct_rooms,
            limits=limits,
            quotas=quotas,
            mentions=mentions,
            files=files.files,
            clock=core.database.now_ms,
        ),
        history=History(room_log, membership_cache, conversations, epoch_watch),
        reading=Reading(room_log, membership_cache, read_marks, core.publisher),
        changes=ChangeService(
            room_log=room_log,
            membership_cache=membership_cache,
            users=repositories.users,
            limits=limits,
            quotas=quotas,
            audit=core.audit,
            mentions=mentions,
            clock=core.database.now_ms,
        ),
        typing=Typing(membership_cache, core.publisher),
        message_search=MessageSearch(
            search=repositories.search,
            room_log=room_log,
            membership_cache=membership_cache,
            users=repositories.users,
            usernames=core.usernames,
            limits=limits,
        ),
    )
