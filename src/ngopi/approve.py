"""``ngopi approve``: an editor's yes to an episode, or to the show's own data, as it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ngopi.catalogue import write_approval, write_show_approval
from ngopi.errors import (
    ApproverIsWriterError,
    NothingToApproveError,
    PersonEmptyError,
    WriterMissingError,
)
from ngopi.model import Approval
from ngopi.plan import reading_of, reading_of_show, release_of, show_of
from ngopi.text import clean_line, is_same_person

if TYPE_CHECKING:
    from datetime import datetime

    from ngopi.config import Config
    from ngopi.model import CatalogueEntry, Ledger


def approve(config: Config, entry: CatalogueEntry, *, by: str, now: datetime) -> Approval:
    """Write down that *by* read and heard the episode; a later change needs a new yes.

    Raises:
        ApproverIsWriterError: nobody approves what they wrote.
        NothingToApproveError: the episode has no audio yet.
        PersonEmptyError: *by* is no name.
        WriterMissingError: another than the writer must say yes, and nobody knows who that is.
    """
    name = clean_line(by)
    if not name:
        raise PersonEmptyError(text=by)
    if config.workflow.editor_required and not entry.episode.writer:
        raise WriterMissingError(slug=entry.episode.slug)
    if entry.episode.writer and is_same_person(name, entry.episode.writer):
        raise ApproverIsWriterError(slug=entry.episode.slug, name=name)
    if entry.audio is None:
        raise NothingToApproveError(slug=entry.episode.slug)
    approval = Approval(by=name, at=now, sha256=reading_of(release_of(config, entry)))
    write_approval(entry, approval)
    return approval


def approve_show(config: Config, ledger: Ledger | None, *, by: str, now: datetime) -> Approval:
    """Write down that *by* read the show's own data, as ngopi.toml has it, and saw its cover.

    Raises:
        PersonEmptyError: *by* is no name.
    """
    name = clean_line(by)
    if not name:
        raise PersonEmptyError(text=by)
    approval = Approval(by=name, at=now, sha256=reading_of_show(show_of(config, ledger)))
    write_show_approval(config.root, approval)
    return approval
