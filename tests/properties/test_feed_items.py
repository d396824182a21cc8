"""Items that an earlier feed had are taken as they are: the feed has the same bytes as anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from golden.cases import releases_of, show_of
from ngopi.feed.build import build_feed, items_of

SHOW = show_of("everything")
RELEASES = releases_of("everything")
PIECES = ["a", "\n", "    <item>\n", "    </item>\n", "  </channel>\n", "]]>", "<![CDATA[", "    "]
MARKDOWN = ["`", "* ", "> ", "\n\n", "[x](https://e.id)", "é", "\r"]
texts = st.lists(st.sampled_from(PIECES + MARKDOWN)).map("".join)


@st.composite
def shows_and_parts(draw):
    """Return releases of any text and order, and which of them are known."""
    releases = []
    for number in range(draw(st.integers(0, 5))):
        release = draw(st.sampled_from(RELEASES))
        episode = replace(
            release.episode,
            guid=f"guid-{number}",
            title=f"{draw(texts)}.",
            notes=draw(texts),
            summary=draw(texts),
            published=release.episode.published + timedelta(hours=draw(st.integers(-2, 2))),
        )
        releases.append(replace(release, episode=episode))
    return releases, [release for release in releases if draw(st.booleans())]


@given(shows_and_parts())
def test_known_items_change_no_byte(drawn):
    releases, earlier = drawn
    anew = build_feed(SHOW.show, cover=SHOW.cover, releases=releases)
    before = build_feed(SHOW.show, cover=SHOW.cover, releases=earlier)

    known = items_of(before, earlier)
    assert build_feed(SHOW.show, cover=SHOW.cover, releases=releases, known=known) == anew
    assert known.items() <= items_of(anew, releases).items()
