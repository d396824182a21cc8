"""Rules for the channel: RSS 2.0, Apple Podcasts and PSP-1."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ngopi.categories import CATEGORIES
from ngopi.feed.rules import ATOM, ITUNES, PODCAST, Part, Rule
from ngopi.feed.rules.languages import is_language
from ngopi.feed.rules.values import check_values
from ngopi.i18n import N_, _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.etree import _Element

    from ngopi.model import Finding

TITLE = Rule(
    "rss-title",
    "E",
    N_("The show has no title."),
    N_("write the show's name into the channel's <title>."),
)
LINK = Rule(
    "rss-link",
    "E",
    N_("The show has no web address."),
    N_("write the address of the show's page into the channel's <link>."),
)
DESCRIPTION = Rule(
    "rss-description",
    "E",
    N_("The show has no description."),
    N_("say in the channel's <description> what the show is about."),
)
LANGUAGE = Rule(
    "rss-language",
    "E",
    N_("The show does not say its language."),
    N_("write its code into <language>: id for Indonesian, en for English."),
)
LANGUAGE_TAG = Rule(
    "rss-language-tag",
    "E",
    N_('"{value}" is not a language code.'),
    N_("write a code such as id, jv or en-us."),
)
LANGUAGE_UNKNOWN = Rule(
    "rss-language-unknown",
    "W",
    N_('No language has the code "{value}".'),
    N_("write its code in ISO 639: id for Indonesian, jv for Javanese, en for English."),
)
COPYRIGHT = Rule(
    "rss-copyright",
    "W",
    N_('<copyright> says "{value}" and not whose it is.'),
    N_("write the year and the name of who holds the rights, without the word Copyright."),
)
IMAGE = Rule(
    "apple-image",
    "E",
    N_("The show has no cover."),
    N_('add <itunes:image href="https://…"/>: a square JPEG or PNG, 3000 by 3000 pixels.'),
)
CATEGORY = Rule(
    "apple-category",
    "E",
    N_("The show has no category."),
    N_('add one of Apple\'s categories: <itunes:category text="Government"/>.'),
)
CATEGORY_NAME = Rule(
    "apple-category-name",
    "E",
    N_('Apple has no category "{value}".'),
    N_("write it letter by letter as Apple does; the nearest is: {nearest}."),
)
SUBCATEGORY_NAME = Rule(
    "apple-subcategory-name",
    "E",
    N_('Apple has no "{value}" in the category "{category}".'),
    N_("leave it out or write one of: {known}."),
)
EXPLICIT = Rule(
    "apple-explicit",
    "E",
    N_("The show does not say whether it is for adults only."),
    N_("add <itunes:explicit>false</itunes:explicit>, or true."),
)
TYPE = Rule(
    "apple-type",
    "E",
    N_('<itunes:type> says "{value}".'),
    N_("write episodic (newest first) or serial (in order)."),
)
ATOM_SELF = Rule(
    "atom-self",
    "E",
    N_("The feed does not say where it lives."),
    N_('add <atom:link rel="self" type="application/rss+xml" href="…"/> with its own address.'),
)
ATOM_SELF_ONE = Rule(
    "atom-self-one",
    "E",
    N_('The feed has {count} links with rel="self".'),
    N_("leave only the one with the feed's own address."),
)
ATOM_SELF_URL = Rule(
    "atom-self-url",
    "E",
    N_('The feed says that it lives at "{found}", but it lives at {expected}.'),
    N_('write {expected} into <atom:link rel="self">.'),
)
ATOM_SELF_ELSEWHERE = Rule(
    "atom-self-elsewhere",
    "W",
    N_('The feed says that it lives at "{found}", and it was found at {expected}.'),
    N_('apps may go there instead: write the feed\'s own address into <atom:link rel="self">.'),
)
ATOM_SELF_HOST = Rule(
    "atom-self-host",
    "W",
    N_('The feed says that it lives at "{found}", while all else in it lies at {host}.'),
    N_('apps may go there instead: write the feed\'s own address into <atom:link rel="self">.'),
)
AUTHOR = Rule(
    "apple-author",
    "W",
    N_("The show does not say who makes it."),
    N_("add <itunes:author> with the name of the people or the house."),
)
OWNER = Rule(
    "apple-owner",
    "I",
    N_("The feed shows the owner's e-mail address to everybody."),
    N_(
        "leave it out, as Apple advises; YouTube refuses a feed without it and Spotify verifies by "
        "it, so put email under [show] for the days of registering and take it out again."
    ),
)
LOCKED = Rule(
    "podcast-locked",
    "W",
    N_("The feed does not say whether another host may import it."),
    N_("add <podcast:locked>yes</podcast:locked>."),
)
LOCKED_VALUE = Rule(
    "podcast-locked-value",
    "E",
    N_('<podcast:locked> says "{value}".'),
    N_("write yes or no."),
)
GUID = Rule(
    "podcast-guid",
    "W",
    N_("The show has no podcast:guid, so it cannot move and stay the same show."),
    N_("add <podcast:guid> with the UUIDv5 of the feed's first address; it never changes."),
)
GUID_FORM = Rule(
    "podcast-guid-form",
    "E",
    N_('<podcast:guid> holds "{value}", which is not a UUID.'),
    N_("write the UUIDv5 of the feed's first address: 8-4-4-4-12 hexadecimal digits."),
)

_ONCE = frozenset(
    {
        *("title", "link", "description", "language", "pubDate", "lastBuildDate"),
        *(ITUNES + name for name in ("image", "explicit", "type", "author", "block", "complete")),
        *(PODCAST + name for name in ("guid", "locked")),
    }
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_COMPARED_CHARACTERS = 60
_NOBODYS = re.compile(r"(?:copyright|\(c\)|[\u00a9\u2117\s0-9,.\u2013-])*", re.IGNORECASE)
_PORTS = {"https": 443, "http": 80}


def check_channel(
    channel: Part, items: tuple[Part, ...], *, feed_url: str | None, found_at: tuple[str, ...]
) -> Iterator[Finding]:
    """Check everything but the items, which only tell where the rest of the show lies.

    *feed_url*: the address that our own feed must give; *found_at*: where another's was found.
    """
    yield from check_values(channel, once=_ONCE)
    yield from _check_present(channel)
    yield from _check_language(channel)
    yield from _check_categories(channel)
    yield from _check_kind(channel)
    yield from _check_self(channel, feed_url)
    if not channel.ours:
        yield from _check_self_of_others(channel, items, found_at)
    yield from _check_owner(channel)
    yield from _check_podcasting(channel)


def _check_present(channel: Part) -> Iterator[Finding]:
    wanted = (
        (TITLE, channel.text("title")),
        (LINK, channel.text("link")),
        (DESCRIPTION, channel.text("description")),
        (LANGUAGE, channel.text("language")),
        (IMAGE, channel.attribute(f"{ITUNES}image", "href")),
        (EXPLICIT, channel.text(f"{ITUNES}explicit")),
        (AUTHOR, channel.text(f"{ITUNES}author")),
        (LOCKED, channel.text(f"{PODCAST}locked")),
        (GUID, channel.text(f"{PODCAST}guid")),
    )
    for rule, value in wanted:
        if not value:
            yield rule.at(channel.where())


def _check_language(channel: Part) -> Iterator[Finding]:
    value = channel.text("language")
    where = channel.where(channel.first("language"))
    if value and not _LANGUAGE.fullmatch(value):
        yield LANGUAGE_TAG.at(where, value=value)
    elif value and not is_language(value):
        yield LANGUAGE_UNKNOWN.at(where, value=value)
    rights = channel.text("copyright")
    if rights and _NOBODYS.fullmatch(rights):
        yield COPYRIGHT.at(channel.where(channel.first("copyright")), value=rights)


def _check_categories(channel: Part) -> Iterator[Finding]:
    categories = channel.fields.get(f"{ITUNES}category", ())
    if not categories:
        yield CATEGORY.at(channel.where())
    for element in categories:
        category = element.get("text") or ""
        if category not in CATEGORIES:
            nearest = _nearest(category, CATEGORIES)
            yield CATEGORY_NAME.at(channel.where(element), value=category, nearest=nearest)
            continue
        for child in element.iterchildren(f"{ITUNES}category"):
            value = child.get("text") or ""
            known = CATEGORIES[category]
            if value not in known:
                yield SUBCATEGORY_NAME.at(
                    channel.where(child),
                    value=value,
                    category=category,
                    known=", ".join(known) or _("none"),
                )


def _nearest(category: str, known: Iterable[str]) -> str:
    by_lower = {name.lower(): name for name in known}
    wanted = category[:_COMPARED_CHARACTERS].lower().replace(" and ", " & ")
    found = get_close_matches(wanted, by_lower, n=1, cutoff=0.0)
    return by_lower[found[0]]


def _check_kind(channel: Part) -> Iterator[Finding]:
    kind = channel.text(f"{ITUNES}type")
    if kind not in {"", "episodic", "serial"}:
        yield TYPE.at(channel.where(channel.first(f"{ITUNES}type")), value=kind)


def _check_self(channel: Part, feed_url: str | None) -> Iterator[Finding]:
    links = _self_links(channel)
    if not links or not (found := _address(links[0])):
        rule = ATOM_SELF if channel.ours else ATOM_SELF.softer("W")
        yield rule.at(channel.where())
        return
    if len(links) > 1:
        rule = ATOM_SELF_ONE if channel.ours else ATOM_SELF_ONE.softer("W")
        yield rule.at(channel.where(links[1]), count=len(links))
    if feed_url is not None and found != feed_url:
        yield ATOM_SELF_URL.at(channel.where(links[0]), found=found, expected=feed_url)


def _check_self_of_others(
    channel: Part, items: tuple[Part, ...], found_at: tuple[str, ...]
) -> Iterator[Finding]:
    links = _self_links(channel)
    if not links or not (found := _address(links[0])):
        return
    where = channel.where(links[0])
    if found_at:
        if _compared(found) not in map(_compared, found_at):
            yield ATOM_SELF_ELSEWHERE.at(where, found=found, expected=found_at[-1])
        return
    # Of a file nobody knows where it is served; a show whose parts all lie at one host tells.
    rest = [channel.text("link"), channel.attribute(f"{ITUNES}image", "href")]
    rest += [url for item in items if (url := item.attribute("enclosure", "url"))]
    hosts = {_host(url) for url in rest}
    if items and len(hosts) == 1 and _host(found) not in hosts:
        yield ATOM_SELF_HOST.at(where, found=found, host=hosts.pop())


def _self_links(channel: Part) -> list[_Element]:
    return [e for e in channel.fields.get(f"{ATOM}link", ()) if e.get("rel") == "self"]


def _address(link: _Element) -> str:
    return (link.get("href") or "").strip()


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _compared(url: str) -> tuple[object, ...]:
    """Return what must be the same in two addresses of one feed."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return (url,)
    return parts.scheme, parts.hostname, port, parts.path or "/", parts.query


def _check_owner(channel: Part) -> Iterator[Finding]:
    owner = channel.first(f"{ITUNES}owner")
    if owner is not None and (owner.findtext(f"{ITUNES}email") or "").strip():
        yield OWNER.at(channel.where(owner))


def _check_podcasting(channel: Part) -> Iterator[Finding]:
    locked = channel.text(f"{PODCAST}locked")
    if locked not in {"", "yes", "no"}:
        yield LOCKED_VALUE.at(channel.where(channel.first(f"{PODCAST}locked")), value=locked)
    guid = channel.text(f"{PODCAST}guid")
    if guid and not _UUID.fullmatch(guid):
        yield GUID_FORM.at(channel.where(channel.first(f"{PODCAST}guid")), value=guid)
