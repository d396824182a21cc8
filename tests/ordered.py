"""Recordings that state the order of their channels: ngopi tries those in a process of its own."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

LABELS, STEREO, MPEG_5_1_C = 0, 0x650002, 0x7B0006
LEFT, RIGHT = 1, 2


def caf(path: Path, tag: int, *, channels: int = 2, labels: tuple[int, ...] = ()) -> Path:
    """Write a second of 16-bit sound whose channels lie in the order *tag*, or that of *labels*."""
    sound = np.random.default_rng(1).integers(-9000, 9000, (48000, channels)).astype(">i2")
    order = struct.pack(">III", tag, 0, len(labels))
    order += b"".join(struct.pack(">IIfff", label, 0, 0, 0, 0) for label in labels)
    format_ = struct.pack(">d4sIIIII", 48000, b"lpcm", 0, 2 * channels, 1, channels, 16)
    data = bytes(4) + sound.tobytes()
    chunks = ((b"desc", format_), (b"chan", order), (b"data", data))
    packed = b"".join(name + struct.pack(">q", len(body)) + body for name, body in chunks)
    path.write_bytes(struct.pack(">4sHH", b"caff", 1, 0) + packed)
    return path
