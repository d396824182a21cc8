"""From a recording to a master: each step is a module that is readable on its own."""

import contextlib
import ctypes
import os
import sys

# OpenBLAS reads this once, when numpy is first imported, and otherwise starts a thread and a
# buffer of some 30 MB for each core. The sound here is filtered by FFTs and element by
# element: those threads would only cost memory. A value that somebody set is theirs to keep.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

if sys.platform == "linux":
    # glibc gives each thread a heap of its own, which keeps what is freed in it. With one for
    # all, the whole of ngopi ingest needs 34 MB less, and not a moment more. Large arrays it
    # would give back to the system each time, to get them anew page by page for the next
    # window: that took one 30th of all time, and memory is no less for it.
    _M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
    with contextlib.suppress(AttributeError):  # other C libraries have no such settings
        _mallopt = ctypes.CDLL(None).mallopt
        _mallopt(_M_ARENA_MAX, 1)
        _mallopt(_M_MMAP_THRESHOLD, 32 << 20)
        _mallopt(_M_TRIM_THRESHOLD, 256 << 20)
