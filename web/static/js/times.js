// @ts-check
/** Times in words and digits. Pure. */

/** Viet Nam is seven hours ahead of UTC all year; the browser's own zone does not count. */
const LOCAL_OFFSET_S = 7 * 3600;

/**
 * The wall clock of the meeting: "08:05".
 *
 * @param {number} at UTC epoch seconds
 * @returns {string}
 */
export function wallClock(at) {
  return new Date((at + LOCAL_OFFSET_S) * 1000).toISOString().slice(11, 16);
}

/**
 * Minutes and seconds, with hours when there are any: "04:12", "1:04:12".
 *
 * @param {number} seconds
 * @returns {string}
 */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}
