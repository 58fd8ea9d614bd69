// @ts-check
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { withVoiceRepair } from "../../web/static/js/offer.js";

/** @param {string} name */
const capture = (name) => readFileSync(new URL(`../captures/${name}`, import.meta.url), "latin1");

test("Chromium's microphone is said to repeat packets, and nothing else changes", () => {
  const offer = capture("chromium_156_offer_4+9.sdp");
  const told = withVoiceRepair(offer);
  const added = "a=rtcp-fb:111 nack\r\n";
  assert.equal(told.replace(added, ""), offer);
  assert.ok(told.indexOf(added) < told.indexOf("\r\nm=video"));
  assert.equal(told.split(added).length, 2);
  assert.equal(withVoiceRepair(told), told);
});

test("other browsers' offers stay as they are", () => {
  const offer = capture("firefox_153esr_offer_4+9.sdp");
  assert.equal(withVoiceRepair(offer), offer);
  assert.equal(withVoiceRepair(""), "");
});
