"""Whatever somebody changes in a ledger or a release: it is the same value, or it is refused."""

from __future__ import annotations

import copy
import json
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forged import add_release, encoded, ledger_of, name_release, release_of, write_ledger
from ngopi.__main__ import main
from ngopi.catalogue import survey
from ngopi.config import load_config
from ngopi.errors import NgopiError
from ngopi.frontmatter import episode_text, read_episode
from ngopi.ledger import from_json, to_json
from ngopi.model import Ledger, Release, ShowRelease
from prepared import add_episode, make_show

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False) | st.text(max_size=40)
    | st.sampled_from(["", "../../x", "con", "\u2028", "\ud800", "x" * 5_000, "a\x00b", "1", "true",
                       "f" * 64, "2024-01-01", "2024-01-01T00:00:00+00:00", "https://evil.example"])
)  # fmt: skip
VALUES = (
    SCALARS
    | st.lists(SCALARS, max_size=3)
    | st.dictionaries(st.text(max_size=9), SCALARS, max_size=3)
)


@pytest.fixture(scope="module")
def show(tmp_path_factory):
    show = make_show(tmp_path_factory.mktemp("terbit") / "show")
    add_episode(show, "dua", 2)
    episode = show / "episodes" / "dua" / "episode.md"
    episode.write_text(episode.read_text("utf-8").replace('kind = "full"', CHAPTERS), "utf-8")
    for command in (["publish"], ["retract", "dua"], ["restore", "dua"]):
        assert main(["--show", str(show), *command]) == 0
    return show


CHAPTERS = """kind = "bonus"
people = [{ name = "Rani", role = "host" }]
chapters = [{ start = "00:00", title = "Awal" }, { start = "00:00.500", title = "Akhir" }]"""


def places(document, path=()):
    """Return the way to everything in a document."""
    found = [path]
    if isinstance(document, dict):
        found += [each for key in document for each in places(document[key], (*path, key))]
    if isinstance(document, list):
        found += [each for n in range(len(document)) for each in places(document[n], (*path, n))]
    return found


@st.composite
def mutations(draw, document):
    """Change, drop, add or move something anywhere in *document*, up to three times."""
    changed = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(changed)))
        if not path:
            continue
        holder = changed
        for part in path[:-1]:
            holder = holder[part]
        how = draw(st.sampled_from(["change", "drop", "add", "copy"]))
        if how == "change":
            holder[path[-1]] = draw(VALUES)
        elif how == "drop":
            del holder[path[-1]]
        elif how == "add" and isinstance(holder, dict):
            holder[draw(st.text(max_size=9))] = draw(VALUES)
        elif isinstance(holder, list):
            holder.append(copy.deepcopy(holder[path[-1]]))
    return changed


def judged(kind, body):
    """Return the value and its own JSON, or nothing where it was refused."""
    try:
        return from_json(kind, body, key="key")
    except NgopiError as error:
        return None if error.message and error.hint else error


def is_the_same(told, value):
    """Say whether what was taken is what was told, but for fields that were left out."""
    if isinstance(told, dict):
        return all(
            is_the_same(item, value[name]) if name in value else not item
            for name, item in told.items()
        )
    if isinstance(told, list):
        return len(told) == len(value) and all(map(is_the_same, told, value))
    return told == value and (isinstance(told, bool) == isinstance(value, bool))


def documents(show):
    store = show / "public"
    ledger = ledger_of(store)
    told = json.loads(store.joinpath("releases", f"{ledger['show']}.json").read_bytes())
    return [(Ledger, ledger), (Release, release_of(store, "dua")), (ShowRelease, told)]


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_document_is_taken_as_it_is_or_refused(show, data):
    kind, document = data.draw(st.sampled_from(documents(show)))
    body = encoded(data.draw(mutations(document)))

    value = judged(kind, body)

    if value is not None:
        mine = json.loads(to_json(value))
        told = json.loads(body)
        assert is_the_same({k: v for k, v in told.items() if k != "format"}, mine)
        assert judged(kind, to_json(value)) == value


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_changed_bytes_are_taken_as_they_are_or_refused(show, data):
    kind, document = data.draw(st.sampled_from(documents(show)))
    body = bytearray(encoded(document))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))

    judged(kind, bytes(body))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_passes_can_be_written_and_read_again(show, data):
    _kind, document = documents(show)[1]
    changed = copy.deepcopy(document)
    for key in data.draw(st.sets(st.sampled_from(["title", "summary", "writer", "notes"]))):
        changed["episode"][key] = data.draw(st.text(max_size=60))
    name = data.draw(st.text(max_size=30))
    changed["episode"]["people"] = [{"name": name, "role": "guest"}]
    release = judged(Release, encoded(changed))

    if release is not None:
        episode, problems = read_episode(
            episode_text(release.episode).encode(), release.episode.slug, release.audio
        )
        assert problems == []
        assert episode == release.episode


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_command_falls_over_a_changed_store_and_the_folder_stays_readable(show, data):
    kind, document = data.draw(st.sampled_from(documents(show)[:2]))
    changed = encoded(data.draw(mutations(document)))
    command = data.draw(st.sampled_from(["pull", "publish", "list", "doctor", "gc", "rollback"]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "show"
        shutil.copytree(show, folder)
        shutil.rmtree(folder / ".ngopi")
        store = folder / "public"
        if kind is Ledger:
            write_ledger(store, changed)
        else:
            shutil.rmtree(folder / "episodes" / "dua")
            name_release(store, "dua", add_release(store, changed))

        status = main(["--show", str(folder), command])

        assert status in {0, 1, 65, 66, 69, 75, 78}, command
        config = load_config(folder)
        assert survey(config.episodes, zone=config.zone).broken == ()
        assert {path.name for path in Path(name).iterdir()} == {"show"}
