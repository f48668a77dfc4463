"""What becomes of a push at the service, and where it may go at all."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from chat.push.endpoints import Endpoints, RefusedEndpoint, is_public
from tests.push.conftest import Town

Room = dict[str, Any]


@pytest.mark.parametrize("status", [404, 410])
def test_a_dead_endpoint_is_forgotten(town: Town, direct: Room, status: int) -> None:
    town.subscribe()
    town.service.answers.append((status, {}))
    town.bob.say(direct, "hello")
    town.send()
    assert town.service.next() and not town.endpoint() and town.waiting() == 0


def test_a_busy_service_is_asked_again_when_it_says(town: Town, direct: Room) -> None:
    town.subscribe()
    town.service.answers += [(429, {"Retry-After": "60"}), (503, {})]
    town.bob.say(direct, "hello")
    town.send()
    town.service.next()
    for seconds in (50, 10):  # the second answer names no time: then it takes ten
        town.send()
        assert town.service.is_empty
        town.go_on(seconds * 1_000)
    town.send()
    town.service.next()
    town.go_on(10_000)
    town.send()
    assert town.browser.read(town.service.next())["seq"] == 1 and town.waiting() == 0


def test_a_time_beyond_all_calendars_is_none(town: Town, direct: Room) -> None:
    town.subscribe()
    date = "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"
    town.service.answers.append((503, {"Retry-After": date}))
    town.bob.say(direct, "hello")
    town.send()
    town.service.next()
    town.go_on(10_000)
    town.send()
    assert town.browser.read(town.service.next())["seq"] == 1 and town.waiting() == 0


def test_a_service_that_stays_away_for_an_hour_is_left_alone(town: Town, direct: Room) -> None:
    town.subscribe()
    town.service.answers.append((503, {"Retry-After": "3600"}))
    town.bob.say(direct, "hello")
    town.send()
    assert town.service.next() and town.waiting() == 0 and town.endpoint()


def test_what_is_too_large_goes_without_the_text(town: Town, direct: Room) -> None:
    town.subscribe(text=True)
    town.service.answers.append((413, {}))
    town.bob.say(direct, "hello")
    town.send()
    first, second = (town.browser.read(town.service.next()) for _ in range(2))
    assert first["text"] == "hello" and "text" not in second


def test_a_redirect_is_not_followed(town: Town, direct: Room) -> None:
    town.subscribe()
    town.service.answers.append((307, {"Location": f"{town.service.origin}/elsewhere"}))
    town.bob.say(direct, "hello")
    town.send()
    assert town.service.next().path == town.browser.path
    assert town.service.is_empty and town.waiting() == 0


def test_a_service_with_the_certificate_of_another_gets_nothing(town: Town, direct: Room) -> None:
    endpoint = town.browser.subscription["endpoint"].replace("localhost", "127.0.0.1")
    town.subscribe(endpoint=endpoint)
    town.bob.say(direct, "hello")
    town.send()
    assert town.service.is_empty and town.waiting() == 1  # it is tried again


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),
        *("100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1"),
        *("::ffff:10.0.0.1", "::ffff:127.0.0.1", "::127.0.0.1", "2001:db8::1"),
        *("fec0::1", "192.88.99.1", "3fff::1", "192.0.0.100", "5f00::1"),
        *("64:ff9b::a00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2001:0:0:1::1", "nonsense"),
    ],
)
def test_no_address_but_public_ones_is_connected_to(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["142.250.1.1", "2a00:1450:4001::1", "::ffff:142.250.1.1"])
def test_public_addresses_are(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        *("https://127.0.0.1/x", "https://[::1]/x", "https://localhost/x", "https://2130706433/x"),
        *("https://0x7f.1/x", "https://push.example.org:8443/x", "http://push.example.org/x"),
        *("https://a..b/x", f"https://{'a' * 64}.example.org/x"),
        *("https://user@push.example.org/x", "https://[::ffff:127.0.0.1]/x", "https:///x"),
    ],
)
def test_an_endpoint_on_a_private_network_is_refused(url: str) -> None:
    with pytest.raises(RefusedEndpoint):
        Endpoints(allow_private=False).resolve(url)


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answer(host: str, port: int, **_: object) -> list[Any]:
        asked.append(host)
        return [(0, 0, 0, "", (one, port)) for one in ("142.250.1.1", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    with pytest.raises(RefusedEndpoint):
        Endpoints(allow_private=False).resolve("https://push.example.org/x")
    assert asked == ["push.example.org"]


def test_a_subscription_to_a_private_network_is_forgotten_unsent(
    town: Town, direct: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Endpoints, "resolve", Endpoints(allow_private=False).resolve)
    town.subscribe()
    town.bob.say(direct, "hello")
    town.send()
    assert town.service.is_empty and not town.endpoint() and town.waiting() == 0
