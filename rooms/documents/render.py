"""Makes a picture of one page: a program of its own, because what it reads may be hostile.

    python -I render.py SOURCE FOLDER PAGE WIDTH

SOURCE is a PDF or a picture. FOLDER gets `pages` (how many there are), and unless PAGE is 0
`page.webp` and `text`. It exits with 3 when SOURCE cannot be read; whoever starts it bounds its
time, it bounds its own memory, processor time and files.
"""

import math
import resource
import sys
from pathlib import Path

MEMORY_BYTES = 1_000_000_000
CPU_S = 20
FILE_BYTES = 32_000_000
MAX_PAGES = 3000
MAX_PIXELS = 9_000_000  # of a picture that is made
MAX_SOURCE_PIXELS = 50_000_000
MAX_TEXT_CHARS = 20_000
QUALITY = 80
UNREADABLE = 3


def bound() -> None:
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def scale_of(width: float, height: float, wanted: int) -> float:
    """From the size of a page to that of its picture: as wide as wanted, not too large in all."""
    if not (0 < width < math.inf and 0 < height < math.inf):
        raise ValueError("a page without a size")
    return min(wanted / width, math.sqrt(MAX_PIXELS / (width * height)))


def of_pdf(source: Path, folder: Path, page: int, width: int) -> None:
    import pypdfium2

    document = pypdfium2.PdfDocument(source)
    count = min(len(document), MAX_PAGES)
    if count == 0:
        raise ValueError("no pages")
    (folder / "pages").write_text(str(count))
    if not 1 <= page <= count:
        return
    shown = document[page - 1]
    size = shown.get_size()
    text = shown.get_textpage().get_text_bounded()[:MAX_TEXT_CHARS]
    (folder / "text").write_text(text, encoding="utf-8", errors="replace")
    picture = shown.render(scale=scale_of(size[0], size[1], width)).to_pil()
    picture.convert("RGB").save(folder / "page.webp", "WEBP", quality=QUALITY, method=4)


def of_picture(source: Path, folder: Path, page: int, width: int) -> None:
    from PIL import Image, ImageOps

    with Image.open(source, formats=("PNG", "JPEG", "GIF", "WEBP")) as opened:
        if opened.width * opened.height > MAX_SOURCE_PIXELS:
            raise ValueError("too large")
        opened.draft("RGB", (width, width))
        picture = ImageOps.exif_transpose(opened).convert("RGB")
    (folder / "pages").write_text("1")
    if page != 1:
        return
    (folder / "text").write_text("")
    scale = min(1.0, scale_of(picture.width, picture.height, width))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    picture.resize(size).save(folder / "page.webp", "WEBP", quality=QUALITY, method=4)


def main(source: str, folder: str, page: str, width: str) -> int:
    bound()
    with open(source, "rb") as file:
        work = of_pdf if b"%PDF-" in file.read(1024) else of_picture
    try:
        work(Path(source), Path(folder), int(page), int(width))
    except Exception as error:
        print(f"{type(error).__name__}: {error}"[:300], file=sys.stderr)
        return UNREADABLE
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
