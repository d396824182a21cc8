"""Joints between two MP3 streams of the same recording, with the bit reservoir kept on.

Both streams encode the same frames around a joint. The old one's frames stay up to it, the
new one's follow. The new stream's first frame begins its data R bytes back, in slots that
now are the old stream's: there the old one has room, where its own next frames would have
begun, and the new stream's last R bytes are copied over it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ngopi.audio.mp3_frames import FrameRun, slot_offset, widened, windows_meet

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Joint(NamedTuple):
    """A joint before frame *at*; the smallest is the best."""

    unlike_before: bool
    missing_bytes: int
    from_end: int
    at: int


def splice(old: Sequence[bytes], new: Sequence[bytes], *, settled: int) -> list[bytes] | None:
    """Return frames that begin as *old* and end as *new*, or None where no joint is sound.

    Args:
        old: frames of the stream that ends.
        new: the same frames of the recording by the stream that begins.
        settled: how many frames (1 or more) the new encoder needs to forget its abrupt start.
    """
    before, after = FrameRun(old), FrameRun(new)
    for joint in sorted(_joints(before, after, settled=settled)):
        head = _with_room(old[: joint.at], joint.missing_bytes)
        if head is not None:
            tail = after.slots[after.data_start(joint.at) : after.starts[joint.at]]
            return [*_with_last_slot_bytes(head, tail), *new[joint.at :]]
    return None


def _joints(before: FrameRun, after: FrameRun, *, settled: int) -> list[_Joint]:
    count = len(before.sides)
    joints = []
    for index in range(settled, count):
        if after.data_start(index) < 0:
            continue
        if not windows_meet(before.sides[index - 1], after.sides[index]):
            continue
        room = before.starts[index] - before.data_end(index - 1)
        missing = max(0, after.sides[index].main_data_begin - room)
        # One frame alike before the joint makes it exact: a decoder's overlap and synthesis
        # window reach back less than a frame.
        content = before.content(index - 1)
        alike = content is not None and content == after.content(index - 1)
        joints.append(_Joint(not alike, missing, count - index, index))
    return joints


def _with_room(frames: Sequence[bytes], missing_bytes: int) -> list[bytes] | None:
    if not missing_bytes:
        return list(frames)
    last = widened(frames[-1], missing_bytes)
    return None if last is None else [*frames[:-1], last]


def _with_last_slot_bytes(frames: list[bytes], tail: bytes) -> list[bytes]:
    """Return *frames* with *tail* as the last bytes of their joined slots."""
    changed = list(frames)
    index = len(changed)
    while tail:
        index -= 1
        frame = changed[index]
        keep = max(slot_offset(frame), len(frame) - len(tail))
        taken = len(frame) - keep
        changed[index] = frame[:keep] + tail[len(tail) - taken :]
        tail = tail[: len(tail) - taken]
    return changed
