"""FFmpeg's way into a file: only what is on its one list of kinds, and never another file."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import av

from ngopi.audio.intake import refusal
from ngopi.audio.recording.parts import Part, Slice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.container import InputContainer

# FFmpeg's names: "wav" reads RF64 too, "mov" MP4 and M4A, "matroska" WebM, "ogg" Opus.
# Playlists and scripts (ffconcat, HLS, SDP …) open other files of the machine and of the
# network, whatever the file is called: they are not on the list.
_OPEN_OPTIONS = {
    "format_whitelist": "wav,w64,aiff,mp3,mov,aac,ogg,flac,matroska,caf",
    "protocol_whitelist": "file",
    # Of WAV, whose packets are as large as one likes: each costs as much as a compressed frame.
    "max_size": str(1 << 16),
}
_WHOLE = Part()


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
                source, "r", container_options=_OPEN_OPTIONS, metadata_errors="replace"
            )
        except (av.FFmpegError, UnicodeError) as error:
            raise refused from error
        yield held.enter_context(container)
