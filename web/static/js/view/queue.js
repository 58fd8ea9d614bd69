// @ts-check
/**
 * Who waits to speak, in order. Who leads invites, moves (by dragging the number, or with the
 * buttons), removes and adds.
 *
 * @import { Waiting } from "../floor.js"
 * @import { State } from "../state.js"
 */

import { seatLook } from "../describe.js";
import { speakers, spokenInAll } from "../floor.js";
import { duration, t } from "../page.js";
import { may } from "../state.js";
import { arrange, clone, forget, hook, label, setAttribute, setClass, setText, show } from "./dom.js";
import { draggable } from "./drag.js";

/**
 * @typedef {object} QueueActions
 * @property {(seat: string) => void} invite
 * @property {(seat: string) => void} lowerHand
 * @property {(seat: string, before: string | null) => void} moveInQueue
 * @property {() => void} addToQueue
 */

export class Queue {
  /** @type {Map<string, HTMLElement>} */
  #rows = new Map();
  /** @type {readonly string[]} */
  #order = [];

  /**
   * @param {HTMLElement} root
   * @param {QueueActions} actions
   * @param {AbortSignal} signal
   */
  constructor(root, actions, signal) {
    this.actions = actions;
    this.signal = signal;
    this.box = hook(root, "panel-queue-box");
    this.count = hook(root, "panel-queue-count");
    this.list = hook(root, "panel-queue");
    this.foot = hook(root, "panel-queue-foot");
    this.spoken = hook(root, "panel-spoken");
    hook(root, "panel-add").addEventListener("click", actions.addToQueue, { signal });
    draggable(this.list, "[data-handle]", (from, to) => this.#dropped(from, to), signal);
  }

  /** @param {State} state @param {number} now */
  render(state, now) {
    const waiting = speakers(state, now);
    const leads = may(state, "move-in-queue");
    show(this.box, leads || waiting.length > 0);
    show(this.foot, leads);
    setText(this.count, t("queueCount", { count: waiting.length }));
    this.#order = waiting.map(({ seat }) => seat.id);
    this.#arrange(waiting);
    for (const one of waiting) {
      this.#fill(one, waiting.length, leads);
      const word = t(seatLook(state, one.seat, now).word);
      setText(hook(this.#row(one.seat.id), "away-word"), t("keepsPlace", { word }));
    }
    if (state.session === null) return;
    const { count, seconds } = spokenInAll(state.session);
    setText(this.spoken, count === 0 ? "" : t("spokenInAll", { count, time: duration(seconds) }));
  }

  /** A row that moves keeps the focus. @param {readonly Waiting[]} waiting */
  #arrange(waiting) {
    const rows = waiting.map(({ seat }) => this.#row(seat.id));
    forget(this.#rows, waiting.map(({ seat }) => seat));
    const focused = this.list.contains(document.activeElement) ? document.activeElement : null;
    arrange(this.list, rows);
    if (focused instanceof HTMLElement && focused.isConnected && focused !== document.activeElement) focused.focus();
  }

  /** @param {string} seat */
  #row(seat) {
    const known = this.#rows.get(seat);
    if (known !== undefined) return known;
    const row = clone("waiting");
    const { actions, signal } = this;
    const press = (/** @type {string} */ name, /** @type {() => void} */ act) => {
      const button = hook(row, name);
      const live = () => button.getAttribute("aria-disabled") !== "true" && act();
      button.addEventListener("click", live, { signal });
    };
    press("invite", () => actions.invite(seat));
    press("lower", () => actions.lowerHand(seat));
    press("up", () => this.#step(seat, -1));
    press("down", () => this.#step(seat, 1));
    this.#rows.set(seat, row);
    return row;
  }

  /** @param {string} seat @param {-1 | 1} step */
  #step(seat, step) {
    const at = this.#order.indexOf(seat);
    const before = this.#order[step < 0 ? at - 1 : at + 2] ?? null;
    this.actions.moveInQueue(seat, before);
  }

  /** @param {number} from @param {number} to place before which it was dropped */
  #dropped(from, to) {
    this.actions.moveInQueue(this.#order[from], this.#order[to] ?? null);
  }

  /**
   * @param {Waiting} one
   * @param {number} count
   * @param {boolean} leads
   */
  #fill({ seat, place, waits, spoken, away }, count, leads) {
    const row = this.#row(seat.id);
    setClass(row, away ? "waits waits--away" : "waits");
    setText(hook(row, "place"), String(place));
    setText(hook(row, "name"), seat.name);
    const more = seat.person !== "" && seat.person !== seat.name ? seat.person : seat.unit;
    setText(hook(row, "person"), more === seat.name ? "" : more);
    const since = waits === null ? t("queuedByLead") : t("waitsSince", { time: duration(waits) });
    const before = spoken === 0 ? t("notSpokenYet") : t("spokeBefore", { time: duration(spoken) });
    setText(hook(row, "since"), `${since} · ${before}`);
    show(hook(row, "away"), away);
    show(hook(row, "do"), leads);
    hook(row, "handle").classList.toggle("waits__handle", leads);
    this.#disable(row, "up", place === 1);
    this.#disable(row, "down", place === count);
    this.#disable(row, "invite", away);
    const { name } = seat;
    label(hook(row, "invite"), t("inviteLong", { name }));
    label(hook(row, "lower"), t("lowerHandOf", { name }));
    label(hook(row, "up"), t("moveUp", { name }));
    label(hook(row, "down"), t("moveDown", { name }));
  }

  /** @param {HTMLElement} row @param {string} name @param {boolean} off */
  #disable(row, name, off) {
    setAttribute(hook(row, name), "aria-disabled", String(off));
  }
}
