"""``ngopi doctor``: the folder, the store and the public, held against each other."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from ngopi.doctor.diagnosis import Diagnosis, healthy, of_error
from ngopi.doctor.folder import (
    check_catalogue,
    check_copies,
    check_jingles,
    check_media,
    compare_with_public,
    tell_versions,
)
from ngopi.doctor.objects import check_bytes, check_public_feed, check_sizes, public_files
from ngopi.doctor.public import check_addresses, check_clock, check_privacy, is_on_the_web
from ngopi.doctor.putback import check_sequence
from ngopi.doctor.state import Case, check_history, check_ledger, check_releases
from ngopi.errors import GoneNamedError, NgopiError
from ngopi.gc import find_garbage, inventory
from ngopi.i18n import _, ngettext
from ngopi.seen import require_not_gone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ngopi.catalogue import Catalogue
    from ngopi.config import Config
    from ngopi.model import Ledger, Progress
    from ngopi.store import RealStore

__all__ = ["Diagnosis", "examine", "mend"]

# A mended ledger shows what is wrong behind it: releases, then files, then the feed.
_ROUNDS = 4


def examine(
    config: Config,
    store: RealStore,
    *,
    by: str,
    now: datetime,
    progress: Progress,
    read_data: bool = False,
) -> tuple[Diagnosis, ...]:
    """Return what is well and what is not, in the order in which it should be mended.

    *now* is this very moment: the clock is judged by it. *read_data* reads all that is public
    back from the store and hashes it. Nothing is changed, but for scratch objects below probe/
    that an S3 store is asked with.
    """
    return tuple(_examine(config, store, by=by, now=now, progress=progress, read_data=read_data))


def mend(
    config: Config,
    store: RealStore,
    *,
    by: str,
    now: datetime,
    progress: Progress,
    read_data: bool = False,
) -> tuple[tuple[Diagnosis, ...], tuple[Diagnosis, ...]]:
    """Mend what can be mended without losing anything; return what was mended and what is now.

    Raises:
        NgopiError: a mend failed; running again goes on.
    """
    mended: list[Diagnosis] = []
    began_s = time.monotonic()
    for _round in range(_ROUNDS):
        passed = timedelta(seconds=time.monotonic() - began_s)
        found = examine(
            config, store, by=by, now=now + passed, progress=progress, read_data=read_data
        )
        left = [diagnosis for diagnosis in found if diagnosis.mend and diagnosis not in mended]
        if not left:
            break
        for diagnosis in left:
            assert diagnosis.mend is not None
            diagnosis.mend()
            mended.append(diagnosis)
    return tuple(mended), found


def _examine(
    config: Config,
    store: RealStore,
    *,
    by: str,
    now: datetime,
    progress: Progress,
    read_data: bool,
) -> Iterator[Diagnosis]:
    if is_on_the_web(config):
        yield from check_clock(config, now=now)
    yield tell_versions()
    catalogue, found = check_catalogue(config)
    yield from found
    yield from check_jingles(config)
    try:
        require_not_gone(config)
        abilities = store.probe_abilities()
        if abilities.safe_for_many:
            yield healthy("store", _("it keeps several publishers apart"))
        for warning in store.warnings:
            hint = _("agree who publishes, or choose a store with conditional writes")
            yield Diagnosis(subject="store", severity="warning", message=warning, hint=hint)
        case = Case(
            config=config, store=store, entries=catalogue.entries, stock=inventory(store),
            by=by, now=now, progress=progress,
        )  # fmt: skip
        yield from _check_state(case, catalogue, read_data=read_data)
    except NgopiError as error:
        yield of_error("store", error)


def _check_state(case: Case, catalogue: Catalogue, *, read_data: bool) -> Iterator[Diagnosis]:
    ledger, found = check_ledger(case)
    yield from found
    lost = any(diagnosis.severity == "error" for diagnosis in found)
    yield from check_media(case.config, catalogue.entries, case.stock, ledger)
    if not lost:
        yield from compare_with_public(case.config, catalogue, case.store, ledger, now=case.now)
    if ledger is not None:
        put_back = tuple(check_sequence(case, ledger))
        yield from put_back
        if put_back:
            return  # what it was put back to is no measure of anything
        yield from check_history(case, ledger)
        yield from check_releases(case, ledger)
        yield from _check_public(case, ledger, read_data=read_data)
        if not catalogue.broken:  # what one of these names might look like garbage
            yield from _check_garbage(case)


def _check_public(case: Case, ledger: Ledger, *, read_data: bool) -> Iterator[Diagnosis]:
    files = public_files(case, ledger)
    if files is None:
        return  # the releases come first
    sized = tuple(check_sizes(case, files))
    yield from sized
    if read_data:
        known = {diagnosis.message for diagnosis in sized}
        yield from (d for d in check_bytes(case, files) if d.message not in known)
    feed, found = check_public_feed(case, ledger)
    yield from found
    yield from check_copies(case.config, case.store, ledger, feed)
    yield from check_addresses(case, files, feed)
    yield from check_privacy(case, ledger)


def _check_garbage(case: Case) -> Iterator[Diagnosis]:
    try:
        garbage = find_garbage(
            case.config, case.entries, case.store, now=case.now, stock=case.stock
        )
    except GoneNamedError as error:
        yield Diagnosis(subject="ledger", severity="error", message=error.message, hint=error.hint)
        return
    count = len(garbage.objects)
    if not count:
        yield healthy("garbage", _("nothing old lies in the store without need"))
        return
    text = ngettext(
        "{count} object in the store belongs to no state.",
        "{count} objects in the store belong to no state.",
        count,
    )
    yield Diagnosis(
        subject="garbage",
        severity="warning",
        message=text.format(count=count),
        hint=_("see them with: ngopi gc; delete them with: ngopi gc --delete"),
    )
