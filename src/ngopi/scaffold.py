"""A new show: its folder, its ngopi.toml with a comment on every key, a first cover."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ngopi.artwork import make_cover
from ngopi.atomic import write_atomic
from ngopi.config import FILE_NAME, load_config, problems_of
from ngopi.errors import AnswersInvalidError, DiskError, EndpointMissingError, FolderNotEmptyError
from ngopi.i18n import _
from ngopi.model import AudioSettings
from ngopi.store.presets import PRESETS, endpoint_of
from ngopi.text import clean_line, slug_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import ExitStack
    from pathlib import Path

    from ngopi.config import Config

_GITIGNORE = """\
# {media}
media/
public/
.ngopi/
.ngopi.lock
"""

_WORKFLOW = """\
# {purpose}
name: feed
on: [push, pull_request]
permissions:
  contents: read
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.13"
      # {variable}
      - run: python -P -m pip install "${{NGOPI:?}}"
        env:
          NGOPI: ${{{{ vars.NGOPI }}}}
      - run: ngopi check feeds/*.xml
        if: hashFiles('feeds/*.xml') != ''
"""


_PUBLISHING = """\
# {purpose}
# {variable}
name: publish
on:
  schedule:
    - cron: "7,37 * * * *"
  workflow_dispatch:
permissions:
  contents: read
concurrency: publish
jobs:
  publish:
    if: vars.NGOPI_PUBLISH == 'yes'
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.13"
      - run: python -P -m pip install "${{NGOPI:?}}"
        env:
          NGOPI: ${{{{ vars.NGOPI }}}}
      - run: ngopi publish
        env:
          NGOPI_WHO: ${{{{ github.actor }}}} (GitHub)
          AWS_ACCESS_KEY_ID: ${{{{ secrets.AWS_ACCESS_KEY_ID }}}}
          AWS_SECRET_ACCESS_KEY: ${{{{ secrets.AWS_SECRET_ACCESS_KEY }}}}
"""


_FOLDERS = ("episodes", "feeds", ".github", ".github/workflows")


# Where ngopi serve shows a show to its producer.
ONLY_HERE = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What ``ngopi init`` asked; *public_url* and *store* as in ngopi.toml."""

    title: str
    author: str
    language: str
    category: str
    timezone: str
    public_url: str
    store: str
    preset: str | None
    email: str | None


_SOME = Answers(
    title="Ngopi",
    author="Ngopi",
    language="id",
    category="Government",
    timezone="Asia/Jakarta",
    public_url=ONLY_HERE,
    store="file:public",
    preset=None,
    email=None,
)


def answer_fault(name: str, answer: str) -> str | None:
    """Return what is wrong with the *answer* for the field *name* of `Answers`, or None."""
    if not clean_line(answer):
        return _('"{key}" is empty').format(key=name)
    one: dict[str, Any] = {name: answer}
    problems = problems_of(settings_text("ngopi", replace(_SOME, **one)))
    return problems[0].text if problems else None


def require_answers(said: Mapping[str, str | None]) -> None:
    """Check what was said of the fields of `Answers`; None: nothing.

    Raises:
        AnswersInvalidError: all that cannot be.
    """
    faults = [
        f"  {fault}"
        for name, answer in said.items()
        if answer is not None and (fault := answer_fault(name, answer)) is not None
    ]
    if faults:
        raise AnswersInvalidError(problems=tuple(faults))


def make_show(folder: Path, answers: Answers) -> Config:
    """Write a new show into *folder*; files that are there already stay as they are.

    Whatever fails or interrupts it, nothing half-made stays.

    Raises:
        FolderNotEmptyError: *folder* is a show already.
        AnswersInvalidError: an answer cannot be; nothing was made.
        DiskError: the folder cannot be written.
    """
    settings = folder / FILE_NAME
    if settings.exists():
        raise FolderNotEmptyError(path=settings, folder=folder)
    name = slug_of(answers.title) or slug_of(folder.name) or "podcast"
    text = settings_text(name, answers)
    problems = problems_of(text)
    if problems:
        raise AnswersInvalidError(problems=tuple(f"  {problem.text}" for problem in problems))
    with contextlib.ExitStack() as undo:
        for part in (folder, *(folder / name for name in _FOLDERS)):
            _make_folder(part, undo)
        for path, data in _first_files(folder, answers):
            _write_new(path, data, undo)
        # Last: as long as it is missing, the folder is no show, and init can be run again.
        _write_new(settings, text.encode(), undo)
        config = load_config(folder, environment={})
        undo.pop_all()
    return config


def _first_files(folder: Path, answers: Answers) -> Iterator[tuple[Path, bytes]]:
    workflow = _WORKFLOW.format(
        purpose=_("Checks the feed at every change."),
        variable=_(
            "Set the repository variable NGOPI to where pip finds ngopi: an address that "
            "begins with git+https://, or a .whl file in this repository."
        ),
    )
    publishing = _PUBLISHING.format(
        purpose=_("Makes scheduled episodes public when their time has come, twice an hour."),
        variable=_(
            "Set the variables NGOPI (see feed.yml) and NGOPI_PUBLISH=yes, and the store's two "
            "AWS secrets, in this repository's settings. The audio must be in the store already: "
            "ngopi ingest puts it there."
        ),
    )
    ignored = _GITIGNORE.format(media=_("Sound is kept in the store, not in git."))
    yield folder / ".github" / "workflows" / "feed.yml", workflow.encode()
    yield folder / ".github" / "workflows" / "publish.yml", publishing.encode()
    yield folder / ".gitignore", ignored.encode()
    if not (folder / "cover.jpg").exists():
        yield folder / "cover.jpg", make_cover(answers.title, answers.author)


def still_to_write(config: Config) -> tuple[str, ...]:
    """Return the keys of [store] without which nobody else finds the show."""
    if not config.store.url.startswith("s3:"):
        return ()
    keys = []
    try:
        endpoint_of(config.store)
    except EndpointMissingError:
        keys.append("endpoint")
    if config.show.public_url == ONLY_HERE:
        keys.append("public_url")
    return tuple(keys)


def _make_folder(path: Path, undo: ExitStack) -> None:
    missing = [part for part in (path, *path.parents) if not part.is_dir()]
    for part in reversed(missing):
        try:
            part.mkdir()
        except OSError as error:
            raise DiskError(path=part, reason=error.strerror or error) from error
        undo.callback(_forget_folder, part)


def _forget_folder(path: Path) -> None:
    with contextlib.suppress(OSError):  # somebody else's file lies in it by now
        path.rmdir()


def _write_new(path: Path, data: bytes, undo: ExitStack) -> None:
    if not path.exists():
        undo.callback(path.unlink, missing_ok=True)
        write_atomic(path, data)


def settings_text(name: str, answers: Answers) -> str:
    """Return the ngopi.toml of a new show, every key with a comment in the reader's language."""
    description = _("{title}: a podcast by {author}.").format(
        title=answers.title, author=answers.author
    )
    lines = [
        "[show]",
        *_key("name", name, _("the feed's file name: feeds/<name>.xml")),
        *_key("title", answers.title, _("the name that podcast apps show")),
        *_key("description", description, _("what the show is about, in a few sentences")),
        *_key("author", answers.author, _("who makes it")),
        *_key("language", answers.language, _("language code: id, en, jv …")),
        *_key("category", answers.category, _("one of Apple's categories, spelt exactly")),
        *_key("subcategory", None, _("one of that category's, if it has any")),
        *_key("timezone", answers.timezone, _("Asia/Jakarta, Asia/Makassar or Asia/Jayapura")),
        *_key("explicit", value=False, why=_("true if it is not for children")),
        *_key("kind", "episodic", _("episodic (newest first) or serial (told in order)")),
        *_key("locked", value=True, why=_("true: other hosts may not take the feed over")),
        *_key("cover", "cover.jpg", _("square, 1400 to 3000 pixels, JPEG or PNG")),
        *_key("email", answers.email, _("shown in the feed to everybody; better left out")),
        *_key("link", None, _("the show's web page")),
        *_key("copyright", None, _("who holds the rights")),
        *_key("guid", None, _("only for a show that has a podcast:guid from elsewhere")),
        "",
        "[store]",
        *_key("url", answers.store, _("where files are put: file:FOLDER or s3://BUCKET/PREFIX")),
        *_key("public_url", answers.public_url, _("the web address under which they are found")),
        *_key("preset", answers.preset, _("aws, r2, b2, wasabi, spaces, biznet, idcloudhost …")),
        *_key(
            "endpoint",
            None,
            _("an S3-compatible provider's address; AWS needs none"),
            example=_endpoint_example(answers.preset),
        ),
        *_key("region", None, _("the store's region, if the provider asks for one")),
        *_key("profile", None, _("a profile of ~/.aws/credentials; never write secrets here")),
        "",
        "[audio]",
        *_key("target_lufs", None, _("loudness; without it -16 LUFS, or -19 for mono")),
        *_key("true_peak_dbtp", -1.0, _("the highest true peak of the delivered file")),
        *_key("bitrate_kbps", None, _("without it 128, or 64 for mono")),
        *_key("channels", None, _("1 or 2; without it as recorded")),
        *_audio_keys(),
        "",
        "[workflow]",
        *_key(
            "editor_required",
            value=False,
            why=_("true: public only after ngopi approve by another than the writer"),
        ),
    ]
    return "\n".join(lines) + "\n"


def _audio_keys() -> list[str]:
    """Return what [audio] says of the treatment before the loudness is set."""
    usual = AudioSettings()
    return [
        *_key("leveller", usual.leveller, _("true: quiet and loud speakers come to one loudness")),
        *_key("remove_rumble", usual.remove_rumble, _("true: rumble below the voices goes")),
        *_key("remove_hum", usual.remove_hum, _("true: hum of the mains goes, if there is any")),
        *_key("reduce_noise", usual.reduce_noise, _("true: steady background noise is lowered")),
        *_key("trim_silence", usual.trim_silence, _("true: silence at both ends is cut away")),
        *_key("kept_silence_s", usual.kept_silence_s, _("of which so many seconds stay")),
        *_key(
            "longest_pause_s",
            usual.longest_pause_s,
            _("longer pauses are shortened to so many seconds; without it none is"),
        ),
        *_key("intro", usual.intro, _("sound played before every episode: a file in this folder")),
        *_key("outro", usual.outro, _("sound played after every episode: a file in this folder")),
        *_key(
            "intro_under_s",
            usual.intro_under_s,
            _("so many seconds of the intro go on, quieter, under the first words"),
        ),
        *_key(
            "crossfade_s",
            usual.crossfade_s,
            _("seconds in which intro, episode and outro overlap"),
        ),
    ]


_EXAMPLES: dict[str, str | int | float] = {
    "subcategory": "…",
    "email": "humas@example.org",
    "link": "https://example.org",
    "copyright": "CC BY 4.0",
    "guid": "00000000-0000-0000-0000-000000000000",
    "preset": "aws",
    "endpoint": "https://s3.example.org",
    "region": "ap-southeast-3",
    "profile": "ngopi",
    "target_lufs": -16.0,
    "bitrate_kbps": 128,
    "channels": 1,
    "longest_pause_s": 2.0,
    "intro": "intro.wav",
    "outro": "outro.wav",
}


def _endpoint_example(preset: str | None) -> str | None:
    return PRESETS[preset].endpoint if preset is not None else None


def _key(key: str, value: str | float | None, why: str, *, example: str | None = None) -> list[str]:
    import tomlkit

    if value is None:
        return [f"# {why}", f"# {key} = {tomlkit.item(example or _EXAMPLES[key]).as_string()}"]
    return [f"# {why}", f"{key} = {tomlkit.item(value).as_string()}"]
