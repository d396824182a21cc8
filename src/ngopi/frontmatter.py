"""An episode.md as text: facts in TOML between two fences, notes in Markdown below.

In: the text as a person saved it, or values to write. Out: its parts, or text that is read again
as the very same values, on every computer.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from ngopi.chapters import CHAPTERS, beyond_the_end, chapter_rows, read_chapters
from ngopi.i18n import N_, _
from ngopi.letters import toml_quoted
from ngopi.model import AudioFile, Episode
from ngopi.objections import episode_objections
from ngopi.roles import with_roles
from ngopi.text import clean_notes
from ngopi.tomlfile import Problem, build, line_of, not_utf8, parse, whole_dates

if TYPE_CHECKING:
    from collections.abc import Mapping

FENCE = "+++"
# What an episode has and its front matter has not.
_ELSEWHERE = {
    "slug": N_('"slug" does not belong here: the folder\'s name is the slug'),
    "notes": N_('"notes" does not belong here: they stand below the second +++'),
}
DRAFT_LINE = "published = 2026-11-22T16:00:00+07:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The lines between the fences, and those below the second one."""

    front: tuple[str, ...]
    below: tuple[str, ...]


def split(text: str) -> Parts | None:
    r"""Return the parts of a file; None: it has no two fences, the first in its first line.

    Lines end as editors show it, with ``\n``, ``\r\n`` or ``\r``: other separators, as U+2028,
    are letters of a text.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    ends = [number for number, line in enumerate(lines) if line.strip() == FENCE]
    if len(ends) < 2 or ends[0] != 0:  # noqa: PLR2004 - one fence opens, one closes
        return None
    return Parts(front=tuple(lines[1 : ends[1]]), below=tuple(lines[ends[1] + 1 :]))


def join(front: str, notes: str) -> str:
    """Return a whole file."""
    return f"{FENCE}\n{front.rstrip()}\n{FENCE}\n\n{notes}".rstrip() + "\n"


def edited(parts: Parts, changes: Mapping[str, Any], *, notes: str | None, without: str) -> str:
    """Return a whole file with some keys changed (None: taken out), and other *notes* if given.

    The person's comments and order stay, but for lines that begin with *without*.
    """
    import tomlkit

    kept = [line for line in parts.front if not (without and line.startswith(without))]
    front = tomlkit.parse(whole_dates("\n".join(kept) + "\n"))
    for key, value in changes.items():
        if value is None:
            front.pop(key, None)
        else:
            front[key] = written(key, value)
    below = "\n".join(parts.below) if notes is None else f"\n{notes}"
    return f"{FENCE}\n{tomlkit.dumps(front).rstrip()}\n{FENCE}\n{below}".rstrip() + "\n"


def read_episode(
    data: bytes, slug: str, audio: AudioFile | None
) -> tuple[Episode | None, list[Problem]]:
    """Return the episode that an episode.md says, and what is wrong; a date may lack its zone.

    *audio* tells where a chapter would start after the end.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None, [Problem(line=1, text=not_utf8())]
    parts = split(text)
    if parts is None:
        said = _("the file must begin with +++ on a line of its own, and have a second one")
        return None, [Problem(line=1, text=said)]
    front = "\n".join(["", *parts.front])  # its lines count as in the file
    notes = clean_notes("\n".join(parts.below))
    episode, problems = _from_front(front, notes, slug=slug, audio=audio)
    if problems:
        # An earlier ngopi took every separator for the end of a line; such files go on working.
        older, found = _from_front("\n".join(front.splitlines()), notes, slug=slug, audio=audio)
        if not found:
            return older, []
    return episode, problems


def _from_front(
    front: str, notes: str, *, slug: str, audio: AudioFile | None
) -> tuple[Episode | None, list[Problem]]:
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
    extra = [key for key in _ELSEWHERE if key in document]
    problems = [
        Problem(
            line=line_of(front, key),
            text=_(_ELSEWHERE[key]),
        )
        for key in extra
    ]
    document = {key: value for key, value in document.items() if key not in extra}
    if isinstance(document.get("published"), int | float | str):
        said = _('"published" must be a date with its time, as in 2026-11-22T16:00:00+07:00')
        problems.append(Problem(line=line_of(front, "published"), text=said))
        del document["published"]
    if CHAPTERS in document:
        document[CHAPTERS], found = read_chapters(document[CHAPTERS], text=front)
        problems += found
    episode, found = build(Episode, document, text=front, given={"slug": slug, "notes": notes})
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


def written(key: str, value: Any) -> Any:  # noqa: ANN401 - tomlkit's item types are not public
    """Return *value* as it stands in a front matter under *key*."""
    import tomlkit

    # A plain list of dicts would become [[people]] and swallow the keys below it.
    if isinstance(value, list):
        return rows(value).multiline(multiline=key == CHAPTERS)
    return _text(value) if isinstance(value, str) else tomlkit.item(value)


def rows(tables: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - tomlkit's item types are not public
    """Return tables as one list, each in braces."""
    import tomlkit

    found = tomlkit.array()
    for keys in tables:
        row = tomlkit.inline_table()
        for key, value in keys.items():
            row.add(key, _text(value) if isinstance(value, str) else value)
        found.append(row)
    return found


def _text(value: str) -> Any:  # noqa: ANN401 - tomlkit's item types are not public
    """Return a TOML string in which what nobody sees, and what ends lines, is escaped."""
    import tomlkit

    raw = tomlkit.item(value).as_string()
    escaped = toml_quoted(raw)
    return tomlkit.item(value) if raw == escaped else tomlkit.string(escaped[1:-1], escape=False)


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
            front.add(key, written(key, value).comment(_("minted once, never changed")))
        elif value is not None:
            front.add(key, written(key, value))
        elif key == "published":
            said = _("absent: a draft")
            front.add(tomlkit.comment(f"{DRAFT_LINE}  ({said})"))
    return join(tomlkit.dumps(front), episode.notes)


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
        found = [_without_none(asdict(row)) for row in getattr(audio, name)]
        if found:
            document.add(name, rows(found).multiline(multiline=True))
    for name in ("recording", "before", "after", "curve"):
        if getattr(audio, name) is not None:
            document.add(name, tomlkit.item(asdict(getattr(audio, name))))
    return tomlkit.dumps(document)


def _without_none(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if value is not None}
