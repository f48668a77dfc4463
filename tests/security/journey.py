"""Two people do everything that can be done, and everything they send and get is written down."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import requests

from harness.accounts import bearer, new_email, new_name, new_password
from harness.people import new_client_id
from harness.servers import Server
from tests.http.uploading import picture
from tests.push.service import Browser
from tests.wire import Closed, WireClient

JSON = {"Content-Type": "application/json"}


class Traveller:
    """Someone who has been through everything: what they must keep to themselves, what they got."""

    def __init__(self, journey: Journey) -> None:
        self._journey = journey
        self.username, self.email, self.password = new_name(), new_email(), new_password()
        self.passwords = [self.password]
        self.codes: list[str] = []
        self.tokens: list[str] = []
        self.texts: list[str] = []  # what was said
        self.got: list[Any] = []  # bodies, headers, acks and pushes
        self.id = ""
        self.access = self.refresh = ""
        self.client: WireClient | None = None

    def call(
        self,
        route: str,
        json: Any = None,
        *,
        ok: bool = True,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
        data: str | bytes | None = None,
        cookies: dict[str, str] | None = None,
        **places: str,
    ) -> Any:
        """Call a route, note the answer and return its `data`."""
        self._journey.seen.add(route)
        method, rule = route.split(" ")
        path = re.sub(r"<(?:path:)?(\w+)>", lambda match: places[match[1]], rule)
        response = requests.request(
            method,
            self._journey.server.url + path,
            json=json,
            data=data,
            params=query,
            cookies=cookies,
            headers=bearer(self.access if token is None else token) | (headers or {}),
            timeout=60,
        )
        assert response.ok is ok, (route, response.text)
        self.got += [dict(response.headers), response.text]
        self._journey.cookies += [(one.name, one.value or "") for one in response.cookies]
        body = response.json() if response.content and "json" in self.kind(response) else {}
        self.got.append(body)
        return body.get("data")

    @staticmethod
    def kind(response: requests.Response) -> str:
        return response.headers.get("Content-Type", "")

    def emit(self, where: str, payload: dict[str, Any]) -> Any:
        """Send an event and return the `data` of its ack; what came is noted at the end."""
        self._journey.seen.add(where)
        assert self.client is not None
        namespace, event = where.split(" ")
        answer = self.client.call(namespace, event, payload)
        assert "data" in answer, (where, answer)
        return answer["data"]

    def take(self, grant: dict[str, Any]) -> None:
        """Keep the tokens of a log-in."""
        self.access = grant["access_token"]
        self.refresh = grant.get("refresh_token", self.refresh)
        self.tokens += [self.access, self.refresh]

    def new_code(self, purpose: str) -> str:
        """Ask for a code and read the mail."""
        self.call("POST /api/users/code", {"email": self.email, "purpose": purpose})
        code = self._journey.server.next_code(self.email)
        self.codes.append(code)
        return code

    def change_to(self) -> str:
        """Think of another password."""
        self.password = new_password()
        self.passwords.append(self.password)
        return self.password

    def say(self) -> dict[str, Any]:
        """Think of something to say."""
        self.texts.append(f"said {secrets.token_hex(8)}")
        return {"client_id": new_client_id(), "data": self.texts[-1]}


class Journey:
    """The way through all routes and events, on a server of its own."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.seen: set[str] = set()
        self.cookies: list[tuple[str, str]] = []  # names and values
        self.invitations: list[str] = []
        self.grants: list[str] = []  # of downloads
        self.browser = Browser("https://push.example.org", secrets.token_hex(8))
        self.ann, self.bob = Traveller(self), Traveller(self)
        with ExitStack() as stack:
            self._register()
            self._connect(stack)
            self._talk()
            self._stumble(stack)
            self._manage_account()
            for person in (self.ann, self.bob):
                assert person.client is not None
                person.got += [entry[3] for entry in person.client.received]
        self._leave()

    def secrets(self) -> Iterator[str]:
        """Yield everything that belongs into no log."""
        for person in (self.ann, self.bob):
            yield from (*person.passwords, *person.tokens, *person.texts, person.email)
            yield from (token.rpartition(".")[2] for token in person.tokens)
        yield from (value for _, value in self.cookies)
        yield from (*self.invitations, *self.grants, self.browser.path)

    def codes(self) -> Iterator[str]:
        """Yield the codes, which are so short that they may be part of something else."""
        yield from (*self.ann.codes, *self.bob.codes)

    def _register(self) -> None:
        for person in (self.ann, self.bob):
            body = {
                "username": person.username,
                "password": person.password,
                "email": person.email,
                "code": person.new_code("register"),
            }
            person.call("POST /api/users", {**body, "code": "x" + secrets.token_hex(3)}, ok=False)
            grant = person.call("POST /api/users", body)
            person.id = grant["user"]["id"]
            person.take(grant)
        wrong = {"username": self.ann.username, "password": self.bob.password}
        self.ann.call("POST /api/session", wrong, ok=False)
        self.ann.take(self.ann.call("POST /api/session", wrong | {"password": self.ann.password}))
        self.ann.take(self.ann.call("POST /api/session/refresh", token=self.ann.refresh))

    def _connect(self, stack: ExitStack) -> None:
        for person in (self.ann, self.bob):
            person.client = WireClient(self.server.url)
            stack.callback(person.client.close)
            for namespace in ("/direct", "/group"):
                assert "sid" in person.client.connect(namespace, person.access)

    def _share(self, room: dict[str, Any]) -> None:
        """Send a file and read it in each way."""
        named = {"name": "one.txt"}
        file = self.ann.call("POST /api/rooms/<room_id>/files", data=b"a\n", query=named, **room)
        sent = {**self.ann.say(), "files": [file["id"]]}
        self.ann.call("POST /api/rooms/<room_id>/messages", sent, **room)
        picture_sent = self.ann.call(
            "POST /api/rooms/<room_id>/files", data=picture(), query={"name": "one.png"}, **room
        )
        self.ann.call("GET /api/files/<file_id>/preview", file_id=picture_sent["id"])
        self.bob.call("GET /api/files/<file_id>", file_id=file["id"])
        link = self.bob.call("POST /api/files/<file_id>/link", file_id=file["id"])["url"]
        grant = link.rpartition("/")[2]
        self.grants.append(grant)
        self.bob.call(
            "GET /api/files/<file_id>/download/<grant>", file_id=file["id"], grant=grant, token=""
        )

    def _subscribe(self) -> None:
        self.ann.call("GET /api/push/key")
        self.ann.call("PUT /api/session/push", self.browser.subscription)
        self.ann.call("DELETE /api/session/push")

    def _talk(self) -> None:
        ann, bob = self.ann, self.bob
        group = ann.call("POST /api/rooms", {"name": "Travellers", "info": "on the way"})
        room = {"room_id": group["id"]}
        bob.call("POST /api/rooms/join", {"number": group["number"]})
        member = "/api/rooms/<room_id>/members/<user_id>"
        ann.call(f"PATCH {member}", {"role": "admin"}, user_id=bob.id, **room)
        bob.call("PATCH /api/rooms/<room_id>", {"name": "Walkers"}, **room)
        bob.call("PUT /api/rooms/<room_id>/avatar", data=picture(), **room)
        ann.call("DELETE /api/rooms/<room_id>/avatar", **room)
        sent = ann.call("POST /api/rooms/<room_id>/messages", ann.say(), **room)
        self._change(room, "/group", sent["seq"])
        self._share(room)
        self._subscribe()
        for person in (ann, bob):
            sent = person.emit("/group send_message", {**room, **person.say()})
            person.emit("/group typing", room)
            person.emit("/group mark_read", {**room, "seq": sent["seq"]})
            person.call("PUT /api/rooms/<room_id>/read", {"seq": sent["seq"]}, **room)
            for name, value in (("muted", True), ("notify", "mentions"), ("pinned", True)):
                person.call(f"PUT /api/rooms/<room_id>/{name}", {name: value}, **room)
            said = {**person.say(), "reply_to": sent["seq"]}
            person.emit("/group send_message", {**room, **said})
            for route in ("", "/members", "/messages"):
                person.call(f"GET /api/rooms/<room_id>{route}", **room)
        ann.call(f"DELETE {member}", user_id=bob.id, **room)
        added = "POST /api/rooms/<room_id>/members"
        for route in ("DELETE", "POST"):  # bob is a stranger now: he declines, then accepts
            asked = ann.call("POST /api/rooms", {"name": "Asked"}) if route == "DELETE" else group
            ann.call(added, {"username": bob.username}, room_id=asked["id"])
            (request,) = bob.call("GET /api/users/me/invitations")
            bob.call(
                f"{route} /api/users/me/invitations/<request_id>",
                request_id=request["id"],
            )
        direct = ann.call("POST /api/rooms/direct", {"username": bob.username})
        sent = ann.emit("/direct send_message", {"to": bob.username, **ann.say()})
        bob.emit("/direct typing", {"room_id": direct["id"]})
        bob.emit("/direct mark_read", {"room_id": direct["id"], "seq": sent["seq"]})
        bob.call("PUT /api/rooms/<room_id>/hidden", {"hidden": True}, room_id=direct["id"])
        bob.call("PUT /api/users/me/blocks/<user_id>", user_id=ann.id)
        bob.call("GET /api/users/me/blocks")
        bob.call("DELETE /api/users/me/blocks/<user_id>", user_id=ann.id)
        for person in (ann, bob):
            person.call("GET /api/rooms")
            for namespace in ("/direct", "/group"):
                person.emit(f"{namespace} sync", {"rooms": {}})
                person.emit(f"{namespace} authenticate", {"token": person.access})
        self._change({"room_id": direct["id"]}, "/direct", sent["seq"])
        other = bob.emit("/group create_room", {"name": "Another"})
        ann.emit("/group join_room", {"number": other["number"]})
        ann.emit("/group leave_room", {"room_id": other["id"]})
        self._invite(other["id"])
        bob.call("DELETE /api/rooms/<room_id>", room_id=other["id"])

    def _change(self, room: dict[str, Any], namespace: str, seq: int) -> None:
        """Do to a message of ann's whatever can be done to it, over HTTP and over a socket."""
        ann, bob = self.ann, self.bob
        one = "/api/rooms/<room_id>/messages/<seq>"
        places: dict[str, Any] = {**room, "seq": str(seq)}
        said = ann.say()["data"]
        ann.call(f"PATCH {one}", {"data": said}, **places)
        ann.emit(f"{namespace} edit_message", {**room, "seq": seq, "data": ann.say()["data"]})
        for route in ("PUT", "DELETE"):
            bob.call(f"{route} {one}/reactions/<emoji>", emoji="👍", **places)
            ann.call(f"{route} {one}/pin", **places)
        for on in (True, False, True):
            bob.emit(f"{namespace} react", {**room, "seq": seq, "emoji": "🎉", "on": on})
            ann.emit(f"{namespace} pin_message", {**room, "seq": seq, "on": on})
        for person in (ann, bob):
            person.call(f"GET {one}", **places)
            person.call(f"GET {one}/reactions", **places)
            person.call("GET /api/rooms/<room_id>/pins", **room)
            person.call("GET /api/rooms/<room_id>/changes", query={"after_rev": "0"}, **room)
            person.call("GET /api/search", query={"q": "word"})
        ann.emit(f"{namespace} delete_message", {**room, "seq": seq})
        other = ann.call("POST /api/rooms/<room_id>/messages", ann.say(), **room)
        ann.call(f"DELETE {one}", **room, seq=str(other["seq"]))

    def _invite(self, room_id: str) -> None:
        ann, bob = self.ann, self.bob
        bob.call("POST /api/rooms/<room_id>/number", room_id=room_id)
        made = bob.call("POST /api/rooms/<room_id>/invitations", {"uses": 1}, room_id=room_id)
        self.invitations.append(made["token"])
        use = "/api/invitations/<invitation_token>"
        ann.call(f"GET {use}", invitation_token=made["token"])
        ann.call(f"POST {use}", invitation_token=made["token"])
        bob.call("GET /api/rooms/<room_id>/invitations", room_id=room_id)
        revoke = "DELETE /api/rooms/<room_id>/invitations/<invitation_id>"
        bob.call(revoke, invitation_id=made["id"], room_id=room_id)
        ann.call(f"GET {use}", ok=False, invitation_token=made["token"])

    def _stumble(self, stack: ExitStack) -> None:
        """Send what is wrong, with secrets in it wherever there is room for one."""
        ann = self.ann
        said = ann.say()["data"]
        for body in (f'{{"name": "{said}"', f'["{said}"]', f'{{"{said}": "{said}"}}', said):
            ann.call("POST /api/rooms", data=body, headers=JSON, ok=False)
            ann.call("POST /api/rooms", data=body, headers={"X-Session-Key": said}, ok=False)
        ann.call("GET /api/users/me", token=ann.refresh, ok=False)
        ann.call("GET /api/users/me", token="", query={"access_token": ann.access}, ok=False)
        ann.call("GET /api/users/me", token="", query={"token": ann.access}, ok=False)
        for frame in (f'42/group,1["send_message",["{said}"]', f'42/group["{said}', said):
            client = WireClient(self.server.url)
            stack.callback(client.close)
            client.connect("/group", ann.access)
            client.send_raw("4" + frame.removeprefix("4"))
            try:
                client.barrier("/group")
            except Closed:
                continue
        assert ann.client is not None
        ann.client.call("/group", said, {said: said})
        ann.client.call("/group", "send_message", {"room_id": said, "data": said})

    def _manage_account(self) -> None:
        ann, bob = self.ann, self.bob
        for person in (ann, bob):
            person.call("PATCH /api/users/me", {"nickname": "Walker"})
            person.call("PUT /api/users/me/avatar", data=picture())
            person.call("GET /api/users/me")
            person.call("GET /api/session")
        ann.call("GET /api/users/<username>", username=bob.username)
        ann.call("GET /api/users", query={"q": bob.username[:6]})
        ann.call("DELETE /api/users/me/avatar")
        second = ann.call(
            "POST /api/session", {"username": ann.email, "password": ann.password}, token=""
        )
        ann.tokens += [second["access_token"], second["refresh_token"]]
        (other,) = [one for one in ann.call("GET /api/session") if not one["current"]][:1]
        ann.call("DELETE /api/session/<session_id>", session_id=other["id"])
        before = {"current_password": ann.password}
        ann.call("PUT /api/users/me/password", before | {"password": ann.change_to()})
        reset = {"email": ann.email, "code": ann.new_code("reset"), "password": ann.change_to()}
        ann.call("PUT /api/users/password", reset)

    def _leave(self) -> None:
        ann, bob = self.ann, self.bob
        cookie = {"X-Session": "cookie"}
        login = {"username": ann.username, "password": ann.password}
        ann.take(ann.call("POST /api/session", login, headers=cookie))
        kept = {"chat_refresh": dict(self.cookies)["chat_refresh"]}
        renewed = "POST /api/session/refresh"
        ann.take(ann.call(renewed, {}, headers=cookie, cookies=kept, token=""))
        ann.call("DELETE /api/session")
        bob.call("DELETE /api/users/me", {"password": bob.password})
        for path in ("/", "/health"):
            ann.call(f"GET {path}")
