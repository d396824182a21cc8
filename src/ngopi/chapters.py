"""An episode's chapters as people write them: a list of starts and titles in the front matter."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ngopi.i18n import _
from ngopi.model import Chapter
from ngopi.text import clean_line
from ngopi.tomlfile import Problem, line_of, unknown_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

CHAPTERS = "chapters"
_KEYS = ("start", "title")
# Minutes alone may go beyond the hour, as in 75:30.
_START = re.compile(r"(?:(\d{1,3}):([0-5]?\d)|(\d{1,4})):([0-5]\d(?:\.\d{1,3})?)")
_ROW_START = re.compile(r"(?<![\w-])\"?start\"?\s*=")


def read_chapters(written: object, *, text: str) -> tuple[tuple[Chapter, ...], list[Problem]]:
    """Return the chapters of a front matter *text*, where *written* stands under their key.

    All that is wrong with them comes with its line; then the chapters are of no use.
    """
    if not isinstance(written, list) or not all(isinstance(row, dict) for row in written):
        said = _('"chapters" must be a list, as in [{ start = "00:00", title = "Pembukaan" }]')
        return (), [Problem(line=line_of(text, CHAPTERS), text=said)]
    chapters: list[Chapter] = []
    problems = []
    for row, line in zip(written, _lines(["start" in row for row in written], text), strict=True):
        found, objections = _chapter(row)
        if found is not None and chapters and found.start_s <= chapters[-1].start_s:
            said = _('chapter "{title}" must start later than the one before it')
            objections = [said.format(title=found.title)]
        problems += [Problem(line=line, text=said) for said in objections]
        if found is not None:
            chapters.append(found)
    return tuple(chapters), problems


def beyond_the_end(chapters: Sequence[Chapter], duration_s: float, *, text: str) -> list[Problem]:
    """Return a problem for each chapter that would start when the episode is over."""
    problems = []
    lines = _lines([True] * len(chapters), text)
    for chapter, line in zip(chapters, lines, strict=True):
        if chapter.start_s < duration_s:
            continue
        said = _('chapter "{title}" starts at {start}, but the episode ends at {end}')
        start, end = start_text(chapter.start_s), start_text(round(duration_s, 1))
        problems.append(
            Problem(line=line, text=said.format(title=chapter.title, start=start, end=end))
        )
    return problems


def chapter_rows(chapters: Sequence[Chapter]) -> list[dict[str, str]]:
    """Return what stands in the front matter for *chapters*."""
    return [{"start": start_text(c.start_s), "title": c.title} for c in chapters]


def start_text(start_s: float) -> str:
    """Return seconds as a chapter's start: 12:30, 1:02:03 or, with milliseconds, 00:01.500."""
    seconds, milliseconds = divmod(round(start_s * 1000), 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    whole = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes:02d}:{seconds:02d}"
    return f"{whole}.{milliseconds:03d}" if milliseconds else whole


def _chapter(row: dict[str, Any]) -> tuple[Chapter | None, list[str]]:
    objections = [problem.text for problem in unknown_keys(row, _KEYS, text="")]
    title = row.get("title")
    title = clean_line(title) if isinstance(title, str) else ""
    if not title:
        objections.append(_("a chapter has no title"))
    start_s = _start_s(row.get("start"))
    if start_s is None:
        said = _('a chapter\'s "start" must be a time between quotation marks, as in "12:30"')
        objections.append(said)
    if start_s is None or objections:
        return None, objections
    return Chapter(start_s=start_s, title=title), []


def _start_s(written: object) -> float | None:
    found = _START.fullmatch(written.strip()) if isinstance(written, str) else None
    if found is None:
        return None
    hours, minutes_of_hour, minutes, seconds = found.groups()
    whole_s = int(hours or 0) * 3600 + int(minutes_of_hour or minutes) * 60
    return round(whole_s + float(seconds), 3)  # what adding seconds up may be off by


def _lines(with_start: Sequence[bool], text: str) -> list[int]:
    """Return the line of each row: where its start is written, or else where the list begins."""
    first = line_of(text, CHAPTERS)
    starts = [
        number
        for number, line in enumerate(text.split("\n"), start=1)
        if number >= first
        for _found in _ROW_START.findall(line)
    ]
    if len(starts) != sum(with_start):
        return [first] * len(with_start)
    found = iter(starts)
    return [next(found) if has_start else first for has_start in with_start]
