// @ts-check
/**
 * What this browser can send: its microphone, camera and screen tracks.
 *
 * @import { Source } from "./protocol.js"
 * @import { Cause } from "./devices.js"
 */

import * as devices from "./devices.js";

/**
 * @typedef {object} MediaHooks
 * @property {() => void} onChange a track came or went
 * @property {(kind: "microphone" | "camera", cause: Cause | null) => void} onProblem null: solved
 */

export class LocalMedia {
  /** @type {Record<Source, MediaStreamTrack | null>} */
  #tracks = { microphone: null, camera: null, screen: null };
  /** @type {Record<Source, MediaStream | null>} */
  #streams = { microphone: null, camera: null, screen: null };
  /** @type {Partial<Record<Source, Promise<boolean>>>} */
  #opening = {};
  #closed = false;

  /**
   * @param {MediaHooks} hooks
   * @param {AbortSignal} signal
   */
  constructor(hooks, signal) {
    this.hooks = hooks;
    const stop = () => {
      this.#closed = true;
      for (const source of /** @type {Source[]} */ (Object.keys(this.#tracks))) this.stop(source);
    };
    signal.addEventListener("abort", stop, { once: true });
  }

  /** @param {Source} source */
  track(source) {
    return this.#tracks[source];
  }

  /** One's own picture, for the own tile. @param {Source} source */
  stream(source) {
    return this.#streams[source];
  }

  /** @param {Source} source @returns {boolean} whether it is being opened now */
  opening(source) {
    return source in this.#opening;
  }

  /**
   * Open what is wanted, with one question to the person.
   *
   * @param {{ microphone: boolean, camera: boolean }} wanted
   */
  async start(wanted) {
    const opening = devices.openBoth(wanted).then((opened) => {
      for (const kind of /** @type {const} */ (["microphone", "camera"])) {
        delete this.#opening[kind];
        if (!wanted[kind]) continue;
        if (opened[kind] !== null) this.#take(kind, opened[kind]);
        this.hooks.onProblem(kind, opened.problems[kind] ?? null);
      }
      this.hooks.onChange();
      return true;
    });
    if (wanted.microphone) this.#opening.microphone = opening;
    if (wanted.camera) this.#opening.camera = opening;
    await opening;
  }

  /**
   * Make sure a device is open.
   *
   * @param {"microphone" | "camera"} kind
   * @returns {Promise<boolean>} whether it is
   */
  async ensure(kind) {
    await this.#opening[kind];
    if (this.#tracks[kind] !== null) return true;
    const opening = this.#open(kind);
    this.#opening[kind] = opening;
    const opened = await opening;
    delete this.#opening[kind];
    this.hooks.onChange();
    return opened;
  }

  /** Use another device from now on. @param {"microphone" | "camera"} kind */
  async change(kind) {
    if (this.#tracks[kind] === null) return;
    this.stop(kind);
    await this.ensure(kind);
  }

  /**
   * @returns {Promise<boolean>} false: the person changed their mind
   * @throws {devices.DeviceError}
   */
  async openScreen() {
    const screen = await devices.openScreen();
    if (screen === null) return false;
    this.#take("screen", screen);
    this.hooks.onChange();
    return true;
  }

  /** @param {Source} source */
  stop(source) {
    const track = this.#tracks[source];
    this.#tracks[source] = null;
    this.#streams[source] = null;
    if (track === null) return;
    track.onended = null;
    track.stop();
  }

  /** @param {"microphone" | "camera"} kind */
  async #open(kind) {
    try {
      this.#take(kind, await devices.open(kind));
      this.hooks.onProblem(kind, null);
      return true;
    } catch (error) {
      this.hooks.onProblem(kind, error instanceof devices.DeviceError ? error.why : "failed");
      return false;
    }
  }

  /**
   * @param {Source} source
   * @param {MediaStreamTrack} track
   */
  #take(source, track) {
    if (this.#closed) return track.stop();
    this.stop(source);
    this.#tracks[source] = track;
    this.#streams[source] = new MediaStream([track]);
    track.onended = () => this.#ended(source, track);
    return undefined;
  }

  /** Unplugged, or sharing stopped from the browser's own bar. @param {Source} source @param {MediaStreamTrack} track */
  #ended(source, track) {
    if (this.#tracks[source] !== track) return;
    this.stop(source);
    if (source !== "screen") this.hooks.onProblem(source, "missing");
    this.hooks.onChange();
  }
}
