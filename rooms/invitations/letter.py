"""The invitation letter of a meeting as a paper. Pure.

What must be in it (Quyết định 45/2018/QĐ-TTg): who chairs, who takes part, content, time, place,
what participants are to do, whom to ask.
"""

from datetime import date, datetime
from itertools import groupby

from rooms.invitations.records import Letter, LetterForm, Series, lines
from rooms.invitations.words import comrade, short_time, time_words, with_position
from rooms.meetings.drafts import AgendaItem, Duty
from rooms.meetings.records import InvitedSite, Meeting
from rooms.papers.paper import (
    Block,
    Heading,
    Letterhead,
    List,
    Paper,
    Paragraph,
    Party,
    Run,
    Signature,
    State,
    Table,
    place_date,
)

TITLE = "GIẤY MỜI"
MAX_NAMED = 30  # more sites than that are listed on a page of their own
_ENDING = {LetterForm.STATE: "./.", LetterForm.PARTY: "."}


def default_letter(
    meeting: Meeting, series: Series, *, contact: str, hotline: str, deadline: datetime | None
) -> Letter:
    """What a letter says before anybody has changed a word."""
    return Letter(
        meeting_id=meeting.id,
        series=series,
        abstract=f"Dự {inside(meeting.title)}"[:300],
        requirements=_requirements(deadline),
        contact=f"{contact}; hỗ trợ kỹ thuật: {hotline}"[:300],
        signature=series.signature,
        signer=series.signer,
        recipients=series.recipients or "Như trên\nLưu: VT",
    )


def _requirements(deadline: datetime | None) -> str:
    until = f" trước {short_time(deadline)}" if deadline is not None else ""
    return "\n".join(
        (
            f"Các điểm cầu xác nhận và đăng ký thành phần tham dự{until}"
            " qua đường liên kết gửi kèm giấy mời",
            "Cán bộ kỹ thuật có mặt trước 60 phút để kiểm tra đường truyền;"
            " đại biểu có mặt trước 15 phút",
            "Không đưa nội dung thuộc bí mật nhà nước lên hệ thống",
        )
    )


def letter_paper(letter: Letter, meeting: Meeting, today: date) -> Paper:
    """The paper to print, sign and send."""
    day = letter.issue_date
    series = letter.series
    return Paper(
        letterhead=_letterhead(series),
        number=letter.number.text if letter.number else f"       {_mark(series)}",
        place_date=place_date(series.place, day)
        if day is not None
        else f"{series.place}, ngày        tháng        năm {today.year}",
        title=TITLE,
        abstract=letter.abstract,
        blocks=_blocks(letter, meeting),
        recipients=lines(letter.recipients),
        signature=Signature(lines=lines(letter.signature), name=letter.signer),
        appendix=_appendix(meeting),
    )


def _mark(series: Series) -> str:
    """The symbol with its separator, behind the room for a number."""
    return f"-{series.symbol}" if series.form is LetterForm.PARTY else f"/{series.symbol}"


def _letterhead(series: Series) -> Letterhead:
    kind = Party if series.form is LetterForm.PARTY else State
    return kind(superior=series.superior, issuer=series.issuer)


def _blocks(letter: Letter, meeting: Meeting) -> tuple[Block, ...]:
    series, title = letter.series, inside(meeting.title)
    party = series.form is LetterForm.PARTY
    chair = with_position(meeting.chair_name, meeting.chair_position)
    opening = Paragraph(
        (
            Run(f"{series.inviter} trân trọng kính mời các cơ quan, đơn vị, địa phương dự "),
            Run(title, bold=True),
            Run(", cụ thể như sau:"),
        )
    )
    sections: list[tuple[str, tuple[Block, ...] | str]] = [
        ("Thời gian", time_words(meeting.start, meeting.end)),
        ("Hình thức, địa điểm", _place(meeting)),
        ("Chủ trì", comrade(chair) if party else chair),
        ("Thành phần", _composition(meeting)),
    ]
    together = tuple(
        with_position(member.name, member.position) for member in meeting.on_duty(Duty.CHAIR)
    )
    if together:
        names = (comrade(name) for name in together) if party else together
        sections.insert(3, ("Đồng chủ trì", "; ".join(names)))
    if meeting.agenda:
        sections.append(("Nội dung", (List(tuple(map(_item, meeting.agenda))),)))
    if letter.requirements.strip():
        wanted = List(tuple(f"{line.rstrip('.;')}." for line in lines(letter.requirements)))
        sections.append(("Yêu cầu đối với người tham dự", (wanted,)))
    sections.append(("Đầu mối liên hệ", letter.contact))
    blocks: list[Block] = [opening]
    for number, (name, content) in enumerate(sections, start=1):
        blocks += _section(number, name, content)
    ending = f"Kính mời các đại biểu dự họp đầy đủ, đúng giờ{_ENDING[series.form]}"
    return (*blocks, Paragraph(ending))


def _section(number: int, name: str, content: tuple[Block, ...] | str) -> list[Block]:
    if isinstance(content, str):
        return [Paragraph((Run(f"{number}. {name}: ", bold=True), Run(_sentence(content))))]
    return [Heading(f"{number}. {name}:"), *content]


def _sentence(text: str) -> str:
    return text if text.endswith((".", ";", ":")) else f"{text}."


def inside(title: str) -> str:
    """A title within a sentence: "Họp giao ban" becomes "họp giao ban", names stay."""
    for word in ("Hội nghị", "Họp", "Phiên họp", "Cuộc họp", "Tập huấn", "Hội thảo", "Kỳ họp"):
        if title.startswith(word):
            return word[0].lower() + title[1:]
    return title


def _place(meeting: Meeting) -> str:
    main = meeting.main_site
    where = ", ".join(part for part in (meeting.venue, main.name if main else "") if part)
    count = len(meeting.sites)
    rest = f"kết nối trực tuyến {count:02d} điểm cầu"
    return f"Họp trực tuyến; điểm cầu chính tại {where}, {rest}" if where else f"Họp {rest[8:]}"


def _composition(meeting: Meeting) -> tuple[Block, ...]:
    """Sites in protocol order; neighbours with the same composition share a line."""
    if len(meeting.sites) > MAX_NAMED:
        count = len(meeting.sites)
        return (Paragraph(f"{count} điểm cầu theo danh sách kèm theo."),)
    groups = groupby(meeting.sites, key=lambda site: (site.composition, site.delegates))
    return (List(tuple(_group(list(sites)) for _, sites in groups)),)


def _group(sites: list[InvitedSite]) -> str:
    first = sites[0]
    names = "; ".join(site.name for site in sites)
    label = "Điểm cầu" if len(sites) == 1 else "Các điểm cầu"
    who = ", ".join(line.rstrip(".;,") for line in lines(first.composition))
    if first.delegates:
        each = "" if len(sites) == 1 else "mỗi điểm cầu "
        who = f"{who} ({each}{first.delegates:02d} đại biểu)".strip()
    return f"{label} {names}: {who}." if who else f"{label} {names}."


def _item(item: AgendaItem) -> str:
    at = f"{item.start:%H} giờ {item.start:%M} phút: " if item.start is not None else ""
    who = f" ({item.presenter})" if item.presenter else ""
    return f"{at}{item.title.rstrip('.;')}{who}."


def _appendix(meeting: Meeting) -> tuple[Block, ...]:
    if len(meeting.sites) <= MAX_NAMED:
        return ()
    rows = tuple(
        (
            str(number),
            site.name,
            ", ".join(lines(site.composition)),
            str(site.delegates) if site.delegates else "",
        )
        for number, site in enumerate(meeting.sites, start=1)
    )
    head = ("TT", "Điểm cầu", "Thành phần", "Số đại biểu")
    table = Table(head, rows, (2, 8, 8, 3), ("center", "left", "left", "center"))
    return (Heading("DANH SÁCH ĐIỂM CẦU", centred=True), table)
