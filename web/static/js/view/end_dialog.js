// @ts-check
/** The end of the meeting: asked once, with the words all sites read after it; and what follows. */

import { page, t } from "../page.js";
import { hook, setAttribute, setText, show } from "./dom.js";

/**
 * Ask once. Resolves to the closing words, or null when it goes on.
 *
 * @param {HTMLElement} root
 * @param {{ text: string, words: string }} question
 * @param {AbortSignal} signal
 * @returns {Promise<string | null>}
 */
export function askEnd(root, question, signal) {
  const dialog = /** @type {HTMLDialogElement} */ (hook(root, "end-dialog"));
  const words = /** @type {HTMLTextAreaElement} */ (hook(dialog, "end-words"));
  setText(hook(dialog, "end-text"), question.text);
  words.value = question.words;
  const done = new AbortController();
  const signals = AbortSignal.any([signal, done.signal]);
  return new Promise((resolve) => {
    const answer = (/** @type {string | null} */ given) => {
      done.abort();
      dialog.close();
      resolve(given);
    };
    hook(dialog, "end-yes").addEventListener("click", () => answer(words.value.trim()), { signal: signals });
    hook(dialog, "end-no").addEventListener("click", () => answer(null), { signal: signals });
    dialog.addEventListener("cancel", () => answer(null), { signal: signals });
    dialog.showModal();
    hook(dialog, "end-no").focus();
  });
}

/**
 * The farewell: what the chair said, when the conclusions come, which meeting is next.
 *
 * @param {HTMLElement} final
 * @param {{ words: string, rehearsal: boolean }} ended
 */
export async function farewell(final, { words, rehearsal }) {
  setText(hook(final, "final-title"), t(rehearsal ? "rehearsalEnded" : "bye_ended"));
  setText(hook(final, "final-text"), words || t(rehearsal ? "rehearsalEndedText" : "bye_ended_text"));
  try {
    const response = await fetch(`${page.meeting.room}/sau-hop`);
    if (response.ok) follows(final, await response.json());
  } catch {
    // What follows stands on the page of the meeting as well.
  }
}

/**
 * @param {HTMLElement} final
 * @param {{ conclusions: string, next: { title: string, when: string, page: string } | null }} after
 */
function follows(final, { conclusions, next }) {
  const due = hook(final, "final-conclusions");
  show(due, conclusions !== "");
  setText(due, t("conclusionsBy", { date: conclusions }));
  const then = hook(final, "final-next");
  show(then, next !== null);
  if (next === null) return;
  setText(hook(then, "final-next-when"), next.when);
  const link = hook(then, "final-next-link");
  setText(link, next.title);
  setAttribute(link, "href", next.page);
}
