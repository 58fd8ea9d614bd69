// @ts-check
/**
 * Which stream plays where: slots of the connection, or one's own camera.
 *
 * @import { LocalMedia } from "./media.js"
 * @import { Peer } from "./peer.js"
 * @import { Slot } from "./protocol.js"
 * @import { State } from "./state.js"
 */

import { onMain } from "./state.js";

/** How long the key frame of a new picture in a slot usually takes, amply. */
const SETTLE_MS = 300;

/**
 * @typedef {object} Feed
 * @property {MediaStream | null} stream
 * @property {number} settle ms until the stream surely shows what it is named for: a slot that
 *   changes hands goes on with its old picture until the new one's key frame comes
 * @property {boolean} hold the connection is being rebuilt: leave the last picture
 */

/** @type {Feed} */
const NOTHING = { stream: null, settle: 0, hold: false };

export class Feeds {
  /** @type {Map<string, number>} slot -> `performance.now()` from which its picture is its seat's */
  #settled = new Map();

  /**
   * @param {Peer} peer
   * @param {LocalMedia} media
   */
  constructor(peer, media) {
    this.peer = peer;
    this.media = media;
  }

  /**
   * Note which slots change hands with a new slot table.
   *
   * @param {readonly Slot[]} before
   * @param {readonly Slot[]} after
   */
  change(before, after) {
    for (const { mid, seat, source } of after) {
      const old = before.find((slot) => slot.mid === mid);
      if (!old?.seat || (old.seat === seat && old.source === source)) continue;
      this.#settled.set(mid, performance.now() + SETTLE_MS);
    }
  }

  /** @param {State} state @returns {Feed} */
  main({ session, seat }) {
    const main = session === null ? null : onMain(session, seat);
    if (main === null) return NOTHING;
    if (main.seat.id === seat) return { ...NOTHING, stream: this.media.stream(main.source) };
    // Until the slot table follows the log the main slot goes on as it was: a cut, not a flash.
    return this.#slot(this.peer.videoMids[0]);
  }

  /** @param {State} state @param {string} seat @returns {Feed} */
  tile(state, seat) {
    if (seat === state.seat) return { ...NOTHING, stream: this.media.stream("camera") };
    const fits = state.slots.filter((slot) => slot.seat === seat && slot.source === "camera");
    const [first] = this.peer.videoMids;
    // The server never sends one picture twice: who is on the main picture has no other slot.
    const slot = fits.find(({ mid }) => mid !== first) ?? fits[0];
    return this.#slot(slot?.mid);
  }

  /** @param {string | undefined} mid @returns {Feed} */
  #slot(mid) {
    if (mid === undefined) return NOTHING;
    const settle = Math.max(0, (this.#settled.get(mid) ?? 0) - performance.now());
    const stream = this.peer.stream(mid);
    return { stream, settle, hold: stream === null };
  }
}
