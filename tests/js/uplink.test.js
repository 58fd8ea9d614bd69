// The camera rests where the way up does not carry it beside the voice.
import assert from "node:assert/strict";
import { test } from "node:test";

import { WIDE, measured } from "../../web/static/js/uplink.js";

const START = {
  received: 0, missing: 0, upSent: 0, upLost: 0, upKbps: 5000, roundTripMs: 40, decoded: 0, dropped: 0,
  pictures: {}, path: /** @type {const} */ (""),
};
const GOOD = { upKbps: 5000, loss: 0 };
const NARROW = { upKbps: 80, loss: 0.25 };

class Way {
  uplink = WIDE;
  now = 1000;
  sample = START;

  /** @param {number} seconds @param {typeof GOOD} line */
  run(seconds, { upKbps, loss }) {
    for (let at = 0; at < seconds; at += 2) {
      const { upSent, upLost } = this.sample;
      const next = { ...START, upKbps, upSent: upSent + 100, upLost: upLost + 100 * loss };
      this.now += 2;
      this.uplink = measured(this.uplink, this.sample, next, this.now);
      this.sample = next;
    }
    return this.uplink.resting;
  }
}

test("a way up for voice alone gets the voice alone, after six seconds", () => {
  const way = new Way();
  assert.equal(way.run(4, NARROW), false);
  assert.equal(way.run(2, NARROW), true);
});

test("a low estimate without loss, loss on a wide way, and one bad moment change nothing", () => {
  assert.equal(new Way().run(60, { ...NARROW, loss: 0 }), false);
  assert.equal(new Way().run(60, { upKbps: 180, loss: 0.3 }), false);
  const way = new Way();
  way.run(4, NARROW);
  way.run(2, GOOD);
  assert.equal(way.run(4, NARROW), false);
});

test("the picture is tried again, ever more rarely while the way stays narrow", () => {
  const way = new Way();
  way.run(6, NARROW);
  assert.equal(way.run(60, GOOD), true);
  assert.equal(way.run(2, GOOD), false);
  assert.equal(way.run(6, NARROW), true);
  assert.equal(way.uplink.restS, 120);
  way.run(122, GOOD);
  way.run(100, GOOD); // good for a while
  way.run(6, NARROW);
  assert.equal(way.uplink.restS, 60);
});
