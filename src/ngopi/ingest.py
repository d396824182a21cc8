"""The walk of one recording: open → measure, master, encode, check → tag → catalogue."""

from __future__ import annotations

import contextlib
import math
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ngopi.artwork import check_cover, cover_for_tag
from ngopi.atomic import move_flushed, sha256_of
from ngopi.audio.delivery import deliver
from ngopi.audio.provenance import size_bytes_of, source_file
from ngopi.audio.treatment import sentence
from ngopi.catalogue import add_entry, edit_episode, replace_audio, require_slug, survey
from ngopi.errors import (
    CatalogueInvalidError,
    DateInvalidError,
    DiskError,
    JingleMissingError,
    NoSuchEpisodeError,
    NotesMissingError,
    NumberInvalidError,
    PersonEmptyError,
    RecordingKnownError,
    RoleUnknownError,
    TitleEmptyError,
)
from ngopi.frontmatter import episode_keys
from ngopi.i18n import N_, _
from ngopi.model import (
    AudioFile,
    AudioSettings,
    CatalogueEntry,
    Episode,
    Loudness,
    Person,
    Source,
    SourceFile,
    Treatment,
    Turn,
)
from ngopi.notes import notes_text
from ngopi.numbering import SameNumber, same_numbers
from ngopi.objections import episode_objections, is_possible
from ngopi.reading import read_file
from ngopi.roles import nearest_role, role_of
from ngopi.tags import sound_sha256, write_tags
from ngopi.text import clean_line, clean_notes, slug_of
from ngopi.tomlfile import whole_date

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ngopi.artwork import Cover
    from ngopi.catalogue import Catalogue
    from ngopi.config import Config
    from ngopi.model import Master, Progress, Recording

DRAFT, NOW = "draft", "now"
_MAKERS = ("ngopi", "av", "lameenc", "numpy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a producer asks of ``ngopi ingest``; None: nothing was said about it."""

    source: Source
    title: str | None = None
    slug: str | None = None
    season: int | None = None
    number: int | None = None
    published: str | None = None
    people: tuple[str, ...] = ()
    notes: Path | None = None
    cover: Path | None = None
    leveller: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What became of a recording; *title_from* says where an unnamed one got its title.

    *remarks* are sentences about the cover that was named, and about what was done to the sound.
    *same_numbers*: its number, where other episodes have it too. *broken*: the mistakes in the
    files of other episodes.
    """

    entry: CatalogueEntry
    replaced: bool
    title_from: str | None
    remarks: tuple[str, ...] = ()
    same_numbers: tuple[SameNumber, ...] = ()
    broken: tuple[str, ...] = ()


def ingest(config: Config, request: Request, *, now: datetime, progress: Progress) -> Ingested:
    """Master a recording and write its episode; whatever fails, nothing half-made stays.

    Raises:
        NgopiError: one of the many that bad input has.
    """
    catalogue = survey(config.episodes, zone=config.zone)
    known = catalogue.entries
    old = _asked_for(catalogue, request.slug)
    _require_new(request.source, catalogue, old, progress)
    first = request.source.files[0]
    episode, title_from = _episode(config, request, first, known, old, now=now)
    _require_fit(episode)
    cover = _checked_cover(config, request, old)
    remarks = cover.warnings if request.cover is not None else ()
    cover_jpeg = cover_for_tag(cover.path)
    with _workshop(config) as workshop:
        made = workshop / "master.mp3"
        with ThreadPoolExecutor(max_workers=1) as hashing:
            hashed = hashing.submit(source_file, request.source)
            settings = _settings(config, request)
            master = deliver(request.source, made, settings=settings, progress=progress)
            write_tags(
                made,
                episode=episode,
                show=config.show,
                cover_jpeg=cover_jpeg,
                comment=notes_text(episode.notes),
            )
            source = hashed.result()
        audio = _audio_file(master, made, source)
        remarks += tuple(map(sentence, master.done))
        others = (each.episode for each in known if each is not old)
        shared = tuple(same_numbers((*others, episode), about=episode))
        remarks += tuple(each.sentence for each in shared)
        with _kept_media(config, made, audio, slug=episode.slug):
            entry = _keep_entry(config, request, episode, audio, old)
    return Ingested(
        entry=entry, replaced=old is not None, title_from=title_from, remarks=remarks,
        same_numbers=shared, broken=catalogue.problems,
    )  # fmt: skip


# -- before the work ----------------------------------------------------------------------


def _asked_for(catalogue: Catalogue, slug: str | None) -> CatalogueEntry | None:
    if slug is None:
        return None
    require_slug(slug)
    try:
        return catalogue.find(slug)
    except NoSuchEpisodeError:
        return None


def _require_fit(episode: Episode) -> None:
    """Refuse before the work what the file of the episode could not say."""
    problems = [said for _key, said in episode_objections(episode)]
    if problems:
        lines = tuple(f"  {episode.slug}/episode.md: {said}" for said in problems)
        raise CatalogueInvalidError(problems=lines)


def _settings(config: Config, request: Request) -> AudioSettings:
    """Return the show's settings, its jingles found from its folder.

    Raises:
        JingleMissingError: one of them is not there.
    """
    settings = config.audio
    return replace(
        settings,
        intro=_jingle(config, "intro", settings.intro),
        outro=_jingle(config, "outro", settings.outro),
        leveller=settings.leveller and request.leveller,
    )


def _jingle(config: Config, key: str, name: str | None) -> str | None:
    if name is None:
        return None
    path = config.root / name
    if not path.is_file():
        raise JingleMissingError(key=key, name=name, path=path)
    return str(path)


def _require_new(
    source: Source,
    catalogue: Catalogue,
    old: CatalogueEntry | None,
    progress: Progress,
) -> None:
    """Refuse a recording that another episode was made of; only equal sizes are compared."""
    size_bytes = size_bytes_of(source)
    known = [(e.episode.slug, e.audio) for e in catalogue.entries if e is not old]
    known += [(each.folder.name, each.audio) for each in catalogue.broken]
    others = [
        (slug, audio.recording)
        for slug, audio in known
        if audio is not None and audio.recording.size_bytes == size_bytes
    ]
    if not others:
        return
    with progress.step(N_("Comparing"), 0):
        found = source_file(source)
    for slug, recording in others:
        if recording.sha256 == found.sha256:
            raise RecordingKnownError(path=found.name, slug=slug)


def _episode(
    config: Config,
    request: Request,
    recording: Recording,
    known: tuple[CatalogueEntry, ...],
    old: CatalogueEntry | None,
    *,
    now: datetime,
) -> tuple[Episode, str | None]:
    title, title_from = _title(request, recording, old)
    for number in (request.season, request.number):
        if number is not None and number < 1:
            raise NumberInvalidError(number=number)
    given = {
        "title": title,
        "season": request.season,
        "number": request.number,
        "people": tuple(map(_person, request.people)) or None,
        "notes": _notes(request.notes),
        "published": _published(request.published, config, now),
    }
    said: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if old is not None:
        if request.published == DRAFT:
            said["published"] = None
        return replace(old.episode, **said), title_from
    if request.published is None:
        said["published"] = _published(NOW, config, now)
    slug = request.slug or _free_slug(config, title, request.number, known)
    return Episode(slug=slug, guid=str(uuid4()), **said), title_from


def _title(
    request: Request, recording: Recording, old: CatalogueEntry | None
) -> tuple[str, str | None]:
    if request.title is not None:
        title = clean_line(request.title)
        if not title:
            raise TitleEmptyError
        return title, None
    if old is not None:
        return old.episode.title, None
    if recording.title and (tagged := clean_line(recording.title)):
        return tagged, N_("the recording's own tag")
    return _readable(recording.path.stem), N_("the file's name")


def _readable(stem: str) -> str:
    words = clean_line(stem.replace("_", " ").replace("-", " ")).strip(". ")
    return words[:1].upper() + words[1:] or "Episode"


def _free_slug(
    config: Config, title: str, number: int | None, known: tuple[CatalogueEntry, ...]
) -> str:
    taken = {entry.episode.slug for entry in known}
    start = slug_of(title if number is None else f"{number:03d} {title}") or "episode"
    slug, count = start, 1
    while slug in taken or (config.episodes / slug).exists():
        count += 1
        slug = f"{start[:75].rstrip('-')}-{count}"
    return slug


def _person(text: str) -> Person:
    """Read ``Name`` or ``Name:role``."""
    name, _colon, role = text.partition(":")
    if not clean_line(name):
        raise PersonEmptyError(text=text)
    asked = clean_line(role) or "host"
    known = role_of(asked)
    if known is None:
        raise RoleUnknownError(role=asked, near=nearest_role(asked))
    return Person(name=clean_line(name), role=known)


def _notes(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return clean_notes(read_file(path).decode("utf-8-sig"))
    except FileNotFoundError as error:
        raise NotesMissingError(path=path, reason=_("there is no such file")) from error
    except UnicodeDecodeError as error:
        raise NotesMissingError(path=path, reason=_("it is not UTF-8")) from error
    except OSError as error:
        raise NotesMissingError(path=path, reason=error.strerror or error) from error


def _published(text: str | None, config: Config, now: datetime) -> datetime | None:
    if text is None or text == DRAFT:
        return None
    if text == NOW:
        return now.astimezone(config.zone).replace(microsecond=0)
    try:
        date = datetime.fromisoformat(whole_date(text.strip()))
    except ValueError as error:
        raise DateInvalidError(text=text) from error
    if not is_possible(date):
        raise DateInvalidError(text=text)
    if date.tzinfo is None:
        return date.replace(tzinfo=config.zone)
    return date.astimezone(config.zone)  # TOML knows no zones with seconds, Python does


def _checked_cover(config: Config, request: Request, old: CatalogueEntry | None) -> Cover:
    kept = old.cover if old is not None else None
    return check_cover(request.cover or kept or config.cover)


# -- the work -----------------------------------------------------------------------------


@contextlib.contextmanager
def _workshop(config: Config) -> Iterator[Path]:
    """Give a private folder beside the media (the last step is a rename); it is emptied."""
    try:
        config.scratch.mkdir(exist_ok=True)
        # The show is locked: what is there was left by a run that was killed.
        for left in config.scratch.glob("ingest-*"):
            shutil.rmtree(left, ignore_errors=True)
        workshop = Path(tempfile.mkdtemp(prefix="ingest-", dir=config.scratch))
    except OSError as error:
        raise DiskError(path=config.scratch, reason=error.strerror or error) from error
    try:
        yield workshop
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _audio_file(master: Master, made: Path, source: SourceFile) -> AudioFile:
    # Size and hash are read after tagging: ID3 changes both, and the feed must state them
    # exactly as they are delivered.
    return AudioFile(
        sha256=sha256_of(made),
        size_bytes=made.stat().st_size,
        duration_s=round(master.duration_s, 3),
        media_type="audio/mpeg",
        sample_rate_hz=master.sample_rate_hz,
        channels=master.channels,
        bitrate_kbps=master.bitrate_kbps,
        target_lufs=master.target_lufs,
        ceiling_dbtp=master.ceiling_dbtp,
        gain_db=round(master.gain_db, 2),
        before=_rounded(master.before),
        after=_rounded(master.after),
        recording=source,
        made_by=", ".join(f"{name} {version(name)}" for name in _MAKERS),
        sound_sha256=sound_sha256(made),
        done=tuple(map(_rounded_treatment, master.done)),
        turns=tuple(_rounded_turn(turn) for turn in master.turns),
        curve=master.curve,
    )


def _rounded_treatment(treatment: Treatment) -> Treatment:
    return replace(
        treatment,
        hz=None if treatment.hz is None else round(treatment.hz, 1),
        db=None if treatment.db is None else round(treatment.db, 1),
        at_s=None if treatment.at_s is None else round(treatment.at_s, 2),
    )


def _rounded_turn(turn: Turn) -> Turn:
    return Turn(**{f.name: round(getattr(turn, f.name), 2) for f in fields(turn)})


def _rounded(loudness: Loudness) -> Loudness:
    values = {f.name: getattr(loudness, f.name) for f in fields(loudness)}
    return Loudness(**{k: round(v, 2) if math.isfinite(v) else v for k, v in values.items()})


@contextlib.contextmanager
def _kept_media(config: Config, made: Path, audio: AudioFile, *, slug: str) -> Iterator[None]:
    """Move the master into media/; out again, if its episode is not written inside."""
    target = config.media / f"{audio.sha256}.mp3"
    try:
        config.media.mkdir(exist_ok=True)
        is_new = not target.exists()
        move_flushed(made, target)
    except OSError as error:
        raise DiskError(path=config.media, reason=error.strerror or error) from error
    try:
        yield
    except BaseException:
        # An interrupt may also come when the episode is written: then it needs its audio.
        described = config.episodes / slug / "audio.toml"
        if is_new and not (described.is_file() and audio.sha256 in described.read_text("utf-8")):
            target.unlink(missing_ok=True)
        raise


def _keep_entry(
    config: Config,
    request: Request,
    episode: Episode,
    audio: AudioFile,
    old: CatalogueEntry | None,
) -> CatalogueEntry:
    if old is None:
        return add_entry(config.episodes, episode=episode, audio=audio, cover=request.cover)
    before = episode_keys(old.episode)
    changes = {k: value for k, value in episode_keys(episode).items() if value != before[k]}
    entry = replace_audio(old, audio, cover=request.cover)
    notes = episode.notes if episode.notes != old.episode.notes else None
    if changes or notes is not None:
        edit_episode(entry, changes, notes=notes)
    return replace(entry, episode=episode)
