"""The page's texts by their keys, for those who look for them in a browser."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache

from harness.programs import node
from harness.servers import ROOT

LOCALES = ROOT / "chat" / "static" / "js" / "locales"


@cache
def texts(language: str) -> dict[str, str]:
    """Return all texts of a language, "en" or "zh"; of those that count, the form for many."""
    file = (LOCALES / f"{language}.js").as_uri()
    script = f"import all from {json.dumps(file)}; console.log(JSON.stringify(all))"
    printed = subprocess.run(
        [node(), "--input-type=module", "-e", script], capture_output=True, text=True, check=True
    ).stdout
    found: dict[str, str | dict[str, str]] = json.loads(printed)
    return {key: one if isinstance(one, str) else one["other"] for key, one in found.items()}


def text(language: str, key: str, **values: object) -> str:
    """Return one text with its values filled in."""
    return re.sub(r"\{(\w+)\}", lambda found: str(values[found[1]]), texts(language)[key])
