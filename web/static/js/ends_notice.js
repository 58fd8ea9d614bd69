// @ts-check
/**
 * Who leads is told when the planned end comes near, and when it is over: nothing ends by itself.
 *
 * @import { State } from "./state.js"
 * @import { Messages } from "./view/messages.js"
 */

import { t } from "./page.js";
import { may } from "./state.js";
import { wallClock } from "./times.js";

const SOON_S = 300;

export class EndsNotice {
  #told = "";

  /** @param {Messages} messages @param {() => void} extend */
  constructor(messages, extend) {
    this.messages = messages;
    this.extend = extend;
  }

  /** @param {State} state @param {number} now local epoch seconds */
  render(state, now) {
    const ends = state.session?.ends ?? null;
    const left = ends === null ? Infinity : ends - now - state.clockOffset;
    const due = left <= SOON_S && may(state, "extend-meeting");
    const key = due ? `${ends} ${left <= 0}` : "";
    if (key === this.#told) return; // also when it was closed
    this.#told = key;
    if (!due || ends === null) return this.messages.banner("ends", null);
    const text = t(left > 0 ? "endsSoon" : "endsPast", { time: wallClock(ends) });
    const action = { label: t("extend15"), run: this.extend };
    this.messages.banner("ends", { text, icon: "clock", tone: "info", action, closable: true });
  }
}
