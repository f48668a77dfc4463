"""What an object can touch is seen at one glance."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import is_dataclass
from inspect import Parameter

import chat

MAX_ARGUMENTS = 8


def written_constructors() -> Iterator[type]:
    """Yield each class of the server whose constructor is written out; records have none."""
    for found in pkgutil.walk_packages(chat.__path__, "chat."):
        module = importlib.import_module(found.name)
        for _, one in inspect.getmembers(module, inspect.isclass):
            if one.__module__ == found.name and "__init__" in vars(one) and not is_dataclass(one):
                yield one


def count_arguments(one: type) -> int:
    """Count what a constructor names; `**options` belong to the base class."""
    parameters = inspect.signature(one).parameters.values()
    return len([found for found in parameters if found.kind is not Parameter.VAR_KEYWORD])


def test_no_class_takes_more_than_eight_arguments() -> None:
    taken = {
        f"{one.__module__}.{one.__qualname__}": count_arguments(one)
        for one in written_constructors()
    }
    assert {
        "chat.services.messages.MessageService",
        "chat.log.room_log.RoomLog",
        "chat.realtime.listener.Listener",
        "chat.bots.reader.Reader",
    } <= set(taken)
    assert {name: count for name, count in taken.items() if count > MAX_ARGUMENTS} == {}
