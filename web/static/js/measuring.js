// @ts-check
/**
 * How the line and the computer do, measured all the time: quality for the sign beside the clock, what
 * the own line carries, how much this computer decodes.
 *
 * @import { Peer } from "./peer.js"
 * @import { Quality, WantedTile } from "./protocol.js"
 * @import { Signaling } from "./signaling.js"
 * @import { Sample } from "./stats.js"
 * @import { Messages } from "./view/messages.js"
 */

import { FRESH, eased, judged } from "./effort.js";
import { t } from "./page.js";
import { Patience } from "./patience.js";
import { judge, sample, uplink } from "./stats.js";
import * as up from "./uplink.js";

const STATS_MS = 2000;
const UPLINK_MS = 1000;

/**
 * @typedef {object} Measured
 * @property {Peer} peer
 * @property {() => Signaling} signaling
 * @property {Messages} messages
 * @property {() => boolean} hidden nobody looks at this page
 * @property {() => void} onSample
 * @property {() => void} onChange
 */

export class Measuring {
  /** @type {Sample | null} */
  #sample = null;
  /** @type {Quality} */
  #quality = "good";
  #effort = FRESH;
  #patience = new Patience();
  #uplink = up.FRESH;
  #told = false;

  /**
   * @param {Measured} parts
   * @param {AbortSignal} signal
   */
  constructor(parts, signal) {
    this.parts = parts;
    const measure = setInterval(() => void this.#measure(), STATS_MS);
    const upwards = setInterval(() => void this.#upwards(), UPLINK_MS);
    const stop = () => {
      clearInterval(measure);
      clearInterval(upwards);
    };
    signal.addEventListener("abort", stop, { once: true });
  }

  /** A new peer connection: nothing is known of it. */
  reset() {
    this.#sample = null;
    this.#patience.reset();
    this.#uplink = up.FRESH;
    this.#told = false;
  }

  /** Of our line, in both directions. */
  get quality() {
    return this.withheld ? "weak" : this.#quality;
  }

  /** How media travels; empty: the best way. */
  get path() {
    return this.parts.peer.state === "connected" ? (this.#sample?.path ?? "") : "";
  }

  /** Whether the own pictures are not sent, or only tried. */
  get withheld() {
    return this.#uplink.pictures !== "sent";
  }

  /** What this computer can show of a view. @param {{ mainHeight: number, tiles: readonly WantedTile[] }} view */
  eased(view) {
    return eased(this.#effort.relief, view);
  }

  async #measure() {
    const { peer, onSample } = this.parts;
    onSample();
    const pc = peer.connection;
    if (pc === null || peer.state !== "connected") return;
    const now = await sample(pc);
    if (this.#sample !== null) {
      this.#quality = judge(this.#sample, now);
      this.#strain(this.#sample, now);
    }
    for (const [mid, delayMs] of this.#patience.note(now.pictures, now.roundTripMs)) {
      peer.delay(mid, delayMs);
    }
    this.#sample = now;
  }

  async #upwards() {
    const { peer, messages, onChange } = this.parts;
    if (peer.state !== "connected") return;
    const before = this.withheld;
    const { speaks, shows } = peer;
    const second = { ...(await uplink(peer.senders)), speaks, shows };
    this.#uplink = up.noted(this.#uplink, second, performance.now() / 1000);
    const { pictures, redundant } = this.#uplink;
    peer.limit({ pictures, voiceBps: up.voiceBps(this.#uplink), redundant });
    if (this.withheld && !before) messages.note(t("pictureRests"), "info");
    if (this.withheld !== before) onChange();
    this.#tell();
  }

  /** For the technician. */
  #tell() {
    const on = this.withheld;
    const signaling = this.parts.signaling();
    if (!signaling.open || on === this.#told) return;
    this.#told = on;
    signaling.request("withhold", { on }).catch(() => {
      this.#told = !on;
    });
  }

  /**
   * A line that loses packets is another trouble than a slow computer.
   *
   * @param {Sample} before
   * @param {Sample} now
   */
  #strain(before, now) {
    if (this.#quality !== "good" || this.parts.hidden()) return;
    const effort = judged(this.#effort, before, now, performance.now() / 1000);
    if (effort.relief > this.#effort.relief) this.parts.messages.note(t("slowComputer"), "info");
    if (effort.relief !== this.#effort.relief) this.parts.onChange();
    this.#effort = effort;
  }
}
