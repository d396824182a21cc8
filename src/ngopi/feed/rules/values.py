"""Rules for values that channel and items share: texts, URLs, dates, pictures."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ngopi.feed.rules import CONTENT, ITUNES, PODCAST, Part, Rule, name_of
from ngopi.feed.rules.times import check_dates
from ngopi.feed.urls import url_fault
from ngopi.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element

    from ngopi.model import Finding

REPEATED = Rule(
    "element-repeated",
    "E",
    N_("<{name}> stands here more than once; readers differ in which one they take."),
    N_("leave one <{name}>."),
)
TEXT_LENGTH = Rule(
    "text-length",
    "W",
    N_("<{name}> has {count} characters; apps cut it at 255."),
    N_("shorten it to 255 characters or fewer."),
)
TEXT_SPACES = Rule(
    "text-spaces",
    "W",
    N_("<{name}> begins or ends with spaces."),
    N_("write the value directly between the tags."),
)
DESCRIPTION_BYTES = Rule(
    "rss-description-bytes",
    "E",
    N_("<description> has {size_bytes} bytes; Apple takes no more than 4000."),
    N_("shorten it; letters beyond ASCII take two bytes or more. Long notes go on the site."),
)
EXPLICIT_VALUE = Rule(
    "apple-explicit-value",
    "E",
    N_('<itunes:explicit> says "{value}".'),
    N_("write true or false; yes, no and clean are no longer understood."),
)
YES_ONLY = Rule(
    "apple-yes-only",
    "W",
    N_('<{name}> says "{value}"; only Yes has an effect.'),
    N_("write Yes, or leave <{name}> out."),
)
PICTURE_TYPE = Rule(
    "apple-image-type",
    "E",
    N_('The picture "{url}" does not end in .jpg, .jpeg or .png.'),
    N_("save the picture as JPEG or PNG and name it so."),
)
ESCAPED_TWICE = Rule(
    "text-escaped-twice",
    "W",
    N_('<{name}> shows listeners "{found}": it was escaped twice.'),
    N_("escape it once: & is written &amp; in the feed, never &amp;amp;."),
)
URL_ABSOLUTE = Rule(
    "url-absolute",
    "E",
    N_('<{name}> holds "{url}", which is not a whole address.'),
    N_("write the address from https:// on."),
)
URL_ASCII = Rule(
    "url-ascii",
    "E",
    N_('<{name}> holds "{url}", with spaces or letters that no address may have.'),
    N_("write them percent-encoded: a space is %20."),
)
URL_HTTPS = Rule(
    "url-https",
    "E",
    N_('<{name}> holds "{url}", which is not https.'),
    N_("serve it over https; http is for this machine only (localhost)."),
)

_URL_RULES = {"absolute": URL_ABSOLUTE, "ascii": URL_ASCII, "https": URL_HTTPS}
_URL_ATTRIBUTES = ("url", "href", "img")
_URL_TEXTS = frozenset({"link", f"{ITUNES}new-feed-url"})
_PICTURE_TYPES = frozenset({".jpg", ".jpeg", ".png"})
_UNTRIMMED = f"{CONTENT}encoded"
_LONG_TEXTS = frozenset({"description", _UNTRIMMED, f"{ITUNES}summary"})
# Readers take these as they are; a description is HTML to most.
_PLAIN_TEXTS = frozenset({"title", "copyright", f"{ITUNES}title", f"{ITUNES}author"})
_ESCAPED = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});")
_TEXT_LIMIT_CHARACTERS = 255
_DESCRIPTION_LIMIT_BYTES = 4000


def check_values(part: Part, *, once: frozenset[str]) -> Iterator[Finding]:
    """Check what holds in the channel as in an item; *once* are tags that may stand once."""
    for tag, elements in part.fields.items():
        if len(elements) > 1 and tag in once:
            yield REPEATED.at(part.where(elements[1]), name=name_of(elements[1]))
        for element in elements:
            yield from _check_text(part, element)
            yield from _check_urls(part, element)
    yield from _check_description(part)
    yield from check_dates(part)
    yield from _check_apple(part)


def _check_text(part: Part, element: _Element) -> Iterator[Finding]:
    text = element.text
    if text is None or len(element) or element.tag == _UNTRIMMED:
        return
    value = text.strip()
    if value and value != text:
        yield TEXT_SPACES.at(part.where(element), name=name_of(element))
    if element.tag in _PLAIN_TEXTS and (found := _ESCAPED.search(value)):
        yield ESCAPED_TWICE.at(part.where(element), name=name_of(element), found=found[0])
    if len(value) <= _TEXT_LIMIT_CHARACTERS or element.tag in _LONG_TEXTS:
        return
    if not str(element.tag).startswith(PODCAST):  # that namespace sets limits of its own
        yield TEXT_LENGTH.at(part.where(element), name=name_of(element), count=len(value))


def _check_urls(part: Part, element: _Element) -> Iterator[Finding]:
    urls = [element.get(name) for name in _URL_ATTRIBUTES]
    if element.tag in _URL_TEXTS:
        urls.append(element.text)
    if element.tag == "image":  # RSS's own picture has its URL in a child
        urls.append(element.findtext("url"))
    for url in urls:
        if url is None or not url.strip():
            continue  # whether it may be missing is another rule's question
        fault = _known_url_fault(url.strip())
        if fault is not None:
            yield _URL_RULES[fault].at(part.where(element), name=name_of(element), url=url.strip())


# Every item names the same cover and people again.
_known_url_fault = lru_cache(maxsize=1024)(url_fault)


def _check_description(part: Part) -> Iterator[Finding]:
    description = part.first("description")
    if description is None:
        return
    size_bytes = len((description.text or "").encode())
    if size_bytes > _DESCRIPTION_LIMIT_BYTES:
        yield DESCRIPTION_BYTES.at(part.where(description), size_bytes=size_bytes)


def _check_apple(part: Part) -> Iterator[Finding]:
    explicit = part.text(f"{ITUNES}explicit")
    if explicit not in {"", "true", "false"}:
        yield EXPLICIT_VALUE.at(part.where(part.first(f"{ITUNES}explicit")), value=explicit)
    for name in ("block", "complete"):
        element = part.first(ITUNES + name)
        value = part.text(ITUNES + name)
        if element is not None and value != "Yes":
            yield YES_ONLY.at(part.where(element), name=name_of(element), value=value)
    picture = part.attribute(f"{ITUNES}image", "href")
    if picture and not _is_picture(picture):
        yield PICTURE_TYPE.at(part.where(part.first(f"{ITUNES}image")), url=picture)


@lru_cache(maxsize=256)
def _is_picture(url: str) -> bool:
    try:
        path = urlsplit(url).path
    except ValueError:
        return False
    return PurePosixPath(path).suffix.lower() in _PICTURE_TYPES
