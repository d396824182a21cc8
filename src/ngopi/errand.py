"""A change that an editor makes on purpose, and that is done once, however often it is run.

Each writes down what it sets out to do before it does it. Run again after it was stopped anywhere,
it looks into the history for what it did, on which others may have published since.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from ngopi.errors import (
    AudioDeletedError,
    AudioGoneError,
    LedgerUnreadableError,
    NoSuchHistoryError,
    NotApprovedError,
    NothingPublicError,
    NotPublicError,
    NotRetractedError,
    SlugReusedError,
    UndoneMeanwhileError,
)
from ngopi.gate import is_seq
from ngopi.ledger import (
    Intent,
    forget_intent,
    from_json,
    history_key,
    read_intent,
    write_intent,
)
from ngopi.model import Ledger, Release, ShowRelease, Withdrawn
from ngopi.released import load_show
from ngopi.seen import look_ahead
from ngopi.transaction import (
    Change,
    bring_feed_in_line,
    commit,
    feed_is_current,
    kept_between,
    settle,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ngopi.config import Config
    from ngopi.store import Store


# Where one of these ends a command, there is nothing to go on with.
_DEFINITE = (
    AudioDeletedError, AudioGoneError, NoSuchHistoryError, NotApprovedError, NotPublicError,
    NotRetractedError, SlugReusedError, UndoneMeanwhileError,
)  # fmt: skip


_GOES_ON = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What shall follow on a ledger: *state*'s show, entries and retracted, and what is new."""

    state: Ledger
    releases: tuple[Release, ...] = ()
    withdrawn: tuple[Withdrawn, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A command that may have been stopped before: *landed* is the state that it made then."""

    intent: Intent
    current: Ledger
    landed: Ledger | None


def begin(config: Config, store: Store, what: str, *, now: datetime) -> Begun:
    """Write down that *what* begins, or find out how far an earlier run of it came.

    Raises:
        NothingPublicError: nothing was ever published.
    """
    public = look_ahead(config, store)
    current = public.ledger
    if current is None:
        raise NothingPublicError
    intent = read_intent(config.scratch)
    if intent is not None and _is_meant_by(intent, what, current, now=now):
        return Begun(intent=intent, current=current, landed=_landed(store, current, intent))
    if current.what == what and not feed_is_current(public, store):
        # Somebody else gave the same command, and was stopped between ledger and feed.
        done = Intent(what=what, seq=current.seq - 1, at=current.at)
        return Begun(intent=done, current=current, landed=current)
    intent = Intent(what=what, seq=current.seq, at=now)
    write_intent(config.scratch, intent)  # whoever gives another command has let go of the old one
    return Begun(intent=intent, current=current, landed=None)


def _is_meant_by(intent: Intent, what: str, current: Ledger, *, now: datetime) -> bool:
    """Say whether *what* goes on with *intent*; after days, a person means the state of today."""
    return intent.what == what and intent.seq <= current.seq and now - intent.at < _GOES_ON


def _landed(store: Store, current: Ledger, intent: Intent) -> Ledger | None:
    """Return the state that *intent* became, though nobody could be told; None: it did not."""
    states = (current, *kept_between(store, intent.seq, current.seq))
    return next((s for s in states if (s.what, s.at) == (intent.what, intent.at)), None)


def carry_out(
    config: Config,
    store: Store,
    begun: Begun,
    next_state: Callable[[Ledger], Next],
    *,
    by: str,
) -> Ledger:
    """Make *next_state* of the ledger public, or tell the state that an earlier run made of it.

    Raises:
        PublishContendedError: others kept publishing in between.
        NgopiError: what *next_state* raises.
    """
    if begun.landed is not None:
        settle(lambda: bring_feed_in_line(config, store))
        return begun.landed

    def attempt() -> Ledger:
        public = look_ahead(config, store)
        if public.ledger is None:
            raise NothingPublicError
        wanted = next_state(public.ledger)
        change = Change(
            show=_show(config, store, wanted.state, public.ledger),
            releases=wanted.releases,
            entries=wanted.state.entries,
            retracted=wanted.state.retracted,
            withdrawn=wanted.withdrawn,
            what=begun.intent.what,
            by=by,
            at=begun.intent.at,
        )
        return commit(config, store, public, change)

    try:
        return settle(attempt)
    except _DEFINITE:
        forget_intent(config.scratch)
        raise


def _show(config: Config, store: Store, wanted: Ledger, public: Ledger) -> ShowRelease:
    """Return *wanted*'s show at *public*'s address: at an older one, nobody may answer."""
    show = load_show(config, store, wanted)
    if wanted.show == public.show:
        return show
    url = load_show(config, store, public).show.public_url
    cover = replace(show.cover, url=f"{url}/{show.cover.key}")
    return replace(show, show=replace(show.show, public_url=url), cover=cover)


def past(store: Store, seq: int) -> Ledger:
    """Return the ledger of state *seq* from the history.

    Raises:
        NoSuchHistoryError: it is not there.
        LedgerUnreadableError: it is damaged, or of another state.
    """
    found = store.read(history_key(seq)) if is_seq(seq) else None
    if found is None:
        raise NoSuchHistoryError(seq=seq)
    past = from_json(Ledger, found[0], key=history_key(seq))
    if past.seq != seq:
        raise LedgerUnreadableError(key=history_key(seq), reason=f"seq: {past.seq}")
    return past
