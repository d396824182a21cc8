"""Which keys are gone and which bytes withdrawn: how a ledger says it, and never forgets it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ngopi.errors import LedgerUnreadableError, NgopiTooOldError
from ngopi.gone import union_of_gone, union_of_withdrawn
from ngopi.ledger import from_json, to_json
from ngopi.model import Ledger, LedgerEntry, Withdrawn

SHA = "ab" * 32
AT = datetime(2026, 11, 27, 12, tzinfo=UTC)
ENTRY = LedgerEntry(
    guid="018f-satu", slug="satu", release=SHA, published=AT, by="Sari", at=AT
)  # fmt: skip
LEDGER = Ledger(
    seq=3,
    nonce="n3",
    guid="018f",
    show=SHA,
    feed=SHA,
    by="Sari",
    at=AT,
    what="publish",
    entries=(ENTRY,),
)
GONE = replace(LEDGER, gone=("audio/dua-abababababab.mp3",))
WITHDRAWN = replace(LEDGER, withdrawn=(Withdrawn(sha256=SHA, seq_out=2),))


def test_a_ledger_without_deletions_has_the_bytes_that_it_always_had():
    assert hashlib.sha256(to_json(LEDGER)).hexdigest() == (
        "22831ac169c0c6f1cdf6a8d0f9630ece9824bde2ad370c5f8e6335bdd7ebd210"
    )
    assert from_json(Ledger, to_json(LEDGER), key="ledger.json") == LEDGER


@pytest.mark.parametrize("ledger", [GONE, WITHDRAWN])
def test_a_ledger_with_deletions_says_that_earlier_versions_cannot_read_it(ledger):
    assert json.loads(to_json(ledger))["format"] == 2
    assert from_json(Ledger, to_json(ledger), key="ledger.json") == ledger


@pytest.mark.parametrize("ledger", [GONE, WITHDRAWN])
def test_deletions_in_a_format_that_knows_none_are_refused(ledger):
    document = json.loads(to_json(ledger)) | {"format": 1}

    with pytest.raises(LedgerUnreadableError):
        from_json(Ledger, json.dumps(document).encode(), key="ledger.json")


@pytest.mark.parametrize("written_as", [3, 99, 0, -1, True, "2", None, 2.0])
def test_the_format_is_judged_before_the_shape(written_as):
    document = json.dumps({"format": written_as, "states": []}).encode()

    with pytest.raises((LedgerUnreadableError, NgopiTooOldError), match="format"):
        from_json(Ledger, document, key="ledger.json")


def test_two_lists_of_what_is_gone_become_one_without_losing_a_key():
    assert union_of_gone(("b", "a"), (), ("c", "a")) == ("a", "b", "c")


def test_of_two_who_know_of_the_same_bytes_each_later_date_holds():
    early = Withdrawn(sha256=SHA, seq_out=2, seq_back=4)
    late = Withdrawn(sha256=SHA, seq_out=6)
    other = Withdrawn(sha256="cd" * 32, seq_out=1)

    assert union_of_withdrawn((early, other), (late,)) == (
        Withdrawn(sha256=SHA, seq_out=6, seq_back=4),
        other,
    )
    assert union_of_withdrawn((late,), (early, other)) == union_of_withdrawn(
        (early, other), (late,)
    )
