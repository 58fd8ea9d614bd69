// @ts-check
/**
 * What all sites see, and the timed round of the sites.
 *
 * @import { SceneKind, Session } from "../protocol.js"
 * @import { State } from "../state.js"
 * @import { DeskParts } from "./desk.js"
 */

import { t } from "../page.js";
import { inOrder } from "../state.js";
import { hook, setAttribute, setIcon, setText, show } from "./dom.js";

/** How many sites a scene names. @type {Partial<Record<SceneKind, number>>} */
const SEATS = { two: 2, four: 4 };

export class DeskScene {
  /** @type {SceneKind | null} the scene whose sites are being chosen */
  #choosing = null;

  /** @param {HTMLElement} root @param {DeskParts} parts @param {AbortSignal} signal */
  constructor(root, parts, signal) {
    this.parts = parts;
    this.form = hook(root, "scene-form");
    this.seats = hook(root, "scene-seats");
    this.buttons = /** @type {HTMLElement[]} */ ([...root.querySelectorAll("[data-scene]")]);
    this.seconds = /** @type {HTMLInputElement} */ (hook(root, "round-seconds"));
    this.round = hook(root, "round");
    this.next = hook(root, "round-next");
    for (const button of this.buttons) {
      const kind = /** @type {SceneKind} */ (button.dataset.scene);
      button.addEventListener("click", () => this.#choose(kind), { signal });
    }
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#show();
    }, { signal });
    this.round.addEventListener("click", () => {
      const seconds = Math.min(600, Math.max(3, this.seconds.valueAsNumber || 10));
      void parts.command(this.round.dataset.runs === "true" ? { type: "end-round" } : { type: "start-round", seconds });
    }, { signal });
    this.next.addEventListener("click", () => void parts.command({ type: "next-in-round" }), { signal });
  }

  /** @param {SceneKind} kind */
  #choose(kind) {
    const count = SEATS[kind];
    if (count === undefined) {
      this.#choosing = null;
      show(this.form, false);
      void this.parts.command({ type: "set-scene", kind, seats: [] });
      return;
    }
    this.#choosing = kind;
    const { session } = this.parts.state();
    const sites = session === null ? [] : inOrder(session).filter((seat) => seat.onTiles);
    const shown = session?.scene.kind === kind ? session.scene.seats : [];
    this.seats.replaceChildren(...Array.from({ length: count }, (_, at) => {
      const field = document.createElement("label");
      field.className = "field";
      const text = document.createElement("span");
      text.className = "field__label";
      text.textContent = t("sceneSeat", { number: at + 1 });
      const select = document.createElement("select");
      select.className = "select";
      select.append(...sites.map((seat) => new Option(seat.name, seat.id)));
      select.value = shown[at] ?? sites[at]?.id ?? "";
      field.append(text, select);
      return field;
    }));
    show(this.form, true);
    this.seats.querySelector("select")?.focus();
  }

  async #show() {
    const seats = [...this.seats.querySelectorAll("select")].map((select) => select.value);
    if (await this.parts.command({ type: "set-scene", kind: this.#choosing, seats })) show(this.form, false);
  }

  /** @param {State} _state @param {Session} session */
  render(_state, session) {
    for (const button of this.buttons) {
      setAttribute(button, "aria-pressed", String(button.dataset.scene === session.scene.kind));
    }
    const runs = session.round !== null;
    this.round.dataset.runs = String(runs);
    setText(hook(this.round, "label"), t(runs ? "roundStop" : "roundStart"));
    setIcon(this.round, runs ? "pause" : "play");
    show(this.next, runs);
  }
}
