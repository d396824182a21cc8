"""ngopi.toml, with NGOPI_<TABLE>_<KEY> before it: validated whole, before any work."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ngopi.atomic import write_atomic
from ngopi.categories import CATEGORIES, spelt
from ngopi.errors import (
    ConfigInvalidError,
    LinkOutError,
    NoFileError,
    NoShowError,
    ShowFolderMissingError,
)
from ngopi.i18n import _
from ngopi.model import AudioSettings, Show, StoreSettings, WorkflowSettings
from ngopi.objections import LONGEST_TEXT, guid_rule, is_guid, line_objections
from ngopi.reading import leads_out, read_file
from ngopi.text import clean_line, is_slug
from ngopi.tomlfile import Problem, build, in_place, line_of, not_utf8, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILE_NAME = "ngopi.toml"
DEFAULT_PUBLIC_URL = "http://127.0.0.1:8000"
# What ngopi keeps in a show and writes there.
_OWN = ("episodes", "feeds", ".ngopi", ".ngopi.lock")
_TABLES = ("show", "store", "audio", "workflow")
_BIT_RATES_KBPS = (64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_QUIETEST_LUFS, _LOUDEST_LUFS = -31.0, -9.0
_LOWEST_PEAK_DBTP = -9.0
_LONGEST_S = 60
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A show's folder and all that its ngopi.toml says."""

    root: Path
    show: Show
    cover: Path
    store: StoreSettings
    audio: AudioSettings
    workflow: WorkflowSettings

    @property
    def episodes(self) -> Path:
        """The catalogue: one folder for each episode."""
        return self.root / "episodes"

    @property
    def media(self) -> Path:
        """The mastered files, by hash."""
        return self.root / "media"

    @property
    def feed(self) -> Path:
        """The local copy of the feed as published."""
        return self.root / "feeds" / f"{self.show.name}.xml"

    @property
    def scratch(self) -> Path:
        """What ngopi may forget: locks, spools, caches."""
        return self.root / ".ngopi"

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which the show's dates are said."""
        return ZoneInfo(self.show.timezone)


def find_show(start: Path) -> Path:
    """Return the nearest folder upwards from *start* that holds an ngopi.toml.

    Raises:
        NoShowError: there is none.
    """
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).exists():
            return folder
    raise NoShowError(folder=start)


def load_config(root: Path, *, environment: Mapping[str, str] | None = None) -> Config:
    """Read *root*/ngopi.toml, with NGOPI_STORE_URL and its like before it.

    Raises:
        ShowFolderMissingError: *root* holds no ngopi.toml.
        ConfigInvalidError: all that is wrong in it, with lines.
        LinkOutError: what ngopi would write in the show lies elsewhere.
    """
    path = root / FILE_NAME
    try:
        text = read_file(path, own=root).decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ShowFolderMissingError(path=path) from error
    except OSError as error:
        said = _("the file cannot be read: {reason}").format(reason=error.strerror or error)
        lines = listing(path, [Problem(line=1, text=said)])
        raise ConfigInvalidError(path=path, problems=lines) from error
    except UnicodeDecodeError as error:
        lines = listing(path, [Problem(line=1, text=not_utf8())])
        raise ConfigInvalidError(path=path, problems=lines) from error
    _require_own(root)
    document, problems = parse(text)
    if not problems:
        _overlay(document, os.environ if environment is None else environment)
        config, problems = _config(root, document, text)
        if config is not None and not problems:
            return config
    raise ConfigInvalidError(path=path, problems=listing(path, problems))


def _require_own(root: Path) -> None:
    """Refuse a show that would have ngopi write elsewhere; media/ and the store may lie there."""
    for name in _OWN:
        if leads_out(root / name, root):
            raise LinkOutError(path=root / name)
    with contextlib.suppress(OSError), os.scandir(root / ".ngopi") as found:
        for each in found:
            if leads_out(each.path, root):
                raise LinkOutError(path=each.path)
            if each.is_file() or each.is_dir() or each.is_symlink():
                continue
            raise NoFileError(path=each.path)  # whoever opens a pipe waits for ever


def edit_config(root: Path, changes: Mapping[tuple[str, str], object]) -> None:
    """Change keys of *root*/ngopi.toml, by table and key; comments and order stay.

    Raises:
        DiskError: it could not be written; the old file is still there.
    """
    import tomlkit

    path = root / FILE_NAME
    document = tomlkit.parse(path.read_text(encoding="utf-8-sig"))
    for (table, key), value in changes.items():
        rows: Any = document.setdefault(table, tomlkit.table())
        if value is None:
            rows.pop(key, None)
        else:
            rows[key] = value
    write_atomic(path, tomlkit.dumps(document).encode())


def problems_of(text: str) -> list[Problem]:
    """Return all that is wrong with the text of an ngopi.toml, wherever it will lie."""
    document, problems = parse(text)
    return problems or _config(Path(), document, text)[1]


def listing(path: Path, problems: list[Problem]) -> tuple[str, ...]:
    """Return the problems of one file as lines of ``name:line: what``."""
    ordered = sorted(set(problems), key=lambda problem: (problem.line, problem.text))
    return tuple(f"  {path.name}:{problem.line}: {problem.text}" for problem in ordered)


def _overlay(document: dict[str, Any], environment: Mapping[str, str]) -> None:
    for table, known in _known_keys().items():
        for key in known:
            value = environment.get(f"NGOPI_{table}_{key}".upper())
            if value is not None and isinstance(document.setdefault(table, {}), dict):
                document[table][key] = value


def _known_keys() -> dict[str, list[str]]:
    show = [field.name for field in fields(Show) if field.name != "public_url"]
    store = [field.name for field in fields(StoreSettings)]
    return {
        "show": [*show, "cover"],
        "store": [*store, "public_url"],
        "audio": [field.name for field in fields(AudioSettings)],
        "workflow": [field.name for field in fields(WorkflowSettings)],
    }


def _config(root: Path, document: dict[str, Any], text: str) -> tuple[Config | None, list[Problem]]:
    document, problems = in_place(document, _known_keys(), text=text)
    tables: dict[str, dict[str, Any]] = {}
    for name in _TABLES:
        table = document.get(name, {})
        if not isinstance(table, dict):
            said = _('"{key}" must be a table: write [{key}] on a line of its own').format(key=name)
            problems.append(Problem(line=line_of(text, name), text=said))
            table = {}
        tables[name] = dict(table)
    cover = tables["show"].pop("cover", "cover.jpg")
    public_url = str(tables["store"].pop("public_url", DEFAULT_PUBLIC_URL)).rstrip("/")
    if isinstance(said_category := tables["show"].get("category"), str):
        tables["show"]["category"] = spelt(said_category, CATEGORIES)
    given = {"public_url": public_url}
    show, found = build(
        Show, tables["show"], text=text, under=("show",), elsewhere=("cover",), given=given
    )
    store, found_store = build(
        StoreSettings, tables["store"], text=text, under=("store",), elsewhere=("public_url",)
    )
    audio, found_audio = build(AudioSettings, tables["audio"], text=text, under=("audio",))
    workflow, found_workflow = build(
        WorkflowSettings, tables["workflow"], text=text, under=("workflow",)
    )
    problems += [*found, *found_store, *found_audio, *found_workflow]
    files = {("show", "cover"): cover}
    if audio is not None:
        files |= {("audio", "intro"): audio.intro, ("audio", "outro"): audio.outro}
    objections = (*_objections(show, store, audio, cover), *_file_objections(root, files))
    for table, key, said in objections:
        problems.append(Problem(line=line_of(text, table, key), text=said))
    if problems or show is None or store is None or audio is None or workflow is None:
        return None, problems
    settings = {"show": show, "store": store, "audio": audio, "workflow": workflow}
    return Config(root=root, cover=root / cover, **settings), []  # type: ignore[arg-type]  # by name


def _objections(
    show: Show | None, store: StoreSettings | None, audio: AudioSettings | None, cover: object
) -> Iterator[tuple[str, str, str]]:
    if not isinstance(cover, str) or not cover.strip():
        yield "show", "cover", _('"cover" must be the name of a picture, as in "cover.jpg"')
    if show is not None:
        yield from (("show", *objection) for objection in show_objections(show))
        if why := public_url_objection(show.public_url):
            yield "store", "public_url", why
    if store is not None:
        yield from (("store", *objection) for objection in _store_objections(store))
    if audio is not None:
        yield from (("audio", *objection) for objection in _audio_objections(audio))


def _file_objections(
    root: Path, files: Mapping[tuple[str, str], object]
) -> Iterator[tuple[str, str, str]]:
    for (table, key), name in files.items():
        if not isinstance(name, str) or "\0" in name:
            continue  # told elsewhere
        # Windows sends its user's password to whoever is named so.
        if name.startswith(("//", "\\\\")):
            yield table, key, _('"{key}" must lie on this computer').format(key=key)
        elif leads_out(root / name, root):
            said = _('"{key}" is a link that leads out of the show\'s folder')
            yield table, key, said.format(key=key)


def show_objections(show: Show) -> Iterator[tuple[str, str]]:
    """Yield the key and what is wrong with it, whoever wrote it: a person or a store."""
    yield from _name_objections(show)
    if not re.fullmatch(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*", show.language):
        yield "language", _('"language" must be a language code, as in "id" or "en-GB"')
    if show.category not in CATEGORIES:
        choices = ", ".join(CATEGORIES)
        yield (
            "category",
            _('"category" must be one of Apple\'s: {choices}').format(choices=choices),
        )
    elif show.subcategory is not None and show.subcategory not in CATEGORIES[show.category]:
        choices = ", ".join(CATEGORIES[show.category]) or "-"
        said = _('"subcategory" of {category} must be one of: {choices}')
        yield "subcategory", said.format(category=show.category, choices=choices)
    try:
        ZoneInfo(show.timezone)
    except (ValueError, OSError, KeyError):  # KeyError: ZoneInfoNotFoundError; OSError: a folder
        yield "timezone", _('"timezone" must be a zone\'s name, as in "Asia/Jakarta" (WIB)')
    if show.email is not None and not re.fullmatch(r"[^@\s]+@[^@\s]+", show.email):
        yield "email", _('"email" must be an address, as in "humas@example.org"')
    if show.link is not None and not re.fullmatch(r"https?://[!-~]+", show.link):
        yield "link", _('"link" must be a web address that begins with https://')


def _name_objections(show: Show) -> Iterator[tuple[str, str]]:
    if not is_slug(show.name):
        yield (
            "name",
            _(
                '"name" may hold small letters a-z, digits and hyphens only, and be no name that '
                "Windows keeps for itself (con, nul, com1 …)"
            ),
        )
    if show.guid is not None and not is_guid(show.guid):
        yield "guid", guid_rule()
    for key in ("title", "description", "author"):
        if not clean_line(getattr(show, key)):
            yield key, _('"{key}" is empty').format(key=key)
    lines = {key: getattr(show, key) or "" for key in ("title", "author", "copyright", "email")}
    for key, why in line_objections(**lines, link=show.link or ""):
        yield key, f'"{key}": {why}'
    if len(show.description) > LONGEST_TEXT:
        said = _('"{key}" is too long: more than {most} characters')
        yield "description", said.format(key="description", most=LONGEST_TEXT)


def public_url_objection(url: str) -> str | None:
    """Return why the public cannot be sent to *url*; None: it can."""
    try:
        parts = urlsplit(url)
        host, odd = parts.hostname or "", parts.username or parts.query or parts.fragment
    except ValueError:
        host, odd, parts = "", "", urlsplit("")
    secure = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    if secure and host and not odd and re.fullmatch(r"[!-~]+", url):
        return None
    return _(
        '"public_url" must be the web address under which the public reaches the store; '
        'it begins with https:// (http:// only for 127.0.0.1), as in "https://media.example.org"'
    )


def _store_objections(store: StoreSettings) -> Iterator[tuple[str, str]]:
    if not re.match(r"(file:.|s3://[^/@:]+(/|$))", store.url):
        yield "url", _('"url" must be "file:FOLDER" or "s3://BUCKET/PREFIX"')
    endpoint = store.endpoint
    if endpoint is not None and not re.fullmatch(r"https?://[^@\s/]+/?", endpoint):
        yield (
            "endpoint",
            _(
                '"endpoint" must be a web address without a bucket and without a password, as in '
                '"https://s3.example.org"'
            ),
        )


def _audio_objections(audio: AudioSettings) -> Iterator[tuple[str, str]]:
    if audio.target_lufs is not None and not (_QUIETEST_LUFS <= audio.target_lufs <= _LOUDEST_LUFS):
        yield "target_lufs", _('"target_lufs" must lie between -31 and -9')
    if not _LOWEST_PEAK_DBTP <= audio.true_peak_dbtp <= 0.0:
        yield "true_peak_dbtp", _('"true_peak_dbtp" must lie between -9 and 0')
    if audio.bitrate_kbps is not None and audio.bitrate_kbps not in _BIT_RATES_KBPS:
        choices = ", ".join(str(rate) for rate in _BIT_RATES_KBPS)
        yield "bitrate_kbps", _('"bitrate_kbps" must be one of: {choices}').format(choices=choices)
    for key in ("kept_silence_s", "longest_pause_s", "intro_under_s", "crossfade_s"):
        seconds = getattr(audio, key)
        if seconds is not None and not 0 <= seconds <= _LONGEST_S:
            said = _('"{key}" must be a number of seconds from 0 to {most}')
            yield key, said.format(key=key, most=_LONGEST_S)
    if audio.channels is not None and audio.channels not in (1, 2):
        yield "channels", _('"channels" must be 1 or 2')
