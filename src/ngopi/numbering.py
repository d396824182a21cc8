"""Episode numbers that two episodes have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ngopi.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ngopi.model import Episode


@dataclass(frozen=True, slots=True, kw_only=True)
class SameNumber:
    """A number that several full episodes of one season (None: of none) have."""

    season: int | None
    number: int
    slugs: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What a person is told."""
        text = _("Several episodes have the number {number}: {slugs}.")
        if self.season:
            text = _("Several episodes of season {season} have the number {number}: {slugs}.")
        return text.format(season=self.season, number=self.number, slugs=", ".join(self.slugs))


def same_numbers(
    episodes: Iterable[Episode], *, about: Episode | None = None
) -> Iterator[SameNumber]:
    """Yield each number that several full episodes of one season have.

    *about*: only for the number of that one. A trailer or a bonus may have the number of the
    episode that it belongs to.
    """
    found: dict[tuple[int, int], list[str]] = {}
    for episode in episodes:
        if episode.number is not None and episode.kind == "full":
            found.setdefault((episode.season or 0, episode.number), []).append(episode.slug)
    for (season, number), slugs in sorted(found.items()):
        if len(slugs) > 1 and (about is None or about.slug in slugs):
            yield SameNumber(season=season or None, number=number, slugs=tuple(sorted(slugs)))
