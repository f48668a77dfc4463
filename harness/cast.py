"""People, rooms and messages that show every view of the page; a richer cast than the demo's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Flask

from harness.accounts import data_of
from harness.drawings import drawing
from harness.people import Person, index, make_people

Room = dict[str, Any]

NICKNAMES = {
    "linxiao": "林晓",
    "chenmo": "陈墨",
    "emma.reed": "Emma Reed",
    "tomas": "Tomas Novak",
    "maryam": "مريم الأندلسي",
    "longname": "Wolfeschlegelsteinhausenberger",
    "leaving": "Gone Tomorrow",
    "noisy": "Noisy Neighbour",
    "strict": "Strict Stranger",
    "wangyu": "王雨",
    "newfriend": "",
    "zoe": "Zoë van den Berg-Öztürk",
    "newcomer": "",
    "unknown": "Una Known",
}
CODE = """Here is the function; the last line is long:

```python
def settle(app: Flask) -> None:
    for waiting in (services.previews, services.read_marks, services.audit):
        assert waiting.flush(), "a value that was to be written was not"
```

It has `no return value`, **never** waits and *cannot* fail."""
LIST = """What to bring:

- Water, 2 litres
- A warm jacket
- https://example.org/hikes/2026/mutianyu?with=a-very-long-query&that=goes-on-and-on-without-a-space

1. Meet at 7:30
2. Leave at 7:40

> 山上风大，最高温只有 8 度。"""
LINES = "\n".join(f"{number}. 第 {number} 行 of a long list" for number in range(1, 31))
HIKE = (
    ("linxiao", "大家好，这个周六去香山还是去慕田峪？"),
    ("chenmo", "香山人太多了吧，红叶季。"),
    ("emma.reed", "Is Mutianyu the part of the Wall with the slide? 😄"),
    ("wangyu", "Yes! You walk up and slide down 🛷"),
    ("emma.reed", "Then my vote is clear."),
    ("emma.reed", "And I will bring the map, the right way up."),
    ("maryam", "مرحبا! هل يمكنني أن أنضم إليكم يوم السبت؟"),
    ("linxiao", "当然可以！See https://example.org/wall and www.example.org"),
    ("longname", "W" * 120),
    ("chenmo", LIST),
    ("linxiao", "七点半，东直门集合。"),
    ("wangyu", "👍"),
    ("tomas", CODE),
    ("linxiao", "好，周六见。"),
    ("chenmo", "周六见！"),
    ("tomas", "See you all on Saturday."),
    ("emma.reed", "🎉🎉🎉"),
)


class Cast:
    """The people, their rooms and the paths to them: `place["hikes"]` is a path of the page."""

    def __init__(self, app: Flask, plain_names: bool = False) -> None:
        """Make them on the app's database; `plain_names` only where nobody has them yet."""
        people = make_people(app, *NICKNAMES, plain=plain_names)
        self.person: dict[str, Person] = dict(zip(NICKNAMES, people, strict=True))
        self.place: dict[str, str] = {"nobody": "/d/nobody-of-this-name"}
        self.room: dict[str, Room] = {}
        self.token: dict[str, str] = {}
        for name, person in self.person.items():
            if NICKNAMES[name]:
                data_of(person.patch("/users/me", json={"nickname": NICKNAMES[name]}))
        self._make_groups()
        self._make_direct_rooms()
        self._make_changes()
        self._make_albums()
        index(app, *self.room.values())

    def __getitem__(self, name: str) -> Person:
        return self.person[name]

    def path_of(self, place: str) -> str:
        """Return the path of a place, or of a message there (`hikes/m/3`), or one with a token."""
        name, *rest = place.split("/m/")
        if name in self.place:
            return "/m/".join([self.place[name], *rest])
        return place.format(**self.token)

    def _group(self, name: str, title: str, *members: str, info: str = "") -> Room:
        owner, *others = (self[one] for one in members)
        group: Room = data_of(owner.post("/rooms", json={"name": title, "info": info}), 201)
        for other in others:
            other.join(group)
        self.room[name] = group
        self.place[name] = f"/r/{group['number']}"
        return group

    def _direct(self, name: str, *lines: tuple[str, str]) -> Room:
        room = self["linxiao"].talk_to(self[name])
        self._say(room, lines)
        self.room[name] = room
        self.place[name] = f"/d/{self[name].username}"
        return room

    def _say(self, room: Room, lines: Sequence[tuple[str, str]]) -> None:
        for name, line in lines:
            self[name].say(room, line)

    def _make_groups(self) -> None:
        lin, emma = self["linxiao"], self["emma.reed"]
        others = (
            "chenmo",
            "wangyu",
            "emma.reed",
            "tomas",
            "maryam",
            "longname",
            "newfriend",
            "zoe",
        )
        info = "每周六早上出发。Everyone is welcome, also slow walkers."
        hikes = self._group("hikes", "周末爬山 ⛰️", "linxiao", *others, info=info)
        data_of(
            lin.patch(f"/rooms/{hikes['id']}/members/{self['wangyu'].id}", json={"role": "admin"})
        )
        self._say(hikes, HIKE)

        news = self._group("news", "Announcements", "emma.reed", "linxiao", "tomas")
        data_of(emma.patch(f"/rooms/{news['id']}", json={"posting": "admins"}))
        self._say(news, [("emma.reed", "The office is closed on Friday.")])

        crowd = self._group(
            "long", "Wolfeschlegelsteinhausenbergerdorff-Reading-Circle", *others[2:], "linxiao"
        )
        self._say(crowd, [("emma.reed", LINES), ("tomas", "长" * 300), ("linxiao", "W" * 200)])
        rtl = self._group("rtl", "مجموعة القراءة الأسبوعية في المكتبة", "maryam", "linxiao")
        self._say(rtl, [("maryam", "مرحبا بالجميع"), ("linxiao", "你好！")])
        data_of(lin.put(f"/rooms/{rtl['id']}/muted", json={"muted": True}))

        self._group("empty", "Tea 🍵", "linxiao")
        self._group("closed", "By invitation", "linxiao", "emma.reed")
        data_of(lin.patch(f"/rooms/{self.room['closed']['id']}", json={"access": "invitation"}))
        self._group("other", "Not yours", "emma.reed", "tomas")
        choir = self._group(
            "choir", "Saturday morning choir", "emma.reed", info="We sing. 我们唱歌。"
        )
        body = {"expires_in": 3600, "uses": 100}
        made = data_of(emma.post(f"/rooms/{choir['id']}/invitations", json=body), 201)
        self.token["choir"] = made["token"]
        # Somebody with whom she shares no group asks her into one.
        hosts = self._group("request", "Book club " + "x" * 30, "unknown", info="One book a month.")
        self["unknown"].post(f"/rooms/{hosts['id']}/members", json={"username": lin.username})

    def _make_direct_rooms(self) -> None:
        self._direct(
            "emma.reed",
            ("emma.reed", "Hi Lin! I landed an hour ago. The airport train is so fast."),
            ("linxiao", "欢迎！路上顺利吗？"),
            ("linxiao", "Oh sorry — welcome! How was the flight?"),
            ("emma.reed", "Long, but I slept."),
            ("linxiao", "明天中午一起吃饭吧？"),
            ("linxiao", "公司旁边有一家很好的面馆。"),
            ("emma.reed", "面馆 = noodle place? Yes please!"),
        )
        self._direct("longname", ("longname", "https://example.org/" + "long/" * 40))
        self._direct("leaving", ("leaving", "This is my last day here."))
        self["leaving"].end()
        self.place["leaving"] = f"/d/{self.room['leaving']['id']}"
        self._direct("noisy", ("noisy", "BUY NOW!!!"))
        self["linxiao"].put(f"/users/me/blocks/{self['noisy'].id}")
        self._direct("strict", ("linxiao", "你好，可以聊聊吗？"))
        self["strict"].put(f"/users/me/blocks/{self['linxiao'].id}")
        self.place["unknown"] = f"/d/{self['unknown'].username}"

    def _send(self, name: str, room: Room, text: str, *files: tuple[str, bytes]) -> None:
        sender = self[name]
        ids = [sender.upload(room, content, file)["id"] for file, content in files]
        sender.say(room, text, files=ids)

    def _make_albums(self) -> None:
        """Pictures and other files, in a group and in a direct room."""
        album = self._group("album", "Album 相册", "linxiao", "emma.reed", "chenmo", "tomas")
        many = [(f"garden {at}.png", drawing(400 + 60 * at, 900 - 90 * at, at)) for at in range(5)]
        plans = "The plans for the garden in spring and in autumn, second draft.pdf"
        self._send("emma.reed", album, "", ("wide.png", drawing(1200, 300, 11)))
        self._send("chenmo", album, "五张照片", *many)
        others = [
            (plans, b"%PDF" * 90_000),
            ("预算.xlsx", b"PK" * 900),
            ("راديو.mp3", b"ID3" * 9_000),
        ]
        self._send("emma.reed", album, "And the papers:", *many[:2], *others)
        photos = self._direct("tomas", ("tomas", "Look what grew!"))
        self.place["photos"] = self.place["tomas"]
        self._send("tomas", photos, "", ("tomato.png", drawing(700, 900, 21)))
        self._send("linxiao", photos, "", *many[:4])
        self._send("linxiao", photos, "真好！", ("tea.png", drawing(640, 480, 22)))

    def _make_changes(self) -> None:
        """Edits, deletions, pins and reactions, in the hikers' group and in a direct room."""
        hikes, direct = self.room["hikes"], self.room["emma.reed"]
        self["emma.reed"].change(hikes, 5, data="Then my vote is clear: the slide!")
        self["chenmo"].change(hikes, 2, deleted=True)
        self["linxiao"].change(hikes, 11, pinned=True)
        self["wangyu"].change(hikes, 9, pinned=True)
        for emoji in "👍😂😮😢🙏🔥🎉👀💯🚀🤔👏":
            self["chenmo"].change(hikes, 10, emoji=emoji)
        self["emma.reed"].change(hikes, 14, emoji="👍")
        answer = "Of course: https://example.org/ has room for all of us."
        self["tomas"].say(hikes, answer, reply_to=8)
        self["wangyu"].say(hikes, f"@{self['linxiao'].username} 周六见！", reply_to=14)
        self["emma.reed"].say(direct, "12:10 is fine.", reply_to=6)
        for name in ("linxiao", "chenmo", "wangyu", "tomas"):
            self[name].change(hikes, 17, emoji="🎉")
            self[name].change(hikes, 19, emoji="🎉")
        self["linxiao"].change(direct, 6, data="公司旁边有一家很好的面馆，12:10 见。")
        self["emma.reed"].change(direct, 6, emoji="❤️")
        self["linxiao"].change(direct, 4, emoji="👏")
        self["linxiao"].change(direct, 2, deleted=True)
        self["emma.reed"].change(direct, 7, pinned=True)
