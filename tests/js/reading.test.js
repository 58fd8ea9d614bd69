// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { CLOSED, kept, lookedAt, ofItemFirst, pageRead, presents, widthFor } from "../../web/static/js/reading.js";

const REPORT = { id: 3, version: 1, title: "Báo cáo", pages: 9, page: 2, by: "user:9" };

test("whoever follows reads the page of who presents, whoever looks ahead does so until they come back", () => {
  let reading = kept(CLOSED, REPORT);
  assert.equal(pageRead(reading, REPORT), 2);
  assert.equal(pageRead(kept(reading, { ...REPORT, page: 5 }), { ...REPORT, page: 5 }), 5);
  reading = lookedAt(reading, REPORT, 7);
  assert.equal(pageRead(kept(reading, { ...REPORT, page: 4 }), { ...REPORT, page: 4 }), 7);
  assert.equal(pageRead({ ...reading, ahead: null }, REPORT), 2);
});

test("there is no page before the first and after the last", () => {
  for (const [wish, page] of [[0, 1], [12, 9], [Number.NaN, 1], [3, 3]]) {
    assert.equal(lookedAt(CLOSED, REPORT, wish).ahead, page);
  }
});

test("another document, or another version, is followed from its start", () => {
  const away = { ...lookedAt(kept(CLOSED, REPORT), REPORT, 7), hidden: true };
  assert.deepEqual(kept(away, { ...REPORT, version: 2 }), { document: "3/2", ahead: null, hidden: false });
  assert.deepEqual(kept(away, null), CLOSED);
});

test("who leads turns pages for all, others while they have the floor", () => {
  const state = (/** @type {string} */ role, /** @type {string | null} */ floor) =>
    /** @type {any} */ ({
      session: { seats: { "site:1": { role } }, floor: floor && { seat: floor } },
      seat: "site:1",
      permissions: ["present-document"],
    });
  assert.equal(presents(state("secretary", null)), true);
  assert.equal(presents(state("site", null)), false);
  assert.equal(presents(state("site", "site:1")), true);
  assert.equal(presents(state("site", "site:2")), false);
  assert.equal(presents({ ...state("chair", null), permissions: [] }), false);
});

test("a weak line gets the smallest picture, others one that fits", () => {
  assert.deepEqual([widthFor(1900, true), widthFor(700, false), widthFor(1200, false), widthFor(5000, false)], [640, 640, 1280, 2000]);
});

test("documents of the item at hand come first, then those of the meeting", () => {
  const listed = [{ id: 1, item: 8 }, { id: 2, item: null }, { id: 3, item: 7 }];
  assert.deepEqual(ofItemFirst(listed, 7).map(({ id }) => id), [3, 2, 1]);
});
