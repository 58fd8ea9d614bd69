// @ts-check
/**
 * The device check's DOM.
 *
 * @import { Cause } from "../devices.js"
 */

import { page, t } from "../page.js";
import { hook, setAttribute, setClass, setIcon, setText, show } from "./dom.js";

/** The bars from this one on are the loud ones. */
const HOT_BAR = 17;

/** @type {Record<string, string>} */
const TAG_ICONS = { ok: "check", warn: "info", bad: "x", "": "timer" };

export class CheckView {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.preview = /** @type {HTMLVideoElement} */ (hook(root, "preview"));
    this.meter = hook(root, "meter");
    this.bars = /** @type {HTMLElement[]} */ ([...this.meter.children]);
  }

  /**
   * @param {"camera" | "microphone" | "speaker" | "line"} part
   * @param {"ok" | "warn" | "bad" | ""} tone
   * @param {string} word key of the page's texts
   */
  tag(part, tone, word) {
    const tag = hook(this.root, `${part}-tag`);
    setClass(tag, tone === "" ? "tag" : `tag tag--${tone}`);
    setIcon(tag, TAG_ICONS[tone]);
    setText(hook(tag, "word"), t(word));
  }

  /**
   * What is wrong with a device and what to do; null: nothing.
   *
   * @param {"camera" | "microphone"} kind
   * @param {Cause | null} cause
   */
  problem(kind, cause) {
    show(hook(this.root, `${kind}-help`), cause !== null);
    if (cause === null) return;
    setText(hook(this.root, `${kind}-problem`), t(`${kind}_${cause}`));
    setText(hook(this.root, `${kind}-advice`), t(`${kind}_${cause}_help`));
    if (kind === "camera") this.cameraMessage(t(`camera_${cause}`));
  }

  /** What stands where the picture would be. @param {string} text */
  cameraMessage(text) {
    const message = hook(this.root, "camera-message");
    setIcon(message, "cam-off");
    setText(message.lastElementChild ?? message, text);
  }

  /** @param {MediaStream | null} stream */
  picture(stream) {
    this.preview.srcObject = stream;
    this.preview.classList.toggle("is-live", stream !== null);
    if (stream !== null) void this.preview.play().catch(() => {});
  }

  /** @param {number} level 0…1 */
  level(level) {
    const lit = Math.round(level * this.bars.length);
    this.bars.forEach((bar, at) => {
      setClass(bar, at >= lit ? "" : at < HOT_BAR ? "on" : "on hot");
    });
    const word = lit < 5 ? "levelNone" : lit < 10 ? "levelLow" : lit < 21 ? "levelGood" : "levelHigh";
    setAttribute(this.meter, "aria-label", t(word));
  }

  /** @param {boolean | null} heard null: not told yet */
  speaker(heard) {
    setAttribute(hook(this.root, "heard"), "aria-pressed", String(heard === true));
    setAttribute(hook(this.root, "not-heard"), "aria-pressed", String(heard === false));
    if (heard === null) this.tag("speaker", "warn", "listenFirst");
    else this.tag("speaker", heard ? "ok" : "bad", heard ? "good" : "bad");
    this.speakerHelp(heard === false ? t("notHeard", { hotline: page.hotline }) : "");
  }

  /** @param {string} text */
  speakerHelp(text) {
    const help = hook(this.root, "speaker-help");
    show(help, text !== "");
    setText(help, text);
  }

  /** @param {string} delay */
  line(delay) {
    setText(hook(this.root, "line-host"), location.host);
    setText(hook(this.root, "line-delay"), delay);
  }
}
