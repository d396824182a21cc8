"""What can befall a recording on its way to a master, and that no temporary file outlives it.

Every test walks the whole command, ``ingest`` as well as ``master``, and looks where temporary
files could lie: the show, the output folder, TMPDIR, and (on Linux) files without a name.
"""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest

from failpoints import at_call, python_interrupts
from refusals import tree
from speech import RATE_HZ, add_sound, tone, voice, write, write_wav

posix_only = pytest.mark.skipif(os.name == "nt", reason="needs POSIX's files and signals")
PRIVATE = 0o077  # nobody else's bits


@dataclass(frozen=True, kw_only=True)
class Walk:
    """``ngopi ingest`` or ``ngopi master``, and every place where it could leave something."""

    command: str
    ngopi: object
    show: Path
    out: Path
    temporary: Path

    def argv(self, recording):
        if self.command == "ingest":
            return ("ingest", recording, "--no-publish")
        return ("master", recording, self.out / "hasil.mp3")

    def run(self, recording):
        return self.ngopi("--json", *self.argv(recording))

    def traces(self):
        """Return all files and folders there are, and how many open ones have no name."""
        return {
            "show": tree(self.show),
            "out": sorted(path.name for path in self.out.rglob("*")),
            "temporary": sorted(path.name for path in self.temporary.rglob("*")),
            "nameless": len(nameless()),
        }

    def strangers(self):
        """Return the temporary files that somebody else could open at this moment."""
        found = [f"nameless, {mode:o}" for mode in nameless() if mode & PRIVATE]
        known = {self.show / ".ngopi" / ".ngopi.lock", self.out / "hasil.mp3"}
        for top in (self.show / ".ngopi", self.out, self.temporary):
            for folder, folders, files in os.walk(top):
                # What is inside of a private folder is out of reach.
                folders[:] = [name for name in folders if mode_of(Path(folder, name)) & PRIVATE]
                paths = {Path(folder, name) for name in files} - known
                found += [str(path) for path in paths if mode_of(path) & PRIVATE]
        return found

    def succeeds(self, recording):
        """Walk again to the end: nothing that befell the first walk is in the way."""
        again = self.run(recording)
        assert again.status == 0, again.err
        left = self.traces()
        assert left["temporary"] == []
        assert left["out"] in ([], ["hasil.mp3"])
        assert not [name for name in left["show"] if name.startswith(".ngopi/ingest-")]


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def nameless():
    """Return the modes of this process's open files without a name, where the system tells."""
    modes = []
    folder = Path("/proc/self/fd")
    for entry in folder.iterdir() if folder.is_dir() else ():
        with contextlib.suppress(OSError):
            if str(entry.readlink()).endswith("(deleted)"):
                modes.append(stat.S_IMODE(os.fstat(int(entry.name)).st_mode))
    return modes


@pytest.fixture(params=["ingest", "master"])
def walk(request, ngopi, show, tmp_path, monkeypatch):
    out, temporary = tmp_path / "out", tmp_path / "tmp"
    out.mkdir()
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return Walk(command=request.param, ngopi=ngopi, show=show, out=out, temporary=temporary)


@pytest.fixture
def recording(tmp_path):
    """A recording of this test's own, which may be spoilt; it is read where it lies."""
    return write_wav(tmp_path / "rapat.wav", voice(4.0))


@pytest.fixture
def compressed(tmp_path):
    """Another, which is decoded to a temporary file."""
    return write(tmp_path / "rapat.flac", voice(4.0), codec="flac")


@pytest.fixture(scope="module")
def long_recording(tmp_path_factory):
    """Takes a while to master, so that a signal meets ngopi at work."""
    return write_wav(tmp_path_factory.mktemp("rekaman") / "webinar.wav", voice(40.0))


# -- a recording that somebody else works at --------------------------------------------------


def grow(path):
    with path.open("ab") as file:
        file.write(b"\0" * 9600)


def shrink(path):
    os.truncate(path, 100_000)


def rewrite(path):
    """Write other sound of the same length over it."""
    before = path.stat()
    write_wav(path, voice(4.0, seed=9))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1_000_000_000))


def replace(path):
    write_wav(path.with_name("baru.wav"), voice(3.0, seed=9)).replace(path)


def vanish(path):
    path.unlink()


# Windows refuses most of this to whoever tries it, and so keeps the recording as it is.
BEFALLS = [grow, *(() if os.name == "nt" else (shrink, rewrite, replace, vanish))]


# When it befalls: while it is decoded, while it is measured, while the master is encoded.
MOMENTS = {
    "decoding": ("compressed", "PcmWriter.write", 2),
    "surveying": ("recording", "Pcm.read", 2),
    "mastering": ("recording", "render", 2),
}


@pytest.mark.parametrize("befall", BEFALLS)
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_recording_that_is_not_left_alone_is_refused(request, walk, moment, befall):
    """What was read so far may be readable to its end, but it is no longer that file's sound."""
    kind, function, nth = MOMENTS[moment]
    recording = request.getfixturevalue(kind)
    before = walk.traces()

    with at_call(function, lambda: befall(recording), nth=nth):
        run = walk.run(recording)

    assert (run.status, run.out) == (75, "")
    assert run.error["code"] == "recording-changed"
    assert str(recording) in run.error["message"]
    assert walk.traces() == before
    walk.succeeds(write_wav(recording, voice(4.0)))


@posix_only
def test_a_recording_that_vanishes_before_it_is_opened_is_missing(walk, recording):
    before = walk.traces()

    with at_call("decode", recording.unlink):
        run = walk.run(recording)

    assert (run.status, run.error["code"]) == (66, "no-such-recording")
    assert walk.traces() == before


def test_one_of_two_tracks_that_grows_spoils_both(ngopi, show, recording, tmp_path):
    other = write_wav(tmp_path / "tamu.wav", voice(4.0, seed=2, pitch_hz=180.0))
    before = tree(show)

    with at_call("mix", lambda: grow(other)):
        run = ngopi("--json", "ingest", "--track", recording, "--track", other, "--no-publish")

    assert (run.status, run.error["code"]) == (75, "recording-changed")
    assert str(other) in run.error["message"]
    assert tree(show) == before


# -- a full disk ------------------------------------------------------------------------------

LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
from ngopi.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@posix_only
def test_a_spool_that_does_not_fit_is_a_full_disk(walk, compressed):
    before = walk.traces()

    run = subprocess.run(
        [sys.executable, "-c", LIMITED, "--json", *map(str, walk.argv(compressed))],
        capture_output=True, text=True, encoding="utf-8", check=False,
        env={**os.environ, "TMPDIR": str(walk.temporary)},
    )  # fmt: skip

    assert (run.returncode, run.stdout) == (74, "")
    assert '"code": "spool-full"' in run.stderr
    assert walk.traces() == before
    walk.succeeds(compressed)


# -- a worker that dies -----------------------------------------------------------------------

# Where it dies: (function, how often it was called by then). The last is a thread's.
DEATHS = [("PcmWriter.write", 3), ("plan_master", 1), ("render", 1), ("_pcm", 1)]


@pytest.mark.parametrize(("function", "nth"), DEATHS, ids=[name for name, _ in DEATHS])
def test_a_worker_that_dies_leaves_nothing_and_no_thread(walk, compressed, function, nth):
    before, threads = walk.traces(), set(threading.enumerate())

    def die():
        raise MemoryError("no more of it")

    with at_call(function, die, nth=nth):
        run = walk.run(compressed)

    assert (run.status, run.out) == (70, "")
    assert "MemoryError" in run.error["message"]
    assert {thread for thread in threading.enumerate() if thread.is_alive()} <= threads
    assert walk.traces() == before
    walk.succeeds(compressed)


# -- Ctrl-C and worse -------------------------------------------------------------------------


@posix_only
@pytest.mark.parametrize(
    ("function", "nth"),
    [
        ("PcmWriter.write", 2),
        ("survey", 1),
        ("plan_master", 1),
        ("_pcm", 1),
        ("hear_growing", 1),
        ("curve_of", 1),
    ],
)
def test_ctrl_c_leaves_nothing_and_all_was_private_until_then(walk, compressed, function, nth):
    before, seen = walk.traces(), []

    def press():
        seen.append(walk.strangers())
        os.kill(os.getpid(), signal.SIGINT)

    with python_interrupts(), at_call(function, press, nth=nth):
        run = walk.run(compressed)

    assert run.status == 130
    assert run.error["code"] == "interrupted"
    assert seen == [[]]
    after = walk.traces()
    if after["out"] == ["hasil.mp3"]:  # pressed when the master was whole already
        assert function == "curve_of"
        walk.out.joinpath("hasil.mp3").unlink()
        after = walk.traces()
    assert after == before
    walk.succeeds(compressed)


@posix_only
@pytest.mark.parametrize("step", ["Reading", "Measuring", "Mastering"])
def test_a_killed_walk_leaves_nothing_that_others_can_read(walk, long_recording, step):
    before = walk.traces()
    with subprocess.Popen(
        [sys.executable, "-m", "ngopi", *map(str, walk.argv(long_recording))],
        cwd=walk.show, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        encoding="utf-8", env={**os.environ, "TMPDIR": str(walk.temporary)},
    ) as process:  # fmt: skip
        assert any(line.startswith(step) for line in process.stderr)
        process.kill()
        process.communicate()

    assert process.returncode == -signal.SIGKILL
    after = walk.traces()
    kept = {name: after["show"][name] for name in before["show"]}
    assert kept == before["show"]
    assert {name.split("/")[1][:7] for name in after["show"].keys() - kept.keys()} <= {"ingest-"}
    assert not walk.out.joinpath("hasil.mp3").exists()
    assert after["temporary"] == []
    assert walk.strangers() == []


@posix_only
def test_what_a_killed_ingest_left_is_swept_by_the_next(ngopi, show, recording):
    left = show / ".ngopi" / "ingest-mati"
    left.mkdir(parents=True)
    left.joinpath("master.mp3").write_bytes(b"half")

    assert ngopi("ingest", recording, "--no-publish").status == 0

    assert not left.exists()


# -- damage and clocks ------------------------------------------------------------------------


def damaged(path, pieces):
    """Write ten seconds of AAC of which the packets *pieces* are unreadable."""
    write(path, voice(10.0), codec="aac")
    with av.open(str(path)) as container:
        packets = [(p.pos, p.size) for p in container.demux(audio=0) if p.size]
    content = bytearray(path.read_bytes())
    for pos, size in packets[pieces]:
        content[pos : pos + size] = b"\xff" * size
    path.write_bytes(content)
    return path


def test_a_few_damaged_frames_are_replaced_by_silence_of_their_length(walk, tmp_path):
    path = damaged(tmp_path / "rapat.m4a", slice(200, 204))

    run = walk.ngopi(*walk.argv(path))

    assert run.status == 0, run.err
    assert "silence of the same length now: 4." in run.err
    if walk.command == "ingest":
        assert "length now: 4." in walk.ngopi("show", "rapat").out
        certificate = walk.show.joinpath("episodes", "rapat", "audio.toml").read_text("utf-8")
        assert '{name = "damaged", count = 4}' in certificate
    made = walk.out / "hasil.mp3" if walk.command == "master" else next(walk.show.glob("media/*"))
    # Nothing was cut out, so that all the rest is where it was.
    with av.open(str(made)) as container:
        assert container.duration / av.time_base == pytest.approx(10.0, abs=0.15)


def test_many_damaged_frames_are_an_error(walk, tmp_path):
    path = damaged(tmp_path / "rapat.m4a", slice(10, None, 2))
    before = walk.traces()

    run = walk.run(path)

    assert (run.status, run.out) == (65, "")
    assert run.error["code"] == "damaged-recording"
    assert walk.traces() == before


def timed(path, starts_s):
    """Write pieces of sound of two seconds, each at its own time."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono")
        for start_s in starts_s:
            add_sound(container, stream, tone(2.0), RATE_HZ, start_s=start_s)
    return path


@pytest.mark.parametrize(
    ("starts_s", "duration_s", "says"),
    [
        pytest.param(
            [5, 10], 7.0, "filled with silence of their length: 1.", id="a-pause-of-the-recorder"
        ),
        pytest.param(
            [0, 7200], 4.0, "clock were ignored, no sound is lost: 1.", id="a-clock-that-was-set"
        ),
    ],
)
def test_times_that_jump_neither_lose_sound_nor_invent_hours(
    ngopi, tmp_path, starts_s, duration_s, says
):
    path = timed(tmp_path / "rapat.mkv", starts_s)

    # As a passage that holds all of it, nothing is trimmed.
    run = ngopi("master", path, tmp_path / "hasil.mp3", "--preview", "0:00-1:00")

    assert run.status == 0, run.err
    assert says in run.err
    assert played_s(tmp_path / "hasil.mp3") == pytest.approx(duration_s, abs=0.1)


def test_a_clock_that_begins_anew_loses_no_sound(ngopi, tmp_path):
    """Two Ogg files in one, as some recorders write after each pause: the times start again."""
    first = write(tmp_path / "1.ogg", tone(3.0), codec="libopus")
    second = write(tmp_path / "2.ogg", tone(3.0), codec="libopus")
    path = tmp_path / "rapat.ogg"
    path.write_bytes(first.read_bytes() + second.read_bytes())

    run = ngopi("master", path, tmp_path / "hasil.mp3", "--preview", "0:00-1:00")

    assert run.status == 0, run.err
    assert played_s(tmp_path / "hasil.mp3") == pytest.approx(6.0, abs=0.1)


def played_s(path):
    with av.open(str(path)) as container:
        return sum(frame.samples for frame in container.decode(audio=0)) / RATE_HZ


def test_a_recording_that_breaks_off_in_its_last_packet_is_kept(ngopi, tmp_path):
    """Its sound up to there is what there is."""
    path = write(
        tmp_path / "rapat.mp3", np.concatenate([voice(6.0), tone(1.0)]), codec="libmp3lame"
    )
    path.write_bytes(path.read_bytes()[:-700])

    assert ngopi("master", path, tmp_path / "hasil.mp3").status == 0
