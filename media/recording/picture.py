"""Paints the frames of a composed recording: main picture, name plate below it, or a quiet card.

Colours and proportions are those of the room screen (`web/static/css`): nothing lies on a picture,
names stand in bold on a gold plate under it.
"""

import unicodedata
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from PIL import Image, ImageDraw, ImageFont

from media.recording.footage import Picture

WIDTH, HEIGHT = 1280, 720
PLATE_HEIGHT = 72
PICTURE_WIDTH, PICTURE_HEIGHT = 1152, 648  # 16:9
LEFT = (WIDTH - PICTURE_WIDTH) // 2
NIGHT = "#0a0e13"  # the room
SCREEN = "#05080b"  # behind a picture that is not 16:9
CARD = "#151b23"
GOLD = "#f4cb68"
INK = "#14171c"
PAPER = "#f5f1e8"
NAME_SIZE = 30
TITLE_SIZE = 46
MIN_TITLE_SIZE = 24
TITLE_LINES = 4
TITLE_WIDTH = PICTURE_WIDTH - 2 * 96
_CACHED_STILLS = 64

Planes = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Fonts:
    """The faces of plates and cards; Pillow's own when no file is given."""

    def __init__(self, plain: Path | None = None, title: Path | None = None) -> None:
        """
        Raises:
            OSError: not a font.
        """
        self._plain, self._title = plain, title or plain
        self.name(NAME_SIZE)
        self.title(TITLE_SIZE)

    def name(self, size: int) -> Font:
        return _font(self._plain, size)

    def title(self, size: int) -> Font:
        return _font(self._title, size)


def _font(path: Path | None, size: int) -> Font:
    if path is None:
        return ImageFont.load_default(size)
    font = ImageFont.truetype(str(path), size)
    names = _variations(font)
    if b"Bold" in names:
        font.set_variation_by_name(b"Bold")
    return font


def _variations(font: ImageFont.FreeTypeFont) -> list[bytes]:
    try:
        return font.get_variation_names()
    except OSError:
        return []  # not a variable font


class Canvas:
    """The frame being shown. It is repainted only when something changes."""

    def __init__(self, title: str, fonts: Fonts) -> None:
        self._title = unicodedata.normalize("NFC", title)
        self._fonts = fonts
        self._data = np.empty(WIDTH * HEIGHT * 3 // 2, np.uint8)
        self._planes = _split(self._data)
        self._stills: OrderedDict[tuple[str, str], Planes] = OrderedDict()
        self._shown: tuple[Picture | None, str] | None = None

    def frame(self) -> VideoFrame:
        """A copy of the canvas, ready to be encoded."""
        image = self._data.reshape(HEIGHT * 3 // 2, WIDTH)
        return VideoFrame.from_ndarray(image, format="yuv420p")

    def show(self, picture: Picture | None, label: str) -> None:
        """Paint a picture with the name below it; without a picture the card."""
        if self._shown == (picture, label):
            return
        if picture is None:
            self._paste(self._still("card", label), 0, 0)
        else:
            if self._shown is None or self._shown[0] is None or self._shown[1] != label:
                self._paste(self._still("frame", label), 0, 0)
            self._paste_picture(picture)
        self._shown = (picture, label)

    def _paste_picture(self, picture: Picture) -> None:
        width, height = _fitted(_shape(picture))
        left = LEFT + (PICTURE_WIDTH - width) // 4 * 2
        top = (PICTURE_HEIGHT - height) // 4 * 2
        last = self._shown[0] if self._shown else None
        if last is not None and _shape(last) != _shape(picture):
            self._clear_picture()
        if picture.turns % 2:
            width, height = height, width
        scaled = picture.frame.reformat(width=width, height=height, format="yuv420p")
        planes = _planes(scaled)
        if picture.turns:
            y, u, v = (np.rot90(plane, -picture.turns) for plane in planes)
            planes = y, u, v
        self._paste(planes, left, top)

    def _clear_picture(self) -> None:
        black = _still_planes(Image.new("RGB", (PICTURE_WIDTH, PICTURE_HEIGHT), SCREEN))
        self._paste(black, LEFT, 0)

    def _paste(self, planes: Planes, left: int, top: int) -> None:
        for index, (target, source) in enumerate(zip(self._planes, planes, strict=True)):
            x, y = (left, top) if index == 0 else (left // 2, top // 2)
            height, width = source.shape
            target[y : y + height, x : x + width] = source

    def _still(self, kind: str, label: str) -> Planes:
        """A whole frame without its picture, kept for the next time."""
        key = kind, label
        still = self._stills.get(key)
        if still is None:
            image = _base(label, self._fonts, CARD if kind == "card" else SCREEN)
            if kind == "card":
                _draw_title(image, self._title, self._fonts)
            still = self._stills[key] = _still_planes(image)
            if len(self._stills) > _CACHED_STILLS:
                self._stills.popitem(last=False)
        self._stills.move_to_end(key)
        return still


def _base(label: str, fonts: Fonts, colour: str) -> Image.Image:
    image = Image.new("RGB", (WIDTH, HEIGHT), NIGHT)
    draw = ImageDraw.Draw(image)
    draw.rectangle((LEFT, 0, LEFT + PICTURE_WIDTH - 1, PICTURE_HEIGHT - 1), fill=colour)
    if label:
        text = unicodedata.normalize("NFC", label)
        draw.rectangle((LEFT, PICTURE_HEIGHT, LEFT + PICTURE_WIDTH - 1, HEIGHT - 1), fill=GOLD)
        size = NAME_SIZE
        while size > 16 and fonts.name(size).getlength(text) > PICTURE_WIDTH - 48:
            size -= 2
        middle = PICTURE_HEIGHT + PLATE_HEIGHT // 2
        draw.text((LEFT + 24, middle), text, font=fonts.name(size), fill=INK, anchor="lm")
    return image


def _draw_title(image: Image.Image, title: str, fonts: Fonts) -> None:
    """The meeting's title in the middle of the card, under a short gold line."""
    size = TITLE_SIZE
    lines = _wrap(title, fonts.title(size))
    while len(lines) > TITLE_LINES and size > MIN_TITLE_SIZE:
        size -= 4
        lines = _wrap(title, fonts.title(size))
    lines = _balanced(title, fonts.title(size))[: 2 * TITLE_LINES]
    step = round(size * 1.4)
    top = (PICTURE_HEIGHT - step * len(lines)) // 2
    draw = ImageDraw.Draw(image)
    draw.rectangle((WIDTH // 2 - 36, top - 30, WIDTH // 2 + 35, top - 27), fill=GOLD)
    for index, line in enumerate(lines):
        middle = top + step * index + step // 2
        draw.text((WIDTH // 2, middle), line, font=fonts.title(size), fill=PAPER, anchor="mm")


def _balanced(text: str, font: Font) -> list[str]:
    """As few lines as fit, of nearly equal length: no word stands alone below."""
    count = len(_wrap(text, font))
    width = next(
        width
        for width in range(TITLE_WIDTH // 2, TITLE_WIDTH + 1, 16)
        if len(_wrap(text, font, width)) == count or width + 16 > TITLE_WIDTH
    )
    return _wrap(text, font, width)


def _wrap(text: str, font: Font, width: int = TITLE_WIDTH) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _still_planes(image: Image.Image) -> Planes:
    frame = VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
    return _planes(frame.reformat(format="yuv420p", dst_colorspace="ITU601"))


def _planes(frame: VideoFrame) -> Planes:
    """The planes of a YUV 4:2:0 frame, copied out of it."""
    planes = []
    for index, plane in enumerate(frame.planes[:3]):
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        width = frame.width if index == 0 else (frame.width + 1) // 2
        height = frame.height if index == 0 else (frame.height + 1) // 2
        planes.append(rows[:height, :width].copy())
    return planes[0], planes[1], planes[2]


def _split(data: np.ndarray[Any, Any]) -> Planes:
    luma = WIDTH * HEIGHT
    chroma = luma // 4
    shape = HEIGHT // 2, WIDTH // 2
    return (
        data[:luma].reshape(HEIGHT, WIDTH),
        data[luma : luma + chroma].reshape(shape),
        data[luma + chroma :].reshape(shape),
    )


def _shape(picture: Picture) -> tuple[int, int]:
    """Width and height of the picture set upright."""
    frame = picture.frame
    if picture.turns % 2:
        return frame.height, frame.width
    return frame.width, frame.height


def _fitted(shape: tuple[int, int]) -> tuple[int, int]:
    """The largest even size of this shape that fits."""
    width, height = shape
    scale = min(PICTURE_WIDTH / width, PICTURE_HEIGHT / height)
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)
