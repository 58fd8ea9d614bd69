// @ts-check
/** What the page tells the person: passing notes, standing banners, words for screen readers. */

import { leaving } from "../page.js";
import { clone, hook, setIcon, setText, show } from "./dom.js";

const NOTE_S = 9;
const MOST_NOTES = 3;

/** @type {Record<string, string>} */
const ICONS = { info: "info", ok: "check-circle", warn: "alert", bad: "alert" };

/**
 * @typedef {{ label: string, run: () => void }} Action
 *
 * @typedef {object} Banner
 * @property {string} text
 * @property {string} icon
 * @property {"info" | "warn" | "bad" | "rec" | "floor"} tone
 * @property {Action} [action]
 * @property {Action} [other] what may be answered instead
 * @property {number} [seconds] it goes by itself
 * @property {boolean} [closable]
 */

export class Messages {
  /** @type {Map<string, { element: HTMLElement, banner: Banner, timer: number }>} */
  #banners = new Map();

  /** @param {HTMLElement} root with `data-notes`, `data-banners`, `data-live` */
  constructor(root) {
    this.notes = hook(root, "notes");
    this.banners = hook(root, "banners");
    this.live = hook(root, "live");
  }

  /**
   * A note that passes; it is read aloud as well.
   *
   * @param {string} text
   * @param {"info" | "ok" | "warn" | "bad"} tone
   * @param {Action} [action] the one press that answers it
   * @param {number} [seconds] it goes after them
   */
  note(text, tone, action, seconds = NOTE_S) {
    const element = clone("note");
    element.classList.add(`toast--${tone}`);
    setIcon(element, ICONS[tone]);
    setText(hook(element, "text"), text);
    const gone = window.setTimeout(() => element.remove(), seconds * 1000);
    const close = () => {
      clearTimeout(gone);
      element.remove();
    };
    hook(element, "close").addEventListener("click", close, { signal: leaving.signal });
    offer(hook(element, "action"), action, close);
    this.notes.append(element);
    while (this.notes.children.length > MOST_NOTES) this.notes.firstElementChild?.remove();
  }

  /** For screen readers only. @param {string} text */
  say(text) {
    setText(this.live, text);
  }

  /**
   * A banner that stands until its reason is gone.
   *
   * @param {string} key
   * @param {Banner | null} banner null takes it away
   */
  banner(key, banner) {
    const known = this.#banners.get(key);
    if (known !== undefined && banner !== null && known.banner.text === banner.text) return;
    if (known !== undefined) {
      clearTimeout(known.timer);
      known.element.remove();
      this.#banners.delete(key);
    }
    if (banner !== null) this.#raise(key, banner);
  }

  /** @param {string} key @param {Banner} banner */
  #raise(key, banner) {
    const element = clone("banner");
    const away = () => this.banner(key, null);
    element.classList.add(`banner--${banner.tone}`);
    setIcon(element, banner.icon);
    setText(hook(element, "text"), banner.text);
    offer(hook(element, "action"), banner.action);
    offer(hook(element, "other"), banner.other);
    const close = hook(element, "close");
    show(close, banner.closable ?? false);
    close.addEventListener("click", away, { signal: leaving.signal });
    this.banners.append(element);
    const timer = banner.seconds === undefined ? 0 : window.setTimeout(away, banner.seconds * 1000);
    this.#banners.set(key, { element, banner, timer });
  }
}

/**
 * @param {HTMLElement} button
 * @param {Action | undefined} action undefined: nothing to press
 * @param {() => void} [after]
 */
function offer(button, action, after = () => {}) {
  show(button, action !== undefined);
  if (action === undefined) return;
  setText(button, action.label);
  const run = () => {
    after();
    action.run();
  };
  button.addEventListener("click", run, { signal: leaving.signal });
}
