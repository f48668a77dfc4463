"""Web push."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Config

from chat.push.audience import PushAudience
from chat.push.delivery import Delivery
from chat.push.endpoints import Endpoints
from chat.push.sender import PushSender
from chat.push.subscriptions import PushSubscriptions
from chat.repositories.push_subscriptions import PushSubscriptionRepository
from chat.repositories.pushes import PushRepository
from chat.wiring.background import Background
from chat.wiring.core import Core
from chat.wiring.messages import Messages
from chat.wiring.repositories import Repositories


@dataclass(frozen=True)
class PushParts:
    """Web push."""

    push_subscriptions: PushSubscriptions
    push_sender: PushSender


def wire_push(
    config: Config,
    core: Core,
    repositories: Repositories,
    messages: Messages,
    background: Background,
) -> PushParts:
    clock = core.database.now_ms
    subscriptions = PushSubscriptionRepository(core.database)
    pushes = PushRepository(core.database)
    keys = core.push_keys
    sender = PushSender(
        pushes=pushes,
        subscriptions=subscriptions,
        rooms=repositories.rooms,
        memberships=repositories.memberships,
        read_marks=messages.read_marks,
        room_log=core.room_log,
        delivery=Delivery(keys, Endpoints(config["PUSH_ENDPOINTS_PRIVATE"])),
        clock=clock,
    )
    audience = PushAudience(
        subscriptions=subscriptions,
        pushes=pushes,
        memberships=repositories.memberships,
        is_online=background.presence.is_online,
        wake=sender.wake,
        clock=clock,
    )
    core.consumers.add(audience)
    return PushParts(
        push_subscriptions=PushSubscriptions(
            subscriptions=subscriptions,
            keys=keys,
            limits=core.limits,
            on_subscribed=audience.subscribed,
            clock=clock,
        ),
        push_sender=sender,
    )
