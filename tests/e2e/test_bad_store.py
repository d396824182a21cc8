"""A store that cannot be used: the episode is kept, the public sees nothing of it, and then all."""

from __future__ import annotations

import contextlib
import os
import socket

import pytest

from refusals import refused, tree
from s3_server import use_access_key
from speech import voice, write_wav


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return write_wav(tmp_path_factory.mktemp("rekaman") / "rapat.wav", voice(4.0))


@pytest.fixture
def closed_port():
    """A port of this machine on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # held, so that nobody else starts to listen there
        yield taken.getsockname()[1]


def point_to(show, *, url, endpoint=None, public_url="http://127.0.0.1:8000"):
    """Write the [store] table of *show* anew."""
    settings = show / "ngopi.toml"
    before, _, rest = settings.read_text(encoding="utf-8").partition("[store]")
    after = rest[rest.index("[audio]") :]
    lines = [f"url = '{url}'", f"public_url = '{public_url}'"]
    if endpoint is not None:
        lines.append(f"endpoint = '{endpoint}'")
    table = "\n".join(["[store]", *lines])
    settings.write_text(f"{before}{table}\n\n{after}", encoding="utf-8")


def kept(show):
    """Return what a failure to publish must leave: the episode and its audio, nothing public."""
    names = set(tree(show))
    media = {name for name in names if name.startswith("media/")}
    assert len(media) == 1
    assert {"episodes/rapat/episode.md", "episodes/rapat/audio.toml"} <= names
    assert not {name for name in names if name.startswith((".ngopi/ingest-", "feeds/"))}
    assert not {name for name in names if name.startswith("public/") and name.endswith("l")}
    return tree(show)


def refused_but_kept(ngopi, show, recording, *, status, code, says=()):
    """Ingest, then publish twice: each time the same refusal, and the episode is kept."""
    made = ngopi("ingest", recording, "--json")

    assert (made.status, made.out) == (status, ""), made
    assert (made.error["code"], made.error["exit_code"]) == (code, status)
    assert '"rapat" is made and kept' in made.error["message"]
    assert "ngopi publish" in made.error["message"]
    assert len(made.err.splitlines()) == 1
    before = kept(show)
    error = refused(ngopi, show, "publish", status=status, code=code, says=says)
    assert made.error["hint"] == error["hint"]
    assert tree(show) == before
    assert ngopi("show", "rapat", "--json").json["state"] == "ready"


def is_public(ngopi, show):
    assert ngopi("publish").status == 0
    assert ngopi("show", "rapat", "--json").json["state"] == "published"
    assert ngopi("check").status == 0


# -- folders ----------------------------------------------------------------------------------


def test_a_file_where_the_folder_should_be_is_named_before_anything_is_made(ngopi, show, recording):
    show.joinpath("public").write_text("bukan folder", encoding="utf-8")
    before = tree(show)

    made = ngopi("ingest", recording, "--json")
    again = ngopi("publish", "--json")

    for run in (made, again):
        assert (run.error["code"], run.status) == ("store-no-folder", 78), run
        assert "public" in run.error["message"]
    assert tree(show) == before
    show.joinpath("public").unlink()
    assert ngopi("ingest", recording).status == 0
    assert ngopi("show", "rapat", "--json").json["state"] == "published"


@contextlib.contextmanager
def read_only(folder):
    folder.chmod(0o500)
    try:
        if os.access(folder, os.W_OK):
            pytest.skip("permissions do not bind this account")
        yield
    finally:
        folder.chmod(0o700)


def test_a_read_only_folder_is_named(ngopi, show, recording):
    show.joinpath("public").mkdir()
    with read_only(show / "public"):
        refused_but_kept(ngopi, show, recording, status=74, code="disk", says=["public"])

    is_public(ngopi, show)


@pytest.mark.parametrize("name", ["episodes", "."])
def test_a_show_that_is_read_only_is_named(ngopi, show, recording, name):
    with read_only(show / name):
        refused(ngopi, show, "ingest", recording, status=74, code="disk", says=["show"])

    assert ngopi("ingest", recording).status == 0


@pytest.mark.parametrize("name", ["media", "episodes", ".ngopi"])
def test_a_file_where_a_folder_of_the_show_should_be_is_named(ngopi, show, recording, name):
    """Stands for every folder that cannot be written; permissions do not bind root."""
    if show.joinpath(name).is_dir():
        show.joinpath(name).rmdir()
    show.joinpath(name).write_text("bukan folder", encoding="utf-8")

    refused(ngopi, show, "ingest", recording, status=74, code="disk", says=[name])

    show.joinpath(name).unlink()
    assert ngopi("ingest", recording).status == 0


def test_a_ledger_that_is_damaged_is_named_and_left_alone(ngopi, show, recording):
    assert ngopi("ingest", recording).status == 0
    show.joinpath("public", "ledger.json").write_bytes(b"{")

    refused(ngopi, show, "publish", status=65, code="bad-ledger", says=["ledger.json"])


# -- S3 ---------------------------------------------------------------------------------------


def test_a_store_that_is_down_is_named_with_its_address(
    ngopi, show, recording, closed_port, monkeypatch, tmp_path
):
    use_access_key(monkeypatch, "kunci", "rahasia", nowhere=tmp_path)
    endpoint = f"http://127.0.0.1:{closed_port}"
    point_to(show, url="s3://ngopi-audio/siniar", endpoint=endpoint)

    refused_but_kept(ngopi, show, recording, status=69, code="store-unreachable", says=[endpoint])


def test_a_store_without_an_access_key_says_where_to_put_one(
    ngopi, show, recording, closed_port, monkeypatch, tmp_path
):
    use_access_key(monkeypatch, None, None, nowhere=tmp_path)
    point_to(show, url="s3://ngopi-audio/siniar", endpoint=f"http://127.0.0.1:{closed_port}")

    refused_but_kept(
        ngopi, show, recording, status=77, code="no-credentials", says=['"ngopi-audio"']
    )


def test_a_wrong_key_is_refused_and_the_right_one_publishes(
    ngopi, show, recording, s3_server, s3_settings, monkeypatch, tmp_path
):
    bucket, prefix = s3_settings.url.removeprefix("s3://").split("/")
    public_url = f"{s3_settings.endpoint}/{bucket}/{prefix}"
    point_to(show, url=s3_settings.url, endpoint=s3_settings.endpoint, public_url=public_url)
    use_access_key(monkeypatch, s3_server.access_key, "salah", nowhere=tmp_path)

    refused_but_kept(ngopi, show, recording, status=77, code="credentials-refused", says=[bucket])
    assert "Contents" not in s3_server.client().list_objects_v2(Bucket=bucket)

    use_access_key(monkeypatch, s3_server.access_key, s3_server.secret_key, nowhere=tmp_path)
    is_public(ngopi, show)


def test_a_bucket_that_is_not_there_is_named(ngopi, show, recording, s3_server, s3_environment):
    point_to(show, url="s3://tidak-ada/siniar", endpoint=s3_server.endpoint)

    refused_but_kept(ngopi, show, recording, status=69, code="no-such-bucket", says=['"tidak-ada"'])


def test_what_the_public_cannot_fetch_is_not_in_the_feed(
    ngopi, show, recording, s3_server, s3_settings, closed_port
):
    """The bucket works, the public address is wrong."""
    point_to(
        show,
        url=s3_settings.url,
        endpoint=s3_settings.endpoint,
        public_url=f"http://127.0.0.1:{closed_port}/siniar",
    )

    refused_but_kept(ngopi, show, recording, status=69, code="not-public", says=[str(closed_port)])
    rehearsed = ngopi("publish", "--dry-run", "--json")

    bucket = s3_settings.url.removeprefix("s3://").split("/")[0]
    keys = [found["Key"] for found in s3_server.client().list_objects_v2(Bucket=bucket)["Contents"]]
    assert not [key for key in keys if key.endswith((".xml", ".json"))]
    assert (rehearsed.status, rehearsed.json["add"]) == (0, ["rapat"])
    point_to(
        show,
        url=s3_settings.url,
        endpoint=s3_settings.endpoint,
        public_url=f"{s3_settings.endpoint}/{bucket}/ngopi",
    )
    is_public(ngopi, show)


@pytest.mark.parametrize(
    ("url", "endpoint", "code"),
    [
        ("s3://AB", None, "bad-store-address"),
        ("s3://ngopi-audio/../x", None, "bad-store-address"),
        ("file://example.org/x", None, "bad-store-address"),
        ("s3://kunci:sandi@bucket/x", None, "bad-config"),
        ("s3://ngopi-audio", "https://kunci:sandi@s3.example.org", "bad-config"),
        ("ftp://example.org", None, "bad-config"),
    ],
)
def test_an_address_that_cannot_be_is_refused_before_the_work(
    ngopi, show, recording, url, endpoint, code
):
    point_to(show, url=url, endpoint=endpoint)

    for command in (("ingest", recording), ("publish",)):
        error = refused(ngopi, show, *command, status=78, code=code)
        assert "sandi" not in str(error)  # a password must not be shown again
