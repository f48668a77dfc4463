"""The models. Ids are strings; times are integer milliseconds since 1970 UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

RoomKind = Literal["direct", "group"]
Role = Literal["owner", "admin", "member"]
Access = Literal["number", "invitation"]  # how users can join a group by themselves
Posting = Literal["members", "admins"]  # who may post in a group
Notify = Literal["all", "mentions", "none"]  # of which messages a member wants notifications
Purpose = Literal["register", "reset"]
FilePurpose = Literal["message", "avatar"]
FileState = Literal["arriving", "ready", "removing"]
ChangeKind = Literal["text", "reaction", "pinned", "deleted"]
Action = Literal[
    "registered",
    "logged_in",
    "log_in_failed",
    "password_wrong",
    "password_changed",
    "password_reset",
    "codes_guessed",
    "session_ended",
    "sessions_ended",
    "refresh_reused",
    "account_deleted",
    "account_ended",
    "account_disabled",
    "account_enabled",
    "account_shown",
    "accounts_listed",
    "reset_link_made",
    "site_invitation_made",
    "site_invitation_revoked",
    "site_invitations_listed",
    "role_changed",
    "member_removed",
    "member_kept_out",
    "message_deleted",
    "access_changed",
    "posting_changed",
    "number_renewed",
    "invitation_made",
    "invitation_revoked",
    "invitation_used",
    "group_deleted",
    "direct_room_ended",
    "room_shown",
    "rooms_listed",
]
# The actor id of commands in the audit log.
OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class User:
    """A user. `username` never changes; only the user themselves sees `email` and `locale`.

    An unproven address finds nobody. A disabled user cannot log in.
    """

    id: str
    username: str
    nickname: str
    sex: int  # 0 unknown, 1 male, 2 female
    email: str
    avatar: str  # the id of a file, or empty
    locale: str | None
    created_at: int
    updated_at: int
    password_hash: str = field(default="", repr=False)
    email_is_proven: bool = True
    disabled_at: int | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A link to register or to reset a password, valid `uses_left` times until `expires_at`.

    `user_id` is empty for a registration link.
    """

    id: str
    purpose: Purpose
    user_id: str
    uses: int
    uses_left: int
    created_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Reaction:
    """A user's emoji on a message, added by the change `rev`."""

    emoji: str
    user_id: str
    rev: int


@dataclass(frozen=True, slots=True)
class File:
    """A file of a message; `width` and `height` are pixels of a picture, of others None."""

    id: str
    name: str
    type: str  # media type, by its bytes
    size: int  # bytes
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """Stored bytes: those of a file, or of its preview."""

    id: str
    type: str
    size: int


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as it is kept, for a message of `room_id` or as the picture of a user or a group.

    `client_id` is that of the message, once one has claimed the file. At `remove_at` it is removed
    unless it is in use; None means that it is known to be.
    """

    file: File
    user_id: str  # the uploader
    room_id: str  # empty for a picture of the user
    purpose: FilePurpose
    state: FileState
    client_id: str | None
    remove_at: int | None
    preview: Content | None  # of a large picture

    @property
    def id(self) -> str:
        return self.file.id

    @property
    def content(self) -> Content:
        return Content(self.file.id, self.file.type, self.file.size)


@dataclass(frozen=True, slots=True)
class Quote:
    """What a reply shows of the message that it replies to; `data` is cut.

    It is never stored, so that a deleted text stays nowhere. A message that is gone is `deleted`.
    """

    seq: int
    version: int
    user_id: str
    data: str = field(repr=False)
    deleted: bool = False
    username: str = ""  # filled in by the log, as in a message
    nickname: str = ""
    message_id: str = ""  # empty for a message that is gone
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Mentions:
    """The members that a text mentions by name, and whether it mentions all of the group."""

    user_ids: tuple[str, ...] = ()
    all: bool = False


NO_MENTIONS = Mentions()


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of a room's log; `seq` counts 1, 2, 3 … within the room without gaps.

    `version` is 0 at first. Of two copies the one with the greater version is newer.
    """

    id: str
    room_id: str
    user_id: str
    seq: int
    client_id: str
    data: str = field(repr=False)
    created_at: int
    updated_at: int
    kind: str = "text"
    username: str = ""  # filled in by the log, like the nickname; documents hold only the id
    nickname: str = ""
    version: int = 0
    edited_at: int | None = None
    deleted_at: int | None = None
    pinned: bool = False
    reactions: tuple[Reaction, ...] = ()  # by rev
    used_emoji: int = 0  # the number of different emoji that it has or had
    mentions: Mentions = NO_MENTIONS
    reply_to: int | None = None  # the seq of the message that it replies to
    reply_to_id: str | None = None  # the id of that message
    quote: Quote | None = None  # of that message; filled in by the log
    files: tuple[File, ...] = ()

    @property
    def deleted(self) -> bool:
        """Return whether the message is a tombstone."""
        return self.deleted_at is not None

    @property
    def place(self) -> tuple[int, int]:
        """Return the sort key of all states of all messages of a room."""
        return self.seq, self.version


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a room's log of changes: the whole new value of one register of a message.

    `rev` counts 1, 2, 3 … within the room without gaps. `value` is the new text, or whether the
    message is pinned or has the user's `emoji`. It is None for a deletion and for a scrubbed entry.
    A text and its `mentions` are one register.
    """

    id: str
    room_id: str
    rev: int
    message_id: str
    seq: int  # of the message
    kind: ChangeKind
    user_id: str
    created_at: int
    value: str | bool | None = field(repr=False, default=None)
    emoji: str = ""
    mentions: Mentions = NO_MENTIONS  # of a text


@dataclass(frozen=True, slots=True)
class Changes:
    """The messages that changed after `after_rev` up to `last_rev`, each once, as it is now.

    They are in the order of their first change in that range; `first_revs` has its revs. `reacted`
    has the seqs of messages whose reactions a user changed in that range, by user id.
    """

    messages: tuple[Message, ...]
    first_revs: tuple[int, ...]
    after_rev: int
    last_rev: int
    has_more: bool = False
    reset: bool = False  # `after_rev` is too old or not of this log; the client must reload
    reacted: Mapping[str, frozenset[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AllMention:
    """The last message of a group that mentions all, and its sender."""

    seq: int
    user_id: str


@dataclass(frozen=True, slots=True)
class Room:
    """A conversation. Direct rooms have neither number, name, info nor owner."""

    id: str
    kind: RoomKind
    number: str | None
    name: str | None
    info: str
    owner_id: str | None
    last_seq: int
    last_message: Message | None
    created_at: int
    updated_at: int
    member_ids: tuple[str, ...] = ()  # of direct rooms: both members, sorted
    members_version: int = 0  # counts changes of the members
    access: Access = "number"
    posting: Posting = "members"
    blocked_by: tuple[str, ...] = ()  # of direct rooms: the members who block the other
    last_rev: int = 0  # up to which all changes of messages are applied
    last_mention_all: AllMention | None = None
    avatar: str = ""  # the id of a file, or empty

    @property
    def end(self) -> tuple[int, int]:
        """Return the last seq of the log and the version of that message, as far as known."""
        last = self.last_message
        return self.last_seq, last.version if last and last.seq == self.last_seq else 0


@dataclass(frozen=True, slots=True)
class Membership:
    """A user's membership of a room, with role and read mark.

    The stored role of an owner is "admin", because only `Room.owner_id` decides who the owner is.
    `policies.resolve_role` combines the two.
    """

    room_id: str
    user_id: str
    role: Role
    last_read_seq: int
    created_at: int
    hidden_seq: int = -1  # hidden from the member's list while `last_seq` is not greater
    notify: Notify = "all"
    pinned: bool = False  # to the top of the member's list
    last_mention_seq: int = 0  # of the last message that mentions the member by name
    wants_all: bool = False  # `notify` is "all" by the member's own choice, and not by default


@dataclass(frozen=True, slots=True)
class MembershipRequest:
    """A request to a user to join a group, because adding them needs their consent."""

    id: str
    room_id: str
    user_id: str
    inviter_id: str
    declined: bool
    created_at: int


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A membership request as its recipient sees it."""

    id: str
    room: Room
    member_count: int
    invited_by: User
    created_at: int


@dataclass(frozen=True, slots=True)
class Addition:
    """The result of adding a user to a group: a membership, new or not, or a request."""

    user: User
    membership: Membership | None  # None: the user got a request
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class RoomInvitation:
    """An invitation by the user `user_id`: the bearer of its token may enter the group."""

    id: str
    room_id: str
    user_id: str
    uses_left: int
    used_by: frozenset[str]  # user ids
    created_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Invited:
    """What the bearer of an invitation sees of the group before entering."""

    room: Room
    members: int
    invited_by: User
    is_member: bool


@dataclass(frozen=True, slots=True)
class Session:
    """One log-in of one device. Refresh ids and the key of a page are stored as hashes."""

    id: str
    user_id: str
    device: str
    created_at: int
    last_used_at: int
    rotated_at: int
    refresh_hash: str = field(repr=False)
    previous_hash: str | None = field(repr=False, default=None)
    network_hash: str = field(repr=False, default="")  # of the log-in's network; empty: unknown
    key_hash: str | None = field(repr=False, default=None)  # None: not bound to a key


@dataclass(frozen=True, slots=True)
class PushSubscription:
    """Where a session wants to be told of messages while its page is closed."""

    session_id: str
    user_id: str
    endpoint: str = field(repr=False)  # a URL that only the push service and the page know
    p256dh: str = field(repr=False)  # the browser's public key
    auth: str = field(repr=False)  # the secret that it shares with us
    text: bool  # whether the push holds the text of the message
    key: str  # the fingerprint of our key, with which the page subscribed


@dataclass(frozen=True, slots=True)
class Push:
    """That a session is to be told of the newest message of those from `from_seq` to `seq`.

    A later message in the room moves `seq`.
    """

    session_id: str
    user_id: str
    room_id: str
    from_seq: int
    seq: int
    due_at: int
    expires_at: int
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Conversation:
    """A room as a member sees it; `peer` is the other member of a direct room."""

    room: Room
    membership: Membership
    peer: User | None = None

    @property
    def unread(self) -> int:
        return max(0, self.room.last_seq - self.membership.last_read_seq)

    @property
    def last_mention_seq(self) -> int:
        """Return the seq of the last message by somebody else that mentions the member, or 0."""
        by_name, of_all = self.membership.last_mention_seq, self.room.last_mention_all
        if of_all is None or of_all.user_id == self.membership.user_id:
            return by_name
        return max(by_name, of_all.seq)

    @property
    def hidden(self) -> bool:
        """Return whether the member hid the room and there is no later message."""
        return self.room.last_seq <= self.membership.hidden_seq

    @property
    def blocked(self) -> bool:
        """Return whether the member blocks the peer; a block by the peer does not show."""
        return self.peer is not None and self.membership.user_id in self.room.blocked_by


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a room's log, ascending; `has_more` is about the requested direction.

    The messages are at least as new as the change `last_rev`.
    """

    messages: tuple[Message, ...]
    has_more: bool
    last_rev: int = 0


@dataclass(frozen=True, order=True, slots=True)
class SearchCursor:
    """A place in the order of all messages: by the time they were sent, and then by id."""

    at: int
    message_id: str


@dataclass(frozen=True, slots=True)
class FoundMessages:
    """A page of the messages that match a search, the newest first.

    `words` are the folded words and phrases of the search. With a `cursor` there may be more.
    """

    messages: tuple[Message, ...]
    words: tuple[str, ...]
    cursor: SearchCursor | None = None


@dataclass(frozen=True, slots=True)
class RoomSync:
    """The messages of one room that a member missed; `reset`: their position is invalid."""

    page: Page
    last_seq: int
    reset: bool = False
    last_mention_seq: int = 0
    changes: Changes | None = None  # if the member sent a rev


@dataclass(frozen=True, slots=True)
class Sync:
    """What a member missed: `rooms` by id, other rooms in `joined`, ids of lost ones in `gone`.

    `epoch` is the database's epoch at that time.
    """

    epoch: str
    rooms: dict[str, RoomSync]
    joined: list[Conversation]
    gone: list[str]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A recorded action; ids that do not apply are empty, and so is an unknown actor."""

    id: str
    at: int
    action: Action
    address: str  # of the caller; empty for commands
    actor_id: str = ""  # or OPERATOR
    target_id: str = ""  # the affected user, if it is not the actor
    room_id: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """A background job: its kind, its arguments and its progress."""

    id: str
    kind: str
    arguments: Mapping[str, Any]
    progress: Mapping[str, Any]
    failures: int
