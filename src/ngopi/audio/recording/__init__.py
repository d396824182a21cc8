"""Any recording, safely opened, as PCM windows or as one decoded file on disk."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import av
import numpy as np
from av.audio.fifo import AudioFifo
from av.stream import Disposition

from ngopi.audio.cores import one_ahead
from ngopi.audio.intake import Unchanged, refusal, status
from ngopi.audio.kinds import require_sound
from ngopi.audio.pcm import PcmWriter
from ngopi.audio.plain import plain
from ngopi.audio.recording.converter import Converter, planes
from ngopi.audio.recording.ends import ending
from ngopi.audio.recording.opening import (
    codec_of,
    is_decodable,
    is_usable,
    length_s,
    opened,
    whole_length_s,
)
from ngopi.audio.recording.parts import parts
from ngopi.audio.recording.sound import sound
from ngopi.audio.recording.tags import language_of, name_of, part_of, recorded_at
from ngopi.audio.timeline import SHORTEST_S, Tally
from ngopi.audio.trial import survives
from ngopi.errors import (
    DamagedRecordingError,
    MasterIncompleteError,
    NgopiError,
    NoAudioError,
    NotARecordingError,
    UnknownCodecError,
    UnreadableRecordingError,
)
from ngopi.i18n import _
from ngopi.model import Recording, SoundTrack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from numpy.typing import DTypeLike, NDArray

    from ngopi.audio.growing import GrowingFile
    from ngopi.audio.pcm import Pcm
    from ngopi.audio.recording.ends import Ending
    from ngopi.audio.recording.parts import Part

T = TypeVar("T")

_log = logging.getLogger(__name__)

# These have the length of all tracks together in their head, if it was known at the end.
_TELLING_FORMATS = {"matroska,webm", "flv"}
_NO_SOUND = (DamagedRecordingError, NotARecordingError, NoAudioError, UnknownCodecError)
# Beside what was recorded, not together with it.
_OTHER_VERSIONS = Disposition.dub | Disposition.comment | Disposition.visual_impaired
_44100_FAMILY_HZ = {11025, 22050, 44100, 88200, 176400}


def probe(path: Path) -> Recording:
    """Return what the file says about itself; nothing is decoded, no other file is opened.

    Of several sound tracks it is the one that players take.

    Raises:
        NoSuchRecordingError, FolderRecordingError, UnreadableRecordingError,
        EmptyRecordingError, NotARecordingError, ForeignFormatError, ProtectedRecordingError,
        NoAudioError, UnknownCodecError, DamagedRecordingError: it cannot be used.
    """
    size_bytes = _look_at(path)

    def described(container: InputContainer) -> Recording:
        stream = _audio_stream(container, path)
        return _described(container, stream, path, size_bytes, number=None)

    return _joined(_of_parts(path, described))


def sound_tracks(path: Path) -> tuple[SoundTrack, ...]:
    """Return all sound tracks of the file; nothing is decoded, no other file is opened.

    Raises:
        NgopiError: as `probe` says.
    """
    size_bytes = _look_at(path)

    def tracks(container: InputContainer) -> list[SoundTrack]:
        taken = _audio_stream(container, path)
        return [
            SoundTrack(
                number=number,
                language=language_of(stream.metadata),
                title=name_of(stream.metadata),
                default=stream.index == taken.index,
                other=bool(stream.disposition & _OTHER_VERSIONS),
                recording=_described(container, stream, path, size_bytes, number=number)
                if is_usable(stream)
                else None,
            )
            for number, stream in enumerate(container.streams.audio, start=1)
        ]

    first, *others = _of_parts(path, tracks)
    return tuple(_over_parts(track, others) for track in first)


def _over_parts(track: SoundTrack, others: list[list[SoundTrack]]) -> SoundTrack:
    """Return *track* of the first part with what it is in the *others* of its file."""
    same = [track, *(each for part in others for each in part if each.number == track.number)]
    recordings = [each.recording for each in same if each.recording is not None]
    return replace(track, recording=_joined(recordings)) if recordings else track


def _look_at(path: Path) -> int:
    size_bytes = status(path).st_size
    require_sound(path)
    if not survives(path):
        raise UnknownCodecError(path=path, kind=_("the decoder broke down on it"))
    return size_bytes


def _of_parts(path: Path, look: Callable[[InputContainer], T]) -> list[T]:
    """Return what *look* finds in each part of the file that has sound."""
    found, refused = list[T](), None
    for part in parts(path):
        try:
            with opened(path, part) as container:
                found.append(look(container))
        except _NO_SOUND as error:
            refused = refused or error
    if not found:
        assert refused is not None
        raise refused
    return found


def _described(
    container: InputContainer,
    stream: AudioStream,
    path: Path,
    size_bytes: int,
    *,
    number: int | None,
) -> Recording:
    tags = {**stream.metadata, **container.metadata}
    return Recording(
        path=path,
        duration_s=length_s(container, stream),
        sample_rate_hz=stream.codec_context.sample_rate,
        channels=stream.codec_context.channels,
        codec=stream.codec_context.codec.canonical_name,
        size_bytes=size_bytes,
        title=_title(container, stream),
        sound=number,
        part=part_of(tags),
        recorded=recorded_at(tags),
    )


def _joined(found: list[Recording]) -> Recording:
    """Return the parts of a file as the one recording that they are."""
    lengths_s = [part.duration_s for part in found if part.duration_s is not None]
    return replace(
        found[0],
        duration_s=sum(lengths_s) if len(lengths_s) == len(found) else None,
        sample_rate_hz=max(part.sample_rate_hz for part in found),
        channels=max(part.channels for part in found),
        title=next((part.title for part in found if part.title), None),
    )


def rehearse(name: str) -> None:
    """Look at the first sound of the file *name*: for a process of its own (see `trial`)."""
    path = Path(name)
    with contextlib.suppress(NgopiError):
        for part in parts(path):
            with opened(path, part) as container:
                count = len(container.streams.audio)
            for number in range(1, count + 1):
                with contextlib.suppress(NgopiError), opened(path, part) as container:
                    frames = sound(container, _audio_stream(container, path, number), Tally())
                    next(Converter(48000, 2, np.float32).windows(frames), None)


def windows(
    recording: Recording, *, advance: Callable[[float], None]
) -> Iterator[NDArray[np.float32]]:
    """Yield the sound in windows of about a second, at its own sample rate.

    Each is float32 (frames, channels), -1..1; what lossy codecs put beyond is kept.
    *advance* is called with seconds decoded since. Gaps and damage are mended as in `decode`.

    Raises:
        DamagedRecordingError, BrokenSamplesError, TooShortRecordingError, RecordingChangedError:
            possibly only after the last window.
    """
    converter = Converter(recording.sample_rate_hz, recording.channels, np.float32)
    tally = Tally()
    with Unchanged(recording), _convertible(recording.path):
        for window in converter.windows(_frames(recording, parts(recording.path), tally)):
            yield window
            advance(len(window) / recording.sample_rate_hz)
        tally.judge(recording, decoded_s=converter.frames / converter.sample_rate_hz)
        converter.repair.judge(recording.path)
        tally.warn(recording.path)
        converter.repair.warn(recording.path)


def mp3_windows(
    file: GrowingFile, *, frames: int, advance: Callable[[float], None]
) -> Iterator[NDArray[np.float32]]:
    """Yield the first *frames* of an MP3 of our own, as `windows` does, while it still grows.

    Nothing is mended. The padding after the sound, which is cut off where a file's length is
    known, is not given.

    Raises:
        MasterIncompleteError: it is no whole MP3.
    """
    queue, left = AudioFifo(), frames
    try:
        with av.open(file, "r", format="mp3") as container:
            stream = container.streams.audio[0]
            rate_hz = stream.codec_context.sample_rate
            for packet in container.demux(stream):
                for frame in stream.codec_context.decode(packet):
                    frame.pts = None  # the queue counts by itself
                    queue.write(frame)
                while left and queue.samples >= min(rate_hz, left):
                    taken = queue.read(min(rate_hz, left))
                    assert taken is not None
                    yield np.stack(planes(taken)).T
                    left -= taken.samples
                    advance(taken.samples / rate_hz)
    except av.FFmpegError as error:
        raise MasterIncompleteError from error
    if left:
        raise MasterIncompleteError


def delivery_rate_hz(recording: Recording) -> int:
    """Return 44.1 kHz for a recording of that family of rates, and 48 kHz for all others."""
    return 44100 if recording.sample_rate_hz in _44100_FAMILY_HZ else 48000


def decode(
    recording: Recording,
    *,
    folder: Path | None = None,
    channels: int | None,
    sample_rate_hz: int | None = None,
    least_s: float = SHORTEST_S,
    advance: Callable[[float], None],
) -> Pcm:
    """Decode the whole sound once, to a private temporary file in *folder*.

    A WAV file that needs no decoding is read where it lies (see `plain`).
    The result has *sample_rate_hz* (None: `delivery_rate_hz`) and *channels* (1 or 2; None: as
    recorded, at most 2). A mono recording is repeated on both sides, a
    surround layout is mixed down by its matrix, tracks without a layout count alike.
    Damaged frames and gaps up to a minute become silence; what is written twice counts once;
    beyond that the sound counts, not its clock. The result's *mended* tells of it.
    *advance* is called with seconds decoded since.

    Raises:
        DamagedRecordingError: nothing or not enough of it can be decoded.
        BrokenSamplesError: many of its samples are no sound.
        TooShortRecordingError: it is shorter than *least_s*.
        RecordingChangedError: it was written to meanwhile; the result's context may say so too.
        SpoolFullError, DiskError: it does not fit in *folder*, or that cannot be written.
    """
    rate_hz = sample_rate_hz or delivery_rate_hz(recording)
    wanted = channels or min(recording.channels, 2)
    tally = Tally()
    own = plain(recording, sample_rate_hz=rate_hz, channels=wanted)
    if own is not None:
        with contextlib.ExitStack() as held:
            held.enter_context(own)
            tally.judge(recording, decoded_s=own.duration_s, least_s=least_s)
            advance(own.duration_s)
            own.check()
            held.pop_all()  # whoever gets it leaves its context
        return own
    with contextlib.ExitStack() as spool:
        with Unchanged(recording), _convertible(recording.path):
            several = parts(recording.path)
            frames = _frames(recording, several, tally)
            first = list(islice(frames, 1))
            as_it_is = (rate_hz, wanted) == (recording.sample_rate_hz, recording.channels)
            keeps_type = as_it_is and len(several) == 1
            converter = Converter(rate_hz, wanted, _spool_type(first) if keeps_type else np.float32)
            writer = spool.enter_context(
                PcmWriter(
                    sample_rate_hz=rate_hz,
                    channels=wanted,
                    dtype=converter.dtype,
                    folder=folder,
                    expected_frames=round((recording.duration_s or 0) * rate_hz),
                )
            )
            for window in one_ahead(converter.windows(chain(first, frames))):
                writer.write(window)
                advance(len(window) / rate_hz)
            tally.judge(recording, decoded_s=writer.frames / rate_hz, least_s=least_s)
            converter.repair.judge(recording.path)
        # Only now is it known that the file did not change.
        return writer.finish(mended=(*tally.treatments(), *converter.repair.treatments()))


# -- opening ------------------------------------------------------------------------------


def _audio_stream(container: InputContainer, path: Path, number: int | None = None) -> AudioStream:
    """Return track *number*; None: the default track, among several the one with most channels.

    So it is without a default, too. The first one counts where those are equal.
    """
    if number is not None and number <= len(container.streams.audio):
        stream = container.streams.audio[number - 1]
        if not is_usable(stream):
            raise UnknownCodecError(path=path, kind=codec_of(stream))
        return stream
    if not container.streams.audio:
        raise NoAudioError(path=path)
    known = [stream for stream in container.streams.audio if is_decodable(stream)]
    if not known:
        raise UnknownCodecError(path=path, kind=codec_of(container.streams.audio[0]))
    usable = [stream for stream in known if is_usable(stream)]
    if not usable:
        raise refusal(path)
    defaults = [stream for stream in usable if stream.disposition & Disposition.default]
    return max(defaults or usable, key=lambda stream: stream.codec_context.channels)


def _ending(
    container: InputContainer, stream: AudioStream, recording: Recording, part: Part
) -> Ending:
    """Return how the file ends, and what the index of FFmpeg's container knows of its length."""
    try:
        found = ending(recording.path, part, kind=container.format.name)
    except OSError as error:
        reason = error.strerror or error
        raise UnreadableRecordingError(path=recording.path, reason=reason) from error
    if found.stated_s is None and found.is_indexed:
        return found._replace(stated_s=length_s(container, stream))
    if found.is_cut and container.format.name in _TELLING_FORMATS:
        return found._replace(stated_s=whole_length_s(container))
    return found


def _title(container: InputContainer, stream: AudioStream) -> str | None:
    # Ogg keeps its tags with the track; a Matroska track's title is only the track's name.
    tags = {**(stream.metadata if container.format.name == "ogg" else {}), **container.metadata}
    found = (value for key, value in tags.items() if key.lower() == "title")
    return next(found, "").strip() or None


def _spool_type(first: list[AudioFrame | float]) -> DTypeLike:
    """Return int16 where the decoder itself has no more than 16 bits, else float32."""
    names = {frame.format.name for frame in first if not isinstance(frame, float)}
    return np.int16 if names & {"u8", "u8p", "s16", "s16p"} else np.float32


@contextlib.contextmanager
def _convertible(path: Path) -> Iterator[None]:
    """Refuse a rate or a number of channels that FFmpeg cannot convert from."""
    try:
        yield
    except av.FFmpegError as error:
        raise DamagedRecordingError(path=path) from error


def _frames(
    recording: Recording, several: tuple[Part, ...], tally: Tally
) -> Iterator[AudioFrame | float]:
    """Yield what `sound` does, of all parts of the file one after the other."""
    for part in several:
        try:
            with opened(recording.path, part) as container:
                stream = _audio_stream(container, recording.path, recording.sound)
                tally.parts += 1
                end = _ending(container, stream, recording, part)
                yield from sound(container, stream, tally, end=end)
        except _NO_SOUND:
            if len(several) == 1:
                raise
            tally.lost_parts += 1
