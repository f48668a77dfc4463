"""Who may do what, as pure functions: for each rule who passes and who is refused, and as what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from chat import policies
from chat.errors import ChatError, Conflict, Forbidden, InvalidInput, NotFound, PeerLeft
from chat.models import Membership, Role, Room, RoomKind

Who = Role | None  # None: a stranger


def room_of(kind: RoomKind) -> Room:
    return Room(
        id="r",
        kind=kind,
        number=None,
        name=None,
        info="",
        owner_id=None,
        last_seq=0,
        last_message=None,
        created_at=0,
        updated_at=0,
    )


GROUP, DIRECT = room_of("group"), room_of("direct")


def member(role: Role) -> Membership:
    return Membership("r", role, role, last_read_seq=0, created_at=0)


def as_one(role: Who) -> Membership | None:
    return member(role) if role else None


def outcome(check: Callable[..., object], *args: object) -> type[ChatError] | None:
    """Return how the check refuses, or None when it lets pass."""
    try:
        check(*args)
    except ChatError as error:
        return type(error)
    return None


def test_a_member_is_let_in_and_a_stranger_sees_nothing() -> None:
    alice = member("member")
    assert policies.require_member(alice) is alice
    assert outcome(policies.require_member, None) is NotFound


@pytest.mark.parametrize(
    "role, expected",
    [("owner", None), ("admin", None), ("member", Forbidden), (None, NotFound)],
)
def test_owners_and_admins_manage(role: Who, expected: type[ChatError] | None) -> None:
    assert outcome(policies.require_manager, GROUP, as_one(role)) is expected


@pytest.mark.parametrize(
    "role, expected",
    [("owner", None), ("admin", Forbidden), ("member", Forbidden), (None, NotFound)],
)
def test_only_the_owner_owns(role: Who, expected: type[ChatError] | None) -> None:
    assert outcome(policies.require_owner, GROUP, as_one(role)) is expected


@pytest.mark.parametrize(
    "role, target, expected",
    [
        ("owner", "admin", None),
        ("owner", "member", None),
        ("admin", "member", None),
        ("admin", "admin", Forbidden),
        ("admin", "owner", Forbidden),
        ("member", "member", Forbidden),
        (None, "member", NotFound),
    ],
)
def test_owners_remove_anyone_and_admins_only_members(
    role: Who, target: Role, expected: type[ChatError] | None
) -> None:
    assert outcome(policies.require_may_remove, GROUP, as_one(role), member(target)) is expected


@pytest.mark.parametrize(
    "role, members, expected",
    [
        ("owner", 1, None),
        ("owner", 2, Conflict),
        ("admin", 2, None),
        ("member", 2, None),
        (None, 2, NotFound),
    ],
)
def test_everyone_may_leave_but_the_owner_only_when_alone(
    role: Who, members: int, expected: type[ChatError] | None
) -> None:
    assert outcome(policies.require_may_leave, GROUP, as_one(role), members) is expected


@pytest.mark.parametrize(
    "role, target, new, expected",
    [
        ("owner", "member", "admin", None),
        ("owner", "admin", "member", None),
        ("owner", "member", "owner", None),
        ("owner", "owner", "owner", None),
        ("owner", "owner", "member", Conflict),  # somebody has to own the room
        ("admin", "member", "admin", Forbidden),
        ("member", "member", "owner", Forbidden),
        (None, "member", "admin", NotFound),
    ],
)
def test_the_owner_alone_gives_roles(
    role: Who, target: Role, new: Role, expected: type[ChatError] | None
) -> None:
    check = policies.require_may_set_role
    assert outcome(check, GROUP, as_one(role), member(target), new) is expected


@pytest.mark.parametrize(
    "check, rest",
    [
        (policies.require_manager, ()),
        (policies.require_owner, ()),
        (policies.require_may_remove, (member("member"),)),
        (policies.require_may_leave, (2,)),
        (policies.require_may_set_role, (member("member"), "admin")),
    ],
)
def test_between_two_people_there_is_nothing_to_manage(
    check: Callable[..., object], rest: tuple[object, ...]
) -> None:
    assert outcome(check, DIRECT, member("member"), *rest) is Forbidden
    assert outcome(check, DIRECT, None, *rest) is NotFound


def test_a_user_cannot_open_a_direct_room_with_themselves() -> None:
    policies.require_not_self("a", "b", "to")
    with pytest.raises(InvalidInput) as refusal:
        policies.require_not_self("a", "a", "to")
    assert refusal.value.fields == {"to": ["invalid.oneself"]}


@pytest.mark.parametrize(
    ("candidates", "heir"),
    [
        ([], None),
        ([("member", 2), ("member", 1)], 1),
        ([("member", 1), ("admin", 3), ("admin", 2)], 2),
    ],
)
def test_a_group_passes_to_the_oldest_of_the_highest_rank(
    candidates: list[tuple[Role, int]], heir: int | None
) -> None:
    members = [replace(member(role), created_at=since) for role, since in candidates]
    chosen = policies.choose_next_owner(members)
    assert (chosen.created_at if chosen else None) == heir


@pytest.mark.parametrize(
    ("candidates", "heir"),
    [
        ([("admin", True), ("member", False)], 1),
        ([("member", True), ("member", False)], 1),
        ([("admin", False), ("member", True)], 0),
        ([("member", True), ("admin", True)], 1),  # nobody else is left
    ],
)
def test_a_group_passes_to_somebody_disabled_only_where_nobody_else_is_left(
    candidates: list[tuple[Role, bool]], heir: int
) -> None:
    members = [
        replace(member(role), user_id=str(number), created_at=number)
        for number, (role, _) in enumerate(candidates)
    ]
    disabled = {str(number) for number, (_, is_disabled) in enumerate(candidates) if is_disabled}
    assert policies.choose_next_owner(members, disabled) is members[heir]


@pytest.mark.parametrize(
    ("owner", "stored", "role"),
    [
        ("one", "admin", "owner"),
        ("one", "member", "owner"),
        ("one", "owner", "owner"),
        ("another", "owner", "admin"),  # as an older version stored it
        (None, "owner", "admin"),
        ("another", "admin", "admin"),
        ("another", "member", "member"),
    ],
)
def test_the_room_alone_says_who_owns_it(owner: str | None, stored: Role, role: Role) -> None:
    membership = replace(member(stored), user_id="one")
    assert policies.resolve_role(replace(GROUP, owner_id=owner), membership) == replace(
        membership, role=role
    )


def test_nobody_writes_to_an_account_that_is_gone() -> None:
    assert outcome(policies.require_peer, True) is None
    assert outcome(policies.require_peer, False) is PeerLeft
