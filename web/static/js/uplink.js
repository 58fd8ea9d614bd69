// @ts-check
/**
 * A way up that does not even carry a voice and the smallest picture sends the voice alone, and tries
 * the picture again after a while. Pure.
 *
 * @import { Sample } from "./stats.js"
 */

import { upLoss } from "./stats.js";

/** What the browser takes the way for. A voice and the smallest picture need this much. */
const NARROW_KBPS = 100;
/** The estimate alone may be low because little is sent, or just after the beginning. */
const LOSING = 0.05;
/** Measurements in a row. */
const PATIENCE = 3;
const FIRST_REST_S = 60;
const MAX_REST_S = 960;

/**
 * @typedef {object} Uplink
 * @property {boolean} resting the camera is not sent
 * @property {number} narrow measurements in a row that were
 * @property {number} since when the rest last began or ended, seconds
 * @property {number} restS
 */

/** @type {Uplink} */
export const WIDE = Object.freeze({ resting: false, narrow: 0, since: -Infinity, restS: FIRST_REST_S });

/**
 * @param {Uplink} uplink
 * @param {Sample} before
 * @param {Sample} sample a few seconds later
 * @param {number} now seconds
 * @returns {Uplink}
 */
export function measured(uplink, before, sample, now) {
  if (uplink.resting) {
    const over = now - uplink.since > uplink.restS;
    return over ? { ...uplink, resting: false, narrow: 0, since: now } : uplink;
  }
  const losing = sample.upKbps < NARROW_KBPS && upLoss(before, sample) > LOSING;
  const narrow = losing ? uplink.narrow + 1 : 0;
  if (narrow < PATIENCE) return { ...uplink, narrow };
  const again = now - uplink.since < FIRST_REST_S;
  const restS = again ? Math.min(MAX_REST_S, uplink.restS * 2) : FIRST_REST_S;
  return { resting: true, narrow: 0, since: now, restS };
}
