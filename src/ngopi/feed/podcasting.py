"""What feedgen cannot write: itunes:explicit and image as they are today, and podcast: tags."""

from __future__ import annotations

from email.utils import format_datetime
from typing import TYPE_CHECKING

from lxml.etree import SubElement

from ngopi.roles import group_of, role_of

if TYPE_CHECKING:
    from datetime import datetime

    from lxml.etree import _Element as Element

    from ngopi.model import Episode, Person, Show

ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
PODCAST = "https://podcastindex.org/namespace/1.0"


class ShowTags:
    """An extension in feedgen's sense for the channel of *show*; its texts are clean.

    *built* is the newest episode's date in the show's zone, None for a show without any.

    Source: Apple, "A Podcaster's Guide to RSS"; podcastindex.org/namespace/1.0.
    """

    def __init__(self, show: Show, *, cover_url: str, built: datetime | None) -> None:
        self._show = show
        self._cover_url = cover_url
        self._built = built

    def extend_ns(self) -> dict[str, str]:
        """Return the namespaces under their conventional prefixes."""
        return {"itunes": ITUNES, "podcast": PODCAST}

    def extend_rss(self, rss: Element) -> Element:
        """Add the show's tags to the channel, which is the first element of *rss*."""
        channel, show = rss[0], self._show
        self._date(channel)
        SubElement(channel, f"{{{ITUNES}}}image", href=self._cover_url)
        _add(channel, ITUNES, "explicit", _true_or_false(value=show.explicit))
        if show.guid:
            _add(channel, PODCAST, "guid", show.guid)
        locked = _add(channel, PODCAST, "locked", "yes" if show.locked else "no")
        if show.email:
            locked.set("owner", show.email)
        _add(channel, PODCAST, "medium", "podcast")
        return rss

    def _date(self, channel: Element) -> None:
        # feedgen has written the clock's time here: equal input would not give equal bytes.
        date = channel.find("lastBuildDate")
        assert date is not None, "feedgen always writes lastBuildDate"
        if self._built is None:
            channel.remove(date)
        else:
            date.text = format_datetime(self._built)


class EpisodeTags:
    """The same for one item; *published* is in the show's zone.

    Picture and explicit are said in every item: not every client looks for them in the channel.
    """

    def __init__(
        self, episode: Episode, *, published: datetime, cover_url: str, explicit: bool
    ) -> None:
        self._episode = episode
        self._published = published
        self._cover_url = cover_url
        self._explicit = explicit

    def extend_rss(self, item: Element) -> Element:
        """Add the episode's tags to *item*."""
        # Not by feedgen: it switches the whole process's locale for every date.
        SubElement(item, "pubDate").text = format_datetime(self._published)
        SubElement(item, f"{{{ITUNES}}}image", href=self._cover_url)
        _add(item, ITUNES, "explicit", _true_or_false(value=self._explicit))
        for person in self._episode.people:
            _add_person(item, person)
        return item


def _add_person(item: Element, person: Person) -> None:
    role = role_of(person.role)
    if role is None:  # an earlier ngopi took any; without a role apps would call them the host
        return
    tag = _add(item, PODCAST, "person", person.name)
    tag.set("role", role)
    tag.set("group", group_of(role))


def _add(parent: Element, namespace: str, name: str, text: str) -> Element:
    tag = SubElement(parent, f"{{{namespace}}}{name}")
    tag.text = text
    return tag


def _true_or_false(*, value: bool) -> str:
    return "true" if value else "false"
