import assert from "node:assert/strict";
import { test } from "node:test";

import { fit, paged, plan } from "../../web/static/js/layout.js";

const SITES = Array.from({ length: 19 }, (_, at) => `site:${at + 1}`);

// The stage of a 1920×1080 screen.
const HD = { width: 584, area: 824, mainWidth: 1268, mainHeight: 696, unit: 1, ratio: 1, phone: false };
const GRID = { ...HD, width: 1872, mainWidth: 0, mainHeight: 0 };

const wish = (fields) => ({
  seats: SITES,
  presiding: "site:1",
  own: "site:14",
  mode: "main",
  page: 0,
  slots: 8,
  tilesShown: true,
  sizes: HD,
  ...fields,
});

test("the grid takes the column count with the widest tiles", () => {
  const best = fit(19, 1872, 824, 76, 14);
  for (let columns = 1; columns <= 19; columns += 1) {
    const rows = Math.ceil(19 / columns);
    const across = (1872 - 14 * (columns - 1)) / columns;
    const down = ((824 - 14 * (rows - 1)) / rows - 76) * (16 / 9);
    assert.ok(best.width >= Math.min(across, down));
  }
  assert.equal(fit(1, 1600, 976, 76, 14).columns, 1);
  assert.equal(fit(0, 100, 100, 76, 14).width, 0);
});

test("a full-HD screen shows six tiles: presiding site, own site, then protocol order", () => {
  const first = plan(wish({}));
  assert.deepEqual(first.tiles, ["site:1", "site:14", "site:2", "site:3", "site:4", "site:5"]);
  assert.deepEqual([first.first, first.last, first.total, first.pages], [1, 6, 19, 5]);
  const second = plan(wish({ page: 1 }));
  assert.deepEqual(second.tiles, ["site:1", "site:14", "site:6", "site:7", "site:8", "site:9"]);
  assert.deepEqual([second.first, second.last], [7, 10]);
});

test("every site is on exactly one page, the fixed ones on all", () => {
  const seen = new Map();
  for (let page = 0; page < 5; page += 1) {
    for (const seat of plan(wish({ page })).tiles) seen.set(seat, (seen.get(seat) ?? 0) + 1);
  }
  assert.equal(seen.size, 19);
  for (const [seat, times] of seen) assert.equal(times, ["site:1", "site:14"].includes(seat) ? 5 : 1);
});

test("where only one row has room, the presiding site stays and the others take turns", () => {
  const sizes = { ...HD, area: 290 };
  const first = plan(wish({ sizes }));
  assert.deepEqual([first.tiles, first.pages], [["site:1", "site:2"], 18]);
  assert.ok(first.tileWidth >= 150, `${first.tileWidth}`);
  assert.deepEqual(plan(wish({ sizes, page: 17 })).tiles, ["site:1", "site:19"]);
});

test("a page beyond the last is the last one", () => {
  assert.equal(plan(wish({ page: 99 })).page, 4);
  assert.equal(plan(wish({ page: -3 })).page, 0);
});

test("a banner above the stage makes tiles smaller before it drops a row", () => {
  const lower = plan(wish({ sizes: { ...HD, area: 824 - 64 } }));
  assert.equal(lower.tiles.length, 6);
  assert.ok(lower.tileWidth < 285);
  assert.equal(plan(wish({ sizes: { ...HD, area: 500 } })).tiles.length, 4);
});

test("all tiles on one page need no pager", () => {
  const few = plan(wish({ seats: SITES.slice(0, 6), own: "site:2" }));
  assert.equal(few.pages, 1);
  assert.equal(few.tiles.length, 6);
});

test("one's own picture is not asked for; heights are those on screen", () => {
  const { wanted, mainHeight } = plan(wish({}));
  assert.equal(wanted.length, 5);
  assert.ok(!wanted.some(({ seat }) => seat === "site:14"));
  assert.ok(wanted.every(({ height, source }) => height === 180 && source === "camera"));
  assert.equal(mainHeight, 720);
  assert.equal(plan(wish({ sizes: { ...HD, ratio: 2 } })).wanted[0].height, 330);
});

test("the grid keeps protocol order, and has at most the pictures the slots can play", () => {
  const grid = plan(wish({ mode: "grid", sizes: GRID }));
  assert.equal(grid.tiles.length, 9);
  const places = grid.tiles.map((seat) => SITES.indexOf(seat));
  assert.deepEqual(places, [...places].sort((a, b) => a - b));
  assert.ok(grid.tiles.includes("site:1") && grid.tiles.includes("site:14"));
  assert.equal(grid.mainHeight, 0);
  assert.equal(grid.columns, 5);
});

test("a phone scrolls six tiles and knows no grid", () => {
  const sizes = { ...HD, width: 375, area: 600, mainWidth: 375, mainHeight: 211, unit: 0.56, ratio: 3, phone: true };
  const phone = plan(wish({ mode: "grid", slots: 5, sizes }));
  assert.equal(phone.mode, "main");
  assert.equal(phone.tiles.length, 6);
  assert.equal(phone.mainHeight, 660);
});

test("while the panel is open no tile is asked for", () => {
  const hidden = plan(wish({ tilesShown: false }));
  assert.deepEqual(hidden.wanted, []);
  assert.equal(hidden.total, 0);
});

test("somebody without a tile of their own, and a meeting without a chair, page as well", () => {
  const turn = paged(SITES, null, "user:3", 6, 0);
  assert.deepEqual(turn.tiles, SITES.slice(0, 6));
  assert.equal(turn.pages, 4);
  assert.deepEqual(paged([], null, "user:3", 6, 0), { tiles: [], page: 0, pages: 1, first: 0, last: 0 });
});
