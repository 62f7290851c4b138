"""Colours as style sheets write them, and how well one is told from another.

Only plain colours are read: no names, no variables, no functions that reckon. What is written out
again is made from the numbers, so that nothing else of a file can reach a style sheet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import cos, radians, sin
from typing import Final

_NUMBER: Final = r"(-?\d{1,4}(?:\.\d{1,6})?)"
_HEX: Final = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
_RGB: Final = re.compile(rf"rgb\(\s*{_NUMBER}[\s,]+{_NUMBER}[\s,]+{_NUMBER}\s*\)")
_HSL: Final = re.compile(rf"hsl\(\s*{_NUMBER}(?:deg)?[\s,]+{_NUMBER}%[\s,]+{_NUMBER}%\s*\)")
_OKLCH: Final = re.compile(rf"oklch\(\s*{_NUMBER}(%?)\s+{_NUMBER}\s+{_NUMBER}(?:deg)?\s*\)")
_SHORT: Final = 3
_FULL: Final = 255


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour in sRGB, each channel from 0 to 1."""

    red: float
    green: float
    blue: float

    @property
    def css(self) -> str:
        """The colour as six hexadecimal digits."""
        channels = (self.red, self.green, self.blue)
        return "#" + "".join(f"{round(channel * _FULL):02x}" for channel in channels)

    @property
    def luminance(self) -> float:
        """Relative luminance, from 0 for black to 1 for white (WCAG 2.2)."""
        red, green, blue = (_linear(channel) for channel in (self.red, self.green, self.blue))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def read_colour(text: str) -> Colour | None:
    """A colour from ``#rgb``, ``#rrggbb``, ``rgb()``, ``hsl()`` or ``oklch()``, without alpha.

    Returns:
        None if it is anything else. A colour that sRGB can't show is brought to its edge.
    """
    text = text.strip().lower()
    if found := _HEX.fullmatch(text):
        digits = found[1] if len(found[1]) > _SHORT else "".join(two * 2 for two in found[1])
        return _colour(*(int(digits[at : at + 2], 16) / _FULL for at in (0, 2, 4)))
    if found := _RGB.fullmatch(text):
        channels = [float(channel) for channel in found.groups()]
        return _colour(*(channel / _FULL for channel in channels)) if _rgb_fits(channels) else None
    if found := _HSL.fullmatch(text):
        hue, saturation, lightness = (float(part) for part in found.groups())
        return _of_hsl(hue, saturation / 100, lightness / 100)
    if found := _OKLCH.fullmatch(text):
        lightness = float(found[1]) / (100 if found[2] else 1)
        return _of_oklch(lightness, float(found[3]), float(found[4]))
    return None


def contrast(one: Colour, other: Colour) -> float:
    """The contrast ratio of two colours, from 1 to 21 (WCAG 2.2, relative luminance)."""
    light, dark = sorted((one.luminance, other.luminance), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4  # noqa: PLR2004


def _encoded(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055  # noqa: PLR2004


def _rgb_fits(channels: list[float]) -> bool:
    return all(0 <= channel <= _FULL for channel in channels)


def _colour(red: float, green: float, blue: float) -> Colour:
    red, green, blue = (min(max(channel, 0.0), 1.0) for channel in (red, green, blue))
    return Colour(red, green, blue)


def _of_hsl(hue: float, saturation: float, lightness: float) -> Colour | None:
    if not (0 <= saturation <= 1 and 0 <= lightness <= 1):
        return None
    reach = saturation * min(lightness, 1 - lightness)

    def channel(offset: int) -> float:
        step = (offset + hue / 30) % 12
        return lightness - reach * max(-1, min(step - 3, 9 - step, 1))

    return _colour(channel(0), channel(8), channel(4))


def _of_oklch(lightness: float, chroma: float, hue: float) -> Colour | None:
    """By the matrices of CSS Color 4, section 10."""
    if not (0 <= lightness <= 1 and 0 <= chroma <= 0.5):  # noqa: PLR2004
        return None
    a, b = chroma * cos(radians(hue)), chroma * sin(radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return _colour(
        _encoded(max(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short, 0)),
        _encoded(max(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short, 0)),
        _encoded(max(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short, 0)),
    )
