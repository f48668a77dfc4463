"""When a bot polls for messages that no push brought."""

from __future__ import annotations

from chat.bots.poll_schedule import GAP_SECONDS, QUIET_END, TICK, PollSchedule


def poll_times(polls: PollSchedule) -> list[float]:
    """Return when a room is polled until its polls end, if they find nothing."""
    found = []
    while (due := polls.next_due()) is not None:
        assert polls.take_due(due) == ["a"]
        found.append(due)
        polls.record_empty_poll("a", due)
    return found


def test_a_gap_is_polled_soon_and_more_pushes_do_not_delay_that() -> None:
    polls = PollSchedule()
    polls.record_news("a", has_gap=True, now=101.0)
    polls.record_news("a", has_gap=True, now=101.1)
    assert polls.next_due() == 101.0 + GAP_SECONDS
    polls.record_news("a", has_gap=False, now=101.2)
    assert polls.next_due() == 106.0


def test_polls_of_a_quiet_room_become_rare_and_end_with_the_next_sync() -> None:
    polls = PollSchedule()
    polls.record_news("a", has_gap=False, now=1000.5)
    times = poll_times(polls)
    assert times[:3] == [1006.0, 1010.0, 1016.0]
    pauses = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
    assert pauses == sorted(pauses) and len(times) <= 12
    assert times[-1] < 1000.5 + QUIET_END + TICK


def test_a_message_soon_after_the_last_push_is_found_within_ten_seconds() -> None:
    polls = PollSchedule()
    polls.record_news("a", has_gap=False, now=0.1)
    times = poll_times(polls)
    for lost in range(15):
        assert min(time for time in times if time >= lost) <= lost + 10


def test_rooms_are_polled_together_and_removed_ones_not_at_all() -> None:
    polls = PollSchedule()
    for number, room_id in enumerate("abc"):
        polls.record_news(room_id, has_gap=False, now=10.1 + number / 2)
    polls.remove("b")
    polls.schedule("d", 1.0)
    assert polls.take_due(2.0) == ["d"]
    due = polls.next_due()
    assert due == 16.0
    assert polls.take_due(due) == ["a", "c"]
    assert polls.next_due() is None


def test_a_room_without_news_is_polled_once() -> None:
    polls = PollSchedule()
    polls.schedule("a", 1.0)
    assert poll_times(polls) == [1.0]
