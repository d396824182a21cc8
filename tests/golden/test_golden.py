import os
import subprocess
import sys

import pytest

from golden.cases import CASES, FOLDER, expected_of, feed_of, releases_of, show_of
from ngopi.feed.build import build_feed
from ngopi.feed.check import check_feed


@pytest.mark.parametrize("case", CASES)
def test_feed_is_the_one_that_was_reviewed(case):
    assert feed_of(case).decode() == expected_of(case).decode()


@pytest.mark.parametrize("case", CASES)
def test_order_of_the_releases_does_not_change_a_byte(case):
    show = show_of(case)

    backwards = build_feed(show.show, cover=show.cover, releases=releases_of(case)[::-1])

    assert backwards == feed_of(case)


def test_machine_zone_and_hash_seed_do_not_change_a_byte():
    """Two producers render the same releases: their feeds must be one object."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from golden.cases import feed_of;"
        "sys.stdout.buffer.write(feed_of('everything'))"
    )
    elsewhere = {**os.environ, "TZ": "Pacific/Auckland", "PYTHONHASHSEED": "7"}

    feed = subprocess.run(
        [sys.executable, "-c", code, str(FOLDER.parent)],
        env=elsewhere,
        capture_output=True,
        check=True,
    ).stdout

    assert feed == expected_of("everything")


@pytest.mark.parametrize("case", CASES)
def test_checker_finds_no_error(case):
    """The checker shares no code with the builder: an E finding would stop a publish."""
    url = show_of(case).show.feed_url

    findings = check_feed(feed_of(case), where=case, feed_url=url)

    assert [finding for finding in findings if finding.severity == "E"] == []
