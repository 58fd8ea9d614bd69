"""Sites that join disturb nobody: two Chromium in the meeting keep picture and voice."""

import pytest

from tests.load.province_join import join

pytestmark = pytest.mark.browser


async def test_forty_sites_join_and_two_browsers_lose_nothing() -> None:
    report = await join(40, 5.0, pictures=False)
    print(report.text())
    assert len(report.join_ms) == 40
    for loss in report.losses:
        assert loss.packets_lost == 0, report.text()
        assert loss.picture["framesDecoded"] > 0, report.text()
        assert loss.concealed < 0.2, report.text()  # a browser short of CPU invents sound
