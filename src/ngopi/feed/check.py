"""Is this a feed that may be published? Independent of the code that builds one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from ngopi.feed.rules.channel import check_channel
from ngopi.feed.rules.document import (
    check_namespaces,
    check_places,
    check_version,
    read_document,
)
from ngopi.feed.rules.history import check_history
from ngopi.feed.rules.item import check_items
from ngopi.model import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from ngopi.feed.rules import Document

_LISTED = 100  # of one rule: who mends those has found what mends the others


def check_feed(
    data: bytes,
    *,
    where: str,
    feed_url: str | None = None,
    found_at: tuple[str, ...] = (),
    against: bytes | None = None,
    now: datetime | None = None,
) -> list[Finding]:
    """Return everything that is wrong with a feed, in the order of its lines.

    *where* names the feed in the findings. *feed_url* is the address that a feed of our own must
    give as its own; None: it is somebody else's, where dates, durations and that address are
    judged by what readers put up with. *found_at* are the addresses under which such a feed was
    found. *against* is the feed as it was published before: its guids must live on. *now*: a
    later date is remarked on. A feed that is not XML gets a finding about that only. Of each rule
    the first hundred findings are listed; the last of them says how many more there are. Nothing
    is fetched.

    Source: RSS 2.0; Apple, "A podcaster's guide to RSS"; PSP-1; the podcast namespace.
    """
    ours = feed_url is not None
    document = read_document(data, file=where, ours=ours)
    if isinstance(document, Finding):
        return [document]
    findings = _check_content(document, feed_url=feed_url, found_at=found_at, now=now)
    if against is not None:
        earlier = read_document(against, file=where, ours=ours)
        findings = (f for found in (findings, check_history(document, earlier)) for f in found)
    return sorted(_listed(findings), key=_line)


def _check_content(
    document: Document,
    *,
    feed_url: str | None,
    found_at: tuple[str, ...],
    now: datetime | None,
) -> Iterator[Finding]:
    channel, items = document.channel, document.items
    yield from check_namespaces(document)
    yield from check_version(document)
    yield from check_places(document)
    yield from check_channel(channel, items, feed_url=feed_url, found_at=found_at)
    yield from check_items(channel, items, now=now)


def _listed(findings: Iterable[Finding]) -> Iterator[Finding]:
    seen: Counter[str] = Counter()
    last: dict[str, Finding] = {}
    for finding in findings:
        seen[finding.rule] += 1
        if seen[finding.rule] < _LISTED:
            yield finding
        elif seen[finding.rule] == _LISTED:
            last[finding.rule] = finding
    for rule, finding in last.items():
        yield replace(finding, more=seen[rule] - _LISTED)


def _line(finding: Finding) -> int:
    return int(finding.where.rpartition(":")[2])
