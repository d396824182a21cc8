"""`ngopi check` of our own feed and of other people's, from a file and from a server."""

from __future__ import annotations

import pytest

from answering import FEED, answer, saying
from speech import voice, write_wav

FORMER_PODCAST = b"https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md"
DATE = b"Fri, 28 Jan 2022 16:00:00 +0700</pubDate>"

# what is changed, and the rules and severities that it breaks
CASES = {
    "good": ([], []),
    "gmt": ([(DATE, b"Fri, 28 Jan 2022 09:00:00 GMT</pubDate>")], ["I rss-date-zone"]),
    "clock": ([(b">2530<", b">00:42:10<")], ["I apple-duration-clock"]),
    "escaped": ([(b"Panen raya<", b"&amp;quot;Panen&amp;quot;<")], ["W text-escaped-twice"]),
    "elsewhere": ([(b"kopi.example/feed", b"lama.example/feed")], ["W atom-self-host"]),
    "former": (
        [(b"https://podcastindex.org/namespace/1.0", FORMER_PODCAST), (b"40123456", b"0")],
        ["W namespace-former", "E enclosure-length"],
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("inside", [True, False], ids=["inside of a show", "outside"])
def test_a_file_is_somebody_elses_feed(ngopi, show, tmp_path, monkeypatch, case, inside):
    changes, rules = CASES[case]
    feed = FEED
    for old, new in changes:
        assert old in feed
        feed = feed.replace(old, new, 1)
    path = tmp_path / "umpan.xml"
    path.write_bytes(feed)
    if not inside:
        monkeypatch.chdir(tmp_path)

    run = ngopi("--json", "check", path)

    (told,) = run.json["feeds"]
    assert [f"{found['severity']} {found['rule']}" for found in told["findings"]] == rules
    assert run.status == any(rule.startswith("E") for rule in rules)


def test_a_feed_from_a_server_that_says_it_lives_elsewhere_is_remarked_on(ngopi):
    with saying(answer()) as address:
        run = ngopi("--json", "check", f"http://{address}/feed.xml")

    assert [found["rule"] for found in run.json["feeds"][0]["findings"]] == ["atom-self-elsewhere"]
    assert run.status == 0


def test_a_feed_that_a_redirect_leads_to_is_at_home_there(ngopi):
    def reply(asked):
        moved = answer("Location: /feed.xml", "Content-Length: 0", body=b"", status="301 Moved")
        feed = FEED.replace(b"https://kopi.example/feed.xml", address.encode() + b"/feed.xml")
        return answer(body=feed) if b"/feed.xml" in asked else moved

    with saying(reply) as place:
        address = f"http://{place}"
        run = ngopi("--json", "check", f"{address}/lama.xml")

    assert run.json["feeds"][0]["findings"] == []


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return write_wav(tmp_path_factory.mktemp("rekaman") / "rapat.wav", voice(4.0))


def test_the_shows_own_feed_is_judged_as_ours(ngopi, show, recording):
    """What readers put up with in others' feeds is a fault in the one that we write."""
    assert ngopi("ingest", recording, "--title", "Rapat").status == 0
    assert ngopi("check").status == 0
    feed = show / "feeds" / "ngopi-bawaslu.xml"
    text = feed.read_text(encoding="utf-8")
    feed.write_text(text.replace("/feed.xml", "/lama.xml"), encoding="utf-8")

    for own in ([], [feed], ["feeds/ngopi-bawaslu.xml"]):
        run = ngopi("--json", "check", *own)
        rules = [f["rule"] for f in run.json["feeds"][0]["findings"] if f["severity"] == "E"]
        assert (run.status, rules) == (1, ["atom-self-url"])


def test_the_shows_own_address_is_judged_as_ours(ngopi, show):
    settings = show / "ngopi.toml"
    text = settings.read_text(encoding="utf-8")
    feed = FEED.replace(DATE, b"Fri, 28 Jan 2022 09:00:00 GMT</pubDate>")
    with saying(answer(body=feed)) as place:
        settings.write_text(text.replace("127.0.0.1:8000", place), encoding="utf-8")
        run = ngopi("--json", "check", f"http://{place}/feed.xml")

    errors = [f["rule"] for f in run.json["feeds"][0]["findings"] if f["severity"] == "E"]
    assert errors == ["atom-self-url", "rss-date"]


def test_a_broken_show_around_us_hinders_no_check_of_a_file(ngopi, show, tmp_path):
    show.joinpath("ngopi.toml").write_text("[", encoding="utf-8")
    path = tmp_path / "umpan.xml"
    path.write_bytes(FEED)

    assert ngopi("check", path).status == 0


def test_many_findings_of_one_kind_become_a_few_lines_and_a_count(ngopi, tmp_path):
    start, end = FEED.index(b"    <item>"), FEED.rindex(b"  </channel>")
    item = (
        b'<item><title>E</title><guid>g%d</guid><enclosure url="https://k.example/%d.mp3"/></item>'
    )
    path = tmp_path / "besar.xml"
    items = b"\n".join(item % (number, number) for number in range(500))
    path.write_bytes(FEED[:start] + items + FEED[end:])

    person, program = ngopi("check", path), ngopi("--json", "check", path)

    assert len(person.out.splitlines()) < 150
    assert "enclosure-length: 490 more like it" in person.out
    (told,) = program.json["feeds"]
    of_length = [found for found in told["findings"] if found["rule"] == "enclosure-length"]
    assert len(of_length) + of_length[-1]["more"] == 500
    assert (
        told["errors"]
        == program.json["errors"]
        == sum(1 + found["more"] for found in told["findings"] if found["severity"] == "E")
    )
    assert f"{told['errors']} errors" in person.out
