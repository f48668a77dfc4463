"""The settings as `config.py` reads them from an environment."""

from __future__ import annotations

import os
import runpy

import pytest

from tests.docs.documents import ROOT


def read_config(**given: object) -> dict[str, object]:
    """Return the settings by name, where the environment says just this."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            patch.delenv(name)
        patch.setenv("FLASK_SKIP_DOTENV", "1")
        for name, value in given.items():
            patch.setenv(name, str(value))
        config = runpy.run_path(str(ROOT / "config.py"))["Config"]
    return {name: value for name, value in vars(config).items() if name.isupper()}
