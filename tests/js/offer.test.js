// @ts-check
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { withVoice, withVoiceRepair } from "../../web/static/js/offer.js";

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

const ANSWER = [
  "v=0",
  "m=audio 40000 UDP/TLS/RTP/SAVPF 63 111",
  "a=rtpmap:111 opus/48000/2",
  "a=rtpmap:63 red/48000/2",
  "m=video 40000 UDP/TLS/RTP/SAVPF 96 97",
  "a=simulcast:recv q;h;f",
  "m=audio 40000 UDP/TLS/RTP/SAVPF 111 63",
  "",
].join("\r\n");

test("what the microphone sends comes first, plain or twice; other sections stay", () => {
  const plain = withVoice(ANSWER, false);
  assert.equal(plain, ANSWER.replace("SAVPF 63 111", "SAVPF 111 63"));
  assert.equal(withVoice(plain, true), ANSWER);
});

test("layers that are off stay off", () => {
  assert.ok(withVoice(ANSWER, false, ["h", "f"]).includes("a=simulcast:recv q;~h;~f\r\n"));
});

test("an answer without redundancy stays as it is", () => {
  const answer = ANSWER.replaceAll(/a=rtpmap:63.*\r\n/g, "").replaceAll(" 63", "");
  assert.equal(withVoice(answer, true, ["f"]), answer);
});
