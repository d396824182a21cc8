"""A case is a folder: show.json, releases.json (the stored objects) and expected.xml."""

from pathlib import Path

from pydantic import TypeAdapter

from ngopi.feed.build import build_feed
from ngopi.model import Release, ShowRelease

FOLDER = Path(__file__).parent
CASES = sorted(path.parent.name for path in FOLDER.glob("*/expected.xml"))


def show_of(case):
    text = (FOLDER / case / "show.json").read_bytes()
    return TypeAdapter(ShowRelease).validate_json(text)


def releases_of(case):
    text = (FOLDER / case / "releases.json").read_bytes()
    return TypeAdapter(list[Release]).validate_json(text)


def feed_of(case):
    show = show_of(case)
    return build_feed(show.show, cover=show.cover, releases=releases_of(case))


def expected_of(case):
    # Git may check text out with CRLF; a feed never has one.
    return (FOLDER / case / "expected.xml").read_bytes().replace(b"\r\n", b"\n")
