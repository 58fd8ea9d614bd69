import assert from "node:assert/strict";
import { test } from "node:test";

import { announce, turnSign } from "../../web/static/js/announce.js";
import { microphoneHint, middleButton } from "../../web/static/js/buttons.js";
import { seatLook } from "../../web/static/js/describe.js";
import { isAsked, mayUnmute, nextSpeaker, speakers, spokenInAll, turnClock, turnOf } from "../../web/static/js/floor.js";
import { apply } from "../../web/static/js/state.js";
import { undoOf } from "../../web/static/js/undo.js";
import { dropPlace } from "../../web/static/js/view/drag.js";
import { NOW, entry, events, seat, session, state } from "./builders.js";

const SITE = ["set-microphone", "raise-hand", "lower-hand", "end-turn"];
const LEAD = ["set-microphone", "show-on-main", "invite-to-speak", "end-turn", "end-pause", "move-in-queue"];

const floor = (id, seconds = 300, since = NOW) => ({ seat: id, since, seconds, person: "" });
const held = (seats, given, fields = {}, more = {}) => ({
  ...state(seats, more),
  session: session(seats, { floor: given, ...fields }),
});

test("a turn counts down, warns in its last minute, and then counts how much it is over", () => {
  const here = held([seat("site:2", { person: "Bà Nay H’Lan" })], floor("site:2"));
  const at = (seconds) => {
    const turn = turnOf(here, NOW + seconds);
    return [turn.phase, turnClock(turn).word, turnClock(turn).seconds];
  };
  assert.deepEqual(at(0), ["running", "turnLeft", 300]);
  assert.deepEqual(at(239.5), ["running", "turnLeft", 61]);
  assert.deepEqual(at(240), ["last", "turnLast", 60]);
  assert.deepEqual(at(299.5), ["last", "turnLast", 1]);
  assert.deepEqual(at(314), ["over", "turnOver", 14]);
  assert.equal(turnOf(here, NOW).person, "Bà Nay H’Lan");
  assert.equal(turnOf(state([seat("site:2")]), NOW), null);
});

test("a turn without a limit counts up; the server's clock counts", () => {
  const here = held([seat("site:2")], floor("site:2", null), {}, { clockOffset: 5 });
  const turn = turnOf(here, NOW + 10);
  assert.deepEqual([turn.phase, turnClock(turn)], ["open", { word: "speaking", seconds: 15 }]);
});

test("the queue tells who waits how long, has spoken how long, and who is away", () => {
  const seats = [seat("site:2", { hand: NOW - 90 }), seat("site:3", { present: false, hand: NOW - 10 }), seat("site:4")];
  const here = held(seats, null, { queue: ["site:4", "site:2", "site:3"], spoken: { "site:2": 340 } });
  assert.deepEqual(
    speakers(here, NOW).map((one) => [one.seat.id, one.place, one.waits, one.spoken, one.away]),
    [
      ["site:4", 1, null, 0, false],
      ["site:2", 2, 90, 340, false],
      ["site:3", 3, 10, 0, true],
    ],
  );
  assert.deepEqual(spokenInAll(here.session), { count: 1, seconds: 340 });
});

test("the next speaker is the first in line who is there", () => {
  const seats = [seat("site:2", { present: false }), seat("site:3"), seat("site:4")];
  assert.equal(nextSpeaker(held(seats, null, { queue: ["site:2", "site:4", "site:3"] })).id, "site:4");
  assert.equal(nextSpeaker(held(seats, null, { queue: ["site:2"] })), null);
});

test("the middle button of a site: register, cancel, finish", () => {
  const look = (fields) =>
    middleButton(state([seat("site:2", fields), seat("site:3", { hand: NOW - 9 })], { permissions: SITE }), NOW);
  assert.deepEqual([look({}).action, look({}).values], ["ask", { count: 1 }]);
  assert.deepEqual([look({ hand: NOW }).action, look({ hand: NOW }).values], ["cancel", { place: 2 }]);
  assert.equal(look({ microphone: true }).action, "finish");
  const queued = held([seat("site:2")], null, { queue: ["site:2"] }, { permissions: SITE });
  assert.deepEqual([middleButton(queued, NOW).action, middleButton(queued, NOW).values], ["cancel", { place: 1 }]);
});

test("who has the floor ends the turn with the middle button, or first switches the microphone on", () => {
  const own = (fields, more = {}) => held([seat("site:2", fields)], floor("site:2"), {}, { permissions: SITE, ...more });
  const speaking = middleButton(own({ microphone: true }), NOW + 248);
  assert.deepEqual([speaking.action, speaking.hint, speaking.values.time], ["endTurn", "leftOf", "00:52"]);
  assert.equal(middleButton(own({ microphone: true }), NOW + 320).hint, "overBy");
  assert.equal(middleButton(own({}), NOW).action, "speak");
  assert.equal(middleButton(own({}, { heard: true }), NOW).action, "endTurn");
});

test("the middle button of who leads: next in line, end of the turn, else the panel", () => {
  const seats = [seat("site:2"), seat("site:3"), seat("site:4")];
  const look = (given, fields = {}) => middleButton(held(seats, given, fields, { permissions: LEAD }), NOW);
  assert.equal(look(null).action, "list");
  const next = look(null, { queue: ["site:3", "site:4"] });
  assert.deepEqual([next.action, next.hint, next.values], ["next", "someWait", { name: "site:3", count: 2 }]);
  assert.equal(look(floor("site:4"), { queue: ["site:3"] }).hint, "nextOfThose");
  assert.deepEqual([look(floor("site:4")).action, look(floor("site:4")).values.name], ["endTurn", "site:4"]);
  assert.equal(look(null, { pause: { since: NOW, until: NOW + 600, by: "site:1" } }).action, "resume");
});

test("who may neither ask nor lead gets the list", () => {
  assert.equal(middleButton(state([seat("site:2")], { permissions: ["mute-all"] }), NOW).action, "list");
});

test("with the discussion closed only the floor and who leads switch their microphones on", () => {
  const closed = (fields, given = null) => held([seat("site:2", fields)], given, { discussion: false });
  assert.equal(mayUnmute(state([seat("site:2")])), true);
  assert.equal(mayUnmute(closed({})), false);
  assert.equal(mayUnmute(closed({ role: "secretary" })), true);
  assert.equal(mayUnmute(closed({}, floor("site:2"))), true);
  assert.equal(microphoneHint(closed({}), true), "microphoneClosedHint");
  assert.equal(microphoneHint(closed({}), false), "noMicrophone");
  assert.equal(microphoneHint(closed({ microphone: true }), true), "microphoneOnHint");
});

test("who is invited and not heard yet is asked; after a word of this turn no more", () => {
  const before = state([seat("site:2", { direct: false })]);
  const given = entry(11, { type: "floor-given", seat: "site:2", seconds: 300, person: "", by: "site:1" });
  const asked = apply(before, events(given), NOW);
  assert.equal(isAsked(asked), true);
  const on = (seq, value) => events(entry(seq, { type: "microphone-set", seat: "site:2", on: value, by: "site:2" }));
  const muted = apply(apply(asked, on(12, true), NOW), on(13, false), NOW);
  assert.equal(isAsked(muted), false);
});

test("gold is for the floor; other voices are only named", () => {
  const voices = { "site:3": { level: 90, speaking: true, since: NOW, last: NOW } };
  const seats = [seat("site:2", { microphone: true }), seat("site:3", { microphone: true })];
  const here = held(seats, floor("site:2"), {}, { voices });
  assert.deepEqual([seatLook(here, seats[0], NOW).tone, seatLook(here, seats[0], NOW).word], ["floor", "speaking"]);
  assert.deepEqual([seatLook(here, seats[1], NOW).tone, seatLook(here, seats[1], NOW).word], ["", "heardToo"]);
  const invited = seatLook(held([seat("site:2")], floor("site:2")), seat("site:2"), NOW);
  assert.deepEqual([invited.tone, invited.word], ["floor", "floorInvited"]);
});

test("the floor is told: shown to whom it concerns, read aloud to the others", () => {
  const before = session([seat("site:1", { name: "UBND tỉnh" }), seat("site:2"), seat("site:3", { direct: false })]);
  const given = (id) => ({ type: "floor-given", seat: id, seconds: 300, person: "", by: "site:1" });
  const told = (event, own) => {
    const said = announce(before, entry(11, event), own);
    return said && [said.text, said.shown];
  };
  assert.deepEqual(told(given("site:2"), "site:2"), ["youInvited", true]);
  assert.deepEqual(told(given("site:3"), "site:3"), ["youAsked", false]); // a banner asks
  assert.deepEqual(told(given("site:2"), "site:3"), ["someoneInvited", false]);
  const ended = { type: "floor-ended", seat: "site:2", spoken: 9, by: "site:1" };
  assert.deepEqual(told(ended, "site:2"), ["yourTurnEnded", true]);
  assert.equal(told({ ...ended, by: "site:2" }, "site:2"), null);
  assert.deepEqual(told({ type: "discussion-set", open: false, by: "site:1" }, "site:2"), ["discussionWasClosed", true]);
  assert.deepEqual(told({ type: "chair-handed-over", seat: "site:2", former: null, by: "site:1" }, "site:2"), ["youPreside", true]);
});

test("the last minute is shown to who speaks and who leads, read aloud to the others", () => {
  const seats = [seat("site:2"), seat("site:3")];
  const sign = (own, seconds, permissions = SITE) => {
    const here = held(seats, floor("site:2"), {}, { seat: own, permissions });
    const said = turnSign(turnOf(here, NOW + seconds), here);
    return said && [said.text, said.shown];
  };
  assert.equal(sign("site:2", 100), null);
  assert.deepEqual(sign("site:2", 250), ["yourLastMinute", true]);
  assert.deepEqual(sign("site:3", 250), ["turnLastMinute", false]);
  assert.deepEqual(sign("site:3", 301, LEAD), ["turnTimeOver", true]);
});

test("a slip is taken back with what was there before", () => {
  const here = session([seat("site:2"), seat("site:3")], {
    floor: { seat: "site:4", since: NOW, seconds: 300, person: "Ông Siu Hyơm" },
    queue: ["site:2", "site:3"],
    item: 7,
    pause: { since: NOW, until: NOW + 900, by: "site:1" },
  });
  const again = { type: "invite-to-speak", seat: "site:4", seconds: 180, person: "Ông Siu Hyơm" };
  const at = NOW + 120;
  assert.deepEqual(undoOf(here, { type: "end-turn" }, at), [again]);
  assert.deepEqual(undoOf(here, { type: "end-turn" }, NOW + 299)[0].seconds, 30);
  assert.deepEqual(undoOf(here, { type: "lower-hand", seat: "site:2" }, at), [
    { type: "queue-seat", seat: "site:2" },
    { type: "move-in-queue", seat: "site:2", before: "site:3" },
  ]);
  assert.deepEqual(undoOf(here, { type: "lower-hand", seat: "site:3" }, at), [{ type: "queue-seat", seat: "site:3" }]);
  assert.deepEqual(undoOf(here, { type: "invite-to-speak", seat: "site:3", seconds: null }, at), [
    again,
    { type: "queue-seat", seat: "site:3" },
  ]);
  assert.deepEqual(undoOf({ ...here, floor: null }, { type: "invite-to-speak", seat: "site:9", seconds: null }, at), [
    { type: "end-turn" },
  ]);
  assert.deepEqual(undoOf(here, { type: "set-discussion", open: false }, at), [{ type: "set-discussion", open: true }]);
  assert.deepEqual(undoOf(here, { type: "go-to-item", item: 8 }, at), [{ type: "go-to-item", item: 7 }]);
  assert.deepEqual(undoOf(here, { type: "end-pause" }, at), [{ type: "start-pause", seconds: 780 }]);
  assert.deepEqual(undoOf(here, { type: "take-chair" }, at), []);
});

test("a dragged row goes before the first row whose middle is below", () => {
  const rows = [0, 50, 100].map((top) => ({ top, bottom: top + 50 }));
  assert.deepEqual([-5, 24, 26, 80, 126, 500].map((y) => dropPlace(rows, y)), [0, 0, 1, 2, 3, 3]);
});
