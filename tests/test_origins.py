"""Origins are compared as what they mean, not as they are written."""

from __future__ import annotations

import pytest

from chat.origins import is_accepted, own_origin, parse_origin, parse_origins


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://chat.example", "ws://chat.example"),
        ("https://chat.example", "wss://chat.example:443"),
        ("https://chat.example", "HTTPS://Chat.Example/"),
        ("http://chat.example", "http://chat.example:80"),
        ("http://chat.example:8080", "http://chat.example:08080"),
        ("http://[::1]:5000", "http://[0:0:0:0:0:0:0:1]:5000"),
        ("http://[2001:db8::a]", "http://[2001:DB8::A]"),
        ("tauri://localhost", "Tauri://localhost/"),
        ("file://", "file:///"),
    ],
)
def test_two_ways_to_write_one_origin(one: str, other: str) -> None:
    assert parse_origin(one) == parse_origin(other) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://chat.example", "https://chat.example"),
        ("http://chat.example", "http://chat.example:443"),
        ("https://chat.example", "https://chat.example."),
        ("https://chat.example", "https://www.chat.example"),
        ("capacitor://localhost", "tauri://localhost"),
        ("capacitor://localhost", "http://localhost"),
        ("file://", "http://file"),
    ],
)
def test_two_origins(one: str, other: str) -> None:
    assert parse_origin(one) != parse_origin(other)
    assert parse_origin(one) and parse_origin(other)


@pytest.mark.parametrize(
    "text",
    [
        *("", "null", "*", "chat.example", "//chat.example", "http:", "http://", "://x"),
        *("http://a b", "http://a http://b", "http://a,http://b", "http://a\n", "http://a\x00"),
        *("http://me@a", "http://a/path", "http://a?q", "http://a#f", "http://a\\b", "http://a;b"),
        *("http://a:", "http://a:port", "http://a:65536", "http://a:-1", "http://a:1:2"),
        *("http://[::1", "http://::1", "http://[::g]", "http://[fe80::1%eth0]", "http://a..b"),
        *("http://*.a", "http://.a", "file://a", "file://:80", "http://例子.中国", "http://\u212a"),
        "http://" + "a" * 500,
    ],
)
def test_no_origin(text: str) -> None:
    assert parse_origin(text) is None


@pytest.mark.parametrize(
    ("scheme", "host", "origin"),
    [
        ("http", "127.0.0.1:5000", "ws://127.0.0.1:5000"),
        ("http", "my_host:3000", "http://my_host:3000"),
        ("https", "Chat.example.org", "https://chat.example.org"),
        ("https", "chat.example.org:443", "wss://chat.example.org"),
        ("http", "[::1]:5000", "http://[::1]:5000"),
    ],
)
def test_ones_own_origin_is_accepted(scheme: str, host: str, origin: str) -> None:
    environ = {"wsgi.url_scheme": scheme, "HTTP_HOST": host}
    assert own_origin(environ) == parse_origin(origin)
    assert is_accepted(parse_origin(origin), environ, frozenset())
    assert not is_accepted(parse_origin("https://elsewhere.example"), environ, frozenset())
    assert not is_accepted(None, environ, frozenset())


def test_without_a_host_nothing_is_ones_own() -> None:
    assert not is_accepted(parse_origin("http://a"), {"wsgi.url_scheme": "http"}, frozenset())


def test_a_list_names_what_is_wrong_in_it() -> None:
    assert parse_origins(" ") == frozenset()
    with pytest.raises(ValueError, match="^b$"):
        parse_origins("http://a b")
