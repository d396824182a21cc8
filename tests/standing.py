"""Stores for one show after another: below one folder, or below one bucket of a real server."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from promises import PublicBucket, PublicFolder
from s3_server import S3Server
from weak_server import WeakServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_s3 import S3Client  # noqa: TC004 - stubs, which only annotate


@dataclass(frozen=True, kw_only=True)
class OnFolder:
    """Each store is a folder below *root*."""

    root: Path

    def place(self, name: str) -> tuple[PublicFolder, dict[str, str]]:
        """Return the store *name* as the public sees it, and the environment to publish there."""
        folder = self.root / f"public-{name}"
        return PublicFolder(root=folder), {"NGOPI_LANG": "en", "NGOPI_STORE_URL": f"file:{folder}"}


@dataclass(frozen=True, kw_only=True)
class InShow:
    """The folder store that a new show has, in the show's own folder."""

    show: Path

    def place(self, name: str) -> tuple[PublicFolder, dict[str, str]]:
        """Return the one store, whatever its *name*."""
        del name
        return PublicFolder(root=self.show / "public"), {"NGOPI_LANG": "en"}


@dataclass(frozen=True, kw_only=True)
class OnS3:
    """Each store is a prefix in *bucket*; *endpoint*, if not the server's, lies before it.

    *public*, if not the server's own, is the address where listeners read all buckets.
    """

    server: S3Server | WeakServer
    bucket: str
    client: S3Client
    endpoint: str | None = None
    public: str | None = None

    @classmethod
    @contextlib.contextmanager
    def of(
        cls,
        server: S3Server | WeakServer,
        bucket: str,
        endpoint: str | None = None,
        public: str | None = None,
    ) -> Iterator[OnS3]:
        """Look at *bucket* with a client of one's own."""
        with contextlib.closing(server.client()) as client:
            yield cls(server=server, bucket=bucket, client=client, endpoint=endpoint, public=public)

    def place(self, name: str) -> tuple[PublicBucket, dict[str, str]]:
        """Return the store *name* as the public sees it, and the environment to publish there."""
        place = PublicBucket(
            client=self.client,
            endpoint=self.public or self.server.endpoint,
            bucket=self.bucket,
            prefix=name,
        )
        return place, {
            "NGOPI_LANG": "en",
            "NGOPI_STORE_URL": f"s3://{self.bucket}/{name}",
            "NGOPI_STORE_ENDPOINT": self.endpoint or self.server.endpoint,
            "NGOPI_STORE_PUBLIC_URL": place.public_url,
            "AWS_ACCESS_KEY_ID": self.server.access_key,
            "AWS_SECRET_ACCESS_KEY": self.server.secret_key,
            "AWS_CONFIG_FILE": "no-aws-config",
            "AWS_SHARED_CREDENTIALS_FILE": "no-aws-credentials",
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@dataclass(frozen=True, kw_only=True)
class PutBack:
    """One store of *stores*, which is again as it was found whenever it is asked for."""

    stores: OnS3
    name: str

    @classmethod
    def of(cls, stores: OnS3, name: str) -> PutBack:
        """Remember the store *name* as it is now."""
        found = cls(stores=stores, name=name)
        found._copy(name, found._kept)
        return found

    def place(self, name: str) -> tuple[PublicBucket, dict[str, str]]:
        """Return the one store, whatever its *name*, as it was at first."""
        del name
        self._copy(self._kept, self.name)
        return self.stores.place(self.name)

    @property
    def _kept(self) -> str:
        return f"kept-{self.name}"

    def _copy(self, source: str, target: str) -> None:
        client, bucket = self.stores.client, self.stores.bucket
        wanted = self._versions(source)
        there = self._versions(target)
        for key in there.keys() - wanted.keys():
            client.delete_object(Bucket=bucket, Key=f"{target}/{key}")
        for key in (key for key in wanted if there.get(key) != wanted[key]):
            client.copy_object(
                Bucket=bucket, Key=f"{target}/{key}", CopySource=f"{bucket}/{source}/{key}"
            )

    def _versions(self, name: str) -> dict[str, str]:
        place, _ = self.stores.place(name)
        found = self.stores.client.list_objects_v2(
            Bucket=self.stores.bucket, Prefix=f"{place.prefix}/"
        )
        return {
            thing["Key"].removeprefix(f"{place.prefix}/"): thing["ETag"]
            for thing in found.get("Contents", ())
        }
