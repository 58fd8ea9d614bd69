// @ts-check
/**
 * The documents of the meeting, those of the item at hand first: who presents shows one to all, everybody
 * opens one for themselves. When an item with documents is reached, they are offered.
 *
 * @import { State } from "../state.js"
 * @import { Messages } from "./messages.js"
 */

import { page, t } from "../page.js";
import { ofItemFirst, presents } from "../reading.js";
import { arrange, clone, hook, setAttribute, setText, show } from "./dom.js";

/** How long an offer stands. */
const OFFER_S = 45;

/**
 * @typedef {{ id: number, version: number, title: string, item: number | null, kind: string,
 *   state: "ready" | "waiting" | "restricted" | "none" }} Listed
 *
 * @typedef {object} ListActions
 * @property {(document: number) => void} openDocument for all
 * @property {() => void} documentBack
 */

export class DocumentsDialog {
  /** @type {readonly Listed[]} */
  #listed = [];
  /** @type {number | null | undefined} */
  #item = undefined;
  /** @type {State | null} */
  #state = null;

  /**
   * @param {HTMLElement} root
   * @param {ListActions} actions
   * @param {Messages} messages
   * @param {AbortSignal} signal
   */
  constructor(root, actions, messages, signal) {
    this.actions = actions;
    this.messages = messages;
    this.signal = signal;
    this.button = hook(root, "documents-button");
    this.count = hook(root, "documents-count");
    this.dialog = /** @type {HTMLDialogElement} */ (hook(root, "documents"));
    this.list = hook(this.dialog, "documents-list");
    this.empty = hook(this.dialog, "documents-empty");
    this.again = hook(this.dialog, "documents-again");
    this.button.addEventListener("click", () => void this.open(), { signal });
    hook(this.dialog, "documents-close").addEventListener("click", () => this.dialog.close(), { signal });
    this.again.addEventListener("click", () => this.#back(), { signal });
  }

  #back() {
    this.dialog.close();
    this.actions.documentBack();
  }

  async open() {
    await this.#load();
    this.dialog.showModal();
    this.#fill();
  }

  /** @param {State} state @param {boolean} shown a document stands on the stage here */
  render(state, shown) {
    this.#state = state;
    const { session } = state;
    if (session === null) return;
    show(this.again, session.document !== null && !shown);
    if (this.dialog.open) this.#fill();
    if (session.item === this.#item) return;
    const first = this.#item === undefined;
    this.#item = session.item;
    // Hundreds of sites reach an item in the same moment: only who is offered its documents asks.
    if (first || presents(state)) void this.#offer();
    else this.#counted();
  }

  async #load() {
    const address = `/cuoc-hop/${page.meeting.reference}/tai-lieu/danh-sach`;
    try {
      const response = await fetch(address, { signal: this.signal });
      if (response.ok) this.#listed = await response.json();
    } catch {
      // What was listed before stays; opening one tells what is wrong.
    }
    this.#counted();
  }

  #counted() {
    show(this.button, this.#listed.length > 0);
    setText(this.count, String(this.#ofItem().length || this.#listed.length));
  }

  #ofItem() {
    return this.#listed.filter((one) => one.item !== null && one.item === this.#item);
  }

  async #offer() {
    await this.#load();
    const state = this.#state;
    const ready = this.#ofItem().filter((one) => one.state === "ready");
    const offers = state !== null && ready.length > 0 && presents(state);
    if (!offers) return this.messages.banner("documents", null);
    const [first] = ready;
    const text = t(ready.length === 1 ? "documentOffer" : "documentsOffer", { count: ready.length, title: first.title });
    const run = () => {
      this.messages.banner("documents", null);
      if (ready.length === 1) this.actions.openDocument(first.id);
      else void this.open();
    };
    const action = { label: t(ready.length === 1 ? "documentPresent" : "documentsChoose"), run };
    this.messages.banner("documents", { text, icon: "doc", tone: "info", action, seconds: OFFER_S, closable: true });
  }

  #fill() {
    const state = this.#state;
    if (state === null) return;
    const rows = ofItemFirst(this.#listed, this.#item ?? null);
    show(this.empty, rows.length === 0);
    arrange(this.list, rows.map((one) => this.#row(one, state)));
  }

  /** @param {Listed} one @param {State} state */
  #row(one, state) {
    const key = String(one.id);
    const known = [...this.list.children].find((child) => /** @type {HTMLElement} */ (child).dataset.id === key);
    const row = /** @type {HTMLElement} */ (known ?? clone("document-row"));
    const now = state.session?.document?.id === one.id;
    if (known === undefined) {
      row.dataset.id = key;
      hook(row, "present").addEventListener("click", () => this.#present(one.id), { signal: this.signal });
    }
    setText(hook(row, "title"), one.title);
    setText(hook(row, "word"), this.#word(one, now));
    const link = hook(row, "alone");
    setAttribute(link, "href", `/cuoc-hop/${page.meeting.reference}/tai-lieu/${one.id}`);
    show(hook(row, "present"), presents(state) && one.state === "ready" && !now);
    return row;
  }

  /** @param {Listed} one @param {boolean} now */
  #word(one, now) {
    const state = now ? t("documentNow") : one.state === "ready" ? "" : t(`document_${one.state}`);
    const item = one.item !== null && one.item === this.#item ? t("documentOfItem") : "";
    return [one.kind.toUpperCase(), item, state].filter((part) => part !== "").join(" · ");
  }

  /** @param {number} id */
  #present(id) {
    this.dialog.close();
    this.actions.openDocument(id);
  }
}
