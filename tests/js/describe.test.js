import assert from "node:assert/strict";
import { test } from "node:test";

import { announce } from "../../web/static/js/announce.js";
import { limitedBy, lineLook, messageOf, pausedLine, seatLook } from "../../web/static/js/describe.js";
import { judge, pathOf } from "../../web/static/js/stats.js";
import { apply, withheld } from "../../web/static/js/state.js";
import { wallClock } from "../../web/static/js/times.js";
import { NOW, entry, seat, session, state } from "./builders.js";

const LIMITS = { profile: "normal", maxDownKbps: null, maxUpKbps: null, by: null };

test("a seat's look says the most important thing about it", () => {
  const voices = { "site:2": { level: 90, speaking: true, since: NOW, last: NOW } };
  const word = (fields, more = {}) => {
    const here = seat("site:2", fields);
    return seatLook(state([here], more), here, NOW).word;
  };
  assert.equal(word({}), "micIsOff");
  assert.equal(word({ microphone: true }), "micIsOn");
  assert.equal(word({ camera: false }), "cameraIsOff");
  assert.equal(word({ hand: NOW, camera: false }), "waitingToSpeak");
  assert.equal(word({ microphone: true, hand: NOW }, { voices }), "speaking");
  assert.equal(word({}, { lines: { "site:2": "weak" } }), "lineWeak");
  assert.equal(word({ microphone: true }, { voices, lines: { "site:2": "lost" } }), "lineLost");
  assert.equal(word({ present: false }), "notConnected");
  assert.equal(word({ present: false }, { left: { "site:2": false } }), "lineLost");
  assert.equal(word({ present: false }, { left: { "site:2": true } }), "hasLeft");
});

test("the connection indicator says the worst of what is known", () => {
  assert.equal(lineLook(true, "connected", "good", undefined).word, "lineGood");
  assert.equal(lineLook(true, "connected", "weak", "good").word, "lineWeak");
  assert.equal(lineLook(true, "connected", "good", "weak").word, "lineWeak");
  assert.equal(lineLook(true, "connected", "good", "good", { ...LIMITS, profile: "weak" }).word, "weakMode");
  assert.equal(lineLook(true, "connected", "good", "good", { ...LIMITS, profile: "audio" }).word, "listensOnly");
  assert.equal(lineLook(true, "connected", "weak", "good", { ...LIMITS, profile: "weak" }).word, "lineWeak");
  assert.equal(lineLook(true, "connected", "good", "good", { ...LIMITS, maxUpKbps: 256 }).word, "cappedLine");
  assert.equal(lineLook(false, "connected", "good", "good").word, "reconnecting");
  assert.equal(lineLook(true, "interrupted", "good", "good").word, "reconnecting");
  assert.equal(lineLook(true, "blocked", "good", "good").word, "mediaBlockedShort");
  assert.equal(lineLook(true, "connecting", "good", "good").word, "connecting");
});

test("loss and delay make a line weak; a handful of packets proves nothing", () => {
  const start = { received: 0, missing: 0, upSent: 0, upLost: 0, roundTripMs: 20 };
  assert.equal(judge(start, { ...start, received: 1000, missing: 10 }), "good");
  assert.equal(judge(start, { ...start, received: 1000, missing: 100 }), "weak");
  assert.equal(judge(start, { ...start, received: 3, missing: 3 }), "good");
  assert.equal(judge(start, { ...start, upSent: 100, upLost: 20 }), "weak");
  assert.equal(judge(start, { ...start, roundTripMs: 900 }), "weak");
});

test("the path is told when it is not the best one", () => {
  const candidate = (id, candidateType, protocol) => ({ type: "local-candidate", id, candidateType, protocol });
  const candidates = [candidate("u", "host", "udp"), candidate("t", "prflx", "tcp"), candidate("r", "relay", "udp")];
  const pair = (id, localCandidateId, more = {}) => ({ type: "candidate-pair", id, localCandidateId, ...more });
  const pairs = [pair("1", "u"), pair("2", "t"), pair("3", "r")];
  const chromium = (id) => [...candidates, ...pairs, { type: "transport", selectedCandidatePairId: id }];
  assert.deepEqual(["1", "2", "3"].map((id) => pathOf(chromium(id))), ["", "TCP", "TURN"]);
  assert.equal(pathOf([...candidates, pair("1", "u"), pair("2", "t", { selected: true })]), "TCP"); // Firefox
  assert.equal(pathOf([]), "");
});

test("being muted or invited is shown; what others do is only read aloud", () => {
  const before = session([seat("site:1", { name: "UBND tỉnh" }), seat("site:2", { microphone: true })]);
  const said = (event, from = before) => announce(from, entry(11, event), "site:2");
  const muted = said({ type: "microphone-set", seat: "site:2", on: false, by: "site:1" });
  assert.deepEqual([muted.text, muted.values.name, muted.shown], ["mutedBy", "UBND tỉnh", true]);
  assert.equal(said({ type: "microphone-set", seat: "site:2", on: false, by: "site:2" }), null);
  assert.equal(said({ type: "main-shown", seat: "site:2", pinned: true }).text, "youOnMain");
  assert.equal(said({ type: "main-shown", seat: "site:2", pinned: false }), null);
  assert.equal(said({ type: "hand-raised", seat: "site:1" }).shown, false);
  assert.equal(said({ type: "recording-started", recording: "1", by: "site:1" }).cue, true);
});

test("the clock shows the province's time in every browser", () => {
  assert.equal(wallClock(Date.UTC(2026, 10, 24, 20, 25, 58) / 1000), "03:25");
});

test("what a weak line does not take is not told as missing", () => {
  const other = seat("site:3");
  const own = (profile) => seat("site:2", { limits: { ...LIMITS, profile } });
  const text = (profile, main) => messageOf(state([own(profile), other]), "", other, main).text;
  assert.equal(text("normal", false), "noPictureYet");
  assert.equal(text("weak", false), "pictureNotTaken");
  assert.equal(text("weak", true), "noPictureYet");
  assert.equal(text("audio", true), "pictureNotTaken");
  const listens = seat("site:3", { limits: { ...LIMITS, profile: "audio" } });
  assert.equal(messageOf(state([own("normal"), listens]), "", listens, true).text, "listensOnly");
});

test("who limited the line is named by their place", () => {
  const by = (setter) => seat("site:2", { limits: { ...LIMITS, profile: "weak", by: setter } });
  const chair = seat("site:1", { role: "chair" });
  assert.equal(limitedBy(state([by(null), chair])), "");
  assert.equal(limitedBy(state([by("site:1"), chair])), "ByLead");
  assert.equal(limitedBy(state([by("user:77"), chair])), "ByTechnician");
});

test("a paused picture says why, in place of the picture and in one line", () => {
  const other = seat("site:3");
  const told = (...why) => why.map((one) => ({ seat: "site:3", source: "camera", why: one }));
  const paused = (...why) => apply(state([seat("site:2"), other]), { type: "paused", pictures: told(...why) }, 0);
  const text = (here, source, main = false) => messageOf(here, "", other, main, source).text;
  assert.equal(text(paused("line"), "camera"), "weakMode");
  assert.equal(text(paused("line"), "camera", true), "pausedByLine");
  assert.equal(text(paused("line"), "screen"), "noPictureYet");
  assert.equal(text(paused("limit"), "camera", true), "pausedByLimit");
  assert.deepEqual(pausedLine(paused("line")), { text: "pausedByLineOf", values: { names: "site:3" } });
  assert.equal(pausedLine(paused("limit"))?.text, "pausedByLimitOf");
  assert.equal(text(paused("load"), "camera", true), "pausedByLoad");
  assert.equal(text(paused("load"), "camera"), "busyService");
  assert.equal(pausedLine(paused("load"))?.text, "pausedByLoadOf");
  assert.equal(pausedLine(paused("load", "line"))?.text, "pausedByLineOf");
  assert.equal(pausedLine(paused()), null);
});

test("the own picture that our line does not carry is told in its place and in one line", () => {
  const here = withheld(state([seat("site:2"), seat("site:3")]));
  assert.deepEqual(messageOf(here, "", seat("site:2"), false), { icon: "pause", text: "weakMode" });
  assert.equal(pausedLine(here)?.text, "ownPausedByLine");
  const off = withheld(state([seat("site:2", { camera: false }), seat("site:3")]));
  assert.equal(pausedLine(off), null);
});
