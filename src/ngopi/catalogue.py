"""The folder episodes/: what people write, and beside it what ngopi measured."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ngopi.atomic import new_folder, sweep, write_atomic
from ngopi.config import listing
from ngopi.errors import (
    CatalogueInvalidError,
    DiskError,
    LinkOutError,
    NoSuchEpisodeError,
    SlugInvalidError,
)
from ngopi.frontmatter import (
    DRAFT_LINE,
    audio_text,
    edited,
    episode_text,
    read_episode,
    split,
)
from ngopi.i18n import _
from ngopi.model import Approval, AudioFile, CatalogueEntry, Episode
from ngopi.reading import leads_out
from ngopi.recall import bytes_of, key_of, read_audio, read_written
from ngopi.roles import with_roles
from ngopi.text import is_slug, slug_of
from ngopi.tomlfile import Problem

if TYPE_CHECKING:
    from datetime import tzinfo

    from ngopi.recall import Recall

_GUID_LINE = re.compile(rb"""(?m)^[ \t]*guid[ \t]*=[ \t]*["']([^"'\r\n]+)["']""")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """An episode whose files cannot be read: *problems* are lines, *audio* what is known of it."""

    folder: Path
    problems: tuple[str, ...]
    audio: AudioFile | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All episodes in the order of the slugs, and those of which a file has mistakes."""

    entries: tuple[CatalogueEntry, ...]
    broken: tuple[Broken, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """All mistakes of all files, with lines."""
        return tuple(line for each in self.broken for line in each.problems)

    @property
    def unreadable(self) -> frozenset[str]:
        """The slugs of those that cannot be read."""
        return frozenset(each.folder.name for each in self.broken)

    def find(self, slug: str) -> CatalogueEntry:
        """Return the episode with that slug.

        Raises:
            CatalogueInvalidError: it is there, and cannot be read.
            NoSuchEpisodeError: there is none.
        """
        for each in self.broken:
            if each.folder.name == slug:
                raise CatalogueInvalidError(problems=each.problems)
        return find_entry(self.entries, slug)


def survey(episodes: Path, *, zone: tzinfo, recall: Recall | None = None) -> Catalogue:
    """Return every episode, also those that cannot be read; a date without a zone is in *zone*.

    With *recall* the audio comes without its certificate, and what did not change comes quickly.
    """
    entries: list[CatalogueEntry] = []
    broken: list[Broken] = []
    for folder in _folders(episodes):
        found = _read_entry(folder, zone, recall)
        if isinstance(found, Broken):
            broken.append(found)
        else:
            entries.append(found)
    return Catalogue(entries=tuple(entries), broken=tuple(broken))


def read_catalogue(
    episodes: Path, *, zone: tzinfo, recall: Recall | None = None
) -> tuple[CatalogueEntry, ...]:
    """Return every episode as `survey` does, for whoever cannot do without a single one.

    Raises:
        CatalogueInvalidError: all mistakes of all files, with lines.
    """
    found = survey(episodes, zone=zone, recall=recall)
    if found.broken:
        raise CatalogueInvalidError(problems=found.problems)
    return found.entries


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


def _read_entry(folder: Path, zone: tzinfo, recall: Recall | None) -> CatalogueEntry | Broken:
    names = _names(folder)
    stranger = _stranger(folder, names)
    if stranger is not None:
        return Broken(folder=folder, problems=(stranger,), audio=None)
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
        return Broken(folder=folder, problems=tuple(mistakes), audio=audio)
    covers = (folder / name for name in _COVERS if name in names)
    cover = next((path for path in covers if path.is_file()), None)
    return CatalogueEntry(
        folder=folder, episode=_in_zone(episode, zone), audio=audio, cover=cover,
        approval=approval, content=f"{zone} {told} {heard}" if recall else None,
    )  # fmt: skip


def _stranger(folder: Path, names: set[str]) -> str | None:
    """Return why a folder can be no episode of this show, whatever its files say."""
    if not is_slug(folder.name):
        said = _(
            "the folder's name may hold small letters a-z, digits and hyphens only, and be no name "
            "that Windows keeps for itself (con, nul, com1 …)"
        )
        return f"  {folder.name}: {said}"
    foreign = _foreign(folder, names)
    if foreign is None:
        return None
    said = _("it is a link that leads out of the show's folder")
    return f"  {foreign}: {said}"


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
        said = _("the file is missing; move a folder that is no episode out of episodes/")
        return None, "", [Problem(line=1, text=said)]
    key = key_of(data, folder.name, audio and audio.duration_s) if recall else ""
    episode = recall.episodes.find(key) if recall else None
    if episode is not None:
        return episode, key, []
    episode, problems = read_episode(data, folder.name, audio)
    if recall and episode is not None and not problems:
        recall.episodes.keep(key, episode)
    return episode, key, problems


def _in_zone(episode: Episode, zone: tzinfo) -> Episode:
    if episode.published is None or episode.published.tzinfo is not None:
        return episode
    return replace(episode, published=episode.published.replace(tzinfo=zone))


def add_entry(
    episodes: Path, *, episode: Episode, audio: AudioFile, cover: Path | None
) -> CatalogueEntry:
    """Write a new episode's folder: it appears whole, in one rename.

    Raises:
        SlugInvalidError: it names no folder in *episodes*.
        CatalogueInvalidError: the file would be read as another episode, or not at all.
        LinkOutError: the folder would lie outside of the show.
        DiskError: it could not be written; nothing is left behind.
    """
    folder = episodes / require_slug(episode.slug)
    _require_inside(folder)
    text = readable_text(episode, audio)
    with new_folder(folder) as temporary:
        write_atomic(temporary / _EPISODE, text.encode())
        write_atomic(temporary / _AUDIO, audio_text(audio).encode())
        copied = _copy_cover(cover, temporary)
    kept = folder / copied.name if copied else None
    return CatalogueEntry(folder=folder, episode=episode, audio=audio, cover=kept)


def readable_text(episode: Episode, audio: AudioFile) -> str:
    """Return the episode.md of a new episode, which is read again as that very episode.

    Raises:
        CatalogueInvalidError: no file can say it; with the lines in which it fails.
    """
    text = episode_text(episode)
    read, problems = read_episode(text.encode(), episode.slug, audio)
    meant = replace(episode, people=with_roles(episode.people)[0])
    if read != meant and not problems:
        problems = [Problem(line=1, text=_("no file could hold this text as it is"))]
    if problems:
        folder = Path(episode.slug)
        raise CatalogueInvalidError(problems=tuple(_named(folder, _EPISODE, problems)))
    return text


def repair(broken: Broken, episode: Episode, audio: AudioFile) -> CatalogueEntry:
    """Write anew an episode whose files cannot be read; what was there is kept as ``.broken``.

    An approval was of something else and goes.

    Raises:
        CatalogueInvalidError: no file can say the episode; with the lines in which it fails.
        LinkOutError: the folder lies outside of the show.
        DiskError: it could not be written.
    """
    folder = broken.folder
    _require_inside(folder)
    episode = replace(episode, slug=folder.name)
    audio = _with_certificate(audio, folder)
    texts = {_EPISODE: readable_text(episode, audio), _AUDIO: audio_text(audio)}
    try:
        for name in (_EPISODE, _AUDIO, _APPROVAL):
            with contextlib.suppress(FileNotFoundError):
                (folder / name).replace(folder / f"{name}.broken")
    except OSError as error:
        raise DiskError(path=folder, reason=error.strerror or error) from error
    for name, text in texts.items():
        _renew(folder / name, text.encode())
    return CatalogueEntry(folder=folder, episode=episode, audio=audio, cover=None)


def _require_inside(folder: Path) -> None:
    for path in (folder.parent, folder):
        if leads_out(path, folder.parent.parent):
            raise LinkOutError(path=path)


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
        LinkOutError: the folder lies outside of the show.
        DiskError: it could not be written; the old files are still there.
    """
    _require_inside(entry.folder)
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
    _renew(entry.folder / _APPROVAL, _approval_text(approval))


def _approval_text(approval: Approval) -> bytes:
    import tomlkit

    document = tomlkit.document()
    document.add(tomlkit.comment(_("Written by ngopi approve; a later change needs a new one.")))
    for key, value in asdict(approval).items():
        document.add(key, value)
    return tomlkit.dumps(document).encode()


def write_show_approval(root: Path, approval: Approval) -> None:
    """Keep an editor's yes to the show's own data beside its ngopi.toml.

    Raises:
        DiskError: it could not be written.
    """
    _renew(root / _APPROVAL, _approval_text(approval))


def read_show_approval(root: Path) -> Approval | None:
    """Return the editor's yes that lies beside ngopi.toml; None: there is none.

    Raises:
        CatalogueInvalidError: the file cannot be read.
    """
    approval, problems = read_written(Approval, root, _APPROVAL)
    if problems:
        raise CatalogueInvalidError(problems=tuple(listing(root / _APPROVAL, problems)))
    return approval


def edit_episode(entry: CatalogueEntry, changes: dict[str, Any], *, notes: str | None) -> None:
    """Change some keys of an episode.md; the person's comments and order stay.

    Raises:
        LinkOutError: the folder lies outside of the show.
        DiskError: it could not be written; the old file is still there.
    """
    _require_inside(entry.folder)
    path = entry.folder / _EPISODE
    parts = split(path.read_text(encoding="utf-8-sig"))
    assert parts is not None  # it was read as an episode
    without = f"# {DRAFT_LINE}" if changes.get("published") is not None else ""
    _renew(path, edited(parts, changes, notes=notes, without=without).encode())
