"""Names of files: what clients send becomes one harmless line."""

from __future__ import annotations

import pytest
from werkzeug.http import parse_options_header

from chat.text.file_names import MAX_BYTES, clean_name, disposition


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("notes.txt", "notes.txt"),
        ("课程表 (最终).pdf", "课程表 (最终).pdf"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("a/b\\c/../d.txt", "d.txt"),
        ("a\nb\rc\td\u2028e", "a b c d e"),
        ("a\0b\x1b[31m.txt", "ab[31m.txt"),
        ("  two \u3000 spaces .txt ", "two spaces .txt"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("\u2066a\u2069\u200f.txt", "a.txt"),
        ("zero\u200bwidth\ufeff.txt", "zerowidth.txt"),
        ("e\u0301.txt", "é.txt"),
        ("👩\u200d💻.png", "👩\u200d💻.png"),
        ("CON<>:|?*.txt", "CON______.txt"),
        (".bashrc", "bashrc"),
        ("trailing. .", "trailing"),
        *((nothing, "file") for nothing in ("", " ", ".", "..", "...", "/", "\u202e", "\n", "a/")),
    ],
)
def test_a_name_is_one_visible_line_without_a_path(given: str, kept: str) -> None:
    assert clean_name(given) == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("x" * 300 + ".tar.gz", "x" * 252 + ".gz"),
        ("x" * 300, "x" * 255),
        ("汉" * 300 + ".docx", "汉" * 83 + ".docx"),  # whole characters
        ("a." + "x" * 300, "a." + "x" * 253),  # that is no extension
        ("." + "x" * 300, "x" * 255),
        ("x" * 5_000 + ".png", "x" * 251 + ".png"),
    ],
)
def test_a_long_name_is_cut_before_its_extension(given: str, kept: str) -> None:
    assert clean_name(given) == kept
    assert len(kept.encode()) <= MAX_BYTES


@pytest.mark.parametrize("name", ["a.txt", "课程表 1.pdf", "it's 100% = (é).txt", "a;b,c.txt"])
def test_a_header_carries_each_name_whole_and_an_ascii_one_for_old_programs(name: str) -> None:
    header = disposition("attachment", name)
    assert parse_options_header(header) == ("attachment", {"filename": name})
    assert header.isascii() and header.count('"') == 2
