"""ngopi in processes of its own, which die by SIGKILL before any step that one wants.

A small server imports ngopi once and forks a process for every run: as real as a new one, and
twenty times as quick to start. It is this very file, run as a script.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# Each changes something that others see, or asks a store: Python tells of them before they happen.
_STEPS = ("os.rename", "os.remove", "os.mkdir", "fcntl.flock", "http.client.send")


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

    def start(self, *argv: object, env: dict[str, str], kill_at: int | None = None) -> int:
        """Start ``ngopi argv`` and return its process id; it is killed before step *kill_at*."""
        arguments = [str(argument) for argument in argv]
        return int(self._ask({"argv": arguments, "env": env, "kill_at": kill_at}))

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

    def run(self, *argv: object, env: dict[str, str], kill_at: int | None = None) -> Ended:
        """Run ngopi to its end, whichever it is."""
        return self.wait(self.start(*argv, env=env, kill_at=kill_at))

    def _ask(self, question: dict[str, Any]) -> Any:
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        self.server.stdin.write(json.dumps(question) + "\n")
        self.server.stdin.flush()
        return json.loads(self.server.stdout.readline())


@contextlib.contextmanager
def mortals(cwd: Path) -> Iterator[Mortals]:
    """Run such a server, whose runs stand in *cwd*."""
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, __file__, folder],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=cwd,
        ) as server,
    ):  # fmt: skip
        yield Mortals(server=server, folder=Path(folder))
        assert server.stdin is not None
        server.stdin.close()


# -- inside the server ----------------------------------------------------------------------


def _serve(folder: Path) -> None:
    _load()
    for line in sys.stdin:
        question = json.loads(line)
        if "wait" in question:
            _, status = os.waitpid(question["wait"], 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        pid = os.fork()
        if not pid:
            _run(folder, question)
        print(pid, flush=True)


def _load() -> None:
    """Import what a publish needs, so that no run has to."""
    import boto3  # noqa: F401
    import botocore.httpsession  # noqa: F401
    import filelock  # noqa: F401
    from ngopi import publish  # noqa: F401

    import ngopi.__main__
    import ngopi.cli.work
    import ngopi.store.folder
    import ngopi.store.s3  # noqa: F401


def _run(folder: Path, question: dict[str, Any]) -> None:
    base = folder / str(os.getpid())
    for number, name in ((1, "out"), (2, "err")):
        handle = os.open(base.with_suffix(f".{name}"), os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        os.dup2(handle, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for name in [name for name in os.environ if name.startswith(("NGOPI_", "AWS_"))]:
        del os.environ[name]
    os.environ.update(question["env"])
    steps = _count(question["kill_at"])
    from ngopi.__main__ import main

    status = main(question["argv"])
    sys.stdout.flush()
    sys.stderr.flush()
    taken, steps[0] = steps[0], -(1 << 30)
    base.with_suffix(".steps").write_text(str(taken))
    os._exit(status)


def _count(kill_at: int | None) -> list[int]:
    """Count this process's steps, and kill it before number *kill_at*."""
    steps = [0]

    def step() -> None:
        steps[0] += 1
        if steps[0] == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _STEPS or (event == "open" and _writes(arguments)):
            step()

    def fsync(handle: int) -> None:
        step()
        real_fsync(handle)

    real_fsync, os.fsync = os.fsync, fsync
    sys.addaudithook(heard)
    return steps


def _writes(arguments: tuple[Any, ...]) -> bool:
    flags = arguments[2]
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
