"""Where Python looks for code: not in the folder that a person happens to stand in.

A show comes from colleagues, by git or in a zip: a file ``av.py`` beside its recordings is no part
of ngopi. ``__main__`` calls `leave_current_folder` before it imports anything else; so this module
itself imports only what Python has loaded before its first line, not even ``typing``.
"""

import os
import sys

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - see above
_PYTHONS = os.path.dirname(os.__file__)  # noqa: PTH120 - see above
# Python looks for these two by itself, and installs neither.
_OF_EACH_MACHINE = {"sitecustomize", "usercustomize"}


def leave_current_folder() -> str | None:
    """Look into the current folder no more; return it if Python did so until now.

    ``python -m`` without ``-P`` puts it before Python's own library, and so does an empty name in
    PYTHONPATH. What stands behind was installed there. If ngopi itself lies in the folder, nothing
    changes: whoever started it from there meant that.
    """
    if sys.platform == "win32":
        _leave_it_to_programs()
    try:
        here = os.getcwd()  # noqa: PTH109 - see above
    except FileNotFoundError:  # somebody has removed it
        return None
    if _same(_OURS, here):
        return None
    before = len(sys.path)
    sys.path[:] = _without(here)
    return here if len(sys.path) < before else None


def code_path(*without: str) -> list[str]:
    """Return where this process finds its code, for another one; in no folder of *without*."""
    kept = [entry for entry in _without(*without) if os.path.isabs(entry)]  # noqa: PTH117 - see above
    return kept if _OURS in kept else [_OURS, *kept]


def _without(*folders: str) -> list[str]:
    """Return where Python looks for code; before its own library in none of the *folders*."""
    own = sys.path.index(_PYTHONS) if _PYTHONS in sys.path else len(sys.path)
    return [
        entry
        for at, entry in enumerate(sys.path)
        if at >= own or not any(_same(entry or os.curdir, folder) for folder in folders)
    ]


def namesakes(folder: str) -> list[str]:
    """Return the names of what lies in *folder* and Python would take for a module of ours.

    Ours are Python's own, ngopi, and whatever else is installed beside it.
    """
    with os.scandir(folder) as entries:
        found = {entry.name: _module_name(entry) for entry in entries}
    return sorted(name for name, module in found.items() if module and _is_elsewhere(module))


def stands_in_variable(folder: str) -> bool:
    """Say whether PYTHONPATH is what made Python look into *folder*."""
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return entries != [""] and any(_same(entry or os.curdir, folder) for entry in entries)


def _module_name(entry: "os.DirEntry[str]") -> str | None:
    from importlib.machinery import all_suffixes

    ends = all_suffixes()
    if entry.is_dir():
        parts = (os.path.join(entry.path, f"__init__{end}") for end in ends)  # noqa: PTH118 - see above
        return entry.name if any(map(os.path.exists, parts)) else None
    # ".cpython-311-x86_64-linux-gnu.so" ends with ".so" too
    end = max((end for end in ends if entry.name.endswith(end)), key=len, default=None)
    return entry.name.removesuffix(end) if end else None


def _is_elsewhere(module: str) -> bool:
    from importlib.machinery import PathFinder

    if module in sys.stdlib_module_names or module in _OF_EACH_MACHINE:
        return True
    return PathFinder.find_spec(module) is not None


def _same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)  # noqa: PTH121 - see above
    except OSError:  # one of them is not there
        return False


def _leave_it_to_programs() -> None:
    """On Windows a library or a program that is named without a folder is sought here, too."""
    import ctypes

    os.environ["NoDefaultCurrentDirectoryInExePath"] = "1"  # noqa: SIM112 - Windows' own name
    if sys.platform == "win32":
        ctypes.windll.kernel32.SetDllDirectoryW("")
