"""What all tests share: no deadlines for property tests, and who may run beside whom.

`make test` runs two processes. Tests of media, lines and browsers run one after another in one of
them, because they measure what a viewer gets; everything else runs in the other one, at a lower
priority, so that it takes only what they leave.
"""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("diemcau", deadline=None)
settings.load_profile("diemcau")

HERE = Path(__file__).parent
IN_TURN = ("browser", "line", "media", "recording")
IN_TURN_FILES = ("test_media_plane.py", "test_conference_whip.py", "test_signaling_live.py")
BEHIND = 10  # niceness


def in_turn(item: pytest.Item) -> bool:
    folder = item.path.relative_to(HERE).parts[0]
    return folder in IN_TURN or item.path.name in IN_TURN_FILES


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if in_turn(item):
            item.add_marker(pytest.mark.xdist_group("in-turn"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Only root may take its priority back, so nobody else gives it away."""
    if "PYTEST_XDIST_WORKER" in os.environ and os.geteuid() == 0:
        os.setpriority(os.PRIO_PROCESS, 0, 0 if in_turn(item) else BEHIND)
