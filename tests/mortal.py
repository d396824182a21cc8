"""ngopi in processes of its own, which die by SIGKILL before any step that one wants.

Or the disk fails there or takes no large file, the clock is off, or they wait for a server no
longer than one wants.

A small server imports ngopi once and forks a process for every run: as real as a new one, and
twenty times as quick to start. It is this very file, run as a script.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

# Each changes something that outlives the process, or sends something to a store (a request's head
# and its body are two); Python tells of them before they happen. Between two of them lies all the
# rest, fsync too: a process that is killed loses nothing that it has written.
_STEPS = ("os.rename", "os.mkdir", "http.client.send")
# After these a run knows, or has done, what others may make untrue before it goes on.
_CUES = (
    "look", "Examined.has", "inventory", "FolderStore.swap", "S3Store.swap", "FolderStore.delete",
    "S3Store.delete", "FolderStore.add_all", "S3Store.add_all",
)  # fmt: skip
# A long body is sent in blocks, whose size is a power of two: one in so many of them is a step.
_BLOCK_BYTES, _BLOCKS_EACH = 8192, 256
# A disk that is full or read-only stays so; other faults come once.
_LASTING = ("ENOSPC", "EROFS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run that is over; *status* is -9 where it was killed, *steps* how many it took."""

    status: int
    steps: int
    out: str
    err: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mortals:
    """A server of runs; *folder* keeps what they print."""

    server: subprocess.Popen[str]
    folder: Path

    def start(
        self,
        *argv: object,
        env: dict[str, str],
        kill_at: int | None = None,
        kill_after_s: float | None = None,
        stop_at: int | None = None,
        fail_at: int | None = None,
        fault: str = "EIO",
    ) -> int:
        """Start ``ngopi argv`` and return its process id.

        It is killed before step *kill_at*, or *kill_after_s* seconds, if it comes to that. Or
        it stops after cue *stop_at* (see `_CUES`), until it is told to `go_on`. Or
        its disk fails with the error *fault* at step *fail_at*, where sending is no step, but
        each fsync is one.
        """
        arguments = [str(argument) for argument in argv]
        death = {"kill_at": kill_at, "kill_after_s": kill_after_s, "stop_at": stop_at}
        death |= {"fail_at": fail_at, "fault": fault}
        return int(self._ask({"argv": arguments, "env": env, **death}))

    def wait(self, pid: int) -> Ended:
        """Wait for the run's end, which leaves no zombie."""
        status = self._ask({"wait": pid})
        out, err, steps = (self.folder / f"{pid}.{name}" for name in ("out", "err", "steps"))
        return Ended(
            status=status,
            steps=int(steps.read_text() if steps.exists() else 0),
            out=out.read_text("utf-8") if out.exists() else "",
            err=err.read_text("utf-8") if err.exists() else "",
        )

    def stops(self, pid: int) -> bool:
        """Wait until a run stands still, and return True, or until it is over (see `wait`)."""
        return bool(self._ask({"stops": pid}))

    def go_on(self, pid: int) -> None:
        """Have a run that stands still go on."""
        os.kill(pid, signal.SIGCONT)

    def printed(self, pid: int) -> str:
        """Return what a run has printed so far."""
        out = self.folder / f"{pid}.out"
        return out.read_text("utf-8") if out.exists() else ""

    def run(self, *argv: object, env: dict[str, str], **death: Any) -> Ended:
        """Run ngopi to its end, whichever it is; *death* as in `start`."""
        return self.wait(self.start(*argv, env=env, **death))

    def _ask(self, question: dict[str, Any]) -> Any:
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        self.server.stdin.write(json.dumps(question) + "\n")
        self.server.stdin.flush()
        return json.loads(self.server.stdout.readline())


@contextlib.contextmanager
def mortals(show: Path, *, cwd: Path | None = None) -> Iterator[Mortals]:
    """Run such a server, which rehearses with *show*; its runs stand there, or in *cwd*."""
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, __file__, folder, show],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, cwd=cwd or show, start_new_session=True,
        ) as server,
    ):  # fmt: skip
        try:
            yield Mortals(server=server, folder=Path(folder))
        except BaseException:  # nobody waits for a run that may never end
            os.killpg(server.pid, signal.SIGKILL)
            raise
        assert server.stdin is not None
        server.stdin.close()


# -- inside the server ----------------------------------------------------------------------


def _serve(folder: Path, show: str) -> None:
    _load(show)
    for line in sys.stdin:
        question = json.loads(line)
        if "stops" in question:
            # It stays to be waited for: only looked at.
            found = os.waitid(os.P_PID, question["stops"], os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            _answer(int(found is not None and found.si_code == os.CLD_STOPPED))
            continue
        if "wait" in question:
            _, status = os.waitpid(question["wait"], 0)
            _answer(os.waitstatus_to_exitcode(status))
            continue
        pid = os.fork()
        if not pid:
            _run(folder, question)
        _answer(pid)


def _answer(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _load(show: str) -> None:
    """Import all that a publish needs, so that no run has to; a rehearsal loads it."""
    import boto3
    from botocore.loaders import JSONFileLoader

    from ngopi.__main__ import main

    # boto3 reads its megabytes of JSON for each client anew: here only once.
    JSONFileLoader.load_file = functools.cache(JSONFileLoader.load_file)
    boto3.session.Session().client("s3", region_name="us-east-1").close()

    with contextlib.redirect_stdout(sys.stderr):
        main(["--show", show, "publish", "--dry-run"])


def _run(folder: Path, question: dict[str, Any]) -> None:
    base = folder / str(os.getpid())
    for number, name in ((1, "out"), (2, "err")):
        handle = os.open(base.with_suffix(f".{name}"), os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        os.dup2(handle, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for name in [name for name in os.environ if name.startswith(("NGOPI_", "AWS_"))]:
        del os.environ[name]
    os.environ.update(question["env"])
    _set_clock(float(os.environ.pop("MORTAL_CLOCK_OFF_S", "0")))
    _set_patience(float(os.environ.pop("MORTAL_PATIENCE_S", "0")))
    if question["kill_after_s"] is not None:
        timer = threading.Timer(question["kill_after_s"], _die)
        timer.daemon = True
        timer.start()
    _limit_files(int(os.environ.pop("MORTAL_FILE_LIMIT_BYTES", "0")))
    if question["fail_at"] is None:
        steps = _count(_STEPS, at=question["kill_at"], then=_die)
    else:
        steps = _count_failing(question["fail_at"], fault=question["fault"])
    if question["stop_at"] is not None:
        _stop_after(question["stop_at"])
    from ngopi.__main__ import main

    status = main(question["argv"])
    sys.stdout.flush()
    sys.stderr.flush()
    taken, steps[0] = steps[0], -(1 << 30)
    base.with_suffix(".steps").write_text(str(taken))
    os._exit(status)


def _stop_after(number: int) -> None:
    """Stand still when this process has come to its cue of that number."""
    left = [number]

    def watch(frame: FrameType, event: str, _value: Any) -> None:
        code = frame.f_code
        if event != "return" or code.co_qualname not in _CUES or "ngopi" not in code.co_filename:
            return
        left[0] -= 1
        if left[0] == 0:
            sys.setprofile(None)
            os.kill(os.getpid(), signal.SIGSTOP)

    sys.setprofile(watch)


def _set_clock(off_s: float) -> None:
    """Have requests signed as by a machine whose clock is off by so much."""
    if not off_s:
        return
    import botocore.auth

    right = botocore.auth.get_current_datetime

    def wrong(**keywords: Any) -> dt.datetime:
        return right(**keywords) + dt.timedelta(seconds=off_s)

    botocore.auth.get_current_datetime = wrong


def _set_patience(limit_s: float) -> None:
    """Have boto3 wait so long for a server that says nothing; ngopi's own limit is a minute."""
    if not limit_s:
        return
    from botocore.httpsession import URLLib3Session

    patient = URLLib3Session.__init__

    def impatient(self: URLLib3Session, *arguments: Any, **keywords: Any) -> None:
        patient(self, *arguments, **keywords | {"timeout": (limit_s, limit_s)})

    URLLib3Session.__init__ = impatient


def _limit_files(limit_bytes: int) -> None:
    """Let no file grow beyond a limit: it fails a write in its middle, as a full disk does."""
    if not limit_bytes:
        return
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))


def _count(
    events: tuple[str, ...], *, at: int | None, then: Callable[[], None], lasts: bool = False
) -> list[int]:
    """Count this process's steps, and call *then* before number *at*; if it *lasts*, ever after."""
    steps, blocks, turn = [0], [0], threading.Lock()

    def is_step(event: str, arguments: tuple[Any, ...]) -> bool:
        if event == "open":
            return _writes(arguments)
        size = len(arguments[1]) if event == "http.client.send" else 0
        if size >= _BLOCK_BYTES and size & (size - 1) == 0:
            blocks[0] += 1
            return event in events and blocks[0] % _BLOCKS_EACH == 0
        return event in events

    def step() -> None:
        with turn:  # parts are sent by several threads
            steps[0] += 1
            number = steps[0]
        if at is not None and (number == at or (lasts and number > at)):
            then()

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        if is_step(event, arguments):
            step()

    # The disks of test machines are slow, and no power is cut here.
    os.fsync = lambda _: step() if "os.fsync" in events else None
    sys.addaudithook(heard)
    return steps


def _count_failing(at: int, *, fault: str) -> list[int]:
    """Count the steps on the disk, which fails at number *at*."""
    number = getattr(errno, fault)

    def fail() -> None:
        raise OSError(number, os.strerror(number))

    events = ("os.rename", "os.mkdir", "os.fsync")
    return _count(events, at=at, then=fail, lasts=fault in _LASTING)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _writes(arguments: tuple[Any, ...]) -> bool:
    path, _, flags = arguments
    if not isinstance(flags, int) or str(path).endswith(".lock"):
        return False
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), sys.argv[2])
