"""`diemcau demo`: the service with demo data and simulated sites."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from conference import logs
from conference.app import Service, documents_of, running, stopped
from conference.config import ConfigError, Settings
from conference.folder import prepare_folder
from rooms.papers import PaperFonts
from rooms.seed.demo_documents import seed_documents
from rooms.seed.seed import DEMO_MEETING, DEMO_PASSWORD, seed_demo, seed_directory
from rooms.store.database import Database
from web.assets import STATIC
from web.services import DemoAccount

STOP_SECONDS = 1.0  # simulated sites leave within this, or are killed
ACCOUNTS = (
    DemoAccount(username="chutri", password=DEMO_PASSWORD, role="Chủ trì"),
    DemoAccount(username="thuky", password=DEMO_PASSWORD, role="Thư ký"),
    DemoAccount(username="kythuat", password=DEMO_PASSWORD, role="Cán bộ kỹ thuật"),
    DemoAccount(username="kbang", password=DEMO_PASSWORD, role="Điểm cầu"),
    DemoAccount(username="quantri", password=DEMO_PASSWORD, role="Quản trị hệ thống"),
)


async def demo(settings: Settings, sites: int) -> int:
    """Seed, serve and simulate until SIGINT or SIGTERM."""
    if not 0 <= sites <= 17:
        raise ConfigError("--sites must be 0…17")
    logs.set_up(settings.logs.level)
    await _seed(settings)
    async with contextlib.AsyncExitStack() as stack:
        service = await stack.enter_async_context(
            running(settings, demo=True, demo_accounts=ACCOUNTS)
        )
        if sites:
            await stack.enter_async_context(_simulated_sites(service, settings.folder, sites))
        print(_welcome(service.url), flush=True)
        await stopped()
    return 0


async def _seed(settings: Settings) -> None:
    prepare_folder(settings.folder)
    db = Database(settings.database_url)
    try:
        await db.migrate()
        await seed_directory(db)
        now = datetime.now(UTC)
        await seed_demo(db, now)
        fonts = PaperFonts(STATIC / "fonts", settings.folder / "fonts")
        await seed_documents(db, documents_of(settings, db), fonts, now)
    finally:
        await db.close()


@contextlib.asynccontextmanager
async def _simulated_sites(service: Service, data: Path, count: int) -> AsyncIterator[None]:
    """One process that plays `count` sites over the public protocol."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "conference.simulated", "--url", service.url,
        "--meeting", DEMO_MEETING, "--count", str(count), "--data", str(data),
        stdin=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        yield
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


def _welcome(url: str) -> str:
    """The address and the accounts, one a line, ready to click and copy."""
    rows = "\n".join(
        f"    {account.role:<20}{account.username:<12}{account.password}" for account in ACCOUNTS
    )
    return f"""
  Điểm Cầu đang chạy (demo). Mở trình duyệt / open in a browser:

    {url}/

  Cuộc họp đang diễn ra / meeting in session:  {url}/cuoc-hop/{DEMO_MEETING}

  Tài khoản / accounts{"":<8}tên{"":<9}mật khẩu
{rows}

  Ctrl-C: dừng / stop.
"""
