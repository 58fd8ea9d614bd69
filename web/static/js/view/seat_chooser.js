// @ts-check
/**
 * One seat chosen out of many: a search field and what it finds.
 *
 * @import { Seat } from "../protocol.js"
 */

import { matching } from "../names.js";
import { t } from "../page.js";
import { clone, hook, setIcon, setText, show } from "./dom.js";

/** More than these need another letter. */
const MOST = 40;

/**
 * @typedef {object} Choice
 * @property {string} title
 * @property {string} hint
 * @property {string} icon
 * @property {() => readonly Seat[]} seats to choose from, in protocol order
 * @property {(seat: Seat) => string} note what stands below a name
 * @property {(seat: Seat) => void} choose
 */

export class SeatChooser {
  /** @type {Choice | null} */
  #choice = null;

  /**
   * @param {HTMLElement} root
   * @param {AbortSignal} signal
   */
  constructor(root, signal) {
    this.signal = signal;
    this.dialog = /** @type {HTMLDialogElement} */ (hook(root, "chooser"));
    this.title = hook(this.dialog, "chooser-title");
    this.hint = hook(this.dialog, "chooser-hint");
    this.input = /** @type {HTMLInputElement} */ (hook(this.dialog, "chooser-words"));
    this.list = hook(this.dialog, "chooser-list");
    this.count = hook(this.dialog, "chooser-count");
    this.input.addEventListener("input", () => this.#find(), { signal });
    const first = (/** @type {Event} */ event) => {
      event.preventDefault();
      const only = this.list.querySelector("button");
      if (this.input.value !== "" && only !== null) only.click();
    };
    hook(this.dialog, "chooser-form").addEventListener("submit", first, { signal });
    hook(this.dialog, "chooser-close").addEventListener("click", () => this.dialog.close(), { signal });
  }

  /** @param {Choice} choice */
  open(choice) {
    this.#choice = choice;
    setText(this.title, choice.title);
    setText(this.hint, choice.hint);
    this.input.value = "";
    this.#find();
    this.dialog.showModal();
    this.input.focus();
  }

  #find() {
    const choice = this.#choice;
    if (choice === null) return;
    const found = matching(choice.seats(), this.input.value);
    this.list.replaceChildren(...found.slice(0, MOST).map((seat) => this.#row(choice, seat)));
    show(this.count, found.length === 0 || found.length > MOST);
    setText(this.count, found.length === 0 ? t("nobodyFound") : t("moreFound", { count: found.length - MOST }));
  }

  /** @param {Choice} choice @param {Seat} seat */
  #row(choice, seat) {
    const row = clone("choice");
    const button = hook(row, "choose");
    setIcon(button, choice.icon);
    setText(hook(row, "name"), seat.name);
    setText(hook(row, "note"), choice.note(seat));
    const choose = () => {
      this.dialog.close();
      choice.choose(seat);
    };
    button.addEventListener("click", choose, { signal: this.signal });
    return row;
  }
}
