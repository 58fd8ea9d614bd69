// @ts-check
/** Keyboard shortcuts and their card. They can be switched off, for those whose typing aids press keys. */

import { keysOf, pressedAction } from "../keys.js";
import { t } from "../page.js";
import { hook } from "./dom.js";

const KEY = "diemcau.shortcuts";
/** What takes keys for itself. */
const TYPING = "input, select, textarea, [contenteditable]";

export class Shortcuts {
  /**
   * @param {HTMLElement} root
   * @param {() => readonly string[]} permissions
   * @param {(action: string) => void} run
   * @param {AbortSignal} signal
   */
  constructor(root, permissions, run, signal) {
    this.permissions = permissions;
    this.run = run;
    this.dialog = /** @type {HTMLDialogElement} */ (hook(root, "shortcuts"));
    this.list = hook(this.dialog, "shortcuts-list");
    this.used = /** @type {HTMLInputElement} */ (hook(this.dialog, "shortcuts-used"));
    this.used.checked = localStorage.getItem(KEY) !== "off";
    const chosen = () => localStorage.setItem(KEY, this.used.checked ? "on" : "off");
    this.used.addEventListener("change", chosen, { signal });
    hook(this.dialog, "shortcuts-close").addEventListener("click", () => this.dialog.close(), { signal });
    document.addEventListener("keydown", (event) => this.#pressed(event), { signal });
  }

  open() {
    this.list.replaceChildren(...keysOf(this.permissions()).flatMap(({ key, word }) => row(key, t(word))));
    this.dialog.showModal();
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const target = /** @type {Element | null} */ (event.target);
    if (target?.closest(TYPING) || document.querySelector("dialog[open]") !== null) return;
    const action = pressedAction(event, this.permissions());
    if (action === null) return;
    if (action !== "shortcuts" && !this.used.checked) return;
    event.preventDefault();
    if (action === "shortcuts") this.open();
    else this.run(action);
  }
}

/** @param {string} key @param {string} word */
function row(key, word) {
  const dt = document.createElement("dt");
  const kbd = document.createElement("kbd");
  kbd.textContent = key.toUpperCase();
  dt.append(kbd);
  const dd = document.createElement("dd");
  dd.textContent = word;
  return [dt, dd];
}
