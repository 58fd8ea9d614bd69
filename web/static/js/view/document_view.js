// @ts-check
/**
 * The document all follow: its page, the way ahead and back, zoom, the page as text. It stands in
 * `data-document`; whoever arranges the stage asks `open`.
 *
 * @import { ShownDocument } from "../protocol.js"
 * @import { Reading } from "../reading.js"
 * @import { State } from "../state.js"
 */

import { page, t } from "../page.js";
import { CLOSED, kept, lookedAt, pageRead, presents, widthFor, within } from "../reading.js";
import { ownSeat } from "../state.js";
import { hook, setAttribute, setText, show } from "./dom.js";

const ZOOMS = [1, 1.5, 2, 3];

/**
 * @typedef {object} DocumentActions
 * @property {(page: number) => void} turnPage for all
 * @property {() => void} closeDocument for all
 * @property {() => void} documentChanged something to show anew
 */

export class DocumentView {
  /** @type {Reading} */
  #reading = CLOSED;
  /** @type {ShownDocument | null} */
  #shown = null;
  #leads = false;
  #weak = false;
  #address = "";
  #zoom = 1;
  #wide = false;
  #textOf = "";

  /**
   * @param {HTMLElement} root
   * @param {DocumentActions} actions
   * @param {AbortSignal} signal
   */
  constructor(root, actions, signal) {
    this.actions = actions;
    this.signal = signal;
    this.part = hook(root, "document");
    this.title = hook(this.part, "document-title");
    this.word = hook(this.part, "document-word");
    this.scroll = hook(this.part, "document-scroll");
    this.image = /** @type {HTMLImageElement} */ (hook(this.part, "document-image"));
    this.message = hook(this.part, "document-message");
    this.number = /** @type {HTMLInputElement} */ (hook(this.part, "document-number"));
    this.of = hook(this.part, "document-of");
    this.previous = hook(this.part, "document-previous");
    this.next = hook(this.part, "document-next");
    this.followButton = hook(this.part, "document-follow");
    this.aheadButton = hook(this.part, "document-ahead");
    this.textButton = hook(this.part, "document-text-button");
    this.text = hook(this.part, "document-text");
    this.size = hook(this.part, "document-size");
    this.closeButton = hook(this.part, "document-close");
    this.fit = hook(this.part, "document-fit");
    this.#listen(signal);
  }

  /** @param {AbortSignal} signal */
  #listen(signal) {
    /** @type {[string, () => void][]} */
    const presses = [
      ["document-previous", () => this.step(-1)],
      ["document-next", () => this.step(1)],
      ["document-follow", () => this.#read({ ...this.#reading, ahead: null })],
      ["document-ahead", () => this.#shown && this.#go(this.#page, true)],
      ["document-hide", () => this.#read({ ...this.#reading, hidden: true })],
      ["document-close", () => this.actions.closeDocument()],
      ["document-larger", () => this.#zoomBy(1)],
      ["document-smaller", () => this.#zoomBy(-1)],
      ["document-fit", () => this.#fitWidth()],
      ["document-text-button", () => this.#toggleText()],
    ];
    for (const [name, run] of presses) hook(this.part, name).addEventListener("click", run, { signal });
    this.number.addEventListener("change", () => this.#go(Number(this.number.value)), { signal });
    document.addEventListener("keydown", (event) => this.#keyed(event), { signal });
  }

  /** Whether it takes a place on the stage now. */
  get open() {
    return this.#shown !== null && !this.#reading.hidden;
  }

  /** Shown again, at the page of who presents. */
  back() {
    this.#read({ ...this.#reading, hidden: false, ahead: null });
  }

  get #page() {
    return this.#shown === null ? 1 : pageRead(this.#reading, this.#shown);
  }

  /** @param {Reading} reading */
  #read(reading) {
    this.#reading = reading;
    this.draw();
    this.actions.documentChanged();
  }

  /** @param {number} by */
  step(by) {
    this.#go(this.#page + by);
  }

  /** For all, or alone. @param {number} page @param {boolean} [alone] */
  #go(page, alone = false) {
    if (this.#shown === null) return;
    const wanted = within(this.#shown, page);
    if (!this.#leads || alone || this.#reading.ahead !== null) {
      this.#read(lookedAt(this.#reading, this.#shown, wanted));
    } else {
      this.number.value = String(this.#page);
      if (wanted !== this.#page) this.actions.turnPage(wanted);
    }
  }

  /** @param {KeyboardEvent} event */
  #keyed(event) {
    if (!this.open || (event.key !== "PageDown" && event.key !== "PageUp")) return;
    if (event.altKey || event.ctrlKey || event.metaKey || document.querySelector("dialog[open]") !== null) return;
    event.preventDefault();
    this.step(event.key === "PageDown" ? 1 : -1);
  }

  // ---------------------------------------------------------------- what is shown

  /** What is shown now; `draw` puts it there, once the stage is arranged. @param {State} state */
  follow(state) {
    this.#shown = state.session?.document ?? null;
    this.#reading = kept(this.#reading, this.#shown);
    this.#leads = presents(state);
    this.#weak = ownSeat(state)?.limits.profile !== "normal" || state.lines[state.seat] === "weak";
  }

  draw() {
    show(this.part, this.open);
    const shown = this.#shown;
    if (shown === null || !this.open) return;
    const at = this.#page;
    const alone = this.#reading.ahead !== null;
    setText(this.title, shown.title);
    setText(this.word, this.#wordOf(shown, at));
    this.part.dataset.alone = String(alone);
    if (document.activeElement !== this.number) this.number.value = String(at);
    this.number.max = String(shown.pages);
    setText(this.of, t("documentOf", { count: shown.pages }));
    setAttribute(this.previous, "aria-disabled", String(at <= 1));
    setAttribute(this.next, "aria-disabled", String(at >= shown.pages));
    show(this.followButton, alone);
    setText(hook(this.followButton, "label"), t(this.#leads ? "documentEndAhead" : "documentFollow"));
    show(this.aheadButton, !alone && shown.pages > 1);
    show(this.closeButton, this.#leads);
    this.#picture(shown, at);
    if (!this.text.hidden) void this.#readText(shown, at);
  }

  /** @param {ShownDocument} shown @param {number} at */
  #wordOf(shown, at) {
    if (this.#reading.ahead !== null) return t("documentAlone", { page: at, presented: shown.page });
    return t(this.#leads ? "documentYours" : "documentFollowing", { page: at, count: shown.pages });
  }

  /** @param {ShownDocument} shown @param {number} at */
  #base(shown, at) {
    return `/cuoc-hop/${page.meeting.reference}/tai-lieu/${shown.id}/${shown.version}/trang/${at}`;
  }

  /** @param {ShownDocument} shown @param {number} at @param {number} [width] */
  #addressOf(shown, at, width = this.#width()) {
    return `${this.#base(shown, at)}?rong=${width}`;
  }

  #width() {
    return widthFor(this.scroll.clientWidth * this.#zoom * devicePixelRatio, this.#weak);
  }

  /** The page before stays until this one is here. @param {ShownDocument} shown @param {number} at */
  #picture(shown, at) {
    const address = this.#addressOf(shown, at);
    if (address === this.#address) return;
    const other = !this.#address.startsWith(this.#base(shown, at) + "?");
    this.#address = address;
    this.part.setAttribute("aria-busy", "true");
    const coming = new Image();
    coming.onload = () => this.#arrived(address, shown, at, other);
    coming.onerror = () => this.#missing(address);
    coming.src = address;
  }

  /** @param {string} address @param {ShownDocument} shown @param {number} at @param {boolean} other */
  #arrived(address, shown, at, other) {
    if (address !== this.#address || this.signal.aborted) return;
    this.image.src = address;
    this.image.alt = t("documentAlt", { page: at, count: shown.pages, title: shown.title });
    this.image.dataset.page = String(at);
    show(this.image, true);
    show(this.message, false);
    this.part.removeAttribute("aria-busy");
    if (other) this.scroll.scrollTo(0, 0);
    const kilobytes = kilobytesOf(address);
    setText(this.size, kilobytes === 0 ? "" : t("documentKilobytes", { count: kilobytes }));
    // The page after is here before somebody turns to it, where the line carries more than it must.
    if (!this.#weak && at < shown.pages) new Image().src = this.#addressOf(shown, at + 1);
  }

  /** @param {string} address */
  #missing(address) {
    if (address !== this.#address || this.signal.aborted) return;
    this.#address = "";
    this.part.removeAttribute("aria-busy");
    show(this.image, false);
    setText(this.message, t("documentMissing", { hotline: page.hotline }));
    show(this.message, true);
  }

  // ---------------------------------------------------------------- zoom, text

  /** @param {number} by */
  #zoomBy(by) {
    const at = ZOOMS.indexOf(this.#zoom) + by;
    this.#zoom = ZOOMS[Math.min(Math.max(0, at), ZOOMS.length - 1)];
    if (this.#zoom > 1) this.#wide = true;
    this.#sized();
  }

  /** The whole page, or as wide as there is room. */
  #fitWidth() {
    this.#wide = this.#zoom > 1 ? false : !this.#wide;
    this.#zoom = 1;
    this.#sized();
  }

  #sized() {
    this.part.dataset.fit = this.#wide ? "width" : "page";
    setAttribute(this.fit, "aria-pressed", String(this.#wide));
    this.part.style.setProperty("--zoom", String(this.#zoom));
    this.draw();
  }

  #toggleText() {
    show(this.text, this.text.hidden);
    setAttribute(this.textButton, "aria-expanded", String(!this.text.hidden));
    if (this.#shown !== null && !this.text.hidden) void this.#readText(this.#shown, this.#page);
  }

  /** @param {ShownDocument} shown @param {number} at */
  async #readText(shown, at) {
    const address = `${this.#base(shown, at)}/chu`;
    if (address === this.#textOf) return;
    this.#textOf = address;
    const text = await fetch(address, { signal: this.signal }).then(
      (response) => (response.ok ? response.text() : ""),
      () => "",
    );
    if (address === this.#textOf) setText(this.text, text.trim() === "" ? t("documentNoText") : text);
  }
}

/** What a picture weighed, as the browser tells. @param {string} address */
function kilobytesOf(address) {
  const [entry] = performance.getEntriesByName(new URL(address, location.href).href, "resource").slice(-1);
  const bytes = entry instanceof PerformanceResourceTiming ? entry.encodedBodySize : 0;
  return Math.round(bytes / 1000);
}
