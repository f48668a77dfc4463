from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from chat import settings
from chat.environment import SettingsError
from chat.text.addresses import parse_domains
from config import Config


def config(**changes: Any) -> dict[str, Any]:
    """Return the defaults, whatever the environment of the tests says, with changes."""
    defaults = {name: getattr(Config, name) for name in dir(Config) if name.isupper()}
    defaults |= {"HOST": "127.0.0.1", "PORT": 5000, "SECRET_KEY": "", "MONGO_URI": ""}
    defaults |= {"MAIL": "", "MAIL_SERVER": "", "RATE_LIMITS": True, "CORS_ORIGINS": ""}
    defaults |= {"MAIL_USE_SSL": True, "MAIL_USE_TLS": False}
    defaults |= {"MAIL_USERNAME": "", "MAIL_PASSWORD": ""}
    defaults |= {"TRUSTED_PROXIES": 0, "HOSTS": "", "MESSAGE_QUEUE_URL": ""}
    defaults |= {
        "DATABASE": "auto",
        "REGISTRATION": "open",
        "REGISTRATION_DOMAINS": "",
        "PUBLIC_URL": "",
        "SITE_NAME": "",
        "SITE_LOGO": "",
    }
    defaults |= {"MONGO_INSECURE": False, "QUEUE_INSECURE": False}
    return defaults | changes


def refusal(**changes: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        settings.check(config(**changes))
    return str(caught.value)


def test_nothing_has_to_be_configured() -> None:
    settings.check(config())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "LOUD"),
        ("DATABASE", "mongodb://127.0.0.1/chat"),
        ("REGISTRATION", "members"),
        ("REGISTRATION_DOMAINS", "example.org;example.com"),
        ("REGISTRATION_DOMAINS", "school.test, @"),
        ("REGISTRATION_DOMAINS", "ann@example.org"),
        ("REGISTRATION_DOMAINS", "*.example.org"),
        ("PUBLIC_URL", "chat.example.org"),
        ("PUBLIC_URL", "ftp://chat.example.org"),
        ("PUBLIC_URL", "wss://chat.example.org"),
        ("PUBLIC_URL", "https://chat.example.org/chat"),
        ("PUBLIC_URL", "https://chat.example.org/?q=1"),
        ("SECRET_KEY", "k" * 31),
        ("MONGO_URI", "127.0.0.1:27017"),
        ("MONGO_URI", "mongodb://"),
        ("MONGO_URI", "mongodb+srv://"),
        ("MONGO_URI", "mongodb+srv://db.example.org/chat?tls=perhaps"),
        ("MONGO_URI", "mongodb+srv://db.example.org/chat?w=1;tls=true&tls=false"),
        ("MESSAGE_QUEUE_URL", "127.0.0.1:6379"),
        ("MESSAGE_QUEUE_URL", "amqp://queue.example.org"),
        ("MESSAGE_QUEUE_URL", "redis://queue.example.org:port"),
        ("MESSAGE_QUEUE_URL", "redis://[::1"),
        ("CORS_ORIGINS", "https://chat.example.org/path"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "https://*.example.org"),
        ("CORS_ORIGINS", "https://me@chat.example.org"),
        ("CORS_ORIGINS", "null"),
        ("CORS_ORIGINS", "http://"),
        ("CORS_ORIGINS", "http://chat.example.org:port"),
        ("CORS_ORIGINS", "http://chat.example.org:65536"),
        ("CORS_ORIGINS", "http://[::1"),
        ("CORS_ORIGINS", "https://例子.中国"),
        ("CORS_ORIGINS", "file://localhost"),
        ("CORS_ORIGINS", "https://a.example,https://b.example"),
        ("HOSTS", "*"),
        ("HOSTS", "chat.example.org:5000"),
        ("HOSTS", "https://chat.example.org"),
        ("HOSTS", "chat.example.org, ."),
        ("HOSTS", "*.example.org"),
        ("HOSTS", "chat..example.org"),
        ("MAIL", "pigeon"),
        ("SITE_NAME", "n" * 51),
        ("SITE_NAME", "two\nlines"),
        ("SITE_NAME", "turned \u202eround"),
        ("SITE_LOGO", "/no/such/picture.png"),
        ("SITE_LOGO", "/"),
        ("SITE_LOGO", __file__),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_the_setting(name: str, value: Any) -> None:
    text = refusal(**{name: value})
    assert name in text
    assert "\n" not in text
    assert text.endswith(".")


def test_a_logo_has_a_bounded_size(tmp_path: Path) -> None:
    file = tmp_path / "logo.svg"
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'>%s</svg>"
    file.write_bytes(svg % (b" " * 100_000))
    settings.check(config(SITE_LOGO=str(file), SITE_NAME="育才中学 · Class 9 😀"))
    file.write_bytes(svg % (b" " * 256 * 1024))
    assert "256 KiB" in refusal(SITE_LOGO=str(file))


def test_a_long_secret_key_is_taken() -> None:
    settings.check(config(SECRET_KEY="k" * 32))


def test_a_refused_uri_is_not_repeated_as_it_may_hold_a_password() -> None:
    assert "hush" not in refusal(MONGO_URI="mongodb://me:hush@@host")


@pytest.mark.parametrize(
    "origin",
    [
        "https://chat.example.org",
        "http://localhost:8080",
        "http://[::1]:8080",
        "https://a-b.example",
        "https://Chat.example.org:443/",
        "wss://chat.example.org",
        "http://my_host:3000",
        "https://xn--fsqu00a.xn--fiqs8s",
        "capacitor://localhost",
        "tauri://localhost",
        "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
        "file://",
    ],
)
def test_any_origin_with_a_scheme_is_taken(origin: str) -> None:
    settings.check(config(CORS_ORIGINS=f"https://a.example {origin}"))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_no_mail_and_may_do_without_limits(host: str) -> None:
    settings.check(config(HOST=host, RATE_LIMITS=False))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "chat.example.org"])
def test_other_addresses_need_mail(host: str) -> None:
    assert f"HOST={host} " in refusal(HOST=host)
    settings.check(config(HOST=host, MAIL="terminal"))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_proxy_in_front_makes_no_address_this_machine_alone(host: str) -> None:
    assert "TRUSTED_PROXIES=2 " in refusal(HOST=host, TRUSTED_PROXIES=2)
    settings.check(config(HOST=host, TRUSTED_PROXIES=2, HOSTS="a.example", MAIL="terminal"))


@pytest.fixture(
    params=[{"HOST": "0.0.0.0"}, {"TRUSTED_PROXIES": 1, "HOSTS": "chat.example.org"}],
    ids=["address", "proxy"],
)
def others(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What lets other machines reach the server, and a terminal for the codes."""
    return {"MAIL": "terminal", **request.param}


def open_refusal(others: dict[str, Any], **changes: Any) -> str:
    """Return what is said where others are served; for this machine alone it has to be fine."""
    settings.check(config(**changes))
    text = refusal(**{**others, **changes})
    assert "\n" not in text and text.endswith(".")
    return text


@pytest.mark.parametrize("hosts", ["", " ", ", ,"])
def test_behind_a_proxy_the_names_have_to_be_said(hosts: str) -> None:
    text = refusal(TRUSTED_PROXIES=1, MAIL="terminal", HOSTS=hosts)
    assert "TRUSTED_PROXIES=1 " in text and "HOSTS" in text
    assert "\n" not in text and text.endswith(".")
    settings.check(config(HOST="0.0.0.0", MAIL="terminal", HOSTS=hosts))
    public = {"PUBLIC_URL": "https://chat.example.org"}  # says one
    settings.check(config(TRUSTED_PROXIES=1, MAIL="terminal", HOSTS=hosts, **public))


@pytest.mark.parametrize(
    "hosts",
    ["chat.example.org", "a.example,.b.example c.example", "聊天.example", "192.0.2.7, [::1]"],
)
def test_names_and_addresses_are_taken(hosts: str) -> None:
    settings.check(config(TRUSTED_PROXIES=1, MAIL="terminal", HOSTS=hosts))


def test_who_serves_others_needs_mail(others: dict[str, Any]) -> None:
    text = open_refusal(others, MAIL="")
    assert "MAIL_SERVER" in text and "MAIL=terminal" in text
    mail = {"MAIL_SERVER": "mail.example.org", "MAIL_DEFAULT_SENDER": "a@example.org"}
    settings.check(config(**{**others, "MAIL": "", **mail}))


def test_limits_can_be_off_for_this_machine_alone(others: dict[str, Any]) -> None:
    assert "RATE_LIMITS" in open_refusal(others, RATE_LIMITS=False)


def test_debugging_is_for_this_machine_alone(others: dict[str, Any]) -> None:
    assert "FLASK_DEBUG" in open_refusal(others, DEBUG=True)
    settings.check(config(**others, DEBUG=False))


def test_codes_do_not_leave_unencrypted_where_others_are_served(others: dict[str, Any]) -> None:
    plain = {"MAIL_DEFAULT_SENDER": "a@example.org", "MAIL_USE_SSL": False, "MAIL_USE_TLS": False}
    assert "MAIL_USE_TLS" in open_refusal(others, MAIL_SERVER="mail.example.org", **plain)
    settings.check(config(**others, MAIL_SERVER="127.0.0.1", **plain))


@pytest.mark.parametrize(
    ("queue", "missing"),
    [
        ("redis://127.0.0.1:6379/0", "password"),
        ("redis://", "password"),
        ("redis://me@queue.example.org", "password"),
        ("rediss://queue.example.org", "password"),
        ("redis://:hush@queue.example.org:6379/0", "rediss://"),
        ("redis://me:hush@192.0.2.7", "rediss://"),
        ("redis:///0?password=hush&host=queue.example.org", "rediss://"),
        ("rediss://:hush@queue.example.org?ssl_cert_reqs=none", "rediss://"),
        ("rediss://:hush@queue.example.org?ssl_check_hostname=False", "rediss://"),
    ],
)
def test_a_message_queue_has_a_password_and_on_another_machine_tls(
    others: dict[str, Any], queue: str, missing: str
) -> None:
    text = open_refusal(others, MESSAGE_QUEUE_URL=queue)
    assert "MESSAGE_QUEUE_URL" in text and missing in text and "QUEUE_INSECURE=on" in text
    assert "hush" not in text
    settings.check(config(**others, MESSAGE_QUEUE_URL=queue, QUEUE_INSECURE=True))


@pytest.mark.parametrize(
    "queue",
    [
        "rediss://:hush@queue.example.org:6379/0",
        "rediss://queue.example.org?password=hush&ssl_cert_reqs=required",
        "redis://:hush@127.0.0.1:6379/0",
        "redis://:hush@[::1]",
        "redis://me:hush@localhost",
        "unix:///run/redis/redis.sock",
    ],
)
def test_a_message_queue_of_this_machine_or_a_safe_one_is_taken(
    others: dict[str, Any], queue: str
) -> None:
    settings.check(config(**others, MESSAGE_QUEUE_URL=queue))


USER = "chat:hush@"


@pytest.mark.parametrize(
    ("uri", "missing"),
    [
        ("mongodb://db.example.org/chat", "password"),
        ("mongodb://db.example.org/chat?tls=true", "password"),
        ("mongodb://127.0.0.1,db.example.org/chat?tls=true", "password"),
        ("mongodb+srv://db.example.org/chat", "password"),
        (f"mongodb://{USER}db.example.org/chat", "tls=true"),
        (f"mongodb://{USER}db.example.org/chat?tls=false", "tls=true"),
        (f"mongodb://{USER}db.example.org/chat?tls=true&tlsInsecure=true", "tls=true"),
        (f"mongodb://{USER}db/chat?tls=true&tlsAllowInvalidCertificates=true", "tls=true"),
        (f"mongodb+srv://{USER}db.example.org/chat?tls=false", "tls=true"),
        (f"mongodb+srv://{USER}db.example.org/chat?tlsAllowInvalidHostnames=true", "tls=true"),
        (f"mongodb://{USER}db.example.org/chat?tls=true;tlsInsecure=true", "tls=true"),
        (f"mongodb+srv://{USER}db.example.org/chat?retryWrites=true;tls=false", "tls=true"),
        (f"mongodb+srv://{USER}db.example.org/chat?retryWrites=true;ssl=false", "tls=true"),
        (f"mongodb+srv://{USER}db.example.org/chat?appName=a#&tls=false", "tls=true"),
        ("mongodb+srv://localhost/chat", "password"),
    ],
)
def test_another_machines_database_asks_who_one_is_and_proves_its_name(
    others: dict[str, Any], uri: str, missing: str
) -> None:
    text = open_refusal(others, MONGO_URI=uri)
    assert "MONGO_URI" in text and missing in text and "MONGO_INSECURE=on" in text
    assert "hush" not in text
    settings.check(config(**others, MONGO_URI=uri, MONGO_INSECURE=True))


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://127.0.0.1:27017/chat",
        "mongodb://[::1]:27017,localhost/chat",
        "mongodb://%2Frun%2Fmongodb.sock/chat",
        f"mongodb://{USER}db.example.org,db2.example.org/chat?replicaSet=rs0&tls=true",
        f"mongodb+srv://{USER}db.example.org/chat",
        f"mongodb+srv://{USER}db.example.org/?retryWrites=true;tls=true",
        "mongodb://db.example.org/chat?tls=true&authMechanism=MONGODB-X509",
    ],
)
def test_a_database_of_this_machine_or_a_safe_one_is_taken(
    others: dict[str, Any], uri: str
) -> None:
    settings.check(config(**others, MONGO_URI=uri))


def test_a_name_that_stands_for_hosts_is_checked_without_asking_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def asked(*_: object, **__: object) -> None:
        raise AssertionError("the name server was asked")

    monkeypatch.setattr("dns.resolver.resolve", asked)
    monkeypatch.setattr("socket.getaddrinfo", asked)
    uri = f"mongodb+srv://{USER}db.example.org/chat"
    settings.check(config(HOST="0.0.0.0", MAIL="terminal", MONGO_URI=uri))


def test_a_mail_server_needs_a_sender_and_one_kind_of_encryption() -> None:
    server = {"MAIL_SERVER": "mail.example.org"}
    assert "MAIL_DEFAULT_SENDER" in refusal(**server, MAIL_DEFAULT_SENDER="")
    server["MAIL_DEFAULT_SENDER"] = "chat@example.org"
    assert "MAIL_USE_TLS" in refusal(**server, MAIL_USE_SSL=True, MAIL_USE_TLS=True)
    plain: dict[str, Any] = {"MAIL_USE_SSL": False, "MAIL_USE_TLS": False}
    plain |= {"MAIL_USERNAME": "u", "MAIL_PASSWORD": "p"}
    assert "MAIL_PASSWORD" in refusal(**server, **plain)
    settings.check(config(**server | {"MAIL_SERVER": "127.0.0.1"}, **plain))


@pytest.mark.parametrize(
    "host", ["smtp..x", "smtp.example.org:587", "[::1]", "-a.b", "a b", "x" * 64]
)
def test_a_mail_server_that_can_be_no_host_is_refused(host: str) -> None:
    text = refusal(MAIL_SERVER=host, MAIL_DEFAULT_SENDER="chat@example.org")
    assert text.startswith("MAIL_SERVER must be") and host in text and text.endswith(".")


@pytest.mark.parametrize("host", ["smtp.example.org.", "::1", "my_mail", "邮件.中国", "192.0.2.1"])
def test_a_mail_server_may_be_any_host(host: str) -> None:
    settings.check(config(MAIL_SERVER=host, MAIL_DEFAULT_SENDER="chat@example.org"))


@pytest.mark.parametrize(
    "sender",
    [
        "Chat",
        "a@b>",
        "Chat <chat>",
        "<chat@smtp..x>",
        "用户@example.org",
        "a@b.c, d@e.f",
        "a\nb <a@b.c>",
    ],
)
def test_a_sender_that_is_no_address_is_refused(sender: str) -> None:
    text = refusal(MAIL_SERVER="mail.example.org", MAIL_DEFAULT_SENDER=sender)
    assert text.startswith("MAIL_DEFAULT_SENDER must name") and text.endswith(".")
    assert "\n" not in text


@pytest.mark.parametrize("missing", ["MAIL_USERNAME", "MAIL_PASSWORD"])
def test_half_an_account_at_the_mail_server_is_refused(missing: str) -> None:
    account = {"MAIL_USERNAME": "u", "MAIL_PASSWORD": "p", missing: ""}
    mail = {"MAIL_SERVER": "mail.example.org", "MAIL_DEFAULT_SENDER": "chat@example.org"}
    assert "MAIL_USERNAME and MAIL_PASSWORD" in refusal(**mail, **account)


def test_advice_is_given_only_to_those_who_serve_others_with_the_defaults(
    others: dict[str, Any],
) -> None:
    assert settings.advice(config()) is None
    shared = config(**others)
    advice = settings.advice(shared)
    assert advice is not None and "SECRET_KEY" in advice and "MONGO_URI" in advice
    assert ("proxy" in advice) is not bool(shared["TRUSTED_PROXIES"])  # who has one is not told to
    keyed = shared | {"SECRET_KEY": "k" * 32}
    less = settings.advice(keyed)
    assert less is not None and "SECRET_KEY" not in less and "MONGO_URI" in less
    assert settings.advice(keyed | {"MONGO_URI": "mongodb://db/chat"}) is None


def test_the_key_is_made_once_and_kept_for_its_owner(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "var"
    made = settings.secret_key(config(DATA_DIR=str(directory)))
    assert len(made.encode()) >= settings.SECRET_BYTES
    assert settings.secret_key(config(DATA_DIR=str(directory))) == made
    assert [file.name for file in directory.iterdir()] == ["secret_key"]
    assert stat.S_IMODE((directory / "secret_key").stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_a_given_key_leaves_no_file(tmp_path: Path) -> None:
    given = "k" * 40
    assert settings.secret_key(config(DATA_DIR=str(tmp_path), SECRET_KEY=given)) == given
    assert not list(tmp_path.iterdir())


def test_all_who_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(settings.secret_key, [config(DATA_DIR=str(tmp_path))] * 64))
    assert len(keys) == 1


def test_a_kept_key_that_is_too_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("short\n")
    with pytest.raises(SettingsError, match="secret_key"):
        settings.secret_key(config(DATA_DIR=str(tmp_path)))


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({}, "http://127.0.0.1:5000"),
        ({"HOST": "::1", "PORT": 80}, "http://[::1]:80"),
        ({"HOST": "192.0.2.7"}, "http://192.0.2.7:5000"),
        ({"PUBLIC_URL": "https://chat.example.org/"}, "https://chat.example.org"),
        ({"PUBLIC_URL": "http://[2001:db8::1]:8000", "HOST": "::"}, "http://[2001:db8::1]:8000"),
    ],
)
def test_links_lead_to_where_people_reach_the_page(changes: dict[str, Any], url: str) -> None:
    settings.check(config(**changes, MAIL="terminal"))
    assert settings.public_url(config(**changes)) == url


@pytest.mark.parametrize("changes", [{"HOST": "0.0.0.0"}, {"HOST": "::"}, {"TRUSTED_PROXIES": 1}])
def test_where_nobody_knows_it_a_link_wants_the_public_address(changes: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="PUBLIC_URL must name"):
        settings.public_url(config(**changes))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", set()),
        (" , ,", set()),
        ("example.org", {"example.org"}),
        ("Example.ORG, \uff53chool.test", {"example.org", "school.test"}),
        ("例え.jp,xn--r8jz45g.jp", {"xn--r8jz45g.jp"}),
        ("straße.de", {"xn--strae-oqa.de"}),
    ],
)
def test_domains_are_read_in_any_spelling(written: str, read: set[str]) -> None:
    settings.check(config(REGISTRATION_DOMAINS=written))
    assert parse_domains(written) == read
