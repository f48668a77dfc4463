"""When a bot looks for what no push brought."""

from __future__ import annotations

from chat.bots.checks import BEAT, GAP_WAIT, QUIET_END, Checks


def looks(checks: Checks) -> list[float]:
    """Return when a room is looked at until that is over, if nothing is ever found."""
    found = []
    while (due := checks.next_due()) is not None:
        assert checks.take_due(due) == ["a"]
        found.append(due)
        checks.note_silence("a", due)
    return found


def test_a_gap_is_looked_into_soon_and_more_pushes_do_not_put_that_off() -> None:
    checks = Checks()
    checks.note_news("a", has_gap=True, now=101.0)
    checks.note_news("a", has_gap=True, now=101.1)
    assert checks.next_due() == 101.0 + GAP_WAIT
    checks.note_news("a", has_gap=False, now=101.2)
    assert checks.next_due() == 106.0


def test_silence_is_looked_into_ever_more_rarely_until_all_rooms_are_compared_anyway() -> None:
    checks = Checks()
    checks.note_news("a", has_gap=False, now=1000.5)
    times = looks(checks)
    assert times[:3] == [1006.0, 1010.0, 1016.0]
    pauses = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
    assert pauses == sorted(pauses) and len(times) <= 12
    assert times[-1] < 1000.5 + QUIET_END + BEAT


def test_a_message_soon_after_the_last_push_is_looked_for_within_ten_seconds() -> None:
    checks = Checks()
    checks.note_news("a", has_gap=False, now=0.1)
    times = looks(checks)
    for lost in range(15):
        assert min(time for time in times if time >= lost) <= lost + 10


def test_rooms_are_looked_at_together_and_dropped_ones_not_at_all() -> None:
    checks = Checks()
    for number, room_id in enumerate("abc"):
        checks.note_news(room_id, has_gap=False, now=10.1 + number / 2)
    checks.drop("b")
    checks.plan("d", 1.0)
    assert checks.take_due(2.0) == ["d"]
    due = checks.next_due()
    assert due == 16.0
    assert checks.take_due(due) == ["a", "c"]
    assert checks.next_due() is None


def test_a_room_without_news_is_looked_at_once() -> None:
    checks = Checks()
    checks.plan("a", 1.0)
    assert looks(checks) == [1.0]
