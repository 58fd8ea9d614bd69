"""What a person or a program sees when a request cannot be served.

A page says what happened, what to do and whom to call; programs get problem+json (RFC 9457).
"""

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from rooms.errors import Invalid, RequestRefused
from web.auth import Forged
from web.i18n import gettext, mark
from web.views import Page, render

log = logging.getLogger(__name__)

PROGRAM_PATHS = ("/api/", "/whip/", "/whep/", "/ws", "/metrics", "/healthz", "/readyz")
PROBLEM = "application/problem+json"

STATUS_OF_CODE = {
    "not-found": HTTPStatus.NOT_FOUND,
    "not-allowed": HTTPStatus.FORBIDDEN,
    "not-invited": HTTPStatus.FORBIDDEN,
    "bad-credentials": HTTPStatus.UNAUTHORIZED,
    "throttled": HTTPStatus.TOO_MANY_REQUESTS,
    "busy": HTTPStatus.SERVICE_UNAVAILABLE,
    "shutdown": HTTPStatus.SERVICE_UNAVAILABLE,
    "dumps-off": HTTPStatus.CONFLICT,
    "not-present": HTTPStatus.CONFLICT,
    "ended": HTTPStatus.CONFLICT,
    "cancelled": HTTPStatus.CONFLICT,
    "changed-meanwhile": HTTPStatus.CONFLICT,
    "answers-early": HTTPStatus.CONFLICT,
    "answers-locked": HTTPStatus.CONFLICT,
    "answers-off": HTTPStatus.CONFLICT,
    "comments-closed": HTTPStatus.CONFLICT,
    "outside-branch": HTTPStatus.FORBIDDEN,
    "not-open": HTTPStatus.CONFLICT,
    "clash": HTTPStatus.CONFLICT,
    "wrong-state": HTTPStatus.CONFLICT,
    "file-gone": HTTPStatus.GONE,
    "plan-changed": HTTPStatus.CONFLICT,
    "reform-confirmed": HTTPStatus.CONFLICT,
    "reform-done": HTTPStatus.CONFLICT,
    "reform-late": HTTPStatus.CONFLICT,
    "reform-not-ready": HTTPStatus.CONFLICT,
    "reform-waiting": HTTPStatus.CONFLICT,
    "unit-in-use": HTTPStatus.CONFLICT,
    "no-series": HTTPStatus.CONFLICT,
    "no-number": HTTPStatus.CONFLICT,
    "not-sent": HTTPStatus.CONFLICT,
}

_TITLES = {
    400: mark("Yêu cầu không hợp lệ"),
    401: mark("Cần đăng nhập"),
    403: mark("Không được phép"),
    404: mark("Không tìm thấy trang này"),
    405: mark("Yêu cầu không hợp lệ"),
    409: mark("Chưa làm được việc này"),
    410: mark("Không còn nữa"),
    413: mark("Dữ liệu gửi lên quá lớn"),
    429: mark("Quá nhiều lần thử"),
    503: mark("Hệ thống đang bận"),
}

_SERVER_ADVICE = mark(
    "Chúng tôi đã ghi lại sự việc. Xin thử lại, nếu vẫn lỗi hãy gọi đường dây nóng kỹ thuật."
)

_ADVICE = {
    403: mark("Nếu bạn cần vào, xin liên hệ thư ký cuộc họp hoặc gọi đường dây nóng kỹ thuật."),
    404: mark("Địa chỉ có thể đã gõ sai, hoặc cuộc họp đã bị gỡ khỏi lịch."),
    413: mark("Xin gửi tệp nhỏ hơn."),
    429: mark("Xin chờ ít phút rồi thử lại."),
    503: mark("Xin chờ giây lát rồi tải lại trang."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage(Page):
    template: ClassVar[str] = "error.html"
    title: str
    text: str
    advice: str


class Problem(Exception):
    """A request of a program cannot be served; `title` is a msgid, or said already."""

    def __init__(
        self, status: int, code: str, title: str, *, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.title = title
        self.headers = headers or {}


def problem(
    status: int, code: str, title: str, errors: dict[str, str] | None = None
) -> web.Response:
    """A problem+json answer; `code` is stable, `title` is in the request's language."""
    fields: dict[str, object] = {"type": "about:blank", "status": status, "code": code}
    fields["title"] = title
    if errors:
        fields["errors"] = errors
    return web.Response(body=msgspec.json.encode(fields), status=status, content_type=PROBLEM)


def wants_page(request: web.Request) -> bool:
    """Whether the answer is read by a person in a browser."""
    return not request.path.startswith(PROGRAM_PATHS)


def error_response(
    request: web.Request, status: int, code: str, text: str = "", title: str = ""
) -> web.Response:
    """The error as a page or as problem+json, in the language of the request."""
    title = gettext(title or _TITLES.get(status, mark("Có trục trặc ở máy chủ")))
    if not wants_page(request):
        return problem(status, code, gettext(text) or title)
    advice = _ADVICE.get(status, _SERVER_ADVICE if status >= 500 else "")
    page = ErrorPage(title=title, text=gettext(text), advice=gettext(advice))
    return render(request, page, status=status)


def _refused(request: web.Request, error: RequestRefused) -> web.Response:
    status = STATUS_OF_CODE.get(error.code, HTTPStatus.BAD_REQUEST)
    title = mark("Bạn không có trong thành phần cuộc họp") if error.code == "not-invited" else ""
    return error_response(request, status, error.code, error.text, title)


def _http_error(request: web.Request, error: web.HTTPException) -> web.StreamResponse:
    text = ""
    if isinstance(error, Forged):
        text = mark("Trang này đã mở quá lâu hoặc gửi từ nơi khác. Xin tải lại trang rồi làm lại.")
    response = error_response(request, error.status, f"http-{error.status}", text)
    if isinstance(error, web.HTTPMethodNotAllowed):
        response.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
    if "WWW-Authenticate" in error.headers:
        response.headers["WWW-Authenticate"] = error.headers["WWW-Authenticate"]
    return response


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every failure into an answer; unexpected ones are logged once with their traceback."""
    try:
        return await handler(request)
    except RequestRefused as refused:
        return _refused(request, refused)
    except Problem as fault:
        response = problem(fault.status, fault.code, gettext(fault.title))
        response.headers.update(fault.headers)
        return response
    except Invalid as invalid:
        texts = {field: gettext(text) for field, text in invalid.errors.items()}
        return problem(422, "invalid", gettext(mark("Dữ liệu không hợp lệ.")), texts)
    except web.HTTPException as error:
        if error.status < 400 or error.content_type not in ("text/plain", "text/html"):
            raise
        return _http_error(request, error)
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        return error_response(request, 500, "internal")
