"""Commands that work on the data folder without the service: accounts, tokens, the unit list."""

import contextlib
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiosmtplib

from conference.config import ConfigError, Settings
from conference.folder import prepare_folder
from conference.mailer import describe, send_test
from rooms.directory.accounts import AccountRole, Accounts
from rooms.directory.directory import Directory
from rooms.directory.people import EMAIL
from rooms.directory.tokens import TokenRole, issue_token, load_key
from rooms.errors import Invalid, RequestRefused
from rooms.meetings.meetings import Meetings
from rooms.records.dumps import described, files
from rooms.seed.seed import seed_directory
from rooms.store.database import Database


@contextlib.asynccontextmanager
async def store(settings: Settings) -> AsyncIterator[Database]:
    prepare_folder(settings.folder)
    db = Database(settings.database_url)
    try:
        await db.migrate()
        yield db
    finally:
        await db.close()


async def issue_meeting_token(
    settings: Settings, meeting: str, role: str, name: str, hours: float
) -> int:
    """Print a bearer token, alone on the last line."""
    async with store(settings) as db:
        found = await Meetings(db).get(meeting)
    if found is None:
        raise ConfigError(f"no meeting {meeting} in {settings.folder}")
    token = issue_token(
        load_key(settings.folder),
        meeting=str(found.id),
        role=TokenRole(role),
        name=name,
        seat="",
        now=time.time(),
        lifetime_s=hours * 3600,
    )
    print(f"{role} of meeting {found.id}, valid {hours:g} h:")
    print(token)
    return 0


def list_dumps(settings: Settings) -> int:
    """Print the packet dumps, the newest last: when, of whom, how large, where."""
    found = {described(path): path for path in files(settings.folder / "dumps")}
    for dump, path in sorted(found.items(), key=lambda one: one[0].started):
        at = datetime.fromtimestamp(dump.started).astimezone()
        kilobytes = dump.size_bytes / 1000
        who = f"meeting {dump.meeting} {dump.seat}"
        print(f"{at:%Y-%m-%d %H:%M:%S}  {who}  {kilobytes:.0f} kB  {path}")
    return 0


async def put_user(
    settings: Settings,
    *,
    username: str,
    password: str,
    full_name: str,
    role: str,
    position: str,
    site_code: str | None,
) -> int:
    """Create the account, or set the password of the one there is."""
    async with store(settings) as db:
        accounts = Accounts(db)
        existing = await accounts.by_username(username)
        try:
            if existing is not None:
                await accounts.set_password(existing.id, password)
                print(f"password of {username} set")
                return 0
            if not full_name:
                raise ConfigError("a new account needs --name")
            await accounts.create(
                username=username,
                full_name=full_name,
                role=AccountRole(role),
                password=password,
                position=position,
                site_id=await _site_id(db, site_code),
            )
        except Invalid as invalid:
            raise ConfigError("; ".join(invalid.errors.values())) from None
        except RequestRefused as refused:
            raise ConfigError(refused.text) from None
    print(f"account {username} created ({role})")
    return 0


async def _site_id(db: Database, code: str | None) -> int | None:
    if code is None:
        return None
    for site in await Directory(db).sites():
        if site.code == code:
            return site.id
    raise ConfigError(f"no site with code {code}")


async def load_units(settings: Settings) -> int:
    async with store(settings) as db:
        await seed_directory(db)
        directory = Directory(db)
        units, sites = await directory.units(), await directory.sites()
    print(f"{len(units)} units, {len(sites)} sites")
    return 0


async def try_mail(settings: Settings, address: str) -> int:
    """Send a test mail without the queue, and tell what the server says."""
    if not settings.mail.host:
        raise ConfigError("settings: [mail] host: no mail server is set")
    if not EMAIL.fullmatch(address):
        raise ConfigError(f"{address} is not a mail address")
    where = f"{settings.mail.host}:{settings.mail.port} ({settings.mail.tls})"
    try:
        await send_test(settings.mail, address, datetime.now(UTC))
    except (aiosmtplib.SMTPException, OSError) as error:
        print(f"{where}: {describe(error)}", file=sys.stderr)
        return 1
    print(f"{where}: accepted, on its way to {address}")
    return 0
