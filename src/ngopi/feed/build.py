"""The RSS feed of a show: from its releases to bytes, without a look at clock or disk."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator

from ngopi.feed.podcasting import EpisodeTags, ShowTags
from ngopi.notes import clip_bytes, notes_html, notes_text
from ngopi.text import clean_line, clean_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, tzinfo

    from ngopi.model import Episode, Release, Show, StoredObject

# Apple and PSP-1 count bytes, not characters.
_DESCRIPTION_BYTES = 4000


# So feedgen lays its XML out. Text and attributes have no "<" of their own, and notes no such tag.
_ITEM, _END = b"    <item>\n", b"  </channel>\n"


def build_feed(
    show: Show,
    *,
    cover: StoredObject,
    releases: Sequence[Release],
    known: Mapping[str, bytes] = MappingProxyType({}),
) -> bytes:
    """Return the feed as RSS 2.0 in UTF-8, newest episode first; equal input, equal bytes.

    Characters that XML cannot hold are left out. Every release has a date of publication.
    *known* holds items by guid, as `items_of` returned them for the same show and releases: most
    of a feed's time goes into what did not change.

    Source: RSS 2.0; Apple, "A Podcaster's Guide to RSS"; PSP-1; podcastindex.org/namespace/1.0.
    """
    show = _clean_show(show)
    zone = ZoneInfo(show.timezone)
    newest_first = _newest_first(releases)
    built = _published(newest_first[0].episode, zone) if newest_first else None
    feed = _channel(show)
    feed.register_extension(
        "podcasting", partial(ShowTags, show, cover_url=cover.url, built=built), atom=False
    )
    fresh = [release for release in newest_first if release.episode.guid not in known]
    for release in fresh:
        feed.add_entry(_item(release, show=show, cover=cover, zone=zone), order="append")
    head, items, tail = _cut(feed.rss_str(pretty=True))
    made = dict(zip((release.episode.guid for release in fresh), items, strict=True))
    guids = (release.episode.guid for release in newest_first)
    return b"".join([head, *(known.get(guid) or made[guid] for guid in guids), tail])


def items_of(feed: bytes, releases: Sequence[Release]) -> dict[str, bytes]:
    """Return by guid the items of the *feed* that was built of *releases*."""
    guids = (release.episode.guid for release in _newest_first(releases))
    return dict(zip(guids, _cut(feed)[1], strict=True))


def _newest_first(releases: Sequence[Release]) -> list[Release]:
    return sorted(releases, key=_age, reverse=True)


def _cut(rss: bytes) -> tuple[bytes, list[bytes], bytes]:
    """Return what is before the items, the items, and what is behind them."""
    end = rss.rindex(_END)
    head, *items = rss[:end].split(_ITEM)
    return head, [_ITEM + item for item in items], rss[end:]


def _channel(show: Show) -> Any:  # noqa: ANN401 - feedgen has no types
    feed = FeedGenerator()
    feed.title(show.title)
    feed.link(href=show.feed_url, rel="self", type="application/rss+xml")
    # Of all links the last one becomes <link>.
    feed.link(href=show.link or show.public_url, rel="alternate")
    feed.description(show.description)
    feed.language(show.language)
    feed.copyright(show.copyright)
    # No version: a newer ngopi alone must not change a feed.
    feed.generator("ngopi")
    feed.docs("")
    feed.load_extension("podcast", atom=False)
    feed.podcast.itunes_author(show.author)
    feed.podcast.itunes_category({"cat": show.category, "sub": show.subcategory})
    feed.podcast.itunes_type(show.kind)
    if show.email:
        feed.podcast.itunes_owner(name=show.author, email=show.email)
    return feed


def _item(release: Release, *, show: Show, cover: StoredObject, zone: tzinfo) -> Any:  # noqa: ANN401 - feedgen has no types
    episode = _clean_episode(release.episode)
    item = FeedEntry()
    item.title(episode.title)
    item.guid(episode.guid, permalink=False)
    if show.link:  # public_url alone may be a folder that shows nobody a page
        item.link(href=show.link)
    item.description(_description(episode))
    if html := notes_html(episode.notes):
        item.content(html, type="CDATA")
    item.enclosure(
        url=release.enclosure.url,
        length=release.enclosure.size_bytes,
        type=release.audio.media_type,
    )
    item.load_extension("podcast", atom=False)
    item.podcast.itunes_duration(max(1, round(release.audio.duration_s)))
    item.podcast.itunes_season(episode.season)
    item.podcast.itunes_episode(episode.number)
    item.podcast.itunes_episode_type(episode.kind)
    tags = partial(
        EpisodeTags,
        episode,
        published=_published(episode, zone),
        cover_url=(release.cover or cover).url,
        explicit=show.explicit if episode.explicit is None else episode.explicit,
    )
    item.register_extension("podcasting", tags, atom=False)
    return item


def _description(episode: Episode) -> str:
    text = clean_text(episode.summary or "") or notes_text(episode.notes) or episode.title
    return clip_bytes(text, _DESCRIPTION_BYTES)


def _published(episode: Episode, zone: tzinfo) -> datetime:
    assert episode.published is not None, "a release was published"
    return episode.published.astimezone(zone)


def _age(release: Release) -> tuple[datetime, int, str]:
    episode = release.episode
    return _published(episode, UTC), episode.number or 0, episode.guid


def _clean_show(show: Show) -> Show:
    return replace(
        show,
        title=clean_line(show.title),
        description=clip_bytes(clean_text(show.description), _DESCRIPTION_BYTES),
        author=clean_line(show.author),
        copyright=clean_line(show.copyright or "") or None,
    )


def _clean_episode(episode: Episode) -> Episode:
    people = tuple(replace(person, name=clean_line(person.name)) for person in episode.people)
    return replace(episode, title=clean_line(episode.title), people=people)
