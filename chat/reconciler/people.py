"""People who changed, were asked to join a group, or whose account or session has ended."""

from __future__ import annotations

from datetime import datetime

from chat.realtime.publisher import Publisher
from chat.repositories.sessions import SessionRepository
from chat.repositories.users import UserRepository
from chat.services.ended_accounts import EndedAccounts
from chat.services.membership_cache import MembershipCache
from chat.services.membership_requests import MembershipRequests
from chat.services.usernames import Usernames


class PeopleReconciler:
    """Tells clients here what happened to people elsewhere."""

    def __init__(
        self,
        *,
        users: UserRepository,
        sessions: SessionRepository,
        publisher: Publisher,
        usernames: Usernames,
        membership_cache: MembershipCache,
        ended_accounts: EndedAccounts,
        requests: MembershipRequests,
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._publisher = publisher
        self._usernames = usernames
        self._membership_cache = membership_cache
        self._ended_accounts = ended_accounts
        self._requests = requests

    def look(self, since: datetime, until: datetime | None) -> None:
        """Tell of the changes in that time; who has ended is asked whenever it was."""
        self._ended_accounts.exclude_ended()
        self._tell_changed_users(since, until)
        is_told = self._publisher.is_request_told
        for user_id, request in self._requests.list_created(since, until, is_told):
            self._publisher.invitation_received(user_id, request)
        for session_id in self._sessions.list_ended(since, until):
            self._publisher.session_ended(session_id)

    def _tell_changed_users(self, since: datetime, until: datetime | None) -> None:
        for user in self._users.list_touched(since, until):
            # Also where the queue has told the clients of it: their own details it did not bring.
            self._usernames.forget(user.id)
            self._publisher.own_user_changed(user)
            if not self._publisher.is_told(user):
                self._publisher.user_changed(user, self._membership_cache.list_told_of(user.id))
