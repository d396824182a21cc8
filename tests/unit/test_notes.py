import pytest

from ngopi.notes import clip_bytes, notes_html, notes_text
from ngopi.text import clean_text


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("*a* **b** `c`", "<p><em>a</em> <strong>b</strong> <code>c</code></p>"),
        ("satu  \ndua", "<p>satu<br>\ndua</p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("> kata", "<blockquote>\n<p>kata</p>\n</blockquote>"),
        ("```\nx < y\n```", "<pre><code>x &lt; y\n</code></pre>"),
        ("Kopi & teh < susu", "<p>Kopi &amp; teh &lt; susu</p>"),
        ("مرحبا ☕️ 𝄞", "<p>مرحبا ☕️ 𝄞</p>"),
        ("", ""),
        ("\x07\n", ""),
    ],
)
def test_markdown_becomes_html(markdown, html):
    assert notes_html(markdown) == html


@pytest.mark.parametrize(
    ("level", "tag"), [(1, "h2"), (2, "h2"), (3, "h3"), (4, "h4"), (5, "h4"), (6, "h4")]
)
def test_headings_lie_between_h2_and_h4(level, tag):
    assert notes_html("#" * level + " Judul") == f"<{tag}>Judul</{tag}>"


@pytest.mark.parametrize("url", ["https://example.id/a", "http://example.id/", "mailto:a@b.id"])
def test_absolute_links_stay(url):
    assert notes_html(f"[x]({url})") == f'<p><a href="{url}" rel="noopener">x</a></p>'


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java&#10;script:alert(1)",
        "data:text/html;base64,PHNjcmlwdD4=",
        "data:image/png;base64,AAAA",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://example.id/",
        "/relative",
        "//example.id/no-scheme",
        "#part",
    ],
)
def test_other_links_lose_their_address(url):
    assert "href" not in notes_html(f"[teks]({url})")


def test_html_in_notes_is_shown_not_run():
    html = notes_html('<script>alert(1)</script>\n\n<b onclick="x()">tebal</b>')

    assert "<script" not in html
    assert "<b" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_images_leave_only_their_words():
    assert notes_html("![peta *lama*](https://example.id/p.png)") == "<p>peta *lama*</p>"


def test_addresses_that_are_not_marked_stay_text():
    assert notes_html("www.example.id https://example.id") == (
        "<p>www.example.id https://example.id</p>"
    )


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("Satu *dua*\ntiga `x`", "Satu dua tiga x"),
        ("Satu  \ndua", "Satu\ndua"),
        ("# Judul\n\nIsi.\n\n***\n\nLagi.", "Judul\n\nIsi.\n\nLagi."),
        ("- a\n- b\n\nc", "- a\n- b\n\nc"),
        ("3. a\n4. b\n   - c", "3. a\n4. b\n  - c"),
        ("- a\n\n- b", "- a\n- b"),
        ("> kata", "kata"),
        ("[Ani](https://example.id/a)!", "Ani (https://example.id/a)!"),
        ("[Surat](mailto:a@b.id)", "Surat (a@b.id)"),
        ("<https://example.id/a>", "https://example.id/a"),
        ("[teks](/relatif)", "teks"),
        ("![alt](https://example.id/p.png)", "alt"),
        ("```\nx < y\n```", "x < y"),
        ("a &amp; b &lt; c", "a & b < c"),
        ("<b>tebal</b>", "<b>tebal</b>"),
        ("", ""),
    ],
)
def test_markdown_becomes_plain_text(markdown, text):
    assert notes_text(markdown) == text


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("a\x00b\x08c\x1bd\x7fe\x9f", "abcde"),
        ("tab\tdan\nbaris", "tab\tdan\nbaris"),
        ("a\r\nb\rc\x85d\u2028e", "a\nb\nc\nd\ne"),
        ("\ud800a\udfff\ufffe\uffff", "a"),
        ("  👩🏽‍🎤 𝄞 مرحبا\n", "👩🏽‍🎤 𝄞 مرحبا"),
    ],
)
def test_cleaning_takes_only_what_xml_refuses(dirty, clean):
    assert clean_text(dirty) == clean


@pytest.mark.parametrize(
    ("text", "limit", "clipped"),
    [
        ("satu dua tiga", 13, "satu dua tiga"),
        ("satu dua tiga", 12, "satu dua…"),  # 8 bytes and the ellipsis's 3
        ("satu dua tiga", 11, "satu dua…"),  # the word ends exactly at the cut
        ("satu dua tiga", 10, "satu…"),
        ("satu\n\ndua tiga", 9, "satu…"),
        ("kopikopikopi", 9, "kopiko…"),
        ("☕☕☕☕", 11, "☕☕…"),  # 3 bytes each: no half cup
        ("𝄞𝄞", 7, "𝄞…"),
        ("abcd", 3, "…"),
    ],
)
def test_clipping_never_cuts_a_word_or_a_character(text, limit, clipped):
    assert clip_bytes(text, limit) == clipped
    assert len(clipped.encode()) <= limit
