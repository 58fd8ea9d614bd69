"""Several real worker processes behind one media plane."""

import asyncio
import os
import signal
from pathlib import Path

import av
from plane_world import plane_world, until

from media.recording.compose import compose
from media.recording.journal import read_header
from media.recording.picture import Fonts
from media.recording.timeline import Plan, Segment


def middle_contrasts(film: Path) -> list[float]:
    """Deviation of brightness in the middle of each picture; about 0 where nothing is shown."""
    with av.open(str(film)) as container:
        frames = [f.to_ndarray(format="gray") for f in container.decode(video=0)]
    return [
        float(f[f.shape[0] // 4 : f.shape[0] // 2, f.shape[1] // 3 : -f.shape[1] // 3].std())
        for f in frames
    ]


async def test_rooms_are_spread_over_workers_and_each_stays_whole() -> None:
    async with plane_world(2) as world:
        await world.room("1")
        await world.room("2")
        sites = [await world.site(room, f"s{n}") for n, room in enumerate("1212")]
        assert [site.worker for site in sites] == [0, 1, 0, 1]
        assert len({worker.process.port for worker in world.plane.workers}) == 2


async def test_when_a_worker_dies_only_its_peers_offer_again() -> None:
    async with plane_world(2) as world:
        one, two = await world.room("1"), await world.room("2")
        first, second = await world.site("1", "a"), await world.site("2", "b")
        mate = await world.site("2", "c")
        await second.watch(mate)
        await until(lambda: len(second.received()) >= 2)
        pid = world.plane.workers[0].process.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await until(lambda: one.reset == [first.id])
        await first.rejoin()
        assert first.id in world.plane.workers[1].peers or world.plane.workers[0].process.restarts
        before = second.received()
        await until(lambda: all(second.received()[ssrc] > n + 20 for ssrc, n in before.items()))
        await until(lambda: one.connected.count(first.id) == 2)
        await until(lambda: world.plane.workers[0].process.pid not in (None, pid))
        assert (two.reset, two.lost, second.missing) == ([], [], 0)
        await asyncio.gather(world.plane.close_room("1"), world.plane.close_room("2"))


async def test_sites_on_different_workers_see_and_hear_each_other() -> None:
    async with plane_world(2, spread_load=0.0) as world:
        notes = await world.room("1")
        one, two, three = [await world.site("1", name) for name in ("a", "b", "c")]
        assert sorted(site.worker for site in (one, two, three)) in ([0, 0, 1], [0, 1, 1])
        assert one.worker != two.worker
        await world.plane.set_main_voice("1", two.id)
        await one.watch(two, three)
        await two.watch(one, three)
        await until(lambda: one.playing == two.playing == 4)  # two pictures, two voices
        await until(lambda: set(notes.sources) == {one.id, two.id, three.id})
        await until(lambda: set(notes.stats) == {one.id, two.id, three.id})
        assert one.missing == two.missing == 0
        assert await world.crossing(0) + await world.crossing(1) == 6
        await one.watch(three)
        await two.watch(three)
        async with asyncio.timeout(10):
            while await world.crossing(0) + await world.crossing(1) > 4:  # noqa: ASYNC110
                await asyncio.sleep(0.1)


async def test_a_meeting_on_two_workers_outlives_one_of_them(tmp_path: Path) -> None:
    """Who is on the other worker loses nothing; the dead one's sites are seen again, and what was
    recorded before and after is in one folder."""
    async with plane_world(2, spread_load=0.0) as world:
        notes = await world.room("1")
        sites = [await world.site("1", name) for name in ("a", "b", "c")]
        lonely = next(n for n in (0, 1) if sum(site.worker == n for site in sites) == 1)
        here, mate, gone = sorted(sites, key=lambda site: site.worker == lonely)
        await world.plane.start_recording("1", "r", str(tmp_path))
        await here.watch(mate, gone)
        await until(lambda: here.playing == 4)
        dead = world.plane.workers[gone.worker].process
        assert dead.pid is not None
        os.kill(dead.pid, signal.SIGKILL)
        await until(lambda: notes.reset == [gone.id])
        await gone.rejoin()
        await here.watch(mate, gone)
        before = here.received()
        await until(lambda: all(here.received()[ssrc] > n + 20 for ssrc, n in before.items()))
        assert here.missing == 0
        await until(lambda: notes.recording[1])
        await world.plane.stop_recording("1", "r")
    journals = await asyncio.to_thread(lambda: [*tmp_path.glob("*.rtp")])
    headers = [read_header(journal)[0] for journal in journals]
    assert {header.peer for header in headers} == {site.id for site in sites}
    assert len({header.monotonic for header in headers}) >= 2, "each worker records its own"
    started = min(header.wall for header in headers)
    segments = tuple(
        Segment(start=2 * n, end=2 * n + 2, seat=site.id, peers=(site.id,), label=site.id)
        for n, site in enumerate((here, gone))
    )
    plan = Plan(
        recording="r", started=started, ended=started + 4, title="r", segments=segments, chapters=()
    )
    film = tmp_path / "r.mp4"
    await asyncio.to_thread(compose, tmp_path, plan, film, Fonts(), lambda _: None)
    contrasts = await asyncio.to_thread(middle_contrasts, film)
    half = len(contrasts) // 2
    assert max(contrasts[:half]) > 10, "a site of the worker that lived is in the film"
    assert max(contrasts[half:]) > 10, "and one of the worker that died"
