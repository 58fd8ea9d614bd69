"""What each request becomes in the live meeting."""

from collections.abc import Sequence
from typing import get_args

import pytest

from rooms.errors import RequestRefused
from rooms.media_port import Connected, MediaRefused
from rooms.session import commands as c
from rooms.session.model import Profile, SeatId, Source
from rooms.session.slots import Tile
from signaling import messages as m
from signaling.codes import ByeCode, bye_code
from signaling.commands import HANDLERS, Lane, perform, refusal

SITE = "site:12"
COMMANDS: list[tuple[m.Request, c.Command]] = [
    (m.SetMicrophone(request_id=1, on=True), c.SetMicrophone(on=True)),
    (m.SetCamera(request_id=1, on=False), c.SetCamera(on=False)),
    (m.SetScreen(request_id=1, on=True), c.SetScreen(on=True)),
    (m.RaiseHand(request_id=1), c.RaiseHand()),
    (m.Command(request_id=1, command=c.EndTurn()), c.EndTurn()),
    (m.LowerHand(request_id=1), c.LowerHand(seat=None)),
    (m.LowerHand(request_id=1, seat=SITE), c.LowerHand(seat=SeatId(SITE))),
    (
        m.SetLimits(request_id=1, seat=SITE, profile=Profile.WEAK, max_down_kbps=256),
        c.SetLimits(seat=SeatId(SITE), profile=Profile.WEAK, max_down_kbps=256),
    ),
    (m.MuteSeat(request_id=1, seat=SITE), c.MuteSeat(seat=SeatId(SITE))),
    (m.MuteAll(request_id=1), c.MuteAll()),
    (m.ShowOnMain(request_id=1, seat=SITE), c.ShowOnMain(seat=SeatId(SITE))),
    (m.ShowOnMain(request_id=1, seat=None), c.ShowOnMain(seat=None)),
    (m.StartRecording(request_id=1), c.StartRecording()),
    (m.StopRecording(request_id=1), c.StopRecording()),
    (m.EndMeeting(request_id=1), c.EndMeeting()),
]


class Desk:
    """An attendance that writes down what it is asked."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    async def submit(self, command: c.Command) -> None:
        self.asked.append(command)

    async def offer(self, sdp: str, restart: bool, path: str = "any") -> Connected:
        self.asked.append((sdp, restart))
        return Connected(answer="answer", audio_mids=("1",), video_mids=("2", "3"))

    async def set_view(self, main_height: int, tiles: Sequence[Tile]) -> None:
        self.asked.append((main_height, tiles))

    async def withhold(self, on: bool) -> None:
        self.asked.append(on)


def translate(text: str, language: str) -> str:
    return f"{language}: {text}"


@pytest.mark.parametrize(("request_", "command"), COMMANDS)
async def test_request_becomes_its_command(request_: m.Request, command: c.Command) -> None:
    desk = Desk()
    assert await perform(desk, request_, "vi", translate) == m.Done(request_id=1)
    assert desk.asked == [command]
    assert HANDLERS[type(request_)].lane is Lane.SESSION


def test_every_request_has_a_handler() -> None:
    requests = {kind for kind in get_args(m.AnyClientMessage) if issubclass(kind, m.Request)}
    assert set(HANDLERS) == requests
    assert {type(request) for request, _ in COMMANDS} == requests - {
        m.Offer, m.SetView, m.Withhold
    }  # fmt: skip


async def test_offer_and_view() -> None:
    desk = Desk()
    offer = m.Offer(request_id=3, sdp="v=0", restart=True)
    assert await perform(desk, offer, "vi", translate) == m.Answer(
        request_id=3, sdp="answer", audio_mids=("1",), video_mids=("2", "3")
    )
    tile = m.WantedTile(seat=SITE, source=Source.SCREEN, height=720)
    view = m.SetView(request_id=4, main_height=0, tiles=(tile,))
    assert await perform(desk, view, "vi", translate) == m.Done(request_id=4)
    wanted = [Tile(seat=SeatId(SITE), source=Source.SCREEN, height=720)]
    withhold = m.Withhold(request_id=5, on=True)
    assert await perform(desk, withhold, "vi", translate) == m.Done(request_id=5)
    assert desk.asked == [("v=0", True), (0, wanted), True]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RequestRefused("not-allowed"), "not-allowed"),
        (MediaRefused("busy", "no room"), "busy"),
        (MediaRefused("unheard-of", "?"), "failed"),
        (ZeroDivisionError(), "failed"),
    ],
)
def test_what_may_go_wrong_has_a_code_and_a_text(error: Exception, code: str) -> None:
    got, text = refusal(error)
    assert got == code
    assert text


def test_codes_of_the_meeting_become_bye_codes() -> None:
    assert bye_code("superseded") is ByeCode.SUPERSEDED
    assert bye_code("not-allowed") is ByeCode.NOT_INVITED
    assert bye_code("not-recording") is ByeCode.FAILED
