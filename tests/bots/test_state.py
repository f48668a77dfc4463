"""The file in which a bot survives."""

from __future__ import annotations

from pathlib import Path

import pytest

from chat.bots.changes import ChangePosition
from chat.bots.log import End
from chat.bots.state import State, Unsent


def test_what_was_committed_is_there_after_a_crash(tmp_path: Path) -> None:
    file = tmp_path / "bot.json"
    state = State(file)
    assert state.positions("group") is None
    state.claim("me")
    state.memory["count"] = 1
    state.epoch = "e1"
    told = ChangePosition(7, {3: 2, 1: 4})
    state.commit("group", {"room": 5}, {"room": End("m5", 1_700)}, {"room": told})
    state.add_unsent(Unsent("c1", "hello", room_id="room"))
    state.add_unsent(Unsent("c2", "字", to="ada"))
    again = State(file)
    assert (again.user_id, again.memory) == ("me", {"count": 1})
    assert again.positions("group") == {"room": 5}
    assert (again.epoch, again.end("group", "room")) == ("e1", End("m5", 1_700))
    assert again.end("group", "another") == End()
    assert (
        again.change_position("group", "room") == told
        and again.change_position("group", "another") is None
    )
    assert again.unsent() == [Unsent("c1", "hello", "room"), Unsent("c2", "字", to="ada")]
    assert file.stat().st_mode & 0o077 == 0


def test_a_handler_that_did_not_end_has_changed_nothing(tmp_path: Path) -> None:
    state = State(tmp_path / "bot.json")
    state.memory["count"] = 1
    state.add_unsent(Unsent("c1", "sent half-way through the handler", room_id="room"))
    again = State(tmp_path / "bot.json")
    assert again.memory == {}
    assert len(again.unsent()) == 1


def test_a_stored_message_leaves_the_file_with_the_next_change(tmp_path: Path) -> None:
    state = State(tmp_path / "bot.json")
    state.add_unsent(Unsent("c1", "hello", room_id="room"))
    state.mark_stored("c1")
    state.commit("direct", {}, {}, {})
    assert State(tmp_path / "bot.json").unsent() == []


def test_the_state_of_another_user_is_refused(tmp_path: Path) -> None:
    state = State(tmp_path / "bot.json")
    state.claim("me")
    state.commit("direct", {}, {}, {})
    with pytest.raises(ValueError, match="another user"):
        State(tmp_path / "bot.json").claim("you")


def test_a_file_of_a_version_that_followed_no_changes_is_read(tmp_path: Path) -> None:
    file = tmp_path / "bot.json"
    file.write_text(
        '{"format": 1, "user_id": "me", "epoch": "e1", "positions": {"group": {"room": 5}},'
        ' "ends": {"group": {"room": ["m5", 1700]}}, "outbox": [], "memory": {"count": 1}}'
    )
    state = State(file)
    assert state.positions("group") == {"room": 5} and state.memory == {"count": 1}
    assert state.end("group", "room") == End("m5", 1_700)
    assert state.change_position("group", "room") is None


@pytest.mark.parametrize("text", ["", "[]", '{"format": 99}', "not json"])
def test_a_file_that_is_no_state_is_refused_and_not_changed(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bot.json"
    file.write_text(text)
    with pytest.raises(ValueError):
        State(file)
    assert file.read_text() == text
