// @ts-check
/**
 * The menu of what is pressed less often.
 *
 * @import { State } from "../state.js"
 */

import { capped } from "../describe.js";
import { ceilings, t } from "../page.js";
import { may, ownSeat } from "../state.js";
import { hook, setAttribute, setIcon, setText, show } from "./dom.js";

/**
 * @typedef {object} Local what only this browser knows
 * @property {boolean} canSpeak a microphone is open
 * @property {boolean} canShow a camera is open
 * @property {boolean} canShare
 * @property {boolean} grid
 * @property {boolean} full the page fills the screen
 * @property {boolean} phone
 */

export class MoreMenu {
  /**
   * @param {HTMLElement} root
   * @param {Record<"camera" | "screen" | "grid" | "view" | "full" | "weak" | "audio" | "line" | "devices" | "shortcuts", () => void>} actions
   * @param {AbortSignal} signal
   */
  constructor(root, actions, signal) {
    this.button = hook(root, "more");
    this.menu = hook(root, "menu");
    this.camera = hook(root, "do-camera");
    this.screen = hook(root, "do-screen");
    this.grid = hook(root, "do-grid");
    this.view = hook(root, "do-view");
    this.full = hook(root, "do-full");
    this.weak = hook(root, "do-weak");
    this.audio = hook(root, "do-audio");
    this.line = hook(root, "do-line");
    this.lineWord = hook(root, "do-line-word");
    this.devices = hook(root, "do-devices");
    this.shortcuts = hook(root, "do-shortcuts");
    for (const name of /** @type {const} */ (["camera", "screen", "grid", "view", "full", "weak", "audio", "line", "devices", "shortcuts"])) {
      const act = () => {
        this.open(false);
        actions[name]();
      };
      this[name].addEventListener("click", act, { signal });
    }
    this.button.addEventListener("click", () => this.open(this.menu.hidden), { signal });
    document.addEventListener("keydown", (event) => this.#key(event), { signal });
    document.addEventListener("pointerdown", (event) => this.#outside(event), { signal });
  }

  /** @param {boolean} open */
  open(open) {
    if (this.menu.hidden !== open) return;
    show(this.menu, open);
    setAttribute(this.button, "aria-expanded", String(open));
    if (open) /** @type {HTMLElement | null} */ (this.menu.querySelector("button:not([hidden])"))?.focus();
    else if (this.menu.contains(document.activeElement)) this.button.focus();
  }

  /**
   * @param {State} state
   * @param {Local} local
   */
  render(state, local) {
    const own = ownSeat(state);
    const camera = (own?.camera ?? false) && local.canShow;
    show(this.camera, may(state, "set-camera"));
    this.#item(this.camera, camera ? "cam-off" : "cam", camera ? "turnCameraOff" : "turnCameraOn");
    const shares = own?.screen ?? false;
    show(this.screen, may(state, "set-screen") && (local.canShare || shares));
    this.#item(this.screen, shares ? "x" : "share", shares ? "stopSharing" : "shareScreen");
    show(this.grid, !local.phone);
    this.#item(this.grid, local.grid ? "user" : "grid", local.grid ? "layoutMain" : "layoutGrid");
    const profile = own?.limits.profile;
    for (const [item, name] of /** @type {const} */ ([[this.weak, "weak"], [this.audio, "audio"]])) {
      show(item, may(state, "set-limits"));
      setAttribute(item, "aria-pressed", String(profile === name));
    }
    show(this.line, may(state, "set-limits"));
    setAttribute(this.line, "aria-pressed", String(own !== null && capped(own.limits)));
    setText(this.lineWord, own === null ? "" : ceilings(own.limits));
    show(this.shortcuts, !local.phone);
    show(this.full, document.fullscreenEnabled);
    this.#item(this.full, "full", local.full ? "leaveFull" : "fullScreen");
  }

  /**
   * @param {HTMLElement} item
   * @param {string} icon
   * @param {string} label
   */
  #item(item, icon, label) {
    setIcon(item, icon);
    setText(hook(item, "label"), t(label));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "Escape") this.open(false);
  }

  /** @param {PointerEvent} event */
  #outside(event) {
    const target = /** @type {Node} */ (event.target);
    if (!this.menu.contains(target) && !this.button.contains(target)) {
      if (this.menu.hidden) return;
      show(this.menu, false);
      setAttribute(this.button, "aria-expanded", "false");
    }
  }
}
