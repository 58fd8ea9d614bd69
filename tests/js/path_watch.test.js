// Silence of everything is told once, and only of a connection that has received something.
import assert from "node:assert/strict";
import { test } from "node:test";

import { PathWatch } from "../../web/static/js/path_watch.js";

function watch() {
  const leaving = new AbortController();
  let told = 0;
  const path = new PathWatch(() => null, () => (told += 1), leaving.signal);
  leaving.abort();
  return { path, told: () => told };
}

const pc = /** @type {RTCPeerConnection} */ ({});
const other = /** @type {RTCPeerConnection} */ ({});

test("most of a second without a byte is told once", () => {
  const { path, told } = watch();
  for (const [bytes, now] of [[100, 0], [100, 500], [100, 799]]) path.note(pc, bytes, now);
  assert.equal(told(), 0);
  for (const now of [800, 1500, 9000]) path.note(pc, 100, now);
  assert.equal(told(), 1);
});

test("bytes end the silence, and the next one is told again", () => {
  const { path, told } = watch();
  for (const [bytes, now] of [[1, 0], [1, 800], [2, 1500], [2, 2299]]) path.note(pc, bytes, now);
  assert.equal(told(), 1);
  path.note(pc, 2, 2300);
  assert.equal(told(), 2);
});

test("another connection, or one that has received nothing yet, is no silence", () => {
  const { path, told } = watch();
  for (const [at, now] of [[pc, 0], [other, 700], [null, 1400], [pc, 2100]]) path.note(at, 7, now);
  for (const now of [2800, 5000]) path.note(other, 0, now);
  for (const now of [6000, 8000]) path.note(pc, null, now);
  assert.equal(told(), 0);
});
