"""Builds the repositories and services of an app, once."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, current_app

from chat.database.client import Database
from chat.database.embedded import EmbeddedDatabase
from chat.wiring.background import Background, wire_background
from chat.wiring.consumers import wire_consumers
from chat.wiring.core import Core, wire_core
from chat.wiring.files import Files, wire_files
from chat.wiring.messages import Messages, wire_messages
from chat.wiring.people import People, wire_people
from chat.wiring.push import PushParts, wire_push
from chat.wiring.repositories import wire_repositories
from chat.wiring.rooms import Rooms, wire_rooms

EXTENSION = "chat"


@dataclass(frozen=True)
class Services(Core, Files, Rooms, People, Messages, Background, PushParts):
    """All objects of an app that live longer than a request."""


def services() -> Services:
    """Return the services of the current app."""
    found: Services = current_app.extensions[EXTENSION]
    return found


def wire(app: Flask) -> Services:
    """Build all services of an app, without starting anything or connecting to the database."""
    config = app.config
    embedded = None
    if not config["MONGO_URI"]:
        embedded = EmbeddedDatabase(config["DATA_DIR"], engine=config["DATABASE"])
    database = Database(embedded.uri if embedded else config["MONGO_URI"])
    repositories = wire_repositories(database)
    core = wire_core(config, database, embedded, repositories)
    files = wire_files(config, core, repositories)
    rooms = wire_rooms(core, repositories, files)
    people = wire_people(app, core, repositories, rooms, files)
    messages = wire_messages(config, core, repositories, files, rooms)
    background = wire_background(config, core, repositories, rooms, people, messages)
    push = wire_push(config, core, repositories, messages, background)
    wire_consumers(core, repositories, files)
    areas = (core, files, rooms, people, messages, background, push)
    return Services(**{name: one for area in areas for name, one in vars(area).items()})
