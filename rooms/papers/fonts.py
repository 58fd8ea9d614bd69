"""The service's serif as TrueType: PDF writers cannot read the WOFF2 files of the pages."""

import os
import threading
import unicodedata
from pathlib import Path

from fontTools.ttLib import TTFont

STYLES = {
    "": "dc-serif-regular",
    "B": "dc-serif-bold",
    "I": "dc-serif-italic",
}


class PaperFonts:
    """Unpacks the fonts once into a folder of the service.

    Args:
        source: where the WOFF2 files are.
        folder: where the TrueType files go; made when needed.
    """

    def __init__(self, source: Path, folder: Path) -> None:
        self._source = source
        self._folder = folder
        self._lock = threading.Lock()

    def file(self, style: str) -> Path:
        """The TrueType file of "", "B" or "I"."""
        name = STYLES[style]
        woff = self._source / f"{name}.woff2"
        stamp = int(woff.stat().st_mtime)
        path = self._folder / f"{name}-{stamp}.ttf"
        with self._lock:
            if not path.exists():
                self._unpack(woff, path)
        return path

    def _unpack(self, woff: Path, path: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        with TTFont(woff) as font:
            font.flavor = None
            font.save(partial)
        partial.replace(path)


def composed(text: str) -> str:
    """Letters with their accents as one character each, which is how the fonts hold them."""
    return unicodedata.normalize("NFC", text)
