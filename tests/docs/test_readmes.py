"""The two READMEs say the same: headings, commands, lists, links."""

from __future__ import annotations

import re

from tests.docs.documents import (
    CODE,
    README,
    README_ZH,
    ROOT,
    blocks,
    headings,
    links,
    prose,
    read,
)


def test_both_have_the_same_headings() -> None:
    assert [level for level, _ in headings(README)] == [level for level, _ in headings(README_ZH)]


def test_both_show_the_same_commands_and_programs() -> None:
    assert blocks(README) == blocks(README_ZH)


def test_both_have_the_same_lists() -> None:
    for item in (r"^- ", r"^\d+\. "):
        counts = [len(re.findall(item, prose(path), re.MULTILINE)) for path in (README, README_ZH)]
        assert counts[0] == counts[1]


def test_both_link_to_the_same_places_and_to_each_other() -> None:
    assert README_ZH.name in links(README) and README.name in links(README_ZH)
    assert set(links(README)) - {README_ZH.name} == set(links(README_ZH)) - {README.name}


def test_both_name_the_same_things_in_code() -> None:
    assert sorted(CODE.findall(prose(README))) == sorted(CODE.findall(prose(README_ZH)))


def test_the_first_screen_has_the_two_commands() -> None:
    for path in (README, README_ZH):
        first = "\n".join(read(path).split("\n")[:35])
        assert "make run\n" in first and "make test\n" in first


def test_buttons_are_called_what_they_are_called_in_the_page() -> None:
    for path, locale in ((README, "en"), (README_ZH, "zh")):
        folder = ROOT / "chat" / "static" / "js" / "locales" / locale
        texts = "".join(file.read_text("utf-8") for file in folder.glob("*.js"))
        names_of_buttons = re.findall(r"\*\*([^*]+)\*\*", prose(path))
        assert names_of_buttons
        for name in names_of_buttons:
            assert f'"{name}"' in texts, name
