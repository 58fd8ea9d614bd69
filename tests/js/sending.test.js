// @ts-check
import assert from "node:assert/strict";
import test from "node:test";

import { CAMERA_LAYERS, SCREEN_LAYERS, Sending, switched } from "../../web/static/js/sending.js";

const CAMERA = () => CAMERA_LAYERS.map((layer) => ({ ...layer, active: true }));

/** @param {string[]} rids @param {number | null} [maxKbps] */
const sent = (rids, maxKbps = null) => ({ source: /** @type {const} */ ("camera"), rids, maxKbps });

/** @param {() => boolean} condition */
async function until(condition) {
  while (!condition()) await new Promise((done) => setTimeout(done, 1));
}

test("only watched layers stay on", () => {
  const { encodings, changed } = switched(CAMERA(), CAMERA_LAYERS, sent(["q"]));
  assert.deepEqual(encodings.map(({ active }) => active), [true, false, false]);
  assert.equal(encodings[0].maxBitrate, 120_000);
  assert.equal(encodings[0].scaleResolutionDownBy, 4);
  assert.ok(changed);
});

test("without a word everything is sent", () => {
  assert.equal(switched(CAMERA(), CAMERA_LAYERS, null).changed, false);
  const off = CAMERA().map((encoding) => ({ ...encoding, active: false }));
  assert.ok(switched(off, CAMERA_LAYERS, null).encodings.every(({ active }) => active));
});

test("one layer without a name is named by an empty rid", () => {
  const one = [{ ...SCREEN_LAYERS[0] }];
  assert.equal(switched(one, SCREEN_LAYERS, sent([""])).changed, false);
  assert.equal(switched(one, SCREEN_LAYERS, sent([])).encodings[0].active, false);
  assert.equal(switched(one, CAMERA_LAYERS, sent(["q"])).encodings[0].active, true);
});

test("below a ceiling the lowest layers come first, and the last gets what is left", () => {
  const rates = (/** @type {string[]} */ rids, /** @type {number | null} */ kbps) =>
    switched(CAMERA(), CAMERA_LAYERS, sent(rids, kbps))
      .encodings.filter(({ active }) => active)
      .map(({ rid, maxBitrate }) => `${rid} ${(maxBitrate ?? 0) / 1000}`);
  assert.deepEqual(rates(["q", "h", "f"], 1950), ["q 120", "h 500", "f 1330"]);
  assert.deepEqual(rates(["q", "h"], 462), ["q 120", "h 342"]);
  assert.deepEqual(rates(["h"], 206), ["h 206"]);
  assert.deepEqual(rates(["q", "h"], 120), ["q 120"]);
  assert.deepEqual(rates(["q", "f"], null), ["q 120", "f 1700"]);
  const backwards = switched(CAMERA().reverse(), CAMERA_LAYERS, sent(["q", "h"], 462));
  assert.deepEqual(backwards.encodings.map(({ rid, maxBitrate }) => [rid, maxBitrate]), [
    ["f", 1_700_000], ["h", 342_000], ["q", 120_000],
  ]);
});

test("a document below a ceiling has fewer frames", () => {
  const frames = (/** @type {number | null} */ kbps) =>
    switched([{ ...SCREEN_LAYERS[0] }], SCREEN_LAYERS, sent([""], kbps)).encodings[0].maxFramerate;
  assert.deepEqual([null, 1800, 342, 100].map(frames), [15, 15, 5, 2]);
});

test("a ceiling holds while it stands", () => {
  const low = switched(CAMERA(), CAMERA_LAYERS, sent(["q", "h"], 200));
  assert.deepEqual(low.encodings.map(({ maxBitrate }) => maxBitrate), [120_000, 80_000, 1_700_000]);
  const after = switched(low.encodings, CAMERA_LAYERS, sent(["q", "h", "f"]));
  assert.deepEqual(after.encodings.map(({ maxBitrate }) => maxBitrate), [120_000, 500_000, 1_700_000]);
  assert.ok(after.changed);
});

/** A sender whose parameters must be read anew before each change, as browsers demand. */
class FakeSender {
  transaction = 0;
  calls = 0;
  /** @type {string | undefined} */
  preference;

  /** @param {RTCRtpEncodingParameters[]} [encodings] */
  constructor(encodings = CAMERA()) {
    this.encodings = encodings;
  }

  getParameters() {
    return { transactionId: String(this.transaction), encodings: structuredClone(this.encodings) };
  }

  /** @param {any} parameters */
  async setParameters(parameters) {
    assert.equal(parameters.transactionId, String(this.transaction));
    this.transaction += 1;
    this.calls += 1;
    await new Promise((done) => setTimeout(done, 1));
    this.encodings = parameters.encodings;
    this.preference = parameters.degradationPreference ?? this.preference;
  }

  get active() {
    return this.encodings.filter(({ active }) => active).map(({ rid }) => rid);
  }
}

test("the newest wish counts, one change at a time", async () => {
  const sender = new FakeSender();
  const sending = new Sending();
  sending.use("camera", /** @type {any} */ (sender));
  for (const rids of [["q"], [], ["q", "h"], ["f"]]) {
    sending.want([sent(rids)]);
  }
  await until(() => sender.active.join() === "f");
  assert.ok(sender.calls <= 2);
  sending.want([]);
  await until(() => sender.active.join() === "q,h,f");
});

test("a new connection starts with everything", async () => {
  const sending = new Sending();
  sending.use("camera", /** @type {any} */ (new FakeSender()));
  sending.want([sent([])]);
  sending.clear();
  const sender = new FakeSender();
  sending.use("camera", /** @type {any} */ (sender));
  await new Promise((done) => setTimeout(done, 10));
  assert.deepEqual(sender.active, ["q", "h", "f"]);
});

test("a line that carries speech alone gets no picture, whatever is asked for", async () => {
  const [camera, screen] = [new FakeSender(), new FakeSender([...SCREEN_LAYERS])];
  const sending = new Sending();
  sending.use("camera", /** @type {any} */ (camera));
  sending.use("screen", /** @type {any} */ (screen));
  sending.limit({ pictures: "withheld", voiceBps: 16_000 });
  sending.want([sent(["q", "h"])]);
  await until(() => camera.active.length === 0 && screen.active.length === 0);
  sending.limit({ pictures: "sent", voiceBps: 24_000 });
  await until(() => camera.active.join() === "q,h" && screen.encodings[0].active === true);
});

test("a picture that is tried is tiny, of the smallest layer that is watched, and grows when it stays", async () => {
  const camera = new FakeSender();
  const sending = new Sending();
  sending.use("camera", /** @type {any} */ (camera));
  sending.want([sent(["h", "f"], 600)]);
  sending.limit({ pictures: "tried", voiceBps: 16_000 });
  await until(() => camera.active.join() === "h");
  assert.deepEqual(camera.encodings.map(({ scaleResolutionDownBy }) => scaleResolutionDownBy), [4, 16, 1]);
  sending.limit({ pictures: "sent", voiceBps: 24_000 });
  await until(() => camera.active.join() === "h,f");
  assert.deepEqual(camera.encodings.map(({ scaleResolutionDownBy }) => scaleResolutionDownBy), [4, 2, 1]);
  assert.deepEqual(camera.encodings.map(({ maxBitrate }) => maxBitrate), [120_000, 500_000, 100_000]);
});

test("the voice takes what the line leaves it", async () => {
  const voice = new FakeSender([{}]);
  const sending = new Sending();
  sending.use("microphone", /** @type {any} */ (voice));
  await until(() => voice.encodings[0].maxBitrate === 24_000);
  sending.limit({ pictures: "withheld", voiceBps: 16_000 });
  await until(() => voice.encodings[0].maxBitrate === 16_000);
  assert.equal(voice.encodings[0].active, true);
});

test("whether a picture is watched is the server's word", () => {
  const sending = new Sending();
  sending.use("camera", /** @type {any} */ (new FakeSender()));
  assert.ok(sending.watched("camera"));
  sending.want([sent([])]);
  assert.ok(!sending.watched("camera"));
  assert.ok(!sending.watched("screen"));
});

test("a document keeps its letters: one sharp layer of up to 2.5 Mbit/s and 15 frames", async () => {
  assert.deepEqual(SCREEN_LAYERS, [{ maxBitrate: 2_500_000, maxFramerate: 15 }]);
  const [screen, camera] = [new FakeSender([...SCREEN_LAYERS]), new FakeSender()];
  const sending = new Sending();
  sending.use("screen", /** @type {any} */ (screen));
  sending.use("camera", /** @type {any} */ (camera));
  await until(() => screen.preference !== undefined);
  assert.equal(screen.preference, "maintain-resolution");
  assert.equal(camera.preference, undefined);
});
