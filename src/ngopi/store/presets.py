"""What is known of the providers of stores, and the policies to paste into their consoles."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from ngopi.errors import EndpointMissingError, UnknownPresetError
from ngopi.i18n import _
from ngopi.store.address import bucket_and_prefix

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ngopi.model import StoreSettings

_MIB = 1 << 20
# What listeners fetch; the ledger, the releases and the history are no business of theirs.
_PUBLIC = ("audio/*", "covers/*", "feed.xml")
_WRITTEN = (*_PUBLIC, "releases/*", "history/*", "ledger.json", "probe/*")
# What gc, retract --delete-audio and doctor --fix delete; releases and states nobody does.
_DELETED = ("audio/*", "covers/*", "probe/*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """How a provider wants to be asked.

    *endpoint* is a web address in which {region} is filled from the settings and {account} by
    the person (None: Amazon's own, or a server of one's own). *region* is where the provider
    starts people from this part of the world (None: each bucket has its own). *part_bytes* and
    *parts_at_once* are for uploads in parts.
    """

    name: str
    title: str
    endpoint: str | None = None
    region: str | None = None
    addressing: Literal["auto", "path", "virtual"] = "path"
    parts_at_once: int = 4
    part_bytes: int = 8 * _MIB


PRESETS = {
    preset.name: preset
    for preset in (
        Preset(name="aws", title="Amazon S3", addressing="auto"),
        Preset(
            name="r2",
            title="Cloudflare R2",
            endpoint="https://{account}.r2.cloudflarestorage.com",
            region="auto",
            parts_at_once=2,  # answers 429 to more
            part_bytes=16 * _MIB,
        ),
        Preset(name="b2", title="Backblaze B2", endpoint="https://s3.{region}.backblazeb2.com"),
        Preset(
            name="wasabi",
            title="Wasabi",
            endpoint="https://s3.{region}.wasabisys.com",
            region="ap-southeast-1",
        ),
        Preset(
            name="spaces",
            title="DigitalOcean Spaces",
            endpoint="https://{region}.digitaloceanspaces.com",
            region="sgp1",
            addressing="virtual",
        ),
        Preset(
            name="biznet",
            title="Biznet Gio NEO Object Storage",
            endpoint="https://nos.{region}.neo.id",
            region="wjv-1",
        ),
        Preset(
            name="idcloudhost",
            title="IDCloudHost Object Storage",
            endpoint="https://is3.cloudhost.id",
            region="us-east-1",
        ),
        Preset(name="minio", title="MinIO", region="us-east-1"),
        Preset(name="seaweedfs", title="SeaweedFS", region="us-east-1"),
    )
}
_UNKNOWN = Preset(name="other", title="S3")


def preset(name: str) -> Preset:
    """Return what is known of a provider.

    Raises:
        UnknownPresetError: no provider has that name.
    """
    if name not in PRESETS:
        raise UnknownPresetError(preset=name, known=", ".join(PRESETS))
    return PRESETS[name]


def preset_of(settings: StoreSettings) -> Preset:
    """Return the preset that *settings* name, or what suits most stores.

    Raises:
        UnknownPresetError: no provider has that name.
    """
    if settings.preset is not None:
        return preset(settings.preset)
    return PRESETS["aws"] if settings.endpoint is None else _UNKNOWN


def endpoint_of(settings: StoreSettings) -> str | None:
    """Return the store's web address; None is Amazon's own.

    Raises:
        UnknownPresetError: no provider has that name.
        EndpointMissingError: the preset leaves something open that only the person knows.
    """
    chosen = preset_of(settings)
    if settings.endpoint is not None or chosen.name == "aws":
        return settings.endpoint
    region = settings.region or chosen.region
    template = chosen.endpoint
    if template is None or "{account}" in template or (region is None and "{region}" in template):
        example = template or "http://127.0.0.1:9000"
        raise EndpointMissingError(preset=chosen.name, example=example)
    return template.format(region=region)


def region_of(settings: StoreSettings) -> str | None:
    """Return the region that requests are signed for; None leaves it to the AWS profile."""
    return settings.region or preset_of(settings).region


def settings_instead(settings: StoreSettings) -> tuple[str, ...]:
    """Return what to set at a provider that takes no policies, as sentences; else nothing.

    Source: Cloudflare R2, "S3 API compatibility" (no bucket policies), "Public buckets" and
    "Authentication"; Backblaze B2, "S3-Compatible API" (no policies but for enterprises, since
    2026), "Application Key Capabilities".
    """
    host = urlsplit(settings.endpoint or "").hostname or ""
    if settings.preset == "r2" or host.endswith(".r2.cloudflarestorage.com"):
        listen = _(
            "Cloudflare R2 takes no policies. For listeners: connect a domain of your own in the "
            "bucket's settings (Custom Domains), and write it as public_url into ngopi.toml."
        )
        key = _(
            "For the access key: create an R2 API token with Object Read & Write, for this "
            "bucket only."
        )
    elif settings.preset == "b2" or host.endswith(".backblazeb2.com"):
        listen = _(
            "Backblaze B2 takes no such policies. For listeners: say in the bucket's settings "
            "that files in the bucket are public."
        )
        key = _(
            "For the access key: create an application key with Read and Write, for this "
            "bucket only."
        )
    else:
        return ()
    return listen, key, _("All that lies in the bucket is public then: keep nothing else there.")


def bucket_policy(settings: StoreSettings) -> str:
    """Return the JSON of a policy by which anybody reads what listeners need, and no more.

    For providers that know policies, see `settings_instead`.
    """
    listen = {
        "Sid": "Listen",
        "Principal": "*",
        "Action": ["s3:GetObject"],
        "Resource": _resources(settings, _PUBLIC),
    }
    return _document([listen])


def iam_policy(settings: StoreSettings) -> str:
    """Return the JSON of a policy for the access key: the least that ngopi needs."""
    bucket = bucket_and_prefix(settings.url)[0]
    publish = {
        "Sid": "Publish",
        "Action": [
            "s3:GetObject",
            "s3:PutObject",
            "s3:AbortMultipartUpload",
            "s3:ListMultipartUploadParts",
        ],
        "Resource": _resources(settings, _WRITTEN),
    }
    # Without it a key that is not there is answered by 403 instead of 404. A condition on
    # s3:prefix would take that away again: such requests state no prefix.
    tell = {
        "Sid": "TellWhatIsMissing",
        "Action": ["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"],
        "Resource": [f"arn:aws:s3:::{bucket}"],
    }
    # What is deleted by name goes in all versions that a bucket may have kept of it.
    tidy = {
        "Sid": "TidyUp",
        "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
        "Resource": _resources(settings, _DELETED),
    }
    return _document([publish, tell, tidy])


def cors_rules(settings: StoreSettings) -> str:
    """Return the JSON of rules by which web players may fetch audio and the feed.

    The consoles of Amazon and R2 want the bare rules; ``aws s3api put-bucket-cors``, by which
    the others are told, wants them in an object.
    """
    rules = [
        {
            "AllowedOrigins": ["*"],
            "AllowedMethods": ["GET", "HEAD"],
            "AllowedHeaders": ["Range", "If-None-Match", "If-Modified-Since"],
            "ExposeHeaders": ["Accept-Ranges", "Content-Length", "Content-Range", "ETag"],
            "MaxAgeSeconds": 86400,
        }
    ]
    console = preset_of(settings).name in ("aws", "r2")
    return json.dumps(rules if console else {"CORSRules": rules}, indent=2)


def _document(statements: Sequence[Mapping[str, object]]) -> str:
    allowed = [{"Effect": "Allow", **statement} for statement in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": allowed}, indent=2)


def _resources(settings: StoreSettings, patterns: tuple[str, ...]) -> list[str]:
    bucket, prefix = bucket_and_prefix(settings.url)
    return [f"arn:aws:s3:::{bucket}/{prefix}{pattern}" for pattern in patterns]
