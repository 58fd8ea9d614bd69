import assert from "node:assert/strict";
import { test } from "node:test";

import { asked, ballotsLeft, castable, missing, options, standing } from "../../web/static/js/ballots.js";
import { sceneSeats } from "../../web/static/js/scene.js";
import { seat, session } from "./builders.js";

const VOTE = {
  id: 5,
  question: "Thông qua?",
  options: ["Tán thành", "Không tán thành"],
  secret: false,
  unit: "site",
  weights: { "site:1": 1, "site:2": 30 },
  majority: "simple",
  base: "present",
  quorumPercent: 50,
  opened: 0,
  closed: null,
  voted: {},
  choices: {},
  tally: null,
  counts: 0,
  published: false,
};

test("a vote is told as far as the seat may know", () => {
  assert.equal(standing(VOTE, false), "voteRuns");
  const closed = { ...VOTE, closed: 9 };
  assert.equal(standing(closed, false), "voteHidden");
  assert.equal(standing(closed, true), "voteCounting");
  assert.equal(standing({ ...closed, tally: [1, 0] }, true), "voteCounted");
  assert.equal(standing({ ...closed, tally: [1, 0], published: true }, false), "votePublished");
});

test("who has ballots and has not voted is asked, and missing", () => {
  assert.equal(ballotsLeft(VOTE, "site:2"), 30);
  assert.equal(ballotsLeft(VOTE, "site:3"), 0);
  assert.equal(ballotsLeft({ ...VOTE, voted: { "site:2": 30 } }, "site:2"), 0);
  assert.deepEqual(missing({ ...VOTE, voted: { "site:2": 30 } }), ["site:1"]);
  assert.equal(asked(session([], { votes: [VOTE] }), "site:1")?.id, 5);
  assert.equal(asked(session([], { votes: [{ ...VOTE, closed: 9 }] }), "site:1"), null);
});

test("ballots add up to at most those one has", () => {
  assert.ok(castable([20, 10], 30));
  assert.ok(!castable([20, 11], 30));
  assert.ok(!castable([0, 0], 30));
  assert.ok(!castable([-1, 2], 30));
  assert.ok(!castable([0.5, 0.5], 30));
});

test("shares are of the ballots cast", () => {
  assert.deepEqual(options({ ...VOTE, tally: [3, 1] }).map(({ share }) => share), [0.75, 0.25]);
  assert.deepEqual(options(VOTE).map(({ votes }) => votes), [null, null]);
});

test("scenes name the sites that stand together", () => {
  const seats = [seat("site:1", { role: "chair" }), seat("site:2"), seat("site:3")];
  const shown = (kind, chosen = [], more = {}) => sceneSeats(session(seats, { scene: { kind, seats: chosen }, ...more }), "site:3");
  assert.equal(shown("main"), null);
  assert.deepEqual(shown("two", ["site:3", "site:9"]), ["site:3"]);
  assert.deepEqual(shown("grid"), ["site:1", "site:2", "site:3"]);
  assert.deepEqual(shown("presidium", [], { main: "site:2" }), ["site:1", "site:2"]);
  assert.equal(shown("presidium", [], { main: "site:1" }), null);
});
