// @ts-check
/**
 * Who is heard, from the server's notices of loudness. Pure.
 *
 * @import { Seat } from "./protocol.js"
 * @import { State } from "./state.js"
 */

/** A voice counts as speaking this long after its last word, so that plates do not flicker. */
export const SPEAKING_HOLD_S = 3;

/**
 * @typedef {object} Voice
 * @property {number} level 0…127
 * @property {boolean} speaking what the server said last
 * @property {number} since when this turn began, local epoch seconds
 * @property {number} last when it was last heard speaking, local epoch seconds
 */

/**
 * @param {Readonly<Record<string, Voice>>} voices
 * @param {{ seat: string, level: number, speaking: boolean }[]} levels
 * @param {number} now
 * @returns {Record<string, Voice>}
 */
export function heard(voices, levels, now) {
  const changed = levels.map(({ seat, level, speaking }) => {
    const before = voices[seat];
    const goes = before !== undefined && lasts(before, now);
    const last = speaking || before?.speaking ? now : (before?.last ?? 0);
    const since = speaking && !goes ? now : (before?.since ?? 0);
    return [seat, { level, speaking, since, last }];
  });
  return { ...voices, ...Object.fromEntries(changed) };
}

/**
 * @param {Voice} voice
 * @param {number} now
 */
function lasts(voice, now) {
  return voice.speaking || (voice.last > 0 && now - voice.last < SPEAKING_HOLD_S);
}

/**
 * Since when a seat has been speaking (local epoch seconds); null when it is silent or muted.
 *
 * @param {State} state
 * @param {Seat} seat
 * @param {number} now
 * @returns {number | null}
 */
export function speakingSince(state, seat, now) {
  const voice = state.voices[seat.id];
  if (!seat.present || !seat.microphone || voice === undefined) return null;
  return lasts(voice, now) ? voice.since : null;
}
