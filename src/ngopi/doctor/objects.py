"""What listeners fetch, as it lies in the store: audio, covers and the feed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ngopi.atomic import sha256_of
from ngopi.doctor.diagnosis import FIX, Diagnosis, healthy
from ngopi.errors import (
    LedgerUnreadableError,
    NgopiTooOldError,
    ObjectTooBigError,
    StoreVerifyError,
)
from ngopi.feed.check import check_feed
from ngopi.gone import name_of
from ngopi.i18n import N_, _, ngettext
from ngopi.ledger import sha256_of_bytes
from ngopi.released import load_entry, load_show
from ngopi.transaction import FEED_KEY, Change, commit, look, settle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ngopi.doctor.state import Case
    from ngopi.model import Ledger, StoredObject


def public_files(case: Case, ledger: Ledger) -> tuple[StoredObject, ...] | None:
    """Return all files that the feed names; None: a release cannot be read, so nobody knows."""
    try:
        files = [load_show(case.config, case.store, ledger).cover]
        for entry in ledger.entries:
            release = load_entry(case.config, case.store, entry)
            files += [release.enclosure, *([release.cover] if release.cover else [])]
    except (LedgerUnreadableError, NgopiTooOldError, ObjectTooBigError, StoreVerifyError):
        return None
    return tuple({file.key: file for file in files}.values())


def check_sizes(case: Case, files: tuple[StoredObject, ...]) -> Iterator[Diagnosis]:
    """Say which files are gone or are not those that were released, as far as a list tells."""
    wrong = []
    for file in files:
        head = case.stock.get(file.key)
        if head is None:
            wrong.append(file)
            yield _broken(case, file, _("{key} is gone from the store.").format(key=file.key))
        elif head.size_bytes != file.size_bytes or head.sha256 not in (None, file.sha256):
            wrong.append(file)
            yield _broken(case, file, _changed(file))
    if not wrong:
        count = len(files)
        text = ngettext("{count} file is in the store", "{count} files are in the store", count)
        yield healthy("objects", text.format(count=count))


def check_bytes(case: Case, files: tuple[StoredObject, ...]) -> Iterator[Diagnosis]:
    """Read every file from the store and say which have other bytes than were released."""
    there = [file for file in files if file.key in case.stock]
    broken = []
    with case.progress.step(
        N_("Reading the store"), sum(case.stock[file.key].size_bytes for file in there)
    ) as advance:
        for file in there:
            digest = hashlib.sha256()
            for chunk in case.store.chunks(file.key):
                digest.update(chunk)
                advance(len(chunk))
            if digest.hexdigest() != file.sha256:
                broken.append(file)
    for file in broken:
        yield _broken(case, file, _changed(file))
    if not broken:
        count = len(there)
        text = ngettext("{count} file was read: whole", "{count} files were read: whole", count)
        yield healthy("objects", text.format(count=count))


def _changed(file: StoredObject) -> str:
    return _("{key} in the store is not the file that was published.").format(key=file.key)


def _broken(case: Case, file: StoredObject, message: str) -> Diagnosis:
    source = source_of(case, file)
    if source is not None:
        return Diagnosis(
            subject="objects",
            severity="error",
            message=message,
            hint=FIX,
            mend=lambda: _store_again(case, file, source),
        )
    if file.key.startswith("covers/"):
        hint = _("put the picture back and run: ngopi publish, then: ngopi doctor --fix")
    else:
        hint = _(
            "where media/{sha256}.mp3 is, run: ngopi doctor --fix; "
            "if it is nowhere: ngopi ingest RECORDING --episode {slug}"
        ).format(sha256=file.sha256, slug=name_of(file.key))
    return Diagnosis(subject="objects", severity="error", message=message, hint=hint)


def source_of(case: Case, file: StoredObject) -> Path | None:
    """Return a file of this machine with the very bytes."""
    config = case.config
    covers = [entry.cover for entry in case.entries if entry.cover is not None]
    found = [config.media / f"{file.sha256}.mp3", config.cover, *covers, config.scratch / file.key]
    return next((p for p in found if p.is_file() and sha256_of(p) == file.sha256), None)


def _store_again(case: Case, file: StoredObject, source: Path) -> None:
    if file.key in case.stock:
        # Its key carries another hash than its bytes have: whoever fetches it is served wrong.
        case.store.delete(file.key)
    with case.progress.step(N_("Uploading"), file.size_bytes, unit="bytes") as advance:
        case.store.add(file.key, source, sha256=file.sha256, advance=advance)


# -- the feed -----------------------------------------------------------------------------


def check_public_feed(case: Case, ledger: Ledger) -> tuple[bytes | None, tuple[Diagnosis, ...]]:
    """Return the store's feed and what is wrong with it."""
    try:
        found = case.store.read(FEED_KEY)
    except StoreVerifyError as error:
        return None, (_lagging(case, error.message),)
    if found is None:
        return None, (_lagging(case, _("The feed is gone from the store.")),)
    data = found[0]
    if sha256_of_bytes(data) != ledger.feed:
        text = _("The feed in the store is not that of state {seq}.").format(seq=ledger.seq)
        return data, (_lagging(case, text),)
    feed_url = case.config.show.feed_url
    faults = [
        finding
        for finding in check_feed(data, where=FEED_KEY, feed_url=feed_url)
        if finding.severity == "E"
    ]
    if faults:
        return data, tuple(
            Diagnosis(subject="feed", severity="error", message=f.message, hint=f.hint)
            for f in faults
        )
    return data, (healthy("feed", _("it is that of the ledger, and clients can read it")),)


def _lagging(case: Case, message: str) -> Diagnosis:
    return Diagnosis(
        subject="feed",
        severity="error",
        message=message,
        hint=FIX,
        mend=lambda: settle(lambda: _renew_feed(case)),
    )


def _renew_feed(case: Case) -> None:
    public = look(case.store)
    ledger = public.ledger
    if ledger is None:
        return
    change = Change(
        show=load_show(case.config, case.store, ledger),
        releases=(),
        entries=ledger.entries,
        retracted=ledger.retracted,
        what="doctor --fix",
        by=case.by,
        at=case.now,
    )
    commit(case.config, case.store, public, change)
