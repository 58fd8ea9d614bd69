// @ts-check
/**
 * The break: how long, until when; who leads begins it, lengthens it and ends it.
 *
 * @import { State } from "../state.js"
 */

import { duration, t } from "../page.js";
import { may } from "../state.js";
import { wallClock } from "../times.js";
import { hook, setText, show } from "./dom.js";

/**
 * @typedef {object} PauseActions
 * @property {(seconds: number) => void} startPause
 * @property {() => void} endPause
 */

const MINUTES = [5, 10, 15, 20, 30, 60];
const MORE_S = 300;

export class PauseView {
  #until = 0;
  #now = 0;

  /**
   * @param {HTMLElement} root
   * @param {PauseActions} actions
   * @param {AbortSignal} signal
   */
  constructor(root, actions, signal) {
    this.actions = actions;
    this.stage = hook(root, "stage");
    this.screen = hook(root, "pause");
    this.title = hook(root, "pause-title");
    this.clock = hook(root, "pause-clock");
    this.text = hook(root, "pause-text");
    this.do = hook(root, "pause-do");
    this.dialog = /** @type {HTMLDialogElement} */ (hook(root, "pause-dialog"));
    this.choices = hook(this.dialog, "pause-choices");
    hook(root, "pause-end").addEventListener("click", actions.endPause, { signal });
    hook(root, "pause-more").addEventListener("click", () => this.#longer(), { signal });
    hook(this.dialog, "pause-close").addEventListener("click", () => this.dialog.close(), { signal });
    this.choices.append(...MINUTES.map((minutes) => this.#choice(minutes, signal)));
  }

  /** @param {number} minutes @param {AbortSignal} signal */
  #choice(minutes, signal) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn";
    button.dataset.minutes = String(minutes);
    const start = () => {
      this.dialog.close();
      this.actions.startPause(minutes * 60);
    };
    button.addEventListener("click", start, { signal });
    return button;
  }

  open() {
    for (const button of this.choices.children) {
      const count = Number(/** @type {HTMLElement} */ (button).dataset.minutes);
      setText(button, t("pauseFor", { count, time: wallClock(this.#now + count * 60) }));
    }
    this.dialog.showModal();
  }

  /** @param {State} state @param {number} now local epoch seconds */
  render(state, now) {
    this.#now = now + state.clockOffset;
    const pause = state.session?.pause ?? null;
    show(this.screen, pause !== null);
    this.stage.dataset.paused = String(pause !== null);
    if (pause === null) return;
    this.#until = pause.until;
    const left = pause.until - this.#now;
    setText(this.title, t("pauseTitle", { time: wallClock(pause.until) }));
    setText(this.clock, duration(Math.max(0, Math.ceil(left))));
    setText(this.text, t(left > 0 ? "pauseText" : "pauseOver"));
    show(this.do, may(state, "end-pause"));
  }

  #longer() {
    const from = Math.max(this.#until, this.#now);
    this.actions.startPause(Math.round(from - this.#now) + MORE_S);
  }
}
