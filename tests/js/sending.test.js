// @ts-check
import assert from "node:assert/strict";
import test from "node:test";

import { Sending, switched } from "../../web/static/js/sending.js";

const CAMERA = () => ["q", "h", "f"].map((rid) => ({ rid, active: true, maxBitrate: 1 }));

/** @param {() => boolean} condition */
async function until(condition) {
  while (!condition()) await new Promise((done) => setTimeout(done, 1));
}

test("only watched layers stay on", () => {
  const { encodings, changed } = switched(CAMERA(), ["q"]);
  assert.deepEqual(encodings.map(({ active }) => active), [true, false, false]);
  assert.equal(encodings[0].maxBitrate, 1);
  assert.ok(changed);
});

test("without a word everything is sent", () => {
  assert.equal(switched(CAMERA(), null).changed, false);
  const off = CAMERA().map((encoding) => ({ ...encoding, active: false }));
  assert.ok(switched(off, null).encodings.every(({ active }) => active));
});

test("one layer without a name is named by an empty rid", () => {
  assert.equal(switched([{}], [""]).changed, false);
  assert.deepEqual(switched([{}], []).encodings, [{ active: false }]);
});

/** A sender whose parameters must be read anew before each change, as browsers demand. */
class FakeSender {
  transaction = 0;
  encodings = CAMERA();
  calls = 0;

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
    sending.want([{ source: "camera", rids }]);
  }
  await until(() => sender.active.join() === "f");
  assert.ok(sender.calls <= 2);
  sending.want([]);
  await until(() => sender.active.join() === "q,h,f");
});

test("a new connection starts with everything", async () => {
  const sending = new Sending();
  sending.use("camera", /** @type {any} */ (new FakeSender()));
  sending.want([{ source: "camera", rids: [] }]);
  sending.clear();
  const sender = new FakeSender();
  sending.use("camera", /** @type {any} */ (sender));
  await new Promise((done) => setTimeout(done, 10));
  assert.deepEqual(sender.active, ["q", "h", "f"]);
});
