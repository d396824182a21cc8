"""What a feed must satisfy; one module for each part of it.

A rule's id is stable: people silence and search by it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ngopi.i18n import _
from ngopi.model import Finding, Severity

if TYPE_CHECKING:
    from lxml.etree import _Element  # noqa: TC004 - nothing reads these annotations

NAMESPACES = {
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "podcast": "https://podcastindex.org/namespace/1.0",
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "psc": "http://podlove.org/simple-chapters",
}
"""The exact namespaces under their conventional prefixes."""

FORMER = {
    "https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md": "podcast",
}
"""Former addresses of namespaces that readers still know, and their prefixes."""

ITUNES = f"{{{NAMESPACES['itunes']}}}"
PODCAST = f"{{{NAMESPACES['podcast']}}}"
ATOM = f"{{{NAMESPACES['atom']}}}"
CONTENT = f"{{{NAMESPACES['content']}}}"

_PREFIXES = {uri: prefix for prefix, uri in NAMESPACES.items()}
_SHOWN_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule by its id, with the sentence and the hint of its findings (both ``N_()``)."""

    id: str
    severity: Severity
    message: str
    hint: str

    def softer(self, severity: Severity) -> Rule:
        """Return the rule as it holds for a feed that is not ours to mend."""
        return replace(self, severity=severity)

    def at(self, where: str, **values: object) -> Finding:
        """Return a finding in the language that is set; long texts among *values* are cut."""
        shown = {name: _cut(value) for name, value in values.items()}
        return Finding(
            rule=self.id,
            severity=self.severity,
            where=where,
            message=_(self.message).format(**shown),
            hint=_(self.hint).format(**shown),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The channel or an item: its child elements by tag in Clark notation.

    A namespace that is meant counts as the right one. *lines* holds the line of every element of
    the feed. *ours*: the feed is our own, so that what readers put up with is a fault still.
    """

    element: _Element
    fields: dict[str, list[_Element]]
    lines: dict[_Element, int]
    file: str
    ours: bool

    @classmethod
    def of(cls, element: _Element, *, lines: dict[_Element, int], file: str, ours: bool) -> Part:
        """Return *element* with its children in order."""
        fields: dict[str, list[_Element]] = {}
        for child in element.iterchildren("*"):
            fields.setdefault(str(child.tag), []).append(child)
        return cls(element=element, fields=fields, lines=lines, file=file, ours=ours)

    def first(self, tag: str) -> _Element | None:
        """Return the first child *tag*, or None."""
        found = self.fields.get(tag)
        return found[0] if found else None

    def text(self, tag: str) -> str:
        """Return the text of the first child *tag* without outer spaces, or ""."""
        found = self.fields.get(tag)
        return (found[0].text or "").strip() if found else ""

    def attribute(self, tag: str, name: str) -> str:
        """Return an attribute of the first child *tag* without outer spaces, or ""."""
        found = self.fields.get(tag)
        return (found[0].get(name) or "").strip() if found else ""

    def where(self, element: _Element | None = None) -> str:
        """Return ``file:line`` of *element*, or of the part itself."""
        return f"{self.file}:{self.lines[self.element if element is None else element]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A feed that was read; every part knows its line.

    *bound* holds each prefix and namespace as the feed has them, with the first element of it.
    """

    root: _Element
    channel: Part
    items: tuple[Part, ...]
    bound: dict[tuple[str | None, str], _Element]


def name_of(element: _Element) -> str:
    """Return the tag with its prefix: the conventional one, where the namespace has one."""
    uri, _brace, name = str(element.tag).removeprefix("{").rpartition("}")
    prefix = _PREFIXES.get(uri, element.prefix)
    return f"{prefix}:{name}" if prefix else name


def _cut(value: object) -> object:
    if isinstance(value, str) and len(value) > _SHOWN_CHARACTERS:
        return f"{value[:_SHOWN_CHARACTERS]}…"
    return value
