"""A show in a temporary folder, and ngopi as a person would run it."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from ngopi.__main__ import main
from ngopi.i18n import set_language
from s3_server import (  # noqa: F401 - fixtures of every test
    s3_bucket,
    s3_environment,
    s3_server,
    s3_settings,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

settings.register_profile("ngopi", deadline=None)  # no test asserts a time
settings.load_profile("ngopi")

# A suite that was started in the background inherits a deaf ear for Ctrl-C, and so would ngopi.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

INIT = ("--title", "Ngopi Bawaslu", "--author", "Humas")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run of ngopi came to."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        return json.loads(self.err.splitlines()[-1])["error"]


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tests read English, whatever the machine speaks, and no setting of its user."""
    import os

    for name in os.environ:
        if name.startswith("NGOPI_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NGOPI_LANG", "en")
    monkeypatch.setenv("LANGUAGE", "en")
    set_language("en")
    yield
    set_language("en")


@pytest.fixture
def ngopi(capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Run ngopi in this process; arguments may be paths."""

    def run(*argv: object) -> Run:
        capsys.readouterr()
        status = main([str(argument) for argument in argv])
        captured = capsys.readouterr()
        return Run(status=status, out=captured.out, err=captured.err)

    return run


@pytest.fixture
def show(tmp_path: Path, ngopi: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new show with a folder store, and this process standing in it."""
    folder = tmp_path / "show"
    assert ngopi("init", folder, *INIT).status == 0
    monkeypatch.chdir(folder)
    return folder
