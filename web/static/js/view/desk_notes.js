// @ts-check
/**
 * What goes into the minutes, and how long the meeting is to last.
 *
 * @import { Note, NoteKind, Session } from "../protocol.js"
 * @import { State } from "../state.js"
 * @import { DeskParts } from "./desk.js"
 */

import { t } from "../page.js";
import { wallClock } from "../times.js";
import { arrange, clone, hook, setText, show } from "./dom.js";

const EXTENSION_S = 900;
/** @type {Record<NoteKind, string>} */
const KINDS = { decision: "noteDecision", conclusion: "noteConclusion", task: "noteTask" };

export class DeskNotes {
  /** @type {Map<number, HTMLElement>} */
  #rows = new Map();
  /** @type {number | null} the note that is being changed */
  #editing = null;

  /** @param {HTMLElement} root @param {DeskParts} parts @param {AbortSignal} signal */
  constructor(root, parts, signal) {
    this.parts = parts;
    this.signal = signal;
    this.form = hook(root, "note-form");
    this.kind = /** @type {HTMLSelectElement} */ (hook(root, "note-kind"));
    this.text = /** @type {HTMLTextAreaElement} */ (hook(root, "note-text"));
    this.stop = hook(root, "note-stop");
    this.list = hook(root, "notes-list");
    this.ends = hook(root, "ends");
    this.form.addEventListener("submit", (event) => this.#save(event), { signal });
    this.stop.addEventListener("click", () => this.#edit(null), { signal });
    hook(root, "extend-meeting").addEventListener("click", () => {
      void parts.command({ type: "extend-meeting", seconds: EXTENSION_S });
    }, { signal });
  }

  /** @param {Event} event */
  async #save(event) {
    event.preventDefault();
    const kind = this.kind.value;
    const text = this.text.value.trim();
    const note = this.#editing;
    const command = note === null ? { type: "take-note", kind, text } : { type: "change-note", note, kind, text };
    if (await this.parts.command(command)) this.#edit(null);
  }

  /** @param {Note | null} note */
  #edit(note) {
    this.#editing = note?.id ?? null;
    this.text.value = note?.text ?? "";
    if (note !== null) this.kind.value = note.kind;
    show(this.stop, note !== null);
    setText(hook(this.form, "label"), t(note === null ? "noteAdd" : "noteSave"));
    if (note !== null) this.text.focus();
  }

  /** @param {State} _state @param {Session} session */
  render(_state, session) {
    arrange(this.list, session.notes.map((note) => this.#note(note)));
    setText(this.ends, session.ends === null ? "" : t("endsAt", { time: wallClock(session.ends) }));
  }

  /** @param {Note} note */
  #note(note) {
    const row = this.#rows.get(note.id) ?? this.#new(note.id);
    setText(hook(row, "kind"), t(KINDS[note.kind]));
    setText(hook(row, "at"), wallClock(note.at));
    setText(hook(row, "text"), note.text);
    return row;
  }

  /** @param {number} id */
  #new(id) {
    const row = clone("note-row");
    const { signal } = this;
    const note = () => this.parts.state().session?.notes.find((one) => one.id === id) ?? null;
    hook(row, "edit").addEventListener("click", () => this.#edit(note()), { signal });
    hook(row, "strike").addEventListener("click", () => {
      const known = note();
      if (known !== null) void this.parts.command({ type: "change-note", note: id, kind: known.kind, text: "" });
    }, { signal });
    this.#rows.set(id, row);
    return row;
  }
}
