"""The bots that come with the server, and the one of the documentation, run as a user runs them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.servers import ROOT, environment
from tests.backups import wait_until
from tests.bots.conftest import PATIENCE, BotProcess, Talker, texts

People = Callable[..., list[Talker]]

UNJOINED = """
import sys
import chat.bots.echo, chat.bots.reminder
foreign = {name for name in sys.modules if name.startswith("chat.")} - {"chat.bots"}
print([name for name in foreign if not name.startswith("chat.bots.")])
print([name for name in ("flask", "pymongo", "eventlet", "marshmallow") if name in sys.modules])
"""


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run Python to its end."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment({"CHAT_PASSWORD": "never-right"}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def test_bots_need_nothing_else_of_the_chat() -> None:
    assert run("-c", UNJOINED).stdout == "[]\n[]\n"


def test_echo_answers_people_and_stops_cleanly(people: People, tmp_path: Path) -> None:
    ada, robot = people("ada", "robot")
    group = ada.create_group(robot)
    client = ada.socket("/direct", "/group")
    with BotProcess.of_module("chat.bots.echo", robot, tmp_path) as bot:
        bot.wait_for("ready")
        payload = {"to": robot.username, "client_id": "c1", "data": "你好"}
        client.call("/direct", "send_message", payload)
        assert client.pushed("message_created", user_id=robot.id)["data"] == "你好"
        ada.post(group, "not for the bot")
        ada.post(group, "/echo for the bot")
        client.pushed("message_created", user_id=robot.id, data="for the bot")
        assert bot.stop() == 0
    assert texts(ada.log(group), robot) == ["for the bot"]
    assert len(robot.data("GET", "/session")) == 1  # it has logged out
    assert robot.password not in "".join(bot.printed)


def test_wrong_password_ends_the_program_with_one_sentence(people: People) -> None:
    (robot,) = people("robot")
    ended = run("-m", "chat.bots.echo", "--url", robot.url, "--username", robot.username)
    assert ended.returncode == 1
    sentence = "The bot ended: unauthorized: username or password is wrong\n"
    assert ended.stderr.endswith(sentence) and "Traceback" not in ended.stderr


def test_reminders_in_both_languages_survive_a_crash(people: People, tmp_path: Path) -> None:
    ada, robot = people("ada", "robot")
    direct = ada.direct_with(robot)
    client = ada.socket("/direct")
    reminders = [f"@{ada.username}: buy milk", f"@{ada.username}：买牛奶"]
    with BotProcess.of_module("chat.bots.reminder", robot, tmp_path) as bot:
        bot.wait_for("ready")
        ada.post(direct, "Remind me in 2 seconds to buy milk")
        ada.post(direct, "2秒后提醒我买牛奶")
        client.pushed("message_created", data="好的，到时提醒你。")
        bot.kill()
        bot.start().wait_for("ready")
        for text in reminders:
            client.pushed("message_created", data=text)
        ada.post(direct, "remind me in 3d to rest")
        ada.post(direct, "/list")
        client.pushed("message_created", data=f"@{ada.username}: rest")
        ada.post(direct, "/forget")
        client.pushed("message_created", data="✓ 1")
        ada.post(direct, "/list")
        client.pushed("message_created", data="0")
    said = texts(ada.log(direct), robot)
    assert [text for text in said if text in reminders] == reminders


def examples() -> list[str]:
    """Return the programs that the documentation shows."""
    page = (ROOT / "docs" / "bots.md").read_text("utf-8")
    return re.findall(r"```python\n(.*?)```", page, re.DOTALL)


def first_example(robot: Talker) -> str:
    """Return the first one, with another account and server in it."""
    code = examples()[0].replace("http://127.0.0.1:5000", robot.url)
    code = code.replace("my-bot", robot.username)
    assert robot.url in code and robot.username in code
    return code


def test_first_bot_of_the_documentation_works(people: People, tmp_path: Path) -> None:
    ada, robot = people("ada", "robot")
    code = first_example(robot)
    assert len(code.splitlines()) <= 15
    client = ada.socket("/direct")
    direct = ada.direct_with(robot)
    with BotProcess.of_code(code, robot, tmp_path) as bot:
        bot.wait_for("ready")
        ada.post(direct, "/shout hello")
        client.pushed("message_created", data="HELLO!")
        ada.post(direct, "thank you")
        client.pushed("message_created", user_id=robot.id, data=f"Hello {ada.username}!")
        assert bot.stop() == 0


def test_vote_of_the_documentation_counts(people: People, tmp_path: Path) -> None:
    ada, bob, robot = people("ada", "bob", "robot")
    group = ada.create_group(bob, robot)
    (vote,) = [code for code in examples() if "on_messages_changed" in code]
    begin, run = first_example(robot).split("bot.run()")
    with BotProcess.of_code(f"{begin}{vote}\nbot.run(){run}", robot, tmp_path) as bot:
        bot.wait_for("ready")
        client = ada.socket("/group")
        ada.post(group, "/vote noodles for lunch?")
        asked = client.pushed("message_created", user_id=robot.id)
        assert asked["data"] == "noodles for lunch? 👍 0"
        path = f"/rooms/{group['id']}/messages/{asked['seq']}/reactions/👍"
        wait_until(lambda: text_at(ada, group, asked["seq"]) == "noodles for lunch? 👍 1")
        for talker in (ada, bob):
            talker.data("PUT", path)
        wait_until(lambda: text_at(ada, group, asked["seq"]) == "noodles for lunch? 👍 3")
        ada.data("DELETE", path)
        wait_until(lambda: text_at(ada, group, asked["seq"]) == "noodles for lunch? 👍 2")
        assert bot.stop() == 0
    assert "failed" not in "".join(bot.printed)


def text_at(talker: Talker, room: dict[str, Any], seq: int) -> str:
    return str(talker.data("GET", f"/rooms/{room['id']}/messages/{seq}")["data"])
