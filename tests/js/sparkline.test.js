import assert from "node:assert/strict";
import { test } from "node:test";

import { POINTS, sparkline } from "../../web/static/js/pages/sparkline.js";

test("the newest point stands at the right edge", () => {
  const { line } = sparkline([0, 50], 100);
  assert.equal(line, `M${POINTS - 1.5} 19.0L${POINTS - 0.5} 10.0`);
});

test("a gap stays a gap, and a lone point is still seen", () => {
  const { line, fill } = sparkline([10, null, 20, 30], 100);
  assert.equal(line.match(/M/g)?.length, 2);
  assert.match(line, /h0\.01/);
  assert.equal(fill.match(/Z/g)?.length, 2);
});

test("the largest value fills the height, small ones do not", () => {
  assert.match(sparkline([1000], 100).line, / 1\.0/);
  assert.match(sparkline([10], 100).line, / 17\.2/);
});

test("nothing measured draws nothing", () => {
  assert.deepEqual(sparkline([null, null], 100), { line: "", fill: "" });
  assert.deepEqual(sparkline([], 100), { line: "", fill: "" });
});

test("only the last points are drawn", () => {
  const { line } = sparkline(Array(500).fill(1), 1);
  assert.equal(line.match(/[ML]/g)?.length, POINTS);
});
