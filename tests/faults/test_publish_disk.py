"""The disk fails in the middle of a publish: run again it converges, and no promise was broken."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from mortal import mortals
from prepared import add_episode, guid_of, make_show
from promises import Witness
from standing import OnFolder, OnS3

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="runs are forked")

DISK = 74
# Far above what any of these runs takes: a loop that never ends is a failure, not a hang.
MOST_STEPS = 300


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A show of one episode, nothing of it public."""
    return make_show(tmp_path_factory.mktemp("prepared") / "show")


@pytest.fixture(scope="module")
def ngopi(prepared):
    with mortals(prepared) as runs:
        yield runs


@pytest.fixture
def show(prepared, tmp_path):
    return shutil.copytree(prepared, tmp_path / "show")


def assert_converged(ngopi, show, env, witness):
    """The disk is as it should be again: the same command finds its way."""
    again = ngopi.run("--show", show, "publish", env=env)

    assert again.status == 0, again.err
    witness.acknowledged |= {guid_of(show, path.name) for path in show.glob("episodes/*")}
    assert witness.at_rest() == []
    assert witness.public() == witness.acknowledged


def left_over(*folders):
    """Return what was begun and is of no use to anybody."""
    return [path for folder in folders for path in folder.rglob("*.tmp")]


# -- step by step -----------------------------------------------------------------------------


def fails_at(ngopi, stores, prepared, show, *, step, fault):
    """Let the disk fail at *step*, run again and look; return whether there was such a step."""
    shutil.rmtree(show, ignore_errors=True)
    shutil.copytree(prepared, show)
    place, env = stores.place(f"{fault}-{step}".lower())
    witness = Witness(place=place)
    failed = ngopi.run("--show", show, "publish", env=env, fail_at=step, fault=fault)
    assert failed.status in (0, DISK), f"{fault} at step {step}: {failed.err}"
    assert witness.now() == [], f"{fault} at step {step}"
    if failed.status == 0:  # what failed can be done without
        witness.acknowledged.add(guid_of(show, "satu"))
        assert witness.at_rest() == [], f"{fault} at step {step}"

    assert_converged(ngopi, show, env, witness)
    return step <= failed.steps


@pytest.mark.parametrize(("fault", "first", "stride"), [("EIO", 1, 1), ("ENOSPC", 2, 6)])
def test_every_step_on_the_disk_may_fail(ngopi, prepared, tmp_path, fault, first, stride):
    """One that fails once, anywhere; and one that is full from somewhere on."""
    stores, show = OnFolder(root=tmp_path), tmp_path / "show"
    steps = next(
        step
        for step in range(first, MOST_STEPS, stride)
        if not fails_at(ngopi, stores, prepared, show, step=step, fault=fault)
    )

    assert steps > 50  # the wire that counts them is connected
    assert left_over(tmp_path) == []


@pytest.mark.parametrize(("fault", "first"), [("EIO", 1), ("ENOSPC", 3)])
def test_steps_on_ones_own_disk_may_fail_before_a_bucket(
    ngopi, s3_server, s3_bucket, prepared, tmp_path, fault, first
):
    """What is remembered here cannot be written: the store must not suffer from it."""
    show = tmp_path / "show"
    with OnS3.of(s3_server, s3_bucket) as stores:
        steps = next(
            step
            for step in range(first, MOST_STEPS, 4)
            if not fails_at(ngopi, stores, prepared, show, step=step, fault=fault)
        )

    assert steps > 20
    assert left_over(show) == []


# -- real disks -------------------------------------------------------------------------------


def publish_more_than_fits(ngopi, show, env, witness, **limits):
    """Publish a second episode where it cannot be; the first stays as it is."""
    add_episode(show, "dua", 1)
    failed = ngopi.run("--show", show, "publish", env=env | limits)

    assert failed.status == DISK, failed.err
    assert witness.at_rest() == []
    assert witness.public() == {guid_of(show, "satu")}


@pytest.fixture
def published(ngopi, show, tmp_path):
    """The show's first episode in public: the environment to publish there, and the witness."""

    def publish():
        place, env = OnFolder(root=tmp_path).place("disk")
        done = ngopi.run("--show", show, "publish", env=env)
        assert done.status == 0, done.err
        witness = Witness(place=place, acknowledged={guid_of(show, "satu")})
        assert witness.at_rest() == []
        return env, witness

    return publish


@pytest.mark.parametrize("limit_bytes", [1_000, 30_000])
def test_a_write_may_fail_in_its_middle(ngopi, show, published, tmp_path, limit_bytes):
    """The audio has 66 kB, the ledger more than one."""
    env, witness = published()

    publish_more_than_fits(ngopi, show, env, witness, MORTAL_FILE_LIMIT_BYTES=str(limit_bytes))
    assert left_over(tmp_path) == []
    assert_converged(ngopi, show, env, witness)


@pytest.fixture
def small_disk(tmp_path):
    """A disk for the store of its own, and the way to mount it otherwise; only root has that."""
    disk = tmp_path / "public-disk"
    disk.mkdir()

    def mount(options):
        return subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk], capture_output=True, check=False
        )

    if shutil.which("mount") is None or mount(f"size={300 << 10}").returncode:
        pytest.skip("this system lets nobody mount")
    try:
        yield lambda options: mount(f"remount,{options}").check_returncode()
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_a_disk_that_is_full(ngopi, show, small_disk, published, tmp_path):
    """300 KiB: one cover and one episode fit, another of 66 kB and what it brings does not."""
    env, witness = published()
    tmp_path.joinpath("public-disk", "others").write_bytes(bytes(40_000))

    publish_more_than_fits(ngopi, show, env, witness)
    assert left_over(tmp_path) == []
    small_disk("size=10m")
    assert_converged(ngopi, show, env, witness)


def test_a_disk_that_became_read_only(ngopi, show, small_disk, published):
    env, witness = published()
    small_disk("ro")

    publish_more_than_fits(ngopi, show, env, witness)
    small_disk("rw")
    assert_converged(ngopi, show, env, witness)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind root")
def test_a_folder_that_became_read_only(ngopi, show, published, tmp_path):
    env, witness = published()
    folders = [path for path in tmp_path.rglob("public-disk/**") if path.is_dir()]
    for folder in folders:
        folder.chmod(0o500)
    try:
        publish_more_than_fits(ngopi, show, env, witness)
    finally:
        for folder in folders:
            folder.chmod(0o700)
    assert_converged(ngopi, show, env, witness)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize(
    "inject", ["fsync:error=EIO:when=3", "fsync:error=ENOSPC:when=8+", "rename:error=EIO:when=5"]
)
def test_errors_from_outside(ngopi, show, tmp_path, inject):
    """The same by the kernel's hand, on a Python that knows nothing of it."""
    place, env = OnFolder(root=tmp_path).place("disk")
    witness = Witness(place=place)
    strace = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"inject={inject}"]
    failed = subprocess.run(
        [*strace, sys.executable, "-m", "ngopi", "--show", show, "publish"],
        env=os.environ | env,
        capture_output=True,
        text=True,
        check=False,
    )
    if "ptrace" in failed.stderr:
        pytest.skip("this system lets nobody trace")
    assert failed.returncode == DISK, failed.stderr
    assert witness.now() == []

    assert_converged(ngopi, show, env, witness)
    assert left_over(tmp_path) == []
