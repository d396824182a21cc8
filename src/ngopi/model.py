"""The values that walk from room to room: frozen, keyword-only, standard library only."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    import numpy as np
    from numpy.typing import NDArray

EpisodeKind = Literal["full", "trailer", "bonus"]
ShowKind = Literal["episodic", "serial"]
Severity = Literal["E", "W", "I"]
Take = Literal["ours", "theirs"]
# A sound track of a file, by its number from 1 on, or all of them mixed.
SoundWish = int | Literal["mix"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who is heard or credited; *role* is from the podcast taxonomy (host, guest …)."""

    name: str
    role: str = "host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A part of an episode; *start_s* is a time in the master, the same for every listener."""

    start_s: float
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """A podcast, as every feed reader sees it.

    *name* is the file name of its feed, *language* an RFC 5646 tag, *timezone* an IANA name,
    *public_url* has no trailing slash, *guid* is the podcast:guid once it is known.
    """

    name: str
    title: str
    description: str
    author: str
    language: str
    category: str
    timezone: str
    public_url: str
    subcategory: str | None = None
    email: str | None = None
    link: str | None = None
    copyright: str | None = None
    guid: str | None = None
    explicit: bool = False
    locked: bool = True
    kind: ShowKind = "episodic"

    @property
    def feed_url(self) -> str:
        """The feed's own URL."""
        return f"{self.public_url}/feed.xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """What people write about one episode; *notes* is Markdown, *published* None is a draft.

    *chapters* rise in time.
    """

    slug: str
    guid: str
    title: str
    summary: str | None = None
    season: int | None = None
    number: int | None = None
    kind: EpisodeKind = "full"
    published: datetime | None = None
    people: tuple[Person, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    explicit: bool | None = None
    writer: str | None = None
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recording as it was found; *title* is its own tag, if it has one.

    *sound* is the number, from 1 on, of its file's sound track that is meant; None: the one that
    players take. *part* and *recorded* are tags too: its number among several, and when it began.
    """

    path: Path
    duration_s: float | None
    sample_rate_hz: int
    channels: int
    codec: str
    size_bytes: int
    title: str | None = None
    sound: int | None = None
    part: int | None = None
    recorded: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundTrack:
    """One of the sound tracks of a file, its *number* from 1 on, as its tags describe it.

    *other* tells a version of the sound (a dubbing, a comment) from a part of it. *recording* is
    None where ngopi cannot decode it.
    """

    number: int
    language: str | None
    title: str | None
    default: bool
    other: bool
    recording: Recording | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What one sound is made of: *parts* that follow one another, each of tracks of one moment.

    *found* is what was chosen among them. *together*: somebody said that tracks are of one moment.
    """

    parts: tuple[tuple[Recording, ...], ...]
    found: tuple[Treatment, ...] = ()
    together: bool = False

    @classmethod
    def of(cls, *tracks: Recording) -> Self:
        """Return the source of tracks of one moment, or of one recording."""
        return cls(parts=(tracks,))

    @property
    def files(self) -> tuple[Recording, ...]:
        """One recording of each file, in their order."""
        every = (track for part in self.parts for track in part)
        return tuple({track.path: track for track in every}.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Loudness:
    """ITU-R BS.1770-4 and EBU Tech 3342; digital silence has -inf LUFS and -inf dBTP."""

    integrated_lufs: float
    range_lu: float
    true_peak_dbtp: float
    momentary_max_lufs: float
    short_term_max_lufs: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A stretch of speech or music that the leveller gives one gain; gated loudness of each."""

    start_s: float
    stop_s: float
    before_lufs: float
    after_lufs: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """One fact for the certificate; *name* is stable, the figures are None where they mean nothing.

    ``dc`` (*db*: dBFS), ``high-pass`` (*hz*: where 3 dB are gone, *db*: rumble against the
    voices), ``hum`` (*hz*: of the mains, *db*: above the noise), ``noise`` (*db*: reduction),
    ``clipped`` (*count* of samples, the first *at_s*), ``same-twice``, ``opposite-twice``,
    ``left-out-left`` and ``left-out-right`` (*db* quieter than the other channel; inf: silent);
    ``parts`` (*count* of recordings in one file), ``lost-parts`` (*count* that cannot be read),
    ``damaged`` (*count* of encoded frames), ``gaps`` and ``jumps`` of its clock (*count*),
    ``repaired`` (*count* of samples that were no numbers or no sound, the first *at_s*),
    ``drift`` of its clock (*at_s* more, or less, than the sound that came), ``cut-short``
    (*at_s* before its stated end), ``cut-off`` (before an end that it does not state);
    ``trimmed-start`` and ``trimmed-end`` (*at_s* seconds of silence are left out), ``pauses``
    (*count* were shortened, by *at_s* altogether);
    of several tracks, *count* being the number of the one that is spoken of: ``track-silent``,
    ``track-same``, ``track-within``, ``track-sum``, ``track-plain``, ``track-later`` (*at_s*) and
    ``track-drifts`` (*at_s* in the end). Of the sound tracks of a file ``sound-taken``,
    ``sound-mixed`` (*count* of them), ``sound-left`` (*db* is its LUFS), ``sound-unheard`` and
    ``sound-silent``; of parts that were joined ``part`` (*at_s* in the master), ``part-silent``.

    Where several recordings or sound tracks were taken, *part* or *track* is the number of the one
    of which this is said.
    """

    name: str
    hz: float | None = None
    db: float | None = None
    count: int | None = None
    at_s: float | None = None
    part: int | None = None
    track: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Sound over time, a value each *step_s*, for a picture; before is in the master's time.

    *before_lufs* and *after_lufs* are short-term loudness, *gain_db* is the leveller's,
    *peak_dbtp* the true peak of the delivered file.
    """

    step_s: float
    before_lufs: tuple[float, ...]
    after_lufs: tuple[float, ...]
    gain_db: tuple[float, ...]
    peak_dbtp: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One measured file, or of one with several sound tracks the one of that number."""

    path: Path
    sound: int | None
    duration_s: float
    sample_rate_hz: int
    channels: int
    loudness: Loudness


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioSettings:
    """The [audio] table: None leaves the choice to the recording.

    *target_lufs*: -16 for stereo, -19 for mono; *bitrate_kbps*: 128 and 64;
    *channels*: 1 or 2, as recorded. *kept_silence_s* is left at both ends by *trim_silence*;
    pauses longer than *longest_pause_s* are shortened to it (None: left alone). *intro* and
    *outro* are files, relative to the show's folder; *intro_under_s* is how long the intro
    goes on, ducked, under the first words; *crossfade_s* joins the rest.
    """

    target_lufs: float | None = None
    true_peak_dbtp: float = -1.0
    bitrate_kbps: int | None = None
    channels: int | None = None
    leveller: bool = True
    remove_rumble: bool = True
    remove_hum: bool = True
    reduce_noise: bool = True
    trim_silence: bool = True
    kept_silence_s: float = 0.5
    longest_pause_s: float | None = None
    intro: str | None = None
    outro: str | None = None
    intro_under_s: float = 0.0
    crossfade_s: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """The [store] table; *url* is ``file:PATH`` or ``s3://bucket/prefix``; never a secret.

    *preset* names a provider that ngopi knows (store/presets.py): it fills what is None here.
    """

    url: str = "file:public"
    endpoint: str | None = None
    region: str | None = None
    profile: str | None = None
    preset: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowSettings:
    """The [workflow] table: with *editor_required* somebody else than the writer says yes."""

    editor_required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """The recording that an episode was made from, by its content."""

    name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPiece:
    """A stretch of the recording that is heard in the master, unchanged in length."""

    recording_start_s: float
    master_start_s: float
    duration_s: float


# Shorter than a sample: what adding seconds up may be off by.
_SAME_INSTANT_S = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeMap:
    """Which second of the recording is heard in which second of the master.

    *pieces* rise in both times and do not overlap. At a cut, the master's one instant is two of
    the recording.
    """

    pieces: tuple[KeptPiece, ...]

    @property
    def kept_s(self) -> float:
        """How much of the recording is left."""
        return sum(piece.duration_s for piece in self.pieces)

    def to_master(self, recording_s: float) -> float | None:
        """Return where *recording_s* is heard; None: it was cut away."""
        after = bisect_right(self.pieces, recording_s, key=lambda piece: piece.recording_start_s)
        if not after:
            return None
        piece = self.pieces[after - 1]
        inside_s = recording_s - piece.recording_start_s
        if inside_s > piece.duration_s + _SAME_INSTANT_S:
            return None
        return piece.master_start_s + min(inside_s, piece.duration_s)

    def nearest_in_master(self, recording_s: float) -> float:
        """Return where *recording_s* is heard, or the kept instant that was nearest to it."""
        after = bisect_right(self.pieces, recording_s, key=lambda piece: piece.recording_start_s)
        before = self.pieces[max(after - 1, 0)]
        inside_s = min(max(recording_s - before.recording_start_s, 0.0), before.duration_s)
        since_s = recording_s - (before.recording_start_s + inside_s)
        if after < len(self.pieces):
            following = self.pieces[after]
            if following.recording_start_s - recording_s < since_s:
                return following.master_start_s
        return before.master_start_s + inside_s

    def to_recording(self, master_s: float) -> float | None:
        """Return what is heard at *master_s*; None: an intro, an outro or nothing."""
        after = bisect_right(self.pieces, master_s, key=lambda piece: piece.master_start_s)
        if not after:
            return None
        piece = self.pieces[after - 1]
        inside_s = master_s - piece.master_start_s
        if inside_s > piece.duration_s + _SAME_INSTANT_S:
            return None
        return piece.recording_start_s + min(inside_s, piece.duration_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Master:
    """A mastered MP3 on disk, measured after decoding it again.

    *done* is what was done to the recording or found in it, *turns* the speakers' levels,
    *time_map* where the recording's seconds are heard.
    """

    path: Path
    duration_s: float
    sample_rate_hz: int
    channels: int
    bitrate_kbps: int
    target_lufs: float
    ceiling_dbtp: float
    gain_db: float
    before: Loudness
    after: Loudness
    done: tuple[Treatment, ...]
    turns: tuple[Turn, ...]
    curve: Curve
    time_map: TimeMap


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioFile:
    """The file that listeners download, with its certificate, as written in audio.toml.

    *sound_sha256* is of the file without its tag, which may be renewed (None: by an older ngopi).
    """

    sha256: str
    size_bytes: int
    duration_s: float
    media_type: str
    sample_rate_hz: int
    channels: int
    bitrate_kbps: int
    target_lufs: float
    ceiling_dbtp: float
    gain_db: float
    before: Loudness
    after: Loudness
    recording: SourceFile
    made_by: str
    sound_sha256: str | None = None
    done: tuple[Treatment, ...] = ()
    turns: tuple[Turn, ...] = ()
    curve: Curve | None = None

    def sounds_as(self, other: AudioFile) -> bool:
        """Tell whether both are one sound, whatever their tags say."""
        if self.sound_sha256 and other.sound_sha256:
            return self.sound_sha256 == other.sound_sha256
        # An older ngopi did not say; two masters of equal figures to the last digit are one.
        return self.sha256 == other.sha256 or self._figures == other._figures

    @property
    def _figures(self) -> tuple[object, ...]:
        figures = (self.duration_s, self.gain_db, self.target_lufs, self.ceiling_dbtp)
        return (self.recording.sha256, self.bitrate_kbps, *figures, self.before, self.after)

    @property
    def turns_apart_lu(self) -> tuple[float, float] | None:
        """How far the turns are apart, before and after; None: one level is no spread."""
        heard = [turn for turn in self.turns if isfinite(turn.before_lufs)]
        if len(heard) < 2:  # noqa: PLR2004 - one level is no spread
            return None
        before, after = [t.before_lufs for t in heard], [t.after_lufs for t in heard]
        return max(before) - min(before), max(after) - min(after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """An editor's yes to an episode as it was read; *sha256* is of what was read."""

    by: str
    at: datetime
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """One episode as it lies in the folder; *audio* None: nothing was ingested yet.

    *content* stands for all of which *episode* and *audio* were made, where that was asked for.
    """

    folder: Path
    episode: Episode
    audio: AudioFile | None
    cover: Path | None
    approval: Approval | None = None
    content: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectHead:
    """An object in a store; *version* changes with every write and is what a swap expects.

    *modified* is when it was written, where the store was asked and says so.
    """

    key: str
    size_bytes: int
    sha256: str | None
    version: str
    media_type: str
    modified: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """An object that the public can fetch."""

    key: str
    url: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One published episode with all that feed and site need; immutable."""

    episode: Episode
    audio: AudioFile
    enclosure: StoredObject
    cover: StoredObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRelease:
    """The show as it is published; immutable."""

    show: Show
    cover: StoredObject


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One episode that the public sees, or saw before it was retracted.

    *by* and *at* say who put *release* there and when; *previous* are the releases before it,
    newest first. *approved_by* is the editor, where the show asks for one.
    """

    guid: str
    slug: str
    release: str
    published: datetime
    by: str
    at: datetime
    previous: tuple[str, ...] = ()
    approved_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """Bytes that a person deleted by name, under whatever key; they come back by name only.

    *seq_out* is the state in which they went, *seq_back* that in which they were asked back; the
    later of the two holds.
    """

    sha256: str
    seq_out: int
    seq_back: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What the public sees; *show* and each entry's *release* are SHA-256 of release objects.

    *guid* is the show's podcast:guid, minted once; *feed* is the SHA-256 of the feed that this
    ledger renders to. *what* names the command that made it, *by* and *at* who and when.
    *shows* are the show releases before *show*, newest first. *gone* are keys whose bytes are
    deleted, or about to be: in their order, never fewer, and never named again.
    """

    seq: int
    nonce: str
    guid: str
    show: str
    feed: str
    by: str
    at: datetime
    what: str
    entries: tuple[LedgerEntry, ...]
    shows: tuple[str, ...] = ()
    retracted: tuple[LedgerEntry, ...] = ()
    gone: tuple[str, ...] = ()
    withdrawn: tuple[Withdrawn, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One remark of a check; *where* is ``file:line`` or a key, E must not be published.

    *more* of the same rule follow and are not listed.
    """

    rule: str
    severity: Severity
    where: str
    message: str
    hint: str
    more: int = 0


class Sound(Protocol):
    """Sound that can be read anywhere, from several threads.

    A decoded recording is one, and so is a view of one that cleans, cuts or mixes as it is read.
    """

    @property
    def sample_rate_hz(self) -> int:
        """Frames a second."""
        ...

    @property
    def channels(self) -> int:
        """1 or 2."""
        ...

    @property
    def frames(self) -> int:
        """How many frames there are."""
        ...

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return float32 (stop - start, channels), -1..1; zeros outside 0..frames."""
        ...


class Progress(Protocol):
    """Whoever shows how far a long step has come."""

    def step(
        self, label: str, total: float, *, unit: Literal["bytes"] | None = None
    ) -> AbstractContextManager[Callable[[float], None]]:
        """Start a step of *total* units; the value it yields is called with units done since.

        *unit* says what they are where people want to see how many; None: the share will do.
        """
        ...
