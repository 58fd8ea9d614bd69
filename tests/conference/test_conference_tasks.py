"""Supervised tasks: none is lost, none fails unheard, all end with their owner."""

import asyncio
import logging

import pytest

from conference.tasks import Supervisor


async def test_tasks_end_newest_first_when_the_owner_ends() -> None:
    ended: list[str] = []

    async def work(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # ending may take a while
            ended.append(name)

    async with Supervisor() as supervisor:
        for name in ("database", "media", "jobs"):
            supervisor.start(work(name), name=name)
        await asyncio.sleep(0)
    assert ended == ["jobs", "media", "database"]


async def test_failure_is_reported_with_its_name_and_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard: list[tuple[str, str]] = []
    going_on = asyncio.Event()

    async def fail() -> None:
        raise ValueError("no disk")

    async def go_on() -> None:
        await asyncio.sleep(0)
        going_on.set()

    def on_failure(name: str, error: BaseException) -> None:
        heard.append((name, str(error)))

    with caplog.at_level(logging.ERROR):
        async with Supervisor(on_failure) as supervisor:
            supervisor.start(fail(), name="compose")
            supervisor.start(go_on(), name="jobs")
            await asyncio.wait_for(going_on.wait(), 5)
    assert heard == [("compose", "no disk")]
    [record] = caplog.records
    assert "compose" in record.getMessage()
    assert record.exc_info is not None


async def test_cancelling_one_task_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    async with Supervisor() as supervisor:
        task = supervisor.start(asyncio.Event().wait(), name="watch")
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        assert supervisor.snapshot() == ()
    assert not caplog.records


async def test_failure_while_ending_is_reported_and_does_not_stop_the_ending() -> None:
    heard: list[str] = []
    ended = asyncio.Event()

    async def clumsy() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("cannot write")

    async def tidy() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with Supervisor(lambda name, _: heard.append(name)) as supervisor:
        supervisor.start(tidy(), name="tidy")
        supervisor.start(clumsy(), name="clumsy")
        await asyncio.sleep(0)
    assert heard == ["clumsy"]
    assert ended.is_set()


async def test_task_started_while_ending_ends_too() -> None:
    late_ended = asyncio.Event()

    async def late() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            late_ended.set()

    supervisor = Supervisor()

    async def starter() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            supervisor.start(late(), name="late")
            await asyncio.sleep(0)

    supervisor.start(starter(), name="starter")
    await asyncio.sleep(0)
    await supervisor.close()
    assert late_ended.is_set()
    assert supervisor.snapshot() == ()


async def test_snapshot_names_what_runs() -> None:
    async with Supervisor() as supervisor:
        supervisor.start(asyncio.Event().wait(), name="jobs")
        supervisor.start(asyncio.Event().wait(), name="media worker")
        assert supervisor.snapshot() == ("jobs", "media worker")


async def test_owner_that_is_cancelled_still_ends_its_tasks() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            ended.set()

    async def owner() -> None:
        async with Supervisor() as supervisor:
            supervisor.start(work(), name="work")
            await asyncio.Event().wait()

    task = asyncio.create_task(owner())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
