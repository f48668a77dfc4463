"""Bots send files, and save those that others send."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from chat.bots import Bot, BotError, Message
from harness.servers import Server
from tests.bots.conftest import PATIENCE, BotProcess, Talker

People = Callable[..., list[Talker]]
MakeBot = Callable[..., Bot]

LARGE = bytes(range(256)) * 12_000  # 3 MB: several chunks, and more than a socket buffers
TOO_LARGE = bytes(26 * 1024 * 1024)

# It dies once, between sending files and recording that.
RETURNING = """
import os, signal, sys
from pathlib import Path
from chat.bots import Bot

url, username = sys.argv[1:]
bot = Bot(url, username, os.environ["CHAT_PASSWORD"])

@bot.on_message
def send_back(message):
    saved = [file.save(".") for file in message.files]
    message.reply("back", files=[*saved, ("note.txt", b"and a note")])
    if not Path("died").exists():
        Path("died").touch()
        os.kill(os.getpid(), signal.SIGKILL)

bot.run()
"""


@pytest.fixture
def bot(people: People, make_bot: MakeBot) -> tuple[Talker, Bot, queue.Queue[Message]]:
    """A person, and a running bot with what it hears."""
    ada, robot = people("ada", "robot")
    heard: queue.Queue[Message] = queue.Queue()
    bot = make_bot(robot)
    bot.on_message(heard.put)
    bot.start()
    assert bot.wait_ready(PATIENCE)
    ada.post(ada.direct_with(robot), "hello")
    return ada, bot, heard


def test_files_go_to_a_bot_and_back_once_although_it_dies(people: People, tmp_path: Path) -> None:
    ada, robot = people("ada", "robot")
    direct = ada.direct_with(robot)
    watcher = ada.socket("/direct")
    arguments = (RETURNING, robot, tmp_path, robot.url, robot.username)
    with BotProcess.of_code(*arguments) as bot:
        bot.wait_for("ready")
        ada.post(direct, "", files=[ada.upload(direct, "数据.bin", LARGE)])
        assert bot.wait() < 0
        bot.start().wait_for("ready")
        ada.post(direct, "is that all?")
        watcher.pushed("message_created", user_id=robot.id, seq=4)
        assert bot.stop() == 0
    first, second = [one for one in ada.log(direct) if one["user_id"] == robot.id]
    assert [one["name"] for one in first["files"]] == ["数据.bin", "note.txt"]
    assert [ada.download(one) for one in first["files"]] == [LARGE, b"and a note"]
    assert [one["name"] for one in second["files"]] == ["note.txt"]
    assert [path.name for path in tmp_path.glob("*.bin*")] == ["数据.bin"]


def test_a_file_is_sent_by_its_path_or_its_bytes(
    bot: tuple[Talker, Bot, queue.Queue[Message]], tmp_path: Path
) -> None:
    ada, robot, heard = bot
    room_id = heard.get(timeout=PATIENCE).room_id
    (tmp_path / "menu.txt").write_bytes("面条".encode())
    sent = robot.send_file(room_id, tmp_path / "menu.txt", "for lunch")
    again = robot.send_file(room_id, b"noodles", name="菜单.txt", client_id="lunch")
    assert (sent.data, [file.name for file in sent.files]) == ("for lunch", ["menu.txt"])
    (file,) = again.files
    assert (again.data, file.name, file.size, file.width) == ("", "菜单.txt", 7, None)
    assert file.save(tmp_path).read_bytes() == b"noodles"
    assert robot.send_file(room_id, b"noodles", client_id="lunch").id == again.id
    with pytest.raises(FileNotFoundError):
        robot.send_file(room_id, tmp_path / "none.txt")
    assert [one["seq"] for one in ada.log({"id": room_id})] == [1, 2, 3]


def test_what_the_server_refuses_is_an_error_with_its_code(
    bot: tuple[Talker, Bot, queue.Queue[Message]], tmp_path: Path
) -> None:
    ada, robot, heard = bot
    room_id = heard.get(timeout=PATIENCE).room_id
    for content, code in ((TOO_LARGE, "payload_too_large"), (b"", "validation_error")):
        with pytest.raises(BotError) as refused:
            robot.send_file(room_id, content)
        assert refused.value.code == code
    sent = robot.send_file(room_id, b"soon gone", name="a.txt")
    robot.delete(sent)
    with pytest.raises(BotError) as refused:
        sent.files[0].save(tmp_path)
    assert refused.value.code == "not_found"
    assert not list(tmp_path.glob("*.txt")) + list(tmp_path.glob("*.part"))


def test_a_file_sent_while_the_server_is_away_arrives_once(
    mortal: Server, mortals: People, make_bot: MakeBot
) -> None:
    ada, robot = mortals("ada", "robot")
    group = ada.create_group(robot)
    bot = make_bot(robot)
    bot.start()
    assert bot.wait_ready(PATIENCE)
    mortal.kill()
    sending = threading.Thread(target=bot.send_file, args=(group["id"], LARGE, "at last"))
    sending.start()
    mortal.start()
    sending.join(PATIENCE)
    assert not sending.is_alive()
    (stored,) = ada.log(group)
    assert stored["data"] == "at last"
    assert ada.download(stored["files"][0]) == LARGE
