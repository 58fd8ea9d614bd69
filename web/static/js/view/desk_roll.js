// @ts-check
/**
 * The roll call: a site answers for itself, those who lead confirm, call and count.
 *
 * @import { RollAnswer, Seat, Session } from "../protocol.js"
 * @import { State } from "../state.js"
 * @import { DeskParts } from "./desk.js"
 */

import { t } from "../page.js";
import { inOrder, may, ownSeat } from "../state.js";
import { arrange, clone, hook, label, setClass, setText, show } from "./dom.js";

/** @type {Record<RollAnswer["state"], string>} */
const WORDS = { present: "rollPresent", late: "rollLate", absent: "rollAbsent" };

export class DeskRoll {
  /** @type {Map<string, HTMLElement>} */
  #rows = new Map();
  #filled = false;

  /** @param {HTMLElement} root @param {DeskParts} parts @param {AbortSignal} signal */
  constructor(root, parts, signal) {
    this.parts = parts;
    this.signal = signal;
    this.sum = hook(root, "roll-sum");
    this.lead = hook(root, "roll-lead");
    this.toggle = hook(root, "roll-toggle");
    this.own = hook(root, "roll-own");
    this.ownWord = hook(root, "roll-own-word");
    this.person = /** @type {HTMLInputElement} */ (hook(root, "roll-person"));
    this.heads = /** @type {HTMLInputElement} */ (hook(root, "roll-heads"));
    this.list = hook(root, "roll-rows");
    this.toggle.addEventListener("click", () => {
      void parts.command({ type: this.toggle.dataset.runs === "true" ? "end-roll-call" : "start-roll-call" });
    }, { signal });
    this.own.addEventListener("submit", (event) => {
      event.preventDefault();
      const headCount = this.heads.valueAsNumber || 0;
      void parts.command({ type: "answer-roll-call", state: "present", headCount, person: this.person.value });
    }, { signal });
  }

  /** @param {State} state @param {Session} session */
  render(state, session) {
    const { roll } = session;
    const runs = roll !== null && roll.ended === null;
    const leads = may(state, "start-roll-call");
    const sites = inOrder(session).filter((seat) => seat.onTiles);
    setText(this.sum, this.#sum(session, sites));
    show(this.lead, leads);
    this.toggle.dataset.runs = String(runs);
    setText(hook(this.toggle, "label"), t(runs ? "rollEnd" : "rollStart"));
    this.#own(state, session, runs && !leads);
    arrange(this.list, roll === null ? [] : sites.map((seat) => this.#row(seat, roll.answers[seat.id], leads && runs, roll.calling)));
  }

  /** @param {Session} session @param {readonly Seat[]} sites */
  #sum({ roll }, sites) {
    if (roll === null) return t("rollNone");
    const answers = sites.flatMap((seat) => roll.answers[seat.id] ?? []);
    const present = answers.filter((answer) => answer.state !== "absent").length;
    const heads = answers.reduce((sum, answer) => sum + answer.headCount, 0);
    return t("rollSum", { present, total: sites.length, heads, missing: sites.length - answers.length });
  }

  /** @param {State} state @param {Session} session @param {boolean} asked */
  #own(state, session, asked) {
    const seat = ownSeat(state);
    const answer = session.roll?.answers[state.seat];
    show(this.own, asked && seat !== null && seat.onTiles && !answer?.confirmed);
    setText(this.ownWord, answer === undefined ? "" : t(answer.confirmed ? "rollOwnConfirmed" : "rollOwnDone"));
    if (this.#filled || seat === null || !asked) return;
    this.#filled = true;
    this.person.value = answer?.person ?? seat.person;
    if (answer !== undefined) this.heads.value = String(answer.headCount);
  }

  /** @param {Seat} seat @param {RollAnswer | undefined} answer @param {boolean} leads @param {string | null} calling */
  #row(seat, answer, leads, calling) {
    const row = this.#rows.get(seat.id) ?? this.#new(seat);
    setText(hook(row, "name"), seat.name);
    setText(hook(row, "word"), word(answer));
    setText(hook(row, "person"), [answer?.person, answer?.reason].filter(Boolean).join("; "));
    setClass(row, `seat roll roll--${answer === undefined ? "open" : answer.state}${calling === seat.id ? " roll--called" : ""}`);
    const phone = /** @type {HTMLAnchorElement} */ (hook(row, "phone"));
    show(phone, leads && answer === undefined && seat.phone !== "");
    setText(phone, seat.phone);
    phone.href = `tel:${seat.phone.replace(/[^\d+]/g, "")}`;
    show(hook(row, "do"), leads);
    const heads = /** @type {HTMLInputElement} */ (hook(row, "heads"));
    if (document.activeElement !== heads && answer !== undefined) heads.value = String(answer.headCount);
    return row;
  }

  /** @param {Seat} seat */
  #new(seat) {
    const row = clone("roll-row");
    const { signal } = this;
    const { id, name } = seat;
    const heads = /** @type {HTMLInputElement} */ (hook(row, "heads"));
    heads.setAttribute("aria-label", t("headsOf", { name }));
    const said = /** @type {HTMLInputElement} */ (hook(row, "said"));
    said.setAttribute("aria-label", t("saidOf", { name }));
    label(hook(row, "here"), t("presentOf", { name }));
    label(hook(row, "absent"), t("absentOf", { name }));
    label(hook(row, "call"), t("callOf", { name }));
    const person = () => said.value.trim() || (this.parts.state().session?.roll?.answers[id]?.person ?? "");
    hook(row, "here").addEventListener("click", () => {
      const headCount = heads.valueAsNumber || 0;
      void this.parts.command({ type: "answer-roll-call", seat: id, state: "present", headCount, person: person() });
    }, { signal });
    hook(row, "absent").addEventListener("click", () => {
      void this.parts.command({ type: "answer-roll-call", seat: id, state: "absent", reason: said.value.trim() });
    }, { signal });
    hook(row, "call").addEventListener("click", () => void this.parts.command({ type: "call-site", seat: id }), { signal });
    this.#rows.set(id, row);
    return row;
  }
}

/** @param {RollAnswer | undefined} answer */
function word(answer) {
  if (answer === undefined) return t("rollWaiting");
  const said = t(WORDS[answer.state], { count: answer.headCount });
  return answer.confirmed ? said : t("rollUnconfirmed", { word: said });
}
