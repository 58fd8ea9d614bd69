"""What all tests share: no deadlines for property tests, and who may run beside whom.

`make test` runs two processes. Tests of media, lines and browsers run one after another in one of
them, because they measure what a viewer gets; everything else runs in the other one, at a lower
priority, so that it takes only what they leave.
"""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

settings.register_profile("diemcau", deadline=None)
settings.load_profile("diemcau")

HERE = Path(__file__).parent
IN_TURN = ("browser", "line", "media", "recording")
IN_TURN_FILES = ("test_media_plane.py", "test_conference_whip.py", "test_signaling_live.py")
BEHIND = 10  # niceness


def in_turn(path: Path) -> bool:
    """`path`: of a test's file, below this folder."""
    return path.parts[0] in IN_TURN or path.name in IN_TURN_FILES


class InTurnScheduling(LoadScopeScheduling):
    """One process gets all tests that run in turn, the other one file after the other."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::")[0]
        return "in turn" if in_turn(Path(path).relative_to(HERE.name)) else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> InTurnScheduling:
    return InTurnScheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Only root may take its priority back, so nobody else gives it away."""
    if "PYTEST_XDIST_WORKER" in os.environ and os.geteuid() == 0:
        path = item.path.relative_to(HERE)
        os.setpriority(os.PRIO_PROCESS, 0, 0 if in_turn(path) else BEHIND)
