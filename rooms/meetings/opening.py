"""What a live meeting starts from: its schedule entry as the first entry of the log. Pure."""

from rooms.meetings.drafts import MeetingKind
from rooms.meetings.records import Meeting
from rooms.meetings.seating import deputy_seat, opening_seats
from rooms.session.events import MeetingOpened
from rooms.session.model import Agenda

# At a hội nghị who is not invited to speak stays muted; elsewhere people talk with each other.
CONFERENCES = frozenset(
    {
        MeetingKind.CONFERENCE,
        MeetingKind.DEPLOYMENT,
        MeetingKind.PRELIMINARY_REVIEW,
        MeetingKind.FINAL_REVIEW,
        MeetingKind.STUDY,
    }
)


def opening(meeting: Meeting, *, rehearsal: bool = False) -> MeetingOpened:
    """The first entry of a meeting's log. In a test run every site tries its own microphone."""
    return MeetingOpened(
        meeting=meeting.id,
        title=meeting.title,
        seats=opening_seats(meeting),
        ends=meeting.end.timestamp(),
        rehearsal=rehearsal,
        agenda=tuple(
            Agenda(
                id=item.position if item.id is None else item.id,
                title=item.title,
                presenter=item.presenter,
                minutes=item.minutes,
            )
            for item in meeting.agenda
        ),
        deputy=deputy_seat(meeting),
        discussion=rehearsal or meeting.kind not in CONFERENCES,
    )
