"""Which paused pictures a site is told of. Pure."""

from collections.abc import Sequence

from rooms.session.notices import Paused, PausedPicture

SETTLED_SECONDS = 3  # pictures that find another layer pause for a moment: nobody is told


class Pauses:
    """Follows the pauses of one site's pictures, a report a second."""

    def __init__(self) -> None:
        self.told = Paused(pictures=())
        self._since: dict[PausedPicture, int] = {}  # reports in a row

    def second(self, pictures: Sequence[PausedPicture]) -> Paused | None:
        """What the site is to be told now; None: nothing new."""
        self._since = {picture: self._since.get(picture, 0) + 1 for picture in pictures}
        told = Paused(
            pictures=tuple(
                picture for picture, seconds in self._since.items() if seconds >= SETTLED_SECONDS
            )
        )
        if set(told.pictures) == set(self.told.pictures):
            return None
        self.told = told
        return told
