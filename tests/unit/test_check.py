"""Each rule fires alone when one good feed is changed in one way, and never otherwise."""

import ast
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import ngopi.feed.rules
from ngopi.feed.check import check_feed

FEEDS = Path(__file__).parents[1] / "feeds_bad"
GOOD = (FEEDS / "good.xml").read_text(encoding="utf-8")
FEED_URL = "https://kopi.example/feed.xml"
ITUNES_URI = "http://www.itunes.com/dtds/podcast-1.0.dtd"
FORMER_PODCAST = "https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md"
ATOM_SELF = (
    '<atom:link rel="self" type="application/rss+xml" href="https://kopi.example/feed.xml"/>'
)
GUID = '<guid isPermaLink="false">tag:kopi.example,2022:b</guid>'
ENCLOSURE = (
    '<enclosure url="https://kopi.example/audio/panen-raya.mp3" '
    'length="40123456" type="audio/mpeg"/>'
)
PODCAST_GUID = "<podcast:guid>9b024349-ccf0-5f69-a609-6b82873eab3c</podcast:guid>"
TRANSCRIPT = '<podcast:transcript url="https://kopi.example/panen-raya.vtt" type="text/vtt"/>'
PUB_DATE = "<pubDate>Fri, 28 Jan 2022 16:00:00 +0700</pubDate>"
ITEM_EXPLICIT = "<itunes:explicit>false</itunes:explicit>\n      <itunes:season>"
CATEGORY = GOOD[GOOD.index("    <itunes:category") : GOOD.index("    <itunes:explicit")]
LAST_ITEM = GOOD[GOOD.rindex("    <item>") : GOOD.rindex("  </channel>")]
FIRST_ITEM = GOOD[GOOD.index("    <item>") : GOOD.rindex("    <item>")]
ANOTHER_ITEM = (
    FIRST_ITEM.replace("2022:b<", "2021:x<")
    .replace("Panen raya", "Seduh pertama")
    .replace("28 Jan 2022", "24 Dec 2021")
    .replace("panen-raya", "seduh-pertama")
)

# rule, severity, what to find in the good feed, what to write there instead
BAD_FEEDS = [
    ("xml-wellformed", "E", "</podcast:locked>", "</podcast:lock>"),
    ("xml-wellformed", "E", "kopi &amp; petaninya", "kopi & petaninya"),
    ("xml-wellformed", "E", "kopi &amp; petaninya", "kopi&nbsp;petaninya"),
    ("xml-wellformed", "E", "Panen raya<", "Panen\x01raya<"),
    ("xml-wellformed", "E", '    xmlns:psc="http://podlove.org/simple-chapters">', "><psc:x/>"),
    ("xml-wellformed", "E", GOOD, ""),
    ("xml-encoding", "E", 'encoding="UTF-8"', 'encoding="ISO-8859-1"'),
    ("xml-doctype", "E", "<rss version", "<!DOCTYPE rss>\n<rss version"),
    ("xml-elements", "E", "<item>", "<a/>" * 1_000_000 + "<item>"),
    ("rss-version", "E", 'version="2.0"\n', 'version="0.92"\n'),
    ("rss-channel", "E", "</channel>", "</channel><channel/>"),
    ("namespace-uri", "E", ITUNES_URI, "http://www.itunes.com/DTDs/Podcast-1.0.dtd"),
    ("namespace-uri", "E", ITUNES_URI, "https://www.itunes.com/dtds/podcast-1.0.dtd"),
    ("namespace-uri", "E", "podcastindex.org/namespace/1.0", "podcastindex.org/namespace/1.0/"),
    ("namespace-uri", "E", "http://podlove.org/simple-chapters", "http://podlove.org/chapters"),
    ("rss-title", "E", "    <title>Kopi Pagi</title>\n    <link>", "    <link>"),
    ("rss-link", "E", "<link>https://kopi.example/</link>", ""),
    ("rss-description", "E", "Obrolan pagi tentang kopi &amp; petaninya.", " "),
    ("rss-description-bytes", "E", "Obrolan pagi", "é" * 1990),
    ("rss-description-bytes", "E", "Memetik buah merah di Gayo.</d", "x" * 4001 + "</d"),
    ("rss-language", "E", "<language>id</language>", ""),
    ("rss-language-tag", "E", "<language>id<", "<language>Indonesian<"),
    ("rss-language-tag", "E", "<language>id<", "<language>id_ID<"),
    ("apple-image", "E", '<itunes:image href="https://kopi.example/sampul.jpg"/>\n    <it', "<it"),
    ("apple-image-type", "E", "sampul.jpg", "sampul.webp"),
    ("apple-image-type", "E", "panen.PNG?v=2", "panen?v=2.png"),
    ("apple-category", "E", CATEGORY, ""),
    ("apple-category-name", "E", "Society &amp; Culture", "Society and Culture"),
    ("apple-category-name", "E", "Society &amp; Culture", "society &amp; culture"),
    ("apple-subcategory-name", "E", "Documentary", "Parenting"),
    ("apple-explicit", "E", "<itunes:explicit>false</itunes:explicit>", ""),
    ("apple-explicit-value", "E", "<itunes:explicit>false<", "<itunes:explicit>no<"),
    ("apple-explicit-value", "E", ITEM_EXPLICIT, ITEM_EXPLICIT.replace("false", "clean")),
    ("apple-type", "E", "<itunes:type>serial<", "<itunes:type>Serial<"),
    ("apple-serial-episode", "E", "<itunes:episode>2</itunes:episode>", ""),
    ("apple-yes-only", "W", "<podcast:locked>", "<itunes:block>no</itunes:block><podcast:locked>"),
    ("apple-yes-only", "W", "raya</title>", "raya</title><itunes:block>true</itunes:block>"),
    ("apple-yes-only", "W", "<podcast:locked>", "<itunes:complete/><podcast:locked>"),
    ("atom-self", "E", ATOM_SELF, ""),
    ("atom-self", "E", 'rel="self"', 'rel="alternate"'),
    ("atom-self-one", "E", ATOM_SELF, ATOM_SELF * 2),
    ("atom-self-url", "E", "kopi.example/feed.xml", "kopi.example/feed"),
    ("apple-author", "W", "<itunes:author>Warung Kopi</itunes:author>", ""),
    (
        "apple-owner",
        "I",
        "<podcast:locked>",
        "<itunes:owner><itunes:email>a@kopi.example</itunes:email></itunes:owner><podcast:locked>",
    ),
    ("podcast-locked", "W", "<podcast:locked>yes</podcast:locked>", ""),
    ("podcast-locked-value", "E", "<podcast:locked>yes<", "<podcast:locked>true<"),
    ("podcast-guid", "W", PODCAST_GUID, ""),
    ("podcast-guid-form", "E", "9b024349-ccf0-5f69-a609-6b82873eab3c", "kopi-pagi"),
    ("element-repeated", "E", GUID, GUID * 2),
    ("element-repeated", "E", "<language>id</language>", "<language>id</language>" * 2),
    ("text-length", "W", "Panen raya<", "Panen " + "raya" * 62 + "!!<"),
    ("text-spaces", "W", "Panen raya<", "Panen raya <"),
    ("text-spaces", "W", "<description>Obrolan", "<description>\nObrolan"),
    ("url-absolute", "E", "https://kopi.example/panen-raya/", "/panen-raya/"),
    ("url-absolute", "E", "https://kopi.example/panen-raya/", "https:///panen-raya/"),
    ("url-absolute", "E", "https://kopi.example/panen-raya/", "https://[kopi.example/"),
    ("url-absolute", "E", "https://kopi.example/panen-raya/", "https://kopi.example:https/"),
    ("url-ascii", "E", "https://kopi.example/panen-raya/", "https://kopi.example/panén/"),
    ("url-ascii", "E", "kopi.example/audio/panen-raya.mp3", "kopi.example/audio/panen raya.mp3"),
    ("url-https", "E", "https://kopi.example/panen-raya/", "http://kopi.example/panen-raya/"),
    ("url-https", "E", "https://kopi.example/audio/panen-r", "http://localhost.example/audio/x"),
    ("url-https", "E", "https://kopi.example/panen-raya.vtt", "ftp://kopi.example/x.vtt"),
    ("rss-date", "E", PUB_DATE, PUB_DATE.replace("+0700", "GMT")),
    ("rss-date", "E", PUB_DATE, PUB_DATE.replace("+0700", "+07:00")),
    ("rss-date", "E", PUB_DATE, PUB_DATE.replace("Fri,", "Jum,")),
    ("rss-date", "E", PUB_DATE, PUB_DATE.replace("Fri,", "Thu,")),
    ("rss-date", "E", PUB_DATE, PUB_DATE.replace("28 Jan", "31 Feb").replace("Fri, ", "")),
    ("rss-date", "E", PUB_DATE, PUB_DATE.replace("16:00:00", "04:00:00 PM")),
    ("rss-date", "E", PUB_DATE, "<pubDate>2022-01-28T16:00:00+07:00</pubDate>"),
    ("rss-date", "E", "<lastBuildDate>Fri", "<lastBuildDate>Friday"),
    ("apple-duration-none", "W", ">2530<", ">0<"),
    ("rss-language-unknown", "W", "<language>id<", "<language>in<"),
    ("rss-language-unknown", "W", "<language>id<", "<language>xx-ID<"),
    ("rss-copyright", "W", "<language>", "<copyright>Copyright</copyright><language>"),
    ("rss-copyright", "W", "<language>", "<copyright>\u00a9 2022</copyright><language>"),
    ("namespace-former", "W", "https://podcastindex.org/namespace/1.0", FORMER_PODCAST),
    ("item-outside", "E", "</channel>", "</channel><item><title>x</title></item>"),
    ("item-outside", "E", "<itunes:author>", "<a><item/></a><itunes:author>"),
    ("text-lost-letter", "E", "Panen raya<", "Panen \ufffd<"),
    ("text-lost-letter", "E", "Panen raya<", "Panen &#xFFFD;<"),
    ("text-lost-letter", "E", 'text="Documentary"', 'text="Documentary" x="\ufffd"'),
    ("text-escaped-twice", "W", "Panen raya<", "&amp;quot;Panen&amp;quot; raya<"),
    ("text-escaped-twice", "W", "Panen raya<", "<![CDATA[Panen &#8211; raya]]><"),
    ("text-escaped-twice", "W", ">Warung Kopi<", ">Warung &amp;amp; Kopi<"),
    ("item-title", "E", "<title>Panen raya</title>", ""),
    ("item-guid", "E", GUID, ""),
    ("item-guid", "E", GUID, '<guid isPermaLink="false"> </guid>'),
    ("item-guid-unique", "E", GUID, "<guid>https://kopi.example/perkenalan/</guid>"),
    ("item-guid-case", "W", GUID, "<guid>https://kopi.example/Perkenalan/</guid>"),
    ("item-guid-permalink", "W", GUID, "<guid>tag:kopi.example,2022:b</guid>"),
    ("enclosure", "E", ENCLOSURE, ""),
    ("enclosure-url", "E", 'url="https://kopi.example/audio/panen-raya.mp3" ', ""),
    ("enclosure-length", "E", 'length="40123456"', 'length="0"'),
    ("enclosure-length", "E", 'length="40123456"', 'length="38 MB"'),
    ("enclosure-length", "E", 'length="40123456"', 'length="٤٠"'),
    ("enclosure-length", "E", 'length="40123456" ', ""),
    ("enclosure-type", "E", '40123456" type="audio/mpeg"', '40123456" type="mp3"'),
    ("enclosure-type", "E", '40123456" type="audio/mpeg"', '40123456"'),
    ("enclosure-unique", "E", "audio/panen-raya.mp3", "audio/perkenalan.mp3"),
    ("apple-season", "E", "<itunes:season>1<", "<itunes:season>0<"),
    ("apple-episode", "E", "<itunes:episode>2<", "<itunes:episode>2.5<"),
    ("apple-episode-type", "E", ">full<", ">Full<"),
    ("apple-duration", "E", ">2530<", ">42:10<"),
    ("apple-duration", "E", ">2530<", ">2530.5<"),
    ("item-order", "W", "Sat, 1 Jan 2022", "Sat, 29 Jan 2022"),
    ("item-title-number", "W", "<title>Panen raya", "<title>2. Panen raya"),
    ("item-title-number", "W", "<title>Panen raya", "<title>Eps. 2: Panen raya"),
    ("item-title-number", "W", "<title>Panen raya", "<title>Panen raya (S1E02)"),
    ("item-title-number", "W", "<title>Panen raya", "<title>#2 Panen raya"),
    ("item-title-show", "W", "<title>Panen raya", "<title>Kopi Pagi: Panen raya"),
    ("item-title-show", "W", "<title>Panen raya", "<title>Panen raya | kopi pagi"),
    ("item-link", "W", "<link>https://kopi.example/panen-raya/</link>", ""),
    ("item-pubdate", "W", PUB_DATE, ""),
    ("item-description", "W", "<description>Memetik buah merah di Gayo.</description>", ""),
    ("item-duration", "W", "<itunes:duration>2530</itunes:duration>", ""),
    ("item-explicit", "W", ITEM_EXPLICIT, "<itunes:season>"),
    ("item-image", "W", '<itunes:image href="https://kopi.example/panen.PNG?v=2"/>', ""),
    ("item-transcript", "W", TRANSCRIPT, ""),
]

# The same in a feed that is not our own: readers take it, or guess.
BAD_ELSEWHERE = [
    ("rss-date-zone", "I", PUB_DATE, PUB_DATE.replace("+0700", "GMT")),
    ("rss-date-zone", "I", PUB_DATE, PUB_DATE.replace("+0700", "EST")),
    ("rss-date-zone", "I", "16:00:00 +0700</lastBuildDate>", "16:00:00 PDT</lastBuildDate>"),
    ("rss-date", "W", PUB_DATE, PUB_DATE.replace("+0700", "WIB")),
    ("rss-date", "W", PUB_DATE, "<pubDate>2022-01-28T16:00:00+07:00</pubDate>"),
    ("apple-duration-clock", "I", ">2530<", ">42:10<"),
    ("apple-duration-clock", "I", ">2530<", ">00:42:10<"),
    ("apple-duration-none", "W", ">2530<", ">00:00<"),
    ("apple-duration", "W", ">2530<", ">42 menit<"),
    ("atom-self", "W", ATOM_SELF, ""),
    ("atom-self-one", "W", ATOM_SELF, ATOM_SELF * 2),
    ("atom-self-host", "W", "https://kopi.example/feed.xml", "https://lama.example/feed.xml"),
    ("enclosure-length", "E", 'length="40123456"', 'length="0"'),
]

# The same, with every occurrence replaced
BAD_THROUGHOUT = [
    ("namespace-uri", "E", "2005/Atom", "2005/atom"),
    ("rss-root", "E", "rss", "feed"),
    ("rss-root", "E", "rss", "RSS"),
    ("namespace-prefix", "W", "atom", "a"),
]

# rule, what the good feed was before
BAD_AGAINST = [
    ("podcast-guid-changed", "9b024349", "8b024349"),
    ("item-guid-changed", "2022:b<", "2022:a<"),
    ("item-guid-changed", "2022:b<", "2022:B<"),
    ("item-gone", LAST_ITEM, LAST_ITEM + ANOTHER_ITEM),
    ("against-unreadable", "<rss", "<!DOCTYPE rss><rss"),
    ("against-unreadable", "</rss>", ""),
]

# What must stay quiet although it looks odd.
ODD_BUT_GOOD = [
    ("xmlns:psc", "xmlns:media='http://search.yahoo.com/mrss/' xmlns:psc"),
    ("https://kopi.example/panen-raya/", "http://127.0.0.1:8000/panen-raya/"),
    ("https://kopi.example/panen-raya/", "http://[::1]:8000/panen-raya/"),
    ("https://kopi.example/panen-raya/", "http://localhost/panen-raya/"),
    ("Society &amp; Culture", "Society &#38; Culture"),
    ("Obrolan pagi tentang kopi &amp; petaninya.", "<![CDATA[" + "x" * 4000 + "]]>"),
    ("Panen raya<", "Panen " + "raya" * 62 + "!<"),
    (PUB_DATE, "<pubDate>28 Jan 2022 16:00 -0000</pubDate>"),
    ("<title>Panen raya", "<title>2022: Panen raya"),
    ("<title>Panen raya", "<title>Kopi Pagi Hari"),
    ("<title>Panen raya", "<title>Resep 2 kopi"),
    ("<title>Panen raya", "<title>{0} {title} <!-- c --> %s"),
    ("<itunes:season>1</itunes:season>", ""),
    ("<itunes:type>serial</itunes:type>", ""),
    ("<podcast:locked>", "<itunes:block>Yes</itunes:block><podcast:locked>"),
    (LAST_ITEM, ""),
    (FIRST_ITEM + LAST_ITEM, ""),
    (GOOD, "\ufeff" + GOOD),
    ("\n", "\r\n"),
]


def changed(old: str, new: str, *, count: int = 1) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, count)


def rules(feed: str, **options: str) -> list[str]:
    return [finding.rule for finding in check(feed, **options)]


def check(feed: str, *, against: str | None = None, feed_url: str | None = FEED_URL):
    earlier = None if against is None else against.encode()
    return check_feed(feed.encode(), where="feed.xml", feed_url=feed_url, against=earlier)


def test_the_good_feed_has_no_findings():
    assert check(GOOD, against=GOOD) == []
    assert check(GOOD, feed_url=None) == []


@pytest.mark.parametrize(
    ("rule", "severity", "old", "new"), BAD_FEEDS, ids=[case[0] for case in BAD_FEEDS]
)
def test_a_changed_feed_breaks_exactly_one_rule(rule, severity, old, new):
    findings = check(changed(old, new))

    assert [(finding.rule, finding.severity) for finding in findings] == [(rule, severity)]


@pytest.mark.parametrize(("rule", "severity", "old", "new"), BAD_ELSEWHERE)
def test_a_feed_of_others_is_judged_by_what_readers_do(rule, severity, old, new):
    findings = check(changed(old, new), feed_url=None)

    assert [(finding.rule, finding.severity) for finding in findings] == [(rule, severity)]


@pytest.mark.parametrize(
    ("address", "elsewhere"),
    [
        (FEED_URL, False),
        ("https://KOPI.example:443/feed.xml#top", False),
        ("https://lama.example/feed.xml", True),
        ("https://kopi.example/feed", True),
        ("https://kopi.example/feed.xml?halaman=2", True),
    ],
)
def test_a_feed_that_was_found_elsewhere_says_so(address, elsewhere):
    findings = check_feed(GOOD.encode(), where="feed.xml", found_at=(address,))

    assert [f.rule for f in findings] == ["atom-self-elsewhere"] * elsewhere
    assert all(f.severity == "W" for f in findings)


def test_a_feed_that_moved_to_where_it_says_is_at_home():
    moved = ("https://lama.example/feed.xml", FEED_URL)

    assert check_feed(GOOD.encode(), where="feed.xml", found_at=moved) == []


def test_a_date_that_has_not_come_is_remarked_on():
    before = datetime(2022, 1, 26, tzinfo=UTC)

    findings = check_feed(GOOD.encode(), where="feed.xml", now=before)

    assert [(f.rule, f.severity) for f in findings] == [("item-date-ahead", "W")]
    assert check_feed(GOOD.encode(), where="feed.xml", now=before + timedelta(days=2)) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("https://podcastindex.org/namespace/1.0", FORMER_PODCAST),
        ("https://podcastindex.org/namespace/1.0", "https://podcastindex.org/namespace/1.0/"),
        (ITUNES_URI, "http://www.itunes.com/DTDs/Podcast-1.0.dtd"),
        ("http://www.w3.org/2005/Atom", "http://www.w3.org/2005/atom"),
    ],
)
def test_a_wrong_namespace_hides_no_other_fault(right, wrong):
    findings = check(changed(right, wrong).replace(">Full<", ">full<").replace("40123456", "0"))

    assert [finding.rule.partition("-")[0] for finding in findings] == ["namespace", "enclosure"]


def test_what_stands_in_a_wrong_namespace_is_checked():
    feed = changed("https://podcastindex.org/namespace/1.0", FORMER_PODCAST)

    found = check(feed.replace(">yes<", ">ja<"))

    assert [finding.rule for finding in found] == ["namespace-former", "podcast-locked-value"]
    assert "<podcast:locked>" in found[1].message


def test_of_each_rule_a_hundred_findings_are_listed_and_the_rest_counted():
    many = "".join(
        ANOTHER_ITEM.replace("2021:x", f"2021:{number}").replace("40123456", "0")
        for number in range(250)
    )
    findings = check(changed(LAST_ITEM, many))

    of_length = [finding for finding in findings if finding.rule == "enclosure-length"]
    assert len(of_length) == 100
    assert sum(1 + finding.more for finding in of_length) == 250
    assert of_length[-1].more == 150


@pytest.mark.parametrize(("old", "new"), ODD_BUT_GOOD)
def test_an_unusual_but_legal_feed_has_no_findings(old, new):
    assert check(changed(old, new, count=-1 if old == "\n" else 1)) == []


@pytest.mark.parametrize(("rule", "severity", "old", "new"), BAD_THROUGHOUT)
def test_a_feed_changed_throughout_breaks_exactly_one_rule(rule, severity, old, new):
    findings = check(changed(old, new, count=-1))

    assert [(finding.rule, finding.severity) for finding in findings] == [(rule, severity)]


@pytest.mark.parametrize(("rule", "old", "new"), BAD_AGAINST)
def test_a_feed_that_forgets_what_was_public_breaks_exactly_one_rule(rule, old, new):
    findings = check(GOOD, against=changed(old, new))

    assert [(finding.rule, finding.severity) for finding in findings] == [(rule, "E")]


def test_a_changed_guid_is_recognised_by_title_and_date_when_the_audio_changed_too():
    earlier = changed("2022:b<", "2022:a<").replace("audio/panen-raya.mp3", "audio/lama.mp3")

    assert rules(GOOD, against=earlier) == ["item-guid-changed"]


def test_another_episode_under_a_known_guid_is_a_reused_guid():
    earlier = changed(FIRST_ITEM, "").replace(
        LAST_ITEM, LAST_ITEM + ANOTHER_ITEM.replace("2021:x<", "2022:b<")
    )

    assert rules(GOOD, against=earlier) == ["item-guid-reused"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (FIRST_ITEM, ""),
        ("<title>Panen raya", "<title>Panen besar"),
        (PUB_DATE, PUB_DATE.replace("16:00", "15:00")),
        (PUB_DATE, PUB_DATE.replace("16:00:00 +0700", "09:00:00 +0000")),
        ("audio/panen-raya.mp3", "audio/panen-raya-2.mp3"),
        ("<podcast:guid>9b024349-ccf0-5f69-a609-6b82873eab3c</podcast:guid>", ""),
    ],
)
def test_additions_and_edits_lose_nothing(old, new):
    assert check(GOOD, against=changed(old, new)) == []


def test_a_feed_without_its_podcast_guid_is_another_show():
    assert rules(changed(PODCAST_GUID, ""), against=GOOD) == [
        "podcast-guid",
        "podcast-guid-changed",
    ]


def test_every_rule_has_a_test():
    folder = Path(ngopi.feed.rules.__file__).parent
    calls = [
        node
        for file in folder.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Rule"
    ]
    written = [ast.literal_eval(call.args[0]) for call in calls]
    told = (*BAD_FEEDS, *BAD_ELSEWHERE, *BAD_THROUGHOUT, *BAD_AGAINST)
    tested = {case[0] for case in told} | {"atom-self-elsewhere", "item-date-ahead"}

    assert len(written) == len(set(written))
    assert set(written) == tested | {"item-guid-reused"}


@pytest.mark.parametrize("name", ["billion-laughs", "external-entity", "external-dtd"])
def test_a_hostile_feed_is_refused_at_its_doctype(name):
    findings = check_feed((FEEDS / f"{name}.xml").read_bytes(), where=name)

    assert [finding.rule for finding in findings] == ["xml-doctype"]


def test_a_finding_names_file_and_line_and_says_what_to_do():
    findings = check(changed("<title>Panen raya</title>", "\n\n<title>Panen raya </title>"))

    (finding,) = findings
    line = GOOD[: GOOD.index("<title>Panen raya")].count("\n") + 3
    assert finding.where == f"feed.xml:{line}"
    assert finding.message == "<title> begins or ends with spaces."
    assert finding.hint == "write the value directly between the tags."


def test_findings_beyond_line_65535_name_the_right_line():
    """libxml2 keeps line numbers in 16 bits and guesses beyond."""
    blank_lines = 70_000
    feed = changed("<channel>", "<channel>" + "\n" * blank_lines)
    line = GOOD[: GOOD.index("<enclosure")].count("\n") + 1

    findings = check(feed.replace('length="40123456"', 'length="-1"'))

    assert [finding.where for finding in findings] == [f"feed.xml:{line + blank_lines}"]


def test_malformed_xml_is_found_at_its_line():
    (finding,) = check(changed("petaninya.", "petaninya.<b>"))

    line = GOOD[: GOOD.index("Obrolan")].count("\n") + 1
    assert (finding.rule, finding.where) == ("xml-wellformed", f"feed.xml:{line}")


def test_bytes_that_are_no_utf8_are_found_at_their_line():
    data = GOOD.encode().replace(b"Panen raya", b"Panen \xe9", 1)

    (finding,) = check_feed(data, where="feed.xml")

    line = GOOD[: GOOD.index("Panen raya")].count("\n") + 1
    assert (finding.rule, finding.where) == ("xml-encoding", f"feed.xml:{line}")


def test_utf16_is_refused():
    (finding,) = check_feed(GOOD.encode("utf-16"), where="feed.xml")

    assert finding.rule == "xml-encoding"


def test_all_faults_are_reported_at_once_in_the_order_of_the_lines():
    feed = (
        changed(PUB_DATE, "").replace("<language>id</language>", "", 1).replace(">2530<", ">1:2<")
    )

    findings = check(feed)

    assert [finding.rule for finding in findings] == [
        "rss-language",
        "item-pubdate",
        "apple-duration",
    ]


def test_a_misspelt_category_gets_the_nearest_name():
    (finding,) = check(changed("Society &amp; Culture", "society and culture"))

    assert "Society & Culture" in finding.hint


def test_a_long_value_is_cut_in_the_message():
    (finding,) = check(changed(">2530<", f">{'9' * 255}<"))

    assert len(finding.message) < 255


@pytest.mark.parametrize("finding_of", [BAD_FEEDS, BAD_ELSEWHERE, BAD_THROUGHOUT])
def test_every_message_is_a_sentence_and_every_hint_an_instruction(finding_of):
    feed_url = None if finding_of is BAD_ELSEWHERE else FEED_URL
    for _, _, old, new in finding_of:
        count = -1 if finding_of is BAD_THROUGHOUT else 1
        for finding in check(changed(old, new, count=count), feed_url=feed_url):
            assert re.fullmatch(r"[A-Z<\"].*\.", finding.message, re.DOTALL), finding
            assert re.fullmatch(r"[a-z8].*\.", finding.hint, re.DOTALL), finding
