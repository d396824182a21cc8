"""From a recording to a master: each step is a module that is readable on its own."""

import os

# OpenBLAS reads this once, when numpy is first imported, and otherwise starts a thread and a
# buffer of some 30 MB for each core. The sound here is filtered by FFTs and element by
# element: those threads would only cost memory. A value that somebody set is theirs to keep.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
