// Pictures on a lossy line are shown later, all others at once.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Patience } from "../../web/static/js/patience.js";

class Slot {
  patience = new Patience();
  counts = { packets: 0, asked: 0 };
  delayMs = 0;

  /** @param {number} seconds @param {number} asked for each of 100 packets a second */
  run(seconds, asked, roundTripMs = 40) {
    for (let at = 0; at < seconds; at += 2) {
      this.counts = { packets: this.counts.packets + 200, asked: this.counts.asked + 200 * asked };
      for (const [mid, delay] of this.patience.note({ 7: this.counts }, roundTripMs)) {
        assert.equal(mid, "7");
        this.delayMs = delay;
      }
    }
    return this.delayMs;
  }
}

test("a clean line is not delayed, and one bad moment delays nothing", () => {
  assert.equal(new Slot().run(60, 0.002), 0);
  const slot = new Slot();
  slot.run(10, 0);
  assert.equal(slot.run(2, 0.08), 0);
});

test("a lossy line is, within seconds, and by its round trip", () => {
  assert.equal(new Slot().run(8, 0.1), 270);
  assert.equal(new Slot().run(8, 0.1, 2), 250);
  assert.equal(new Slot().run(8, 0.1, 100), 450);
  assert.equal(new Slot().run(8, 0.1, 900), 500);
});

test("it stays while some is lost, and goes when the line is clean again", () => {
  const slot = new Slot();
  slot.run(20, 0.1);
  assert.equal(slot.run(60, 0.015), 270);
  assert.equal(slot.run(40, 0), 0);
});

test("it follows the round trip in steps, and a silent slot keeps what it has", () => {
  const slot = new Slot();
  slot.run(20, 0.1);
  assert.equal(slot.run(10, 0.1, 60), 270);
  assert.equal(slot.run(4, 0.1, 110), 480);
  assert.deepEqual(slot.patience.note({ 7: slot.counts }, 110), []);
});

test("a new connection begins without", () => {
  const slot = new Slot();
  slot.run(20, 0.1);
  slot.patience.reset();
  assert.deepEqual(slot.patience.note({ 7: { packets: 0, asked: 0 } }, 40), []);
});
