"""Lines and JSON objects that several commands print."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from ngopi.console import Json, decibels, megabytes
from ngopi.i18n import _, ngettext
from ngopi.text import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ngopi.config import Config
    from ngopi.model import CatalogueEntry, Finding
    from ngopi.standing import Standing


def entry_document(config: Config, entry: CatalogueEntry, standing: Standing) -> dict[str, Json]:
    """Return an episode as --json says it; its keys are a contract."""
    episode, audio = entry.episode, entry.audio
    published = episode.published and episode.published.astimezone(config.zone)
    return {
        "slug": episode.slug,
        "guid": episode.guid,
        "title": episode.title,
        "state": standing.state,
        "published": published.isoformat() if published else None,
        "duration_s": audio.duration_s if audio else None,
        "size_bytes": audio.size_bytes if audio else None,
        "sha256": audio.sha256 if audio else None,
        "before": asdict(audio.before) if audio else None,
        "after": asdict(audio.after) if audio else None,
        "chapters": [asdict(chapter) for chapter in episode.chapters],
        "url": standing.url,
        "differs": standing.differs,
    }


def waiting(slug: str) -> str:
    """Return the sentence about an episode that is due, but for an editor's yes."""
    text = _('"{slug}" waits for an editor: ngopi approve {slug} --as NAME')
    return text.format(slug=slug)


def show_waiting() -> str:
    """Return the sentence about the show's own data, where an editor has not said yes to it."""
    return _(
        "The show's own data (title, description, cover …) waits for an editor: "
        "ngopi approve ngopi.toml --as NAME"
    )


def entry_line(verb: str, config: Config, entry: CatalogueEntry, address: str | None) -> str:
    """Return the one line that names what changed, and where."""
    audio = entry.audio
    assert audio is not None
    before, after = audio.before.integrated_lufs, audio.after.integrated_lufs
    parts = (
        f"{verb} {entry.episode.slug}",
        clock(audio.duration_s),
        f"{decibels(before)} → {decibels(after)} LUFS",
        f"{decibels(audio.after.true_peak_dbtp)} dBTP",
        megabytes(audio.size_bytes),
        address or str(config.media / f"{audio.sha256}.mp3"),
    )
    return " · ".join(parts)


_SHOWN = {"E": 10, "W": 3, "I": 3}


def finding_lines(findings: Sequence[Finding]) -> list[str]:
    """Return a check's remarks as lines; of many alike the first few, and how many more."""
    seen: Counter[str] = Counter()
    shown: Counter[str] = Counter()
    lines = []
    for finding in findings:
        seen[finding.rule] += 1 + finding.more
        if shown[finding.rule] < _SHOWN[finding.severity]:
            shown[finding.rule] += 1
            lines.append(finding_line(finding))
    for rule in seen:
        left = seen[rule] - shown[rule]
        if left:
            text = ngettext("{rule}: {left} more like it", "{rule}: {left} more like it", left)
            lines.append(text.format(rule=rule, left=left))
    return lines


def finding_line(finding: Finding) -> str:
    """Return a check's remark as one line for a person."""
    return f"{finding.where}: {finding.severity} {finding.rule}: {finding.message} " + _(
        "Try: {hint}"
    ).format(hint=finding.hint)
