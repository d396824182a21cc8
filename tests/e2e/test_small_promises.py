"""What one command of many promises in passing."""

from __future__ import annotations

import re
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ngopi.__main__ import main
from prepared import add_episode, guid_of, make_show


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    show = make_show(tmp_path_factory.mktemp("terbit") / "show")
    assert main(["--show", str(show), "publish"]) == 0
    return show


@pytest.fixture
def shop(published, tmp_path, monkeypatch):
    show = shutil.copytree(published, tmp_path / "show")
    monkeypatch.chdir(show)
    return show


def edit(show, slug, key, value):
    """Write one key of an episode.md."""
    path = show / "episodes" / slug / "episode.md"
    text = re.sub(rf"(?m)^{key} = .*\n", "", path.read_text("utf-8"))
    path.write_text(text.replace("+++\n", f"+++\n{key} = {value}\n", 1), "utf-8")


def test_programs_are_told_of_a_number_that_two_episodes_have(ngopi, shop):
    add_episode(shop, "dua", 3)
    edit(shop, "satu", "number", 3)
    edit(shop, "dua", "number", 3)
    expected = [{"season": None, "number": 3, "slugs": ["dua", "satu"]}]

    rehearsed, done = ngopi("publish", "--dry-run", "--json"), ngopi("publish", "--json")
    recording = shop.with_name("rekaman.wav")
    shutil.copy(next((shop / "media").iterdir()), recording)
    made = ngopi("ingest", recording, "--number", "4", "--json", "--no-publish")

    assert rehearsed.json["same_numbers"] == done.json["same_numbers"] == expected
    assert made.json["same_numbers"] == []


def test_the_history_says_when_the_shows_data_changed(ngopi, shop):
    settings = shop / "ngopi.toml"
    text = settings.read_text("utf-8").replace('author = "Humas"', 'author = "Warga"')
    settings.write_text(text, "utf-8")
    assert ngopi("publish").status == 0

    told, document = ngopi("history").out, ngopi("history", "--json").json

    assert "~ngopi.toml" in told
    assert [step["show_changed"] for step in document] == [True, False]


def test_an_episode_whose_name_is_taken_here_is_told_and_comes_after_a_rename(ngopi, shop):
    add_episode(shop, "dua", 2)
    assert ngopi("publish").status == 0
    theirs = guid_of(shop, "dua")
    edit(shop, "dua", "guid", '"lain"')
    before = (shop / "episodes/dua/episode.md").read_bytes()

    refused = ngopi("pull", "--json")

    assert refused.error["code"] == "slug-taken-here"
    assert (shop / "episodes/dua/episode.md").read_bytes() == before
    (shop / "episodes/dua").rename(shop / "episodes/dua-lain")
    assert ngopi("pull").status == 0
    assert guid_of(shop, "dua") == theirs


def test_doctor_compares_the_others_while_one_cannot_be_read(ngopi, shop):
    add_episode(shop, "dua", 2)
    assert ngopi("publish").status == 0
    edit(shop, "dua", "title", '"Lain"')
    edit(shop, "satu", "title", "Tanpa kutip")

    found = ngopi("doctor", "--json").json["findings"]

    told = [each["message"] for each in found if each["severity"] != "ok"]
    assert any("satu/episode.md" in message for message in told)
    assert any(message.startswith('"dua" was changed here') for message in told)
    assert not any("not in this folder" in message for message in told)


@pytest.fixture
def server():
    """Answers with *served*, of which it states *stated* bytes."""

    class Answer(BaseHTTPRequestHandler):
        served, stated = b"", 0

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(self.stated))
            self.end_headers()
            self.wfile.write(self.served)

        def log_message(self, *_said):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield Answer, f"http://127.0.0.1:{serving.server_port}/feed.xml"
        serving.shutdown()


def test_a_length_that_is_too_short_is_named(ngopi, shop, server):
    answer, address = server
    answer.served = (shop / "public/feed.xml").read_bytes()
    answer.stated = len(answer.served) // 2

    refused = ngopi("check", address, "--json")

    assert (refused.status, refused.error["code"]) == (69, "feed-unreachable"), refused.err
    assert f"after the {answer.stated} bytes" in refused.error["message"]
    answer.stated = len(answer.served)
    assert ngopi("check", address).status == 0
