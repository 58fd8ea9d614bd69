// @ts-check
/**
 * The floor, the chair, the agenda and breaks: how their events change the session. Pure; mirrors
 * `rooms/session/floor.py` and `rooms/session/course.py`, and a test feeds both the same log.
 *
 * @import { AgendaItem, LogEvent, Seat, Session } from "./protocol.js"
 */

/**
 * @param {Session} session
 * @param {LogEvent} event
 * @param {number} at epoch seconds
 * @returns {Session | null} null: not an event of these
 */
export function evolveCourse(session, event, at) {
  switch (event.type) {
    case "floor-given": {
      const { seat, seconds, person } = event;
      return { ...waitsNoLonger(session, seat), floor: { seat, since: at, seconds, person } };
    }
    case "floor-extended":
      return withFloor(session, { seconds: event.seconds });
    case "speaker-named":
      return withFloor(session, { person: event.person });
    case "floor-ended": {
      const before = session.spoken[event.seat] ?? 0;
      return { ...session, floor: null, spoken: { ...session.spoken, [event.seat]: before + event.spoken } };
    }
    case "seat-queued":
      return { ...session, queue: [...session.queue, event.seat] };
    case "queue-moved":
      return { ...session, queue: moved(session.queue, event.seat, event.before) };
    case "discussion-set":
      return { ...session, discussion: event.open };
    case "chair-handed-over":
      return handedOver(session, event);
    case "item-reached":
      return { ...session, item: event.item, agenda: session.agenda.map((item) => clocked(item, event.item, at)) };
    case "pause-started": {
      const since = session.pause?.since ?? at;
      return { ...session, pause: { since, until: event.until, by: event.by } };
    }
    case "pause-ended":
      return { ...session, pause: null };
    default:
      return null;
  }
}

/** The hand down, the place in the queue given up. @param {Session} session @param {string} id @returns {Session} */
export function waitsNoLonger(session, id) {
  const seat = session.seats[id];
  const seats = seat === undefined ? session.seats : { ...session.seats, [id]: { ...seat, hand: null } };
  return { ...session, seats, queue: session.queue.filter((waiting) => waiting !== id) };
}

/** @param {Session} session @param {Partial<import("./protocol.js").Floor>} change @returns {Session} */
function withFloor(session, change) {
  return session.floor === null ? session : { ...session, floor: { ...session.floor, ...change } };
}

/** @param {readonly string[]} queue @param {string} seat @param {string | null} before */
function moved(queue, seat, before) {
  if (before === seat) return [...queue];
  const rest = queue.filter((waiting) => waiting !== seat);
  rest.splice(before === null ? rest.length : rest.indexOf(before), 0, seat);
  return rest;
}

/** @param {Session} session @param {{ seat: string, former: Seat | null }} event @returns {Session} */
function handedOver(session, { seat, former }) {
  const seats = { ...session.seats };
  if (former !== null) seats[former.id] = { ...(seats[former.id] ?? former), role: former.role };
  const next = seats[seat];
  if (next !== undefined) seats[seat] = { ...next, role: "chair" };
  return { ...session, seats, handedTo: seat };
}

/** Stop the clock of the item that was at hand, start that of the one that is. @param {AgendaItem} item @param {number | null} reached @param {number} at @returns {AgendaItem} */
function clocked(item, reached, at) {
  if (item.id === reached) return { ...item, started: at };
  return item.started === null ? item : { ...item, started: null, spent: item.spent + at - item.started };
}
