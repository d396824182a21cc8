"""A command that a message names can be typed as it stands, on Windows too."""

from __future__ import annotations

import pytest

from ngopi.cli.sources import quoted_for_windows


@pytest.mark.parametrize(
    ("word", "typed"),
    [
        (r"C:\rapat\bagian-1.wav", r"C:\rapat\bagian-1.wav"),
        ("--title", "--title"),
        (r"D:\Rekaman Ngopi\bagian 1.wav", r'"D:\Rekaman Ngopi\bagian 1.wav"'),
        ("rani&bayu.wav", '"rani&bayu.wav"'),
        ("satu,dua.wav", '"satu,dua.wav"'),
        ("", '""'),
        ('Kata "ngopi"', r'"Kata \"ngopi\""'),
        ("D:\\Rekaman Ngopi\\", '"D:\\Rekaman Ngopi\\\\"'),
    ],
)
def test_a_word_is_one_word_for_windows(word, typed):
    """As Microsoft's C runtime documents that it takes a command line apart."""
    assert quoted_for_windows(word) == typed
