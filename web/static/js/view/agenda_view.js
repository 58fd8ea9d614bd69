// @ts-check
/**
 * The agenda: one line in the top bar for everybody, the whole of it in a dialog; who leads goes to
 * an item with one press.
 *
 * @import { Row } from "../agenda.js"
 * @import { State } from "../state.js"
 */

import { agendaRows, agendaStrip, behind } from "../agenda.js";
import { duration, page, t } from "../page.js";
import { may } from "../state.js";
import { wallClock } from "../times.js";
import { arrange, clone, hook, setAttribute, setClass, setIcon, setText, show } from "./dom.js";

/**
 * @typedef {object} AgendaActions
 * @property {(item: number | null) => void} goToItem
 */

export class AgendaView {
  /** @type {Map<number, HTMLElement>} */
  #rows = new Map();

  /**
   * @param {HTMLElement} root
   * @param {AgendaActions} actions
   * @param {AbortSignal} signal
   */
  constructor(root, actions, signal) {
    this.actions = actions;
    this.signal = signal;
    this.chip = hook(root, "agenda-chip");
    this.now = hook(root, "agenda-now");
    this.more = hook(root, "agenda-more");
    this.line = hook(root, "now-item");
    this.lineWord = hook(root, "now-item-word");
    this.dialog = /** @type {HTMLDialogElement} */ (hook(root, "agenda"));
    this.list = hook(this.dialog, "agenda-list");
    this.late = hook(this.dialog, "agenda-late");
    this.chip.addEventListener("click", () => this.toggle(), { signal });
    hook(this.dialog, "agenda-close").addEventListener("click", () => this.dialog.close(), { signal });
  }

  toggle() {
    if (this.dialog.open) this.dialog.close();
    else this.dialog.showModal();
  }

  /** @param {State} state @param {number} now local epoch seconds */
  render(state, now) {
    const { session } = state;
    const some = session !== null && session.agenda.length > 0;
    show(this.chip, some);
    show(this.line, some && session.item !== null);
    if (!some) return;
    this.#strip(session, now + state.clockOffset);
    if (this.dialog.open) this.#list(state, now + state.clockOffset);
  }

  /** @param {import("../protocol.js").Session} session @param {number} now */
  #strip(session, now) {
    const strip = agendaStrip(session, now);
    const over = strip !== null && strip.left !== null && strip.left < 0;
    this.chip.classList.toggle("room-chip--late", over);
    if (strip === null) {
      setText(this.now, t("agenda"));
      setText(this.more, t("agendaNext", { title: session.agenda[0].title }));
      return;
    }
    const { place, total, item, next } = strip;
    const told = t("agendaNow", { place, total, time: timeOf(strip), title: item.title });
    setText(this.now, told);
    setAttribute(this.chip, "title", told);
    setText(this.more, next === null ? "" : t("agendaNext", { title: next.title }));
    setText(this.lineWord, item.title);
  }

  /** @param {State} state @param {number} now */
  #list(state, now) {
    if (state.session === null) return;
    const rows = agendaRows(state.session, page.meeting.start, now);
    const late = behind(rows, now);
    const minutes = late === null ? 0 : Math.round(late / 60);
    setText(this.late, minutes > 0 ? t("behindPlan", { count: minutes }) : minutes < 0 ? t("aheadOfPlan", { count: -minutes }) : "");
    setClass(this.late, minutes > 0 ? "agenda2__late" : "muted");
    const leads = may(state, "go-to-item");
    for (const id of this.#rows.keys()) {
      if (!rows.some(({ item }) => item.id === id)) this.#rows.delete(id);
    }
    arrange(this.list, rows.map((row) => this.#row(row.item.id)));
    for (const row of rows) this.#fill(row, leads);
  }

  /** @param {number} id */
  #row(id) {
    const known = this.#rows.get(id);
    if (known !== undefined) return known;
    const row = clone("agenda-item");
    const go = () => this.actions.goToItem(row.dataset.now === "true" ? null : id);
    hook(row, "go").addEventListener("click", go, { signal: this.signal });
    this.#rows.set(id, row);
    return row;
  }

  /** @param {Row} row @param {boolean} leads */
  #fill({ item, planned, spent, state }, leads) {
    const row = this.#row(item.id);
    const here = state === "now";
    setClass(row, `agenda2 agenda2--${state}`);
    row.dataset.now = String(here);
    if (here) setAttribute(row, "aria-current", "step");
    else row.removeAttribute("aria-current");
    setText(hook(row, "planned"), planned === null ? "" : wallClock(planned));
    setText(hook(row, "title"), item.title);
    setText(hook(row, "presenter"), item.presenter);
    setText(hook(row, "time"), spentWord(item.minutes, spent, state));
    show(hook(row, "mark"), state === "done");
    const go = hook(row, "go");
    show(go, leads);
    setIcon(go, here ? "x" : "arrow");
    setText(hook(go, "label"), t(here ? "leaveItem" : "goToItem"));
    setAttribute(go, "aria-label", t(here ? "leaveItemOf" : "goToItemOf", { title: item.title }));
  }
}

/** @param {import("../agenda.js").Strip} strip */
function timeOf({ spent, left }) {
  if (left === null) return t("itemTakes", { time: duration(spent) });
  const minutes = Math.max(1, Math.round(Math.abs(left) / 60));
  return t(left < 0 ? "itemOver" : "itemLeft", { count: minutes });
}

/** @param {number | null} minutes @param {number} spent @param {Row["state"]} state */
function spentWord(minutes, spent, state) {
  const planned = minutes === null ? "" : t("plannedMinutes", { count: minutes });
  const real = state === "coming" || spent < 1 ? "" : t("spentTime", { time: duration(spent) });
  return [planned, real].filter((part) => part !== "").join(" · ");
}
