"""MP3 frames as the standard and the LAME tag describe them; numbers by hand."""

from __future__ import annotations

import pytest

from ngopi.audio.mp3_frames import (
    FrameRun,
    SideInfo,
    StreamFacts,
    crc16,
    frame_count,
    frame_size,
    info_frame,
    info_head,
    split_frames,
    widened,
    windows_meet,
)
from ngopi.audio.splice import splice

MONO, STEREO = 0b1100_0000, 0


def frame(
    *,
    data: bytes = b"",
    begin: int = 0,
    windows: tuple[int, ...] = (0, 0),
    mode: int = MONO,
    head: int = 0x54,
    slot: bytes | None = None,
) -> bytes:
    """Return a frame (64 kbit/s, 48 kHz, mono: 192 bytes) with *data* in its first granules.

    Its slot begins with *slot*, by default with the data from where they reach into it.
    """
    # A granule's length in bits has twelve bits: 511 bytes.
    lengths = [8 * len(data[first : first + 511]) for first in range(0, 511 * len(windows), 511)]
    side = begin
    side = side << (9 if len(windows) == 2 else 11)  # private bits, scale factors shared
    for length, window in zip(lengths, windows, strict=True):
        switched = window != 0
        side = (side << 12 | length) << 21  # big values, gain, scale factor lengths
        side = (side << 1 | switched) << 2 | window
        side <<= 23
    size = 17 if len(windows) == 2 else 32
    start = bytes((0xFF, 0xFB, head, mode)) + side.to_bytes(size)
    return (start + (data[begin:] if slot is None else slot)).ljust(
        frame_size(bytes((0xFF, 0xFB, head, mode))), b"\0"
    )


@pytest.mark.parametrize(
    ("head", "size"),
    [
        (0x90, 417),  # 128 kbit/s, 44.1 kHz: the textbook's 417.96
        (0x92, 418),  # and padded
        (0x94, 384),  # 48 kHz
        (0x98, 576),  # 32 kHz
        (0x14, 96),  # 32 kbit/s, 48 kHz, the smallest
        (0xE8, 1440),  # 320 kbit/s, 32 kHz, the largest
    ],
)
def test_frame_size_is_that_of_the_standard(head, size):
    assert frame_size(bytes((0xFF, 0xFB, head, 0))) == size


@pytest.mark.parametrize(
    "head",
    [b"\xff\xfb\x04\0", b"\xff\xfb\xf4\0", b"\xff\xfb\x9c\0", b"\xff\xfa\x94\0", b"ID3\4"],
    ids=["free format", "bit rate 15", "sample rate 3", "with CRC", "a tag"],
)
def test_what_begins_no_frame_is_refused(head):
    with pytest.raises(ValueError, match=r"."):
        frame_size(head)


def test_the_part_of_a_frame_at_the_end_is_left():
    stream = frame() + frame(head=0x94, mode=STEREO) + frame()

    assert [len(found) for found in split_frames(stream[:-1])] == [192, 384]
    assert [len(found) for found in split_frames(stream)] == [192, 384, 192]
    assert split_frames(stream[:3]) == []


@pytest.mark.parametrize(
    ("samples", "frames"), [(0, 2), (1199, 2), (1200, 3), (2 * 1152 - 1105, 2), (48_000, 43)]
)
def test_frames_hold_the_samples_and_both_delays(samples, frames):
    assert frame_count(samples) == frames


def test_crc_is_the_one_of_the_lame_tag():
    # The check value of CRC-16/ARC in the catalogue of parametrised CRC algorithms.
    assert crc16(b"123456789") == 0xBB3D
    assert crc16(b"") == 0


@pytest.mark.parametrize("cut", range(10))
def test_crc_goes_on_over_pieces(cut):
    assert crc16(b"123456789"[cut:], crc16(b"123456789"[:cut])) == 0xBB3D


def test_side_information_is_read_for_mono_and_stereo():
    mono = SideInfo.of(frame(data=bytes(20), begin=300, windows=(1, 2)))
    stereo = SideInfo.of(
        frame(data=bytes(9), begin=511, windows=(0, 1, 2, 3), mode=STEREO, head=0x94)
    )

    assert (mono.main_data_begin, mono.data_bits) == (300, 160)
    assert (mono.opens, mono.closes) == ((1,), (2,))
    assert (stereo.main_data_begin, stereo.data_bits) == (511, 72)
    assert (stereo.opens, stereo.closes) == ((0, 1), (2, 3))


# ISO/IEC 11172-3, figure C.8: long 0, start 1, short 2, stop 3.
FOLLOWERS = {(0, 0), (0, 1), (1, 2), (2, 2), (2, 3), (3, 0), (3, 1)}


@pytest.mark.parametrize("closing", range(4))
@pytest.mark.parametrize("opening", range(4))
def test_windows_follow_each_other_as_in_the_standard(closing, opening):
    before = SideInfo.of(frame(windows=(0, closing)))
    after = SideInfo.of(frame(windows=(opening, 0)))

    assert windows_meet(before, after) == ((closing, opening) in FOLLOWERS)


def test_one_channel_with_the_wrong_window_is_enough_to_refuse():
    before = SideInfo.of(frame(windows=(0, 0, 0, 1), mode=STEREO, head=0x94))
    after = SideInfo.of(frame(windows=(0, 0, 0, 0), mode=STEREO, head=0x94))

    assert not windows_meet(before, after)


def test_content_does_not_depend_on_where_it_lies():
    # The same twelve bytes: once in the frame's own slot, once with five in the slot before.
    data = b"twelve bytes"
    near = FrameRun([frame(), frame(data=data)])
    before = frame(slot=bytes(171 - 5) + data[:5])
    far = FrameRun([before, frame(data=data, begin=5)])

    assert near.content(1) == far.content(1)
    assert far.content(1) != FrameRun([frame(), frame(data=b"other bytes!")]).content(1)


def test_content_leaves_out_what_is_stuffed_behind_its_last_bit():
    def five_bits(byte):
        made = bytearray(frame(data=bytes([byte])))
        side = int.from_bytes(made[4:21]) - (3 << 106)  # the first granule's length, 8 before
        made[4:21] = side.to_bytes(17)
        return FrameRun([frame(), bytes(made)]).content(1)

    assert five_bits(0b1010_1000) == five_bits(0b1010_1111)
    assert five_bits(0b1010_1000) != five_bits(0b1010_0000)


def test_content_before_the_first_slot_is_unknown():
    assert FrameRun([frame(data=b"twelve bytes", begin=5)]).content(0) is None


def test_widened_frame_keeps_its_data_and_gains_at_least_what_was_wanted():
    narrow = frame(data=b"twelve bytes")

    wide = widened(narrow, 49)

    assert wide is not None
    assert len(wide) == frame_size(wide) == 288  # 80 kbit/s adds 48 bytes, 96 adds 96
    assert wide[3:192] == narrow[3:]


def test_a_frame_of_the_highest_bit_rate_cannot_be_widened():
    assert widened(frame(head=0xE4), 1) is None


# -- joints --------------------------------------------------------------------------------


def contents(frames):
    run = FrameRun(frames)
    return [run.content(index) for index in range(len(frames))]


def full(text: bytes, *, begin: int, head: int = 0x54) -> bytes:
    """Return a frame whose data end with its slot, so that nothing is left for the next."""
    size = frame_size(bytes((0xFF, 0xFB, head, MONO))) - 21
    data = (text * 2000)[: size + begin]
    return frame(data=data, begin=begin, head=head)


def test_joint_moves_the_new_streams_early_bytes_into_the_old_streams_room():
    # The old stream's frames are short; the new one's last begins 7 bytes back.
    old = [frame(data=b"old-%d" % index) for index in range(3)]
    new = [frame(data=b"new-0"), frame(slot=bytes(164) + b"earlier"),
           frame(data=b"earlier and now", begin=7)]  # fmt: skip

    joined = splice(old, new, settled=2)

    assert joined is not None
    assert contents(joined) == [*contents(old)[:2], contents(new)[2]]
    assert [len(part) for part in joined] == [192, 192, 192]


def test_early_bytes_may_reach_over_several_frames():
    old = [frame(data=b"old"), frame(), frame(), frame()]
    early = bytes(range(200))
    new = [frame(), frame(slot=bytes(142) + early[:29]), frame(slot=early[29:]),
           frame(data=early + b"now", begin=200)]  # fmt: skip

    joined = splice(old, new, settled=3)

    assert joined is not None
    assert contents(joined)[3] == contents(new)[3]
    assert contents(joined)[0] == contents(old)[0]


def test_a_frame_before_the_joint_is_widened_when_the_old_stream_has_no_room():
    old = [full(b"old", begin=0), full(b"older", begin=0), full(b"oldest", begin=0)]
    new = [frame(), frame(slot=bytes(164) + b"earlier"), frame(data=b"earlier and now", begin=7)]

    joined = splice(old, new, settled=2)

    assert joined is not None
    assert [len(part) for part in joined] == [192, 240, 192]
    assert contents(joined) == [*contents(old)[:2], contents(new)[2]]


def test_no_joint_is_made_when_nothing_can_be_widened():
    old = [full(b"old", begin=0, head=0xE4) for _ in range(3)]
    new = [frame(head=0xE4), frame(head=0xE4, slot=bytes(932) + b"earlier"),
           frame(head=0xE4, data=b"earlier and now", begin=7)]  # fmt: skip

    assert splice(old, new, settled=2) is None


def test_no_joint_is_made_between_windows_that_do_not_meet():
    old = [frame(windows=(0, 0))] * 4
    new = [frame(windows=(2, 2))] * 4

    assert splice(old, new, settled=1) is None


def test_joint_after_a_frame_alike_goes_before_every_other():
    old = [frame(data=b"A%d" % index) for index in range(6)]
    new = [frame(data=b"B%d" % index) for index in range(6)]
    old[3] = new[3] = frame(data=b"alike")

    joined = splice(old, new, settled=1)

    assert joined == [*old[:4], *new[4:]]


def test_the_new_encoder_is_not_used_before_it_has_settled():
    same = [frame(data=b"alike")] * 3
    old = [*same, *[frame(data=b"A")] * 5]
    new = [*same, *[frame(data=b"B")] * 5]

    joined = splice(old, new, settled=6)

    assert joined is not None
    assert joined[:6] == old[:6]


# -- the Info frame ------------------------------------------------------------------------


def test_info_frame_states_what_the_lame_tag_asks_for():
    head = info_head(frame(mode=STEREO, head=0x94))
    facts = StreamFacts(
        samples=10_000, size_bytes=10 * 384, crc=0xABCD, positions=[38 * i for i in range(100)]
    )

    tag = info_frame(head, facts)

    # Offsets of the LAME tag, revision 1, for MPEG-1 stereo: the tag begins at 36.
    assert len(tag) == 384
    assert tag[36:40] == b"Info"
    assert int.from_bytes(tag[44:48]) == 10  # (10000 + 576 + 529) / 1152, rounded up
    assert int.from_bytes(tag[48:52]) == 11 * 384
    assert tag[52] == 384 * 256 // (11 * 384)
    assert tag[151] == (384 + 38 * 99) * 256 // (11 * 384)
    assert tag[156:165] == b"LAME3.100"
    assert tag[165] == 1  # constant bit rate
    assert tag[176] == 128
    assert int.from_bytes(tag[177:180]) == 576 << 12 | (10 * 1152 - 576 - 10_000)
    assert int.from_bytes(tag[184:188]) == 11 * 384
    assert int.from_bytes(tag[188:190]) == 0xABCD
    assert int.from_bytes(tag[190:192]) == crc16(tag[:190])


@pytest.mark.parametrize(
    ("model", "bitrate_index"),
    [
        (frame(head=0x54), 5),  # 64 kbit/s, 192 bytes: room enough for 21 + 156
        (frame(head=0x14), 5),  # 32 kbit/s: 64 is the first that has the room
        (frame(head=0x94, mode=STEREO), 9),
    ],
)
def test_info_frame_has_the_streams_bit_rate_where_the_tag_fits(model, bitrate_index):
    assert info_head(model)[2] >> 4 == bitrate_index
