"""The short user guide."""

from dataclasses import dataclass
from typing import ClassVar

from aiohttp import web

from web.views import Page, render


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidePage(Page):
    template: ClassVar[str] = "guide.html"
    place: ClassVar[str] = "help"


async def show(request: web.Request) -> web.Response:
    return render(request, GuidePage())


ROUTES = [web.get("/tro-giup", show)]
