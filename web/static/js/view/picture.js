// @ts-check
/** A picture that never stands still, or moves, under another seat's name. */

import { leaving } from "../page.js";

/** A kept picture without a new frame this long is hidden. */
const STALE_MS = 700;

/**
 * @typedef {object} Showing
 * @property {MediaStream | null} stream
 * @property {string} name of what the stream shows
 * @property {number} settle ms until the stream surely shows that: a slot that changes hands goes on
 *   with its old picture until the new one's key frame comes
 */

export class Picture {
  /** @type {Showing} */
  #showing = { stream: null, name: "", settle: 0 };
  /** @type {HTMLVideoElement | null} a picture that stands still until the new stream has one */
  #frozen = null;
  #turn = 0;

  /**
   * @param {HTMLVideoElement} video
   * @param {boolean} [cut] a new name on the same stream: go on showing it, and hide only when no
   *   frame comes soon. For the main picture, which cuts from one speaker to the next.
   */
  constructor(video, cut = false) {
    this.video = video;
    this.cut = cut;
  }

  /** @param {Showing} next */
  show(next) {
    const { stream, name } = this.#showing;
    if (next.stream === stream && next.name === name) return this.#keepPlaying();
    this.#showing = next;
    this.#turn += 1;
    if (next.stream === null) return this.clear();
    if (next.name === name && next.stream !== stream) this.#freeze();
    else this.#thaw();
    const kept = this.cut && next.stream === stream;
    if (!kept) this.video.classList.remove("is-live");
    if (this.video.srcObject !== next.stream) this.video.srcObject = next.stream;
    this.#keepPlaying();
    this.#reveal(next.settle, kept);
    return undefined;
  }

  clear() {
    this.#showing = { stream: null, name: "", settle: 0 };
    this.#thaw();
    this.video.classList.remove("is-live");
    this.video.srcObject = null;
  }

  #keepPlaying() {
    if (this.video.srcObject !== null && this.video.paused) void this.video.play().catch(() => {});
  }

  /** Leave the last frame in place, and let another element wait for the new stream's first. */
  #freeze() {
    if (this.#frozen !== null || !this.video.classList.contains("is-live")) return;
    const old = this.video;
    const next = /** @type {HTMLVideoElement} */ (old.cloneNode());
    next.muted = true;
    next.classList.remove("is-live");
    old.pause();
    old.after(next);
    this.#frozen = old;
    this.video = next;
  }

  #thaw() {
    const old = this.#frozen;
    this.#frozen = null;
    if (old === null) return;
    old.srcObject = null;
    old.remove();
  }

  /**
   * @param {number} settle
   * @param {boolean} kept
   */
  #reveal(settle, kept) {
    const turn = this.#turn;
    const { video } = this;
    const still = () => turn === this.#turn;
    const hide = () => still() && kept && video.classList.remove("is-live");
    const stale = setTimeout(hide, STALE_MS);
    const live = () => {
      clearTimeout(stale);
      if (!still()) return;
      video.classList.add("is-live");
      this.#thaw();
    };
    setTimeout(() => still() && onFrame(video, live), kept ? 0 : settle);
  }
}

/**
 * Call once the next frame is painted.
 *
 * @param {HTMLVideoElement} video
 * @param {() => void} then
 */
function onFrame(video, then) {
  if ("requestVideoFrameCallback" in video) {
    video.requestVideoFrameCallback(then);
    return;
  }
  const element = /** @type {HTMLVideoElement} */ (video);
  element.addEventListener("timeupdate", then, { once: true, signal: leaving.signal });
}
