// @ts-check
/**
 * The desk beside the stage: words, votes, roll call, and for those who lead door, scene and notes.
 *
 * @import { DeskCommand } from "../protocol.js"
 * @import { State } from "../state.js"
 */

import { asked } from "../ballots.js";
import { t } from "../page.js";
import { may, ownSeat } from "../state.js";
import { DeskDoor } from "./desk_door.js";
import { DeskNotes } from "./desk_notes.js";
import { DeskRoll } from "./desk_roll.js";
import { DeskScene } from "./desk_scene.js";
import { DeskVotes } from "./desk_votes.js";
import { DeskWords } from "./desk_words.js";
import { hook, setAttribute, setText, show } from "./dom.js";

/** @typedef {"words" | "votes" | "roll" | "door" | "scene" | "notes"} Tab */

/** What one must be allowed to do for a tab to be there. @type {Record<Tab, string | null>} */
const NEEDS = { words: null, votes: null, roll: null, door: "set-lock", scene: "set-scene", notes: "take-note" };
const TABS = /** @type {Tab[]} */ (Object.keys(NEEDS));

/**
 * @typedef {object} DeskParts
 * @property {() => State} state
 * @property {() => string} own one's own seat
 * @property {(seat: string) => string} name
 * @property {(command: DeskCommand) => Promise<boolean>} command
 * @property {(question: { title: string, text: string, yes: string }) => Promise<boolean>} confirm
 * @property {(text: string) => void} note says what went wrong
 */

export class Desk {
  #open = false;
  /** @type {Tab} */
  #tab = "words";
  /** Newest message that was seen. */
  #seen = -1;

  /**
   * @param {HTMLElement} root
   * @param {Omit<DeskParts, "name" | "own">} given
   * @param {AbortSignal} signal
   */
  constructor(root, given, signal) {
    const parts = {
      ...given,
      own: () => given.state().seat,
      name: (/** @type {string} */ seat) => given.state().session?.seats[seat]?.name ?? seat,
    };
    this.given = given;
    this.root = hook(root, "desk");
    this.stage = hook(root, "stage");
    this.title = hook(root, "desk-title");
    this.button = hook(root, "desk-button");
    this.word = hook(root, "desk-word");
    this.tabs = TABS.map((tab) => /** @type {HTMLElement} */ (this.root.querySelector(`[data-tab="${tab}"]`)));
    this.panels = TABS.map((tab) => /** @type {HTMLElement} */ (this.root.querySelector(`[data-part="${tab}"]`)));
    this.parts = {
      words: new DeskWords(this.root, parts, signal),
      votes: new DeskVotes(this.root, parts, signal),
      roll: new DeskRoll(this.root, parts, signal),
      door: new DeskDoor(this.root, parts, signal),
      scene: new DeskScene(this.root, parts, signal),
      notes: new DeskNotes(this.root, parts, signal),
    };
    this.button.addEventListener("click", () => this.toggle(), { signal });
    hook(this.root, "desk-close").addEventListener("click", () => this.toggle(false), { signal });
    this.tabs.forEach((element, at) => {
      element.addEventListener("click", () => this.choose(/** @type {Tab} */ (TABS[at])), { signal });
    });
    this.root.addEventListener("keydown", (event) => this.#key(event), { signal });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "Escape") return this.toggle(false);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? 0;
    const at = this.tabs.indexOf(/** @type {HTMLElement} */ (event.target));
    if (step === 0 || at < 0) return undefined;
    const shown = this.tabs.filter((element) => !element.hidden);
    const next = shown[(shown.indexOf(/** @type {HTMLElement} */ (event.target)) + step + shown.length) % shown.length];
    next?.click();
    next?.focus();
    event.preventDefault();
    return undefined;
  }

  /** @param {boolean} [open] */
  toggle(open = !this.#open) {
    this.#open = open;
    this.render(this.given.state());
    if (open) this.tabs[TABS.indexOf(this.#tab)]?.focus();
    else this.button.focus();
  }

  /** Open it at a tab. @param {Tab} tab */
  choose(tab) {
    this.#tab = tab;
    this.#open = true;
    this.render(this.given.state());
  }

  /** @param {State} state */
  render(state) {
    const { session } = state;
    show(this.root, this.#open && session !== null);
    setAttribute(this.button, "aria-expanded", String(this.#open));
    if (session === null) return;
    const newest = session.messages.at(-1)?.id ?? 0;
    if (this.#seen < 0 || (this.#open && this.#tab === "words")) this.#seen = newest;
    const counts = this.#counts(state);
    this.#chip(state, counts);
    if (!this.#open) return;
    // Beside the stage, below the banners: what waits for an answer is never covered.
    const { top, bottom } = this.stage.getBoundingClientRect();
    this.root.style.top = `${Math.max(0, Math.round(top))}px`;
    this.root.style.bottom = `${Math.max(0, Math.round(innerHeight - bottom))}px`;
    setText(this.title, t(may(state, "take-note") ? "deskOpen" : "deskTitle"));
    const need = NEEDS[this.#tab];
    if (need !== null && !may(state, need)) this.#tab = "words";
    TABS.forEach((tab, at) => this.#one(state, tab, at, counts));
    this.parts[this.#tab].render(state, session);
  }

  /** @param {State} state @param {Tab} tab @param {number} at @param {Record<Tab, number>} counts */
  #one(state, tab, at, counts) {
    const element = /** @type {HTMLElement} */ (this.tabs[at]);
    const needed = NEEDS[tab];
    const chosen = tab === this.#tab;
    show(element, needed === null || may(state, needed));
    setAttribute(element, "aria-selected", String(chosen));
    setAttribute(element, "tabindex", chosen ? "0" : "-1");
    show(/** @type {HTMLElement} */ (this.panels[at]), chosen);
    const count = hook(element, "count");
    show(count, counts[tab] > 0);
    setText(count, String(counts[tab]));
  }

  /** What waits on each tab. @param {State} state @returns {Record<Tab, number>} */
  #counts(state) {
    const session = /** @type {import("../protocol.js").Session} */ (state.session);
    const unread = session.messages.filter((message) => message.id > this.#seen && message.seat !== state.seat);
    const runs = session.roll !== null && session.roll.ended === null;
    const answers = runs && ownSeat(state)?.onTiles && session.roll?.answers[state.seat] === undefined;
    return {
      words: unread.length,
      votes: asked(session, state.seat) === null ? 0 : 1,
      roll: answers ? 1 : 0,
      door: Object.keys(session.knocking).length,
      scene: 0,
      notes: 0,
    };
  }

  /** @param {State} state @param {Record<Tab, number>} counts */
  #chip(state, counts) {
    const { session } = state;
    const leads = may(state, "take-note");
    let word = t(leads ? "deskOpen" : "deskWords");
    if (counts.words > 0) word = t("deskUnread", { count: counts.words });
    if (session?.roll && session.roll.ended === null) word = t("deskRoll");
    if (session?.votes.some((vote) => vote.closed === null)) word = t("deskVoting");
    if (counts.door > 0) word = t("deskKnocking", { count: counts.door });
    setText(this.word, word);
    this.button.dataset.waits = String(Object.values(counts).some((count) => count > 0));
  }
}
