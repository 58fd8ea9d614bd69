"""Who may answer for whom, and when. Pure: inputs and `now` in, a standing or a refusal out."""

from datetime import datetime
from enum import StrEnum

import msgspec

from rooms.answers.records import Actor, AnswerState, Reply, SiteAnswer, Terms
from rooms.errors import N_, RequestRefused
from rooms.meetings.records import MeetingState

MAX_HEADS = 5_000
MAX_DELEGATES = 1_000
MAX_NAME_CHARS = 200
MAX_TEXT_CHARS = 1_000
MAX_INVITED_AT_ONCE = 300


class Right(StrEnum):
    """What somebody is to a site's answer."""

    SECRETARY = "secretary"
    BRANCH = "branch"
    NONE = "none"


class Gate(StrEnum):
    """How far a meeting takes answers."""

    EARLY = "early"  # not approved
    OPEN = "open"
    LOCKED = "locked"  # past the deadline, or closed by hand
    RUNNING = "running"  # it has begun
    OVER = "over"
    ARCHIVED = "archived"
    OFF = "off"  # cancelled, or postponed with no new time


_GATES = {
    MeetingState.DRAFT: Gate.EARLY,
    MeetingState.PENDING: Gate.EARLY,
    MeetingState.APPROVED: Gate.OPEN,
    MeetingState.INVITED: Gate.OPEN,
    MeetingState.REHEARSAL: Gate.OPEN,
    MeetingState.LIVE: Gate.RUNNING,
    MeetingState.ENDED: Gate.OVER,
    MeetingState.ARCHIVED: Gate.ARCHIVED,
    MeetingState.POSTPONED: Gate.OFF,
    MeetingState.CANCELLED: Gate.OFF,
}

# None: allowed; else the code of the refusal.
RIGHTS: dict[Right, dict[Gate, str | None]] = {
    Right.SECRETARY: {
        Gate.EARLY: "answers-early",
        Gate.OPEN: None,
        Gate.LOCKED: None,
        Gate.RUNNING: None,  # sites call in who came
        Gate.OVER: None,  # the record is put right
        Gate.ARCHIVED: "ended",
        Gate.OFF: "answers-off",
    },
    Right.BRANCH: {
        Gate.EARLY: "not-found",
        Gate.OPEN: None,
        Gate.LOCKED: "answers-locked",
        Gate.RUNNING: "answers-locked",
        Gate.OVER: "ended",
        Gate.ARCHIVED: "ended",
        Gate.OFF: "answers-off",
    },
    Right.NONE: dict.fromkeys(Gate, "outside-branch"),
}


def gate(state: MeetingState, start: datetime, terms: Terms, now: datetime) -> Gate:
    found = _GATES[state]
    if found is not Gate.OPEN:
        return found
    if terms.locked is not None:
        return Gate.LOCKED if terms.locked else Gate.OPEN
    return Gate.LOCKED if now >= (terms.deadline or start) else Gate.OPEN


def right_on(actor: Actor, site_id: int) -> Right:
    if actor.secretary:
        return Right.SECRETARY
    return Right.BRANCH if site_id in actor.sites else Right.NONE


def refusal(right: Right, at: Gate, *, reopened: bool = False) -> str | None:
    """The code of a refusal; None: go on. A reopened site answers although the rest is closed."""
    if at is Gate.LOCKED and reopened:
        at = Gate.OPEN
    return RIGHTS[right][at]


def may_answer(actor: Actor, site: SiteAnswer, at: Gate) -> bool:
    return refusal(right_on(actor, site.site_id), at, reopened=site.reopened) is None


def answered(actor: Actor, site: SiteAnswer, reply: Reply, at: Gate, now: datetime) -> SiteAnswer:
    """The site as it stands after the reply.

    Raises:
        RequestRefused: "outside-branch", "answers-locked", "answers-early", "answers-off", "ended".
        Invalid is the caller's: see `faults`.
    """
    _check(actor, site, at)
    return applied(actor, site, reply, now)


def applied(actor: Actor, site: SiteAnswer, reply: Reply, now: datetime) -> SiteAnswer:
    """What a reply makes of a site, without asking whether it may."""
    coming = reply.state is AnswerState.CONFIRMED
    delegates = reply.delegates if coming else ()
    heads = reply.head_count if reply.head_count is not None else len(delegates)
    return msgspec.structs.replace(
        site,
        state=reply.state,
        reason=reply.reason.strip() if reply.state is AnswerState.DECLINED else "",
        presiding_name=reply.presiding_name.strip() if coming else "",
        presiding_position=reply.presiding_position.strip() if coming else "",
        head_count=max(heads, len(delegates)) if coming else 0,
        delegates=delegates,
        note=reply.note.strip(),
        answered_at=now if reply.state is not AnswerState.PENDING else None,
        by=actor.name if reply.state is not AnswerState.PENDING else "",
        revision=site.revision + 1,
    )


def _check(actor: Actor, site: SiteAnswer, at: Gate) -> None:
    code = refusal(right_on(actor, site.site_id), at, reopened=site.reopened)
    if code is not None:
        raise RequestRefused(code)


def invited(
    actor: Actor, inviting: SiteAnswer, wanted: frozenset[int], branch: frozenset[int], at: Gate
) -> frozenset[int]:
    """The sites that an invited site invites in turn, all of them in its own branch.

    Raises:
        RequestRefused: as `answered`, and "outside-branch" for a site that is not below it.
    """
    _check(actor, inviting, at)
    if not wanted or len(wanted) > MAX_INVITED_AT_ONCE:
        raise RequestRefused("invalid")
    if wanted - (branch - {inviting.site_id}):
        raise RequestRefused("outside-branch")
    return wanted


def may_withdraw(actor: Actor, site: SiteAnswer, at: Gate) -> str | None:
    """The code that refuses to take back an invitation; only whoever invited takes back."""
    if site.invited_by is None:
        return "not-allowed"
    return refusal(right_on(actor, site.invited_by), at, reopened=site.reopened)


def faults(reply: Reply) -> dict[str, str]:
    """A msgid for each field at fault; empty: all is well."""
    found = {
        "reason": _reason(reply),
        "presiding_name": _presiding(reply),
        "head_count": _heads(reply),
        "delegates": _delegates(reply),
        "note": N_("Ghi chú quá dài.") if len(reply.note) > MAX_TEXT_CHARS else None,
    }
    return {field: text for field, text in found.items() if text is not None}


def _reason(reply: Reply) -> str | None:
    if reply.state is not AnswerState.DECLINED:
        return None
    if not reply.reason.strip():
        return N_("Nêu lý do không tham dự.")
    return N_("Lý do quá dài.") if len(reply.reason) > MAX_TEXT_CHARS else None


def _presiding(reply: Reply) -> str | None:
    if reply.state is not AnswerState.CONFIRMED:
        return None
    if not reply.presiding_name.strip():
        return N_("Nhập tên người chủ trì tại điểm cầu.")
    if max(len(reply.presiding_name), len(reply.presiding_position)) > MAX_NAME_CHARS:
        return N_("Tên hoặc chức vụ quá dài.")
    return None


def _heads(reply: Reply) -> str | None:
    if reply.state is not AnswerState.CONFIRMED:
        return None
    heads = reply.head_count if reply.head_count is not None else len(reply.delegates)
    if not 1 <= heads <= MAX_HEADS:
        return N_("Số đại biểu là số từ 1 đến 5000.")
    return None


def _delegates(reply: Reply) -> str | None:
    if len(reply.delegates) > MAX_DELEGATES:
        return N_("Danh sách có quá nhiều đại biểu.")
    for delegate in reply.delegates:
        if not delegate.full_name.strip():
            return N_("Có đại biểu chưa ghi tên.")
        if max(map(len, (delegate.full_name, delegate.position, delegate.unit))) > MAX_NAME_CHARS:
            return N_("Tên hoặc chức vụ quá dài.")
    return None


def deadline_fault(deadline: datetime | None, start: datetime) -> str | None:
    if deadline is None or deadline <= start:
        return None
    return N_("Hạn xác nhận phải trước giờ họp.")
