// @ts-check
/**
 * Who speaks at the seat that has the floor: name and position, noted as they speak.
 *
 * @import { State } from "../state.js"
 */

import { turnOf } from "../floor.js";
import { t } from "../page.js";
import { hook, setText } from "./dom.js";

export class SpeakerDialog {
  /**
   * @param {HTMLElement} root
   * @param {(person: string) => void} onName
   * @param {AbortSignal} signal
   */
  constructor(root, onName, signal) {
    this.dialog = /** @type {HTMLDialogElement} */ (hook(root, "speaker-dialog"));
    this.site = hook(this.dialog, "speaker-site");
    this.input = /** @type {HTMLInputElement} */ (hook(this.dialog, "speaker-person"));
    const form = hook(this.dialog, "speaker-form");
    const save = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.dialog.close();
      onName(this.input.value.trim());
    };
    form.addEventListener("submit", save, { signal });
    hook(this.dialog, "speaker-close").addEventListener("click", () => this.dialog.close(), { signal });
  }

  /** @param {State} state @param {number} now */
  open(state, now) {
    const turn = turnOf(state, now);
    if (turn === null) return;
    setText(this.site, t("speakerAt", { name: turn.seat.name }));
    this.input.value = turn.person;
    this.dialog.showModal();
    this.input.select();
  }
}
