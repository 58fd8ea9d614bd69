"""`/healthz`, `/readyz` and `/metrics`."""

import time
from collections.abc import Iterable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from conference.media_plane import WorkerPlane
from rooms.health import HealthBoard
from rooms.store.database import Database

STALE_SECONDS = 5.0  # worker totals older than this mean the worker is stuck


class _Collector(Collector):
    """Reads the figures when Prometheus asks; nothing is counted twice."""

    def __init__(self, media: WorkerPlane, health: HealthBoard) -> None:
        self._media = media
        self._health = health

    def collect(self) -> Iterable[Metric]:
        yield from self._worker()
        yield from self._seats()

    def _worker(self) -> Iterable[Metric]:
        worker, totals = self._media.worker, self._media.totals
        yield GaugeMetricFamily(
            "diemcau_worker_up", "1 when the media worker answers", worker.is_up
        )
        yield GaugeMetricFamily("diemcau_worker_pid", "Its process id", worker.pid or 0)
        yield CounterMetricFamily(
            "diemcau_worker_restarts", "Times it was started again", worker.restarts
        )
        if totals is None:
            return
        yield CounterMetricFamily(
            "diemcau_worker_cpu_seconds", "CPU time of the media worker", totals.cpu_seconds
        )
        yield GaugeMetricFamily(
            "diemcau_worker_memory_bytes", "Resident memory", totals.memory_bytes
        )
        yield GaugeMetricFamily(
            "diemcau_worker_loop_lag_milliseconds", "Event loop delay", totals.loop_lag_ms
        )
        for name, value in sorted(totals.counters.items()):
            yield CounterMetricFamily(f"diemcau_media_{name}", "Media worker counter", value)

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


def add_routes(app: web.Application, db: Database, media: WorkerPlane, health: HealthBoard) -> None:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(media, health))

    async def healthz(request: web.Request) -> web.Response:
        """The process answers."""
        return web.Response(text="ok\n")

    async def readyz(request: web.Request) -> web.Response:
        """Meetings can be held: the database answers and the media worker reports."""
        problems = []
        if not await db.answers():
            problems.append("database")
        stale = time.monotonic() - media.totals_at > STALE_SECONDS
        if not media.worker.is_up or stale:
            problems.append("media")
        text = "not ready: " + ", ".join(problems) if problems else "ready"
        return web.Response(text=text + "\n", status=503 if problems else 200)

    async def metrics(request: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
