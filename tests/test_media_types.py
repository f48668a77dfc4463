"""The type of a file is what its bytes are, and never one that a browser runs."""

from __future__ import annotations

import pytest

from chat.media_types import BEGINNINGS, BY_NAME, HEAD, is_picture, media_type_of

OFFICE = "application/vnd.openxmlformats-officedocument"
FTYP = b"\0\0\0\x20ftyp"


@pytest.mark.parametrize(
    ("head", "name", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n\0", "a.txt", "image/png"),
        (b"\xff\xd8\xff\xe0", "a.html", "image/jpeg"),
        (b"GIF89a\1", "a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "a.png", "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "a.png", "audio/wav"),
        (b"%PDF-1.7", "a.png", "application/pdf"),
        (FTYP + b"heic", "a.jpg", "image/heic"),
        (FTYP + b"M4A ", "a", "audio/mp4"),
        (FTYP + b"isom", "a", "video/mp4"),
        (b"PK\x03\x04", "a.zip", "application/zip"),
        (b"PK\x03\x04", "A.DOCX", f"{OFFICE}.wordprocessingml.document"),
        (b"PK\x03\x04", "a.html", "application/zip"),
        (b"a,b\n1,2\n", "a.csv", "text/csv"),
        (b"a,b\n1,2\n", "a.docx", "text/plain"),
        (b"MZ\x90\0", "a.txt", "application/octet-stream"),
        (b"", "a.png", "text/plain"),
    ],
)
def test_bytes_decide_and_a_name_only_tells_archives_and_texts_apart(
    head: bytes, name: str, expected: str
) -> None:
    assert media_type_of(head, name) == expected


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE html><script>alert(1)</script>",
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>',
        b"\xef\xbb\xbf<html>",
        b"alert(1)",
    ],
)
@pytest.mark.parametrize("name", ["a.png", "a.svg", "a.html", "a.js", "a.xhtml"])
def test_pages_drawings_and_scripts_are_plain_text(content: bytes, name: str) -> None:
    assert media_type_of(content, name) == "text/plain"


def test_no_type_of_the_list_is_one_that_runs() -> None:
    types = {media_type for _, media_type in BEGINNINGS} | {*BY_NAME.values()}
    running = ("html", "svg", "script", "text/xml", "application/xml", "xhtml", "css")
    assert not [one for one in types if any(part in one for part in running)]


@pytest.mark.parametrize("cut", [1, 2])
def test_a_letter_cut_at_the_end_of_what_is_looked_at_makes_no_text_binary(cut: int) -> None:
    text = (b"x" * (HEAD - cut)) + "汉字".encode()
    assert media_type_of(text, "a.txt") == "text/plain"


def test_a_text_in_another_coding_is_only_bytes() -> None:
    assert media_type_of("汉字".encode("gbk"), "a.txt") == "application/octet-stream"


def test_only_what_is_encoded_again_counts_as_a_picture() -> None:
    assert is_picture("image/png") and not is_picture("image/heic")
    assert not is_picture("image/svg+xml")
