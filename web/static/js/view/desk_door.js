// @ts-check
/**
 * The door: the lock, who waits before it, who may be shown out.
 *
 * @import { Seat, Session } from "../protocol.js"
 * @import { State } from "../state.js"
 * @import { DeskParts } from "./desk.js"
 */

import { t } from "../page.js";
import { inOrder } from "../state.js";
import { arrange, clone, hook, label, setAttribute, setIcon, setText, show } from "./dom.js";

export class DeskDoor {
  /** @type {Map<string, HTMLElement>} */
  #knocking = new Map();
  /** @type {Map<string, HTMLElement>} */
  #inside = new Map();

  /** @param {HTMLElement} root @param {DeskParts} parts @param {AbortSignal} signal */
  constructor(root, parts, signal) {
    this.parts = parts;
    this.signal = signal;
    this.lock = hook(root, "lock");
    this.knocking = hook(root, "knocking");
    this.none = hook(root, "knocking-none");
    this.admitAll = hook(root, "admit-all");
    this.inside = hook(root, "inside");
    this.lock.addEventListener("click", () => {
      void parts.command({ type: "set-lock", on: this.lock.getAttribute("aria-checked") !== "true" });
    }, { signal });
    this.admitAll.addEventListener("click", () => void parts.command({ type: "admit", seat: null }), { signal });
  }

  /** @param {State} state @param {Session} session */
  render(state, session) {
    setAttribute(this.lock, "aria-checked", String(session.locked));
    const knocks = Object.values(session.knocking).sort((a, b) => a.at - b.at);
    show(this.none, knocks.length === 0);
    show(this.admitAll, knocks.length > 1);
    arrange(this.knocking, knocks.map(({ seat }) => this.#knock(seat)));
    const inside = inOrder(session).filter(
      (seat) => seat.present && seat.id !== state.seat && seat.role !== "chair" && seat.role !== "secretary",
    );
    arrange(this.inside, inside.map((seat) => this.#seat(seat)));
  }

  /** @param {Seat} seat */
  #knock(seat) {
    const known = this.#knocking.get(seat.id);
    if (known !== undefined) return known;
    const { id, name } = seat;
    const row = this.#row(seat, {
      yes: { text: t("admitOf", { name }), run: () => this.parts.command({ type: "admit", seat: id }) },
      no: { text: t("turnAwayOf", { name }), run: () => this.parts.command({ type: "turn-away", seat: id }) },
    });
    this.#knocking.set(id, row);
    return row;
  }

  /** @param {Seat} seat */
  #seat(seat) {
    const known = this.#inside.get(seat.id);
    if (known !== undefined) return known;
    const { name } = seat;
    const row = this.#row(seat, {
      yes: { text: t("removeOf", { name }), run: () => this.#remove(seat, false) },
      no: { text: t("removeBarredOf", { name }), run: () => this.#remove(seat, true) },
    });
    setIcon(hook(row, "yes"), "leave");
    this.#inside.set(seat.id, row);
    return row;
  }

  /**
   * @param {Seat} seat
   * @param {Record<"yes" | "no", { text: string, run: () => unknown }>} buttons
   */
  #row(seat, buttons) {
    const row = clone("door-row");
    setText(hook(row, "name"), seat.name);
    setText(hook(row, "word"), [seat.unit, seat.person === seat.name ? "" : seat.person].filter(Boolean).join("; "));
    for (const name of /** @type {const} */ (["yes", "no"])) {
      label(hook(row, name), buttons[name].text);
      hook(row, name).addEventListener("click", () => void buttons[name].run(), { signal: this.signal });
    }
    return row;
  }

  /** @param {Seat} seat @param {boolean} barred */
  async #remove(seat, barred) {
    const text = t(barred ? "removeBarredText" : "removeText", { name: seat.name });
    const sure = await this.parts.confirm({ title: t("removeTitle"), text, yes: t("removeYes") });
    if (sure) await this.parts.command({ type: "remove-seat", seat: seat.id, barred });
  }
}
