// @ts-check
/**
 * What the person asks of the meeting: devices opened first, the request sent, failures told.
 *
 * @import { LocalMedia } from "./media.js"
 * @import { Command, DeskCommand, Source } from "./protocol.js"
 * @import { Signaling } from "./signaling.js"
 * @import { State } from "./state.js"
 * @import { Messages } from "./view/messages.js"
 */

import { mayUnmute } from "./floor.js";
import { leaving, page, t } from "./page.js";
import { RequestRefused } from "./signaling.js";
import { ownSeat, waiting } from "./state.js";

/**
 * @typedef {object} Parts
 * @property {() => State} state
 * @property {() => Signaling} signaling
 * @property {LocalMedia} media
 * @property {Messages} messages
 * @property {(question: { title: string, text: string, yes: string }) => Promise<boolean>} confirm
 * @property {(question: { text: string, words: string }) => Promise<string | null>} askEnd
 * @property {() => void} onChange
 */

export class Requests {
  /** @type {Set<Source>} opened, but the log does not say yet that they are on */
  #turningOn = new Set();
  /** The person switched the microphone off; the log may hear of it later, when the line is back. */
  muting = false;
  /** Requests without an answer yet. */
  open = 0;

  /** @param {Parts} parts */
  constructor(parts) {
    this.parts = parts;
  }

  /** @param {Source} source */
  turningOn(source) {
    return this.#turningOn.has(source);
  }

  /**
   * Carry out a request; what goes wrong is told.
   *
   * @param {string} type
   * @param {Record<string, unknown>} [fields]
   * @returns {Promise<boolean>} whether it was done
   */
  async ask(type, fields) {
    this.open += 1;
    try {
      await this.parts.signaling().request(type, fields);
      return true;
    } catch (error) {
      if (leaving.signal.aborted) return false;
      const refused = error instanceof RequestRefused && error.message !== "";
      this.#tell(refused ? error.message : t("notDone", { hotline: page.hotline }));
      return false;
    } finally {
      this.open -= 1;
    }
  }

  /** What those who lead ask for, or who has the floor. @param {Command | DeskCommand} command */
  command(command) {
    if (command.type === "lower-hand") return this.ask("lower-hand", { seat: command.seat });
    return this.ask("command", { command });
  }

  async toggleMicrophone() {
    const own = ownSeat(this.parts.state());
    if (own === null) return;
    if (own.microphone) return this.mute(!this.muting);
    if (!mayUnmute(this.parts.state())) return this.#floorClosed();
    if (!(await this.parts.media.ensure("microphone"))) return;
    if (!(await this.ask("set-microphone", { on: true }))) return;
    // Whoever takes the floor waits no longer.
    if (own.hand !== null) await this.ask("lower-hand");
  }

  /** Why the microphone stays off, and what to do instead. */
  #floorClosed() {
    const { session, seat } = this.parts.state();
    const waits = session?.queue.includes(seat) ?? false;
    const register = { label: t("askToSpeak"), run: () => void this.ask("raise-hand") };
    this.parts.messages.note(t(waits ? "floorClosedWaiting" : "floorClosed"), "info", waits ? undefined : register);
  }

  /** At once, whatever the line does. */
  mute(on = true) {
    this.muting = on;
    this.parts.onChange();
  }

  async toggleCamera() {
    const own = ownSeat(this.parts.state());
    if (own === null) return;
    const sends = own.camera && this.parts.media.track("camera") !== null;
    if (sends) await this.ask("set-camera", { on: false });
    else await this.#turnOn("camera", () => this.parts.media.ensure("camera"), !own.camera);
  }

  async toggleScreen() {
    const { media, state } = this.parts;
    if (ownSeat(state())?.screen) await this.ask("set-screen", { on: false });
    else await this.#turnOn("screen", () => media.openScreen(), true).catch(() => this.#tell(t("screenFailed")));
  }

  /**
   * Ask less of one's own line, or, pressed again, all of it.
   *
   * @param {"weak" | "audio"} profile
   */
  async toggleProfile(profile) {
    const own = ownSeat(this.parts.state());
    if (own !== null) await this.setLimits({ profile: own.limits.profile === profile ? "normal" : profile });
  }

  /** Change one's own limits; what is not named stays. @param {Partial<import("./protocol.js").LineLimits>} change */
  async setLimits(change) {
    const own = ownSeat(this.parts.state());
    if (own === null) return;
    const { profile, maxDownKbps, maxUpKbps } = { ...own.limits, ...change };
    await this.ask("set-limits", { profile, maxDownKbps, maxUpKbps });
  }

  async toggleRecording() {
    const records = Boolean(this.parts.state().session?.recording);
    await this.ask(records ? "stop-recording" : "start-recording");
  }

  /** Asks once, in numbers, for the closing words. */
  async end() {
    const { session } = this.parts.state();
    if (session === null) return;
    const seats = Object.values(session.seats);
    const parts = [t("endText", { count: seats.filter((seat) => seat.present && seat.onTiles).length })];
    if (session.recording !== null) parts.push(t("endRecording"));
    const count = waiting(session).length;
    if (count > 0) parts.push(t("endWaiting", { count }));
    const words = t(session.rehearsal ? "endWordsRehearsal" : "endWords");
    const text = await this.parts.askEnd({ text: parts.join(" "), words });
    if (text !== null) await this.ask("end-meeting", { text });
  }

  /**
   * Open a source, then say that it is on.
   *
   * @param {"camera" | "screen"} source
   * @param {() => Promise<boolean>} open
   * @param {boolean} say false: the log says already that it is on
   */
  async #turnOn(source, open, say) {
    this.#turningOn.add(source);
    try {
      if (!(await open()) || !say) return;
      if (!(await this.ask(`set-${source}`, { on: true }))) this.parts.media.stop(source);
    } finally {
      this.#turningOn.delete(source);
      this.parts.onChange();
    }
  }

  /** @param {string} text */
  #tell(text) {
    this.parts.messages.note(text, "bad");
  }
}
