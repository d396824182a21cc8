"""Rules for a feed against the one that listeners already have: nothing public is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ngopi.feed.rules import PODCAST, Document, Part, Rule
from ngopi.feed.rules.times import read_date
from ngopi.i18n import N_
from ngopi.model import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

UNREADABLE = Rule(
    "against-unreadable",
    "E",
    N_("The earlier feed could not be read, so nothing was compared with it. {reason}"),
    N_("name the feed as it was published last."),
)
PODCAST_GUID_CHANGED = Rule(
    "podcast-guid-changed",
    "E",
    N_('The podcast:guid was "{before}" and now is "{after}": for apps this is another show.'),
    N_("put {before} back; it stays even when the feed moves."),
)
GUID_CHANGED = Rule(
    "item-guid-changed",
    "E",
    N_('The episode "{title}" had the guid "{before}": listeners get it a second time.'),
    N_("put the guid {before} back."),
)
GUID_REUSED = Rule(
    "item-guid-reused",
    "E",
    N_('The guid "{guid}" belonged to the episode "{before}": listeners never see this one.'),
    N_("give the new episode a guid of its own and put the earlier episode back."),
)
GONE = Rule(
    "item-gone",
    "E",
    N_('The episode "{title}" ({guid}) is gone.'),
    N_("put it back; taking an episode back is a step of its own, never a side effect."),
)


def check_history(new: Document, earlier: Document | Finding) -> Iterator[Finding]:
    """Check *new* against the feed that was public before it, or the fault of reading that."""
    if isinstance(earlier, Finding):
        yield UNREADABLE.at(new.channel.where(), reason=earlier.message)
        return
    yield from _check_podcast_guid(new.channel, earlier.channel)
    yield from _check_items(new, earlier)


def _check_podcast_guid(new: Part, earlier: Part) -> Iterator[Finding]:
    tag = f"{PODCAST}guid"
    before, after = earlier.text(tag), new.text(tag)
    if before and before != after:
        yield PODCAST_GUID_CHANGED.at(new.where(new.first(tag)), before=before, after=after)


def _check_items(new: Document, earlier: Document) -> Iterator[Finding]:
    before, after = _by_guid(earlier), _by_guid(new)
    fresh = [item for guid, item in after.items() if guid not in before]
    by_enclosure = {url: item for item in fresh if (url := item.attribute("enclosure", "url"))}
    by_title_and_date = {_title_and_date(item): item for item in fresh if _is_dated(item)}
    for guid, old in before.items():
        item = after.get(guid)
        if item is not None:
            if _is_another(item, old):
                where = item.where(item.first("guid"))
                yield GUID_REUSED.at(where, guid=guid, before=old.text("title"))
            continue
        moved = by_enclosure.get(old.attribute("enclosure", "url"))
        if moved is None and _is_dated(old):
            moved = by_title_and_date.get(_title_and_date(old))
        if moved is None:
            yield GONE.at(new.channel.where(), title=old.text("title"), guid=guid)
        else:
            where = moved.where(moved.first("guid"))
            yield GUID_CHANGED.at(where, title=moved.text("title"), before=guid)


def _by_guid(document: Document) -> dict[str, Part]:
    return {guid: item for item in reversed(document.items) if (guid := item.text("guid"))}


def _title_and_date(item: Part) -> tuple[str, datetime | str]:
    date = item.text("pubDate")
    return item.text("title"), read_date(date) or date


def _is_dated(item: Part) -> bool:
    return bool(item.text("title") and item.text("pubDate"))


def _is_another(item: Part, old: Part) -> bool:
    title, date = _title_and_date(item)
    old_title, old_date = _title_and_date(old)
    return (
        title != old_title
        and date != old_date
        and item.attribute("enclosure", "url") != old.attribute("enclosure", "url")
    )
