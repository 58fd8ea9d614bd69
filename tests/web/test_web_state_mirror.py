"""The browser folds the log into the same session as the server."""

import random
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from rooms.session import commands as c
from rooms.session.core import decide, fold
from rooms.session.decisions import Refused
from rooms.session.events import AnyEvent, Entry, MeetingOpened, Withheld
from rooms.session.model import (
    Agenda,
    Audience,
    NoteKind,
    Profile,
    Role,
    RollState,
    SceneKind,
    Seat,
    SeatId,
    Session,
    ShownDocument,
)
from rooms.session.policy import Actor, may

FOLD = Path(__file__).parent.parent / "js" / "fold.js"
NODE = shutil.which("node")
START = 1_530_000_000.0
SITES = [
    Seat(
        id=SeatId(f"site:{rank}"),
        name=f"UBND huyện {rank}",
        short_name=f"Huyện {rank}",
        rank=rank,
        role=Role.CHAIR if rank == 1 else Role.SITE,
        on_tiles=True,
    )
    for rank in range(1, 6)
]
SECRETARY = Seat(
    id=SeatId("user:9"),
    name="Thư ký",
    short_name="Thư ký",
    rank=900,
    role=Role.SECRETARY,
    on_tiles=False,
)
SEATS = (*SITES, SECRETARY)
REPORT = ShownDocument(id=3, version=1, title="Báo cáo", pages=9, page=1, by=SECRETARY.id)


def any_id(dice: random.Random, things: Sequence[Any]) -> int:
    return dice.choice(things).id if things else 1


def random_command(dice: random.Random, state: Session, seat: Seat, late: bool) -> c.Command:
    on, other = dice.random() < 0.6, dice.choice(SEATS).id
    return dice.choice(
        (
            c.SetMicrophone(on=on),
            c.SetCamera(on=on),
            c.SetScreen(on=on),
            c.RaiseHand(),
            c.LowerHand(seat=dice.choice((None, other))),
            c.MuteSeat(seat=other),
            c.MuteAll(),
            c.SetLimits(seat=dice.choice((None, other)), profile=dice.choice(list(Profile))),
            c.ShowOnMain(seat=dice.choice((None, other))),
            c.StartRecording(),
            c.StopRecording(),
            c.Depart(left=on),
            c.Enter(seat=seat, returning=on),
            c.InviteToSpeak(seat=other, seconds=dice.choice((None, 300))),
            c.EndTurn(),
            c.ExtendTurn(seconds=60),
            c.NameSpeaker(person=dice.choice(("", "Ông Siu Hyơm"))),
            c.QueueSeat(seat=other),
            c.MoveInQueue(seat=other, before=dice.choice((None, dice.choice(SEATS).id))),
            c.SetDiscussion(open=on),
            c.HandOverChair(seat=other),
            c.GoToItem(item=dice.choice((None, 1, 2))),
            c.StartPause(seconds=600),
            c.EndPause(),
            c.StartRollCall(),
            c.CallSite(seat=other),
            c.AnswerRollCall(
                state=dice.choice(list(RollState)), seat=dice.choice((None, other)), head_count=3
            ),
            c.EndRollCall(),
            c.Say(text="Xin chào", to=dice.choice(list(Audience))),
            c.SetChat(open=on),
            c.Announce(text=dice.choice(("", "Giải lao 15 phút"))),
            c.AskPresidium(text="Bao giờ xong?"),
            c.SupportQuestion(question=any_id(dice, state.questions), on=on),
            c.AnswerQuestion(question=any_id(dice, state.questions), answered=on),
            c.OpenVote(question="Thông qua?", options=("Tán thành", "Không tán thành"), secret=on),
            c.CastVote(vote=any_id(dice, state.votes), counts=(1, 0)),
            c.CloseVote(vote=any_id(dice, state.votes)),
            c.RecountVote(vote=any_id(dice, state.votes)),
            c.CountVote(vote=any_id(dice, state.votes), tally=(1, 2)),
            c.PublishVote(vote=any_id(dice, state.votes)),
            c.SetLock(on=on),
            c.Admit(seat=None),
            c.TurnAway(seat=other),
            c.WithdrawKnock(seat=other),
            c.RemoveSeat(seat=other, barred=late),
            c.SetScene(kind=SceneKind.TWO, seats=(other, dice.choice(SEATS).id)),
            c.StartRound(seconds=10),
            c.EndRound(),
            c.NextInRound(),
            c.TakeNote(kind=dice.choice(list(NoteKind)), text="Giao Sở Tài chính"),
            c.ChangeNote(
                note=any_id(dice, state.notes),
                kind=NoteKind.TASK,
                text=dice.choice(("", "Giao Sở Xây dựng")),
            ),
            c.CheckSite(seat=other, passed=on),
            c.ExtendMeeting(seconds=600),
            c.PresentDocument(document=REPORT),
            c.TurnPage(page=dice.randint(1, 10)),
            c.CloseDocument(),
            c.EndMeeting() if late else c.FollowSpeaker(seat=other),
        )
    )


def random_log(seed: int) -> list[Entry]:
    """A log as the service writes one: every command that is not refused, in turn."""
    dice = random.Random(seed)
    opened = MeetingOpened(
        meeting=7,
        title="Giao ban",
        seats=SEATS,
        agenda=(Agenda(id=1, title="Báo cáo", minutes=20), Agenda(id=2, title="Thảo luận")),
        deputy=SITES[1].id,
    )
    log = [Entry(seq=1, at=START, actor="system", event=opened)]
    state = fold(log)
    for step in range(500):
        seat, now = dice.choice(SEATS), START + step
        command = random_command(dice, state, seat, late=step > 470)
        by_service = not may(seat.role, type(command)) or isinstance(command, c.Enter | c.Depart)
        actor = Actor(seat.id, None if by_service else seat.role)
        decision = decide(state, actor, command, now)
        events = [] if isinstance(decision, Refused) else decision
        added = [
            Entry(seq=state.seq + 1 + place, at=now, actor=actor.seat, event=event)
            for place, event in enumerate(events)
        ]
        log += added
        state = fold(added, state)
    return log


@pytest.mark.skipif(NODE is None, reason="needs node")
def test_browser_and_server_fold_the_same_session() -> None:
    logs = [random_log(seed) for seed in range(40)]
    run = subprocess.run(
        [str(NODE), str(FOLD)],
        input=msgspec.json.encode(logs),
        capture_output=True,
        check=True,
        timeout=60,
    )
    in_browser = msgspec.json.decode(run.stdout, type=list[Session])
    assert in_browser == [fold(log) for log in logs]


def test_the_logs_contain_every_kind_of_event() -> None:
    kinds = {type(entry.event).__name__ for seed in range(40) for entry in random_log(seed)}
    assert kinds == {event.__name__ for event in get_args(AnyEvent)} - {Withheld.__name__}
