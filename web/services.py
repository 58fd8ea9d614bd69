"""What pages, the REST API and WHIP/WHEP may use; `conference.app` fills it in."""

from dataclasses import dataclass, field

from aiohttp import web

from rooms.answers.answers import Answers
from rooms.dates.entries import Entries
from rooms.dates.feeds import Feeds
from rooms.dates.store import Dates
from rooms.directory.accounts import Accounts
from rooms.directory.api_tokens import ApiTokens
from rooms.directory.directory import Directory
from rooms.directory.groups import Groups
from rooms.directory.imports.pending import PendingFiles
from rooms.directory.imports.service import Imports
from rooms.directory.levels import Levels
from rooms.directory.people import People
from rooms.directory.reforms.service import Reforms
from rooms.directory.sites import Sites
from rooms.directory.units import Units
from rooms.documents.documents import Documents
from rooms.health import HealthBoard
from rooms.invitations.invitations import Invitations
from rooms.invitations.recipients import Recipients
from rooms.mail import MailQueue
from rooms.meetings.meetings import Meetings
from rooms.meetings.planning import Planner
from rooms.meetings.revisions import Revisions
from rooms.meetings.series import Series
from rooms.meetings.templates import Templates
from rooms.minutes.minutes import MinutesDesk
from rooms.minutes.papers import MeetingPapers
from rooms.papers.fonts import PaperFonts
from rooms.records.audit import Audit
from rooms.records.dumps import Dumps
from rooms.records.recordings import Recordings
from rooms.records.replays import Replays
from rooms.rehearsals.desk import RehearsalDesk
from rooms.reports.reports import Reports
from rooms.service import LiveMeetings
from rooms.store.files import FileStore
from rooms.turn import TurnServers
from rooms.webhooks.deliveries import Deliveries
from rooms.webhooks.endpoints import Endpoints


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAccount:
    """An account of the demonstration, offered on the sign-in page with one click."""

    username: str
    password: str
    role: str  # message id, e.g. "Chủ trì"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """The settings pages need."""

    public_url: str  # "https://hop.example.vn", no trailing slash; "" = as requested
    secure_cookies: bool
    hotline: str  # technical hotline shown in the footer
    province: str  # "Tỉnh Gia Lai"
    token_key: bytes  # HMAC key of bearer tokens
    demo: bool  # show the demo accounts on the sign-in page
    demo_accounts: tuple[DemoAccount, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    settings: WebSettings
    accounts: Accounts
    directory: Directory
    units: Units
    levels: Levels
    sites: Sites
    people: People
    groups: Groups
    imports: Imports
    reforms: Reforms
    meetings: Meetings
    revisions: Revisions
    planner: Planner
    series: Series
    templates: Templates
    answers: Answers
    documents: Documents
    dates: Dates
    entries: Entries
    feeds: Feeds
    invitations: Invitations
    recipients: Recipients
    mail: MailQueue
    minutes: MinutesDesk
    meeting_papers: MeetingPapers
    rehearsals: RehearsalDesk
    files: FileStore
    fonts: PaperFonts
    recordings: Recordings
    live: LiveMeetings
    health: HealthBoard
    audit: Audit
    dumps: Dumps
    tokens: ApiTokens
    replays: Replays
    webhooks: Endpoints
    deliveries: Deliveries
    reports: Reports
    pending: PendingFiles = field(default_factory=PendingFiles)
    turn: TurnServers = field(default_factory=TurnServers)


SERVICES = web.AppKey("services", Services)
