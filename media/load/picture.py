"""Draws the moving picture of a simulated site: people at a table, its name, a running clock.

In the manner of the room drawings of the interface: curtain, banner, table, people. Every site has
its own colours, so that one sees at a glance who is where.
"""

import hashlib
import math
import random
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 1280, 720
_FONT_FILE = Path(__file__).parents[2] / "web/static/fonts/dc-sans.woff2"
_SMOOTH = 2  # drawn larger, then scaled down

Colour = tuple[int, int, int]

_CURTAINS: tuple[Colour, ...] = (
    (110, 30, 38),
    (44, 74, 104),
    (38, 92, 84),
    (92, 66, 112),
    (122, 88, 40),
    (60, 92, 52),
    (70, 78, 92),
    (128, 62, 40),
)
_SKINS: tuple[Colour, ...] = ((222, 178, 138), (206, 158, 118), (188, 140, 104))
_JACKETS: tuple[Colour, ...] = (
    (30, 36, 46),
    (222, 226, 230),
    (62, 74, 92),
    (86, 62, 48),
    (196, 206, 216),
)
_WOOD: Colour = (104, 62, 40)
_BANNER: Colour = (166, 50, 46)
_GOLD: Colour = (232, 206, 140)


def seed_of(name: str) -> int:
    """The same number for the same name, in every process."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")


def frames(name: str, caption: str, *, place: int, fps: int, seconds: int) -> Iterator[Image.Image]:
    """A loop of 1280x720 RGB pictures. `place` (0, 1, 2…) picks the curtain's colour."""
    rng = random.Random(seed_of(name))
    background = _room(name, caption, _CURTAINS[place % len(_CURTAINS)])
    people = [_person(rng, 1.0 if seat == 1 else 0.78) for seat in range(3)]
    spots = ((250, 470), (640, 470), (1030, 470))
    desk = _desk(name)
    digits = _font(30)
    total = fps * seconds
    for number in range(total):
        turn = number / total * 2 * math.pi
        picture = background.copy()
        for seat in (0, 2, 1):
            sway = math.sin(turn * (seat + 1) + seat) * 6
            nod = math.sin(turn * (seat + 2) + 2 * seat) * 4
            image = people[seat]
            x, y = spots[seat]
            corner = (round(x + sway) - image.width // 2, round(y + nod) - image.height // 2)
            picture.paste(image, corner, image)
        picture.paste(desk, (0, HEIGHT - desk.height), desk)
        _clock(picture, turn, number / fps, digits)
        yield picture


def _room(name: str, caption: str, colour: Colour) -> Image.Image:
    """Curtain with folds and the banner with the site's name."""
    fold = Image.new("RGB", (WIDTH, 1))
    for x in range(WIDTH):
        light = 0.82 + 0.18 * math.sin(x / 9.0) + 0.06 * math.sin(x / 61.0)
        fold.putpixel((x, 0), _shade(colour, light))
    room = fold.resize((WIDTH, HEIGHT))
    shadow = Image.linear_gradient("L").resize((WIDTH, HEIGHT))
    room = Image.composite(Image.new("RGB", room.size, (14, 16, 22)), room, shadow.point(_half))
    draw = ImageDraw.Draw(room)
    draw.rectangle((150, 0, WIDTH - 150, 132), fill=_BANNER)
    font = _fitting(name, WIDTH - 360, 68)
    draw.text((WIDTH / 2, 52), name, font=font, fill=_GOLD, anchor="mm")
    draw.text((WIDTH / 2, 110), caption, font=_font(24), fill=_GOLD, anchor="mm")
    return room


def _half(value: int) -> int:
    return value // 2


def _person(rng: random.Random, scale: float) -> Image.Image:
    """Head and shoulders on a transparent ground."""
    unit = scale * _SMOOTH
    image = Image.new("RGBA", (round(360 * unit), round(420 * unit)))
    draw = ImageDraw.Draw(image)

    def box(*numbers: float) -> tuple[float, float, float, float]:
        left, top, right, bottom = (value * unit for value in numbers)
        return left, top, right, bottom

    skin, jacket = rng.choice(_SKINS), rng.choice(_JACKETS)
    hair = rng.choice(((24, 22, 24), (40, 34, 32), (96, 92, 92)))
    if rng.random() < 0.5:
        draw.rounded_rectangle(box(108, 22, 252, 210), 60 * unit, fill=hair)
    draw.rounded_rectangle(box(30, 232, 330, 480), 96 * unit, fill=jacket)
    draw.rectangle(box(152, 190, 208, 250), fill=_shade(skin, 0.86))
    collar = [(180, 330), (132, 240), (228, 240)]
    draw.polygon([(x * unit, y * unit) for x, y in collar], fill=(236, 240, 244))
    draw.ellipse(box(116, 40, 244, 214), fill=skin)
    draw.pieslice(box(112, 26, 248, 158), 180, 360, fill=hair)
    for x in (152, 208):
        draw.ellipse(box(x - 7, 118, x + 7, 132), fill=(36, 30, 30))
    draw.arc(box(154, 150, 206, 186), 20, 160, fill=(120, 70, 60), width=round(5 * unit))
    if rng.random() < 0.4:
        for x in (152, 208):
            draw.ellipse(box(x - 22, 104, x + 22, 146), outline=(50, 50, 56), width=round(4 * unit))
    return image.resize((image.width // _SMOOTH, image.height // _SMOOTH), Image.Resampling.BOX)


def _desk(name: str) -> Image.Image:
    """Table with name plate, papers and microphone."""
    height = 170
    image = Image.new("RGBA", (WIDTH, height + 90))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 90, WIDTH, height + 90), fill=_WOOD)
    draw.rectangle((0, 90, WIDTH, 98), fill=_shade(_WOOD, 1.3))
    draw.line((828, 104, 848, 40), fill=(30, 32, 36), width=8)
    draw.ellipse((836, 8, 864, 48), fill=(30, 32, 36))
    draw.rounded_rectangle((800, 98, 860, 114), 6, fill=(30, 32, 36))
    for x in (170, 960):
        draw.polygon(
            ((x, 130), (x + 120, 130), (x + 138, 160), (x - 18, 160)), fill=(238, 236, 228)
        )
    draw.rounded_rectangle((400, 118, 880, 218), 10, fill=(244, 242, 236))
    font = _fitting(name, 440, 56)
    draw.text((640, 168), name, font=font, fill=(150, 36, 32), anchor="mm")
    return image


def _clock(picture: Image.Image, turn: float, second: float, font: ImageFont.FreeTypeFont) -> None:
    """A hand that goes round once a loop, and the seconds: a frozen picture shows at once."""
    draw = ImageDraw.Draw(picture)
    x, y, radius = WIDTH - 76, 66, 48
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(244, 242, 236))
    tip = (x + math.sin(turn) * radius * 0.82, y - math.cos(turn) * radius * 0.82)
    draw.line((x, y, *tip), fill=(190, 40, 36), width=7)
    draw.ellipse((x - 6, y - 6, x + 6, y + 6), fill=(40, 36, 36))
    draw.text((76, 66), f"{second:04.1f}", font=font, fill=(244, 242, 236), anchor="mm")


def _fitting(text: str, width: float, size: int) -> ImageFont.FreeTypeFont:
    """The largest font up to `size` in which `text` fits."""
    font = _font(size)
    while size > 14 and font.getlength(text) > width:
        size -= 2
        font = _font(size)
    return font


def _font(size: int) -> ImageFont.FreeTypeFont:
    """The interface's font, or Pillow's own where the pages are not installed."""
    if not _FONT_FILE.exists():
        fallback = ImageFont.load_default(size)
        assert isinstance(fallback, ImageFont.FreeTypeFont)
        return fallback
    font = ImageFont.truetype(str(_FONT_FILE), size)
    font.set_variation_by_axes(
        [{"weight": 650, "optical size": 28}.get(name, value) for name, value in _axes(font)]
    )
    return font


def _axes(font: ImageFont.FreeTypeFont) -> list[tuple[str, float]]:
    names = []
    for axis in font.get_variation_axes():
        name = axis["name"]
        text = name.decode() if isinstance(name, bytes) else str(name)
        names.append((text.lower(), float(axis["default"] or 0)))
    return names


def _shade(colour: Colour, light: float) -> Colour:
    red, green, blue = (max(0, min(255, round(part * light))) for part in colour)
    return red, green, blue
