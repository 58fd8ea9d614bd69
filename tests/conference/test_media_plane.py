"""Several real worker processes behind one media plane."""

import asyncio
import os
import signal

from plane_world import plane_world, until


async def test_rooms_are_spread_over_workers_and_each_stays_whole() -> None:
    async with plane_world(2) as world:
        await world.room("1")
        await world.room("2")
        sites = [await world.site(room, f"s{n}") for n, room in enumerate("1212")]
        places = [
            next(worker.number for worker in world.plane.workers if site.id in worker.peers)
            for site in sites
        ]
        assert places == [0, 1, 0, 1]
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
