// @ts-check
/**
 * What those who lead the meeting ask for, and who has the floor: commands, with a way back for
 * presses that slip.
 *
 * @import { Command } from "./protocol.js"
 * @import { Requests } from "./requests.js"
 * @import { State } from "./state.js"
 * @import { Messages } from "./view/messages.js"
 */

import { nextSpeaker } from "./floor.js";
import { t } from "./page.js";
import { may, ownSeat } from "./state.js";
import { turnMinutes } from "./turn_length.js";
import { undoOf } from "./undo.js";

/** So long a press can be taken back. */
export const UNDO_S = 6;
/** What one press adds to a turn. */
export const EXTENSION_S = 120;

export class Conduct {
  /** @type {(() => void) | null} */
  #undo = null;
  #undoTimer = 0;

  /**
   * @param {() => State} state
   * @param {Requests} requests
   * @param {Messages} messages
   */
  constructor(state, requests, messages) {
    this.state = state;
    this.requests = requests;
    this.messages = messages;
  }

  /** @param {string} seat */
  async invite(seat) {
    const minutes = turnMinutes();
    const seconds = minutes === null ? null : minutes * 60;
    await this.slip({ type: "invite-to-speak", seat, seconds }, "invited", { name: this.#name(seat) });
  }

  /** Whoever is first and there. */
  async next() {
    const next = nextSpeaker(this.state());
    if (next === null) this.messages.note(t("nobodyWaits"), "info");
    else await this.invite(next.id);
  }

  async endTurn() {
    const floor = this.state().session?.floor;
    if (!floor) return;
    if (!may(this.state(), "invite-to-speak")) await this.#endOwn();
    else await this.slip({ type: "end-turn" }, "turnEnded", { name: this.#name(floor.seat) });
  }

  /** Silent at once, whatever the line does; who slipped can only ask again. */
  async #endOwn() {
    this.requests.mute();
    if (!(await this.requests.command({ type: "end-turn" }))) return;
    const again = { label: t("askAgain"), run: () => void this.requests.ask("raise-hand") };
    this.messages.note(t("youEnded"), "ok", again, UNDO_S);
  }

  async extend() {
    await this.requests.command({ type: "extend-turn", seconds: EXTENSION_S });
  }

  /** @param {string} person */
  async nameSpeaker(person) {
    await this.requests.command({ type: "name-speaker", person });
  }

  /** Open the discussion, or close it. */
  async discuss() {
    const open = !(this.state().session?.discussion ?? true);
    if (open) await this.requests.command({ type: "set-discussion", open });
    else await this.slip({ type: "set-discussion", open }, "discussionWasClosed");
  }

  /** Whoever was invited does not speak now. */
  async decline() {
    await this.requests.command({ type: "end-turn" });
  }

  /** The microphone on, for who was invited. */
  async speak() {
    if (ownSeat(this.state())?.microphone === false) await this.requests.toggleMicrophone();
  }

  /**
   * A command that a person may have pressed by mistake: for a while it can be taken back.
   *
   * @param {Command} command
   * @param {string} text key of the page's texts: what was done
   * @param {Record<string, string>} [values]
   */
  async slip(command, text, values = {}) {
    const { session, clockOffset } = this.state();
    if (session === null) return;
    const back = undoOf(session, command, Date.now() / 1000 + clockOffset);
    if (!(await this.requests.command(command))) return;
    if (back.length > 0) this.#offer(t(text, values), back);
  }

  /** The last press that can still be taken back. */
  undo() {
    if (this.#undo === null) this.messages.note(t("nothingToUndo"), "info");
    else this.#undo();
  }

  /** @param {string} text @param {readonly Command[]} back */
  #offer(text, back) {
    const undo = async () => {
      if (this.#undo !== undo) return;
      this.#undo = null;
      for (const command of back) {
        if (!(await this.requests.command(command))) return;
      }
      this.messages.note(t("undone"), "ok");
    };
    this.#undo = undo;
    clearTimeout(this.#undoTimer);
    this.#undoTimer = window.setTimeout(() => (this.#undo = null), UNDO_S * 1000);
    const action = { label: t("undo"), run: () => void undo() };
    this.messages.note(text, "ok", action, UNDO_S);
  }

  /** @param {string} seat */
  #name(seat) {
    return this.state().session?.seats[seat]?.name ?? "";
  }
}
