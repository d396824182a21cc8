"""``ngopi publish`` shows its plan, applies it, and looks whether listeners get it."""

from __future__ import annotations

import shutil

import pytest

from faulty_proxy import faulty_proxy
from prepared import add_episode, make_show
from standing import OnS3


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return make_show(tmp_path_factory.mktemp("prepared") / "show")


@pytest.fixture
def show(prepared, tmp_path, monkeypatch):
    folder = shutil.copytree(prepared, tmp_path / "show")
    monkeypatch.chdir(folder)
    return folder


def test_the_plan_is_shown_before_anything_is_stored(ngopi, show):
    """Seen where nothing can be stored: a file lies where the audio's folder should be."""
    show.joinpath("public").mkdir()
    show.joinpath("public/audio").write_bytes(b"")

    stopped = ngopi("publish")

    lines = stopped.err.splitlines()
    assert stopped.status != 0
    assert lines[0] == "  add: satu"
    assert lines.index("  add: satu") < next(
        i for i, s in enumerate(lines) if s.startswith("Error")
    )


def test_a_changed_show_is_part_of_the_plan(ngopi, show):
    assert ngopi("publish").status == 0
    settings = show / "ngopi.toml"
    settings.write_text(settings.read_text("utf-8").replace("Humas", "Humas Kota"), "utf-8")

    assert "  change: ngopi.toml" in ngopi("publish", "--dry-run").out.splitlines()
    assert "  change: ngopi.toml" in ngopi("publish").err.splitlines()


@pytest.fixture
def line(s3_server, s3_bucket, monkeypatch):
    """What may go wrong between listeners and the bucket; the producer has a line of their own."""
    with (
        faulty_proxy(s3_server.endpoint) as faults,
        OnS3.of(s3_server, s3_bucket) as stores,
    ):
        _, env = stores.place("show")
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("NGOPI_STORE_PUBLIC_URL", f"{faults.endpoint}/{s3_bucket}/show")
        yield faults


def test_a_feed_that_the_public_cannot_fetch_is_an_error_until_it_can(ngopi, show, line):
    line.refuses = {r"GET .*/feed\.xml": (403, "AccessDenied")}

    first, second = ngopi("publish", "--json"), ngopi("publish", "--json")
    line.refuses = {}
    third = ngopi("publish", "--json")

    assert [run.error["code"] for run in (first, second)] == ["not-public"] * 2
    assert "403" in first.error["message"]
    assert (third.status, third.json["changed"]) == (0, False)


def test_an_old_feed_from_a_cache_is_told(ngopi, show, line):
    assert ngopi("publish").status == 0
    add_episode(show, "dua", 1)

    def spoil(_request):
        line.corrupt_reply_to = r"GET .*/feed\.xml"  # each time anew

    line.answering = spoil

    done = ngopi("publish")

    assert done.status == 0
    line.answering, line.corrupt_reply_to = str, None
    assert "still is an earlier feed" in done.err
    assert "still is" not in ngopi("publish").err


def test_a_verified_state_is_not_asked_about_again(ngopi, show, line):
    assert ngopi("publish").status == 0
    line.passed.clear()

    assert ngopi("publish", "--json").json["changed"] is False
    assert line.passed == []


@pytest.mark.parametrize("key", ["covers/", r"feed\.xml"])
@pytest.mark.parametrize(("status", "phrase"), [(503, "503 Service"), (429, "429 Too Many")])
def test_a_server_in_trouble_is_waited_for(ngopi, show, line, key, status, phrase):
    """It is nothing that the producer's settings or the bucket's policy could mend."""
    line.refuses = {f"GET .*/{key}": (status, "SlowDown")}
    failed = ngopi("publish", "--json")
    line.refuses = {}

    assert (failed.status, failed.error["code"]) == (69, "public-server-down")
    assert phrase in failed.error["message"]
    assert "wait a few minutes" in failed.error["hint"]
    assert "policies" not in failed.error["hint"]
    assert ngopi("publish").status == 0


@pytest.mark.parametrize(
    ("status", "does"), [(500, "wait"), (503, "wait"), (403, "allow"), (404, "allow")]
)
def test_the_doctor_tells_a_server_in_trouble_from_a_closed_one(ngopi, show, line, status, does):
    assert ngopi("publish").status == 0
    line.refuses = {"(GET|HEAD) ": (status, "")}

    examined = ngopi("doctor", "--json")

    hints = {f["hint"] for f in examined.json["findings"] if f["subject"] == "public"}
    assert examined.status == 1
    assert {hint.split()[0] for hint in hints} == {does}
