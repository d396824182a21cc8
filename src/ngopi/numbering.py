"""Episode numbers that two episodes have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ngopi.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ngopi.model import Episode


def same_numbers(episodes: Iterable[Episode], *, about: Episode | None = None) -> Iterator[str]:
    """Yield a sentence for each number that several full episodes of one season have.

    *about*: only for the number of that one. A trailer or a bonus may have the number of the
    episode that it belongs to.
    """
    found: dict[tuple[int, int], list[str]] = {}
    for episode in episodes:
        if episode.number is not None and episode.kind == "full":
            found.setdefault((episode.season or 0, episode.number), []).append(episode.slug)
    for (season, number), slugs in sorted(found.items()):
        if len(slugs) > 1 and (about is None or about.slug in slugs):
            text = _("Several episodes have the number {number}: {slugs}.")
            if season:
                text = _("Several episodes of season {season} have the number {number}: {slugs}.")
            yield text.format(season=season, number=number, slugs=", ".join(sorted(slugs)))
