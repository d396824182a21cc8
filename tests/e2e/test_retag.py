"""An episode that was edited after it was made: its file says the same as the feed."""

from __future__ import annotations

import hashlib
import json
import shutil
import tomllib

import pytest
from mutagen.id3 import ID3

from prepared import make_show
from promises import PublicFolder, Witness


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return make_show(tmp_path_factory.mktemp("prepared") / "show")


@pytest.fixture
def show(ngopi, prepared, tmp_path, monkeypatch):
    """Public is satu; this process stands in the folder."""
    folder = shutil.copytree(prepared, tmp_path / "show")
    monkeypatch.chdir(folder)
    assert ngopi("publish").status == 0
    return folder


def edit(show, old, new):
    path = show / "episodes/satu/episode.md"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def public_file(show):
    (path,) = newest(show)
    return path


def newest(show):
    """Return the file that the feed names."""
    feed = (show / "public/feed.xml").read_text("utf-8")
    return [path for path in (show / "public/audio").iterdir() if path.name in feed]


def sound_of(path):
    data = path.read_bytes()
    return data[ID3(path).size :]


def audio_of(show):
    return tomllib.loads((show / "episodes/satu/audio.toml").read_text("utf-8"))


def test_a_title_that_was_changed_stands_in_the_file_too(ngopi, show):
    old = public_file(show)
    before, sound = audio_of(show), sound_of(old)
    edit(show, '"Satu"', '"Satu: yang benar"')

    run = ngopi("publish")

    new = public_file(show)
    assert run.status == 0
    assert '"satu" has new tags' in run.err
    assert new != old
    assert old.is_file()  # whoever knows its address still gets it
    assert ID3(new)["TIT2"].text == ["Satu: yang benar"]
    assert sound_of(new) == sound
    after = audio_of(show)
    assert after["sha256"] == hashlib.sha256(new.read_bytes()).hexdigest()
    assert after["size_bytes"] == new.stat().st_size
    assert after["sound_sha256"] == hashlib.sha256(sound).hexdigest()
    renewed = {"sha256", "size_bytes"}
    assert {k: v for k, v in after.items() if k not in renewed} == {
        k: v for k, v in before.items() if k not in renewed
    }
    assert Witness(place=PublicFolder(root=show / "public")).at_rest() == []


@pytest.mark.parametrize(
    ("old", "new", "frame", "text"),
    [
        ("published", 'people = [{ name = "Rani" }]\npublished', "TPE1", "Rani"),
        ("published", "number = 7\npublished", "TRCK", "7"),
        ("2024-01-01T10", "2024-03-02T10", "TDAT", "0203"),
    ],
)
def test_so_do_people_number_and_date(ngopi, show, old, new, frame, text):
    edit(show, old, new)

    assert ngopi("publish").status == 0
    assert ID3(public_file(show), translate=False)[frame].text == [text]


def test_so_does_a_cover_of_its_own(ngopi, show):
    from PIL import Image

    Image.new("RGB", (1400, 1400), (200, 30, 30)).save(show / "episodes/satu/cover.jpg")
    before = ID3(public_file(show)).getall("APIC")[0].data

    assert ngopi("publish").status == 0
    assert ID3(public_file(show)).getall("APIC")[0].data != before


def test_what_did_not_change_keeps_its_file(ngopi, show):
    old = public_file(show)
    path = show / "ngopi.toml"
    path.write_text(path.read_text("utf-8").replace('"Ngopi"', '"Ngopi Pagi"'), "utf-8")

    run = ngopi("publish")

    assert run.status == 0
    assert "new tags" not in run.err  # a new name of the show would send every episode anew
    assert public_file(show) == old


def test_a_colleague_without_the_file_fetches_it(ngopi, show):
    shutil.rmtree(show / "media")
    edit(show, '"Satu"', '"Satu dari jauh"')

    assert ngopi("publish").status == 0
    assert ID3(public_file(show))["TIT2"].text == ["Satu dari jauh"]
    assert [p.name for p in (show / ".ngopi").iterdir() if p.name.startswith("retag-")] == []


def test_a_file_that_is_nowhere_or_another_is_left_alone(ngopi, show):
    """What lies in the store is not what was published: its tags are nobody's to renew."""
    shutil.rmtree(show / "media")
    path = public_file(show)
    path.write_bytes(bytes(path.stat().st_size))
    edit(show, '"Satu"', '"Satu lagi"')
    before = audio_of(show)

    run = ngopi("publish", "--json")

    assert run.error["code"] == "object-taken"
    assert audio_of(show) == before


def test_an_editors_yes_holds_for_the_same_sound_with_other_tags(ngopi, show):
    path = show / "ngopi.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("editor_required = false", "editor_required = true"), "utf-8")
    edit(show, '"Satu"', '"Satu yang disetujui"')
    edit(show, "published", 'writer = "Han"\npublished')
    assert ngopi("approve", "satu", "--as", "Rani").status == 0

    run = ngopi("publish", "--json")

    assert run.json["change"] == ["satu"]
    assert run.json["waiting"] == []
    assert ID3(public_file(show))["TIT2"].text == ["Satu yang disetujui"]
    assert not ngopi("publish", "--json").json["changed"]


def test_an_episode_of_an_earlier_ngopi_is_read_as_before(ngopi, show):
    """Its audio.toml and its release know no hash of the sound alone."""
    path = show / "episodes/satu/audio.toml"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "sound_sha256" not in line), "utf-8")

    assert ngopi("publish", "--json").json["change"] == ["satu"]
    edit(show, '"Satu"', '"Satu lagi"')
    assert ngopi("publish").status == 0
    ledger = json.loads((show / "public/ledger.json").read_bytes())
    release = json.loads(
        (show / f"public/releases/{ledger['entries'][0]['release']}.json").read_bytes()
    )
    assert release["audio"]["sound_sha256"] == audio_of(show)["sound_sha256"]
