"""A persona's words as HTML that is safe to show: Markdown in, a small sanitised alphabet of tags out.

HTML in the words is shown as the characters it is made of; pictures are left out, because fetching one would tell a
stranger that the fan is reading.
"""

import nh3
from markdown_it import MarkdownIt

TAGS = {
    *("p", "br", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "hr", "a"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"a": {"href", "title"}, "code": {"class"}, "ol": {"start"}}


class Prose:
    """Reads Markdown; one for a program, because making the reader costs more than reading."""

    def __init__(self) -> None:
        self._markdown = MarkdownIt("commonmark", {"html": False, "breaks": True})
        self._markdown.enable(["table", "strikethrough"]).disable("image")

    def html(self, words: str) -> str:
        """The words as sanitised HTML; links open without telling where they were clicked."""
        return nh3.clean(
            self._markdown.render(words),
            tags=TAGS,
            attributes=ATTRIBUTES,
            url_schemes={"http", "https", "mailto"},
            link_rel="noopener noreferrer nofollow ugc",
        )
