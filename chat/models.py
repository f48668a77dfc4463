"""What the program talks about. Ids are strings; times are integer milliseconds since 1970 UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

RoomKind = Literal["direct", "group"]
Role = Literal["owner", "admin", "member"]
Access = Literal["number", "invitation"]  # how others come into a group by their own doing
Posting = Literal["members", "admins"]  # who may post in a group
Purpose = Literal["register", "reset"]
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
# In place of a user's id in the audit log: whoever runs commands on the server's machine.
OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class User:
    """A person. `username` never changes; `email` and `locale` are shown to nobody else.

    Nobody is found by an unproven address. A disabled user cannot log in.
    """

    id: str
    username: str
    nickname: str
    sex: int  # 0 unknown, 1 male, 2 female
    email: str
    avatar: str
    locale: str | None
    created_at: int
    updated_at: int
    password_hash: str = field(default="", repr=False)
    email_is_proven: bool = True
    disabled_at: int | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """What may be done by whoever has its token, `uses_left` times until `expires_at`.

    `user_id` is empty where it is not for one user alone.
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
    """That a user has put an emoji on a message, by the change `rev`."""

    emoji: str
    user_id: str
    rev: int


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of a room's log; `seq` counts 1, 2, 3 … within the room without gaps.

    `version` is 0 as it was first stored. Of two copies the one with the greater version is newer.
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
    username: str = ""  # filled in by the service, as is the nickname: documents hold the id alone
    nickname: str = ""
    version: int = 0
    edited_at: int | None = None
    deleted_at: int | None = None
    pinned: bool = False
    reactions: tuple[Reaction, ...] = ()  # by rev
    used_emoji: int = 0  # different ones that it has or had

    @property
    def deleted(self) -> bool:
        """Tell whether nothing is left of it but its place."""
        return self.deleted_at is not None

    @property
    def place(self) -> tuple[int, int]:
        """Return what orders all states of all messages of a room: seq and version."""
        return self.seq, self.version


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a room's second log: the whole new value of one register of a message.

    `rev` counts 1, 2, 3 … within the room without gaps. `value` is the new text, or whether the
    message is pinned or has the user's `emoji`. It is None of a deletion, and of what was scrubbed.
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


@dataclass(frozen=True, slots=True)
class Changes:
    """The messages that changed after a rev, up to and with `last_rev`: each once, as it is now.

    They stand in the order of their first change in between, whose revs are `first_revs`.
    `reacted` has whose reactions are among the changes, by user id the seqs.
    """

    messages: tuple[Message, ...]
    first_revs: tuple[int, ...]
    after_rev: int
    last_rev: int
    has_more: bool = False
    reset: bool = False  # `after_rev` is too old, or not of this log: all is to be loaded anew
    reacted: Mapping[str, frozenset[int]] = field(default_factory=dict)


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
    member_ids: tuple[str, ...] = ()  # of direct rooms: the two, sorted
    members_version: int = 0  # counts changes of the members, for other processes
    access: Access = "number"
    posting: Posting = "members"
    blocked_by: tuple[str, ...] = ()  # of direct rooms: which of the two block the other one
    last_rev: int = 0  # up to which all changes of messages are applied

    @property
    def end(self) -> tuple[int, int]:
        """Return what is known of the end of the log: its last seq, and which state of it."""
        last = self.last_message
        return self.last_seq, last.version if last and last.seq == self.last_seq else 0


@dataclass(frozen=True, slots=True)
class Membership:
    """That a user belongs to a room, as what, and how far they have read.

    The stored role of an owner is "admin": who owns a group is said by `Room.owner_id` alone.
    `policies.resolve_role` puts the two together.
    """

    room_id: str
    user_id: str
    role: Role
    last_read_seq: int
    muted: bool
    created_at: int
    hidden_seq: int = -1  # hidden from the member's list while the log ends here


@dataclass(frozen=True, slots=True)
class MembershipRequest:
    """That a user was asked to join a group by somebody with whom they share no room."""

    id: str
    room_id: str
    user_id: str
    inviter_id: str
    declined: bool
    created_at: int


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A membership request as the one who was asked sees it."""

    id: str
    room: Room
    member_count: int
    invited_by: User
    created_at: int


@dataclass(frozen=True, slots=True)
class Addition:
    """What became of adding a user to a group: a membership, new or not, or a request."""

    user: User
    membership: Membership | None  # None: they were asked
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class RoomInvitation:
    """That whoever has its token may enter a group; `user_id` is of the one who invites."""

    id: str
    room_id: str
    user_id: str
    uses_left: int
    used_by: frozenset[str]  # user ids
    created_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Invited:
    """What somebody with an invitation sees of the group before they enter it."""

    room: Room
    members: int
    invited_by: User
    is_member: bool


@dataclass(frozen=True, slots=True)
class Session:
    """One log-in of one device. Refresh ids and the key of a page are kept as hashes only."""

    id: str
    user_id: str
    device: str
    created_at: int
    last_used_at: int
    rotated_at: int
    refresh_hash: str = field(repr=False)
    previous_hash: str | None = field(repr=False, default=None)
    network_hash: str = field(repr=False, default="")  # from where it was begun; empty: unknown
    key_hash: str | None = field(repr=False, default=None)  # None: bound to no page


@dataclass(frozen=True, slots=True)
class Conversation:
    """A room as its member sees it; `peer` is the other one of a direct room."""

    room: Room
    membership: Membership
    peer: User | None = None

    @property
    def unread(self) -> int:
        return max(0, self.room.last_seq - self.membership.last_read_seq)

    @property
    def hidden(self) -> bool:
        """Tell whether the member hid the room and nothing was said since."""
        return self.room.last_seq <= self.membership.hidden_seq

    @property
    def blocked(self) -> bool:
        """Tell whether the member blocks the other one; being blocked shows nowhere."""
        return self.peer is not None and self.membership.user_id in self.room.blocked_by


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of a room's log, ascending; `has_more` in the direction that was asked for.

    The messages are at least as new as the change `last_rev`.
    """

    messages: tuple[Message, ...]
    has_more: bool
    last_rev: int = 0


@dataclass(frozen=True, slots=True)
class RoomSync:
    """What a member missed of one room; `reset`: what they named is not in the log."""

    page: Page
    last_seq: int
    reset: bool = False
    changes: Changes | None = None  # where the member named a rev


@dataclass(frozen=True, slots=True)
class Sync:
    """What a member missed: by room id, in rooms they did not name, in rooms not theirs.

    `epoch` names the past that all this belongs to.
    """

    epoch: str
    rooms: dict[str, RoomSync]
    joined: list[Conversation]
    gone: list[str]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What somebody did; ids that do not apply are empty, and so is the actor when not known."""

    id: str
    at: int
    action: Action
    address: str  # of the caller; empty for commands
    actor_id: str = ""  # or OPERATOR
    target_id: str = ""  # another person it was done to
    room_id: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """Work that goes on beside requests: what to do, and how far it has come."""

    id: str
    kind: str
    arguments: Mapping[str, Any]
    progress: Mapping[str, Any]
    failures: int
