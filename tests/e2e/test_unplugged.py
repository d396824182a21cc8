"""A store in a folder on a disk that is not connected: said by every command, nothing made anew."""

from __future__ import annotations

import pytest

from prepared import make_show


@pytest.fixture
def unplugged(tmp_path, ngopi):
    """A show whose public folder is gone."""
    show = make_show(tmp_path / "rekaman")
    assert ngopi("--show", show, "publish").status == 0
    (show / "public").rename(tmp_path / "disk")
    return show


def test_doctor_names_the_folder_and_makes_none(unplugged, ngopi):
    for fix in ((), ("--fix",)):
        told = ngopi("--show", unplugged, "doctor", "--json", *fix)

        [error] = [each for each in told.json["findings"] if each["severity"] == "error"]
        assert told.status == 1
        assert (error["subject"], "public" in error["message"]) == ("store", True)
        assert "connect the disk" in error["hint"]
        assert not (unplugged / "public").exists()


def test_what_was_seen_is_still_listed(unplugged, ngopi):
    listed = ngopi("--show", unplugged, "list")

    assert "cannot be read now" in listed.err
    assert not (unplugged / "public").exists()


def test_a_folder_never_seen_is_made(tmp_path, ngopi, unplugged):
    settings = unplugged / "ngopi.toml"
    text = settings.read_text("utf-8").replace("file:public", "file:lain/terbit")
    settings.write_text(text, "utf-8")

    assert ngopi("--show", unplugged, "publish").status == 0
    assert (unplugged / "lain" / "terbit" / "feed.xml").exists()
