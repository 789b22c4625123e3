"""The Markdown parser and renderer behind `markdown`: what each piece becomes.

Apart from it because importing a parser takes longer than all else of `render`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from codex_kernel.render.escape import escape
from codex_kernel.render.markdown import WEB, link_target

PRE = (
    "margin:6px 0;padding:8px 10px;overflow:auto;white-space:pre;line-height:1.4;"
    "background:rgba(128,128,128,.1);border-radius:4px"
)
"""The look of a block of code."""
_CODE = "background:transparent;white-space:pre"


class _Renderer(RendererHTML):
    """Writes no class and no image, and only links that `link_target` allows."""

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return (
            f'<pre style="{PRE}"><code style="{_CODE}">{escape(tokens[idx].content)}</code></pre>\n'
        )

    def code_block(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        return self.fence(tokens, idx, options, env)

    def text(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return escape(tokens[idx].content)

    def code_inline(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        return f"<code>{escape(tokens[idx].content)}</code>"

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        source = str(token.attrs.get("src", ""))
        label = self.renderInlineAsText(token.children or [], options, env) or source
        shown = f"[image: {escape(label)}]"
        if link_target(source) is None:
            return shown
        link = Token("link_open", "a", 1, attrs={"href": source})
        return f"{self.renderToken([link], 0, options, env)}{shown}</a>"


def _tame(state: Any) -> None:
    """Links lead somewhere allowed or nowhere; headings are modest, tables begin at the left."""
    for block in state.tokens:
        if block.type in ("th_open", "td_open"):
            block.attrs.setdefault("style", "text-align:left")
        if block.type in ("heading_open", "heading_close"):
            block.tag = f"h{min(int(block.tag[1]) + 2, 6)}"
        for token in block.children or []:
            if token.type != "link_open":
                continue
            target = link_target(str(token.attrs.get("href", "")))
            token.attrs = {} if target is None else {"href": target}
            if target is not None and WEB.match(target):
                token.attrs["rel"] = "noopener noreferrer"


def parser(*, has_underlines: bool) -> MarkdownIt:
    """A parser whose output needs no further cleaning.

    Without headings that are underlined it reads a long paragraph once, not twice.
    """
    made = MarkdownIt("commonmark", {"html": False, "linkify": False}, renderer_cls=_Renderer)
    made.enable(["table", "strikethrough"])
    if not has_underlines:
        made.disable("lheading")
    made.core.ruler.push("tame", _tame)
    for ruler in (made.core.ruler, made.block.ruler, made.inline.ruler, made.inline.ruler2):
        ruler.getRules("")  # else the first text compiles them, which two threads may not do
    return made
