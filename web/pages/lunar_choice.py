"""Whether lunar dates are shown beside the solar ones: a choice of each browser."""

from aiohttp import web

from web.auth import YEAR_SECONDS, redirect, require, safe_next, set_cookie

COOKIE = "am_lich"


def shows_lunar(request: web.Request) -> bool:
    return request.cookies.get(COOKIE) != "0"


@require()
async def choose(request: web.Request) -> web.Response:
    form = await request.post()
    next_page = form.get("next", "")
    response = redirect(safe_next(next_page if isinstance(next_page, str) else ""))
    set_cookie(request, response, COOKIE, "1" if form.get("hien") == "1" else "0", YEAR_SECONDS)
    return response


ROUTES = [web.post("/lich/am-lich", choose)]
