"""An agent's Markdown as Markdown again: parsed, then written anew with everything escaped.

What the parser takes for text is text for every other reader of Markdown, too: no raw HTML, no
image that is fetched, no link but those of `link_target`. Knows the tokens of markdown-it, which
is why it is imported as late as `commonmark`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from markdown_it.tree import SyntaxTreeNode

from codex_kernel.render.commonmark import parser
from codex_kernel.render.escape import printable

_SPECIAL = re.compile(
    r"[`*\[\]]"
    r"|\\(?=[!-/:-@\[-`{-~]|\Z)"
    r"|(?<![^\W_])_|_(?![^\W_])"
    r"|~(?=~)|(?<=~)~"
)
_ENTITY = re.compile(r"&(?=#?\w+;)")
_BLOCK_START = re.compile(r"([#>+=|:-]|~~~)|(\d{1,9})([.)])")
_BACKTICKS = re.compile(r"`+")
_RULES = {"right": "---:", "center": ":---:"}
_WORD = re.compile(r"[\w+#.-]{1,40}")


def rewritten(markdown: str) -> str:
    """The Markdown anew; headings begin at the third level as in `markdown.to_html`."""
    tree = SyntaxTreeNode(parser(has_underlines=True).parse(printable(markdown)))
    return "\n".join(_blocks(tree.children))


def inline(markdown: str) -> str:
    """One line of Markdown anew, as `markdown.inline_html` reads it."""
    line = " ".join(printable(markdown).split())
    [root] = SyntaxTreeNode(parser(has_underlines=False).parseInline(line)).children
    return _inline(root.children)


def literal(text: str) -> str:
    """Plain text that shows exactly that, within a line."""
    return _escaped(" ".join(printable(text).split()))


def literal_lines(text: str) -> str:
    """Plain text with its line breaks, as a paragraph."""
    return "\\\n".join(_line(literal(line)) for line in text.split("\n") if line.strip())


def code(text: str) -> str:
    """A code span; blanks and newlines in it are single blanks."""
    shown = " ".join(printable(text).split())
    if not shown:
        return ""
    mark = "`" * (_longest(shown) + 1)
    pad = " " if shown[0] == "`" or shown[-1] == "`" else ""
    return f"{mark}{pad}{shown}{pad}{mark}"


def fence(text: str, language: str = "") -> str:
    """A block of code that nothing in the text can end."""
    shown = printable(text).removesuffix("\n")
    mark = "`" * max(3, _longest(shown) + 1)
    return f"{mark}{language if _WORD.fullmatch(language) else ''}\n{shown}\n{mark}"


def quoted(markdown: str) -> str:
    """Markdown as a quotation."""
    return "\n".join(f"> {line}".rstrip() for line in markdown.split("\n"))


def _longest(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0)


# Blocks: each becomes lines


def _blocks(nodes: Iterable[SyntaxTreeNode], *, is_tight: bool = False) -> list[str]:
    lines: list[str] = []
    before: SyntaxTreeNode | None = None
    is_other = False
    for node in nodes:
        # Two lists in a row are one list unless their marks differ.
        is_other = before is not None and before.type == node.type and not is_other
        if lines and not (is_tight and node.type in ("bullet_list", "ordered_list")):
            lines.append("")
        lines += _BLOCKS.get(node.type, _nothing)(node, is_other)
        before = node
    return lines


def _nothing(_node: SyntaxTreeNode, _is_other: bool) -> list[str]:
    return []


def _paragraph(node: SyntaxTreeNode, _is_other: bool) -> list[str]:
    return [_line(line) for line in _inline(node.children).split("\n")]


def _heading(node: SyntaxTreeNode, _is_other: bool) -> list[str]:
    text = _inline(node.children).replace("\n", " ")
    return [f"{'#' * int(node.tag[1])} {text.removesuffix('#')}".rstrip()]


def _fence(node: SyntaxTreeNode, _is_other: bool) -> list[str]:
    return fence(node.content, node.info.strip().partition(" ")[0]).split("\n")


def _rule(_node: SyntaxTreeNode, _is_other: bool) -> list[str]:
    return ["---"]


def _quote(node: SyntaxTreeNode, _is_other: bool) -> list[str]:
    return quoted("\n".join(_blocks(node.children)) or " ").split("\n")


def _bullets(node: SyntaxTreeNode, is_other: bool) -> list[str]:
    mark = "*" if is_other else "-"
    return _items((mark, item) for item in node.children)


def _numbers(node: SyntaxTreeNode, is_other: bool) -> list[str]:
    first = int(node.attrs.get("start", 1))
    mark = ")" if is_other else "."
    return _items((f"{first + at}{mark}", item) for at, item in enumerate(node.children))


def _items(marked: Iterable[tuple[str, SyntaxTreeNode]]) -> list[str]:
    lines: list[str] = []
    for mark, item in marked:
        is_tight = all(child.hidden for child in item.children if child.type == "paragraph")
        if lines and not is_tight:
            lines.append("")
        first, *more = _blocks(item.children, is_tight=is_tight) or [""]
        indent = " " * (len(mark) + 1)
        lines.append(f"{mark} {first}".rstrip())
        lines += [f"{indent}{line}".rstrip() for line in more]
    return lines


def _table(node: SyntaxTreeNode, _is_other: bool) -> list[str]:
    rows = [row for part in node.children for row in part.children]
    lines = [_row(row) for row in rows]
    rule = "|".join(_RULES.get(_alignment(cell), "---") for cell in rows[0].children)
    return [lines[0], f"|{rule}|", *lines[1:]]


def _alignment(cell: SyntaxTreeNode) -> str:
    return str(cell.attrs.get("style", "")).removeprefix("text-align:")


def _row(row: SyntaxTreeNode) -> str:
    cells = (_inline(cell.children).replace("|", "\\|") for cell in row.children)
    return f"| {' | '.join(cells)} |"


_BLOCKS: Mapping[str, Callable[[SyntaxTreeNode, bool], list[str]]] = {
    "paragraph": _paragraph,
    "heading": _heading,
    "fence": _fence,
    "code_block": _fence,
    "hr": _rule,
    "blockquote": _quote,
    "bullet_list": _bullets,
    "ordered_list": _numbers,
    "table": _table,
}

# Inlines: each becomes text


def _inline(nodes: Iterable[SyntaxTreeNode]) -> str:
    return "".join(_pieces(nodes)).strip()


def _pieces(nodes: Iterable[SyntaxTreeNode]) -> Iterator[str]:
    for node in nodes:
        yield _INLINES.get(node.type, _text)(node)


def _text(node: SyntaxTreeNode) -> str:
    return _escaped(node.content)


def _code(node: SyntaxTreeNode) -> str:
    return code(node.content)


def _around(mark: str) -> Callable[[SyntaxTreeNode], str]:
    def wrapped(node: SyntaxTreeNode) -> str:
        inner = _inline(node.children)
        return f"{mark}{inner}{mark}" if inner else ""

    return wrapped


def _link(node: SyntaxTreeNode) -> str:
    label, target = _inline(node.children), str(node.attrs.get("href", ""))
    return f"[{label}]({_url(target)})" if target else label


def _image(node: SyntaxTreeNode) -> str:
    from codex_kernel.render.markdown import link_target

    source = str(node.attrs.get("src", ""))
    label = f"\\[image: {_inline(node.children) or _escaped(source)}\\]"
    return f"[{label}]({_url(source)})" if link_target(source) else label


def _url(target: str) -> str:
    url = re.sub(r"[<>\s\\]", "", target)
    return f"<{url}>" if set(url) & set("()") else url


_INLINES: Mapping[str, Callable[[SyntaxTreeNode], str]] = {
    "inline": lambda node: _inline(node.children),
    "text": _text,
    "code_inline": _code,
    "strong": _around("**"),
    "em": _around("*"),
    "s": _around("~~"),
    "link": _link,
    "image": _image,
    "softbreak": lambda _node: "\n",
    "hardbreak": lambda _node: "\\\n",
}


def _escaped(text: str) -> str:
    text = _ENTITY.sub("&amp;", _SPECIAL.sub(r"\\\g<0>", text))
    return text.replace("<", "&lt;")


def _line(text: str) -> str:
    """A line of a paragraph that is no heading, list, quotation or table."""
    text = text.lstrip()
    return _BLOCK_START.sub(_as_text, text, count=1) if _BLOCK_START.match(text) else text


def _as_text(found: re.Match[str]) -> str:
    return f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}"
