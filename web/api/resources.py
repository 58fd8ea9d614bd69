"""What the API answers and takes: typed structs, camelCase on the wire, times in ISO 8601 UTC."""

from datetime import datetime

from rooms.dates.entries import CalendarEntry
from rooms.meetings.meetings import Meeting
from rooms.records.recordings import RecordingInfo, RecordingState
from web.api.framework import Body, Id, Resource
from web.pages.common import reference
from web.pages.meeting import SiteLine


class SiteResource(Resource, frozen=True, kw_only=True):
    id: int
    code: str
    name: str
    short_name: str
    presides: bool
    state: str  # "present" | "weak" | "lost" | "absent"
    since: float | None  # UTC epoch seconds of the present stay


class AgendaResource(Resource, frozen=True, kw_only=True):
    position: int
    title: str
    start: str | None  # local time of day, "08:10"
    presenter: str
    minutes: int | None


class MeetingResource(Resource, frozen=True, kw_only=True):
    id: int
    reference: str  # short name or id: what stands in addresses
    title: str
    host_unit: str
    chair: str
    start: datetime
    end: datetime
    state: str  # of `MeetingState`
    site_count: int


class MeetingDetail(MeetingResource, frozen=True, kw_only=True):
    sites: tuple[SiteResource, ...]  # protocol order
    agenda: tuple[AgendaResource, ...]


class MeetingList(Resource, frozen=True, kw_only=True):
    meetings: tuple[MeetingResource, ...]


class RecordingResource(Resource, frozen=True, kw_only=True):
    id: str
    meeting: int
    started: datetime
    ended: datetime | None
    state: str  # "recording" | "waiting" | "composing" | "ready" | "failed"
    progress: float  # 0…1 of composing
    duration_s: float | None
    size_bytes: int
    video: str | None  # address of the MP4, when ready


class NewAgendaItem(Body, frozen=True, kw_only=True):
    title: str
    presenter: str = ""
    minutes: int | None = None


class NewMeeting(Body, frozen=True, kw_only=True):
    """The body of POST /api/v1/meetings. Times carry their offset from UTC."""

    title: str
    start: datetime
    end: datetime
    host_unit_id: Id
    chair_id: Id
    site_ids: tuple[Id, ...]
    agenda: tuple[NewAgendaItem, ...] = ()
    notes: str = ""
    secrecy: str = "none"


def meeting_resource(meeting: Meeting) -> MeetingResource:
    return MeetingResource(
        id=meeting.id,
        reference=reference(meeting),
        title=meeting.title,
        host_unit=meeting.host_unit,
        chair=meeting.chair_name,
        start=meeting.start,
        end=meeting.end,
        state=meeting.state,
        site_count=len(meeting.sites),
    )


def entry_resource(entry: CalendarEntry) -> MeetingResource:
    return MeetingResource(
        id=entry.id,
        reference=entry.reference,
        title=entry.title,
        host_unit=entry.host_unit,
        chair=entry.chair_name,
        start=entry.start,
        end=entry.end,
        state=entry.state,
        site_count=entry.sites,
    )


def meeting_detail(meeting: Meeting, sites: tuple[SiteLine, ...]) -> MeetingDetail:
    outline = {f: getattr(meeting_resource(meeting), f) for f in MeetingResource.__struct_fields__}
    return MeetingDetail(
        **outline,
        sites=tuple(
            SiteResource(
                id=line.site.site_id,
                code=line.site.code,
                name=line.site.name,
                short_name=line.site.short_name,
                presides=line.presides,
                state=line.state,
                since=line.since,
            )
            for line in sites
        ),
        agenda=tuple(
            AgendaResource(
                position=item.position,
                title=item.title,
                start=f"{item.start:%H:%M}" if item.start else None,
                presenter=item.presenter,
                minutes=item.minutes,
            )
            for item in meeting.agenda
        ),
    )


def recording_resource(recording: RecordingInfo) -> RecordingResource:
    ready = recording.state is RecordingState.READY
    return RecordingResource(
        id=recording.id,
        meeting=recording.meeting_id,
        started=recording.started,
        ended=recording.ended,
        state=recording.state,
        progress=recording.progress,
        duration_s=recording.duration_s,
        size_bytes=recording.size_bytes,
        video=f"/ban-ghi/{recording.id}/video" if ready else None,
    )
