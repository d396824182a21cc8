"""What is said of providers, and the policies that people paste into their consoles."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase

import pytest

from ngopi.errors import EndpointMissingError, UnknownPresetError
from ngopi.model import StoreSettings
from ngopi.store import open_store
from ngopi.store.presets import (
    PRESETS,
    bucket_policy,
    cors_rules,
    endpoint_of,
    iam_policy,
    preset,
    preset_of,
    region_of,
    settings_instead,
)

MIB = 1 << 20
SETTINGS = StoreSettings(url="s3://kopi/ngopi", endpoint="https://s3.example.org")
PUBLIC = ("audio/007-gayo-0123456789ab.mp3", "covers/gayo-0123456789ab.jpg", "feed.xml")
PRIVATE = ("ledger.json", "releases/0f.json", "history/1.json", "probe/0f.json", "other.html")


def settings(name, **others):
    return StoreSettings(url="s3://kopi", preset=name, **others)


def allows(policy, action, key, *, bucket="kopi", prefix="ngopi/"):
    """Tell whether a policy allows *action* on *key*, by IAM's own rule for wildcards."""
    return any(
        statement["Effect"] == "Allow"
        and action in statement["Action"]
        and any(
            fnmatchcase(f"arn:aws:s3:::{bucket}/{prefix}{key}", pattern)
            for pattern in statement["Resource"]
        )
        for statement in json.loads(policy)["Statement"]
    )


# -- providers --------------------------------------------------------------------------------


def test_all_promised_providers_are_known():
    assert set(PRESETS) == {
        "aws", "r2", "b2", "wasabi", "spaces", "biznet", "idcloudhost", "minio", "seaweedfs",
    }  # fmt: skip
    assert all(preset(name).name == name for name in PRESETS)


def test_no_preset_asks_for_more_memory_than_is_allowed():
    """Each part under way is in memory, and one that is being read: 150 MB with Python itself."""
    for known in PRESETS.values():
        assert 8 * MIB <= known.part_bytes <= 16 * MIB
        assert (known.parts_at_once + 1) * known.part_bytes <= 64 * MIB


@pytest.mark.parametrize(
    ("given", "endpoint", "region"),
    [
        (settings("aws"), None, None),
        (settings("aws", region="ap-southeast-3"), None, "ap-southeast-3"),
        (
            settings("b2", region="us-west-004"),
            "https://s3.us-west-004.backblazeb2.com",
            "us-west-004",
        ),
        (settings("wasabi"), "https://s3.ap-southeast-1.wasabisys.com", "ap-southeast-1"),
        (settings("wasabi", region="eu-central-1"), "https://s3.eu-central-1.wasabisys.com",
         "eu-central-1"),
        (settings("spaces"), "https://sgp1.digitaloceanspaces.com", "sgp1"),
        (settings("biznet"), "https://nos.wjv-1.neo.id", "wjv-1"),
        (settings("idcloudhost"), "https://is3.cloudhost.id", "us-east-1"),
        (
            settings("r2", endpoint="https://0a1b.r2.cloudflarestorage.com"),
            "https://0a1b.r2.cloudflarestorage.com",
            "auto",
        ),
        (settings("minio", endpoint="http://nas:9000"), "http://nas:9000", "us-east-1"),
        (SETTINGS, "https://s3.example.org", None),
        (StoreSettings(url="s3://kopi"), None, None),
    ],
    ids=lambda value: getattr(value, "preset", None),
)  # fmt: skip
def test_a_preset_says_where_the_store_is(given, endpoint, region):
    assert endpoint_of(given) == endpoint
    assert region_of(given) == region


@pytest.mark.parametrize("name", ["r2", "b2", "minio", "seaweedfs"])
def test_what_only_the_person_knows_is_asked_for(name, tmp_path):
    with pytest.raises(EndpointMissingError) as missing:
        open_store(settings(name), root=tmp_path)

    assert missing.value.exit_status == 78
    assert name in missing.value.message
    assert "endpoint = " in missing.value.hint


def test_an_unknown_provider_is_answered_with_the_known_ones(tmp_path):
    with pytest.raises(UnknownPresetError) as unknown:
        open_store(settings("warung"), root=tmp_path)

    assert unknown.value.exit_status == 78
    assert "warung" in unknown.value.message
    assert all(name in unknown.value.hint for name in PRESETS)


def test_r2_gets_few_parts_at_once():
    assert preset("r2").parts_at_once == 2


def test_stores_of_ones_own_are_addressed_by_path():
    """A bucket's name before a host needs a DNS name of its own, which few servers have."""
    assert preset_of(SETTINGS).addressing == "path"
    assert preset_of(StoreSettings(url="s3://kopi")).addressing == "auto"


# -- policies ---------------------------------------------------------------------------------


def test_listeners_may_read_what_a_podcast_app_needs_and_nothing_else():
    policy = bucket_policy(SETTINGS)

    assert all(allows(policy, "s3:GetObject", key) for key in PUBLIC)
    assert not any(allows(policy, "s3:GetObject", key) for key in PRIVATE)
    assert not allows(policy, "s3:GetObject", "feed.xml", prefix="")
    assert not allows(policy, "s3:GetObject", "feed.xml", bucket="kopi2")
    (statement,) = json.loads(policy)["Statement"]
    assert statement["Principal"] == "*"
    assert statement["Action"] == ["s3:GetObject"]


def test_the_access_key_may_do_what_publishing_needs_and_nothing_else():
    policy = iam_policy(SETTINGS)
    document = json.loads(policy)

    for action in ("s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"):
        assert all(allows(policy, action, key) for key in (*PUBLIC, *PRIVATE[:4]))
        assert not allows(policy, action, "other.html")
        assert not allows(policy, action, "feed.xml", prefix="")
    deleted = (*PUBLIC[:2], "probe/0f.json")  # by gc, retract and doctor
    kept = ("feed.xml", "ledger.json", "history/1.json", "releases/0f.json", "other.html")
    for action in ("s3:DeleteObject", "s3:DeleteObjectVersion"):
        assert all(allows(policy, action, key) for key in deleted)
        assert not any(allows(policy, action, key) for key in kept)
    assert {
        pattern
        for statement in document["Statement"]
        if "s3:ListBucket" in statement["Action"]
        for pattern in statement["Resource"]
    } == {"arn:aws:s3:::kopi"}
    actions = {action for each in document["Statement"] for action in each["Action"]}
    assert {"s3:ListBucketVersions", "s3:ListBucketMultipartUploads"} < actions  # of what goes
    assert not any("*" in action for each in document["Statement"] for action in each["Action"])


@pytest.mark.parametrize(
    "given",
    [
        settings("r2", endpoint="https://0a1b.r2.cloudflarestorage.com"),
        StoreSettings(url="s3://kopi", endpoint="https://0a1b.eu.r2.cloudflarestorage.com"),
        settings("b2", region="us-west-004"),
        StoreSettings(url="s3://kopi", endpoint="https://s3.us-west-004.backblazeb2.com"),
    ],
    ids=["r2", "r2-by-endpoint", "b2", "b2-by-endpoint"],
)
def test_providers_without_policies_are_told_what_to_set_instead(given):
    told = " ".join(settings_instead(given))

    assert "takes no" in told
    assert "public" in told
    assert "Read & Write" in told or "Read and Write" in told
    assert "for this bucket only" in told


@pytest.mark.parametrize("given", [SETTINGS, StoreSettings(url="s3://kopi"), settings("wasabi")])
def test_other_providers_get_policies(given):
    assert settings_instead(given) == ()


def test_web_players_may_fetch_ranges_from_anywhere():
    (rule,) = json.loads(cors_rules(SETTINGS))["CORSRules"]

    assert rule["AllowedOrigins"] == ["*"]
    assert rule["AllowedMethods"] == ["GET", "HEAD"]
    assert "Range" in rule["AllowedHeaders"]
    assert {"Content-Range", "Accept-Ranges"} <= set(rule["ExposeHeaders"])


@pytest.mark.parametrize("name", ["aws", "r2"])
def test_consoles_that_want_bare_rules_get_them(name):
    given = settings(name, endpoint="https://0a1b.r2.cloudflarestorage.com")

    assert json.loads(cors_rules(given))[0]["AllowedMethods"] == ["GET", "HEAD"]


def test_init_offers_every_provider_that_the_store_knows():
    from ngopi.cli.shows import init

    offered = next(param for param in init.params if param.name == "store_preset")

    assert tuple(offered.type.choices) == tuple(PRESETS)
