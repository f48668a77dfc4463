"""The calls by which a page subscribes its session to push."""

from __future__ import annotations

from collections.abc import Callable

from chat.errors import Unauthorized
from chat.limits import rules
from chat.limits.limits import Limits
from chat.models import PushSubscription, User
from chat.push.keys import PushKeys
from chat.repositories.push_subscriptions import PushSubscriptionRepository


class PushSubscriptions:
    """Subscribes sessions; a subscription ends with its session."""

    def __init__(
        self,
        *,
        subscriptions: PushSubscriptionRepository,
        keys: PushKeys,
        limits: Limits,
        on_subscribed: Callable[[], None],
        clock: Callable[[], int],
    ) -> None:
        self._subscriptions = subscriptions
        self._keys = keys
        self._limits = limits
        self._on_subscribed = on_subscribed
        self._clock = clock

    def public_key(self) -> str:
        """Return the key with which pages subscribe at the service of their browser."""
        return self._keys.pair().public

    def subscribe(
        self, user: User, session_id: str, *, endpoint: str, keys: tuple[str, str], text: bool
    ) -> None:
        """Set the subscription of a session; it replaces an earlier one."""
        self._limits.count(rules.CHANGES, user.id)
        p256dh, auth = keys
        subscription = PushSubscription(
            session_id=session_id,
            user_id=user.id,
            endpoint=endpoint,
            p256dh=p256dh,
            auth=auth,
            text=text,
            key=self._keys.pair().fingerprint,
        )
        if not self._subscriptions.put(subscription, self._clock()):
            raise Unauthorized()
        self._on_subscribed()

    def unsubscribe(self, user: User, session_id: str) -> None:
        """End the subscription of a session; also if there was none."""
        self._limits.count(rules.CHANGES, user.id)
        self._subscriptions.delete(session_id)
