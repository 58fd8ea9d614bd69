"""What a live meeting starts from."""

import msgspec
import pytest

from rooms.meetings.drafts import AgendaItem, MeetingKind
from rooms.meetings.meetings import Meeting
from rooms.meetings.opening import opening
from rooms.meetings.seating import seat_for
from rooms.session.model import Agenda


async def test_the_agenda_goes_with_it(meeting: Meeting) -> None:
    items = (
        AgendaItem(id=41, position=1, title="Báo cáo", presenter="Sở KHĐT", minutes=20),
        AgendaItem(position=2, title="Thảo luận"),
    )
    opened = opening(msgspec.structs.replace(meeting, agenda=items))
    assert opened.agenda == (
        Agenda(id=41, title="Báo cáo", presenter="Sở KHĐT", minutes=20),
        Agenda(id=2, title="Thảo luận"),
    )


async def test_the_deputy_is_named_by_the_seat(meeting: Meeting) -> None:
    assert opening(meeting).deputy is None
    deputy = msgspec.structs.replace(meeting, deputy_id=7)
    assert opening(deputy).deputy == "user:7"
    assert opening(msgspec.structs.replace(deputy, deputy_site_id=3)).deputy == "site:3"


@pytest.mark.parametrize(
    ("kind", "talks"),
    [
        (MeetingKind.BRIEFING, True),
        (MeetingKind.MEETING, True),
        (MeetingKind.CONFERENCE, False),
        (MeetingKind.FINAL_REVIEW, False),
    ],
)
async def test_at_a_conference_people_speak_by_invitation(meeting, kind, talks) -> None:
    assert opening(msgspec.structs.replace(meeting, kind=kind)).discussion is talks


async def test_rooms_are_unmuted_and_people_asked(people, meeting: Meeting) -> None:
    first, *others = meeting.sites
    asked = msgspec.structs.replace(first, direct=False)
    held = msgspec.structs.replace(meeting, sites=(asked, *others))
    assert [seat.direct for seat in opening(held).seats] == [False, True, True]
    delegate = seat_for(meeting, people["daibieu"])
    assert delegate is not None
    assert not delegate.direct
