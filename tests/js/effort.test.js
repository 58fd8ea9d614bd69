// @ts-check
import assert from "node:assert/strict";
import test from "node:test";

import { FRESH, eased, judged } from "../../web/static/js/effort.js";

const EMPTY = { received: 0, missing: 0, upSent: 0, upLost: 0, roundTripMs: 0, decoded: 0, dropped: 0 };
const TILE = { seat: "site:3", source: /** @type {const} */ ("camera"), height: 270 };

/** Measurements two seconds apart. */
class Computer {
  effort = FRESH;
  now = 1000;
  sample = EMPTY;

  /** @param {number} seconds @param {number} drops of 100 frames in two seconds */
  run(seconds, drops) {
    for (let at = 0; at < seconds; at += 2) {
      const { decoded, dropped } = this.sample;
      const next = { ...EMPTY, decoded: decoded + 100 - drops, dropped: dropped + drops };
      this.now += 2;
      this.effort = judged(this.effort, this.sample, next, this.now);
      this.sample = next;
    }
    return this.effort.relief;
  }
}

test("a computer that keeps up gets everything, nine moving pictures at most", () => {
  assert.equal(new Computer().run(600, 1), 0);
  const view = eased(0, { mainHeight: 1080, tiles: Array(14).fill(TILE) });
  assert.equal(view.tiles.length, 8);
  assert.equal(view.mainHeight, 1080);
  assert.equal(view.tiles[0].height, 270);
});

test("one bad moment gives nothing up", () => {
  const computer = new Computer();
  assert.equal(computer.run(4, 60), 0);
  assert.equal(computer.run(2, 0), 0);
  assert.equal(computer.run(4, 60), 0);
});

test("a computer that falls behind gets smaller pictures, then fewer, never none", () => {
  const computer = new Computer();
  assert.equal(computer.run(6, 40), 1);
  assert.deepEqual(eased(1, { mainHeight: 720, tiles: [TILE] }), {
    mainHeight: 360,
    tiles: [{ ...TILE, height: 180 }],
  });
  assert.equal(computer.run(6, 40), 2);
  assert.equal(computer.run(600, 90), 3);
  const least = eased(3, { mainHeight: 720, tiles: Array(8).fill(TILE) });
  assert.deepEqual([least.mainHeight, least.tiles.length], [180, 4]);
});

test("more is tried again after a while, less often when it was too much", () => {
  const computer = new Computer();
  computer.run(6, 40);
  assert.equal(computer.run(58, 0), 1);
  assert.equal(computer.run(6, 0), 0);
  assert.equal(computer.run(6, 40), 1, "still too much");
  assert.equal(computer.run(100, 0), 1, "the rest doubled");
  assert.equal(computer.run(30, 0), 0);
});

test("a new connection, or one that shows nothing, judges nothing", () => {
  const after = judged({ ...FRESH, strained: 2 }, { ...EMPTY, dropped: 50 }, EMPTY, 5);
  assert.equal(after.strained, 0);
  assert.equal(judged(FRESH, EMPTY, { ...EMPTY, dropped: 20 }, 5).strained, 0);
});
