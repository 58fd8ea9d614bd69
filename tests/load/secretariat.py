"""How fast the secretariat's pages are with ten years of meetings.

`python -m tests.load.secretariat` makes a store with 20,000 meetings, 250 sites and 5,000 people,
starts the service on it, asks for every page and every list of the API, and prints the time to the
first byte: median and 95th percentile, the slowest first, and the processor time the service took
for it, which stays the same when others use the machine. For pages above `--slow` milliseconds it
shows their queries with SQLite's plan. It ends with 1 when a page is slower than that at the
median.
"""

import argparse
import asyncio
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from sqlalchemy import event
from sqlalchemy.engine import Engine

from rooms.directory.accounts import Accounts
from rooms.reports.ledger import Ledger
from rooms.store.database import Database
from tests.load.ten_years import Store, make_store
from web.api import ROUTES as API_ROUTES
from web.auth import SESSION_COOKIE
from web.pages import ROUTES as PAGE_ROUTES

START_SECONDS = 60.0
WARM = 2  # requests before those that count
FILES = re.compile(r"\.(pdf|xlsx|docx|csv|ics)$|/video")


@dataclass(frozen=True, slots=True)
class Query:
    at: float  # monotonic seconds
    ms: float
    statement: str
    values: list[object]


@dataclass(slots=True)
class Timing:
    path: str
    status: int
    cpu_ms: float = 0.0  # of the service, for one request
    ms: list[float] = field(default_factory=list)
    queries: list[Query] = field(default_factory=list)  # of one request

    @property
    def median(self) -> float:
        return statistics.median(self.ms)

    @property
    def p95(self) -> float:
        return sorted(self.ms)[int(len(self.ms) * 0.95)]


def paths(store: Store, now: datetime) -> tuple[list[str], list[str]]:
    """What to ask for; and the routes nothing is known for."""
    known = {
        "meeting": [str(store.large), str(store.usual), str(store.past)],
        "site": ["20"],
        "person": ["1"],
        "unit": ["1"],
        "group": ["1"],
        "account": ["1"],
        "id": ["1"],
        "kind": ["can-bo"],
    }
    asked, skipped = [], []
    for route in (*PAGE_ROUTES, *API_ROUTES):
        if not isinstance(route, web.RouteDef) or route.method != "GET":
            continue
        path = re.sub(r"\{(\w+):[^{}]*(\{[^{}]*\}[^{}]*)*\}", r"{\1}", route.path)
        names = re.findall(r"\{(\w+)\}", path)
        if any(name not in known for name in names):
            skipped.append(path)
            continue
        count = max((len(known[name]) for name in names), default=1)
        for number in range(count):
            filled = path
            for name in names:
                values = known[name]
                filled = filled.replace(f"{{{name}}}", values[number % len(values)])
            asked.append(filled)
    return [*asked, *_queries(now)], skipped


def _queries(now: datetime) -> Iterator[str]:
    """The same pages with what people ask of them."""
    last_year = now.year - 1
    yield from (f"/bao-cao?ky={name}" for name in ("thang-nay", "quy-nay", "nam-truoc"))
    yield f"/bao-cao?ky=khac&tu={now.year - 9}-01&den={now.year}-12"
    yield f"/api/v1/meetings?from={last_year}-03-01&to={last_year}-03-31"
    yield f"/api/v1/reports/meetings?from={last_year}-01-01&to={last_year}-12-31"
    for view in ("ngay", "tuan", "thang"):
        yield f"/cuoc-hop?xem={view}"
        yield f"/cuoc-hop?xem={view}&cua=don-vi&tim=giao+ban"
    yield f"/cuoc-hop?tuan={(now - timedelta(days=400)).date().isoformat()}"


# ---------------------------------------------------------------- the service, traced


def serve_traced(trace: Path) -> int:
    """Run the service; every statement with its time goes to a file."""
    from conference.__main__ import main

    with trace.open("w", encoding="utf-8", buffering=1 << 16) as file:

        def before(conn, cursor, statement, parameters, context, many):  # type: ignore[no-untyped-def]
            context.began = time.monotonic()

        def after(conn, cursor, statement, parameters, context, many):  # type: ignore[no-untyped-def]
            if many:
                return
            ms = (time.monotonic() - context.began) * 1000
            values = list(parameters) if isinstance(parameters, tuple | list) else []
            line = {"at": context.began, "ms": ms, "statement": statement, "values": values}
            file.write(json.dumps(line, default=str) + "\n")
            file.flush()

        event.listen(Engine, "before_cursor_execute", before)
        event.listen(Engine, "after_cursor_execute", after)
        return main(["serve"])


@contextlib.contextmanager
def service(folder: Path, port: int, trace: Path) -> Iterator[int]:
    environment = {
        **os.environ,
        "DIEMCAU_SERVER_LISTEN": f"127.0.0.1:{port}",
        "DIEMCAU_DATA_FOLDER": str(folder),
        "DIEMCAU_MEDIA_PORT": str(port + 1),
        "DIEMCAU_MEDIA_ADDRESSES": "127.0.0.1",
        "DIEMCAU_LOGS_LEVEL": "warning",
    }
    command = [sys.executable, "-m", "tests.load.secretariat", "--serve", str(trace)]
    log = (folder / "service.log").open("wb")
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        _wait_ready(port, process)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        log.close()


def _cpu_ms(pid: int) -> float:
    """Processor time of a process so far, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def _wait_ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit("the service ended at start")
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.2)
    raise SystemExit("the service did not become ready")


# ---------------------------------------------------------------- measuring


def measure(
    port: int, pid: int, cookie: str, asked: Sequence[str], repeat: int, trace: Path
) -> list[Timing]:
    found = []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Cookie": f"{SESSION_COOKIE}={cookie}"}
    for path in asked:
        timing = Timing(path, 0)
        used = 0.0
        for number in range(repeat + WARM):
            used = _cpu_ms(pid) if number == WARM else used
            began = time.monotonic()
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            first = time.monotonic()
            response.read()
            timing.status = response.status
            if number >= WARM:
                timing.ms.append((first - began) * 1000)
        timing.cpu_ms = (_cpu_ms(pid) - used) / repeat
        timing.queries = _between(trace, began, time.monotonic())
        found.append(timing)
    return found


def _between(trace: Path, began: float, ended: float) -> list[Query]:
    lines = trace.read_text(encoding="utf-8").splitlines()[-400:]
    queries = (Query(**json.loads(line)) for line in lines if line.endswith("}"))
    return [query for query in queries if began <= query.at <= ended]


def report(timings: Sequence[Timing], store: Store, slow: float) -> bool:
    """Print it all; whether every page is fast enough."""
    pages = [timing for timing in timings if not FILES.search(timing.path.split("?")[0])]
    for title, group in (
        ("pages and lists", pages),
        ("files", [timing for timing in timings if timing not in pages]),
    ):
        print(f"\n{title}: median ms, p95 ms, processor ms, queries, status, path")
        for timing in sorted(group, key=lambda one: -one.median):
            print(
                f"{timing.median:8.1f} {timing.p95:8.1f} {timing.cpu_ms:8.1f} "
                f"{len(timing.queries):4d} {timing.status} {timing.path}"
            )
    late = [timing for timing in pages if timing.median >= slow and timing.status < 400]
    for timing in late:
        _explain(timing, store.file)
    print(f"\n{len(pages) - len(late)} of {len(pages)} below {slow:g} ms at the median")
    return not late


def _explain(timing: Timing, file: Path) -> None:
    total = sum(query.ms for query in timing.queries)
    print(f"\n== {timing.path}: {total:.1f} ms in {len(timing.queries)} queries")
    for query in sorted(timing.queries, key=lambda one: -one.ms)[:4]:
        print(f"  {query.ms:.1f} ms  {' '.join(query.statement.split())[:400]}")
        with sqlite3.connect(file) as connection, contextlib.suppress(sqlite3.Error):
            plan = connection.execute(f"EXPLAIN QUERY PLAN {query.statement}", query.values)
            for row in plan:
                print(f"      {row[3]}")


async def prepare(folder: Path, options: Mapping[str, int], now: datetime) -> tuple[Store, str]:
    """The store with its reports worked out, and a session of the administrator."""
    began = time.monotonic()
    file = folder / "diemcau.sqlite"
    store = await make_store(file, options["meetings"], options["sites"], options["people"], now)
    print(f"store: {file.stat().st_size / 1e6:.0f} MB in {time.monotonic() - began:.0f} s")
    db = Database(f"sqlite+aiosqlite:///{file}")
    await db.migrate()
    began = time.monotonic()
    months = await Ledger(db).follow()
    print(f"reports: {months} months worked out in {time.monotonic() - began:.1f} s")
    cookie = await Accounts(db).open_session(store.administrator, "127.0.0.1", "load", now)
    await db.close()
    return store, cookie


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, help="keep the store here, and use it again")
    parser.add_argument("--meetings", type=int, default=20_000)
    parser.add_argument("--sites", type=int, default=250)
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--repeat", type=int, default=15, help="requests for each page")
    parser.add_argument("--slow", type=float, default=50.0, help="milliseconds at the median")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--only", default="", help="pages whose address matches this")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        return serve_traced(options.serve)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        return _run(folder, options)


def _run(folder: Path, options: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    store, cookie = asyncio.run(prepare(folder, vars(options), now))
    asked, skipped = paths(store, now)
    asked = [path for path in asked if re.search(options.only, path)]
    port, trace = options.port or _free_port(), folder / "statements.jsonl"
    with service(folder, port, trace) as pid:
        timings = measure(port, pid, cookie, asked, options.repeat, trace)
    fast = report(timings, store, options.slow)
    print("not asked for:", ", ".join(skipped))
    return 0 if fast else 1


if __name__ == "__main__":
    sys.exit(main())
