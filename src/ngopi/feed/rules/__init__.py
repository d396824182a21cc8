"""What a feed must satisfy; one module for each part of it.

A rule's id is stable: people silence and search by it.
"""

from __future__ import annotations

from dataclasses import dataclass
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

ITUNES = f"{{{NAMESPACES['itunes']}}}"
PODCAST = f"{{{NAMESPACES['podcast']}}}"
ATOM = f"{{{NAMESPACES['atom']}}}"
CONTENT = f"{{{NAMESPACES['content']}}}"

_SHOWN_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule by its id, with the sentence and the hint of its findings (both ``N_()``)."""

    id: str
    severity: Severity
    message: str
    hint: str

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

    *lines* holds the line of every element of the feed.
    """

    element: _Element
    fields: dict[str, list[_Element]]
    lines: dict[_Element, int]
    file: str

    @classmethod
    def of(cls, element: _Element, *, lines: dict[_Element, int], file: str) -> Part:
        """Return *element* with its children in order."""
        fields: dict[str, list[_Element]] = {}
        for child in element.iterchildren("*"):
            fields.setdefault(str(child.tag), []).append(child)
        return cls(element=element, fields=fields, lines=lines, file=file)

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
    """A feed that was read; every part knows its line."""

    root: _Element
    channel: Part
    items: tuple[Part, ...]


def name_of(element: _Element) -> str:
    """Return the tag as it stands in the feed, with its prefix."""
    name = str(element.tag).rpartition("}")[2]
    return f"{element.prefix}:{name}" if element.prefix else name


def _cut(value: object) -> object:
    if isinstance(value, str) and len(value) > _SHOWN_CHARACTERS:
        return f"{value[:_SHOWN_CHARACTERS]}…"
    return value
