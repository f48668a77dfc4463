"""Once a second: what others stored and changed reaches the clients of this process.

Other processes, commands and whatever a crash left unpushed are noticed by one mark: a change of a
room touches it, by the database's own clock. The reconciler reads the rooms touched lately, lets
their logs catch up, and compares members, so delivery is at least once. It also ends connections
whose session ended elsewhere.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Container
from datetime import UTC, datetime, timedelta

from chat.concurrency import in_turns
from chat.log.room_log import RoomLog
from chat.models import Membership, Room
from chat.realtime.channels import room_channel
from chat.realtime.connections import NAMESPACES, Connections
from chat.realtime.presence import Presence
from chat.realtime.publisher import Publisher
from chat.realtime.told_rooms import ToldRooms
from chat.repositories.appends import STRIDE
from chat.repositories.outages import is_outage
from chat.repositories.rooms import AHEAD, RoomRepository
from chat.repositories.sessions import SessionRepository
from chat.repositories.user_rooms import UserRoomRepository
from chat.repositories.users import UserRepository
from chat.services.ended_accounts import EndedAccounts
from chat.services.membership_requests import MembershipRequests
from chat.services.memberships import Memberships
from chat.services.past import Past
from chat.services.usernames import Usernames

INTERVAL = 1.0  # seconds
LOOK_BACK = 6.0  # seconds by the database's clock, beyond the time since the last look
# Seconds; whoever changed the members may have crashed before saying so. Less than what is
# remembered of them is trusted for, so that those who talk in a room do not ask one by one.
COMPARE_AGAIN = 45.0
KNOWN_ROOMS = 20_000

log = logging.getLogger(__name__)


class Reconciler:
    """Compares what the database says of touched rooms with what clients here were told."""

    def __init__(
        self,
        *,
        rooms: RoomRepository,
        user_rooms: UserRoomRepository,
        users: UserRepository,
        sessions: SessionRepository,
        connections: Connections,
        publisher: Publisher,
        told_rooms: ToldRooms,
        room_log: RoomLog,
        usernames: Usernames,
        ended_accounts: EndedAccounts,
        memberships: Memberships,
        past: Past,
        presence: Presence,
        requests: MembershipRequests,
        clock: Callable[[], datetime],
    ) -> None:
        self._rooms = rooms
        self._user_rooms = user_rooms
        self._users = users
        self._sessions = sessions
        self._connections = connections
        self._publisher = publisher
        self._told_rooms = told_rooms
        self._room_log = room_log
        self._usernames = usernames
        self._ended_accounts = ended_accounts
        self._memberships = memberships
        self._past = past
        self._presence = presence
        self._requests = requests
        self._clock = clock  # the database's
        self._looked_at = time.monotonic()  # when the last beat began that came to its end
        self._clock_was = datetime.min.replace(tzinfo=UTC)  # by the database's clock
        # By room, the oldest first: the version of it and its members, and when it was compared.
        self._compared: dict[str, tuple[tuple[int, int], float]] = {}
        self._stopped = threading.Event()

    def run(self) -> None:
        """Beat until stopped; a database that does not answer is asked again at the next beat."""
        while not self._stopped.wait(INTERVAL):
            try:
                self.beat()
            except Exception as error:
                # One that is under way at the end finds its connection closed.
                if not (is_outage(error) or self._stopped.is_set()):
                    log.exception("a beat of the reconciler failed")

    def stop(self) -> None:
        """Beat no more."""
        self._stopped.set()

    def beat(self) -> None:
        """Look once; what could not be looked at, as the database was away, is in the next look."""
        began = time.monotonic()
        if self._past.check():  # all was forgotten
            self._compared.clear()
        now = self._clock()
        self._room_log.look_for_others(now)
        self._drop_unheard()
        since = now - timedelta(seconds=LOOK_BACK + began - self._looked_at)
        # What was touched, deleted or ended while the clock was ahead is looked at once, when it
        # has been set back, and not again each second until it is that late.
        was_set_back = now + AHEAD < self._clock_was
        self._look(since, None if was_set_back else now + AHEAD)
        self._looked_at, self._clock_was = began, now
        # What nobody here listens to may have been deleted elsewhere.
        self._memberships.confirm(began, self._room_log.listened())

    def _look(self, since: datetime, until: datetime | None) -> None:
        touched = self._rooms.list_touched(since, until)
        for room in touched:
            try:
                self._compare(room)
                if not self._told_rooms.is_told(room):
                    self._publisher.room_updated(self._signed(room))
                if not self._told_rooms.is_block_told(room):
                    self._tell_of_block(room)
                    self._told_rooms.note_block(room)
                self._room_log.catch_up(room)
            except Exception as error:
                if is_outage(error):
                    raise
                log.exception("could not tell what is new in room %s", room.id)
        self._tell_deleted(since, until)
        self._ended_accounts.exclude_ended()
        self._tell_changed_users(since, until)
        is_told = self._publisher.is_request_told
        for user_id, request in self._requests.list_created(since, until, is_told):
            self._publisher.invitation_received(user_id, request)
        for session_id in self._sessions.list_ended(since, until):
            self._publisher.session_ended(session_id)

    def _tell_of_block(self, room: Room) -> None:
        """Tell the two of a direct room what they see of each other once a block begins or ends.

        While it lasted neither heard of a new nickname or picture of the other.
        """
        self._presence.tell_two(room)
        if not room.blocked_by:
            for user in self._users.list_by_ids(room.member_ids).values():
                self._publisher.user_shown(room, user)

    def _tell_changed_users(self, since: datetime, until: datetime | None) -> None:
        for user in self._users.list_touched(since, until):
            # Also where the queue has told the clients of it: their own details it did not bring.
            self._usernames.forget(user.id)
            self._publisher.own_user_changed(user)
            if not self._publisher.is_told(user):
                self._publisher.user_changed(user, self._memberships.list_told_of(user.id))

    def _compare(self, room: Room) -> None:
        """Compare the members when they changed, and once in a while although nobody said so."""
        now = time.monotonic()
        version = room.members_version, room.updated_at
        compared, compared_at = self._compared.get(room.id, (None, now))
        if compared == version and now - compared_at < COMPARE_AGAIN:
            return
        if self._compare_members(room):
            self._compared.pop(room.id, None)
            self._compared[room.id] = (version, now)
            if len(self._compared) > KNOWN_ROOMS:
                del self._compared[next(iter(self._compared))]

    def _compare_members(self, room: Room) -> bool:
        """Let those hear the room who belong to it, and nobody else.

        Return False when a member is being let in meanwhile, who is to be compared next time.
        """
        members = {found.user_id for found in self._memberships.read_again(room.id)}
        # Only now: whoever is let in from here on reads their rooms after what was found here.
        settled = self._settle_pending(room, members)
        namespace = NAMESPACES[room.kind]
        heard = self._publisher.listeners(room_channel(room.id), namespace)
        signed = self._signed(room)
        connected = {
            user_id
            for user_id in members
            if self._connections.is_online(user_id)
            and self._connections.of_user(user_id, namespace)
        }
        for user_id in connected ^ heard:
            if self._rooms.find(room.id) is None:  # deleted meanwhile; its members go later
                break
            # Asked again, as somebody may come or go here at this moment; after the answer nothing
            # yields.
            membership = self._user_rooms.find(room.id, user_id)
            hears = user_id in self._publisher.listeners(room_channel(room.id), namespace)
            if membership is not None and not hears:
                self._publisher.room_entered(signed, [user_id])
                self._push_since(room, membership)
            elif membership is None and hears:
                self._publisher.member_left(room, user_id)
        return settled

    def _settle_pending(self, room: Room, members: Container[str]) -> bool:
        """Keep those out of the room who are being let in by an older look at their rooms.

        Return False when there are members among those who are being let in. They may have read
        that they are none, so nobody knows yet whether they will hear the room.
        """
        settled = True
        for connection in self._connections.pending(NAMESPACES[room.kind]):
            if connection.user.id in members:
                settled = False
            else:
                connection.changes.append((room_channel(room.id), False))
        return settled

    def _push_since(self, room: Room, membership: Membership) -> None:
        """Push to a new member what was said between their coming and their hearing the room."""
        first = membership.last_read_seq + 1
        last = min(self._room_log.told_upto(room.id), first + STRIDE - 1)
        for message in self._room_log.read(room.id, first, last):
            self._publisher.message_created_for(membership.user_id, room, message)

    def _signed(self, room: Room) -> Room:
        return self._usernames.sign_last([room])[0]

    def _tell_deleted(self, since: datetime, until: datetime | None) -> None:
        deleted = self._rooms.list_deleted(since, until)
        heard = self._room_log.listened()
        for room_id in deleted & heard.keys():
            self._publisher.room_deleted(room_id, heard[room_id])
            self._publisher.unlisten(room_id)

    def _drop_unheard(self) -> None:
        for room_id in in_turns(self._room_log.listened()):
            if not self._publisher.is_heard(room_id):
                self._publisher.unlisten(room_id)
