// @ts-check
/**
 * What happens in the meeting, told to the person: shown where it concerns this seat, else only read
 * aloud.
 *
 * @import { Announcement } from "./announce.js"
 * @import { Entry } from "./protocol.js"
 * @import { State } from "./state.js"
 * @import { Notices } from "./notices.js"
 * @import { Messages } from "./view/messages.js"
 */

import { announce, turnSign } from "./announce.js";
import { recordingCue } from "./audio.js";
import { pausedLine } from "./describe.js";
import { turnOf } from "./floor.js";
import { t } from "./page.js";

export class Teller {
  /** Entry that ended a turn: the microphone that goes off with it needs no words of its own. */
  #turnEnded = 0;
  /** The turn and its phase that were told last. */
  #sign = "";

  /**
   * @param {Messages} messages
   * @param {Notices} notices
   */
  constructor(messages, notices) {
    this.messages = messages;
    this.notices = notices;
  }

  /** @param {State} before without the entry @param {Entry} entry */
  entry(before, entry) {
    const { session, seat } = before;
    // Entries already known, and those after a gap, are not told.
    if (session === null || entry.seq !== session.seq + 1) return;
    const { event } = entry;
    if (event.type === "floor-ended") this.#turnEnded = entry.seq;
    if (event.type === "microphone-set" && entry.seq === this.#turnEnded + 1) return;
    const said = announce(session, entry, seat);
    if (said === null) return;
    if (said.cue) recordingCue(event.type === "recording-started");
    if (event.type === "recording-started") this.notices.recording();
    else this.#tell(said);
  }

  /** The last minute of a turn, and its end. @param {State} state @param {number} now */
  turn(state, now) {
    const turn = turnOf(state, now);
    const sign = turn === null ? "" : `${turn.seat.id} ${turn.since} ${turn.phase}`;
    if (sign === this.#sign) return;
    const fresh = turn !== null && this.#sign.startsWith(`${turn.seat.id} ${turn.since} `);
    this.#sign = sign;
    // Whoever comes in reads it from the plate.
    const said = turn === null || !fresh ? null : turnSign(turn, state);
    if (said !== null) this.#tell(said);
  }

  /** For who does not see the pictures. @param {State} state */
  paused(state) {
    const told = pausedLine(state);
    if (told !== null) this.messages.say(t(told.text, told.values));
  }

  /** @param {Announcement} said */
  #tell(said) {
    const text = t(said.text, said.values);
    if (said.shown) this.messages.note(text, said.tone);
    else this.messages.say(text);
  }
}
