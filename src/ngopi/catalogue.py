"""The folder episodes/: what people write, and beside it what ngopi measured."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any

from ngopi.atomic import sweep, sync_folder, write_atomic
from ngopi.chapters import CHAPTERS, beyond_the_end, chapter_rows, read_chapters
from ngopi.config import listing
from ngopi.errors import (
    CatalogueInvalidError,
    DiskError,
    NoSuchEpisodeError,
    SlugInvalidError,
)
from ngopi.i18n import _
from ngopi.model import Approval, AudioFile, CatalogueEntry, Episode
from ngopi.objections import episode_objections
from ngopi.reading import leads_out
from ngopi.recall import bytes_of, key_of, read_audio, read_written
from ngopi.roles import with_roles
from ngopi.text import is_slug, slug_of
from ngopi.tomlfile import Problem, build, line_of, parse, whole_dates

if TYPE_CHECKING:
    from datetime import tzinfo
    from pathlib import Path

    from ngopi.recall import Recall

_FENCE = "+++"
_GUID_LINE = re.compile(rb"""(?m)^[ \t]*guid[ \t]*=[ \t]*["']([^"'\r\n]+)["']""")
_DRAFT_LINE = "published = 2026-11-22T16:00:00+07:00"
_APPROVAL = "approval.toml"
_AUDIO = "audio.toml"
_EPISODE = "episode.md"
_COVERS = ("cover.jpg", "cover.png")


def require_slug(slug: str) -> str:
    """Return *slug* as it is.

    Raises:
        SlugInvalidError: it could not be a folder and a URL everywhere.
    """
    if not is_slug(slug):
        raise SlugInvalidError(slug=slug, example=slug_of(slug) or "episode-1")
    return slug


def read_catalogue(
    episodes: Path, *, zone: tzinfo, recall: Recall | None = None
) -> tuple[CatalogueEntry, ...]:
    """Return every episode, in the order of the slugs; a date without a zone is in *zone*.

    With *recall* the audio comes without its certificate, and what did not change comes quickly.

    Raises:
        CatalogueInvalidError: all mistakes of all files, with lines.
    """
    entries, mistakes = [], []
    for folder in _folders(episodes):
        entry, found = _read_entry(folder, zone, recall)
        mistakes += found
        if entry is not None:
            entries.append(entry)
    if mistakes:
        raise CatalogueInvalidError(problems=tuple(mistakes))
    return tuple(entries)


def _folders(episodes: Path) -> list[Path]:
    if not episodes.is_dir():
        return []
    with os.scandir(episodes) as found:  # it knows what is a folder without asking the disk again
        names = [each.name for each in found if each.name[0] != "." and each.is_dir()]
    return [episodes / name for name in sorted(names)]


def guids_of(episodes: Path) -> set[str]:
    """Return the guids that the files of all episodes say, also where they have mistakes."""
    texts = (bytes_of(folder, _EPISODE) for folder in _folders(episodes))
    found = (_GUID_LINE.search(text) for text in texts if isinstance(text, bytes))
    return {guid[1].decode(errors="replace") for guid in found if guid}


def find_entry(entries: tuple[CatalogueEntry, ...], slug: str) -> CatalogueEntry:
    """Return the episode with that slug.

    Raises:
        NoSuchEpisodeError: there is none.
    """
    for entry in entries:
        if entry.episode.slug == slug:
            return entry
    raise NoSuchEpisodeError(slug=slug)


def _read_entry(
    folder: Path, zone: tzinfo, recall: Recall | None
) -> tuple[CatalogueEntry | None, list[str]]:
    names = _names(folder)
    if not is_slug(folder.name):
        said = _(
            "the folder's name may hold small letters a-z, digits and hyphens only, and be no name "
            "that Windows keeps for itself (con, nul, com1 …)"
        )
        return None, [f"  {folder.name}: {said}"]
    foreign = _foreign(folder, names)
    if foreign is not None:
        said = _("it is a link that leads out of the show's folder")
        return None, [f"  {foreign}: {said}"]
    audio, heard, audio_problems = (
        read_audio(folder, _AUDIO, recall) if _AUDIO in names else (None, "", [])
    )
    episode, told, problems = _read_episode(folder, audio, recall)
    mistakes = _named(folder, _EPISODE, problems) + _named(folder, _AUDIO, audio_problems)
    approval = None
    if _APPROVAL in names:
        approval, problems = read_written(Approval, folder, _APPROVAL)
        mistakes += _named(folder, _APPROVAL, problems)
    if episode is None or mistakes:
        return None, mistakes
    covers = (folder / name for name in _COVERS if name in names)
    cover = next((path for path in covers if path.is_file()), None)
    entry = CatalogueEntry(
        folder=folder, episode=_in_zone(episode, zone), audio=audio, cover=cover,
        approval=approval, content=f"{zone} {told} {heard}" if recall else None,
    )  # fmt: skip
    return entry, []


def _foreign(folder: Path, names: set[str]) -> str | None:
    """Return what of an episode is a link that leads out of the show, if anything is."""
    show = folder.parent.parent
    if leads_out(folder, show):
        return folder.name
    covers = (name for name in _COVERS if name in names and leads_out(folder / name, show))
    return next((f"{folder.name}/{name}" for name in covers), None)


def _names(folder: Path) -> set[str]:
    """Return what lies in an episode's folder, as systems that ignore case would find it."""
    try:
        return {name.casefold() for name in os.listdir(folder)}  # noqa: PTH208 - names only: quick
    except OSError:
        return set()  # told where its files are read


def _named(folder: Path, name: str, problems: list[Problem]) -> list[str]:
    if not problems:
        return []
    return [f"  {folder.name}/{line.strip()}" for line in listing(folder / name, problems)]


def _read_episode(
    folder: Path, audio: AudioFile | None, recall: Recall | None
) -> tuple[Episode | None, str, list[Problem]]:
    """Read an episode.md, with a key of all that makes it what it is; a date may lack its zone."""
    data = bytes_of(folder, _EPISODE)
    if isinstance(data, Problem):
        return None, "", [data]
    if data is None:
        return None, "", [Problem(line=1, text=_("the file is missing"))]
    key = key_of(data, folder.name, audio and audio.duration_s) if recall else ""
    episode = recall.episodes.find(key) if recall else None
    if episode is not None:
        return episode, key, []
    episode, problems = _understood(data, folder.name, audio)
    if recall and episode is not None and not problems:
        recall.episodes.keep(key, episode)
    return episode, key, problems


def _understood(
    data: bytes, slug: str, audio: AudioFile | None
) -> tuple[Episode | None, list[Problem]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None, [Problem(line=1, text=_("the file cannot be read as UTF-8 text"))]
    lines = text.splitlines()
    ends = [number for number, line in enumerate(lines) if line.strip() == _FENCE]
    if len(ends) < 2 or ends[0] != 0:  # noqa: PLR2004 - one fence opens, one closes
        said = _("the file must begin with +++ on a line of its own, and have a second one")
        return None, [Problem(line=1, text=said)]
    front = "\n".join(["", *lines[1 : ends[1]]])
    notes = "\n".join(lines[ends[1] + 1 :]).strip()
    document, problems = parse(front)
    if problems:
        return None, problems
    episode, problems = _episode(document, front, slug=slug, notes=notes)
    if episode is not None and episode.chapters and audio is not None:
        problems += beyond_the_end(episode.chapters, audio.duration_s, text=front)
    return episode, problems


def _episode(
    document: dict[str, Any], front: str, *, slug: str, notes: str
) -> tuple[Episode | None, list[Problem]]:
    # The folder's name is the slug and the text below is the notes: both are not keys.
    extra = [key for key in ("slug", "notes") if key in document]
    problems = [
        Problem(
            line=line_of(front, key),
            text=_('"{key}" does not belong here: it follows from the folder').format(key=key),
        )
        for key in extra
    ]
    if isinstance(document.get("published"), int | float | str):
        said = _('"published" must be a date with its time, as in 2026-11-22T16:00:00+07:00')
        problems.append(Problem(line=line_of(front, "published"), text=said))
        del document["published"]
    if CHAPTERS in document:
        document[CHAPTERS], found = read_chapters(document[CHAPTERS], text=front)
        problems += found
    episode, found = build(Episode, {**document, "slug": slug, "notes": notes}, text=front)
    problems += found
    if episode is None:
        return None, problems
    people, unknown = with_roles(episode.people)
    problems += [Problem(line=line_of(front, "people"), text=said) for said in unknown]
    episode = replace(episode, people=people)
    problems += [
        Problem(line=line_of(front, key), text=said) for key, said in episode_objections(episode)
    ]
    return (None, problems) if problems else (episode, [])


def _in_zone(episode: Episode, zone: tzinfo) -> Episode:
    if episode.published is None or episode.published.tzinfo is not None:
        return episode
    return replace(episode, published=episode.published.replace(tzinfo=zone))


def episode_keys(episode: Episode) -> dict[str, Any]:
    """Return what stands in the front matter of *episode*, by key (None: no such line)."""
    values = {
        field.name: getattr(episode, field.name)
        for field in fields(episode)
        if field.name not in {"slug", "notes"}
    }
    return {
        **values,
        "people": [asdict(person) for person in episode.people] or None,
        CHAPTERS: chapter_rows(episode.chapters) or None,
    }


def episode_text(episode: Episode) -> str:
    """Return the episode.md of a new episode."""
    import tomlkit

    front = tomlkit.document()
    for key, value in episode_keys(episode).items():
        if key == "guid":
            front.add(key, tomlkit.string(value).comment(_("minted once, never changed")))
        elif value is not None:
            front.add(key, _written(key, value))
        elif key == "published":
            front.add(tomlkit.comment(f"{_DRAFT_LINE}  ({_('absent: a draft')})"))
    return f"{_FENCE}\n{tomlkit.dumps(front)}{_FENCE}\n\n{episode.notes}".rstrip() + "\n"


def _written(key: str, value: Any) -> Any:  # noqa: ANN401 - tomlkit's item types are not public
    """Return *value* as it stands in a front matter under *key*."""
    import tomlkit

    # A plain list of dicts would become [[people]] and swallow the keys below it.
    if key == "people":
        return _inline(value)
    return _inline(value).multiline(multiline=True) if key == CHAPTERS else tomlkit.item(value)


def _inline(rows: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - tomlkit's item types are not public
    import tomlkit

    table = tomlkit.array()
    for keys in rows:
        row = tomlkit.inline_table()
        row.update(keys)
        table.append(row)
    return table


def audio_text(audio: AudioFile) -> str:
    """Return the audio.toml of a mastered file."""
    import tomlkit

    document = tomlkit.document()
    document.add(tomlkit.comment("Written by ngopi; it belongs to the file in media/."))
    tables = {"before", "after", "recording", "done", "turns", "curve"}
    for field in fields(audio):
        if field.name not in tables and getattr(audio, field.name) is not None:
            document.add(field.name, getattr(audio, field.name))
    for name in ("done", "turns"):
        rows = [_without_none(asdict(row)) for row in getattr(audio, name)]
        if rows:
            document.add(name, _inline(rows).multiline(multiline=True))
    for name in ("recording", "before", "after", "curve"):
        if getattr(audio, name) is not None:
            document.add(name, tomlkit.item(asdict(getattr(audio, name))))
    return tomlkit.dumps(document)


def _without_none(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if value is not None}


def add_entry(
    episodes: Path, *, episode: Episode, audio: AudioFile, cover: Path | None
) -> CatalogueEntry:
    """Write a new episode's folder: it appears whole, in one rename.

    Raises:
        DiskError: it could not be written; nothing is left behind.
    """
    folder, temporary = episodes / episode.slug, episodes / f".{episode.slug}.tmp"
    try:
        episodes.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        write_atomic(temporary / _EPISODE, episode_text(episode).encode())
        write_atomic(temporary / _AUDIO, audio_text(audio).encode())
        copied = _copy_cover(cover, temporary)
        temporary.replace(folder)
        sync_folder(episodes)
    except OSError as error:
        raise DiskError(path=folder, reason=error.strerror or error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    kept = folder / copied.name if copied else None
    return CatalogueEntry(folder=folder, episode=episode, audio=audio, cover=kept)


def _renew(path: Path, data: bytes) -> None:
    sweep(path)  # the show is locked: what is there was left by a run that was killed
    write_atomic(path, data)


def _copy_cover(cover: Path | None, folder: Path) -> Path | None:
    if cover is None:
        return None
    name = "cover.png" if cover.suffix.lower() == ".png" else "cover.jpg"
    _renew(folder / name, cover.read_bytes())
    return folder / name


def replace_audio(entry: CatalogueEntry, audio: AudioFile, *, cover: Path | None) -> CatalogueEntry:
    """Give an episode other audio, and another cover if one is named.

    Of the same sound the folder may know more than whoever brings it: it keeps its certificate.

    Raises:
        DiskError: it could not be written; the old files are still there.
    """
    kept = entry.cover
    try:
        if cover is not None:
            kept = _copy_cover(cover, entry.folder)
            for name in _COVERS:
                if kept is not None and name != kept.name:
                    (entry.folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise DiskError(path=entry.folder, reason=error.strerror or error) from error
    audio = _with_certificate(audio, entry.folder)
    _renew(entry.folder / _AUDIO, audio_text(audio).encode())
    return CatalogueEntry(folder=entry.folder, episode=entry.episode, audio=audio, cover=kept)


def remove_cover(entry: CatalogueEntry) -> None:
    """Take an episode's own cover away.

    Raises:
        DiskError: it cannot be removed.
    """
    try:
        for name in _COVERS:
            (entry.folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise DiskError(path=entry.folder, reason=error.strerror or error) from error


def whole_audio(entry: CatalogueEntry) -> AudioFile:
    """Return an episode's audio with its certificate, which `read_catalogue` may have left out.

    Raises:
        CatalogueInvalidError: its file has changed since, and cannot be read.
    """
    audio, _key, problems = read_audio(entry.folder, _AUDIO, None)
    if audio is None:
        raise CatalogueInvalidError(problems=tuple(_named(entry.folder, _AUDIO, problems)))
    return audio


def _with_certificate(audio: AudioFile, folder: Path) -> AudioFile:
    known, _key, _problems = read_audio(folder, _AUDIO, None)
    if known is None or audio.done or audio.turns or audio.curve or not known.sounds_as(audio):
        return audio
    return replace(audio, done=known.done, turns=known.turns, curve=known.curve)


def write_approval(entry: CatalogueEntry, approval: Approval) -> None:
    """Keep an editor's yes beside the episode.

    Raises:
        DiskError: it could not be written.
    """
    import tomlkit

    document = tomlkit.document()
    document.add(tomlkit.comment(_("Written by ngopi approve; a later change needs a new one.")))
    for key, value in asdict(approval).items():
        document.add(key, value)
    _renew(entry.folder / _APPROVAL, tomlkit.dumps(document).encode())


def edit_episode(entry: CatalogueEntry, changes: dict[str, Any], *, notes: str | None) -> None:
    """Change some keys of an episode.md; the person's comments and order stay.

    Raises:
        DiskError: it could not be written; the old file is still there.
    """
    import tomlkit

    path = entry.folder / _EPISODE
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    end = next(n for n, line in enumerate(lines) if n and line.strip() == _FENCE)
    kept = lines[1:end]
    if changes.get("published") is not None:
        kept = [line for line in kept if not line.startswith(f"# {_DRAFT_LINE}")]
    front = tomlkit.parse(whole_dates("\n".join(kept) + "\n"))
    for key, value in changes.items():
        if value is None:
            front.pop(key, None)
        else:
            front[key] = _written(key, value)
    below = "\n".join(lines[end + 1 :]) if notes is None else f"\n{notes}"
    text = f"{_FENCE}\n{tomlkit.dumps(front).rstrip()}\n{_FENCE}\n{below}".rstrip() + "\n"
    _renew(path, text.encode())
