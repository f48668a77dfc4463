"""Files that are no pictures, or worse: each costs one error and no more."""

from __future__ import annotations

import io
import re
import struct
import threading
import time
import zlib
from pathlib import Path

import pytest
from PIL import Image

from chat.errors import BadPicture, Unavailable
from chat.pictures import decoder, turns
from chat.pictures.decoder import Bounds, Pictures
from harness.servers import PATIENCE, ROOT
from tests.pictures.conftest import Reencode, reencode_with
from tests.pictures.samples import chunk, encoded, halves, moving, noise, png

MiB = 1024 * 1024


def refusal(reencode: Reencode, sent: bytes) -> str:
    """Return the error of `file` that these bytes get, with either use."""
    found = set()
    for kind in ("message", "avatar"):
        with pytest.raises(BadPicture) as caught:
            reencode(sent, kind)
        assert caught.value.fields is not None
        found.add(caught.value.fields["file"][0])
    (text,) = found
    return str(text)


def bmp() -> bytes:
    return encoded(halves(), "BMP")


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="no bytes"),
        pytest.param(b"\x89PNG\r\n\x1a\n", id="a beginning"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", id="SVG"),
        pytest.param(b"<!doctype html><script>alert(1)</script>", id="HTML"),
        pytest.param(b"\xff\xd8\xff\xe0" + b"<script>" * 99, id="HTML behind the mark of a JPEG"),
        pytest.param(b"GIF89a/*" + b" " * 99, id="a script behind the mark of a GIF"),
        pytest.param(bmp(), id="another type of picture"),
        pytest.param(png(4, 4, b""), id="no rows"),
        pytest.param(png(0, 4, b""), id="no width"),
        pytest.param(b"GIF89a" + bytes(7) + b";", id="a GIF of 0 by 0 without a frame"),
    ],
)
def test_what_is_no_picture_is_refused(reencode: Reencode, sent: bytes) -> None:
    assert refusal(reencode, sent) == "invalid.picture"


@pytest.mark.parametrize("name", ["PNG", "JPEG", "GIF", "WEBP"])
@pytest.mark.parametrize("part", [0.3, 0.9])
def test_a_picture_that_was_cut_off_is_refused(reencode: Reencode, name: str, part: float) -> None:
    whole = encoded(noise(300, 300), name)
    assert refusal(reencode, whole[: int(len(whole) * part)]) == "invalid.picture"


def gif(side: int, frame_side: int) -> bytes:
    """Return a GIF with a frame that may be larger than the GIF says of itself."""
    screen = struct.pack("<HHBBB", side, side, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, frame_side, frame_side, 0) + b"\x02\x02\x4c\x01\x00"
    return b"GIF89a" + screen + frame + b";"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(png(65_535, 65_535, b""), id="PNG of 65,535 by 65,535"),
        pytest.param(png(6_325, 6_325, bytes(6_326 * 6_325)), id="a little over 40 megapixels"),
        pytest.param(gif(65_535, 1), id="GIF of 65,535 by 65,535"),
        pytest.param(gif(1, 65_535), id="GIF with a frame that is larger than its screen"),
    ],
)
def test_too_many_pixels_are_refused_before_they_are_decoded(tmp_path: Path, sent: bytes) -> None:
    pictures = Pictures(tmp_path, Bounds(memory=160 * MiB, seconds=2))
    found = refusal(lambda *sent: reencode_with(pictures, *sent), sent)
    assert found == "invalid.picture_too_large"


def test_a_zip_bomb_beside_the_pixels_of_a_png_is_refused(tmp_path: Path) -> None:
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(MiB)) for _ in range(200)) + packer.flush()
    small, after_header = encoded(halves(), "PNG"), 8 + 25  # its mark and its first part
    pictures = Pictures(tmp_path, Bounds(memory=160 * MiB, seconds=2))
    for part in (b"zTXt", b"iCCP"):
        bomb = chunk(part, b"name\0\0" + packed)
        sent = small[:after_header] + bomb + small[after_header:]
        assert refusal(lambda *sent: reencode_with(pictures, *sent), sent) == "invalid.picture"


def test_40_megapixels_are_taken(reencode: Reencode) -> None:
    made = reencode(png(8_000, 5_000, bytes(8_001 * 5_000)))
    assert (made.width, made.height) == (8_000, 5_000)


def test_a_picture_that_needs_too_much_memory_costs_one_error(tmp_path: Path) -> None:
    pictures = Pictures(tmp_path, Bounds(memory=160 * MiB))
    huge = encoded(Image.new("RGB", (6_000, 6_000)), "JPEG")
    with pytest.raises(BadPicture):
        reencode_with(pictures, huge)
    assert reencode_with(pictures, encoded(halves(), "PNG")).type == "image/png"


def test_a_moving_picture_that_takes_too_long_stands_still(tmp_path: Path) -> None:
    pictures = Pictures(tmp_path, Bounds(moving_seconds=0.01))
    made = reencode_with(pictures, moving("WEBP", count=20, side=500))
    assert getattr(made.image, "n_frames", 1) == 1 and made.width == 500


def worker(directory: Path, code: str) -> Path:
    """Return a worker that has been taken over by its picture."""
    path = directory / "worker.py"
    path.write_text(code)
    return path


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import os; os.kill(os.getpid(), 11)", id="dies"),
        pytest.param("raise SystemExit(1)", id="fails"),
        pytest.param("print('{')", id="answers with half a line"),
        pytest.param("print('[]')", id="answers with something else"),
        pytest.param("print('x' * 100_000)", id="answers without an end"),
        pytest.param(
            'print(\'{"type": "text/html", "width": 1, "height": 1, "preview": false}\')',
            id="names a type that is none",
        ),
        pytest.param(
            'print(\'{"type": "image/png", "width": 1, "height": 1, "preview": false}\')',
            id="writes no picture",
        ),
    ],
)
def test_whatever_a_worker_does_it_costs_one_error(tmp_path: Path, code: str) -> None:
    pictures = Pictures(tmp_path, worker=worker(tmp_path, code))
    with pytest.raises(BadPicture):
        reencode_with(pictures, b"bytes")


def test_where_pillow_is_missing_no_picture_is_called_bad(tmp_path: Path) -> None:
    code = f"""
import runpy, sys
sys.modules["PIL"] = None
runpy.run_path({str(decoder.WORKER)!r}, run_name="__main__")
"""
    with pytest.raises(Unavailable):
        reencode_with(Pictures(tmp_path, worker=worker(tmp_path, code)), encoded(halves(), "PNG"))


@pytest.mark.parametrize(
    "code, bounds",
    [
        pytest.param("import time; time.sleep(600)", Bounds(wall_seconds=0.5), id="by the clock"),
        pytest.param(
            f"import sys; sys.path.append({str(decoder.WORKER.parent)!r})\n"
            "from worker import set_limits; set_limits(2**30, 1)\n"
            "while True: pass",
            Bounds(wall_seconds=600),
            id="by its use of a core",
        ),
    ],
)
def test_a_worker_that_never_ends_is_killed(tmp_path: Path, code: str, bounds: Bounds) -> None:
    with pytest.raises(BadPicture):
        reencode_with(Pictures(tmp_path, bounds, worker(tmp_path, code)), b"bytes")


def test_a_worker_gets_neither_the_environment_nor_other_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "secret")
    seen = tmp_path / "seen"
    code = (
        "import os, json\n"
        "found = {}\n"
        "for fd in os.listdir('/proc/self/fd'):\n"
        "    try: found[fd] = os.readlink('/proc/self/fd/' + fd)\n"
        "    except OSError: pass\n"
        f"json.dump([dict(os.environ), found], open({str(seen)!r}, 'w'))\n"
    )
    with open(tmp_path / "other", "w"), pytest.raises(BadPicture):
        reencode_with(Pictures(tmp_path, worker=worker(tmp_path, code)), b"bytes")
    assert "secret" not in seen.read_text() and "other" not in seen.read_text()


def test_nothing_is_left_in_the_directory(tmp_path: Path, reencode: Reencode) -> None:
    reencode(encoded(noise(700, 700), "PNG"))
    with pytest.raises(BadPicture):
        reencode(b"")
    assert list((tmp_path / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    "decoding, refused",
    [
        pytest.param(["ann", "bob"], "cleo", id="two of all"),
        pytest.param(["ann"], "ann", id="one of a person"),
    ],
)
def test_of_many_pictures_only_some_are_decoded_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decoding: list[str], refused: str
) -> None:
    monkeypatch.setattr(turns, "WAIT", 0.01)
    started, end = tmp_path / "started", tmp_path / "end"
    started.mkdir()
    code = (
        "import os, time\n"
        f"open(os.path.join({str(started)!r}, str(os.getpid())), 'w').close()\n"
        f"while not os.path.exists({str(end)!r}): time.sleep(0.01)\n"
    )
    pictures = Pictures(tmp_path, worker=worker(tmp_path, code))

    def decode(owner: str) -> None:
        with pytest.raises(BadPicture):
            reencode_with(pictures, b"bytes", owner=owner)

    threads = [threading.Thread(target=decode, args=(owner,)) for owner in decoding]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + PATIENCE
    while len(list(started.iterdir())) < len(decoding):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with pytest.raises(Unavailable):
        reencode_with(pictures, b"bytes", owner=refused)
    end.touch()
    for thread in threads:
        thread.join()


def test_a_file_that_is_read_to_its_end_is_decoded_from_its_beginning(tmp_path: Path) -> None:
    pictures = Pictures(tmp_path)
    with io.BytesIO(encoded(halves(), "PNG")) as sent, pictures.temporary_file() as source:
        source.write(sent.read())
        source.seek(0)
        with pictures.reencode(source, "message", "ann") as made:
            assert made.picture.tell() == 0 and made.width == 64


def test_the_page_waits_longer_than_a_picture_may_take() -> None:
    """Else it would send the bytes again, while the first ones are still decoded."""
    upload = (ROOT / "chat/static/js/files/upload.js").read_text("utf-8")
    found = re.search(r"^const ANSWER_MS = ([0-9_]+);", upload, re.MULTILINE)
    assert found and int(found[1]) / 1000 > turns.WAIT + Bounds().wall_seconds
