"""Webhooks: what is told, to whom, and that nothing is lost or told twice."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import func, select

from rooms.directory.accounts import Account
from rooms.meetings.meetings import Meeting, MeetingDraft, Meetings, MeetingState
from rooms.records.audit import Audit
from rooms.store.database import Database
from rooms.store.tables import MeetingRevisionRow
from rooms.webhooks.addresses import may_reach, url_fault
from rooms.webhooks.deliveries import KEPT, Deliveries, DeliveryState, Outcome
from rooms.webhooks.endpoints import Endpoint, EndpointDraft, Endpoints
from rooms.webhooks.events import MAX_ATTEMPTS, EventType, event_of, next_due, sign

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
TAKEN = Outcome(status=204, error="", duration_ms=12)
DOWN = Outcome(status=None, error="ClientError", duration_ms=5)


async def note(db: Database, meeting: Meeting, action: str) -> None:
    """One more revision of the meeting."""
    of_meeting = MeetingRevisionRow.meeting_id == meeting.id
    async with db.session() as session:
        last = await session.scalar(select(func.max(MeetingRevisionRow.revision)).where(of_meeting))
        session.add(
            MeetingRevisionRow(
                meeting_id=meeting.id,
                revision=(last or 0) + 1,
                at=NOW,
                action=action,
                note="",
                content="{}",
            )
        )


async def endpoint(db: Database, by: Account, *events: EventType) -> Endpoint:
    draft = EndpointDraft(name="Cổng", url="https://cong.example.vn/h", events=events)
    return await Endpoints(db, Audit(db)).add(draft, by, NOW)


def test_every_action_of_a_meeting_is_an_event():
    told = {action: event_of(action).value for action in ("created", "cancelled", "live", "ended")}
    assert told == {
        "created": "meeting.created",
        "cancelled": "meeting.cancelled",
        "live": "meeting.started",
        "ended": "meeting.ended",
    }
    assert {event_of(one) for one in ("changed", "invited", "postponed")} == {EventType.CHANGED}


def test_the_signature_is_an_hmac_over_time_and_body():
    signature = sign("khoa", 1_700_000_000, b'{"id":"revision-1"}')
    assert signature == "sha256=" + (
        "95dd45ffa2ad4fb53ec37cefeca1e164a79509efda26e89d5091e5890ab5c68b"
    )
    assert sign("khoa", 1_700_000_001, b'{"id":"revision-1"}') != signature


def test_the_back_off_grows_and_ends():
    waits = [next_due(attempts, NOW) for attempts in range(1, MAX_ATTEMPTS)]
    assert all(one is not None for one in waits)
    assert waits == sorted(waits)
    assert waits[0] == NOW + timedelta(seconds=10)
    assert next_due(MAX_ATTEMPTS, NOW) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "vanban.vn/h",
        "ftp://vanban.vn/",
        "file:///etc/passwd",
        "http://",
        "http://[::1",
        "http://vanban.vn:99999/",
        "https://a:b@vanban.vn/",
        "https://vanban.vn/a b",
        "https://vanban.vn/\nHost: x",
        "https://vanban.vn/" + "x" * 500,
        "http://localhost/",
        "http://127.0.0.1:8080/",
        "http://0.0.0.0/",
        "http://169.254.169.254/latest",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://224.0.0.1/",
    ],
)
def test_addresses_nothing_may_be_sent_to(url: str):
    assert url_fault(url, frozenset()) is not None


def test_a_list_of_hosts_allows_these_alone():
    allowed = frozenset({"127.0.0.1", "vanban.gialai.gov.vn"})
    assert url_fault("https://vanban.gialai.gov.vn/h", allowed) is None
    assert url_fault("http://127.0.0.1:9000/h", allowed) is None
    assert url_fault("https://khac.vn/h", allowed) is not None
    assert url_fault("http://10.1.2.3/h", frozenset()) is None, "closed networks are private"
    assert may_reach("vanban.vn")


async def test_events_are_queued_once_for_whoever_wants_them(
    db: Database, people: dict[str, Account], meeting: Meeting
):
    deliveries = Deliveries(db, "https://hop.example.vn")
    await note(db, meeting, "created")
    one = await endpoint(db, people["quantri"], EventType.STARTED, EventType.ENDED)
    assert await deliveries.follow(NOW) == 0, "what was before the first start is no news"
    for action in ("live", "changed", "ended"):
        await note(db, meeting, action)
    assert await deliveries.follow(NOW) == 3
    assert await Deliveries(db).follow(NOW) == 0, "after a restart"
    parcels = await deliveries.due(NOW, 10)
    assert [parcel.event for parcel in parcels] == ["meeting.started", "meeting.ended"]
    body = msgspec.json.decode(parcels[0].body)
    assert body["meeting"]["url"] == f"https://hop.example.vn/api/v1/meetings/{meeting.id}"
    assert body["meeting"]["title"] == meeting.title
    assert parcels[0].secret == one.secret


async def test_a_discarded_draft_hides_no_later_event(
    db: Database, people: dict[str, Account], meeting: Meeting, draft: MeetingDraft
):
    """The rows of a draft go with it; their ids must not come again below the cursor."""
    deliveries, meetings = Deliveries(db), Meetings(db)
    await endpoint(db, people["quantri"], EventType.CANCELLED)
    await deliveries.follow(NOW)
    idea = await meetings.schedule(draft, people["thuky"], meeting.start, MeetingState.DRAFT)
    await deliveries.follow(NOW)
    await meetings.discard(idea.id, people["thuky"])
    await note(db, meeting, "cancelled")
    await deliveries.follow(NOW)
    assert [parcel.event for parcel in await deliveries.due(NOW, 10)] == ["meeting.cancelled"]


async def test_what_is_not_taken_is_tried_again_until_it_is_given_up(
    db: Database, people: dict[str, Account]
):
    deliveries = Deliveries(db)
    one = await endpoint(db, people["quantri"], EventType.ENDED)
    await deliveries.ping(one.id, "a", NOW)
    (parcel,) = await deliveries.due(NOW, 10)
    await deliveries.settle(parcel, DOWN, NOW)
    assert await deliveries.due(NOW + timedelta(seconds=9), 10) == []
    (parcel,) = await deliveries.due(NOW + timedelta(seconds=10), 10)
    assert parcel.attempts == 1
    now = NOW
    for _ in range(MAX_ATTEMPTS - 1):
        now += timedelta(days=1)
        (parcel,) = await deliveries.due(now, 10)
        await deliveries.settle(parcel, DOWN, now)
    assert await deliveries.due(now + timedelta(days=9), 10) == []
    (told,) = await deliveries.log(one.id, 10)
    assert (told.state, told.attempts, told.error) == ("failed", MAX_ATTEMPTS, "ClientError")

    await deliveries.resend(one.id, told.id, now)
    (parcel,) = await deliveries.due(now, 10)
    await deliveries.settle(parcel, TAKEN, now)
    (told,) = await deliveries.log(one.id, 10)
    assert (told.state, told.status, told.attempts) == (DeliveryState.DELIVERED, 204, 1)
    await deliveries.forget_old(NOW + KEPT + timedelta(days=1))
    assert await deliveries.log(one.id, 10) == []


async def test_an_endpoint_that_is_off_waits_for_what_was_queued(
    db: Database, people: dict[str, Account]
):
    deliveries, endpoints = Deliveries(db), Endpoints(db, Audit(db))
    one = await endpoint(db, people["quantri"], EventType.ENDED)
    await deliveries.ping(one.id, "a", NOW)
    draft = EndpointDraft(name=one.name, url=one.url, events=one.events, active=False)
    await endpoints.change(one.id, draft, people["quantri"], NOW)
    assert await deliveries.due(NOW, 10) == []
    await endpoints.change(
        one.id, msgspec.structs.replace(draft, active=True), people["quantri"], NOW
    )
    assert len(await deliveries.due(NOW, 10)) == 1
