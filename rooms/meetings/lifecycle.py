"""Which state a meeting may go to, and who may bring it there. Pure: one table.

    draft -> pending -> approved -> invited -> rehearsal -> live -> ended -> archived

A meeting that waits for approval or for its start can be postponed or cancelled; a postponed one
is approved again with its new time. Ended, archived and cancelled meetings never come back: who
needs one again copies it.
"""

from enum import StrEnum

import msgspec

from rooms.directory.accounts import Account, AccountRole
from rooms.errors import N_, Invalid, RequestRefused
from rooms.meetings.drafts import Duty
from rooms.meetings.records import UNPUBLISHED, WAITING, Meeting, MeetingState

S = MeetingState


class Relation(StrEnum):
    """What an account is to one meeting."""

    SERVICE = "service"  # the live meeting itself
    OFFICE = "office"  # secretariat and administrators
    CHAIR = "chair"  # chair, deputy, co-chairs
    AUTHOR = "author"  # whoever registered it for their unit
    TECHNICIAN = "technician"
    OTHER = "other"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    by: frozenset[Relation]
    reason: bool = False  # a note must say why


def _step(*by: Relation, reason: bool = False) -> Step:
    return Step(by=frozenset(by), reason=reason)


_RUNS = (Relation.SERVICE, Relation.OFFICE, Relation.CHAIR)
_DECIDES = (Relation.OFFICE, Relation.CHAIR)
_TESTS = (Relation.OFFICE, Relation.TECHNICIAN)

STEPS: dict[tuple[MeetingState, MeetingState], Step] = {
    (S.DRAFT, S.PENDING): _step(Relation.OFFICE, Relation.AUTHOR),
    (S.DRAFT, S.APPROVED): _step(*_DECIDES),
    (S.PENDING, S.DRAFT): _step(*_DECIDES, Relation.AUTHOR, reason=True),
    (S.PENDING, S.APPROVED): _step(*_DECIDES),
    (S.PENDING, S.CANCELLED): _step(*_DECIDES, reason=True),
    (S.APPROVED, S.INVITED): _step(Relation.OFFICE, Relation.AUTHOR),
    (S.APPROVED, S.REHEARSAL): _step(*_TESTS),
    (S.INVITED, S.REHEARSAL): _step(*_TESTS),
    (S.REHEARSAL, S.APPROVED): _step(*_TESTS),
    (S.REHEARSAL, S.INVITED): _step(*_TESTS),
    **{(state, S.LIVE): _step(*_RUNS) for state in WAITING},
    **{(state, S.POSTPONED): _step(*_DECIDES, reason=True) for state in WAITING},
    **{(state, S.CANCELLED): _step(*_DECIDES, reason=True) for state in (*WAITING, S.POSTPONED)},
    (S.POSTPONED, S.APPROVED): _step(Relation.OFFICE),
    (S.LIVE, S.ENDED): _step(*_RUNS),
    (S.ENDED, S.ARCHIVED): _step(Relation.OFFICE),
}

# Who may change what a meeting is: its title, time, sites, agenda, …
EDITORS: dict[MeetingState, frozenset[Relation]] = {
    S.DRAFT: frozenset({Relation.OFFICE, Relation.AUTHOR}),
    **{state: frozenset({Relation.OFFICE}) for state in (S.PENDING, *WAITING, S.LIVE, S.POSTPONED)},
}

STATE_NAMES = {
    S.DRAFT: N_("Dự thảo"),
    S.PENDING: N_("Chờ phê duyệt"),
    S.APPROVED: N_("Đã phê duyệt"),
    S.INVITED: N_("Đã phát hành giấy mời"),
    S.REHEARSAL: N_("Đang chạy thử"),
    S.LIVE: N_("Đang diễn ra"),
    S.ENDED: N_("Đã kết thúc"),
    S.ARCHIVED: N_("Đã lưu trữ"),
    S.POSTPONED: N_("Tạm hoãn"),
    S.CANCELLED: N_("Đã hủy"),
}


def relation(meeting: Meeting, account: Account) -> Relation:
    """The strongest thing an account is to a meeting."""
    if account.role in (AccountRole.SECRETARIAT, AccountRole.ADMINISTRATOR):
        return Relation.OFFICE
    if account.id in chairs(meeting):
        return Relation.CHAIR
    if account.id == meeting.created_by:
        return Relation.AUTHOR
    if account.role is AccountRole.TECHNICIAN:
        return Relation.TECHNICIAN
    return Relation.OTHER


def chairs(meeting: Meeting) -> frozenset[int]:
    """Accounts that may lead the meeting: the chair, the deputy, co-chairs."""
    together = {member.account_id for member in meeting.on_duty(Duty.CHAIR)}
    deputy = {meeting.deputy_id} if meeting.deputy_id is not None else set()
    return frozenset({meeting.chair_id} | together | deputy)


def steps(state: MeetingState, who: Relation) -> tuple[MeetingState, ...]:
    """The states `who` may bring a meeting to, in the order of the table."""
    return tuple(to for (at, to), step in STEPS.items() if at is state and who in step.by)


def check_step(state: MeetingState, to: MeetingState, who: Relation, note: str) -> None:
    """Whether `who` may take this step.

    Raises:
        RequestRefused: "wrong-state", "not-allowed".
        Invalid: {"note": …} when the reason is missing.
    """
    step = STEPS.get((state, to))
    if step is None:
        raise RequestRefused("wrong-state")
    if who not in step.by:
        raise RequestRefused("not-allowed")
    if step.reason and not note.strip():
        raise Invalid({"note": N_("Ghi rõ lý do.")})


def may_edit(state: MeetingState, who: Relation) -> bool:
    return who in EDITORS.get(state, frozenset())


def check_edit(state: MeetingState, who: Relation) -> None:
    """Raises:
    RequestRefused: "wrong-state" (nobody changes it any more), "not-allowed".
    """
    if state not in EDITORS:
        raise RequestRefused("wrong-state")
    if not may_edit(state, who):
        raise RequestRefused("not-allowed")


def published(state: MeetingState) -> bool:
    """Whether those who are invited see the meeting."""
    return state not in UNPUBLISHED
