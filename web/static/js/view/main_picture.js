// @ts-check
/**
 * The main picture and its plate.
 *
 * @import { Feed } from "../feeds.js"
 * @import { Turn } from "../floor.js"
 * @import { Seat } from "../protocol.js"
 * @import { State } from "../state.js"
 */

import { messageOf, pauseOf, seatLook, takesPicture } from "../describe.js";
import { turnClock, turnOf } from "../floor.js";
import { duration, t } from "../page.js";
import { may, onMain } from "../state.js";
import { speakingSince } from "../voices.js";
import { hook, setClass, setIcon, setText, show } from "./dom.js";
import { Picture } from "./picture.js";

export class MainPicture {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.box = hook(root, "main-box");
    this.picture = new Picture(/** @type {HTMLVideoElement} */ (hook(root, "main-video")), true);
    this.message = hook(root, "main-message");
    this.messageText = hook(root, "main-message-text");
    this.plate = hook(root, "main-plate");
    this.name = hook(root, "main-name");
    this.person = hook(root, "main-person");
    this.status = hook(root, "main-status");
    this.word = hook(root, "main-word");
    this.time = hook(root, "main-time");
    this.pencil = hook(root, "name-speaker");
  }

  /**
   * @param {State} state
   * @param {Feed} feed what plays on the main picture
   * @param {number} now
   */
  render(state, feed, now) {
    const main = state.session === null ? null : onMain(state.session, state.seat);
    show(this.plate, main !== null);
    if (main === null) {
      this.picture.clear();
      setText(this.messageText, t("nobodyOnMain"));
      return;
    }
    const { seat, source } = main;
    const look = seatLook(state, seat, now);
    const own = seat.id === state.seat;
    const lit = source === "screen" || (seat.present && seat.camera && (own || takesPicture(state, true)));
    const sent = pauseOf(state, seat.id, source) === null;
    if (!lit || !sent || look.tone === "lost") this.picture.clear();
    else if (!feed.hold) this.picture.show({ ...feed, name: `${seat.id} ${source}` });
    const message = messageOf(state, look.tone, seat, true, source);
    setIcon(this.message, message.icon);
    setText(this.messageText, t(message.text));
    this.#plate(state, seat, source, own, now);
  }

  /**
   * @param {State} state
   * @param {Seat} seat
   * @param {"camera" | "screen"} source
   * @param {boolean} own
   * @param {number} now
   */
  #plate(state, seat, source, own, now) {
    const look = seatLook(state, seat, now);
    const turn = turnOf(state, now);
    const held = turn?.seat.id === seat.id ? turn : null;
    const since = speakingSince(state, seat, now);
    const phase = held === null ? "" : ` main-plate--${held.phase}`;
    setClass(this.plate, `main-plate main-plate--${look.tone || "calm"}${phase}`);
    setText(this.name, own ? t(ownWord(look, held !== null || since !== null)) : seat.name);
    const person = held?.person || (seat.person === seat.name ? "" : seat.person);
    const details = [own ? seat.name : "", person, source === "screen" ? t("sharing") : ""];
    setText(this.person, details.filter((part) => part !== "").join(". "));
    show(this.pencil, held !== null && (own || may(state, "invite-to-speak")));
    if (held === null || look.tone === "lost") this.#heard(look, since === null ? null : now - since);
    else this.#turn(held, look);
  }

  /** @param {import("../describe.js").Look} look @param {number | null} seconds since when it speaks */
  #heard({ icon, word }, seconds) {
    setIcon(this.status, icon);
    setText(this.word, t(word));
    setText(this.time, seconds === null ? "" : duration(seconds));
  }

  /** @param {Turn} turn @param {import("../describe.js").Look} look */
  #turn(turn, look) {
    const { word, seconds } = turnClock(turn);
    const silent = look.icon === "mic-off";
    const told = silent && turn.phase === "open" ? t(look.word) : t(word);
    setIcon(this.status, silent ? look.icon : turn.phase === "open" ? "voice" : "timer");
    setText(this.word, silent && turn.phase === "running" ? `${t(look.word)} · ${told}` : told);
    setText(this.time, duration(seconds));
  }
}

/** @param {import("../describe.js").Look} look @param {boolean} speaks @returns {string} key of the page's texts */
function ownWord({ word }, speaks) {
  if (word === "floorInvited") return "youAreInvited";
  return speaks ? "youSpeak" : "youOnScreen";
}
