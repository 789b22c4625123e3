"""How characters of a terminal look on a page: styles as inline CSS, colours one can read.

A page may be light or dark and does not say so: colours of text are of middle lightness, and
colours with a background bring their own contrast.
"""

from __future__ import annotations

from typing import NamedTuple

Rgb = tuple[int, int, int]


class Style(NamedTuple):
    """How a character looks. Colours: a palette number, (r, g, b), or None for the default."""

    fg: int | Rgb | None = None
    bg: int | Rgb | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    strike: bool = False
    inverse: bool = False


_BASIC = (
    (118, 118, 118), (212, 63, 58), (34, 138, 66), (158, 110, 12),
    (47, 121, 208), (172, 84, 192), (20, 134, 146), None,
    (128, 128, 128), (224, 74, 69), (38, 146, 72), (166, 118, 16),
    (64, 134, 220), (184, 98, 204), (26, 142, 154), None,
)  # fmt: skip
"""Terminal colours of middle lightness: legible on white and on black. White = the page's own."""
_BLOCKS = (
    (40, 40, 40), (197, 15, 31), (19, 120, 50), (140, 95, 0),
    (20, 85, 190), (136, 23, 152), (20, 110, 125), (204, 204, 204),
    (100, 100, 100), (231, 72, 86), (40, 170, 70), (225, 190, 60),
    (59, 120, 255), (180, 60, 190), (60, 190, 200), (242, 242, 242),
)  # fmt: skip
"""The same as backgrounds, where only the contrast to the text on them counts."""


def css(style: Style) -> str:
    """Inline declarations for the style; empty for the default."""
    if style == Style():
        return ""
    fg, bg = (style.bg, style.fg) if style.inverse else (style.fg, style.bg)
    out: list[str] = []
    ground = _rgb(bg, _BLOCKS)
    if style.inverse and ground is None:
        ground = (110, 110, 110)
    if ground is not None:
        ink = _rgb(fg, _BLOCKS) if fg is not None and not style.inverse else None
        ink = ink or ((0, 0, 0) if _lightness(ground) > 0.25 else (255, 255, 255))
        out += [f"color:{_hex(ink)}", f"background:{_hex(ground)}"]
    elif fg is not None and (ink := _rgb(fg, _BASIC)) is not None:
        out.append(f"color:{_hex(_legible(ink))}")
    flags = {
        "font-weight:bold": style.bold,
        "opacity:.7": style.dim,
        "font-style:italic": style.italic,
        "text-decoration:line-through": style.strike,
        "text-decoration:underline": style.underline and not style.strike,
    }
    return ";".join(out + [look for look, is_on in flags.items() if is_on])


def _rgb(colour: int | Rgb | None, palette: tuple[Rgb | None, ...]) -> Rgb | None:
    if colour is None or isinstance(colour, tuple):
        return colour
    if colour < 16:
        return palette[colour]
    if colour >= 232:
        return (grey := 8 + (colour - 232) * 10, grey, grey)
    steps = [0, 95, 135, 175, 215, 255]
    red, rest = divmod(colour - 16, 36)
    return steps[red], steps[rest // 6], steps[rest % 6]


def _lightness(colour: Rgb) -> float:
    """Relative luminance, 0 to 1 (WCAG 2)."""
    linear = [
        part / 3294.6 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _legible(colour: Rgb) -> Rgb:
    """The colour moved towards grey until it is legible on white and on black pages."""
    for _ in range(8):
        lightness = _lightness(colour)
        if 0.12 <= lightness <= 0.3:
            break
        goal = 255 if lightness < 0.12 else 0
        red, green, blue = (round(part + (goal - part) * 0.15) for part in colour)
        colour = (red, green, blue)
    return colour


def _hex(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
