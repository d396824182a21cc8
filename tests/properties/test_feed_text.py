"""Whatever people write, the feed is XML that says it back."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.cases import releases_of, show_of
from ngopi.feed.build import build_feed
from ngopi.notes import clip_bytes, notes_html, notes_text

SHOW = show_of("everything")
RELEASE = releases_of("everything")[1]
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
ITUNES = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
PODCAST = "{https://podcastindex.org/namespace/1.0}"

# A busy machine is no reason to fail.
unhurried = settings(deadline=None)

anything = st.text(alphabet=st.characters(exclude_categories=[]), max_size=60)
# All that XML 1.0 can hold, but for line ends, C1 controls and what nobody sees.
legal = st.text(
    alphabet=st.characters(
        exclude_categories=["Cc", "Cf", "Cs"],
        exclude_characters="\ufffe\uffff\u1160\u115f\u3164\uffa0\u17b4\u17b5",
    ),
    min_size=1,
    max_size=60,
).filter(str.strip)
# fmt: off
pieces = [
    "a", "b", "[x](https://e.id/y)", "[x](javascript:z)", "[d](data:text/html,q)", "[r](/r)",
    "![i](https://e.id/i)", "<https://e.id/]]>>", "<script>", "</p>", "<img/onerror=x>", "]]>",
    "&", "&lt;", "&#x6a;", "*", "**", "_", "`", "```", "#", "-", "1.", ">", "[x]:", "|", "\\",
    "\n", "\n\n", "\t", "é", "☕", "𝄞", "م", "\x00", "\x1b",
]
allowed = {
    "p", "a", "ul", "ol", "li", "strong", "em", "br", "h2", "h3", "h4",
    "blockquote", "code", "pre",
}
# fmt: on
markup = st.lists(st.sampled_from(pieces), max_size=20).map(" ".join)


def channel_of(show, release):
    feed = build_feed(show, cover=SHOW.cover, releases=[release])
    return ET.fromstring(feed).find("channel")  # expat, not the library that wrote it


@unhurried
@given(text=anything, notes=st.one_of(anything, markup))
def test_any_text_at_all_gives_well_formed_xml(text, notes):
    people = (replace(RELEASE.episode.people[0], name=text),)
    show = replace(
        SHOW.show,
        title=f"t{text}",
        description=f"d{text}",
        author=f"a{text}",
        copyright=text,
    )
    episode = replace(RELEASE.episode, title=f"t{text}", summary=text, notes=notes, people=people)

    channel = channel_of(show, replace(RELEASE, episode=episode))

    assert channel.findtext("item/title").startswith("t")
    assert channel.findtext("item/description")


@unhurried
@given(text=legal)
def test_what_people_write_is_read_back(text):
    person = replace(RELEASE.episode.people[0], name=text)
    show = replace(SHOW.show, title=text, description=text, author=text, copyright=text)
    episode = replace(RELEASE.episode, title=text, summary=text, people=(person,))

    channel = channel_of(show, replace(RELEASE, episode=episode))

    one_line = [
        channel.findtext("title"),
        channel.findtext("copyright"),
        channel.findtext(f"{ITUNES}author"),
        channel.findtext(f"{ITUNES}owner/{ITUNES}name"),
        channel.findtext("item/title"),
        channel.findtext(f"item/{PODCAST}person"),
    ]
    assert one_line == [" ".join(text.split())] * 6
    # Line separators become line feeds there; all else stays, its spaces included.
    several_lines = re.sub("[\u2028\u2029]", "\n", text).strip()
    assert channel.findtext("description") == several_lines
    assert channel.findtext("item/description") == several_lines


@unhurried
@given(piece=st.text(alphabet="kopi ☕𝄞م\n", min_size=1, max_size=20).filter(str.strip))
def test_descriptions_never_pass_4000_bytes(piece):
    text = piece * 4001
    show = replace(SHOW.show, description=text)
    episode = replace(RELEASE.episode, summary=text)

    channel = channel_of(show, replace(RELEASE, episode=episode))

    assert len(channel.findtext("description").encode()) <= 4000
    assert len(channel.findtext("item/description").encode()) <= 4000


class Seen(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.urls = set(), set(), []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update((tag, name) for name, _ in attrs)
        self.urls += [value for name, value in attrs if name == "href"]


@unhurried
@given(notes=st.one_of(markup, anything))
def test_notes_hold_nothing_but_the_tags_that_apps_may_show(notes):
    seen = Seen(notes_html(notes))

    assert seen.tags <= allowed
    assert seen.attributes <= {("a", "href"), ("a", "rel")}
    assert all(url.startswith(("https:", "http:", "mailto:")) for url in seen.urls)


@unhurried
@given(notes=markup)
def test_html_of_the_notes_survives_the_feed(notes):
    episode = replace(RELEASE.episode, notes=notes)

    channel = channel_of(SHOW.show, replace(RELEASE, episode=episode))

    assert channel.findtext(f"item/{CONTENT}", "") == notes_html(notes)


@unhurried
@given(words=st.lists(st.text(alphabet="abc☕𝄞", min_size=1, max_size=8), min_size=1))
def test_plain_words_pass_through_notes_unchanged(words):
    assert notes_text(" ".join(words)) == " ".join(words)


@unhurried
@given(
    words=st.lists(st.text(alphabet="ab☕𝄞", min_size=1, max_size=6), min_size=1),
    limit=st.integers(min_value=27, max_value=60),
)
def test_clipped_text_is_whole_words_from_the_start(words, limit):
    """No word of these is longer than 24 bytes, so one word and the ellipsis always fit."""
    text = " ".join(words)

    clipped = clip_bytes(text, limit)

    assert len(clipped.encode()) <= limit
    kept = clipped.removesuffix("…").split(" ")
    assert kept == words[: len(kept)]
    assert (clipped == text) == (len(text.encode()) <= limit)


@pytest.mark.parametrize("limit", range(3, 30))
def test_clipping_leaves_nobody_half_a_character(limit):
    word = "☕𝄞é" * 10

    clipped = clip_bytes(word, limit)

    assert clipped.endswith("…")
    assert word.startswith(clipped.removesuffix("…"))
