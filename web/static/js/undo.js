// @ts-check
/**
 * What takes a command back, for presses that slip. Pure.
 *
 * @import { Command, Session } from "./protocol.js"
 */

/** The shortest and the longest turn that can be granted. */
const TURN_S = { least: 30, most: 7200 };

/**
 * @param {Session} session before the command
 * @param {Command} command
 * @param {number} now server's epoch seconds
 * @returns {Command[]} commands that bring it back, in this order; none: there is nothing to take back
 */
export function undoOf(session, command, now) {
  switch (command.type) {
    case "end-turn":
      return givenBack(session, now);
    case "invite-to-speak":
      return takenBack(session, command.seat, now);
    case "lower-hand":
      return queuedAgain(session, command.seat);
    case "move-in-queue":
      return [{ type: "move-in-queue", seat: command.seat, before: after(session, command.seat) }];
    case "set-discussion":
      return [{ type: "set-discussion", open: session.discussion }];
    case "go-to-item":
      return [{ type: "go-to-item", item: session.item }];
    case "start-pause":
      return session.pause === null ? [{ type: "end-pause" }] : [];
    case "end-pause":
      return pausedAgain(session, now);
    default:
      return [];
  }
}

/** The floor to who had it, with the time that was left. @param {Session} session @param {number} now @returns {Command[]} */
function givenBack({ floor }, now) {
  if (floor === null) return [];
  const left = floor.seconds === null ? null : Math.round(floor.seconds - (now - floor.since));
  const seconds = left === null ? null : Math.min(TURN_S.most, Math.max(TURN_S.least, left));
  return [{ type: "invite-to-speak", seat: floor.seat, seconds, person: floor.person }];
}

/** @param {Session} session @param {string} seat @param {number} now @returns {Command[]} */
function takenBack(session, seat, now) {
  const before = session.floor === null ? [{ type: /** @type {const} */ ("end-turn") }] : givenBack(session, now);
  return session.queue.includes(seat) ? [...before, ...queuedAgain(session, seat)] : before;
}

/** @param {Session} session @param {string} seat @returns {Command[]} */
function queuedAgain(session, seat) {
  if (!session.queue.includes(seat)) return [];
  const before = after(session, seat);
  /** @type {Command} */
  const queued = { type: "queue-seat", seat };
  return before === null ? [queued] : [queued, { type: "move-in-queue", seat, before }];
}

/** Who stands behind a seat in the queue. @param {Session} session @param {string} seat */
function after({ queue }, seat) {
  return queue[queue.indexOf(seat) + 1] ?? null;
}

/** @param {Session} session @param {number} now @returns {Command[]} */
function pausedAgain({ pause }, now) {
  if (pause === null) return [];
  return [{ type: "start-pause", seconds: Math.max(60, Math.round(pause.until - now)) }];
}
