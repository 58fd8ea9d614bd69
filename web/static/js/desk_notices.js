// @ts-check
/**
 * Banners of what waits for an answer on the desk, and the announcement.
 *
 * @import { State } from "./state.js"
 * @import { Messages } from "./view/messages.js"
 */

import { asked } from "./ballots.js";
import { t } from "./page.js";
import { ownSeat } from "./state.js";

export class DeskNotices {
  /**
   * @param {Messages} messages
   * @param {(tab: "votes" | "roll") => void} open
   */
  constructor(messages, open) {
    this.messages = messages;
    this.open = open;
  }

  /** @param {State} state */
  render(state) {
    const { session } = state;
    if (session === null) return;
    const vote = asked(session, state.seat);
    this.#ask("vote", vote === null ? null : t("voteAsk", { question: vote.question }), "ballot", t("voteAskDo"), "votes");
    const seat = ownSeat(state);
    const called = session.roll !== null && session.roll.ended === null && seat?.role === "site" && session.roll.answers[seat.id] === undefined;
    this.#ask("roll", called ? t("rollAsk") : null, "check-circle", t("rollAskDo"), "roll");
    const said = session.announcement;
    this.messages.banner("announcement", said === "" ? null : { text: t("announcementBy", { text: said }), icon: "flag", tone: "info" });
  }

  /** @param {string} key @param {string | null} text @param {string} icon @param {string} label @param {"votes" | "roll"} tab */
  #ask(key, text, icon, label, tab) {
    if (text === null) return this.messages.banner(key, null);
    return this.messages.banner(key, { text, icon, tone: "floor", action: { label, run: () => this.open(tab) } });
  }
}
