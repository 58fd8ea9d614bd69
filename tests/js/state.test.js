import assert from "node:assert/strict";
import { test } from "node:test";

import {
  INITIAL,
  apply,
  onMain,
  onTiles,
  ownSeat,
  silent,
  waiting,
} from "../../web/static/js/state.js";
import { SPEAKING_HOLD_S, speakingSince } from "../../web/static/js/voices.js";
import { NOW, entry, events, seat, session, state } from "./builders.js";

const trio = () => [seat("site:1", { role: "chair" }), seat("site:2"), seat("site:3")];

test("a welcome with a session replaces what was known", () => {
  const welcome = {
    type: "welcome",
    connection: "c",
    seat: "site:2",
    permissions: ["raise-hand"],
    session: session(trio()),
    now: NOW + 5,
  };
  const next = apply(INITIAL, welcome, NOW);
  assert.equal(ownSeat(next).id, "site:2");
  assert.equal(next.clockOffset, 5);
});

test("a resumed welcome keeps the session and waits for the missed entries", () => {
  const before = state(trio());
  const resumed = { type: "welcome", connection: "d", seat: "site:2", permissions: [], session: null, now: NOW };
  const next = apply(before, resumed, NOW);
  assert.equal(next.session, before.session);
  assert.equal(next.connection, "d");
});

test("a snapshot that comes with new permissions replaces what was known, and never goes back", () => {
  const before = state(trio());
  const led = (/** @type {number} */ seq) => {
    const snapshot = { ...session(trio()), notes: [{ id: 1 }], seq };
    return apply(before, { type: "permissions", permissions: ["take-note"], session: snapshot }, NOW);
  };
  const { seq } = before.session;
  assert.equal(led(seq).session.notes.length, 1);
  assert.equal(led(seq - 1).session, before.session);
  assert.deepEqual(led(seq - 1).permissions, ["take-note"]);
});

test("entries fold in order, known ones are skipped, a gap is noticed", () => {
  const before = state(trio());
  const on = entry(11, { type: "microphone-set", seat: "site:3", on: true, by: "site:3" });
  const once = apply(before, events(on), NOW);
  assert.equal(once.session.seats["site:3"].microphone, true);
  const twice = apply(once, events(on), NOW);
  assert.equal(twice.session.seq, 11);
  assert.equal(twice.gap, false);
  const skipped = apply(once, events(entry(13, { type: "hand-raised", seat: "site:3" })), NOW);
  assert.equal(skipped.gap, true);
  assert.equal(skipped.session.seq, 11);
});

test("who was muted by another knows by whom, until the microphone is on again", () => {
  const before = state([seat("site:1"), seat("site:2", { microphone: true })]);
  const muted = apply(before, events(entry(11, { type: "microphone-set", seat: "site:2", on: false, by: "site:1" })), NOW);
  assert.equal(ownSeat(muted).mutedBy, "site:1");
  const on = apply(muted, events(entry(12, { type: "microphone-set", seat: "site:2", on: true, by: "site:2" })), NOW);
  assert.equal(ownSeat(on).mutedBy, null);
});

test("what the person switched off is shown off before the log says so", () => {
  const before = state([seat("site:1", { microphone: true }), seat("site:2", { microphone: true })]);
  const after = silent(before);
  assert.equal(ownSeat(after).microphone, false);
  assert.equal(after.session.seats["site:1"].microphone, true);
  assert.equal(silent(INITIAL), INITIAL);
});

test("a seat that leaves publishes nothing and shares nothing", () => {
  const before = state(trio());
  const shared = apply(before, events(entry(11, { type: "screen-set", seat: "site:3", on: true })), NOW);
  assert.equal(shared.session.sharing, "site:3");
  const gone = apply(shared, events(entry(12, { type: "seat-left", seat: "site:3", left: true })), NOW);
  const { present, screen, microphone, hand } = gone.session.seats["site:3"];
  assert.deepEqual({ present, screen, microphone, hand }, { present: false, screen: false, microphone: false, hand: null });
  assert.equal(gone.session.sharing, null);
  assert.equal(gone.left["site:3"], true);
});

test("hands wait in the order in which they were raised", () => {
  const before = state(trio());
  const raised = apply(
    before,
    events(entry(11, { type: "hand-raised", seat: "site:3" }), entry(12, { type: "hand-raised", seat: "site:2" })),
    NOW,
  );
  assert.deepEqual(waiting(raised.session).map(({ id }) => id), ["site:3", "site:2"]);
});

test("a voice counts as speaking through short pauses only", () => {
  const before = state([seat("site:2", { microphone: true })]);
  const speakers = (speaking) => ({ type: "speakers", levels: [{ seat: "site:2", level: 80, speaking }] });
  const on = apply(before, speakers(true), NOW);
  const paused = apply(on, speakers(false), NOW + 1);
  const own = ownSeat(paused);
  assert.equal(speakingSince(paused, own, NOW + 1 + SPEAKING_HOLD_S - 0.1), NOW);
  const again = apply(paused, speakers(true), NOW + 2);
  assert.equal(speakingSince(again, own, NOW + 2), NOW);
  assert.equal(speakingSince(paused, own, NOW + 1 + SPEAKING_HOLD_S), null);
});

test("a muted seat never counts as speaking", () => {
  const before = state([seat("site:2")]);
  const on = apply(before, { type: "speakers", levels: [{ seat: "site:2", level: 80, speaking: true }] }, NOW);
  assert.equal(speakingSince(on, ownSeat(on), NOW), null);
});

test("a turn ends with the microphone: the next one counts from its own beginning", () => {
  const speaking = { type: "speakers", levels: [{ seat: "site:2", level: 80, speaking: true }] };
  const set = (seq, on) => events(entry(seq, { type: "microphone-set", seat: "site:2", on, by: "site:2" }));
  const first = apply(state([seat("site:2", { microphone: true })]), speaking, NOW);
  const again = apply(apply(first, set(11, false), NOW + 5), set(12, true), NOW + 90);
  assert.equal(speakingSince(again, ownSeat(again), NOW + 90), null);
  const later = apply(again, speaking, NOW + 91);
  assert.equal(speakingSince(later, ownSeat(later), NOW + 91), NOW + 91);
});

test("sites keep their tile while they are away, people do not", () => {
  const seats = [
    seat("site:3", { present: false }),
    seat("user:1", { role: "delegate", present: false }),
    seat("user:2", { role: "delegate" }),
    seat("user:9", { role: "secretary", onTiles: false }),
  ];
  assert.deepEqual(onTiles(session(seats)).map(({ id }) => id), ["user:2", "site:3"]);
});

test("the main picture is the shared screen, else the chosen seat, else the chair", () => {
  const at = (fields, own = "site:2") => {
    const shown = onMain(session(trio(), fields), own);
    return `${shown.seat.id} ${shown.source}`;
  };
  assert.equal(at({}), "site:1 camera");
  assert.equal(at({ main: "site:3" }), "site:3 camera");
  assert.equal(at({ main: "site:3", sharing: "site:1" }), "site:1 screen");
  assert.equal(at({ main: "site:3", sharing: "site:2" }), "site:3 camera");
});

test("messages of a later version change nothing", () => {
  const before = state(trio());
  assert.equal(apply(before, { type: "something-new" }, NOW), before);
  const unknown = apply(before, events(entry(11, { type: "something-new" })), NOW);
  assert.equal(unknown.session.seq, 11);
  assert.deepEqual(unknown.session.seats, before.session.seats);
});
