"""What pages, the REST API and WHIP/WHEP may use; `conference.app` fills it in."""

from dataclasses import dataclass

from aiohttp import web

from rooms.directory.accounts import Accounts
from rooms.directory.directory import Directory
from rooms.health import HealthBoard
from rooms.service import LiveMeetings
from rooms.meetings.meetings import Meetings
from rooms.records.recordings import Recordings


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """The settings pages need."""

    public_url: str  # "https://hop.example.vn", no trailing slash; "" = as requested
    secure_cookies: bool
    hotline: str  # technical hotline shown in the footer
    province: str  # "Tỉnh Gia Lai"
    token_key: bytes  # HMAC key of bearer tokens
    demo: bool  # show the demo accounts on the sign-in page


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    settings: WebSettings
    accounts: Accounts
    directory: Directory
    meetings: Meetings
    recordings: Recordings
    live: LiveMeetings
    health: HealthBoard


SERVICES = web.AppKey("services", Services)
