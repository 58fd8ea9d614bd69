// @ts-check
/**
 * Pictures that lose packets are shown a little later, so that what is repaired still counts. Without
 * it a browser leaves out every frame whose repair is not there when the next frame could be shown:
 * at 10 % of loss a quarter of them. Pure.
 *
 * @typedef {object} Counts of one picture slot, since the connection began
 * @property {number} packets received
 * @property {number} asked requests for missing ones
 *
 * @typedef {object} Slot
 * @property {Counts} counts
 * @property {number} loss smoothed: requests for each packet
 * @property {number} delayMs 0: as the browser likes
 */

const PATIENT_FROM = 0.03;
const PATIENT_STAYS = 0.005;
const WEIGHT = 0.3;
const FEW_PACKETS = 10;
/** Noticed with the next frame, asked for, sent, and once more for what was lost again. */
const BASE_MS = 150;
const ROUND_TRIPS = 3;
const LEAST_MS = 250;
const MOST_MS = 500;
/** A change smaller than this is not worth it. */
const STEP_MS = 100;

export class Patience {
  /** @type {Map<string, Slot>} */
  #slots = new Map();

  /** A new connection. */
  reset() {
    this.#slots.clear();
  }

  /**
   * Two seconds more.
   *
   * @param {Readonly<Record<string, Counts>>} pictures by mid
   * @param {number} roundTripMs
   * @returns {[string, number][]} mids, and how late to show them from now on; only what changed
   */
  note(pictures, roundTripMs) {
    const patient = Math.min(MOST_MS, Math.max(LEAST_MS, BASE_MS + ROUND_TRIPS * roundTripMs));
    /** @type {[string, number][]} */
    const changes = [];
    for (const [mid, counts] of Object.entries(pictures)) {
      const slot = this.#slots.get(mid) ?? { counts, loss: 0, delayMs: 0 };
      const loss = smoothed(slot, counts);
      const wanted = loss >= (slot.delayMs > 0 ? PATIENT_STAYS : PATIENT_FROM) ? patient : 0;
      const changed = (wanted > 0) !== slot.delayMs > 0 || Math.abs(wanted - slot.delayMs) >= STEP_MS;
      const delayMs = changed ? wanted : slot.delayMs;
      if (changed) changes.push([mid, delayMs]);
      this.#slots.set(mid, { counts, loss, delayMs });
    }
    return changes;
  }
}

/**
 * @param {Slot} slot
 * @param {Counts} counts
 */
function smoothed({ counts: before, loss }, counts) {
  const packets = counts.packets - before.packets;
  if (packets < FEW_PACKETS) return loss;
  return loss + WEIGHT * ((counts.asked - before.asked) / packets - loss);
}
