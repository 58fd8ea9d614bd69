// @ts-check
/**
 * Where one chooses how to look at the meeting, and the press back to what all see.
 *
 * @import { OwnView } from "../own_view.js"
 */

import { OWN_VIEWS } from "../own_view.js";
import { hook, setAttribute, show } from "./dom.js";

export class OwnViewDialog {
  /**
   * @param {HTMLElement} root
   * @param {(view: OwnView) => void} onChoose
   * @param {AbortSignal} signal
   */
  constructor(root, onChoose, signal) {
    this.dialog = /** @type {HTMLDialogElement} */ (hook(root, "own-view-dialog"));
    this.back = hook(root, "own-view-back");
    this.choices = OWN_VIEWS.map((view) => ({ view, button: hook(this.dialog, `own-view-${view}`) }));
    for (const { view, button } of this.choices) {
      const choose = () => {
        onChoose(view);
        this.dialog.close();
      };
      button.addEventListener("click", choose, { signal });
    }
    this.back.addEventListener("click", () => onChoose("common"), { signal });
    hook(this.dialog, "own-view-close").addEventListener("click", () => this.dialog.close(), { signal });
  }

  open() {
    this.dialog.showModal();
  }

  /**
   * @param {OwnView} own
   * @param {boolean} phone where there is no grid
   */
  render(own, phone) {
    show(this.back, own !== "common");
    for (const { view, button } of this.choices) {
      setAttribute(button, "aria-pressed", String(view === own));
      show(button, view !== "grid" || !phone);
    }
  }
}
