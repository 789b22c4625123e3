"""A strict reader of a whole page: its frame, and the fragments of `render` in it."""

from __future__ import annotations

from ..render import page

FRAME = {
    "html", "head", "meta", "title", "style", "body", "header", "main", "nav", "footer",
    "article", "section", "h1", "h2", "dl", "dt", "dd", "caption",
}  # fmt: skip
ATTRIBUTES = {
    "html": {"lang"},
    "meta": {"charset", "http-equiv", "content", "name"},
    "main": {"id"},
    "nav": {"aria-label"},
    "article": {"id", "aria-labelledby"},
    "h2": {"id"},
    "th": {"scope"},
    "div": {"role"},
    "a": {"class"},
}


class Document(page.Page):
    """Reads one page; anything that is not on the lists is an error."""

    def handle_decl(self, decl: str) -> None:
        assert decl == "DOCTYPE html"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in FRAME:
            self.tags.append(tag)
            if tag != "meta":
                self._open.append(tag)
            frame, rest = attrs, []
        else:
            frame = [each for each in attrs if self._is_of_frame(tag, each)]
            rest = [each for each in attrs if each not in frame]
            super().handle_starttag(tag, rest)
        for name, _ in frame:
            assert name in ATTRIBUTES.get(tag, set()) | {"class", "href"}, f"<{tag} {name}>"

    @staticmethod
    def _is_of_frame(tag: str, attribute: tuple[str, str | None]) -> bool:
        name, value = attribute
        is_anchor = name == "href" and str(value).startswith("#")
        return name == "class" or is_anchor or name in ATTRIBUTES.get(tag, set())
