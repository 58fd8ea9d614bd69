// @ts-check
/** How long a turn lasts, as chosen on this computer. */

/** The usual lengths, in minutes; null: no limit. */
export const TURN_MINUTES = Object.freeze([3, 5, 10, 15, null]);

const KEY = "diemcau.turn-minutes";
const USUAL = 5;

/** @returns {number | null} null: no limit */
export function turnMinutes() {
  const kept = localStorage.getItem(KEY);
  if (kept === "") return null;
  const minutes = Number(kept ?? USUAL);
  return TURN_MINUTES.includes(minutes) ? minutes : USUAL;
}

/** @param {number | null} minutes */
export function rememberTurnMinutes(minutes) {
  localStorage.setItem(KEY, minutes === null ? "" : String(minutes));
}
