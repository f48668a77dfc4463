"""Reconciles users: changed profiles, membership requests, ended accounts and sessions."""

from __future__ import annotations

from datetime import datetime

from chat.realtime.publisher import Publisher
from chat.repositories.sessions import SessionRepository
from chat.repositories.users import UserRepository
from chat.services.deleted_accounts import DeletedAccounts
from chat.services.membership_cache import MembershipCache
from chat.services.membership_requests import MembershipRequests
from chat.services.usernames import Usernames


class PeopleReconciler:
    """Pushes to clients here what other processes changed about users."""

    def __init__(
        self,
        *,
        users: UserRepository,
        sessions: SessionRepository,
        publisher: Publisher,
        usernames: Usernames,
        membership_cache: MembershipCache,
        deleted_accounts: DeletedAccounts,
        requests: MembershipRequests,
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._publisher = publisher
        self._usernames = usernames
        self._membership_cache = membership_cache
        self._deleted_accounts = deleted_accounts
        self._requests = requests

    def reconcile(self, since: datetime, until: datetime | None) -> None:
        """Push the changes of that time. Ended accounts are checked whenever they ended."""
        self._deleted_accounts.exclude_deleted()
        self._publish_changed_users(since, until)
        is_told = self._publisher.is_request_pushed
        for user_id, request in self._requests.list_created(since, until, is_told):
            self._publisher.invitation_received(user_id, request)
        for session_id in self._sessions.list_ended(since, until):
            self._publisher.session_ended(session_id)

    def _publish_changed_users(self, since: datetime, until: datetime | None) -> None:
        for user in self._users.list_touched(since, until):
            # Needed after a push by the queue too: that push lacks the user's private details.
            self._usernames.forget(user.id)
            self._publisher.own_user_changed(user)
            if not self._publisher.is_user_pushed(user):
                self._publisher.user_changed(
                    user, self._membership_cache.list_profile_audience(user.id)
                )
