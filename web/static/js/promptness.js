// @ts-check
/**
 * Whether a TCP connection of this client answers promptly. Where packets get lost on any way, some
 * answers wait for a repetition, a fifth of a second or more; where UDP alone is held back, none do.
 */

const KEPT = 10;
const NEEDED = 5;
/** Linux waits at least 200 ms before it repeats what nothing follows, others longer. */
const LATE_MS = 150;
/** One answer may be late for reasons of its own. */
const LATE_PART = 0.2;

export class Promptness {
  /** @type {number[]} times of questions without an answer yet */
  #waiting = [];
  /** @type {number[]} round trips, ms */
  #trips = [];

  /** Another connection. */
  reset() {
    this.#waiting = [];
    this.#trips = [];
  }

  /** @param {number} now ms */
  asked(now) {
    this.#waiting.push(now);
  }

  /** Answers come in the order of the questions. @param {number} now ms */
  answered(now) {
    const asked = this.#waiting.shift();
    if (asked === undefined) return;
    this.#trips = [...this.#trips, now - asked].slice(-KEPT);
  }

  /** False also while too little is known. */
  get prompt() {
    const late = this.#trips.filter((trip) => trip > Math.min(...this.#trips) + LATE_MS).length;
    return this.#trips.length >= NEEDED && late <= LATE_PART * this.#trips.length;
  }
}
