"""Simulated sites answer what a meeting asks of every site."""

import random

import msgspec

from conference.duties import ballots, owed_after, owed_on_entering
from rooms.session import events as e
from rooms.session.model import Majority, SeatId, Session, Vote, VoteBase, VoteUnit

PLEIKU, AN_KHE = SeatId("site:1"), SeatId("site:2")
VOTE = Vote(
    id=1,
    question="Thông qua?",
    options=("Tán thành", "Không tán thành", "Ý kiến khác"),
    secret=False,
    unit=VoteUnit.DELEGATE,
    weights={PLEIKU: 30},
    majority=Majority.SIMPLE,
    base=VoteBase.PRESENT,
    quorum_percent=50,
    opened=0.0,
)


def test_all_ballots_of_a_site_are_cast() -> None:
    for seed in range(20):
        command = ballots(PLEIKU, VOTE, random.Random(seed))
        assert command is not None
        assert (len(command.counts), sum(command.counts)) == (3, 30)


def test_who_has_no_vote_casts_none() -> None:
    assert owed_after(AN_KHE, e.VoteOpened(vote=VOTE, by=PLEIKU), random.Random()) is None


def test_what_was_open_while_away_is_made_up_for_once() -> None:
    session = Session(meeting=1, title="Giao ban", votes=(VOTE,))
    assert len(owed_on_entering(PLEIKU, session, random.Random())) == 1
    voted = Session(
        meeting=1, title="Giao ban", votes=(msgspec.structs.replace(VOTE, voted={PLEIKU: 30}),)
    )
    assert owed_on_entering(PLEIKU, voted, random.Random()) == ()
