"""The endings of names, by whose beginnings every part of a name is found."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chat.text.name_parts import MAX_ENDINGS, MAX_PART, endings_of, is_searchable

KEYS = st.text(alphabet="abno -王小", min_size=1, max_size=30)


def test_endings_are_those_that_are_worth_searching_for() -> None:
    assert endings_of("anna", "jan王") == sorted(["nna", "na", "an王", "n王", "王"])
    assert endings_of("an ox") == sorted(["n ox", "ox"])
    assert endings_of("a", "") == []


@given(KEYS, st.data())
def test_every_part_begins_an_ending_or_the_name(key: str, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(key) - 1))
    part = key[first : data.draw(st.integers(first + 1, len(key)))]
    if is_searchable(part):
        cut = part[:MAX_PART]
        assert key.startswith(part) or any(one.startswith(cut) for one in endings_of(key))


def test_endings_are_bounded_however_long_a_name_is() -> None:
    endings = endings_of("".join(map(chr, range(0x4E00, 0x4E00 + 1_000))))
    assert len(endings) == MAX_ENDINGS and {len(one) for one in endings} == {MAX_PART}
