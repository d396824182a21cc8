"""Rules for dates and durations: what is written of them, and what is not possible."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from ngopi.feed.rules import ITUNES, Part, Rule
from ngopi.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ngopi.model import Finding

DATE = Rule(
    "rss-date",
    "E",
    N_('<{name}> is not a date that every reader knows: "{value}".'),
    N_('write it like "Fri, 28 Jan 2022 16:00:00 +0700": English names, 24 hours, numeric zone.'),
)
DATE_ZONE = Rule(
    "rss-date-zone",
    "I",
    N_('<{name}> names its zone: "{value}". Readers know it.'),
    N_("nothing needs to be done; a number, as in +0700, leaves no doubt."),
)
DATE_AHEAD = Rule(
    "item-date-ahead",
    "W",
    N_('The date of this episode has not come yet: "{value}". Some apps hide it until then.'),
    N_("write the date on which it became public, or publish it then."),
)
DURATION_FORM = Rule(
    "apple-duration",
    "E",
    N_('The duration is "{value}".'),
    N_("write whole seconds, digits only: 42 minutes are 2520."),
)
DURATION_CLOCK = Rule(
    "apple-duration-clock",
    "I",
    N_('The duration is written like a clock: "{value}". Readers know it.'),
    N_("nothing needs to be done; Apple advises whole seconds: 42 minutes are 2520."),
)
DURATION_NONE = Rule(
    "apple-duration-none",
    "W",
    N_("The episode says that it lasts 0 seconds."),
    N_("write how long it is in whole seconds: 42 minutes are 2520."),
)

_DATES = ("pubDate", "lastBuildDate")
_AHEAD = timedelta(days=1)  # clocks differ, and so do zones that somebody mistook
_SECONDS = re.compile(r"[0-9]{1,9}")
_CLOCK = re.compile(r"([0-9]{1,3}:)?[0-9]{1,3}:[0-5][0-9]")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
# RFC 2822, section 4.3.
_ZONES = {
    **dict.fromkeys(("GMT", "UT", "UTC", "Z"), "+0000"),
    "EST": "-0500", "CST": "-0600", "MST": "-0700", "PST": "-0800",
    "EDT": "-0400", "CDT": "-0500", "MDT": "-0600", "PDT": "-0700",
}  # fmt: skip
_NAMED_ZONE = re.compile(rf" ({'|'.join(_ZONES)})$")
_RFC_2822 = re.compile(
    rf"(?:({'|'.join(_WEEKDAYS)}), )?([0-9]{{1,2}}) ({'|'.join(_MONTHS)}) ([0-9]{{4}})"
    r" ([0-9]{2}):([0-9]{2})(?::([0-9]{2}))? ([+-])([0-9]{2})([0-5][0-9])"
)


def read_date(text: str) -> datetime | None:
    """Return an RFC 2822 date as readers take it, its zone a number or a name, or None."""
    return _numeric(_NAMED_ZONE.sub(lambda found: f" {_ZONES[found[1]]}", text))


def check_dates(part: Part) -> Iterator[Finding]:
    """Check how the dates of the channel or an item are written."""
    for tag in _DATES:
        value = part.text(tag)
        if not value or _numeric(value) is not None:
            continue
        rule = DATE if part.ours else DATE_ZONE if read_date(value) else DATE.softer("W")
        yield rule.at(part.where(part.first(tag)), name=tag, value=value)


def check_ahead(item: Part, now: datetime) -> Iterator[Finding]:
    """Check that an episode's date has come."""
    value = item.text("pubDate")
    date = read_date(value)
    if date is not None and date > now + _AHEAD:
        yield DATE_AHEAD.at(item.where(item.first("pubDate")), value=value)


def check_duration(item: Part) -> Iterator[Finding]:
    """Check how an episode's duration is written."""
    value = item.text(f"{ITUNES}duration")
    if not value:
        return
    where = item.where(item.first(f"{ITUNES}duration"))
    if not set(value) - set("0:."):
        yield DURATION_NONE.at(where)
    elif not _SECONDS.fullmatch(value):
        rule = DURATION_FORM.softer("W")
        if item.ours:
            rule = DURATION_FORM
        elif _CLOCK.fullmatch(value):
            rule = DURATION_CLOCK
        yield rule.at(where, value=value)


def _numeric(text: str) -> datetime | None:
    match = _RFC_2822.fullmatch(text)
    if match is None:
        return None
    weekday, day, month, year, hour, minute, second, sign, zone_h, zone_min = match.groups()
    offset = timedelta(hours=int(zone_h), minutes=int(zone_min))
    try:
        date = datetime(
            int(year),
            _MONTHS.index(month) + 1,
            int(day),
            int(hour),
            int(minute),
            int(second or 0),
            tzinfo=timezone(-offset if sign == "-" else offset),
        )
    except ValueError:
        return None
    if weekday is not None and _WEEKDAYS[date.weekday()] != weekday:
        return None
    return date
