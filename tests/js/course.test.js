import assert from "node:assert/strict";
import { test } from "node:test";

import { agendaRows, agendaStrip, behind, nextItem } from "../../web/static/js/agenda.js";
import { mayTakeChair } from "../../web/static/js/floor.js";
import { keysOf, pressedAction } from "../../web/static/js/keys.js";
import { matching, plain } from "../../web/static/js/names.js";
import { NOW, seat, session, state } from "./builders.js";

const item = (id, minutes, fields = {}) => ({ id, title: `Mục ${id}`, presenter: "", minutes, started: null, spent: 0, ...fields });

test("an item is told with what is left of its time, and what comes next", () => {
  const here = session([], { agenda: [item(1, 10, { spent: 720 }), item(2, 80, { started: NOW }), item(3, null)], item: 2 });
  const strip = agendaStrip(here, NOW + 48 * 60);
  assert.deepEqual([strip.place, strip.total, strip.left, strip.next.id], [2, 3, 32 * 60, 3]);
  assert.equal(agendaStrip(here, NOW + 85 * 60).left, -5 * 60);
  assert.equal(agendaStrip({ ...here, item: null }, NOW), null);
  assert.equal(nextItem(here).id, 3);
  assert.equal(nextItem({ ...here, item: null }).id, 1);
  assert.equal(nextItem({ ...here, item: 3 }), null);
});

test("planned beginnings follow from the lengths, as far as they are known", () => {
  const agenda = [item(1, 10, { spent: 700 }), item(2, null, { started: NOW + 700 }), item(3, 5), item(4, 5)];
  const rows = agendaRows(session([], { agenda, item: 2 }), NOW, NOW + 800);
  assert.deepEqual(rows.map(({ planned }) => planned), [NOW, NOW + 600, null, null]);
  assert.deepEqual(rows.map(({ state }) => state), ["done", "now", "coming", "coming"]);
  assert.deepEqual(rows.map(({ spent }) => Math.round(spent)), [700, 100, 0, 0]);
});

test("the meeting is behind by its late beginning and by what an item takes too long", () => {
  const rows = (now) => agendaRows(session([], { agenda: [item(1, 10, { started: NOW + 180 })], item: 1 }), NOW, now);
  assert.equal(behind(rows(NOW + 400), NOW + 400), 180);
  assert.equal(behind(rows(NOW + 1080), NOW + 1080), 480);
  assert.equal(behind(agendaRows(session([], { agenda: [item(1, 10)] }), NOW, NOW), NOW), null);
});

test("names are found without accents, by any words, also by person and unit", () => {
  const seats = [
    seat("site:1", { name: "UBND huyện Đăk Đoa" }),
    seat("site:2", { name: "UBND huyện Đăk Pơ", person: "Ông Siu Hyơm" }),
    seat("site:3", { name: "UBND thị xã An Khê", unit: "An Khê" }),
  ];
  const found = (typed) => matching(seats, typed).map(({ id }) => id);
  assert.equal(plain("Đăk Pơ, Chư Prông"), "dak po, chu prong");
  assert.deepEqual(found("dak"), ["site:1", "site:2"]);
  assert.deepEqual(found("doa dak"), ["site:1"]);
  assert.deepEqual(found("hyom"), ["site:2"]);
  assert.deepEqual(found("KHE"), ["site:3"]);
  assert.deepEqual(found(""), ["site:1", "site:2", "site:3"]);
});

test("the deputy may take the chair while the chair is away, and nobody else", () => {
  const at = (present, fields = {}) => {
    const seats = [seat("site:1", { role: "chair", present }), seat("site:2"), seat("site:3")];
    return { ...state(seats, { permissions: ["take-chair"], ...fields }), session: session(seats, { deputy: "site:2" }) };
  };
  assert.equal(mayTakeChair(at(false)), true);
  assert.equal(mayTakeChair(at(true)), false);
  assert.equal(mayTakeChair(at(false, { seat: "site:3" })), false);
  const own = [seat("site:2", { role: "chair", present: false })];
  assert.equal(mayTakeChair({ ...at(false), session: session(own, { deputy: "site:2" }) }), false);
});

test("a key does what its holder may do; typing aids and browsers keep theirs", () => {
  const key = (name, more = {}) => ({ key: name, ctrlKey: false, altKey: false, metaKey: false, repeat: false, isComposing: false, ...more });
  const lead = ["invite-to-speak", "extend-turn"];
  assert.equal(pressedAction(key("n"), lead), "next");
  assert.equal(pressedAction(key("N"), lead), "next");
  assert.equal(pressedAction(key("n"), []), null);
  assert.equal(pressedAction(key("="), lead), "extendTurn");
  assert.equal(pressedAction(key("?"), []), "shortcuts");
  assert.equal(pressedAction(key("m", { ctrlKey: true }), []), null);
  assert.equal(pressedAction(key("m", { isComposing: true }), []), null);
  const keys = keysOf(lead).map((one) => one.key);
  assert.equal(new Set(keys).size, keys.length);
});
