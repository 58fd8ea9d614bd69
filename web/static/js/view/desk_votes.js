// @ts-check
/**
 * Votes: to open, to take part, to count, to publish.
 *
 * @import { Session, Vote } from "../protocol.js"
 * @import { State } from "../state.js"
 * @import { DeskParts } from "./desk.js"
 */

import { ballotsLeft, castable, missing, options, standing } from "../ballots.js";
import { page, t } from "../page.js";
import { may } from "../state.js";
import { arrange, clone, hook, setText, show } from "./dom.js";

export class DeskVotes {
  /** @type {Map<number, HTMLElement>} */
  #rows = new Map();

  /** @param {HTMLElement} root @param {DeskParts} parts @param {AbortSignal} signal */
  constructor(root, parts, signal) {
    this.parts = parts;
    this.signal = signal;
    this.list = hook(root, "votes");
    this.none = hook(root, "votes-none");
    this.form = hook(root, "open-vote");
    this.question = /** @type {HTMLTextAreaElement} */ (hook(root, "vote-question"));
    this.options = /** @type {HTMLTextAreaElement} */ (hook(root, "vote-options"));
    this.unit = /** @type {HTMLSelectElement} */ (hook(root, "vote-unit"));
    this.majority = /** @type {HTMLSelectElement} */ (hook(root, "vote-majority"));
    this.base = /** @type {HTMLSelectElement} */ (hook(root, "vote-base"));
    this.quorum = /** @type {HTMLInputElement} */ (hook(root, "vote-quorum"));
    this.secret = /** @type {HTMLInputElement} */ (hook(root, "vote-secret"));
    this.form.addEventListener("submit", (event) => this.#open(event), { signal });
  }

  /** @param {Event} event */
  async #open(event) {
    event.preventDefault();
    const done = await this.parts.command({
      type: "open-vote",
      question: this.question.value.trim(),
      options: this.options.value.split("\n").map((line) => line.trim()).filter((line) => line !== ""),
      unit: this.unit.value,
      majority: this.majority.value,
      base: this.base.value,
      quorumPercent: Math.min(100, Math.max(0, this.quorum.valueAsNumber || 0)),
      secret: this.secret.checked,
    });
    if (done) this.question.value = "";
  }

  /** @param {State} state @param {Session} session */
  render(state, session) {
    show(this.none, session.votes.length === 0);
    show(this.form, may(state, "open-vote") && session.votes.every((vote) => vote.closed !== null));
    arrange(this.list, [...session.votes].reverse().map((vote) => this.#vote(state, vote)));
  }

  /** @param {State} state @param {Vote} vote */
  #vote(state, vote) {
    const row = this.#rows.get(vote.id) ?? this.#new(vote);
    const leads = may(state, "close-vote");
    const kind = t(vote.secret ? "voteSecret" : "voteOpen");
    const voted = Object.keys(vote.voted).length;
    const total = Object.keys(vote.weights).length;
    setText(hook(row, "word"), t(standing(vote, leads), { kind, voted, total }));
    this.#results(row, vote);
    const left = ballotsLeft(vote, state.seat);
    show(hook(row, "cast"), left > 0);
    setText(hook(row, "own"), this.#own(state, vote, left));
    const receipts = /** @type {HTMLAnchorElement} */ (hook(row, "receipts"));
    show(receipts, vote.secret && vote.published);
    receipts.href = `/cuoc-hop/${page.meeting.reference}/bien-nhan/${vote.id}`;
    const names = missing(vote).map((seat) => this.parts.name(seat)).join(", ");
    const told = leads && vote.closed === null && names !== "";
    setText(hook(row, "missing"), told ? t("voteMissing", { names }) : "");
    show(hook(row, "lead"), leads);
    show(hook(row, "close-vote"), vote.closed === null);
    show(hook(row, "publish"), vote.tally !== null && !vote.published);
    show(hook(row, "recount"), vote.closed !== null);
    return row;
  }

  /** @param {State} state @param {Vote} vote @param {number} left */
  #own(state, vote, left) {
    if (left > 0) return left > 1 ? t("voteBallots", { count: left }) : "";
    if (!(state.seat in vote.voted)) return "";
    const receipt = state.receipts[vote.id];
    return receipt === undefined ? t("voteCast") : t("voteReceipt", { receipt });
  }

  /** @param {HTMLElement} row @param {Vote} vote */
  #results(row, vote) {
    const list = hook(row, "options");
    show(list, vote.tally !== null);
    options(vote).forEach(({ votes, share }, at) => {
      const line = /** @type {HTMLElement} */ (list.children[at]);
      setText(hook(line, "votes"), votes === null ? "" : String(votes));
      hook(line, "bar").style.width = `${Math.round(share * 100)}%`;
    });
  }

  /** @param {Vote} vote */
  #new(vote) {
    const row = clone("vote");
    setText(hook(row, "question"), vote.question);
    arrange(hook(row, "options"), vote.options.map((name) => {
      const line = clone("vote-option");
      setText(hook(line, "name"), name);
      return line;
    }));
    const { signal } = this;
    const fields = this.#choices(row, vote);
    hook(row, "cast").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#cast(vote, fields());
    }, { signal });
    for (const [name, type] of [["close-vote", "close-vote"], ["publish", "publish-vote"], ["recount", "recount-vote"]]) {
      hook(row, name).addEventListener("click", () => void this.parts.command({ type, vote: vote.id }), { signal });
    }
    this.#rows.set(vote.id, row);
    return row;
  }

  /**
   * One choice when the seat has one ballot, else a number for each option.
   *
   * @param {HTMLElement} row
   * @param {Vote} vote
   * @returns {() => number[]} ballots for each option
   */
  #choices(row, vote) {
    const one = (vote.weights[this.parts.own()] ?? 1) === 1;
    const inputs = vote.options.map((name, at) => {
      const line = document.createElement("label");
      line.className = one ? "pick" : "field";
      const input = document.createElement("input");
      const text = document.createElement("span");
      text.textContent = name;
      if (one) Object.assign(input, { type: "radio", name: `vote-${vote.id}`, value: String(at), required: true });
      else Object.assign(input, { type: "number", min: "0", max: "10000", value: "0", className: "input num" });
      line.append(...(one ? [input, text] : [text, input]));
      hook(row, "choices").append(line);
      return input;
    });
    return () => inputs.map((input) => (one ? Number(input.checked) : input.valueAsNumber || 0));
  }

  /** @param {Vote} vote @param {number[]} counts */
  async #cast(vote, counts) {
    const weight = vote.weights[this.parts.own()] ?? 0;
    if (!castable(counts, weight)) return this.parts.note(t("castWrong", { count: weight }));
    const single = counts.filter((count) => count > 0).length === 1 && weight === 1;
    const choice = vote.options
      .flatMap((name, at) => ((counts[at] ?? 0) > 0 ? [single ? name : `${name} ${counts[at]}`] : []))
      .join(", ");
    const question = { title: t("castTitle"), text: t("castText", { choice }), yes: t("castYes") };
    if (await this.parts.confirm(question)) await this.parts.command({ type: "cast-vote", vote: vote.id, counts });
  }
}
