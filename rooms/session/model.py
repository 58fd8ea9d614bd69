"""What a live meeting is made of: seats, the main picture, the recording.

`Session` is a value: `evolve` (see `core.py`) makes the next one from an event. The same structs
are the snapshot sent to clients, so field names here are wire names (camelCase on the wire).
"""

from enum import StrEnum
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

SeatId = NewType("SeatId", str)  # "site:12", "user:7", "guest:5", "encoder:ab12cd"
MeetingId = NewType("MeetingId", int)
PeerId = NewType("PeerId", str)  # one media transport of one seat: "<seat>#<connection>"

SeatRef = Annotated[str, Meta(min_length=1, max_length=64)]


def site_of(seat: SeatId) -> int | None:
    """The id of the site whose seat it is; None: a person, a guest, an encoder."""
    kind, _, number = seat.partition(":")
    return int(number) if kind == "site" else None


class Role(StrEnum):
    """What a seat may do in one meeting. The permission table is `policy.py`."""

    CHAIR = "chair"
    SECRETARY = "secretary"
    TECHNICIAN = "technician"
    SITE = "site"
    DELEGATE = "delegate"


class Source(StrEnum):
    """What a seat can publish."""

    MICROPHONE = "microphone"
    CAMERA = "camera"
    SCREEN = "screen"


class Phase(StrEnum):
    """Where the session stands; rehearsal and break will join here."""

    OPEN = "open"
    ENDED = "ended"


class Profile(StrEnum):
    """How much of the meeting a site's line is asked to carry; `limits.py` says what follows."""

    NORMAL = "normal"
    WEAK = "weak"  # the main picture small, the document, the own camera small
    AUDIO = "audio"  # no picture either way


class LineLimits(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a seat's line may be asked to carry."""

    profile: Profile = Profile.NORMAL
    max_down_kbps: int | None = None
    max_up_kbps: int | None = None
    by: SeatId | None = None  # who set them, when not the seat itself


class Seat(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One place in the meeting. It outlives connections, reloads and restarts."""

    id: SeatId
    name: str  # full name for lists: "UBND huyện KBang"
    short_name: str  # bare name for tiles: "KBang"
    rank: int  # protocol order, ascending
    role: Role
    on_tiles: bool  # sites and delegates are shown; secretary and technician are not
    unit: str = ""
    person: str = ""  # name and position, when the seat is a person
    phone: str = ""  # technician's telephone of the site
    present: bool = False
    since: float | None = None  # UTC epoch seconds of the present stay
    microphone: bool = False
    muted_by: SeatId | None = None  # who switched the microphone off, when not the seat itself
    speaks_until: float | None = None  # absent: whoever is back by then speaks on, see `Enter`
    camera: bool = True
    screen: bool = False
    hand: float | None = None  # UTC epoch seconds when raised
    invited: bool = True  # comes in without knocking
    direct: bool = True  # invited to speak, its microphone is switched on for it; else it is asked
    limits: LineLimits = LineLimits()


class Recording(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The recording that runs now."""

    id: str
    started: float  # UTC epoch seconds
    by: SeatId


class Floor(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who has the floor: the seat that was invited to speak. It keeps it while its line is lost."""

    seat: SeatId
    since: float  # UTC epoch seconds
    seconds: int | None = None  # granted; None: no limit
    person: str = ""  # who speaks there, name and position


class Agenda(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One item of the agenda, and when it was really gone through."""

    id: int
    title: str
    presenter: str = ""
    minutes: int | None = None  # planned
    started: float | None = None  # UTC epoch seconds, of the last time it was begun
    spent: float = 0.0  # seconds, without the present stretch


class Pause(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A break: everybody sees when it goes on."""

    since: float  # UTC epoch seconds
    until: float
    by: SeatId


class RollState(StrEnum):
    PRESENT = "present"
    LATE = "late"
    ABSENT = "absent"


class RollAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a site said, or the secretary for it, when the sites were called."""

    state: RollState
    head_count: int
    person: str  # who presides there, name and position
    reason: str  # of being late or absent
    confirmed: bool  # by chair or secretary
    at: float


class RollCall(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The roll call that runs, or the last one."""

    started: float
    by: SeatId
    ended: float | None = None
    calling: SeatId | None = None  # the site that is called now
    answers: dict[SeatId, RollAnswer] = {}


class Audience(StrEnum):
    """Whom a message is for."""

    ALL = "all"
    SECRETARY = "secretary"  # secretary and chair
    TECHNICIANS = "technicians"  # technicians and secretary


class Message(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    seat: SeatId  # who wrote it
    text: str
    to: Audience
    answers: SeatId | None  # the seat it answers, which reads it as well
    at: float


class Question(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A question to the presidium."""

    id: int
    seat: SeatId
    text: str
    at: float
    supporters: tuple[SeatId, ...] = ()
    answered: bool = False


class VoteUnit(StrEnum):
    """Whose votes are counted."""

    SITE = "site"  # one each
    DELEGATE = "delegate"  # as many as the roll call counted heads there
    WEIGHTED = "weighted"  # as given when the vote is opened


class Majority(StrEnum):
    SIMPLE = "simple"  # more than half
    TWO_THIRDS = "two-thirds"  # at least


class VoteBase(StrEnum):
    """Of what the majority is counted."""

    PRESENT = "present"
    ALL = "all"  # all entitled


class Vote(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    question: str
    options: tuple[str, ...]
    secret: bool
    unit: VoteUnit
    weights: dict[SeatId, int]  # ballots of each seat that may vote
    majority: Majority
    base: VoteBase
    quorum_percent: int  # of the ballots of all entitled
    opened: float
    closed: float | None = None
    voted: dict[SeatId, int] = {}  # ballots each seat cast
    choices: dict[SeatId, tuple[int, ...]] = {}  # of an open vote: ballots for each option
    tally: tuple[int, ...] | None = None  # ballots for each option, once counted
    counts: int = 0  # how often it was counted
    published: bool = False


class Knock(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Somebody before the door."""

    seat: Seat
    at: float


class SceneKind(StrEnum):
    """What all sites see large."""

    MAIN = "main"  # who has the floor, was chosen, or speaks
    TWO = "two"
    FOUR = "four"
    PRESIDIUM = "presidium"  # the chair beside who speaks
    DOCUMENT = "document"  # the shared screen beside who speaks
    GRID = "grid"


class Scene(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    kind: SceneKind = SceneKind.MAIN
    seats: tuple[SeatId, ...] = ()  # of "two" and "four"


class Round(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The sites are shown one after another."""

    seconds: int  # each
    by: SeatId


class NoteKind(StrEnum):
    DECISION = "decision"
    CONCLUSION = "conclusion"
    TASK = "task"


class Note(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the secretary wrote down for the minutes."""

    id: int
    kind: NoteKind
    text: str
    item: int | None  # agenda item at hand
    at: float


class SiteCheck(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether a site passed the test run."""

    passed: bool
    note: str
    by: SeatId
    at: float


class ShownDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The document all follow, at the page of who presents it."""

    id: int
    version: int
    title: str
    pages: int
    page: int  # from 1
    by: SeatId  # who presents it


class Session(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The whole state of one live meeting: a fold of its log.

    Invariants: one seat is the chair; `main` names a seat or is None; at most one seat shares its
    screen and `sharing` names it; a seat that is not present publishes nothing; who has the floor
    waits in no queue; `queue` names each seat once; `item` names an item of the agenda or is None.
    """

    meeting: MeetingId
    title: str
    phase: Phase = Phase.OPEN
    seats: dict[SeatId, Seat] = {}
    main: SeatId | None = None  # whose picture all sites see large
    pinned: bool = False  # True: chair or secretary chose `main`; False: it follows the speaker
    sharing: SeatId | None = None
    recording: Recording | None = None
    floor: Floor | None = None
    queue: tuple[SeatId, ...] = ()  # who waits to speak, in this order
    discussion: bool = True  # seats may switch their own microphones on
    spoken: dict[SeatId, float] = {}  # seconds of the turns that are over
    agenda: tuple[Agenda, ...] = ()
    item: int | None = None  # id of the agenda item at hand
    pause: Pause | None = None
    deputy: SeatId | None = None  # may take the chair when the chair is away
    handed_to: SeatId | None = None  # the chair was given to this seat, whoever sits there
    roll: RollCall | None = None
    chat: bool = True  # seats may write to all
    messages: tuple[Message, ...] = ()  # the newest
    questions: tuple[Question, ...] = ()
    announcement: str = ""  # stands at all sites; "" = none
    votes: tuple[Vote, ...] = ()
    locked: bool = False  # who is not inside must knock
    knocking: dict[SeatId, Knock] = {}
    admitted: tuple[SeatId, ...] = ()  # come in without knocking
    barred: tuple[SeatId, ...] = ()  # do not come in
    scene: Scene = Scene()
    round: Round | None = None
    notes: tuple[Note, ...] = ()
    checks: dict[SeatId, SiteCheck] = {}
    ends: float | None = None  # as planned, or as extended
    rehearsal: bool = False  # a test run of the meeting, with a log of its own
    farewell: str = ""  # what the chair says at the end
    document: ShownDocument | None = None
    seq: int = 0  # of the last log entry folded in
