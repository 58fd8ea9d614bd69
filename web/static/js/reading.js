// @ts-check
/**
 * Which page of the shown document one reads: that of who presents, or another while looking ahead.
 * Pure.
 *
 * @import { Session, ShownDocument } from "./protocol.js"
 */

/** Widths of pictures the server makes, in dots. */
const WIDTHS = [640, 1280, 2000];

/**
 * @typedef {object} Reading
 * @property {string} document which one it is about, "" none
 * @property {number | null} ahead the page one looks at alone; null: that of who presents
 * @property {boolean} hidden put away here; it goes on for the others
 */

/** @type {Reading} */
export const CLOSED = Object.freeze({ document: "", ahead: null, hidden: false });

/** @param {ShownDocument} shown */
export function nameOf({ id, version }) {
  return `${id}/${version}`;
}

/**
 * Another document is followed from its start, also by who had put the one before away.
 *
 * @param {Reading} reading
 * @param {ShownDocument | null} shown
 * @returns {Reading}
 */
export function kept(reading, shown) {
  if (shown === null) return CLOSED;
  return reading.document === nameOf(shown) ? reading : { ...CLOSED, document: nameOf(shown) };
}

/** @param {Reading} reading @param {ShownDocument} shown */
export function pageRead(reading, shown) {
  return reading.ahead ?? shown.page;
}

/**
 * Look at a page alone. Who comes to the page of who presents follows again only by asking for it.
 *
 * @param {Reading} reading
 * @param {ShownDocument} shown
 * @param {number} page
 * @returns {Reading}
 */
export function lookedAt(reading, shown, page) {
  return { ...reading, ahead: within(shown, page) };
}

/** @param {ShownDocument} shown @param {number} page */
export function within(shown, page) {
  return Math.min(Math.max(1, Math.round(page) || 1), shown.pages);
}

/**
 * Whether one turns the page for all: who leads, and who has the floor.
 *
 * @param {{ session: Session | null, seat: string, permissions: readonly string[] }} state
 */
export function presents({ session, seat, permissions }) {
  if (session === null || !permissions.includes("present-document")) return false;
  const role = session.seats[seat]?.role;
  return role === "chair" || role === "secretary" || session.floor?.seat === seat;
}

/**
 * How wide a picture to ask for.
 *
 * @param {number} across dots on the screen
 * @param {boolean} weak the line carries little
 */
export function widthFor(across, weak) {
  if (weak) return WIDTHS[0];
  return WIDTHS.find((width) => width >= across * 0.9) ?? WIDTHS[WIDTHS.length - 1];
}

/**
 * The documents of the item at hand before those of the meeting, others last.
 *
 * @template {{ item: number | null }} T
 * @param {readonly T[]} listed
 * @param {number | null} item
 * @returns {T[]}
 */
export function ofItemFirst(listed, item) {
  const place = (/** @type {T} */ one) => (one.item === null ? 1 : one.item === item ? 0 : 2);
  return [...listed].sort((a, b) => place(a) - place(b));
}
