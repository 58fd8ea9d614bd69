import assert from "node:assert/strict";
import test from "node:test";

import { fold, matches } from "../../web/static/js/fold.js";

test("accents, case, apostrophes and hyphens do not matter", () => {
  for (const text of ["K'Bang", "KBang", "kbang", "K’Băng"]) assert.equal(fold(text), "kbang");
  assert.equal(fold("  Đăk-Đoa "), "dak doa");
});

test("a site is found by the beginnings of its words, or run together", () => {
  for (const query of ["chu se", "chư", "ubnd chu", "chuse", "huyen"]) {
    assert.ok(matches(query, "UBND huyện Chư Sê"), query);
  }
  for (const query of ["pleiku", "hu x"]) {
    assert.ok(!matches(query, "UBND huyện Chư Sê"), query);
  }
});
