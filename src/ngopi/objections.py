"""What is wrong with an episode's words and numbers, whoever wrote them: a person or a store.

In: an episode, or its audio, as it was read. Out: which key, and a sentence. The same rules for
both, so that what one folder publishes every other one can read.
"""

from __future__ import annotations

import math
import re
from dataclasses import fields
from typing import TYPE_CHECKING

from ngopi.i18n import _
from ngopi.text import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ngopi.model import AudioFile, Episode, Loudness

EARLIEST_YEAR, LATEST_YEAR = 1980, 9000
_LONGEST_GUID, _LONGEST_LINE, LONGEST_TEXT = 500, 2_000, 1_000_000
_MOST_PEOPLE = 500
_HIGHEST_NUMBER = 999_999_999
_LARGEST_AUDIO_BYTES, _LARGEST_RECORDING_BYTES = 1 << 40, 1 << 50
_LONGEST_AUDIO_S = 1e6
_FAR_DB = 10_000.0
_HASH = re.compile("[0-9a-f]{64}")
_SHOWN = 60  # characters of a wrong value


def is_possible(published: datetime) -> bool:
    """Say whether a show can have this date: clocks, TOML and RSS agree on these years."""
    return EARLIEST_YEAR <= published.year <= LATEST_YEAR


def is_guid(text: str) -> bool:
    """Say whether *text* can be a guid: printable, so that no two look alike, and not too long."""
    return text.isprintable() and bool(text.strip()) and len(text) <= _LONGEST_GUID


def guid_rule() -> str:
    """Return the sentence that says what a guid may be."""
    said = _('"guid" may hold letters, digits and signs that can be seen, at most {most}')
    return said.format(most=_LONGEST_GUID)


def episode_objections(episode: Episode) -> Iterator[tuple[str, str]]:
    """Yield the key and what is wrong with it; the slug is judged where folders are."""
    if not clean_line(episode.title):
        yield "title", _('"{key}" is empty').format(key="title")
    if not clean_line(episode.guid):
        yield "guid", _('"{key}" is empty').format(key="guid")
    elif not is_guid(episode.guid):
        yield "guid", guid_rule()
    yield from _number_objections(episode)
    yield from _date_objections(episode)
    yield from _length_objections(episode)
    if any(not clean_line(person.name) for person in episode.people):
        yield "people", _('"people" holds somebody without a name')


def _number_objections(episode: Episode) -> Iterator[tuple[str, str]]:
    for key, number in (("season", episode.season), ("number", episode.number)):
        if number is not None and number < 1:
            said = _('"{key}" must be 1 or more; leave the line out if there is none')
            yield key, said.format(key=key)
        elif number is not None and number > _HIGHEST_NUMBER:
            yield key, _('"{key}" must be {most} at most').format(key=key, most=_HIGHEST_NUMBER)


def _date_objections(episode: Episode) -> Iterator[tuple[str, str]]:
    published = episode.published
    if published is None:
        return
    if not is_possible(published):
        said = _('"published" must lie between the years {earliest} and {latest}')
        yield "published", said.format(earliest=EARLIEST_YEAR, latest=LATEST_YEAR)
    offset = published.utcoffset()
    if offset is not None and offset.total_seconds() % 60:
        yield "published", _('"published" must say its zone in hours and minutes, as in +07:00')


def _length_objections(episode: Episode) -> Iterator[tuple[str, str]]:
    people = [text for person in episode.people for text in (person.name, person.role)]
    for key, texts, most in (
        ("title", [episode.title], _LONGEST_LINE),
        ("writer", [episode.writer or ""], _LONGEST_LINE),
        ("people", people, _LONGEST_LINE),
        ("chapters", [chapter.title for chapter in episode.chapters], _LONGEST_LINE),
        ("summary", [episode.summary or ""], LONGEST_TEXT),
        ("notes", [episode.notes], LONGEST_TEXT),
    ):
        if any(len(text) > most for text in texts):
            said = _('"{key}" is too long: more than {most} characters')
            yield key, said.format(key=key, most=most)
    if len(episode.people) > _MOST_PEOPLE:
        yield "people", _('"people" holds more than {most} people').format(most=_MOST_PEOPLE)


def audio_objections(audio: AudioFile) -> Iterator[tuple[str, str]]:
    """Yield the key of an audio.toml and what is wrong with it."""
    sound_sha256 = audio.sha256 if audio.sound_sha256 is None else audio.sound_sha256
    yield from hash_objections(sha256=audio.sha256, sound_sha256=sound_sha256)
    if audio.media_type != "audio/mpeg":
        yield "media_type", _("{value} is no MP3").format(value=shown(audio.media_type))
    yield from _range_objections(
        size_bytes=(audio.size_bytes, 1, _LARGEST_AUDIO_BYTES),
        duration_s=(audio.duration_s, 0.001, _LONGEST_AUDIO_S),
        sample_rate_hz=(audio.sample_rate_hz, 1, 1_000_000),
        channels=(audio.channels, 1, 2),
        bitrate_kbps=(audio.bitrate_kbps, 1, 10_000),
        target_lufs=(audio.target_lufs, -_FAR_DB, _FAR_DB),
        ceiling_dbtp=(audio.ceiling_dbtp, -_FAR_DB, _FAR_DB),
        gain_db=(audio.gain_db, -_FAR_DB, _FAR_DB),
    )
    for name, loudness in (("before", audio.before), ("after", audio.after)):
        yield from _loudness_objections(name, loudness)
    for where, why in hash_objections(sha256=audio.recording.sha256):
        yield f"recording.{where}", why
    most = _LARGEST_RECORDING_BYTES
    yield from _range_objections(recording=(audio.recording.size_bytes, 0, most))
    yield from line_objections(made_by=audio.made_by)


def _loudness_objections(name: str, loudness: Loudness) -> Iterator[tuple[str, str]]:
    for field in fields(loudness):
        level = getattr(loudness, field.name)
        if level != -math.inf and not -_FAR_DB <= level <= _FAR_DB:
            yield f"{name}.{field.name}", _("{value} is out of range").format(value=shown(level))


def _range_objections(**bounds: tuple[float, float, float]) -> Iterator[tuple[str, str]]:
    for name, (number, least, most) in bounds.items():
        if not least <= number <= most:
            yield name, _("{value} is out of range").format(value=shown(number))


def is_hash(text: str) -> bool:
    """Say whether *text* is a SHA-256 as ngopi writes it."""
    return _HASH.fullmatch(text) is not None


def hash_objections(**hashes: str) -> Iterator[tuple[str, str]]:
    """Yield the name of each that is no SHA-256 as ngopi writes it."""
    for name, value in hashes.items():
        if not is_hash(value):
            yield name, _("{value} is no SHA-256").format(value=shown(value))


def line_objections(**lines: str) -> Iterator[tuple[str, str]]:
    """Yield the name of each that is too long for a name or a sentence."""
    for name, text in lines.items():
        if len(text) > _LONGEST_LINE:
            yield name, _("more than {most} characters").format(most=_LONGEST_LINE)


def shown(value: object) -> str:
    """Return a wrong value as it fits into a sentence."""
    if isinstance(value, dict | list):
        return "{…}" if isinstance(value, dict) else "[…]"
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
