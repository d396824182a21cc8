"""A feed comes from anybody: whatever it holds, the answer is a list of findings."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ngopi.feed.check import check_feed

GOOD = (Path(__file__).parents[1] / "feeds_bad" / "good.xml").read_bytes()
FEED_URL = "https://kopi.example/feed.xml"

pieces = st.sampled_from(
    [
        *(
            b"<",
            b">",
            b"&",
            b"&amp;",
            b"]]>",
            b"<![CDATA[",
            b"<!--",
            b"-->",
            b"<?x ?>",
            b'"',
            b"/>",
        ),
        *(b"<!DOCTYPE rss>", b"<item>", b"</item>", b"</channel>", b"<channel>", b'xmlns=""'),
        *(b"{", b"}", b"{0}", b"%s", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\r", b"\n" * 3),
        *(b"9" * 5000, b"\xf0\x9f\x8e\x99", b"\xd9\xa4", b"http://[", b"https://a:b:c/"),
        b"Sat, 1 Jan 0001 00:00:00 +2359",
        b"Fri, 31 Dec 9999 23:59:59 -2359",
    ]
)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="<>&"))


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    """The good feed with some bytes cut out and others put in."""
    data = GOOD
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 400)))
        data = data[:start] + draw(pieces | st.binary(max_size=20)) + data[end:]
    return data


@st.composite
def refilled(draw: st.DrawFn) -> bytes:
    """The good feed, well-formed, with other values between tags or in attributes."""
    values = [
        *(b"Kopi Pagi", b"https://kopi.example/panen-raya/", b"Fri, 28 Jan 2022 16:00:00 +0700"),
        *(b"2530", b"id", b"false", b"true", b"serial", b"full", b"40123456", b"audio/mpeg"),
        *(b"Documentary", b"Society &amp; Culture", b"tag:kopi.example,2022:b", b"Panen raya"),
    ]
    data = GOOD
    for _ in range(draw(st.integers(1, 4))):
        new = draw(texts).replace('"', "").encode() if draw(st.booleans()) else draw(pieces)
        data = data.replace(draw(st.sampled_from(values)), new)
    return data


def answer(data: bytes, against: bytes | None) -> None:
    findings = check_feed(data, where="feed.xml", feed_url=FEED_URL, against=against)

    assert all(finding.where.rpartition(":")[2].isdigit() for finding in findings)
    assert all(finding.message and finding.hint for finding in findings)


@given(st.binary(max_size=400))
def test_any_bytes_get_an_answer(data):
    answer(data, None)
    answer(GOOD, data)


@given(mutations())
def test_a_damaged_feed_gets_an_answer(data):
    answer(data, GOOD)
    answer(GOOD, data)


@given(refilled(), refilled())
def test_a_feed_with_any_values_gets_an_answer(data, earlier):
    answer(data, earlier)


@given(mutations())
def test_the_same_feed_gets_the_same_answer(data):
    first, second = (check_feed(data, where="feed.xml") for _ in range(2))

    assert first == second
