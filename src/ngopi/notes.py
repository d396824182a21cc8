"""Show notes: Markdown in; HTML and plain text that are safe in every podcast app out."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import nh3
from markdown_it import MarkdownIt

from ngopi.text import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

_MARKDOWN = MarkdownIt("commonmark", {"html": False})

_BLOCK_TAGS = {"p", "ul", "ol", "li", "h2", "h3", "h4", "blockquote", "pre"}
_INLINE_TAGS = {"a", "strong", "em", "br", "code"}
_SCHEMES = ("https://", "http://", "mailto:")
# The app's own page has the h1, and nothing there is finer than h4.
_HEADINGS = {"h1": "h2", "h5": "h4", "h6": "h4"}

_ELLIPSIS = "…"


def notes_html(markdown: str) -> str:
    """Return the notes as HTML: text, lists, headings h2 to h4 and absolute links only."""
    html = _MARKDOWN.renderer.render(_parse(markdown), _MARKDOWN.options, {})
    return nh3.clean(
        html,
        tags=_BLOCK_TAGS | _INLINE_TAGS,
        attributes={"a": {"href"}},
        attribute_filter=_absolute,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener",
    ).strip()


def notes_text(markdown: str) -> str:
    """Return the notes as plain text: blank lines between blocks, a link's address after it."""
    text, before = "", False
    for block, in_list in _blocks(_parse(markdown)):
        gap = "\n" if before and in_list else "\n\n"
        text, before = f"{text}{gap}{block}" if text else block, in_list
    return text.strip()


def clip_bytes(text: str, limit: int) -> str:
    """Return clean *text* in at most *limit* (≥ 3) bytes of UTF-8, cut after a whole word.

    Only a first word that is longer than the limit is cut inside, between two characters.
    """
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    head = encoded[: limit - len(_ELLIPSIS.encode())].decode(errors="ignore")
    # The character behind the cut counts too: a space there means that the last word is whole.
    words = re.match(r"\s*\S.*(?=\s)", head + text[len(head)], re.DOTALL)
    return (words[0] if words else head).rstrip() + _ELLIPSIS


# A feed asks for both forms of the same notes in turn, and parsing is most of a feed's time.
@lru_cache(maxsize=1)
def _parse(markdown: str) -> Sequence[Token]:
    tokens = _MARKDOWN.parse(clean_text(markdown))
    for token in tokens:
        token.tag = _HEADINGS.get(token.tag, token.tag)
        for child in token.children or ():
            if child.type == "image":  # apps show none here; its words are kept
                child.type, child.tag = "text", ""
    return tokens


def _absolute(_tag: str, attribute: str, value: str) -> str | None:
    # A relative address would lead into the podcast app itself.
    if attribute == "href" and not value.lower().startswith(_SCHEMES):
        return None
    return value


def _blocks(tokens: Sequence[Token]) -> Iterator[tuple[str, bool]]:
    """Yield each block's text and whether it stands in a list."""
    numbers: list[int | None] = []  # per list that is open: the next number, None for bullets
    marker = ""
    for token in tokens:
        match token.type:
            case "bullet_list_open":
                numbers.append(None)
            case "ordered_list_open":
                numbers.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                numbers.pop()
            case "list_item_open":
                number = numbers[-1]
                marker = "- " if number is None else f"{number}. "
                numbers[-1] = None if number is None else number + 1
            case "inline" | "fence" | "code_block":
                indent = "  " * (len(numbers) - 1)
                yield f"{indent}{marker}{_words(token)}", bool(numbers)
                marker = ""


def _words(block: Token) -> str:
    if block.children is None:
        return block.content.rstrip()
    words = ""
    for token in block.children:
        match token.type:
            case "softbreak":
                words += " "
            case "hardbreak":
                words += "\n"
            case "link_open":
                # <https://…> says its address already.
                address = "" if token.info == "auto" else str(token.attrGet("href") or "")
            case "link_close":
                words += _in_brackets(address)
            case _:
                words += token.content
    return words


def _in_brackets(address: str) -> str:
    if not address.lower().startswith(_SCHEMES):
        return ""
    return f" ({address.removeprefix('mailto:')})"
