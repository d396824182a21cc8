"""Is this a feed that may be published? Independent of the code that builds one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ngopi.feed.rules.channel import check_channel
from ngopi.feed.rules.document import check_namespaces, check_version, read_document
from ngopi.feed.rules.history import check_history
from ngopi.feed.rules.item import check_items
from ngopi.model import Finding

if TYPE_CHECKING:
    from ngopi.feed.rules import Document


def check_feed(
    data: bytes, *, where: str, feed_url: str | None = None, against: bytes | None = None
) -> list[Finding]:
    """Return everything that is wrong with a feed, in the order of its lines.

    *where* names the feed in the findings. *feed_url* is the address that the feed must
    give as its own. *against* is the feed as it was published before: its guids must live
    on. A feed that is not XML or has a wrong namespace gets findings about that only,
    because every other answer would be guessed. Nothing is fetched.

    Source: RSS 2.0; Apple, "A podcaster's guide to RSS"; PSP-1; the podcast namespace.
    """
    document = read_document(data, file=where)
    if isinstance(document, Finding):
        return [document]
    findings = list(check_namespaces(document))
    if not any(finding.severity == "E" for finding in findings):
        findings += _check_content(document, feed_url=feed_url)
        if against is not None:
            findings += check_history(document, read_document(against, file=where))
    return sorted(findings, key=_line)


def _check_content(document: Document, *, feed_url: str | None) -> list[Finding]:
    return [
        *check_version(document),
        *check_channel(document.channel, feed_url=feed_url),
        *check_items(document.channel, document.items),
    ]


def _line(finding: Finding) -> int:
    return int(finding.where.rpartition(":")[2])
