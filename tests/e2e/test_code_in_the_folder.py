"""A show comes from colleagues: what lies in its folder is sound and text, and never our code."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import ngopi as package
from ngopi.audio.trial import survives
from ngopi.codepath import code_path
from ordered import LABELS, LEFT, RIGHT, caf

# Taken for parts of ngopi, of its libraries or of Python by whoever looks into the folder.
NAMESAKES = ("av", "click", "json", "lxml", "ngopi", "numpy", "sitecustomize", "subprocess")
PLUGIN = "[pydantic]\ntrap = trap:plugin\n"  # what an installed package may bring along


@pytest.fixture
def trap(tmp_path):
    """A folder with a recording that is tried in a process of its own, amid code that tells."""
    folder = tmp_path / "acara"
    folder.mkdir()
    caf(folder / "rekaman.caf", LABELS, labels=(LEFT, RIGHT))
    tells = f"open({str(tmp_path / 'ran')!r}, 'a').write(__name__ + ' ')\nplugin = None\n"
    for name in (*NAMESAKES, "trap"):
        (folder / f"{name}.py").write_text(tells, encoding="utf-8")
    for name in ("encodings", "resep"):  # the second is nobody's: no harm, no warning
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(tells, encoding="utf-8")
    (folder / "trap-1.0.dist-info").mkdir()
    (folder / "trap-1.0.dist-info" / "METADATA").write_text("Name: trap\nVersion: 1.0\n")
    (folder / "trap-1.0.dist-info" / "entry_points.txt").write_text(PLUGIN)
    return folder


def ran(trap):
    """Return what of the folder's code has run."""
    told = trap.parent / "ran"
    return set(told.read_text().split()) if told.exists() else set()


def in_folder(folder, *argv, **environment):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        argv,
        cwd=folder,
        env={**clean, "NGOPI_LANG": "en", "PYTHONUTF8": "1", **environment},
        capture_output=True,
        check=False,
        encoding="utf-8",
    )


def script():
    """Return the command that was installed beside this Python."""
    found = shutil.which("ngopi", path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip("ngopi is not installed as a command beside this Python")
    return found


def test_the_command_runs_no_code_of_the_folder(trap):
    run = in_folder(trap, script(), "measure", "rekaman.caf", "--json")

    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)[0]["channels"] == 2
    assert ran(trap) == set()
    assert run.stderr == ""


def test_what_the_documents_say_runs_no_code_of_the_folder(trap):
    run = in_folder(trap, sys.executable, "-P", "-m", "ngopi", "measure", "rekaman.caf")

    assert run.returncode == 0, run.stderr
    assert ran(trap) == set()
    assert "Warning" not in run.stderr


def test_without_p_only_what_comes_before_our_first_line_runs(trap):
    """Python takes the package ``ngopi`` out of the folder; with another there, all is ours."""
    (trap / "ngopi.py").unlink()

    run = in_folder(trap, sys.executable, "-m", "ngopi", "measure", "rekaman.caf")

    assert run.returncode == 0, run.stderr
    assert ran(trap) == set()


def test_it_is_said_what_python_would_have_run(trap):
    (trap / "ngopi.py").unlink()
    for command in (("list",), ("--json", "list")):
        run = in_folder(trap, sys.executable, "-m", "ngopi", *command)
        warned = run.stderr.splitlines()[0]

        assert "av.py, click.py, encodings, json.py" in warned
        assert "numpy.py, sitecustomize.py" in warned
        assert "resep" not in warned
        assert "-P -m ngopi" in run.stderr
    assert json.loads(warned)["warning"]["code"] == "code-in-folder"


def test_nothing_is_said_where_no_code_lies(tmp_path):
    for name in ("catatan.py", "audio", "episodes"):
        (tmp_path / name).mkdir() if "." not in name else (tmp_path / name).touch()

    run = in_folder(tmp_path, sys.executable, "-m", "ngopi", "--version")

    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.parametrize("value", [".", os.pathsep, "{trap}"])
def test_a_variable_that_names_the_folder_is_told(trap, value):
    """Before our first line Python has looked there; from then on nobody does."""
    shutil.rmtree(trap / "encodings")
    (trap / "ngopi.py").unlink()

    where = value.format(trap=trap)
    run = in_folder(trap, script(), "measure", "rekaman.caf", PYTHONPATH=where)

    assert run.returncode == 0, run.stderr
    assert ran(trap) <= {"sitecustomize"}
    assert "out of the variable PYTHONPATH" in run.stderr


def test_the_trial_heeds_no_variable_of_python(trap, monkeypatch):
    """What Python finds by itself (encodings, sitecustomize, json) it finds where it lives."""
    monkeypatch.chdir(trap)
    for name, value in (
        ("PYTHONPATH", str(trap)),
        ("PYTHONSTARTUP", str(trap / "sitecustomize.py")),
        ("PYTHONINSPECT", "1"),
        ("PYTHONWARNINGS", "error::trap.Warning"),
        ("PYTHONHOME", str(trap)),
    ):
        monkeypatch.setenv(name, value)

    assert survives(trap / "rekaman.caf")
    assert ran(trap) == set()


def test_the_trial_looks_nowhere_near_the_recording(trap, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(trap), "", "acara", *sys.path])
    monkeypatch.chdir(trap.parent)

    assert all(map(os.path.isabs, code_path()))  # a relative name means another folder there
    assert survives(Path("acara", "rekaman.caf"))
    assert ran(trap) == set()


@pytest.mark.parametrize("packed", [False, True], ids=["folder", "archive"])
def test_the_trial_runs_the_very_same_ngopi(trap, tmp_path, packed):
    """From wherever ngopi was started: the one beside it, which is installed, stays out."""
    ours = tmp_path / "milik sendiri"
    copy = ours / "ngopi"
    shutil.copytree(Path(package.__file__).parent, copy)
    door = copy / "audio" / "recording" / "__init__.py"
    told = (
        "\n_real = rehearse\n\ndef rehearse(name):\n"
        f"    open({str(tmp_path / 'ours')!r}, 'w').close()\n    _real(name)\n"
    )
    door.write_text(door.read_text(encoding="utf-8") + told, encoding="utf-8")
    start: tuple[str, ...] = ("-m", "ngopi")
    if packed:
        archive = tmp_path / "ngopi.pyz"
        with zipfile.ZipFile(archive, "w") as zipped:
            for path in ours.rglob("*"):
                zipped.write(path, path.relative_to(ours))
            zipped.writestr("__main__.py", "from ngopi.__main__ import run\nrun()\n")
        shutil.rmtree(ours)
        start = (str(archive),)

    run = in_folder(
        trap, sys.executable, "-P", *start, "measure", "rekaman.caf", PYTHONPATH=str(ours)
    )

    assert run.returncode == 0, run.stderr
    assert (tmp_path / "ours").exists()
    assert ran(trap) == set()


@pytest.mark.skipif(sys.platform != "win32", reason="Windows looks for libraries by name alone")
def test_no_library_is_loaded_out_of_the_folder(tmp_path):
    """python3.dll is a small one, and its copy cannot be loaded already."""
    shutil.copy(Path(sys.base_prefix, "python3.dll"), tmp_path / "pinjaman.dll")
    ask = "import ctypes\nctypes.WinDLL('pinjaman.dll', winmode=0)"

    assert in_folder(tmp_path, sys.executable, "-c", ask).returncode == 0
    assert in_folder(tmp_path, sys.executable, "-c", f"import ngopi.__main__\n{ask}").returncode
