// @ts-check
/**
 * Words beside the speech: messages, questions to the presidium, the announcement.
 *
 * @import { Audience, Message, Question, Session } from "../protocol.js"
 * @import { State } from "../state.js"
 * @import { DeskParts } from "./desk.js"
 */

import { t } from "../page.js";
import { may } from "../state.js";
import { wallClock } from "../times.js";
import { arrange, clone, hook, label, setAttribute, setText, show } from "./dom.js";

/** @type {Record<Audience, string>} */
const TO = { all: "toAll", secretary: "toSecretary", technicians: "toTechnicians" };

export class DeskWords {
  /** @type {Map<number, HTMLElement>} */
  #messages = new Map();
  /** @type {Map<number, HTMLElement>} */
  #questions = new Map();
  /** @type {{ seat: string, to: Audience } | null} whom the next words answer */
  #reply = null;

  /** @param {HTMLElement} root @param {DeskParts} parts @param {AbortSignal} signal */
  constructor(root, parts, signal) {
    this.parts = parts;
    this.signal = signal;
    this.list = hook(root, "messages");
    this.none = hook(root, "messages-none");
    this.questions = hook(root, "questions");
    this.to = /** @type {HTMLSelectElement} */ (hook(root, "say-to"));
    this.text = /** @type {HTMLTextAreaElement} */ (hook(root, "say-text"));
    this.reply = hook(root, "say-reply");
    this.replyWord = hook(root, "say-reply-word");
    this.announceForm = hook(root, "announce-form");
    this.announce = /** @type {HTMLInputElement} */ (hook(root, "announce-text"));
    this.chat = hook(root, "chat-open");
    this.askForm = hook(root, "ask-form");
    const ask = /** @type {HTMLTextAreaElement} */ (hook(root, "ask-text"));
    hook(root, "say-form").addEventListener("submit", (event) => this.#say(event), { signal });
    hook(root, "say-reply-stop").addEventListener("click", () => this.#answer(null), { signal });
    this.announceForm.addEventListener("submit", (event) => this.#announce(event, this.announce.value), { signal });
    hook(root, "announce-clear").addEventListener("click", (event) => this.#announce(event, ""), { signal });
    this.chat.addEventListener("click", () => {
      void parts.command({ type: "set-chat", open: this.chat.getAttribute("aria-checked") !== "true" });
    }, { signal });
    this.askForm.addEventListener("submit", async (event) => {
      event.preventDefault();
      const text = ask.value.trim();
      if (text !== "" && (await parts.command({ type: "ask-presidium", text }))) ask.value = "";
    }, { signal });
  }

  /** @param {Event} event */
  async #say(event) {
    event.preventDefault();
    const text = this.text.value.trim();
    if (text === "") return;
    const reply = this.#reply;
    const to = reply?.to ?? /** @type {Audience} */ (this.to.value);
    if (!(await this.parts.command({ type: "say", text, to, answers: reply?.seat ?? null }))) return;
    this.text.value = "";
    this.#answer(null);
  }

  /** @param {Event} event @param {string} text */
  async #announce(event, text) {
    event.preventDefault();
    if (await this.parts.command({ type: "announce", text })) this.announce.value = "";
  }

  /** @param {Message | null} message whom to answer */
  #answer(message) {
    this.#reply = message && { seat: message.seat, to: message.to };
    show(this.reply, message !== null);
    if (message === null) return;
    setText(this.replyWord, t("replyTo", { name: this.parts.name(message.seat) }));
    this.text.focus();
  }

  /** @param {State} state @param {Session} session */
  render(state, session) {
    const leads = may(state, "announce");
    show(this.announceForm, leads);
    show(this.chat, leads);
    setAttribute(this.chat, "aria-checked", String(session.chat));
    show(this.askForm, may(state, "ask-presidium"));
    const all = this.to.options[0];
    if (all !== undefined) all.disabled = !session.chat && !leads;
    if (all?.disabled && this.to.value === "all") this.to.value = "secretary";
    show(this.none, session.messages.length === 0);
    const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 40;
    arrange(this.list, session.messages.map((message) => this.#message(state, message)));
    if (atEnd) this.list.scrollTop = this.list.scrollHeight;
    const ranked = [...session.questions].sort(
      (a, b) => Number(a.answered) - Number(b.answered) || b.supporters.length - a.supporters.length || a.id - b.id,
    );
    arrange(this.questions, ranked.map((question) => this.#question(state, question)));
  }

  /** @param {State} state @param {Message} message */
  #message(state, message) {
    const known = this.#messages.get(message.id);
    if (known !== undefined) return known;
    const row = clone("message");
    setText(hook(row, "name"), this.parts.name(message.seat));
    setText(hook(row, "at"), wallClock(message.at));
    setText(hook(row, "to"), message.to === "all" ? "" : t(TO[message.to]));
    setText(hook(row, "text"), message.text);
    const reply = hook(row, "reply");
    show(reply, message.to !== "all" && message.seat !== state.seat);
    reply.addEventListener("click", () => this.#answer(message), { signal: this.signal });
    this.#messages.set(message.id, row);
    return row;
  }

  /** @param {State} state @param {Question} question */
  #question(state, question) {
    const row = this.#questions.get(question.id) ?? this.#newQuestion(question);
    const supports = question.supporters.includes(state.seat);
    const support = hook(row, "support");
    setAttribute(support, "aria-pressed", String(supports));
    label(support, t("supportOf", { count: question.supporters.length }));
    setText(hook(support, "count"), String(question.supporters.length));
    /** @type {HTMLButtonElement} */ (support).disabled = question.seat === state.seat || !may(state, "support-question");
    setText(hook(row, "mark"), question.answered ? t("answeredMark") : "");
    const answered = hook(row, "answered");
    show(answered, may(state, "answer-question"));
    setText(answered, t(question.answered ? "unmarkAnswered" : "markAnswered"));
    row.dataset.answered = String(question.answered);
    row.dataset.supports = String(supports);
    return row;
  }

  /** @param {Question} question */
  #newQuestion(question) {
    const row = clone("question");
    const { id } = question;
    setText(hook(row, "name"), this.parts.name(question.seat));
    setText(hook(row, "at"), wallClock(question.at));
    setText(hook(row, "text"), question.text);
    const { signal } = this;
    hook(row, "support").addEventListener("click", () => {
      void this.parts.command({ type: "support-question", question: id, on: row.dataset.supports !== "true" });
    }, { signal });
    hook(row, "answered").addEventListener("click", () => {
      void this.parts.command({ type: "answer-question", question: id, answered: row.dataset.answered !== "true" });
    }, { signal });
    this.#questions.set(id, row);
    return row;
  }
}
