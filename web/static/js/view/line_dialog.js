// @ts-check
/**
 * The ceilings of one's own line: what holds now, who set it, and what to choose instead.
 *
 * @import { LineLimits } from "../protocol.js"
 * @import { State } from "../state.js"
 */

import { capped, limitedBy } from "../describe.js";
import { page, rate, t } from "../page.js";
import { ownSeat } from "../state.js";
import { hook, setText, show } from "./dom.js";

export class LineDialog {
  /**
   * @param {HTMLElement} root
   * @param {(change: Partial<LineLimits>) => void} onChoose
   * @param {AbortSignal} signal
   */
  constructor(root, onChoose, signal) {
    this.dialog = /** @type {HTMLDialogElement} */ (hook(root, "line-dialog"));
    this.down = /** @type {HTMLSelectElement} */ (hook(this.dialog, "line-down"));
    this.up = /** @type {HTMLSelectElement} */ (hook(this.dialog, "line-up"));
    this.by = hook(this.dialog, "line-by");
    const chosen = (/** @type {HTMLSelectElement} */ select) => (select.value === "" ? null : Number(select.value));
    this.down.addEventListener("change", () => onChoose({ maxDownKbps: chosen(this.down) }), { signal });
    this.up.addEventListener("change", () => onChoose({ maxUpKbps: chosen(this.up) }), { signal });
    hook(this.dialog, "line-close").addEventListener("click", () => this.dialog.close(), { signal });
  }

  /** @param {State} state */
  open(state) {
    this.dialog.showModal();
    this.render(state);
  }

  /** @param {State} state */
  render(state) {
    const limits = ownSeat(state)?.limits;
    if (!this.dialog.open || limits === undefined) return;
    fill(this.down, limits.maxDownKbps);
    fill(this.up, limits.maxUpKbps);
    const by = limitedBy(state);
    show(this.by, capped(limits));
    setText(this.by, t(`limits${by || "ByYou"}`));
  }
}

/**
 * The usual ceilings, and the one that holds when it is another.
 *
 * @param {HTMLSelectElement} select
 * @param {number | null} kbps
 */
function fill(select, kbps) {
  const usual = page.ceilings;
  const values = [null, ...usual, ...(kbps === null || usual.includes(kbps) ? [] : [kbps])];
  if (select.options.length !== values.length || select.dataset.held !== String(kbps)) {
    select.dataset.held = String(kbps);
    select.replaceChildren(...values.map((value) => new Option(rate(value), value === null ? "" : String(value))));
    select.value = kbps === null ? "" : String(kbps);
  }
}
