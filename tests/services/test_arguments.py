"""No service has many dependencies."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import pytest

from chat import reconciler, services

MOST_ARGUMENTS = 8


def classes_of(package: ModuleType) -> Iterator[type]:
    """Yield the classes that the modules of a package define."""
    for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        module = importlib.import_module(found.name)
        for _, one in inspect.getmembers(module, inspect.isclass):
            if one.__module__ == module.__name__:
                yield one


@pytest.mark.parametrize("package", [services, reconciler], ids=lambda one: one.__name__)
def test_no_service_takes_more_than_eight_arguments(package: ModuleType) -> None:
    taken = {
        one.__qualname__: len(inspect.signature(one).parameters)
        for one in classes_of(package)
        if "__init__" in vars(one)
    }
    assert taken
    assert {name: count for name, count in taken.items() if count > MOST_ARGUMENTS} == {}
