"""The doctor sees what is wrong, names what mends it, and is silent once that is done."""

from __future__ import annotations

import json
import os
import shutil
import threading
from datetime import UTC, datetime, timedelta

import pytest

import speech
from ngopi.config import load_config
from ngopi.console import Console
from ngopi.doctor import examine
from ngopi.model import StoreSettings
from ngopi.preview import open_preview
from ngopi.store import open_store
from s3_server import S3Server, use_access_key
from weak_server import BUCKET, running_weak_server


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rekaman")
    for name, level in (("satu", -24.0), ("dua", -30.0)):
        speech.write_wav(folder / f"{name}.wav", speech.voice(3.0, rms_dbfs=level), speech.RATE_HZ)
    return folder


@pytest.fixture(scope="module")
def published(tmp_path_factory, recordings):
    """A show with two states; tests get a copy."""
    from ngopi.__main__ import main

    folder = tmp_path_factory.mktemp("asli") / "show"
    argv = ["init", folder, "--title", "Ngopi", "--author", "H"]
    assert main([str(word) for word in argv]) == 0
    for name in ("satu", "dua"):
        assert main(["--show", str(folder), "ingest", str(recordings / f"{name}.wav")]) == 0
    return folder


@pytest.fixture
def shop(published, tmp_path, monkeypatch):
    """A healthy show in a folder store, and this process standing in it."""
    folder = tmp_path / "show"
    shutil.copytree(published, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def doctor(ngopi):
    """Run the doctor; return its status and all that is not well, by subject."""

    def run(*options):
        done = ngopi("doctor", "--json", *options)
        found = [f for f in done.json["findings"] if f["severity"] != "ok"]
        assert all(f["hint"] for f in found), found
        assert done.json["errors"] == sum(f["severity"] == "error" for f in found)
        assert done.status == (1 if done.json["errors"] else 0)
        return [(f["subject"], f["severity"], f["message"], f["hint"]) for f in found]

    return run


def only(found):
    """The one thing that is not well."""
    assert len(found) == 1, found
    return found[0]


def one(folder, pattern):
    (path,) = folder.glob(pattern)
    return path


FIX = "ngopi doctor --fix"


def test_a_healthy_show_is_healthy_and_the_report_is_lines_for_people(ngopi, shop, doctor):
    assert doctor() == []
    assert doctor("--read-data") == []

    told = ngopi("doctor")

    assert told.status == 0
    assert told.out.splitlines()[-1] == "0 errors, 0 warnings"
    assert "127.0.0.1:8000 is this machine: nothing was asked of it" in told.out
    assert all(line.startswith("ok ") for line in told.out.splitlines()[:-1])


def test_a_show_that_never_published_is_healthy(show, doctor):
    assert doctor() == []


@pytest.mark.parametrize(
    ("pattern", "subject", "severity"),
    [
        ("audio/satu-*.mp3", "objects", "error"),
        ("covers/show-*", "objects", "error"),
        ("feed.xml", "feed", "error"),
        ("ledger.json", "ledger", "error"),
    ],
)
@pytest.mark.parametrize("fault", ["gone", "damaged"])
def test_what_is_gone_or_damaged_in_the_store_is_named_and_mended(
    shop, doctor, pattern, subject, severity, fault
):
    path = one(shop / "public", pattern)
    good = path.read_bytes()
    path.unlink() if fault == "gone" else path.write_bytes(good[:-1] + b"!")

    found = doctor()

    assert (subject, severity, FIX) in [(f[0], f[1], f[3]) for f in found]
    assert doctor("--fix") == []
    assert path.read_bytes() == good
    assert doctor("--read-data") == []


def test_every_release_can_be_written_again_from_this_folder(shop, doctor):
    good = {path: path.read_bytes() for path in (shop / "public/releases").iterdir()}
    for path in list(good)[:2]:
        path.write_bytes(b"{}")
    for path in list(good)[2:]:
        path.unlink()
    shutil.rmtree(shop / ".ngopi" / "releases")

    found = doctor()

    assert {f[0] for f in found} == {"releases"}
    assert len(found) == len(good) == 3
    assert doctor("--fix") == []
    assert {path: path.read_bytes() for path in (shop / "public/releases").iterdir()} == good


def test_a_release_that_only_a_colleague_has_is_mended_there(shop, doctor, ngopi, tmp_path):
    """A changed text is a new release; the folder that made it has it, a fresh one has not."""
    colleague = tmp_path / "budi"
    shutil.copytree(shop, colleague, ignore=shutil.ignore_patterns(".ngopi", "public"))
    settings = colleague / "ngopi.toml"
    settings.write_text(
        settings.read_text("utf-8").replace("file:public", f"file:{(shop / 'public').as_posix()}"),
        "utf-8",
    )
    retitle(shop, "satu", "Satu lagi")
    assert ngopi("publish").status == 0
    ledger = json.loads((shop / "public/ledger.json").read_bytes())
    sha256 = next(e["release"] for e in ledger["entries"] if e["slug"] == "satu")
    (shop / f"public/releases/{sha256}.json").unlink()

    there = ngopi("--show", colleague, "doctor", "--json", "--fix").json["findings"]
    broken = next(f for f in there if f["subject"] == "releases")

    assert broken["hint"] == "on the computer that published it, run: ngopi doctor --fix"
    assert only(doctor())[0] == "releases"
    assert doctor("--fix") == []


def retitle(show, slug, title):
    path = show / "episodes" / slug / "episode.md"
    lines = path.read_text(encoding="utf-8").splitlines()
    changed = [f'title = "{title}"' if line.startswith("title") else line for line in lines]
    path.write_text("\n".join(changed) + "\n", encoding="utf-8")


def test_a_lost_ledger_is_not_brought_back_where_a_newer_one_may_have_been(
    shop, doctor, ngopi, tmp_path
):
    """Ani's folder saw state 2, Budi's state 3: only Budi's may say what was public."""
    ani = tmp_path / "ani"
    shutil.copytree(shop, ani, ignore=shutil.ignore_patterns("public"))
    settings = ani / "ngopi.toml"
    settings.write_text(
        settings.read_text("utf-8").replace("file:public", f"file:{(shop / 'public').as_posix()}"),
        "utf-8",
    )
    assert ngopi("retract", "satu").status == 0
    lost = (shop / "public/ledger.json").read_bytes()
    (shop / "public/ledger.json").unlink()

    told = ngopi("--show", ani, "doctor", "--json", "--fix")

    assert told.status == 1
    assert not (shop / "public/ledger.json").exists()
    assert [f["hint"] for f in told.json["findings"] if f["subject"] == "ledger"] == [
        "on the computer that published last, run: ngopi doctor --fix"
    ]
    assert doctor("--fix") == []
    assert (shop / "public/ledger.json").read_bytes() == lost


def test_an_old_copy_of_the_store_is_noticed_and_mended(shop, doctor, ngopi):
    shutil.copyfile(shop / "public/history/1.json", shop / "public/ledger.json")

    found = doctor()

    assert ("ledger", "error") in [f[:2] for f in found]
    assert "The store is at state 1, but state 2 was public" in found_of(found, "ledger")
    assert ngopi("publish").status == 65
    assert doctor("--fix") == []
    assert ngopi("publish").status == 0


def found_of(found, subject):
    return next(f[2] for f in found if f[0] == subject)


def test_a_feed_of_an_earlier_state_is_rendered_anew(shop, doctor, ngopi):
    old = (shop / "public/feed.xml").read_bytes()
    retitle(shop, "satu", "Satu lagi")
    ngopi("publish")
    new = (shop / "public/feed.xml").read_bytes()
    (shop / "public/feed.xml").write_bytes(old)

    assert "feed" in {f[0] for f in doctor()}
    assert doctor("--fix") == []

    assert (shop / "public/feed.xml").read_bytes() == new
    assert json.loads((shop / "public/ledger.json").read_bytes())["seq"] == 3


def test_a_wrong_local_copy_of_the_feed_is_brought_in_line(shop, doctor):
    copy = one(shop, "feeds/*.xml")
    copy.write_text("<rss/>", encoding="utf-8")

    assert only(doctor())[:2] == ("local", "warning")
    assert doctor("--fix") == []
    assert copy.read_bytes() == (shop / "public/feed.xml").read_bytes()


def test_a_state_that_this_folder_saw_last_goes_back_into_the_history(shop, doctor, ngopi):
    seen = (shop / ".ngopi/ledger.json").read_bytes()
    assert ngopi("retract", "satu").status == 0
    (shop / ".ngopi/ledger.json").write_bytes(seen)  # as on a colleague's computer
    (shop / "public/history/2.json").unlink()
    (shop / "public/history/1.json").write_bytes(b"x")

    found = {f[2]: f[3] for f in doctor() if f[0] == "history"}

    assert len(found) == 2
    left = only(doctor("--fix"))
    assert left[2].startswith("history/1.json is gone or damaged")
    assert left[3] == "on a computer that saw state 1 last, run: ngopi doctor --fix"
    assert (shop / "public/history/2.json").read_bytes() == seen


def test_audio_that_is_nowhere_is_named_with_the_way_to_make_it_again(
    shop, doctor, ngopi, recordings
):
    one(shop, "public/audio/satu-*.mp3").unlink()
    media = {path: path.read_bytes() for path in (shop / "media").glob("*.mp3")}
    for path in media:
        path.unlink()

    found = doctor("--fix")

    assert {f[0] for f in found} == {"objects", "media"}
    assert "ngopi ingest RECORDING --episode satu" in found[0][3]
    again = ngopi("ingest", recordings / "satu.wav", "--episode", "satu")
    assert again.status == 0, again.err
    assert doctor("--fix") == []


@pytest.mark.parametrize(
    ("change", "message", "command"),
    [
        ("retitled", '"satu" was changed here and is public as before.', ["publish"]),
        ("removed", '"satu" is public and not in this folder.', ["pull"]),
        ("not published", '"satu" is due and not public yet.', ["publish"]),
    ],
)
def test_a_folder_that_differs_from_what_is_public_is_told_what_to_run(
    shop, doctor, ngopi, tmp_path, change, message, command
):
    if change == "retitled":
        retitle(shop, "satu", "Satu lagi")
    elif change == "removed":
        shutil.rmtree(shop / "episodes/satu")
    else:
        shutil.rmtree(shop / "public")
        shutil.rmtree(shop / ".ngopi")
        shutil.rmtree(shop / "episodes/dua")

    found = only(doctor())

    assert found == ("catalogue", "warning", message, f"ngopi {command[0]}")
    assert ngopi(*command).status == 0
    assert doctor() == []


def test_episodes_that_cannot_be_read_are_errors_each_with_its_line(shop, doctor):
    notes = shop / "episodes/satu/episode.md"
    good = notes.read_text(encoding="utf-8")
    notes.write_text(good.replace("guid =", "giud ="), encoding="utf-8")
    (shop / "episodes/dua/audio.toml").write_text("?", encoding="utf-8")

    found = doctor("--fix")

    assert {f[:2] for f in found} == {("catalogue", "error")}
    assert [f[2].split(":")[0] for f in found] == ["dua/audio.toml", "satu/episode.md"]
    assert notes.read_text(encoding="utf-8").count("giud") == 1


def test_old_objects_of_no_state_are_told(shop, doctor, ngopi):
    foreign = shop / "public/audio/asing-000000000000.mp3"
    foreign.write_bytes(b"x")
    assert doctor() == []  # it may belong to a publish that goes on tomorrow
    age(foreign, days=31)

    assert only(doctor())[:3] == (
        "garbage", "warning", "1 object in the store belongs to no state."
    )  # fmt: skip
    assert ngopi("gc", "--delete", "--yes").status == 0
    assert doctor() == []


def age(path, *, days):
    then = path.stat().st_mtime - days * 86400
    os.utime(path, (then, then))


def test_a_folder_has_no_policies(shop, ngopi):
    assert ngopi("doctor", "--policies").out.endswith("a folder: it needs no policies.\n")
    assert ngopi("doctor", "--policies", "--json").json["policies"] == {}


# -- S3 ---------------------------------------------------------------------------------------


def settle_at(show, settings, public_url):
    """Let *show* live in the S3 store of *settings*, with nothing public yet."""
    path = show / "ngopi.toml"
    before, _, rest = path.read_text(encoding="utf-8").partition("[store]")
    table = f"[store]\nurl = '{settings.url}'\nendpoint = '{settings.endpoint}'\n"
    after = rest[rest.index("[audio]") :]
    text = f"{before}{table}public_url = '{public_url}'\n\n{after}"
    path.write_text(text, encoding="utf-8")
    shutil.rmtree(show / ".ngopi", ignore_errors=True)
    shutil.rmtree(show / "public", ignore_errors=True)


@pytest.fixture
def cloud(shop, ngopi, s3_settings):
    """The show in a bucket that anybody can read; returns the bucket and the prefix."""
    bucket, prefix = s3_settings.url.removeprefix("s3://").split("/")
    settle_at(shop, s3_settings, f"{s3_settings.endpoint}/{bucket}/{prefix}")
    assert ngopi("publish").status == 0
    return bucket, prefix


def subjects(found):
    return {f[0] for f in found}


def test_cors_and_privacy_are_told_and_the_rules_to_paste_mend_cors(
    shop, cloud, doctor, ngopi, s3_server
):
    """A bucket for one site's player only; this server opens every bucket to everybody."""
    bucket, prefix = cloud
    rule = {"AllowedOrigins": ["https://bawaslu.example"], "AllowedMethods": ["GET"]}
    client = s3_server.client()
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})

    found = doctor()

    assert subjects(found) == {"public", "privacy"}
    assert "CORS" in found_of(found, "public")
    assert "Anybody can read ledger.json, releases/" in found_of(found, "privacy")
    policies = ngopi("doctor", "--policies", "--json").json["policies"]
    assert policies.keys() == {"bucket", "cors", "iam"}
    assert f"arn:aws:s3:::{bucket}/{prefix}/audio/*" in json.dumps(policies["bucket"])
    assert '"AllowedOrigins"' in ngopi("doctor", "--policies").out
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration=policies["cors"])
    assert subjects(doctor()) == {"privacy"}


def test_what_is_gone_or_rotten_in_a_bucket_is_named_and_mended(shop, cloud, doctor, s3_server):
    bucket, prefix = cloud
    client = s3_server.client()
    keys = [o["Key"] for o in client.list_objects_v2(Bucket=bucket)["Contents"]]
    satu, dua = (next(k for k in keys if f"audio/{slug}-" in k) for slug in ("satu", "dua"))
    release = next(k for k in keys if "/releases/" in k)
    client.delete_object(Bucket=bucket, Key=satu)
    client.delete_object(Bucket=bucket, Key=release)
    there = client.get_object(Bucket=bucket, Key=dua)
    body = bytearray(there["Body"].read())
    body[len(body) // 2] ^= 1  # a flipped bit, under the old headers
    client.put_object(
        Bucket=bucket, Key=dua, Body=bytes(body), ContentType="audio/mpeg",
        Metadata=there["Metadata"],
    )  # fmt: skip
    client.put_object(Bucket=bucket, Key=f"{prefix}/feed.xml", Body=b"<rss/>")

    found = doctor()

    assert {"objects", "feed", "releases", "public"} <= subjects(found)
    assert not any("audio/dua-" in f[2] for f in found)  # its headers say that all is well
    assert any("audio/dua-" in f[2] for f in doctor("--read-data"))
    assert subjects(doctor("--fix", "--read-data")) == {"privacy"}
    assert subjects(doctor("--read-data")) == {"privacy"}
    assert client.get_object(Bucket=bucket, Key=dua)["Body"].read() != bytes(body)


def test_an_address_that_serves_an_old_feed_or_nothing_is_named(
    shop, cloud, doctor, s3_server, tmp_path
):
    """public_url leads to a cache with another feed, and then to nobody."""
    bucket, prefix = cloud
    client, copy = s3_server.client(), tmp_path / "cache"
    for found in client.list_objects_v2(Bucket=bucket)["Contents"]:
        path = copy / found["Key"].removeprefix(f"{prefix}/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(client.get_object(Bucket=bucket, Key=found["Key"])["Body"].read())
    (copy / "feed.xml").write_bytes((copy / "feed.xml").read_bytes() + b"<!-- old -->")
    server = open_preview(copy, port=0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        settings = (shop / "ngopi.toml").read_text(encoding="utf-8")
        right = f"{s3_server.endpoint}/{bucket}/{prefix}"
        wrong = settings.replace(right, f"http://127.0.0.1:{server.port}")
        (shop / "ngopi.toml").write_text(wrong, encoding="utf-8")
        cached = [f[1:3] for f in doctor() if f[0] == "public"]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    dead = [f[1] for f in doctor() if f[0] == "public"]
    (shop / "ngopi.toml").write_text(settings, encoding="utf-8")

    url = f"http://127.0.0.1:{server.port}/feed.xml"
    assert cached == [("warning", f"{url} is not the feed that lies in the store.")]
    assert dead == ["error"] * 4  # the feed, two episodes and the cover
    assert subjects(doctor()) == {"privacy"}


def test_a_wrong_type_is_named(shop, cloud, doctor, s3_server):
    bucket, _prefix = cloud
    client = s3_server.client()
    key = next(
        o["Key"]
        for o in client.list_objects_v2(Bucket=bucket)["Contents"]
        if "audio/satu-" in o["Key"]
    )
    there = client.get_object(Bucket=bucket, Key=key)
    client.put_object(
        Bucket=bucket, Key=key, Body=there["Body"].read(), ContentType="text/plain",
        Metadata=there["Metadata"],
    )  # fmt: skip

    errors = [f[2] for f in doctor() if f[1] == "error"]

    assert len(errors) == 1
    assert "its type is text/plain instead of audio/mpeg" in errors[0]
    client.delete_object(Bucket=bucket, Key=key)
    assert {f[1] for f in doctor("--fix")} == {"warning"}


def test_a_clock_that_is_off_is_told(shop, cloud):
    config = load_config(shop)
    store = open_store(config.store, root=config.root)

    def clock(off):
        now = datetime.now(UTC) + off
        found = examine(config, store, by="uji", now=now, progress=Console())
        return next((d.severity, d.message) for d in found if d.subject == "clock")

    assert clock(timedelta())[0] == "ok"
    assert clock(timedelta(minutes=-5))[0] == "warning"
    severity, message = clock(timedelta(minutes=20))
    assert severity == "error"
    assert "seconds off the server's" in message


def test_a_refused_key_and_a_store_that_is_down_are_findings(
    shop, cloud, doctor, s3_server, monkeypatch, tmp_path
):
    use_access_key(monkeypatch, s3_server.access_key, "salah", nowhere=tmp_path)

    found = only(doctor())

    assert found[:2] == ("store", "error")
    assert "refused" in found[2]
    use_access_key(monkeypatch, s3_server.access_key, s3_server.secret_key, nowhere=tmp_path)
    settings = shop / "ngopi.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace(cloud[0], "tidak-ada-di-sini"), encoding="utf-8")
    assert 'no bucket "tidak-ada-di-sini"' in only(doctor())[2]


class ClosedServer(S3Server):
    """A server at which nobody may read without a key, unless a bucket's policy says so."""

    def _identities(self):
        (owner, _anonymous) = super()._identities()["identities"]
        return {"identities": [owner]}


@pytest.fixture
def closed_server(s3_server, tmp_path, monkeypatch):
    folder = tmp_path / "server"
    folder.mkdir()
    server = ClosedServer(folder=folder, binary=s3_server.binary)
    server.start()
    use_access_key(monkeypatch, server.access_key, server.secret_key, nowhere=tmp_path)
    yield server
    server.kill()


def test_the_policy_to_paste_opens_what_listeners_need_and_nothing_else(
    shop, doctor, ngopi, closed_server
):
    client = closed_server.client()
    client.create_bucket(Bucket="siniar")
    settings = StoreSettings(url="s3://siniar/ngopi", endpoint=closed_server.endpoint)
    settle_at(shop, settings, f"{closed_server.endpoint}/siniar/ngopi")
    policies = ngopi("doctor", "--policies", "--json").json["policies"]
    client.put_bucket_policy(Bucket="siniar", Policy=json.dumps(policies["bucket"]))
    assert ngopi("publish").status == 0

    assert doctor() == []

    client.delete_bucket_policy(Bucket="siniar")
    closed = doctor()
    assert {f[:2] for f in closed} == {("public", "error")}
    assert all("403 Forbidden" in f[2] and "ngopi doctor --policies" in f[3] for f in closed)
    client.put_bucket_policy(Bucket="siniar", Policy=json.dumps(policies["bucket"]))
    assert doctor() == []
    client.close()


def test_a_store_that_cannot_keep_publishers_apart_is_told(shop, doctor, tmp_path, monkeypatch):
    with running_weak_server(tmp_path / "weak") as server:
        use_access_key(monkeypatch, server.access_key, server.secret_key, nowhere=tmp_path)
        settings = StoreSettings(url=f"s3://{BUCKET}/ngopi", endpoint=server.endpoint)
        settle_at(shop, settings, f"{server.endpoint}/{BUCKET}/ngopi")

        found = [f[1:3] for f in doctor() if f[0] == "store"]

    assert [severity for severity, _message in found] == ["warning"]
    assert "does not keep two publishers apart" in found[0][1]
