"""Podcast clients' own parsers subscribe to the feed: what they show is what was written."""

import io
from datetime import UTC, datetime

import feedparser
import podcastparser
import pytest

from golden.cases import feed_of, releases_of, show_of

CASES = ("plain", "everything", "wita")


def newest_first(case):
    # The cases' dates are in ascending order, but for two of one moment: the higher number first.
    return sorted(
        releases_of(case),
        key=lambda release: (release.episode.published, release.episode.number or 0),
        reverse=True,
    )


def gpodder(case):
    url = show_of(case).show.feed_url
    return podcastparser.parse(url, io.BytesIO(feed_of(case)))


def gpodder_episodes(case):
    # gPodder sorts by itself: a serial show from its first episode on.
    return {episode["guid"]: episode for episode in gpodder(case)["episodes"]}


@pytest.mark.parametrize("case", CASES)
def test_gpodder_reads_every_episode_as_written(case):
    releases, parsed = releases_of(case), gpodder_episodes(case)

    assert len(parsed) == len(releases)
    for release in releases:
        episode = parsed[release.episode.guid]
        assert episode["published"] == int(release.episode.published.timestamp())
        assert episode["enclosures"] == [
            {
                "url": release.enclosure.url,
                "file_size": release.enclosure.size_bytes,
                "mime_type": "audio/mpeg",
            }
        ]
        assert abs(episode["total_time"] - release.audio.duration_s) < 1
        assert episode.get("number") == release.episode.number
        assert episode.get("season") == release.episode.season
        assert episode["type"] == release.episode.kind
        own = release.episode.explicit
        assert episode["explicit"] == (show_of(case).show.explicit if own is None else own)


@pytest.mark.parametrize("case", CASES)
def test_feedparser_reads_every_episode_as_written(case):
    parsed = feedparser.parse(feed_of(case))

    assert not parsed.bozo
    for release, entry in zip(newest_first(case), parsed.entries, strict=True):
        assert entry.id == release.episode.guid
        assert not entry.guidislink
        assert datetime(*entry.published_parsed[:6], tzinfo=UTC) == release.episode.published
        [enclosure] = entry.enclosures
        assert enclosure.href == release.enclosure.url
        assert enclosure.length == str(release.enclosure.size_bytes)
        assert enclosure.type == "audio/mpeg"
        assert abs(int(entry.itunes_duration) - release.audio.duration_s) < 1
        assert entry.get("itunes_episode") == (
            str(release.episode.number) if release.episode.number else None
        )
        assert entry.itunes_episodetype == release.episode.kind


def test_titles_come_back_letter_by_letter():
    titles = {
        "semua-3": "قهوة وشاي مع Budi",
        "semua-bonus": "Bonus [31m😀",  # its control characters are gone
        "semua-2": 'Kopi & teh: "<enak>" 🎉 𝄞',
        "semua-1": "Satu",
    }

    episodes = gpodder_episodes("everything").values()
    entries = feedparser.parse(feed_of("everything")).entries
    assert {episode["guid"]: episode["title"] for episode in episodes} == titles
    assert {entry.id: entry.title for entry in entries} == titles


def test_durations_come_back_in_whole_seconds():
    episodes = gpodder("plain")["episodes"]
    assert [episode["total_time"] for episode in episodes] == [2528, 90]
    entries = feedparser.parse(feed_of("plain")).entries
    assert [entry.itunes_duration for entry in entries] == ["2528", "90"]


def test_gpodder_reads_the_show():
    parsed = gpodder("everything")

    assert parsed["title"] == 'Kopi & Teh <semua> "rasa" 🎧'
    assert parsed["link"] == "https://example.id/podcast?a=1&b=2"
    assert parsed["language"] == "id-ID"
    assert parsed["type"] == "serial"
    assert parsed["explicit"] is True
    assert parsed["itunes_author"] == "Sitti & kawan-kawan"
    assert parsed["itunes_owner"] == {"name": "Sitti & kawan-kawan", "email": "halo@example.id"}
    assert parsed["itunes_categories"] == [["Society & Culture", "Places & Travel"]]
    assert parsed["cover_url"] == "https://media.example.id/semua/cover-cccccccccccc.jpg"
    assert parsed["generator"] == "ngopi"


def test_feedparser_reads_the_show():
    feed = feedparser.parse(feed_of("everything")).feed

    assert feed.title == 'Kopi & Teh <semua> "rasa" 🎧'
    assert feed.language == "id-ID"
    assert feed.rights == "© 2026 Sitti & kawan-kawan, CC BY 4.0"
    assert feed.podcast_guid == "9b024349-ccf0-5f69-a609-6b82873eab3c"
    assert feed.image.href == "https://media.example.id/semua/cover-cccccccccccc.jpg"
    assert [link.href for link in feed.links if link.rel == "self"] == [
        "https://media.example.id/semua/feed.xml"
    ]


def test_clients_show_the_notes_with_their_links():
    episode = gpodder_episodes("everything")["semua-2"]
    entry = feedparser.parse(feed_of("everything")).entries[2]

    assert episode["description"] == 'Kopi & teh < susu > gula, "kata" Budi 👩🏽‍🎤'
    for html in (episode["description_html"], entry.content[0].value):
        assert 'href="https://example.id/ani?x=1&amp;y=2"' in html
        assert "<strong>mantap</strong>" in html
        assert "]]&gt;" in html
        assert "هذا اقتباس بالعربية" in html


def test_empty_show_can_be_subscribed_to():
    parsed = gpodder("empty")

    assert parsed["title"] == "Belum ada"
    assert parsed["episodes"] == []
    assert not feedparser.parse(feed_of("empty")).bozo
