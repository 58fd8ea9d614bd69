// Loss on every way shows in late answers; a network that holds back UDP alone does not.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Promptness } from "../../web/static/js/promptness.js";

/** @param {number[]} trips ms */
function after(trips) {
  const line = new Promptness();
  trips.forEach((trip, index) => {
    line.asked(index * 2000);
    line.answered(index * 2000 + trip);
  });
  return line.prompt;
}

test("even answers are prompt, however long the way", () => {
  assert.equal(after([40, 42, 45, 41, 40, 60]), true);
  assert.equal(after([640, 610, 655, 630, 605]), true);
  assert.equal(after([40, 40, 40, 900, 40, 40]), true);
});

test("answers that wait for repetitions, or in a queue, are not", () => {
  assert.equal(after([40, 280, 40, 700, 40, 260, 40, 40]), false);
  assert.equal(after([40, 300, 340, 320, 340]), false);
});

test("only the last ten count, and too few say nothing", () => {
  assert.equal(after([900, 900, 900, 900, ...Array(10).fill(40)]), true);
  assert.equal(after([40, 40, 40, 40]), false);
});

test("a new connection starts anew, and pongs nobody asked for are ignored", () => {
  const line = new Promptness();
  line.answered(5);
  line.asked(10);
  line.reset();
  line.answered(3000);
  assert.equal(line.prompt, false);
});
