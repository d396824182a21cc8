"""FFmpeg's way into a file: only what is on its one list of kinds, and never another file."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, cast

import av

from ngopi.audio.intake import refusal
from ngopi.audio.kinds import is_gsm
from ngopi.audio.recording.parts import Part, Slice
from ngopi.audio.recording.sound import can_be_heard
from ngopi.audio.recording.titles import readable
from ngopi.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av import AudioCodecContext
    from av.audio.stream import AudioStream
    from av.container import InputContainer

# FFmpeg's names: "wav" reads RF64 too, "mov" MP4, M4A and 3GP, "matroska" WebM, "ogg" Opus,
# "asf" WMA. Playlists and scripts (ffconcat, HLS, SDP …) open other files of the machine and of
# the network, whatever the file is called: they are not on the list.
_CONTAINERS = (
    "wav,w64,aiff,mp3,mov,aac,ogg,flac,matroska,caf",
    "amr,asf,avi,flv,mpegts,gsm",
)
# What lies in them: FFmpeg has hundreds of decoders, most of which nobody needs here. No video
# is ever decoded.
_CODECS = (
    "aac,aac_latm,ac3,alac,amrnb,amrwb,dca,eac3,flac,gsm,gsm_ms,mp1,mp1float,mp2,mp2float",
    "mp3,mp3float,nellymoser,opus,libopus,speex,vorbis,wavpack,wmav1,wmav2,wmapro,wmavoice",
    "g722,g726,g726le,adpcm_ima_qt,adpcm_ima_wav,adpcm_ms,adpcm_swf,adpcm_yamaha",
    "pcm_alaw,pcm_mulaw,pcm_f32be,pcm_f32le,pcm_f64be,pcm_f64le,pcm_s8,pcm_u8,pcm_s16be",
    "pcm_s16le,pcm_s24be,pcm_s24le,pcm_s32be,pcm_s32le,pcm_u16le,pcm_u16be,pcm_bluray,pcm_dvd",
)
_ALLOWED = frozenset(",".join(_CODECS).split(","))
_OPEN_OPTIONS = {
    "format_whitelist": ",".join(_CONTAINERS),
    "codec_whitelist": ",".join(_CODECS),
    "protocol_whitelist": "file",
    # Of WAV, whose packets are as large as one likes: each costs as much as a compressed frame.
    "max_size": str(1 << 16),
}
_WHOLE = Part()
_HEAD_BYTES = 1000


@contextlib.contextmanager
def opened(path: Path, part: Part = _WHOLE) -> Iterator[InputContainer]:
    """Open *part* of a file.

    Raises:
        NotARecordingError, DamagedRecordingError: FFmpeg refuses it.
        UnreadableRecordingError: the system does.
    """
    refused = refusal(path)
    with contextlib.ExitStack() as held:
        # The prefix keeps FFmpeg from taking "http:x" or "pipe:" in a name for a protocol.
        source = f"file:{path.absolute()}" if part.is_all else held.enter_context(Slice(path, part))
        try:
            container = av.open(
                source, "r", container_options=_OPEN_OPTIONS, metadata_errors="surrogateescape"
            )
        except (av.FFmpegError, UnicodeError) as error:
            raise refused from error
        held.enter_context(container)
        # FFmpeg takes whatever is called so for GSM.
        if container.format.name == "gsm" and not is_gsm(_head(path)):
            raise refused
        for tags in (container.metadata, *(stream.metadata for stream in container.streams)):
            tags.update({name: readable(text) for name, text in tags.items()})
        yield container


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES)


def is_decodable(stream: AudioStream) -> bool:
    """Say whether the track is of a kind that is on the list."""
    # A track of an unknown codec has no context, whatever the type says.
    context = cast("AudioCodecContext | None", stream.codec_context)
    return context is not None and context.codec.name in _ALLOWED


def codec_of(stream: AudioStream) -> str:
    """Return what the track's codec is called, for people."""
    context = cast("AudioCodecContext | None", stream.codec_context)
    return _("not one that FFmpeg knows") if context is None else context.codec.canonical_name


def is_usable(stream: AudioStream) -> bool:
    """Say whether the track can be decoded, and has a rate and channels."""
    context = stream.codec_context
    return is_decodable(stream) and can_be_heard(context.sample_rate) and bool(context.channels)


def length_s(container: InputContainer, stream: AudioStream) -> float | None:
    """Return how long the track says that it is, or else the file."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    if container.duration is not None:
        return container.duration / av.time_base
    return None


def whole_length_s(container: InputContainer) -> float | None:
    """Return the length of all tracks together, from the head of the file."""
    return container.duration / av.time_base if container.duration else None
