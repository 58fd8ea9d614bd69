"""The first draft of the minutes: what the log knows, in sentences. Pure.

The parts are those of Quyết định 45/2018/QĐ-TTg: who chaired and attended, the course, the
opinions, the votes, the conclusions. Texts are Vietnamese whatever the page speaks: they go on
paper.
"""

from datetime import UTC, datetime

import msgspec

from rooms.invitations.words import clock_words, day_words, with_position
from rooms.meetings.drafts import Duty
from rooms.meetings.meetings import LOCAL
from rooms.meetings.records import Meeting
from rooms.records.ledger import CountedVote, ItemTimes, Proceedings, SiteRecord, Turn
from rooms.session.model import Majority, NoteKind, RollState

LATE_S = 300.0  # a site that comes so long after the opening is late


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the minutes; its text is lines, one paragraph each."""

    key: str
    heading: str
    text: str


def first_draft(meeting: Meeting, found: Proceedings) -> tuple[Section, ...]:
    return (
        Section(key="time", heading="Thời gian, địa điểm", text=_time(meeting, found)),
        Section(key="people", heading="Thành phần", text=_people(meeting, found)),
        Section(key="course", heading="Diễn biến, nội dung", text=_course(found)),
        Section(key="opinions", heading="Ý kiến phát biểu", text=_opinions(found)),
        Section(key="votes", heading="Kết quả biểu quyết", text=_votes(found)),
        Section(key="conclusions", heading="Kết luận, quyết định", text=_conclusions(found)),
        Section(key="end", heading="Bế mạc", text=_end(found)),
    )


def _at(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone(LOCAL)


def _clock(at: float) -> str:
    return clock_words(_at(at))


def _short(at: float) -> str:
    return f"{_at(at):%H:%M}"


def _length(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{minutes} phút" if minutes < 60 else f"{minutes // 60} giờ {minutes % 60:02d} phút"


def _time(meeting: Meeting, found: Proceedings) -> str:
    begun = _at(found.opened)
    main = meeting.main_site
    place = meeting.venue or (main.name if main is not None else "")
    lines = [f"Bắt đầu lúc {clock_words(begun)}, {day_words(begun.date())}."]
    online = f"trực tuyến đến {len(meeting.sites)} điểm cầu"
    lines.append(f"Địa điểm: {place}, {online}." if place else f"Hình thức: {online}.")
    return "\n".join(lines)


def _people(meeting: Meeting, found: Proceedings) -> str:
    chair = with_position(meeting.chair_name, meeting.chair_position)
    lines = [f"Chủ trì: {chair}."]
    lines += [f"Từ {_clock(at)}, chủ trì: {name}." for at, name in found.handovers]
    secretaries = [
        with_position(member.name, member.position) for member in meeting.on_duty(Duty.SECRETARY)
    ]
    if secretaries:
        lines.append(f"Thư ký: {'; '.join(secretaries)}.")
    sites = [site for site in found.sites if site.is_site]
    absent = [site.name for site in sites if _absent(site)]
    heads = f", {found.head_count} đại biểu" if found.head_count else ""
    there = len(sites) - len(absent)
    lines.append(f"Có mặt: {there}/{len(sites)} điểm cầu{heads} (danh sách kèm theo).")
    if absent:
        lines.append(f"Vắng mặt: {'; '.join(absent)}.")
    alone = [one.name for one in found.sites if not one.is_site and not _absent(one)]
    if alone:
        lines.append(f"Dự từ thiết bị cá nhân: {'; '.join(alone)}.")
    return "\n".join(lines)


def _absent(site: SiteRecord) -> bool:
    if site.answer is not None:
        return site.answer.state is RollState.ABSENT
    return not site.stays.stays


def _course(found: Proceedings) -> str:
    lines = [_item(item) for item in found.agenda if item.stretches]
    lines += [f"Tài liệu trình chiếu lúc {_short(one.at)}: {one.title}." for one in found.documents]
    lines += [f"Giải lao từ {_clock(start)} đến {_clock(end)}." for start, end in found.pauses]
    return "\n".join(lines) or "Hội nghị diễn ra theo chương trình."


def _item(item: ItemTimes) -> str:
    start, end = item.stretches[0][0], item.stretches[-1][1]
    who = f" ({item.presenter})" if item.presenter else ""
    return f"{_short(start)}–{_short(end)}: {item.title}{who}."


def _opinions(found: Proceedings) -> str:
    return "\n".join(_turn(turn) for turn in found.turns) or "Không có ý kiến phát biểu."


def _turn(turn: Turn) -> str:
    who = f"{turn.person}, {turn.name}" if turn.person else turn.name
    return f"{_short(turn.start)}: {who} phát biểu ({_length(turn.end - turn.start)})."


def _votes(found: Proceedings) -> str:
    return "\n".join(map(_vote, found.votes)) or "Không biểu quyết."


def _vote(counted: CountedVote) -> str:
    vote, outcome = counted.vote, counted.result
    kind = "Bỏ phiếu kín" if vote.secret else "Biểu quyết"
    tally = vote.tally or (0,) * len(vote.options)
    shares = ", ".join(
        f"{option}: {_ballots(votes, outcome.cast)}"
        for option, votes in zip(vote.options, tally, strict=True)
    )
    need = "hai phần ba" if vote.majority is Majority.TWO_THIRDS else "quá bán"
    if not outcome.quorate:
        carried = "không đủ thành phần để biểu quyết"
    elif outcome.winner is None:
        carried = f"không phương án nào đạt tỷ lệ {need}"
    else:
        carried = f"“{vote.options[outcome.winner]}” đạt tỷ lệ {need}"
    missing = f" Chưa biểu quyết: {'; '.join(counted.missing)}." if counted.missing else ""
    return f"{kind}: {vote.question} Kết quả: {shares}; {carried}.{missing}"


def _ballots(votes: int, cast: int) -> str:
    share = f"{100 * votes / cast:.1f}".replace(".", ",") if cast else "0"
    return f"{votes} phiếu ({share} %)"


_KINDS = {NoteKind.DECISION: "Quyết định", NoteKind.CONCLUSION: "Kết luận", NoteKind.TASK: "Giao"}


def _conclusions(found: Proceedings) -> str:
    return "\n".join(f"{_KINDS[note.kind]}: {note.text.rstrip('.')}." for note in found.notes)


def _end(found: Proceedings) -> str:
    if found.ended is None:
        return "Hội nghị đang diễn ra."
    return f"Kết thúc lúc {_clock(found.ended)} cùng ngày."


def late(site: SiteRecord, opened: float) -> bool:
    stays = site.stays.stays
    return bool(stays) and stays[0].start - opened > LATE_S
