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
    # all, the whole of ngopi ingest needs 34 MB less, and not a moment more.
    _M_ARENA_MAX = -8
    with contextlib.suppress(AttributeError):  # other C libraries have no such heaps
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
