"""What a request says, typed: its query and its body. Everything wrong with it is a 4xx."""

from collections.abc import Mapping
from typing import Any, get_args, get_origin

import msgspec
from aiohttp import web
from multidict import MultiDict, MultiMapping

from web.errors import Problem
from web.i18n import gettext, mark

LANGUAGE_PARAMETER = "lang"  # every address takes it
_LISTS = (tuple, list, frozenset, set)


def malformed(detail: object) -> Problem:
    title = f"{gettext(mark('JSON không hợp lệ.'))} {detail}"
    return Problem(400, "malformed", title)


def bad_query(detail: object) -> Problem:
    return Problem(400, "bad-query", f"{gettext(mark('Tham số không hợp lệ.'))} {detail}")


async def body(request: web.Request, kind: Any, optional: bool) -> Any:
    """The JSON body as `kind`; None when there is none and it may be left out."""
    content = await request.read()
    if optional and not content:
        return None
    if request.content_type != "application/json":
        raise Problem(415, "not-json", mark("Yêu cầu phải là JSON."))
    if rb"\u0000" in content:
        raise malformed("text must not contain U+0000")
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, RecursionError, OverflowError, ValueError) as error:
        raise malformed(error) from None


def query(sent: "MultiMapping[str] | Mapping[str, str]", kind: Any) -> Any:
    """The parameters as `kind`; several of one name where a list is wanted."""
    names = [name for name in sent if name != LANGUAGE_PARAMETER]
    if kind is None:
        if names:
            raise bad_query(f"unknown parameter `{names[0]}`")
        return None
    many = {field.encode_name for field in msgspec.structs.fields(kind) if _is_list(field.type)}
    values: dict[str, object] = {}
    for name in names:
        values[name] = sent.getall(name) if name in many else sent[name]  # type: ignore[union-attr]
    if any("\0" in text for text in sent.values()):
        raise bad_query("text must not contain U+0000")
    try:
        return msgspec.convert(values, kind, strict=False)
    except (msgspec.ValidationError, OverflowError, ValueError) as error:
        raise bad_query(error) from None


def _is_list(kind: Any) -> bool:
    options = (kind, *get_args(kind))
    return any(get_origin(option) in _LISTS for option in options)


def window(
    sent: MultiMapping[str], default: int, most: int
) -> tuple[int, str | None, MultiDict[str]]:
    """`limit` and `cursor` of a list, and the other parameters."""
    rest = MultiDict(sent)
    text = rest.pop("limit", str(default))
    cursor = rest.pop("cursor", None)
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= most):
        raise bad_query(f"`limit` is a number from 1 to {most}")
    return int(text), cursor, rest
