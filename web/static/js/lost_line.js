// @ts-check
/**
 * A lost line: told at once beside the clock, after a moment by a row, and over the whole stage when
 * pictures and sound stop too.
 *
 * @import { Notices } from "./notices.js"
 * @import { RoomView } from "./view/room_view.js"
 */

const OVERLAY_MS = 1500;

export class LostLine {
  #timer = 0;
  /** It knocks, and is not let in yet. */
  knocks = false;

  /**
   * @param {RoomView} view
   * @param {Notices} notices
   * @param {() => { media: boolean, entered: boolean }} now whether media still comes; whether the
   *   person has been inside
   */
  constructor(view, notices, now) {
    this.view = view;
    this.notices = notices;
    this.now = now;
  }

  soon() {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#show(), OVERLAY_MS);
  }

  over() {
    clearTimeout(this.#timer);
    this.notices.line(false);
    this.view.overlay(null);
  }

  #show() {
    const { media, entered } = this.now();
    this.notices.line(media);
    this.view.overlay(media ? null : entered ? "lineLostTitle" : this.knocks ? "waitsAtDoor" : "entering");
    this.soon();
  }
}
