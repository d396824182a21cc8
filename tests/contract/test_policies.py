"""The policies that ngopi proposes, judged by a real server."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
from urllib.parse import urlsplit

import pytest

from ngopi.model import StoreSettings
from ngopi.store import open_store
from ngopi.store.presets import bucket_policy, cors_rules
from s3_server import S3Server, new_bucket, use_access_key

AUDIO = "audio/007-gayo-0123456789ab.mp3"
PUBLIC = (AUDIO, "covers/gayo-0123456789ab.jpg", "feed.xml")
PRIVATE = ("ledger.json", "releases/0f.json", "history/1.json")


class ClosedServer(S3Server):
    """A server at which listeners may do nothing but what a bucket's policy allows."""

    def _identities(self):
        owner, _ = super()._identities()["identities"]
        return {"identities": [owner]}


@pytest.fixture
def closed_server(s3_server, tmp_path, monkeypatch):
    server = ClosedServer(folder=tmp_path / "closed", binary=s3_server.binary)
    server.folder.mkdir()
    use_access_key(monkeypatch, server.access_key, server.secret_key, nowhere=tmp_path)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def ask(server, path, **headers):
    """Ask as anybody, without credentials."""
    connection = http.client.HTTPConnection(urlsplit(server.endpoint).netloc, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer


def test_the_bucket_policy_opens_what_listeners_need_and_no_more(closed_server, tmp_path):
    with new_bucket(closed_server) as bucket:
        settings = StoreSettings(url=f"s3://{bucket}/ngopi", endpoint=closed_server.endpoint)
        store, client = open_store(settings, root=tmp_path), closed_server.client()
        path = tmp_path / "kopi.mp3"
        path.write_bytes(b"kopi")
        store.add(AUDIO, path, sha256=hashlib.sha256(b"kopi").hexdigest(), advance=lambda _: None)
        for key in (*PUBLIC[1:], *PRIVATE):
            store.swap(key, b"1", expected=None)
        assert {ask(closed_server, f"/{bucket}/ngopi/{key}").status for key in PUBLIC} == {403}
        client.put_bucket_policy(Bucket=bucket, Policy=bucket_policy(settings))
        client.close()

        assert {ask(closed_server, f"/{bucket}/ngopi/{key}").status for key in PUBLIC} == {200}
        assert {ask(closed_server, f"/{bucket}/ngopi/{key}").status for key in PRIVATE} == {403}
        assert ask(closed_server, f"/{bucket}?list-type=2").status == 403
        assert ask(closed_server, f"/{bucket}/ngopi/{AUDIO}", Range="bytes=0-0").status == 206


def test_the_cors_rules_let_a_web_player_in(s3_server, s3_bucket, s3_settings, tmp_path):
    open_store(s3_settings, root=tmp_path).swap("feed.xml", b"1", expected=None)
    client = s3_server.client()
    rules = json.loads(cors_rules(s3_settings))
    client.put_bucket_cors(Bucket=s3_bucket, CORSConfiguration=rules)
    client.close()
    answer = ask(
        s3_server, f"/{s3_bucket}/ngopi/feed.xml", Origin="https://radio.example.org",
        Range="bytes=0-0",
    )  # fmt: skip

    assert answer.status == 206
    assert answer.getheader("Access-Control-Allow-Origin") in ("*", "https://radio.example.org")
    assert "Content-Range" in answer.getheader("Access-Control-Expose-Headers")


def test_a_provider_that_takes_no_policies_gets_none_to_paste(
    ngopi, show, s3_settings, monkeypatch
):
    monkeypatch.setenv("NGOPI_STORE_URL", s3_settings.url)
    monkeypatch.setenv("NGOPI_STORE_ENDPOINT", s3_settings.endpoint)
    monkeypatch.setenv("NGOPI_STORE_PRESET", "b2")

    told, document = ngopi("doctor", "--policies"), ngopi("doctor", "--policies", "--json").json

    assert "Backblaze B2 takes no such policies" in told.out
    assert "Statement" not in told.out
    assert document["policies"]["bucket"] is document["policies"]["iam"] is None
    assert document["policies"]["cors"]
