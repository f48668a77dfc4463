"""Make the data of the emoji picker from an npm package.

    python tools/make_emoji.py

It writes to chat/static/emoji/: `list.json` has the emoji by group, and which of them come in skin
tones. A file for each language has the names and words by which they are found, in the order of the
list.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from chat.text.emoji import find_emoji  # noqa: E402
from tools.vendor_npm import Package, fetch  # noqa: E402

TARGET = ROOT / "chat" / "static" / "emoji"
LANGUAGES = ("en", "zh")
PACKAGE = Package(
    "emojibase-data",
    "17.0.0",
    {
        **{f"{language}/data.json": language for language in LANGUAGES},
        "en/shortcodes/github.json": "shortcodes",
        "LICENSE": "LICENSE.txt",
    },
)
NEWEST = 15.1  # version of Emoji; its emoji are of 2023
COMPONENTS = 2  # the group of skin tones and hair, no emoji of their own
SELECTOR = "\ufe0f"
TONE = "\U0001f3fb"


def spell(emoji: str) -> str | None:
    """Return an emoji as the server spells it, or None where the server knows none."""
    return find_emoji(emoji) or find_emoji(emoji.replace(SELECTOR, ""))


def comes_in_tones(entry: dict[str, Any], emoji: str) -> bool:
    """Return whether a tone behind the first character makes a toned emoji, as the page does it."""
    toned = emoji[0] + TONE + emoji[1:].removeprefix(SELECTOR)
    return bool(entry.get("skins")) and find_emoji(toned) == toned


def words_of(entry: dict[str, Any], shortcodes: dict[str, Any]) -> str:
    """Return the name of an emoji and further words that find it, with `|` in between."""
    codes = shortcodes.get(entry["hexcode"], [])
    words = [*entry.get("tags", []), *([codes] if isinstance(codes, str) else codes)]
    text = entry["label"].lower()
    kept = [word for word in dict.fromkeys(words) if word.lower() not in text]
    return "|".join([entry["label"], *kept])


def make(files: dict[str, bytes]) -> dict[str, Any]:
    """Return the content of each file, by its name."""
    shortcodes = json.loads(files["shortcodes"])
    translated = {entry["hexcode"]: entry for entry in json.loads(files["zh"])}
    groups: dict[int, list[str]] = {}
    tones: list[str] = []
    words: dict[str, list[str]] = {language: [] for language in LANGUAGES}
    for entry in sorted(json.loads(files["en"]), key=place_of):
        emoji = spell(entry["emoji"])
        if place_of(entry)[0] == COMPONENTS or emoji is None or entry["version"] > NEWEST:
            continue
        groups.setdefault(entry["group"], []).append(emoji)
        if comes_in_tones(entry, emoji):
            tones.append(emoji)
        words["en"].append(words_of(entry, shortcodes))
        words["zh"].append(words_of(translated[entry["hexcode"]], {}))
    return {"list": {"groups": list(groups.values()), "tones": tones}, **words}


def place_of(entry: dict[str, Any]) -> tuple[int, int]:
    """Return where an emoji stands: its group, and its place among all."""
    return entry.get("group", COMPONENTS), entry.get("order", 0)


def main() -> int:
    """Write the files and return the exit code."""
    files = dict(fetch(PACKAGE))
    TARGET.mkdir(exist_ok=True)
    for name, content in make(files).items():
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        (TARGET / f"{name}.json").write_text(text + "\n", "utf-8")
    (TARGET / "LICENSE.txt").write_bytes(files["LICENSE.txt"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
