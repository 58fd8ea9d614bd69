"""The tabs of a meeting: one line for each page that belongs to it."""

from collections.abc import Callable
from dataclasses import dataclass

from rooms.directory.accounts import Account
from rooms.meetings.lifecycle import may_edit, relation
from rooms.meetings.meetings import Meeting
from web.i18n import gettext, mark
from web.pages.common import OVERSEERS, reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    label: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """`seen` says who finds the tab, of those who see the meeting at all."""

    name: str
    label: str  # message id
    path: str = ""  # below the meeting's address
    seen: Callable[[Meeting, Account], bool] = lambda meeting, account: True
    by_link: bool = False  # open to the holder of a personal link as well


def _edits(meeting: Meeting, account: Account) -> bool:
    return may_edit(meeting.state, relation(meeting, account))


def _oversees(meeting: Meeting, account: Account) -> bool:
    return account.role in OVERSEERS


_KINDS = (
    _Kind(name="overview", label=mark("Tổng quan")),
    _Kind(name="composition", label=mark("Thành phần"), path="/thanh-phan", seen=_edits),
    _Kind(name="letter", label=mark("Giấy mời"), path="/giay-moi"),
    _Kind(
        name="invitation",
        label=mark("Giấy mời"),
        path="/loi-moi",
        seen=lambda meeting, account: False,
        by_link=True,
    ),
    _Kind(name="answers", label=mark("Xác nhận"), path="/xac-nhan", by_link=True),
    _Kind(name="documents", label=mark("Tài liệu"), path="/tai-lieu", by_link=True),
    _Kind(name="rehearsal", label=mark("Chạy thử"), path="/chay-thu", seen=_oversees),
    _Kind(name="minutes", label=mark("Biên bản"), path="/bien-ban", seen=_oversees),
    _Kind(name="history", label=mark("Lịch sử"), path="/lich-su", seen=_oversees),
)


def meeting_tabs(meeting: Meeting, account: Account | None, current: str) -> tuple[Tab, ...]:
    """The tabs `account` may open, in their order; `current` names the page that is shown.

    Args:
        account: None: the holder of a personal link.
    """
    base = f"/cuoc-hop/{reference(meeting)}"
    return tuple(
        Tab(label=gettext(kind.label), href=base + kind.path, current=kind.name == current)
        for kind in _KINDS
        if (kind.by_link if account is None else kind.seen(meeting, account))
    )
