"""Rules for items: RSS 2.0, Apple Podcasts and PSP-1."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from ngopi.feed.rules import ITUNES, PODCAST, Part, Rule
from ngopi.feed.rules.times import check_ahead, check_duration, read_date
from ngopi.feed.rules.values import check_values
from ngopi.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ngopi.model import Finding

TITLE = Rule(
    "item-title",
    "E",
    N_("The episode has no title."),
    N_("write its name into the item's <title>."),
)
GUID = Rule(
    "item-guid",
    "E",
    N_("The episode has no guid, so apps cannot tell it from others."),
    N_("add <guid> with a value that never changes."),
)
GUID_UNIQUE = Rule(
    "item-guid-unique",
    "E",
    N_('The guid "{guid}" is also that of the episode at {other}; apps show only one of them.'),
    N_("give the newer episode a guid of its own."),
)
GUID_CASE = Rule(
    "item-guid-case",
    "W",
    N_('The guid "{guid}" differs only in capitals from that of the episode at {other}.'),
    N_("if they are one episode, remove one; guids that were published stay as they are."),
)
GUID_PERMALINK = Rule(
    "item-guid-permalink",
    "W",
    N_('The guid "{guid}" passes for a web address, but is none.'),
    N_('write <guid isPermaLink="false">; the value itself stays.'),
)
ENCLOSURE = Rule(
    "enclosure",
    "E",
    N_("The episode has no audio."),
    N_('add <enclosure url="https://…" length="…" type="audio/mpeg"/>.'),
)
ENCLOSURE_URL = Rule(
    "enclosure-url",
    "E",
    N_("The enclosure has no address."),
    N_("write the audio's address into url."),
)
ENCLOSURE_LENGTH = Rule(
    "enclosure-length",
    "E",
    N_('The enclosure\'s length is "{value}".'),
    N_("write the size of the stored file in bytes, digits only."),
)
ENCLOSURE_TYPE = Rule(
    "enclosure-type",
    "E",
    N_('The enclosure\'s type is "{value}".'),
    N_("write audio/mpeg for MP3, audio/x-m4a for M4A."),
)
ENCLOSURE_UNIQUE = Rule(
    "enclosure-unique",
    "E",
    N_("The episode has the same audio as the one at {other}: {url}."),
    N_("remove one of them, or give each its own file."),
)
SEASON = Rule(
    "apple-season",
    "E",
    N_('The season is "{value}".'),
    N_("write a whole number from 1 on, or leave <itunes:season> out."),
)
EPISODE = Rule(
    "apple-episode",
    "E",
    N_('The episode number is "{value}".'),
    N_("write a whole number from 1 on, or leave <itunes:episode> out."),
)
SERIAL_EPISODE = Rule(
    "apple-serial-episode",
    "E",
    N_("The show is a serial, but this episode has no number."),
    N_("add <itunes:episode>, or make the show episodic."),
)
EPISODE_TYPE = Rule(
    "apple-episode-type",
    "E",
    N_('<itunes:episodeType> says "{value}".'),
    N_("write full, trailer or bonus."),
)
ORDER = Rule(
    "item-order",
    "W",
    N_("This episode is newer than the one before it; apps that read only the start miss it."),
    N_("put the newest episode first."),
)
NUMBER_IN_TITLE = Rule(
    "item-title-number",
    "W",
    N_('The title repeats the episode number: "{title}".'),
    N_("leave the number to <itunes:episode>; apps show it beside the title."),
)
SHOW_IN_TITLE = Rule(
    "item-title-show",
    "W",
    N_('The title repeats the show\'s name: "{title}".'),
    N_("leave the name out; apps show it beside the title."),
)
LINK = Rule(
    "item-link",
    "W",
    N_("The episode has no web page."),
    N_("add <link> with the address of its page."),
)
PUBLISHED = Rule(
    "item-pubdate",
    "W",
    N_("The episode has no date, so apps cannot put it in order."),
    N_("add <pubDate>, like Fri, 28 Jan 2022 16:00:00 +0700."),
)
DESCRIPTION = Rule(
    "item-description",
    "W",
    N_("The episode has no description."),
    N_("say in <description> what it is about and who is heard."),
)
DURATION = Rule(
    "item-duration",
    "W",
    N_("The episode does not say how long it is."),
    N_("add <itunes:duration> in whole seconds."),
)
IMAGE = Rule(
    "item-image",
    "W",
    N_("The episode has no picture."),
    N_("add <itunes:image>; the show's cover will do."),
)
EXPLICIT = Rule(
    "item-explicit",
    "W",
    N_("The episode does not say whether it is for adults only."),
    N_("add <itunes:explicit>false</itunes:explicit>, or true."),
)
TRANSCRIPT = Rule(
    "item-transcript",
    "W",
    N_("The episode has no transcript; deaf listeners and search engines get nothing."),
    N_('add <podcast:transcript url="https://…" type="text/vtt"/>.'),
)

_ONCE = frozenset(
    {
        *("title", "link", "guid", "enclosure", "pubDate", "description"),
        *(
            ITUNES + name
            for name in ("duration", "image", "explicit", "season", "episode", "episodeType")
        ),
    }
)
_POSITIVE = re.compile(r"[1-9][0-9]{0,17}")
_MEDIA_TYPE = re.compile(r"(audio|video)/[A-Za-z0-9][A-Za-z0-9.+-]{0,60}|application/pdf")
_DASHES = "\u2013\u2014-"  # the hyphen last: it stands in character classes
_NUMBER_IN_TITLE = re.compile(
    rf"(?:^|[\s(\[,|{_DASHES}])(?:s\d{{1,4}})?(?:e(?=\d)|ep|eps|episode|episod)"
    r"[.:#]?\s?#?0{0,4}(\d{1,6})\b"
    r"|^#0{0,4}(\d{1,6})\b"
    rf"|^0{{0,4}}(\d{{1,6}})\s?[.:|){_DASHES}]\s",
    re.IGNORECASE,
)
_SEPARATORS = tuple(f":|#·•{_DASHES}")
_AFTER_SHOW = re.compile(
    rf"\s*[{re.escape(''.join(_SEPARATORS))}]|\s+(?:(?:ep|eps|episode|episod)\b|\d)"
)
_COMPARED_CHARACTERS = 300


def check_items(
    channel: Part, items: tuple[Part, ...], *, now: datetime | None
) -> Iterator[Finding]:
    """Check every item, and the items among themselves; *now* None: any date may come."""
    serial = channel.text(f"{ITUNES}type") == "serial"
    show_title = channel.text("title").casefold()
    for item in items:
        yield from check_values(item, once=_ONCE)
        yield from _check_present(item)
        yield from _check_guid_form(item)
        yield from _check_enclosure(item)
        yield from _check_numbers(item, serial=serial)
        yield from check_duration(item)
        if now is not None:
            yield from check_ahead(item, now)
        yield from _check_title(item, show_title=show_title)
    yield from _check_guids(items)
    yield from _check_enclosures(items)
    yield from _check_order(items)


def _check_present(item: Part) -> Iterator[Finding]:
    wanted = (
        (TITLE, item.text("title")),
        (GUID, item.text("guid")),
        (ENCLOSURE, "enclosure" in item.fields),
        (LINK, item.text("link")),
        (PUBLISHED, item.text("pubDate")),
        (DESCRIPTION, item.text("description")),
        (DURATION, item.text(f"{ITUNES}duration")),
        (IMAGE, item.attribute(f"{ITUNES}image", "href")),
        (EXPLICIT, item.text(f"{ITUNES}explicit")),
        (TRANSCRIPT, item.attribute(f"{PODCAST}transcript", "url")),
    )
    for rule, value in wanted:
        if not value:
            yield rule.at(item.where())


def _check_guid_form(item: Part) -> Iterator[Finding]:
    guid = item.text("guid")
    is_permalink = item.attribute("guid", "isPermaLink") != "false"  # RSS 2.0: true unless said
    if guid and is_permalink and not guid.startswith(("https://", "http://")):
        yield GUID_PERMALINK.at(item.where(item.first("guid")), guid=guid)


def _check_enclosure(item: Part) -> Iterator[Finding]:
    enclosure = item.first("enclosure")
    if enclosure is None:
        return
    where = item.where(enclosure)
    if not item.attribute("enclosure", "url"):
        yield ENCLOSURE_URL.at(where)
    length = enclosure.get("length") or ""
    if not _POSITIVE.fullmatch(length):
        yield ENCLOSURE_LENGTH.at(where, value=length)
    media_type = enclosure.get("type") or ""
    if not _MEDIA_TYPE.fullmatch(media_type):
        yield ENCLOSURE_TYPE.at(where, value=media_type)


def _check_numbers(item: Part, *, serial: bool) -> Iterator[Finding]:
    forms = (
        (SEASON, f"{ITUNES}season", _POSITIVE),
        (EPISODE, f"{ITUNES}episode", _POSITIVE),
        (EPISODE_TYPE, f"{ITUNES}episodeType", re.compile("full|trailer|bonus")),
    )
    for rule, tag, form in forms:
        value = item.text(tag)
        if value and not form.fullmatch(value):
            yield rule.at(item.where(item.first(tag)), value=value)
    if serial and _is_full(item) and not item.text(f"{ITUNES}episode"):
        yield SERIAL_EPISODE.at(item.where())


def _is_full(item: Part) -> bool:
    return item.text(f"{ITUNES}episodeType") in {"", "full"}


def _check_title(item: Part, *, show_title: str) -> Iterator[Finding]:
    title = item.text("title")[:_COMPARED_CHARACTERS]
    number = item.text(f"{ITUNES}episode")
    where = item.where(item.first("title"))
    in_title = (next(filter(None, match.groups())) for match in _NUMBER_IN_TITLE.finditer(title))
    if number and number in in_title:
        yield NUMBER_IN_TITLE.at(where, title=title)
    # A trailer may well be called like its show.
    if _is_full(item) and _repeats(title.casefold(), show_title):
        yield SHOW_IN_TITLE.at(where, title=title)


def _repeats(title: str, show_title: str) -> bool:
    # The name alone is not enough: an episode "Kopi Gayo" of a show "Kopi" repeats nothing.
    if not show_title:
        return False
    if title.startswith(show_title) and _AFTER_SHOW.match(title, len(show_title)):
        return True
    rest = title.removesuffix(show_title).rstrip()
    return rest != title and rest.endswith(_SEPARATORS)


def _check_guids(items: tuple[Part, ...]) -> Iterator[Finding]:
    seen: dict[str, Part] = {}
    seen_lower: dict[str, Part] = {}
    for item in items:
        guid = item.text("guid")
        if not guid:
            continue
        if guid in seen:
            other = seen[guid].where()
            yield GUID_UNIQUE.at(item.where(item.first("guid")), guid=guid, other=other)
        elif guid.lower() in seen_lower:
            other = seen_lower[guid.lower()].where()
            yield GUID_CASE.at(item.where(item.first("guid")), guid=guid, other=other)
        seen.setdefault(guid, item)
        seen_lower.setdefault(guid.lower(), item)


def _check_enclosures(items: tuple[Part, ...]) -> Iterator[Finding]:
    seen: dict[str, Part] = {}
    for item in items:
        url = item.attribute("enclosure", "url")
        if url and seen.setdefault(url, item) is not item:
            other = seen[url].where()
            yield ENCLOSURE_UNIQUE.at(item.where(item.first("enclosure")), url=url, other=other)


def _check_order(items: tuple[Part, ...]) -> Iterator[Finding]:
    dated = [(date, item) for item in items if (date := read_date(item.text("pubDate")))]
    for (before, _), (date, item) in pairwise(dated):
        if date > before:
            # One remark is enough for a feed that is sorted the other way round.
            yield ORDER.at(item.where(item.first("pubDate")))
            return
