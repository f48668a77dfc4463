"""What makes an app of the page: manifest, service worker, and an installation's own looks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from chat.bundle import STATIC

PNG = (STATIC / "icons/icon-192.png").read_bytes()
SVG = b'<?xml version="1.0"?>\n<!-- ours --><svg xmlns="http://www.w3.org/2000/svg"/>'


@pytest.mark.parametrize(("lang", "name"), [("en", "Chat"), ("zh", "聊天室"), ("fr", "聊天室")])
def test_the_manifest_names_the_app_in_the_language_of_the_page(
    make_app: Callable[..., Flask], lang: str, name: str
) -> None:
    client = make_app(SITE_NAME="").test_client()
    response = client.get(f"/manifest.webmanifest?lang={lang}")
    assert response.mimetype == "application/manifest+json"
    manifest = json.loads(response.data)
    assert manifest["name"] == name
    assert (manifest["start_url"], manifest["display"]) == ("/", "standalone")


@pytest.mark.parametrize("logo", [None, "png", "svg"])
def test_every_icon_of_the_manifest_is_a_picture_of_its_type(
    make_app: Callable[..., Flask], tmp_path: Path, logo: str | None
) -> None:
    file = tmp_path / "logo"
    file.write_bytes(SVG if logo == "svg" else PNG)
    client = make_app(SITE_LOGO=str(file) if logo else "").test_client()
    icons = json.loads(client.get("/manifest.webmanifest").data)["icons"]
    assert {"any"} <= {icon["purpose"] for icon in icons}
    for icon in icons:
        picture = client.get(icon["src"], buffered=True)
        assert (picture.status_code, picture.mimetype) == (200, icon["type"])
        assert "immutable" in picture.headers["Cache-Control"]


def test_the_worker_keeps_everything_that_the_page_loads(make_app: Callable[..., Flask]) -> None:
    client = make_app(BUNDLE=True).test_client()
    response = client.get("/sw.js")
    assert response.mimetype == "text/javascript"
    assert response.headers["Cache-Control"] == "no-cache"
    assert "connect-src 'self'" in response.headers["Content-Security-Policy"]
    first_line = response.text.partition("\n")[0]
    shell = json.loads(first_line.removeprefix("const SHELL = ").removesuffix(";"))
    files = set(shell["files"])
    loaded = re.findall(
        r'<(?:script|link rel="(?:stylesheet|modulepreload)")[^>]* (?:src|href)="([^"]+)"',
        client.get("/").text,
    )
    assert loaded
    chunks = {
        f"/static/{shell['version']}/bundle/{file.name}"
        for file in (STATIC / "bundle").iterdir()
        if file.suffix != ".json"
    }
    assert {*loaded, *chunks} <= files
    for address in files:
        assert client.get(address, buffered=True).status_code == 200


def test_modules_are_not_kept_while_one_works_on_them(make_app: Callable[..., Flask]) -> None:
    client = make_app(BUNDLE=False).test_client()
    assert client.get("/sw.js").status_code == 404
    assert "data-worker" not in client.get("/").text


def test_the_page_is_called_what_the_operator_says(make_app: Callable[..., Flask]) -> None:
    name = "Ann's & Ben's \"school\""
    client = make_app(SITE_NAME=name).test_client()
    page = client.get("/").text
    assert "<title>Ann&#39;s &amp; Ben&#39;s &#34;school&#34;</title>" in page
    assert 'data-site-name="Ann&#39;s &amp; Ben&#39;s &#34;school&#34;"' in page
    assert json.loads(client.get("/manifest.webmanifest").data)["name"] == name


def test_the_logo_does_nothing_but_be_looked_at(
    make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    file = tmp_path / "logo.png"  # what it is, it says itself
    file.write_bytes(SVG)
    client = make_app(SITE_LOGO=str(file)).test_client()
    found = re.search(r'data-site-logo="([^"]+)"', client.get("/").text)
    assert found is not None
    response = client.get(found[1])
    assert (response.data, response.mimetype) == (SVG, "image/svg+xml")
    assert response.headers["Content-Security-Policy"].endswith("; sandbox")
    assert "immutable" in response.headers["Cache-Control"]
    other = client.get("/logo?v=another")
    assert other.headers["Cache-Control"] == "no-cache"
    assert client.get("/logo", headers={"If-None-Match": other.headers["ETag"]}).status_code == 304


def test_without_a_logo_there_is_none(make_app: Callable[..., Flask]) -> None:
    client = make_app(SITE_LOGO="").test_client()
    assert client.get("/logo").status_code == 404
    assert 'data-site-logo=""' in client.get("/").text


@pytest.mark.parametrize(
    ("cookie", "attribute", "scheme"),
    [
        (None, "", "light dark"),
        ("light", ' data-theme="light"', "light"),
        ("dark", ' data-theme="dark"', "dark"),
        ("<script>", "", "light dark"),
    ],
)
def test_the_page_begins_in_the_theme_that_was_chosen(
    make_app: Callable[..., Flask], cookie: str | None, attribute: str, scheme: str
) -> None:
    client = make_app().test_client()
    if cookie:
        client.set_cookie("theme", cookie)
    page = client.get("/", headers={"Accept-Language": "en"}).text
    assert f'<html lang="en"{attribute}>' in page
    assert f'<meta name="color-scheme" content="{scheme}">' in page
