"""A program that reads what may be hostile: apart from the service, for a bounded time."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path


async def run_apart(*command: str, folder: Path, seconds: float, niceness: int) -> int | None:
    """Run a program in a folder that is its home as well, and end all it started.

    Returns:
        Its exit code; None: it took too long.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=folder,
        env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "LANG": "C.UTF-8"},
        start_new_session=True,
    )
    try:
        with contextlib.suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, process.pid, niceness)
        async with asyncio.timeout(seconds):
            return await process.wait()
    except TimeoutError:
        return None
    finally:
        with contextlib.suppress(ProcessLookupError):  # its children are in the same group
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
