"""A push service, and an app that trusts its authority."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask

from chat import migrations
from chat.app import create_app, stop
from chat.database.client import Database
from chat.wiring import Services
from harness.people import Person, make_people, settle
from tests.conftest import drop, with_database
from tests.push.service import Browser, Service


@pytest.fixture(scope="session")
def shared_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("push")) as service:
        yield service


@pytest.fixture
def service(shared_service: Service) -> Service:
    """The service, which has nothing left of an earlier test."""
    shared_service.answers.clear()
    while not shared_service.is_empty:
        shared_service.next()
    return shared_service


class Town:
    """Two people in one app, ann with a subscribed session; no page is open."""

    def __init__(self, app: Flask, service: Service) -> None:
        self.app = app
        self.service = service
        self.services: Services = app.extensions["chat"]
        self.ann, self.bob = make_people(app, "ann", "bob")
        self.browser = Browser(service.origin, self.ann.id)

    def subscribe(self, person: Person | None = None, **more: object) -> None:
        """Subscribe a session, that of ann unless another one is given."""
        body = {**self.browser.subscription, **more}
        response = (person or self.ann).put("/session/push", json=body)
        assert response.status_code == 204, response.json

    def follow(self) -> None:
        """Hand to the consumers what was said, as the running server does."""
        settle(self.app)
        self.services.consumers.run_due()

    def send(self) -> None:
        """Send what is due, and wait until that is done."""
        self.follow()
        self.go_on(200)  # two looks at the clock, which is an estimate
        self.services.push_sender.run_due()
        self.services.push_sender.wait()

    def endpoint(self) -> str | None:
        """Return the endpoint of the subscription of ann, or None."""
        found = self.services.database.db["session"].find_one(
            {"user_identity": ObjectId(self.ann.id), "push": {"$exists": True}}
        )
        return found["push"]["endpoint"] if found else None

    def waiting(self) -> int:
        """Return how many pushes wait to be sent."""
        return self.services.database.db["push"].count_documents({"user": self.ann.id})

    def go_on(self, milliseconds: int, person: Person | None = None) -> None:
        """Let time pass for the pushes that wait for ann, or for another person."""
        self.services.database.db["push"].update_many(
            {"user": (person or self.ann).id}, {"$inc": {"due_at": -milliseconds}}
        )


@pytest.fixture(scope="session")
def push_app(
    mongo_uri: str, shared_service: Service, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """One app for all tests, which bring people of their own."""
    name = f"test_{secrets.token_hex(8)}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(shared_service.authority))
        app = create_app(
            "config.Config",
            MONGO_URI=with_database(mongo_uri, name),
            DATA_DIR=str(tmp_path_factory.mktemp("var")),
            SECRET_KEY=secrets.token_hex(32),
            RATE_LIMITS=False,
            MAIL="terminal",
            PUSH_ENDPOINTS_PRIVATE=True,
        )
    database: Database = app.extensions["chat"].database
    migrations.upgrade(database)
    yield app
    stop(app)
    drop(database, name)


@pytest.fixture
def town(push_app: Flask, service: Service) -> Town:
    found = Town(push_app, service)
    found.follow()  # what is said from here on is news
    return found


@pytest.fixture
def direct(town: Town) -> dict[str, Any]:
    """The room of the two, as bob sees it."""
    return town.bob.talk_to(town.ann)
