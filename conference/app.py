"""The composition root: starts the parts in order, and stops them in the reverse order."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import product

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

import web.api.whip as whip
from conference import logs, metrics
from conference.config import ConfigError, Settings
from conference.conversion import office_program, run_conversions
from conference.folder import prepare_folder
from conference.jobs import run_jobs
from conference.mailer import Mailer, run_follower
from conference.media_plane import WorkerPlane
from conference.reform_days import run_reform_days
from conference.rehearsals import run_rehearsals
from conference.reports import reports_of, run_reports
from conference.seats import Seats
from conference.tasks import Supervisor
from conference.webhooks import run_webhooks
from conference.worker import WorkerGone
from media.announced import Announced
from rooms.answers.answers import Answers
from rooms.clock import SystemClock
from rooms.dates.entries import Entries
from rooms.dates.feeds import Feeds
from rooms.dates.store import Dates
from rooms.directory.accounts import Accounts
from rooms.directory.api_tokens import ApiTokens
from rooms.directory.directory import Directory
from rooms.directory.groups import Groups
from rooms.directory.imports.service import Imports
from rooms.directory.levels import Levels
from rooms.directory.people import People
from rooms.directory.reforms.service import Reforms
from rooms.directory.sites import Sites
from rooms.directory.tokens import load_key
from rooms.directory.units import Units
from rooms.documents.clamd import Clamd
from rooms.documents.documents import Documents
from rooms.documents.kinds import Kind
from rooms.documents.records import Limits
from rooms.documents.showing import DocumentShelf
from rooms.health import HealthBoard
from rooms.invitations.ics import Mailbox
from rooms.invitations.invitations import Invitations, Office
from rooms.mail import MailQueue
from rooms.meetings.meetings import Meetings
from rooms.meetings.planning import Planner, Rules
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
from rooms.reports.ledger import Ledger
from rooms.service import LiveMeetings
from rooms.store.database import Database
from rooms.store.files import FileStore
from rooms.store.log import EventLog
from rooms.switching import SwitchRule
from rooms.turn import TurnServers
from rooms.webhooks.deliveries import Deliveries
from rooms.webhooks.endpoints import Endpoints
from signaling.socket import add_routes as add_signaling
from web.app import build_app
from web.assets import STATIC
from web.i18n import catalogue, known_language
from web.services import DemoAccount, Services, WebSettings

CLOSE_SECONDS = 0.5  # requests under way at shutdown get this long


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What runs."""

    url: str


async def serve(settings: Settings) -> int:
    """`diemcau serve`: run until SIGINT or SIGTERM."""
    logs.set_up(settings.logs.level)
    async with running(settings) as service:
        gc.freeze()  # modules and classes stay: no collection has to look at them again
        print(f"Điểm Cầu: {service.url}", flush=True)
        await stopped()
    return 0


async def stopped() -> None:
    """Returns at the first SIGINT or SIGTERM."""
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, event.set)
    await event.wait()


@contextlib.asynccontextmanager
async def running(
    settings: Settings,
    *,
    demo: bool = False,
    demo_accounts: Iterable[DemoAccount] = (),
) -> AsyncIterator[Service]:
    """Everything started, and stopped again at the end of the block.

    Raises:
        ConfigError: a folder, a port or the media worker cannot be used; one line for a person.
    """
    prepare_folder(settings.folder)
    key = _token_key(settings)
    async with contextlib.AsyncExitStack() as stack:
        db = Database(settings.database_url)
        stack.push_async_callback(db.close)
        supervisor = await stack.enter_async_context(Supervisor())
        media, _ = await asyncio.gather(_media(settings, supervisor, stack), db.migrate())
        web_settings = _web_settings(settings, key, demo, demo_accounts)
        services = _services(settings, db, media, web_settings)
        stack.push_async_callback(services.live.close)
        app = _application(settings, services, db, media)
        await services.live.resume()
        _start_jobs(supervisor, settings, services, db)
        port = await _listen(settings, app, stack)
        host = settings.host_and_port[0]
        shown = f"[{host}]" if ":" in host else host
        yield Service(url=f"http://{shown}:{port}")


def _web_settings(
    settings: Settings, key: bytes, demo: bool, demo_accounts: Iterable[DemoAccount]
) -> WebSettings:
    return WebSettings(
        public_url=settings.server.public_url.rstrip("/"),
        secure_cookies=settings.server.secure_cookies,
        hotline=settings.site.hotline,
        province=settings.site.province,
        token_key=key,
        demo=demo,
        demo_accounts=tuple(demo_accounts),
    )


def _services(
    settings: Settings, db: Database, media: WorkerPlane, web_settings: WebSettings
) -> Services:
    """Every service of the domain, each built once."""
    clock, health, audit = SystemClock(), HealthBoard(), Audit(db)
    dates = Dates(db)
    rules = Rules(
        sites_at_once=settings.meetings.sites_at_once, notice_days=settings.meetings.notice_days
    )
    accounts, meetings = Accounts(db), Meetings(db, rules)
    revisions, answers = Revisions(db), Answers(db)
    mail, files = MailQueue(db), FileStore(settings.folder / "files")
    fonts = PaperFonts(STATIC / "fonts", settings.folder / "fonts")
    invitations = Invitations(
        db,
        _office(settings, web_settings),
        accounts=accounts,
        meetings=meetings,
        revisions=revisions,
        answers=answers,
        mail=mail,
        files=files,
        fonts=fonts,
    )
    recordings = Recordings(db, settings.folder / "recordings")
    documents = documents_of(settings, db)
    live = LiveMeetings(
        db,
        meetings,
        recordings,
        media,
        clock,
        health,
        _switch_rule(settings),
        DocumentShelf(db, documents.pages),
    )
    return Services(
        settings=web_settings,
        accounts=accounts,
        directory=Directory(db),
        units=Units(db),
        levels=Levels(db),
        sites=Sites(db),
        people=People(db),
        groups=Groups(db),
        imports=Imports(db),
        reforms=Reforms(db),
        meetings=meetings,
        revisions=revisions,
        planner=Planner(db, dates, rules),
        series=Series(db, rules),
        templates=Templates(db),
        answers=answers,
        documents=documents,
        dates=dates,
        entries=Entries(db),
        feeds=Feeds(db, accounts, web_settings.token_key),
        invitations=invitations,
        recipients=invitations.recipients,
        minutes=MinutesDesk(db, files, dates),
        meeting_papers=MeetingPapers(db, files),
        rehearsals=RehearsalDesk(db),
        mail=mail,
        files=files,
        fonts=fonts,
        recordings=recordings,
        live=live,
        health=health,
        audit=audit,
        dumps=Dumps(
            settings.folder.absolute() / "dumps",
            media,
            live.peer,
            audit,
            clock,
            allowed=settings.media.dumps,
            max_bytes=settings.media.dump_megabytes * 1_000_000,
        ),
        tokens=ApiTokens(db, accounts),
        replays=Replays(db),
        webhooks=Endpoints(db, audit, settings.webhooks.hosts),
        deliveries=Deliveries(db, web_settings.public_url),
        reports=reports_of(settings.reports, db),
        turn=TurnServers(settings.turn.urls, settings.turn.secret, settings.turn.ttl_seconds),
    )


def _office(settings: Settings, web_settings: WebSettings) -> Office:
    """Who writes invitations, and by which server."""
    return Office(
        sender=Mailbox(name=settings.mail.sender_name, email=settings.mail.sender),
        server=settings.mail.host,
        hotline=web_settings.hotline,
        public_url=web_settings.public_url,
        key=web_settings.token_key,
        hold=timedelta(minutes=settings.mail.hold_minutes),
    )


def documents_of(settings: Settings, db: Database) -> Documents:
    wanted, folder = settings.documents, settings.folder.absolute()
    return Documents(
        db,
        folder / "documents",
        Limits(
            file_bytes=wanted.file_megabytes * 1_000_000,
            meeting_bytes=wanted.meeting_megabytes * 1_000_000,
            kinds=frozenset(map(Kind, wanted.kinds or Kind)),
        ),
        clamd=Clamd(wanted.clamd) if wanted.clamd else None,
        quarantine=folder / "quarantine" if wanted.quarantine else None,
        converts=office_program(wanted.office) is not None,
    )


def _start_jobs(
    supervisor: Supervisor, settings: Settings, services: Services, db: Database
) -> None:
    """What goes on in the background."""
    supervisor.start(run_jobs(services.recordings, services.meetings, EventLog(db)), name="jobs")
    supervisor.start(
        run_conversions(
            services.documents,
            office_program(settings.documents.office),
            settings.documents.office_seconds,
        ),
        name="documents",
    )
    supervisor.start(run_rehearsals(services.health, services.rehearsals), name="rehearsals")
    supervisor.start(run_reform_days(services.reforms), name="reform days")
    supervisor.start(run_reports(Ledger(db)), name="reports")
    supervisor.start(Mailer(services.mail, services.files, settings.mail).run(), name="mailer")
    supervisor.start(run_follower(services.invitations), name="invitations")
    supervisor.start(run_webhooks(services.deliveries, settings.webhooks.hosts), name="webhooks")


def _token_key(settings: Settings) -> bytes:
    try:
        return load_key(settings.folder)
    except OSError as error:
        raise ConfigError(f"data folder {settings.folder}: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(str(error)) from None


async def _media(
    settings: Settings, supervisor: Supervisor, stack: contextlib.AsyncExitStack
) -> WorkerPlane:
    media_settings = settings.media
    first, workers = media_settings.port, media_settings.workers
    first_tcp = media_settings.tcp_port or first
    hosts = {Announced.parse(address).bound for address in settings.media_addresses}
    for host, number in product(hosts, range(workers if first else 0)):
        _check_media_port(host, first + number, socket.SOCK_DGRAM)
        _check_media_port(host, first_tcp + number, socket.SOCK_STREAM)
    media = WorkerPlane(
        settings.media_addresses,
        first,
        workers,
        tcp_port=media_settings.tcp_port,
        dumps=media_settings.dumps,
        relays=settings.relay_addresses,
        spread_load=media_settings.spread_percent / 100,
    )
    stack.push_async_callback(media.stop)
    try:
        await media.start(supervisor)
    except WorkerGone as error:
        raise ConfigError(str(error)) from None
    return media


def _switch_rule(settings: Settings) -> SwitchRule:
    media = settings.media
    return SwitchRule(media.tcp_switch_loss, media.tcp_switch_delay_ms, media.tcp_switch_seconds)


def _check_media_port(address: str, port: int, kind: socket.SocketKind) -> None:
    """The worker binds it in a moment; here its absence still makes one clear line."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    name = "UDP" if kind == socket.SOCK_DGRAM else "TCP"
    with socket.socket(family, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise ConfigError(f"{name} port {port} on {address}: {error.strerror}") from None


def _application(
    settings: Settings, services: Services, db: Database, media: WorkerPlane
) -> web.Application:
    app = build_app(services)
    app.middlewares.insert(0, _behind_proxy(frozenset(settings.server.trusted_proxies)))
    seats = Seats(services.meetings, services.settings.token_key)
    add_signaling(
        app,
        live=services.live,
        identify=seats.identify,
        translate=_translate,
        public_url=services.settings.public_url,
        turn=services.turn,
    )
    whip.add_routes(app)
    metrics.add_routes(app, db, media, services.health)
    return app


def _translate(text: str, language: str) -> str:
    """What a message id says in the language of a connection."""
    return catalogue(known_language(language) or "vi").gettext(text)


def _behind_proxy(trusted: frozenset[str]) -> Middleware:
    """Take the client's address from X-Forwarded-For when a trusted proxy hands it over."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        forwarded = request.headers.get("X-Forwarded-For", "")
        if request.remote in trusted and forwarded:
            request = request.clone(remote=forwarded.rsplit(",", 1)[-1].strip())
        return await handler(request)

    return middleware


async def _listen(
    settings: Settings, app: web.Application, stack: contextlib.AsyncExitStack
) -> int:
    """Serve the application; returns the TCP port."""
    host, port = settings.host_and_port
    runner = web.AppRunner(
        app, handle_signals=False, access_log=None, shutdown_timeout=CLOSE_SECONDS
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, host, port)
    try:
        await site.start()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ConfigError(f"TCP port {port} on {host}: {reason}") from None
    return int(runner.addresses[0][1])
