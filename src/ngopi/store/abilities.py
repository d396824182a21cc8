"""What a store can do that others cannot: asked of the store itself, once, and remembered."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ngopi.errors import NgopiError, StoreWriteError, SwapConflictError
from ngopi.store.journal import remember
from ngopi.store.s3_answers import knows_no_condition
from ngopi.store.s3_bucket import hex_md5

if TYPE_CHECKING:
    from pathlib import Path

    from ngopi.model import ObjectHead
    from ngopi.store.s3_bucket import Bucket, Condition

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What holds of a store.

    *if_match*: a swap that expects a version is refused when there is another, and only then.
    *if_none_match*: a write that expects nothing is refused when there is something;
    *if_none_match_parts*: the same where an upload in parts is completed. *metadata*: what is
    written beside an object comes back with it. *etag_is_md5*: an ETag is its content's MD5,
    unless it has a hyphen.
    """

    if_match: bool
    if_none_match: bool
    if_none_match_parts: bool
    metadata: bool
    etag_is_md5: bool

    @property
    def safe_for_many(self) -> bool:
        """Tell whether several people can publish at the same moment and lose nothing."""
        return self.if_match and self.if_none_match


ABLE = Abilities(
    if_match=True, if_none_match=True, if_none_match_parts=True, metadata=True, etag_is_md5=False
)


def remembered_abilities(path: Path) -> Abilities | None:
    """Return what was remembered in *path*, or None."""
    if not path.is_file():
        return None
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(Abilities).validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None  # damaged, or of another ngopi: asking again costs a second


def remember_abilities(path: Path, abilities: Abilities) -> None:
    """Keep *abilities* in *path*.

    Raises:
        DiskError: the disk is full, the folder read-only, or the like.
    """
    remember(path, asdict(abilities))


def probe_bucket(bucket: Bucket) -> Abilities:
    """Find out what *bucket* can do with a scratch object under probe/, gone at the end.

    About a dozen small requests. An answer that says nothing about an ability (no connection,
    no right) is raised, so that it is never remembered as an inability.

    Raises:
        NgopiError: the store's errors, see Store.
    """
    key = f"probe/{secrets.token_hex(8)}.json"
    try:
        abilities = _found_out(bucket, key)
    except NgopiError:
        with contextlib.suppress(NgopiError):  # the first failure is the one to show
            bucket.delete(key)
        raise
    try:
        bucket.delete(key)
    except NgopiError as error:  # an access key that may not delete can publish all the same
        _log.warning("%s stays in the store: %s", key, error)
    return abilities


def _found_out(bucket: Bucket, key: str) -> Abilities:
    created = _accepts(bucket, key, b"1", {"IfNoneMatch": "*"})
    first = _put(bucket, key, b"2", {})
    refuses_taken = not _accepts(bucket, key, b"3", {"IfNoneMatch": "*"})
    there = bucket.head(key)
    current = first if there is None else there
    swapped = _accepts(bucket, key, b"4", {"IfMatch": current.version})
    refuses_stale = not _accepts(bucket, key, b"5", {"IfMatch": current.version})
    return Abilities(
        if_match=swapped and refuses_stale,
        if_none_match=created and refuses_taken,
        if_none_match_parts=_refuses_taken_parts(bucket, key),
        metadata=there is not None and there.sha256 is not None,
        etag_is_md5=first.version.strip('"') == hex_md5(b"2"),
    )


def _refuses_taken_parts(bucket: Bucket, key: str) -> bool:
    data = b"6"
    upload_id = bucket.begin(key, sha256=hashlib.sha256(data).hexdigest())
    etag = bucket.send_part(key, upload_id, 1, data, md5=hex_md5(data))

    try:
        bucket.complete(key, upload_id, {1: etag}, condition={"IfNoneMatch": "*"})
    except SwapConflictError:
        if _content(bucket, key) == data:
            return False  # it landed; refused was the second try, after a lost reply
        bucket.abort(key, upload_id)
        return True
    except StoreWriteError as error:
        if not knows_no_condition(error):
            raise
        bucket.abort(key, upload_id)
    return False


def _accepts(bucket: Bucket, key: str, data: bytes, condition: Condition) -> bool:
    """Write under a condition and tell whether it was written."""
    try:
        _put(bucket, key, data, condition)
    except SwapConflictError:
        # boto3 tries again when a reply is lost, and is then refused by its own first try.
        return _content(bucket, key) == data
    except StoreWriteError as error:
        if not knows_no_condition(error):
            raise
        return False
    return True


def _put(bucket: Bucket, key: str, data: bytes, condition: Condition) -> ObjectHead:
    return bucket.put(key, data, sha256=hashlib.sha256(data).hexdigest(), condition=condition)


def _content(bucket: Bucket, key: str) -> bytes | None:
    with bucket.asking("GetObject", key):
        answer = bucket.get(key)
        return None if answer is None else answer["Body"].read()
