// @ts-check
/**
 * The large buttons: the one thing to do next, and the microphone. Pure.
 *
 * @import { State } from "./state.js"
 * @import { Turn } from "./floor.js"
 */

import { placeInLine } from "./describe.js";
import { isAsked, mayUnmute, nextSpeaker, turnOf } from "./floor.js";
import { may, ownSeat, waiting } from "./state.js";
import { duration } from "./times.js";

/**
 * @typedef {object} ButtonLook
 * @property {"ask" | "cancel" | "finish" | "speak" | "endTurn" | "next" | "resume" | "list"} action
 * @property {string} icon
 * @property {string} label key of the page's texts
 * @property {string} hint key of the page's texts
 * @property {"primary" | "asked" | ""} tone
 * @property {Record<string, string | number>} values
 */

/**
 * The large middle button.
 *
 * @param {State} state
 * @param {number} now local epoch seconds
 * @returns {ButtonLook}
 */
export function middleButton(state, now) {
  const turn = turnOf(state, now);
  const own = ownSeat(state);
  if (state.session?.pause && may(state, "end-pause")) return resumeButton();
  if (isAsked(state)) return button("speak", "mic", "speakNow", "speakNowHint", "primary");
  if (turn !== null && turn.seat.id === state.seat) return ownTurn(turn);
  if (may(state, "invite-to-speak")) return leadButton(state, turn);
  if (!may(state, "raise-hand")) return listButton("listSites", "listSitesHint");
  if (own?.microphone) return button("finish", "check", "finishSpeaking", "finishSpeakingHint", "primary");
  return queueButton(state);
}

/** @param {State} state @returns {ButtonLook} */
function queueButton(state) {
  const place = placeInLine(state, state.seat);
  if (place > 0) return button("cancel", "speech", "asked", "askedHint", "asked", { place });
  const count = state.session === null ? 0 : waiting(state.session).length;
  return button("ask", "speech", "askToSpeak", count === 0 ? "nobodyWaits" : "someWait", "primary", { count });
}

/** @param {Turn} turn @returns {ButtonLook} */
function ownTurn(turn) {
  return button("endTurn", "check", "finishSpeaking", turnHint(turn), "primary", turnValues(turn));
}

/** @param {State} state @param {Turn | null} turn @returns {ButtonLook} */
function leadButton(state, turn) {
  const next = nextSpeaker(state);
  const count = state.session === null ? 0 : waiting(state.session).length;
  if (next !== null) {
    const hint = turn === null ? "someWait" : "nextOfThose";
    return button("next", "arrow", "inviteToSpeak", hint, "primary", { name: next.shortName, count });
  }
  if (turn === null) return { ...listButton("leadPanel", count === 0 ? "nobodyWaits" : "someWait"), values: { count } };
  const values = { ...turnValues(turn), name: turn.seat.shortName };
  return button("endTurn", "check", "endTurnOf", turnHint(turn), "primary", values);
}

/** @param {Turn} turn */
function turnHint({ phase }) {
  if (phase === "open") return "spokenSoFar";
  return phase === "over" ? "overBy" : "leftOf";
}

/** @param {Turn} turn */
function turnValues({ phase, left, elapsed, seconds }) {
  const shown = phase === "open" ? elapsed : phase === "over" ? -left : Math.ceil(left);
  return { time: duration(shown), limit: duration(seconds ?? 0) };
}

/** @returns {ButtonLook} */
function resumeButton() {
  return button("resume", "play", "resumeMeeting", "resumeMeetingHint", "primary");
}

/** @param {string} label @param {string} hint @returns {ButtonLook} */
function listButton(label, hint) {
  return button("list", "list", label, hint, "");
}

/**
 * @param {ButtonLook["action"]} action
 * @param {string} icon
 * @param {string} label
 * @param {string} hint
 * @param {ButtonLook["tone"]} tone
 * @param {Record<string, string | number>} [values]
 * @returns {ButtonLook}
 */
function button(action, icon, label, hint, tone, values = {}) {
  return { action, icon, label, hint, tone, values };
}

/**
 * What stands below the word on the microphone's button.
 *
 * @param {State} state
 * @param {boolean} open a microphone is open on this computer
 * @returns {string} key of the page's texts
 */
export function microphoneHint(state, open) {
  if (state.session?.pause) return "microphonePausedHint";
  if (ownSeat(state)?.microphone) return "microphoneOnHint";
  if (!open) return "noMicrophone";
  return mayUnmute(state) ? "microphoneOffHint" : "microphoneClosedHint";
}
