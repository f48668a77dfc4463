"""Each limit that protocol.md states is held by a test that tries it."""

from __future__ import annotations

import re

import pytest

from tests.docs.documents import PROTOCOL, ROOT, table

# Row of "Limits" to the tests that go up to it and beyond.
HELD_BY = {
    "body of a request, packet of a socket": [
        "http/test_bad_input.py::test_a_body_that_is_too_large_is_refused",
        "transport/test_bounds.py::test_a_message_of_exactly_the_limit_is_accepted",
    ],
    "packets in one POST of a client that polls": [
        "transport/test_posts.py::test_a_post_may_be_larger_than_a_packet",
        "transport/test_posts.py::test_the_whole_post_has_a_limit_too",
        "transport/test_posts.py::test_an_unjoined_client_may_post_one_packet",
    ],
    "message": [
        "http/test_messages.py::test_text_is_stored_as_sent",
        "http/test_messages.py::test_text_that_shows_nothing_or_cannot_be_stored_is_refused",
    ],
    "page of messages": [
        "http/test_messages.py::test_pages_that_cannot_be_are_refused",
        "http/test_messages.py::test_a_page_stays_below_256_kib_in_both_directions",
    ],
    "files of a message": [
        "http/test_files.py::test_a_message_has_so_many_files",
    ],
    "one file": ["http/test_files.py::test_a_file_that_is_too_large_is_refused_before_its_bytes"],
    "all files of a user": ["http/test_files.py::test_the_files_of_a_user_have_so_much_space"],
    "uploads": [
        "http/test_files.py::test_uploads_are_counted_each_minute",
        "services/test_transfer_slots.py::test_so_many_transfers_run_at_a_time",
        "services/test_transfer_slots.py::test_a_network_leaves_a_quarter_to_others",
    ],
    "downloads in progress": [
        "services/test_transfer_slots.py::test_so_many_transfers_run_at_a_time",
        "services/test_transfer_slots.py::test_a_network_leaves_a_quarter_to_others",
    ],
    "different emoji of a message": [
        "http/test_changes.py::test_a_message_has_so_many_different_emoji",
        "http/test_changes.py::test_removed_reactions_count_towards_the_bound_of_used_emoji",
    ],
    "pinned messages of a room": [
        "http/test_changes.py::test_pinned_messages_are_listed_and_so_many",
    ],
    "pinned rooms of a user": [
        "http/test_room_settings.py::test_one_pins_so_many_rooms",
    ],
    "names that mention somebody in one message": [
        "text/test_mentions.py::test_so_many_names_of_a_text_count",
    ],
    "changes of a room that one may have missed": [
        "log/test_changing.py::test_a_client_that_missed_too_many_changes_loads_everything_anew",
    ],
    "unanswered sends of a connection": [
        "sockets/test_messages.py::test_too_many_unanswered_sends_are_told_to_wait",
    ],
    "events of a connection waiting to be handled": [
        "realtime/test_waiting.py::test_waiting_events_are_limited_by_number",
    ],
    "characters of these": [
        "realtime/test_waiting.py::test_waiting_events_are_limited_by_size",
    ],
    "rooms that one `sync` names": [
        "schemas/test_sync.py::test_one_sync_names_so_many_rooms",
    ],
    "requests and events in progress": [
        "test_budgets.py::test_a_caller_has_so_many_turns_and_the_next_waits_for_one",
    ],
    "requests and events waiting for these": [
        "test_budgets.py::test_what_waits_is_bounded",
        "test_budgets.py::test_a_turn_that_does_not_come_in_time_is_refused",
    ],
    "groups one may be in": [
        "sockets/test_sizes.py::test_one_is_in_so_many_groups_and_no_more",
        "sockets/test_sizes.py::test_as_many_groups_as_one_may_be_in_are_all_listed",
        "sockets/test_sizes.py::test_one_connects_to_as_many_groups_and_catches_up",
        "services/test_rooms.py::test_others_cannot_use_up_the_rooms_one_may_be_in",
    ],
    "direct rooms one opened in which the other has not written": [
        "services/test_rooms.py::test_as_many_direct_rooms_as_may_wait_for_an_answer_do",
        "services/test_rooms.py::test_so_many_direct_rooms_wait_for_an_answer_at_most",
        "services/test_rooms.py::test_who_answered_is_looked_up_so_often_at_most",
    ],
    "members of a group": [
        "sockets/test_sizes.py::test_a_full_group_shows_its_members_and_takes_no_more",
        "sockets/test_sizes.py::test_what_is_said_in_a_full_group_reaches_its_members",
    ],
    "people kept out of a group who were no members": [
        "services/test_rooms.py::test_a_group_keeps_out_so_many_who_were_no_members_at_most",
    ],
    "invitations of a group": [
        "http/test_room_invitations.py::test_a_group_has_so_many_invitations_at_most",
    ],
    "blocked people": ["http/test_blocks.py::test_one_blocks_so_many_people_at_most"],
    "membership requests that wait for one person's answer": [
        "http/test_membership_requests.py::test_unanswered_requests_are_bounded",
    ],
    "sessions of an account": [
        "services/test_sessions.py"
        "::test_the_session_used_least_lately_ends_when_there_are_too_many",
    ],
    "codes": [
        "http/test_users.py::test_codes_are_limited_for_each_address",
        "http/test_callers.py::test_one_caller_gets_a_hundred_codes_an_hour",
    ],
    "groups that others add one to without asking": [
        "http/test_membership_requests.py::test_additions_of_one_user_are_limited_by_day",
    ],
    "membership requests by one person": [
        "http/test_membership_requests.py"
        "::test_requests_to_one_user_are_limited_even_if_their_groups_are_deleted",
        "http/test_membership_requests.py::test_one_person_asks_so_many_strangers_a_day",
    ],
    "wrong codes": [
        "http/test_callers.py"
        "::test_during_guessing_a_guesser_has_one_try_for_each_code_and_the_operator_is_warned",
        "http/test_callers.py::test_one_caller_guesses_so_many_codes_and_then_spends_no_try",
    ],
    "wrong links": [
        "http/test_registration.py::test_wrong_invitations_are_limited_for_each_caller",
        "http/test_disabled.py::test_wrong_links_are_limited_for_each_caller",
    ],
    "taken usernames that are told": [
        "http/test_callers.py::test_a_right_code_shows_of_few_names_whether_they_are_taken",
        "http/test_callers.py"
        "::test_a_free_name_registers_whatever_others_behind_the_same_address_tried",
        "http/test_registration.py" "::test_an_invitation_reveals_a_limited_number_of_taken_names",
    ],
    "log-ins": [
        "services/test_sessions.py::test_right_passwords_are_limited_too_for_each_caller",
    ],
    "messages": [
        "sockets/test_rates.py::test_messages_are_counted_over_sockets_and_http_together",
    ],
    "names behind an `@` that are looked up": [
        "services/test_mentions.py::test_in_a_large_room_one_has_so_many_names_looked_up",
    ],
    "text of messages": [
        "sockets/test_rates.py"
        "::test_bytes_of_messages_are_counted_over_sockets_and_http_and_after_a_restart",
        "services/test_quotas.py::test_a_room_takes_so_many_bytes_on_a_day_from_whomever",
    ],
    "joining groups": [
        "sockets/test_rates.py::test_joining_by_numbers_is_counted_whether_they_exist_or_not",
        "sockets/test_rates.py::test_guessing_invitations_is_counted_as_joining",
    ],
    "searches for people": ["sockets/test_rates.py::test_searches_are_counted"],
    "searches for messages": ["sockets/test_rates.py::test_searches_for_messages_are_counted"],
    "connections": [
        "sockets/test_rates.py::test_connections_are_counted_and_those_there_are_stay",
    ],
    "sockets open at once": ["sockets/test_rates.py::test_sockets_that_are_open_are_limited"],
    "new rooms": [
        "sockets/test_rates.py::test_new_rooms_are_counted_and_those_there_are_not",
    ],
    "changes of rooms": [
        "sockets/test_rates.py::test_changes_of_rooms_are_counted_whatever_they_change",
    ],
    "wrong passwords": [
        "http/test_session.py::test_five_failures_lock_an_account_for_a_while",
        "services/test_sessions.py::test_guesses_from_everywhere_at_one_name_are_limited",
        "services/test_sessions.py::test_one_address_may_fail_fifty_times",
    ],
    "wrong passwords from what an account knows": [
        "http/test_devices.py::test_the_networks_of_an_account_are_counted_together",
        "http/test_devices.py::test_the_devices_of_an_account_are_counted_together",
        "services/test_sessions.py::test_a_device_with_its_token_is_no_stranger_anywhere",
    ],
}


def test_each_limit_has_its_tests() -> None:
    assert [row[0] for row in table(PROTOCOL, "limits")] == list(HELD_BY)


@pytest.mark.parametrize("name", sorted({name for names in HELD_BY.values() for name in names}))
def test_the_tests_of_the_limits_are_there(name: str) -> None:
    file, _, test = name.partition("::")
    text = (ROOT / "tests" / file).read_text("utf-8")
    assert re.search(rf"^ *def {test}\(", text, re.MULTILINE), name
