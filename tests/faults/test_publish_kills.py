"""kill -9 at every step of a publish: run again it converges, and no promise was broken."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from mortal import mortals
from prepared import add_episode, guid_of, make_show
from promises import PublicBucket, PublicFolder, Witness

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork, no SIGKILL")

KILLED = -9
# Far above what any of these runs takes: a loop that never ends is a failure, not a hang.
MOST_STEPS = 400


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    show = make_show(tmp_path_factory.mktemp("prepared") / "show")
    add_episode(show, "dua", 1)
    return show


@pytest.fixture(scope="module")
def dying(tmp_path_factory):
    with mortals(tmp_path_factory.mktemp("cwd")) as server:
        yield server


class OnFolder:
    """Each try is a folder of its own."""

    def __init__(self, folder):
        self.folder = folder

    def place(self, name):
        root = self.folder / f"public-{name}"
        env = {"NGOPI_LANG": "en", "NGOPI_STORE_URL": f"file:{root}"}
        return PublicFolder(root=root), env

    def copy(self, before, name):
        shutil.copytree(before.root, self.folder / f"public-{name}")


class OnS3:
    """Each try is a prefix of its own in one bucket."""

    def __init__(self, server, bucket):
        self.server, self.bucket, self.client = server, bucket, server.client()

    def place(self, name):
        place = PublicBucket(
            client=self.client, endpoint=self.server.endpoint, bucket=self.bucket, prefix=name
        )
        env = {
            "NGOPI_LANG": "en",
            "NGOPI_STORE_URL": f"s3://{self.bucket}/{name}",
            "NGOPI_STORE_ENDPOINT": self.server.endpoint,
            "NGOPI_STORE_PUBLIC_URL": place.public_url,
            "AWS_ACCESS_KEY_ID": self.server.access_key,
            "AWS_SECRET_ACCESS_KEY": self.server.secret_key,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        return place, env
