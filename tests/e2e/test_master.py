"""``ngopi master``: one recording in, one MP3 out, and nothing else touched."""

from __future__ import annotations

import os

import av
import pytest

from other_meter import decoded, judge
from speech import conversation, voice, write_wav


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Twelve seconds of one voice, mono."""
    return write_wav(tmp_path_factory.mktemp("rekaman") / "rapat.wav", voice(12.0))


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "hasil"
    folder.mkdir()
    return folder / "rapat.mp3"


def refused_by(run, status, code):
    assert (run.status, run.out) == (status, "")
    assert run.error["code"] == code
    return run.error


def test_the_json_document_tells_what_was_made(ngopi, recording, out):
    made = ngopi("master", recording, out, "--json")

    assert (made.status, made.err) == (0, "")
    found = made.json
    assert found.keys() == {
        "path", "duration_s", "size_bytes", "target_lufs", "ceiling_dbtp", "gain_db", "before",
        "after", "done", "turns",
    }  # fmt: skip
    assert (found["path"], found["size_bytes"]) == (str(out), out.stat().st_size)
    assert (found["target_lufs"], found["ceiling_dbtp"]) == (-19.0, -1.0)
    judged = judge(*decoded(out))
    assert found["after"]["integrated_lufs"] == pytest.approx(judged.integrated_lufs, abs=0.1)
    assert found["after"]["true_peak_dbtp"] == pytest.approx(judged.true_peak_dbtp, abs=0.2)


def test_a_person_reads_one_line(ngopi, recording, out):
    made = ngopi("master", recording, out)

    (line,) = made.out.splitlines()
    assert line.startswith(f"{out} · 0:1")
    assert "LUFS" in line
    assert "dBTP" in line


def test_it_needs_no_show_and_makes_none(ngopi, recording, out, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert ngopi("master", recording, out).status == 0

    assert sorted(path.name for path in tmp_path.rglob("*")) == ["hasil", "rapat.mp3"]


@pytest.mark.parametrize("target_lufs", [-14.0, -23.0])
def test_the_target_is_met_as_another_meter_hears_it(ngopi, tmp_path, out, target_lufs):
    talk = conversation([-20.0, -26.0], duration_s=12.0, channels=2)
    stereo = write_wav(tmp_path / "obrolan.wav", talk)

    assert ngopi("master", stereo, out, "--target", target_lufs).status == 0

    judged = judge(*decoded(out))
    assert judged.integrated_lufs == pytest.approx(target_lufs, abs=0.3)
    assert judged.true_peak_dbtp <= -1.0


@pytest.mark.parametrize("target", ["-40", "-5", "0", "keras", "nan"])
def test_a_target_that_nobody_could_want_is_refused(ngopi, recording, out, target):
    run = ngopi("--json", "master", recording, out, f"--target={target}")

    refused_by(run, 2, "usage")
    assert not out.exists()


@pytest.mark.parametrize(
    ("passage", "duration_s"),
    [("0:03-0:08", 5.0), ("3-8", 5.0), ("0:00:03-0:00:08.5", 5.5), ("0:09-1:00", 3.0)],
)
def test_a_preview_is_that_passage_and_no_more(ngopi, recording, out, passage, duration_s):
    made = ngopi("master", recording, out, "--preview", passage, "--json")

    assert made.status == 0, made.err
    assert made.json["duration_s"] == pytest.approx(duration_s, abs=0.01)
    with av.open(str(out)) as container:
        assert container.duration / av.time_base == pytest.approx(duration_s, abs=0.1)


@pytest.mark.parametrize("passage", ["8-3", "0:03", "3-", "tiga-lima", "0:03-0:03"])
def test_a_passage_that_is_none_is_refused(ngopi, recording, out, passage):
    error = refused_by(ngopi("--json", "master", recording, out, "--preview", passage), 2, "usage")

    assert "0:30-1:00" in error["message"]
    assert not out.exists()


def test_a_passage_beyond_the_end_is_refused(ngopi, recording, out):
    run = ngopi("--json", "master", recording, out, "--preview", "5:00-6:00")

    refused_by(run, 65, "no-such-passage")
    assert list(out.parent.iterdir()) == []


def test_a_file_that_is_there_is_written_over_only_when_asked(ngopi, recording, out):
    out.write_bytes(b"older")

    refused_by(ngopi("--json", "master", recording, out), 65, "output-exists")
    assert out.read_bytes() == b"older"
    assert ngopi("master", recording, out, "--yes").status == 0
    assert judge(*decoded(out)).integrated_lufs == pytest.approx(-19.0, abs=0.3)


@pytest.mark.parametrize("name", ["itself", "symlink", "hard link"])
@pytest.mark.parametrize("options", [(), ("--yes",)], ids=["plain", "yes"])
def test_the_recording_itself_is_never_written_over(ngopi, tmp_path, name, options):
    recording = write_wav(tmp_path / "rapat.wav", voice(4.0))
    before, out = recording.read_bytes(), tmp_path / "lain.mp3"
    if name == "symlink":
        try:
            out.symlink_to(recording)
        except OSError:
            pytest.skip("no symbolic links for this account")
    elif name == "hard link":
        os.link(recording, out)
    else:
        out = tmp_path / "." / "rapat.wav"

    error = refused_by(
        ngopi("--json", "master", recording, out, *options), 65, "output-is-recording"
    )

    assert str(out) in error["message"]
    assert recording.read_bytes() == before


def test_a_folder_that_is_missing_is_named(ngopi, recording, tmp_path):
    out = tmp_path / "tidak" / "ada" / "rapat.mp3"

    error = refused_by(ngopi("--json", "master", recording, out), 74, "no-output-folder")

    assert str(out.parent) in error["message"]
    assert "make that folder" in error["hint"]
    assert not (tmp_path / "tidak").exists()


@pytest.mark.parametrize("name", ["rapat.wav", "rapat.m4a", "rapat", "rapat.mp3.", ".mp3"])
def test_a_name_that_says_another_kind_of_file_is_refused(ngopi, recording, out, name):
    """Else an MP3 lies there under a name that programs believe."""
    error = refused_by(
        ngopi("--json", "master", recording, out.with_name(name)), 65, "output-ending"
    )

    assert error["hint"].endswith(".mp3")
    assert list(out.parent.iterdir()) == []


def test_an_ending_may_be_in_capitals(ngopi, recording, out):
    assert (
        ngopi("master", recording, out.with_name("RAPAT.MP3"), "--preview", "0:00-0:02").status == 0
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names there")
def test_a_pipe_is_never_written_over(ngopi, recording, out):
    os.mkfifo(out)

    for options in ((), ("--yes",)):
        refused_by(ngopi("--json", "master", recording, out, *options), 65, "output-kind")

    assert out.is_fifo()


@pytest.mark.skipif(os.name == "nt", reason="links need a permission there")
def test_a_device_behind_a_link_is_never_written_over(ngopi, recording, out):
    out.symlink_to("/dev/null")

    refused_by(ngopi("--json", "master", recording, out, "--yes"), 65, "output-kind")
    assert out.is_symlink()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_closed_is_named(ngopi, recording, out):
    out.parent.chmod(0o500)
    try:
        refused_by(ngopi("--json", "master", recording, out), 74, "disk")
    finally:
        out.parent.chmod(0o700)


@pytest.mark.parametrize("older", [None, b"older"], ids=["nothing", "an-older-master"])
def test_a_failure_leaves_what_was_there(ngopi, tmp_path, out, older):
    silent = write_wav(tmp_path / "hening.wav", voice(4.0) * 0)
    if older is not None:
        out.write_bytes(older)

    refused_by(ngopi("--json", "master", silent, out, "--yes"), 65, "silent-recording")

    left = {path.name: path.read_bytes() for path in out.parent.iterdir()}
    assert left == ({} if older is None else {"rapat.mp3": older})
