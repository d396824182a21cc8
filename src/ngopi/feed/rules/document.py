"""Rules for the file as XML: encoding, form, root and namespaces."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.parsers import expat

from lxml import etree

from ngopi.feed.rules import FORMER, NAMESPACES, Document, Part, Rule, name_of
from ngopi.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element

    from ngopi.model import Finding

ENCODING = Rule(
    "xml-encoding",
    "E",
    N_("The feed is not UTF-8: {reason}."),
    N_('save the feed as UTF-8 and say so: <?xml version="1.0" encoding="UTF-8"?>.'),
)
DOCTYPE = Rule(
    "xml-doctype",
    "E",
    N_("The feed has a DOCTYPE; nothing after it was read, because a DOCTYPE can do harm."),
    N_("remove the <!DOCTYPE …> declaration and write characters in place of its entities."),
)
WELL_FORMED = Rule(
    "xml-wellformed",
    "E",
    N_("The feed is not well-formed XML: {reason}."),
    N_("mend this line; &, < and > in text are written &amp;, &lt; and &gt;."),
)
TOO_MANY = Rule(
    "xml-elements",
    "E",
    N_("The feed has more than {limit} elements; no app reads that many."),
    N_("split the show, or leave the oldest episodes out of this feed."),
)
ROOT = Rule(
    "rss-root",
    "E",
    N_("The feed's outermost element is <{name}>, not <rss>."),
    N_('a podcast feed is RSS: put everything into <rss version="2.0"><channel>.'),
)
VERSION = Rule(
    "rss-version",
    "E",
    N_('The feed says RSS version "{version}".'),
    N_('write <rss version="2.0">.'),
)
CHANNEL = Rule(
    "rss-channel",
    "E",
    N_("The feed has {count} channels."),
    N_("put exactly one <channel> into <rss>: one feed is one show."),
)
NAMESPACE_URI = Rule(
    "namespace-uri",
    "E",
    N_('The prefix "{prefix}" stands for "{uri}", which no reader knows.'),
    N_('write xmlns:{wanted_prefix}="{wanted_uri}", letter by letter; then check again.'),
)
NAMESPACE_PREFIX = Rule(
    "namespace-prefix",
    "W",
    N_('The namespace {uri} has the prefix "{prefix}"; half of the readers then lose fields.'),
    N_('use its conventional prefix: xmlns:{wanted_prefix}="{uri}".'),
)

NAMESPACE_FORMER = Rule(
    "namespace-former",
    "W",
    N_(
        'The prefix "{prefix}" stands for the namespace\'s former address, which not every reader '
        "knows."
    ),
    N_('write xmlns:{wanted_prefix}="{wanted_uri}", letter by letter.'),
)
OUTSIDE = Rule(
    "item-outside",
    "E",
    N_("This episode stands outside of the channel, where no app looks for it."),
    N_("move the <item> into <channel>."),
)
LOST_LETTER = Rule(
    "text-lost-letter",
    "E",
    N_('<{name}> holds "\ufffd": a letter was lost on the way.'),
    N_("write that letter again; the text came from a file that is not UTF-8."),
)

_DECLARED_ENCODING = re.compile(
    rb"""<\?xml\s[^>]{0,200}?encoding\s{0,20}=\s{0,20}["']([^"'>]{1,40})["']"""
)


_LIMIT_ELEMENTS = 1_000_000  # an item has about 25; each takes a kilobyte while it is checked


class _DoctypeSeen(Exception):  # noqa: N818 - stops expat, never leaves this module
    pass


class _TooMany(Exception):  # noqa: N818 - the same
    pass


def read_document(data: bytes, *, file: str, ours: bool) -> Document | Finding:
    """Read a feed, or say why it cannot be read; nothing outside *data* is ever opened.

    *ours*: see `Part`.
    """
    fault = _encoding_fault(data, file=file)
    if fault is not None:
        return fault
    lines = _element_lines(data, file=file)
    if not isinstance(lines, list):
        return lines
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        return WELL_FORMED.at(f"{file}:{error.lineno or 1}", reason=error.msg or "?")
    known = dict(zip(root.iter("*"), lines, strict=True))
    return _as_document(root, known, file=file, ours=ours)


def _encoding_fault(data: bytes, *, file: str) -> Finding | None:
    declared = _DECLARED_ENCODING.match(data.removeprefix(b"\xef\xbb\xbf"))
    if declared and declared[1].lower() != b"utf-8":
        return ENCODING.at(f"{file}:1", reason=declared[1].decode("latin-1"))
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return ENCODING.at(f"{file}:{line}", reason=f"0x{data[error.start]:02x}")
    return None


def _element_lines(data: bytes, *, file: str) -> list[int] | Finding:
    # libxml2 keeps 16 bits of a line number and guesses beyond line 65535: expat counts on.
    # It also stops at a DOCTYPE before a single entity is declared.
    parser = expat.ParserCreate("utf-8")
    lines: list[int] = []

    def stop_at_doctype(*_: object) -> None:
        raise _DoctypeSeen

    def note_line(*_: object) -> None:
        lines.append(parser.CurrentLineNumber)
        if len(lines) > _LIMIT_ELEMENTS:
            raise _TooMany

    parser.StartDoctypeDeclHandler = stop_at_doctype
    parser.StartElementHandler = note_line
    try:
        parser.Parse(data, True)  # noqa: FBT003 - expat's own signature
    except _DoctypeSeen:
        return DOCTYPE.at(f"{file}:{parser.CurrentLineNumber}")
    except _TooMany:
        return TOO_MANY.at(f"{file}:{parser.CurrentLineNumber}", limit=_LIMIT_ELEMENTS)
    except expat.ExpatError as error:
        return WELL_FORMED.at(f"{file}:{error.lineno}", reason=expat.ErrorString(error.code))
    return lines


def _as_document(
    root: _Element, lines: dict[_Element, int], *, file: str, ours: bool
) -> Document | Finding:
    if root.tag != "rss":
        return ROOT.at(f"{file}:{lines[root]}", name=name_of(root))
    channels = root.findall("channel")
    if len(channels) != 1:
        return CHANNEL.at(f"{file}:{lines[root]}", count=len(channels))
    bound = _bound(root)
    _put_right(root, bound)
    channel = Part.of(channels[0], lines=lines, file=file, ours=ours)
    items = tuple(
        Part.of(e, lines=lines, file=file, ours=ours) for e in channel.fields.get("item", ())
    )
    return Document(root=root, channel=channel, items=items, bound=bound)


def _bound(root: _Element) -> dict[tuple[str | None, str], _Element]:
    bound: dict[tuple[str | None, str], _Element] = dict.fromkeys(root.nsmap.items(), root)
    for element in root.iter("*"):
        tag = str(element.tag)
        if tag.startswith("{"):
            bound.setdefault((element.prefix, tag[1:].partition("}")[0]), element)
    return bound


def _put_right(root: _Element, bound: dict[tuple[str | None, str], _Element]) -> None:
    """Take a namespace that is misspelt for the one that is meant: what is in it counts too."""
    wrong = {
        f"{{{uri}}}": f"{{{NAMESPACES[right]}}}"
        for prefix, uri in bound
        if (right := _right_prefix(prefix, uri)) is not None and uri != NAMESPACES[right]
    }
    if not wrong:
        return
    for element in root.iter("*"):
        space, brace, name = str(element.tag).partition("}")
        right = wrong.get(space + brace)
        if right is not None:
            element.tag = right + name


def check_version(document: Document) -> Iterator[Finding]:
    """Check that the feed is RSS 2.0."""
    version = document.root.get("version") or ""
    if version != "2.0":
        yield VERSION.at(document.channel.where(document.root), version=version)


def check_namespaces(document: Document) -> Iterator[Finding]:
    """Check every namespace that is declared at the root or used by an element."""
    for (prefix, uri), element in document.bound.items():
        right = _right_prefix(prefix, uri)
        if right is None or (prefix, uri) == (right, NAMESPACES[right]):
            continue
        yield _namespace_rule(uri, right).at(
            document.channel.where(element),
            prefix=prefix or "",
            uri=uri,
            wanted_prefix=right,
            wanted_uri=NAMESPACES[right],
        )


def _namespace_rule(uri: str, right: str) -> Rule:
    if uri == NAMESPACES[right]:
        return NAMESPACE_PREFIX
    return NAMESPACE_FORMER if FORMER.get(uri) == right else NAMESPACE_URI


def check_places(document: Document) -> Iterator[Finding]:
    """Check that every episode stands where it is looked for, and no text has lost letters."""
    for element in document.root.iter("*"):
        if element.tag == "item" and element.getparent() is not document.channel.element:
            yield OUTSIDE.at(document.channel.where(element))
        if "\ufffd" in (element.text or "") or "\ufffd" in "".join(map(str, element.values())):
            yield LOST_LETTER.at(document.channel.where(element), name=name_of(element))


def _right_prefix(prefix: str | None, uri: str) -> str | None:
    if prefix in NAMESPACES:
        return prefix
    if uri in FORMER:
        return FORMER[uri]
    same = (known for known, exact in NAMESPACES.items() if _loosely(exact) == _loosely(uri))
    return next(same, None)


def _loosely(uri: str) -> str:
    return uri.strip().lower().removeprefix("https").removeprefix("http").rstrip("/")
