"""What two people made of one thing, field by field, against what both began with.

In: the base that both agreed with, ours and theirs. Out: which fields only one of them changed,
and which both did; and what both together come to. A store's address is part of no field: that
it moved is nobody's change.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from ngopi.model import Episode, Release, Show, ShowRelease
from ngopi.roles import with_roles

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

AUDIO, COVER, ADDRESS = "audio", "cover", "public_url"
# The times of chapters belong to one master: both together are one field.
_WITH_AUDIO = "chapters"
_SAME_FOR_ALL = {"slug", "guid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The names of the fields that only *ours* changed, only *theirs*, or *both*, differently."""

    ours: frozenset[str] = frozenset()
    theirs: frozenset[str] = frozenset()
    both: frozenset[str] = frozenset()

    def taking_ours(self) -> Changes:
        """Return the same, where ours is kept of what both changed."""
        return Changes(ours=self.ours | self.both, theirs=self.theirs)


def episode_changes(base: Release | None, ours: Release, theirs: Release) -> Changes:
    """Say who changed what of an episode; without *base* nobody can tell whose a difference is."""
    found = _changes(base, ours, theirs, _told_of_episode)
    if base is None and not theirs.episode.chapters and ours.audio.sounds_as(theirs.audio):
        # An earlier ngopi published no chapters: that theirs has none is no change of theirs.
        return Changes(ours=found.both & {AUDIO}, both=found.both - {AUDIO})
    return found


def show_changes(base: ShowRelease | None, ours: ShowRelease, theirs: ShowRelease) -> Changes:
    """Say who changed what of the show; without *base*, only an address can be told to be ours."""
    found = _changes(base, ours, theirs, _told_of_show)
    if base is not None or ADDRESS not in found.both:
        return found
    return Changes(ours=found.ours | {ADDRESS}, theirs=found.theirs, both=found.both - {ADDRESS})


def merged_episode(changes: Changes, ours: Release, theirs: Release) -> Release:
    """Return both together; where nobody changed a thing, or both the same, it is as in ours."""
    brought = changes.theirs
    told = {
        name: getattr(theirs.episode, name)
        for name in _names(Episode)
        if name in brought or (name == _WITH_AUDIO and AUDIO in brought)
    }
    sound = theirs if AUDIO not in changes.ours else ours
    return Release(
        episode=replace(ours.episode, **told),
        audio=sound.audio,
        enclosure=sound.enclosure,
        cover=theirs.cover if COVER in brought else ours.cover,
    )


def merged_show(changes: Changes, ours: ShowRelease, theirs: ShowRelease) -> ShowRelease:
    """Return both together."""
    told = {name: getattr(theirs.show, name) for name in _names(Show) if name in changes.theirs}
    cover = theirs.cover if COVER in changes.theirs else ours.cover
    return ShowRelease(show=replace(ours.show, **told), cover=cover)


def _names(kind: type[Episode | Show]) -> list[str]:
    return [field.name for field in fields(kind) if field.name not in _SAME_FOR_ALL]


def _told_of_episode(ours: Release, theirs: Release) -> dict[str, bool]:
    """Return, by field, whether two releases of an episode say the same."""
    same = {
        name: _said(ours.episode, name) == _said(theirs.episode, name) for name in _names(Episode)
    }
    chapters = same.pop(_WITH_AUDIO)
    covers = [release.cover and release.cover.sha256 for release in (ours, theirs)]
    return {
        **same,
        AUDIO: chapters and ours.audio.sounds_as(theirs.audio),
        COVER: covers[0] == covers[1],
    }


def _told_of_show(ours: ShowRelease, theirs: ShowRelease) -> dict[str, bool]:
    same = {name: getattr(ours.show, name) == getattr(theirs.show, name) for name in _names(Show)}
    return {**same, COVER: ours.cover.sha256 == theirs.cover.sha256}


def _said(episode: Episode, name: str) -> object:
    # An earlier ngopi published roles as people wrote them.
    return with_roles(episode.people)[0] if name == "people" else getattr(episode, name)


def _changes(
    base: Any,  # noqa: ANN401 - all three are releases of one kind
    ours: Any,  # noqa: ANN401
    theirs: Any,  # noqa: ANN401
    told: Callable[[Any, Any], Mapping[str, bool]],
) -> Changes:
    differing = {name for name, same in told(ours, theirs).items() if not same}
    if base is None:
        return Changes(both=frozenset(differing))
    kept_here, kept_there = told(base, ours), told(base, theirs)
    return Changes(
        ours=frozenset(name for name in differing if kept_there[name]),
        theirs=frozenset(name for name in differing if kept_here[name] and not kept_there[name]),
        both=frozenset(name for name in differing if not kept_here[name] and not kept_there[name]),
    )
