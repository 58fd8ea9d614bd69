"""`/healthz`, `/readyz` and `/metrics`."""

import time
from collections.abc import Iterable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from conference.media_plane import PlacedWorker, WorkerPlane
from rooms.health import HealthBoard
from rooms.store.database import Database

STALE_SECONDS = 5.0  # worker totals older than this mean the worker is stuck


class _Collector(Collector):
    """Reads the figures when Prometheus asks; nothing is counted twice."""

    def __init__(self, media: WorkerPlane, health: HealthBoard) -> None:
        self._media = media
        self._health = health

    def collect(self) -> Iterable[Metric]:
        yield from self._workers()
        yield from self._seats()

    def _workers(self) -> Iterable[Metric]:
        """Every figure once a worker, told apart by `worker="0"`."""
        families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {}

        def put(
            kind: type[GaugeMetricFamily | CounterMetricFamily],
            name: str,
            text: str,
            worker: PlacedWorker,
            value: float,
        ) -> None:
            if name not in families:
                families[name] = kind(name, text, labels=["worker"])
            families[name].add_metric([str(worker.number)], value)

        gauge, counter = GaugeMetricFamily, CounterMetricFamily
        for worker in self._media.workers:
            process, totals = worker.process, worker.totals
            up = 1.0 if process.is_up else 0.0
            put(gauge, "diemcau_worker_up", "1 when the media worker answers", worker, up)
            put(gauge, "diemcau_worker_pid", "Its process id", worker, process.pid or 0)
            put(gauge, "diemcau_worker_peers", "Transports placed there", worker, len(worker.peers))
            restarts = process.restarts
            put(counter, "diemcau_worker_restarts", "Times it was started again", worker, restarts)
            if totals is None:
                continue
            cpu, memory, lag = totals.cpu_seconds, totals.memory_bytes, totals.loop_lag_ms
            put(counter, "diemcau_worker_cpu_seconds", "Its CPU time", worker, cpu)
            put(gauge, "diemcau_worker_memory_bytes", "Resident memory", worker, memory)
            put(gauge, "diemcau_worker_loop_lag_milliseconds", "Event loop delay", worker, lag)
            text = "0: everything is sent in time; 5: speech alone"
            put(gauge, "diemcau_worker_relief_level", text, worker, totals.relief)
            for name, value in sorted(totals.counters.items()):
                put(counter, f"diemcau_media_{name}", "Media worker counter", worker, value)
        return families.values()

    def _seats(self) -> Iterable[Metric]:
        figures = {
            "rtt_ms": "Round-trip time",
            "up_bps": "Bits per second from the site",
            "down_bps": "Bits per second to the site",
            "up_loss": "Loss fraction from the site",
            "down_loss": "Loss fraction to the site",
            "up_jitter_ms": "Interarrival jitter from the site",
            "down_jitter_ms": "Interarrival jitter at the site",
            "up_fps": "Frames per second from the site",
        }
        families = {
            name: GaugeMetricFamily(f"diemcau_site_{name}", text, labels=["meeting", "seat"])
            for name, text in figures.items()
        }
        for meeting in self._health.live_meetings():
            board = self._health.snapshot(meeting, history=False)
            for seat in board.seats if board is not None else ():
                for name, family in families.items():
                    value = getattr(seat.stats, name, None)
                    if value is not None:
                        family.add_metric([str(meeting), seat.seat], value)
        return families.values()


def _reports(worker: PlacedWorker, now: float) -> bool:
    return worker.process.is_up and now - worker.totals_at <= STALE_SECONDS


def add_routes(app: web.Application, db: Database, media: WorkerPlane, health: HealthBoard) -> None:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(media, health))

    async def healthz(request: web.Request) -> web.Response:
        """The process answers."""
        return web.Response(text="ok\n")

    async def readyz(request: web.Request) -> web.Response:
        """Meetings can be held: the database answers and a media worker reports.

        Workers that do not report are named; sites go on through the others.
        """
        now = time.monotonic()
        silent = [w for w in media.workers if not _reports(w, now)]
        problems = [] if await db.answers() else ["database"]
        if len(silent) == len(media.workers):
            problems.append("media")
        text = "not ready: " + ", ".join(problems) if problems else "ready"
        lines = [text, *(f"media worker {worker.number} does not report" for worker in silent)]
        return web.Response(text="\n".join(lines) + "\n", status=503 if problems else 200)

    async def metrics(request: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
