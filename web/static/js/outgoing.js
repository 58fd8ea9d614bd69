// @ts-check
/**
 * What this browser sends follows the server's state, and only that; devices are opened and closed
 * accordingly.
 *
 * @import { LocalMedia } from "./media.js"
 * @import { Peer } from "./peer.js"
 * @import { Requests } from "./requests.js"
 * @import { Signaling } from "./signaling.js"
 * @import { State } from "./state.js"
 */

import { may, ownSeat } from "./state.js";

export class Outgoing {
  /** @type {Set<string>} */
  #asking = new Set();
  #trying = false;

  /**
   * @param {LocalMedia} media
   * @param {Peer} peer
   * @param {Requests} requests
   * @param {() => Signaling} signaling
   */
  constructor(media, peer, requests, signaling) {
    this.media = media;
    this.peer = peer;
    this.requests = requests;
    this.signaling = signaling;
  }

  /** @param {State} state */
  follow(state) {
    const own = ownSeat(state);
    if (own === null) return;
    const { media, peer, requests } = this;
    const camera = own.camera && may(state, "set-camera");
    if (!camera && !requests.turningOn("camera")) media.stop("camera");
    if (!own.screen && !requests.turningOn("screen")) media.stop("screen");
    if (!own.microphone) requests.muting = false;
    const speaks = own.microphone && !requests.muting;
    peer.setTrack("microphone", speaks ? media.track("microphone") : null);
    peer.setTrack("camera", camera ? media.track("camera") : null);
    peer.setTrack("screen", own.screen ? media.track("screen") : null);
    if (!this.signaling().open) return;
    if (own.microphone) this.#microphone();
    if (own.screen && media.track("screen") === null) this.#off("screen");
  }

  #microphone() {
    const { media, requests } = this;
    if (requests.muting) this.#off("microphone");
    else if (media.track("microphone") === null && !media.opening("microphone")) void this.#open();
  }

  /** The chair switched it on: it must really be heard. A device that fails is told by `media`. */
  async #open() {
    if (this.#trying) return;
    this.#trying = true;
    const opened = await this.media.ensure("microphone");
    this.#trying = false;
    if (!opened) this.#off("microphone");
  }

  /** The server thinks we send what we cannot: say that it is off. @param {"microphone" | "screen"} source */
  #off(source) {
    if (this.#asking.has(source)) return;
    this.#asking.add(source);
    void this.signaling()
      .request(`set-${source}`, { on: false })
      .catch(() => {})
      .finally(() => this.#asking.delete(source));
  }
}
