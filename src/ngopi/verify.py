"""The end of a publish: is the feed that was rendered the one that listeners get?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ngopi.errors import NgopiError
from ngopi.feed.fetch import load_feed
from ngopi.ledger import seen_ledger, sha256_of_bytes
from ngopi.store.reach import public_error
from ngopi.transaction import bring_feed_in_line, feed_is_current, look, settle

if TYPE_CHECKING:
    from ngopi.config import Config
    from ngopi.publish import Published
    from ngopi.store import Store


def verify(config: Config, store: Store, published: Published) -> bool:
    """Say whether the feed is the rendered one: in the store and, of an S3 store, in public.

    False: the public still gets another one, perhaps from a cache. A state that this folder saw
    through to its end, and so verified, is not asked about again.

    Raises:
        PublicServerDownError, PublicUrlError: the public gets no feed.
    """
    if published.ledger is None:  # there is nothing to be got
        return True
    if not published.changed and seen_ledger(config.scratch) == published.ledger:
        return True
    in_public = config.store.url.startswith("s3:")
    if in_public and _served_sha256(published.feed_url) == published.ledger.feed:
        return True
    public = look(store)  # somebody else may have published since, or be about to
    if not feed_is_current(public, store):
        settle(lambda: bring_feed_in_line(config, store))
        public = look(store)
    if not in_public:
        return True
    rendered = {ledger.feed for ledger in (published.ledger, public.ledger) if ledger is not None}
    return _served_sha256(published.feed_url) in rendered


def _served_sha256(url: str) -> str:
    try:
        return sha256_of_bytes(load_feed(url))
    except NgopiError as error:
        reason = error.values.get("reason", error.message.rstrip("."))
        status = getattr(reason, "code", None)  # where there was an answer
        raise public_error(url, status=status, reason=reason) from error
