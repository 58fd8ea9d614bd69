// @ts-check
import assert from "node:assert/strict";
import test from "node:test";

import { FRESH, SLIM_VOICE_BPS, VOICE_BPS, noted, voiceBps } from "../../web/static/js/uplink.js";

/** A browser's estimate of its line, second by second. */
class Line {
  uplink = FRESH;
  now = 1000;
  speaks = true;
  shows = true;
  /** @type {number | null} */
  loss = 0;

  /** @param {number} seconds @param {number | null | (() => number)} roomKbps */
  run(seconds, roomKbps) {
    const states = [];
    for (let second = 0; second < seconds; second += 1) {
      this.now += 1;
      const room = typeof roomKbps === "function" ? roomKbps() : roomKbps;
      const { speaks, shows, loss } = this;
      this.uplink = noted(this.uplink, { roomKbps: room, speaks, shows, loss }, this.now);
      states.push(this.uplink.pictures);
    }
    return states;
  }

  /** What an estimate does where voices just fit: it rises, and falls when a queue grows. */
  narrow() {
    return 40 + ((this.now % 7) * 4);
  }

  get pictures() {
    return this.uplink.pictures;
  }
}

test("a line with room carries everything", () => {
  const line = new Line();
  line.run(60, 300);
  assert.equal(line.pictures, "sent");
  assert.equal(voiceBps(line.uplink), VOICE_BPS);
  assert.equal(line.uplink.redundant, false);
});

test("256 kbit/s are enough for a voice and a small picture", () => {
  const line = new Line();
  assert.ok(line.run(120, () => 150 + (line.now % 9) * 12).every((state) => state === "sent"));
});

test("pictures that do not fit beside the voice are withheld, and the voice takes less", () => {
  const line = new Line();
  line.run(30, 300);
  assert.deepEqual(line.run(3, 80), ["sent", "sent", "withheld"]);
  assert.equal(voiceBps(line.uplink), SLIM_VOICE_BPS);
});

test("where not even the voice fits, pictures go sooner", () => {
  const line = new Line();
  line.run(30, 300);
  assert.deepEqual(line.run(2, 50), ["sent", "withheld"]);
});

test("one bad second withholds nothing", () => {
  const line = new Line();
  line.run(10, 300);
  for (let time = 0; time < 20; time += 1) {
    line.run(1, 50);
    line.run(2, 300);
    assert.equal(line.pictures, "sent");
  }
});

test("on a line that stays narrow a voice is hardly ever disturbed by a trial", () => {
  const line = new Line();
  line.run(10, 50);
  const trials = line.run(600, () => line.narrow()).filter((state) => state === "tried").length;
  assert.ok(trials <= 8, String(trials));
});

test("pictures are back soon after the line is wide again", () => {
  const line = new Line();
  line.run(10, 50);
  line.run(60, () => line.narrow());
  assert.equal(line.pictures, "withheld");
  // Without a picture an estimate rises little; with one, it is found out.
  const states = line.run(15, () => (line.pictures === "withheld" ? 70 : 400));
  assert.equal(states.at(-1), "sent");
  assert.equal(voiceBps(line.uplink), VOICE_BPS);
});

test("an estimate that stays at its bottom is no reason to try a picture", () => {
  const line = new Line();
  line.run(10, 50);
  assert.ok(line.run(120, 38).every((state) => state === "withheld"));
});

test("an estimate that fell too far is back by itself, and so is the picture", () => {
  const line = new Line();
  line.run(30, 300);
  line.run(4, 70);
  assert.equal(line.pictures, "withheld");
  assert.equal(line.run(5, 110).at(-1), "sent");
});

test("trials that fail become rare", () => {
  const line = new Line();
  const states = line.run(1000, 80);
  const begun = states.filter((state, at) => state === "tried" && states[at - 1] !== "tried").length;
  assert.ok(begun >= 5 && begun <= 10, String(begun));
});

test("who is silent shows a picture where a voice would leave none, and stops with the first word", () => {
  const line = new Line();
  line.run(10, 64);
  assert.equal(line.pictures, "withheld");
  line.speaks = false;
  line.run(2, 64);
  assert.equal(line.pictures, "sent");
  line.run(100, 64);
  assert.equal(line.pictures, "sent");
  line.speaks = true;
  assert.deepEqual(line.run(1, 64), ["withheld"]);
});

test("a low estimate means nothing while nobody watches", () => {
  const line = new Line();
  line.shows = false;
  line.run(60, 60);
  assert.equal(line.pictures, "sent");
});

test("a browser that tells no estimate sends everything", () => {
  const line = new Line();
  line.run(60, null);
  assert.equal(line.pictures, "sent");
  assert.equal(voiceBps(line.uplink), VOICE_BPS);
});

test("without a picture, too, the voice takes less where it hardly fits", () => {
  const line = new Line();
  line.shows = false;
  line.run(1, 50);
  assert.equal(voiceBps(line.uplink), SLIM_VOICE_BPS);
  line.run(10, 70);
  assert.equal(voiceBps(line.uplink), SLIM_VOICE_BPS);
  line.run(20, 70);
  assert.equal(voiceBps(line.uplink), VOICE_BPS);
});

test("the voice is sent twice where it gets lost and there is room", () => {
  const line = new Line();
  line.run(10, 500);
  line.loss = 0.1;
  line.run(2, 500);
  assert.equal(line.uplink.redundant, true);
  line.loss = 0.01;
  line.run(30, 500);
  assert.equal(line.uplink.redundant, true);
  line.loss = 0;
  line.run(20, 500);
  assert.equal(line.uplink.redundant, false);
});

test("a narrow line loses less when everything is sent once", () => {
  const line = new Line();
  line.loss = 0.2;
  line.run(10, 500);
  assert.equal(line.uplink.redundant, true);
  line.run(1, 150);
  assert.equal(line.uplink.redundant, false);
});
