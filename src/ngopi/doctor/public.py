"""What the public gets over the web: asked without any key, as a podcast app asks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ngopi.doctor.diagnosis import Diagnosis, healthy, of_error
from ngopi.errors import NgopiError, PublicUrlError
from ngopi.feed.fetch import load_feed
from ngopi.feed.urls import is_loopback
from ngopi.i18n import N_, _, ngettext
from ngopi.ledger import LEDGER_KEY, history_key, release_key, sha256_of_bytes
from ngopi.store.kinds import kind_of
from ngopi.store.presets import endpoint_of, settings_instead
from ngopi.store.reach import Access, Reach, is_readable, server_date, try_public
from ngopi.transaction import FEED_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ngopi.config import Config
    from ngopi.doctor.state import Case
    from ngopi.model import Ledger, StoredObject

_AT_ONCE = 8
# S3 refuses a quarter of an hour; a minute is already more than a synchronised clock is off.
_CLOCK_WARNING_S, _CLOCK_ERROR_S = 60, 15 * 60
_AMAZON = "https://s3.amazonaws.com"
_CLOSED = N_(
    "allow everybody to read it (how: ngopi doctor --policies) and check public_url in ngopi.toml"
)
_DOWN = N_(
    "wait a few minutes, then run: ngopi doctor; if it stays so, check public_url in ngopi.toml "
    "and ask your provider"
)
_WRONG = N_(
    "remove this object at your provider, then run: ngopi doctor --fix; if it stays so, "
    "check public_url in ngopi.toml"
)
_HINTS: dict[Access, str] = {"open": _WRONG, "closed": _CLOSED, "down": _DOWN}


def is_on_the_web(config: Config) -> bool:
    """Say whether somebody else's server answers for the show's addresses."""
    host = urlsplit(config.show.public_url).hostname or ""
    return config.store.url.startswith("s3:") or not is_loopback(host)


def check_clock(config: Config, *, now: datetime) -> Iterator[Diagnosis]:
    """Say how far this machine's clock is from the server's; *now* is this very moment."""
    url = config.show.feed_url
    if config.store.url.startswith("s3:"):
        url = endpoint_of(config.store) or _AMAZON
    try:
        date = server_date(url)
    except PublicUrlError:  # told where the store or the address is looked at
        return
    if date is None:
        return
    off_s = round((now - date).total_seconds())
    if abs(off_s) < _CLOCK_WARNING_S:
        yield healthy("clock", _("it goes with the server's"))
        return
    text = _("This machine's clock is {seconds} seconds off the server's.")
    yield Diagnosis(
        subject="clock",
        severity="error" if abs(off_s) >= _CLOCK_ERROR_S else "warning",
        message=text.format(seconds=abs(off_s)),
        hint=_("set the clock of this machine (automatic time)"),
    )


def check_addresses(
    case: Case, files: tuple[StoredObject, ...], feed: bytes | None
) -> Iterator[Diagnosis]:
    """Say what listeners would stumble over."""
    if not is_on_the_web(case.config):
        url = case.config.show.public_url
        text = _("{url} is this machine: nothing was asked of it").format(url=url)
        yield healthy("public", text)
        return
    base = case.config.show.public_url
    asked: list[tuple[str, int | None]] = [(file.key, file.size_bytes) for file in files]
    if feed is not None:
        asked.insert(0, (FEED_KEY, None))

    def reach(wanted: tuple[str, int | None]) -> tuple[str, Reach]:
        key, size_bytes = wanted
        return f"{base}/{key}", _try(f"{base}/{key}", key, size_bytes)

    with (
        ThreadPoolExecutor(_AT_ONCE) as pool,
        case.progress.step(N_("Asking as the public does"), len(asked)) as advance,
    ):
        answers = []
        for answer in pool.map(reach, asked):
            answers.append(answer)
            advance(1)
    yield from _tell(answers)
    if feed is not None and not answers[0][1].faults:
        yield from _compare_feed(case.config, feed)


def _try(url: str, key: str, size_bytes: int | None) -> Reach:
    try:
        return try_public(url, size_bytes=size_bytes, media_type=kind_of(key).media_type)
    except PublicUrlError as error:
        reason = str(error.values["reason"])
        return Reach(access="down", faults=(reason,), web_players=False)


def _tell(answers: list[tuple[str, Reach]]) -> Iterator[Diagnosis]:
    for url, reach in answers:
        if reach.faults:
            yield Diagnosis(
                subject="public",
                severity="error",
                message=f"{url}: {'; '.join(reach.faults)}",
                hint=_(_HINTS[reach.access]),
            )
    closed = [url for url, reach in answers if not reach.faults and not reach.web_players]
    if closed:
        text = _("Players on web pages cannot fetch {url} (CORS).")
        yield Diagnosis(
            subject="public",
            severity="warning",
            message=text.format(url=closed[0]),
            hint=_("paste the CORS rules at your provider: ngopi doctor --policies"),
        )
    if not closed and not any(reach.faults for _url, reach in answers):
        count = len(answers)
        text = ngettext("{count} address answers", "{count} addresses answer", count)
        yield healthy("public", text.format(count=count))


def _compare_feed(config: Config, feed: bytes) -> Iterator[Diagnosis]:
    url = config.show.feed_url
    try:
        served = load_feed(url)
    except NgopiError as error:
        yield of_error("public", error)
        return
    if sha256_of_bytes(served) != sha256_of_bytes(feed):
        yield Diagnosis(
            subject="public",
            severity="warning",
            message=_("{url} is not the feed that lies in the store.").format(url=url),
            hint=_(
                "wait five minutes; if it stays so, clear the cache at your provider "
                "or mend public_url in ngopi.toml"
            ),
        )


def check_privacy(case: Case, ledger: Ledger) -> Iterator[Diagnosis]:
    """Say what anybody can read without any need."""
    if not is_on_the_web(case.config):
        return
    keys = [LEDGER_KEY, release_key(ledger.show)]
    keys += [history_key(ledger.seq - 1)] if ledger.seq > 1 else []
    try:
        opened = [key for key in keys if is_readable(f"{case.config.show.public_url}/{key}")]
    except PublicUrlError:  # told where the addresses are looked at
        return
    if not opened:
        yield healthy("privacy", _("the ledger and the releases are closed to the public"))
        return
    hint = _("let the public read no more than the policy says: ngopi doctor --policies")
    if settings_instead(case.config.store):
        hint = _(
            "this provider opens a whole bucket: let a rule before its address pass audio/, "
            "covers/ and feed.xml only, or live with it"
        )
    yield Diagnosis(
        subject="privacy",
        severity="warning",
        message=_("Anybody can read {keys}: who published what and when.").format(
            keys=", ".join(opened)
        ),
        hint=hint,
    )
