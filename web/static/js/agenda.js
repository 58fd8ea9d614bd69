// @ts-check
/**
 * The agenda as it is gone through: what is at hand, planned against real time, what comes next. Pure.
 *
 * @import { AgendaItem, Session } from "./protocol.js"
 */

/**
 * @typedef {object} Row
 * @property {AgendaItem} item
 * @property {number} place from 1
 * @property {number | null} planned when it should begin, epoch seconds; null: items before it have no
 *   length
 * @property {number} spent seconds so far
 * @property {"done" | "now" | "coming"} state
 *
 * @typedef {object} Strip
 * @property {number} place from 1
 * @property {number} total
 * @property {AgendaItem} item
 * @property {AgendaItem | null} next
 * @property {number} spent seconds
 * @property {number | null} left seconds, negative when it takes longer than planned; null: no length
 */

/**
 * @param {Session} session
 * @param {number} start when the meeting should begin, epoch seconds
 * @param {number} now server's epoch seconds
 * @returns {Row[]}
 */
export function agendaRows(session, start, now) {
  const at = session.agenda.findIndex(({ id }) => id === session.item);
  /** @type {number | null} */
  let planned = start;
  return session.agenda.map((item, index) => {
    const spent = spentOn(item, now);
    /** @type {Row["state"]} */
    const state = index === at ? "now" : spent > 0 ? "done" : "coming";
    const row = { item, place: index + 1, planned, spent, state };
    planned = planned === null || item.minutes === null ? null : planned + item.minutes * 60;
    return row;
  });
}

/** @param {AgendaItem} item @param {number} now */
export function spentOn(item, now) {
  return item.spent + (item.started === null ? 0 : Math.max(0, now - item.started));
}

/**
 * The item at hand, in one line; null: none.
 *
 * @param {Session} session
 * @param {number} now server's epoch seconds
 * @returns {Strip | null}
 */
export function agendaStrip(session, now) {
  const at = session.agenda.findIndex(({ id }) => id === session.item);
  if (at === -1) return null;
  const item = session.agenda[at];
  const spent = spentOn(item, now);
  const left = item.minutes === null ? null : item.minutes * 60 - spent;
  return { place: at + 1, total: session.agenda.length, item, next: session.agenda[at + 1] ?? null, spent, left };
}

/**
 * By how much the meeting is behind its plan, in seconds; negative: ahead; null: nothing tells.
 *
 * @param {readonly Row[]} rows
 * @param {number} now server's epoch seconds
 */
export function behind(rows, now) {
  const row = rows.find(({ state }) => state === "now");
  if (row === undefined || row.planned === null) return null;
  const began = now - row.spent;
  const longer = row.item.minutes === null ? 0 : Math.max(0, row.spent - row.item.minutes * 60);
  return began - row.planned + longer;
}

/** The item after the one at hand, or the first one; null: there is none. @param {Session} session */
export function nextItem(session) {
  const at = session.agenda.findIndex(({ id }) => id === session.item);
  return session.agenda[at + 1] ?? null;
}
