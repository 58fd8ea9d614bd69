// @ts-check
/**
 * The floor as it looks now: the turn and its clock, who waits, who comes next. Pure.
 *
 * @import { Seat, Session } from "./protocol.js"
 * @import { State } from "./state.js"
 */

import { ownSeat, presiding, waiting } from "./state.js";

/** The room is warned this long before a turn is over. */
export const LAST_S = 60;

/**
 * @typedef {"open" | "running" | "last" | "over"} Phase open: no limit; last: the last minute
 *
 * @typedef {object} Turn
 * @property {Seat} seat
 * @property {string} person who speaks there
 * @property {number} since server's epoch seconds
 * @property {number} elapsed seconds
 * @property {number | null} seconds granted; null: no limit
 * @property {number} left seconds, negative when the time is over; 0 without a limit
 * @property {Phase} phase
 *
 * @typedef {object} Waiting
 * @property {Seat} seat
 * @property {number} place from 1
 * @property {number | null} waits seconds since the hand was raised; null: put there by who leads
 * @property {number} spoken seconds of turns before
 * @property {boolean} away its line is lost, or it left: it keeps its place, but cannot be invited
 */

/**
 * @param {State} state
 * @param {number} now local epoch seconds
 * @returns {Turn | null} null: nobody has the floor
 */
export function turnOf(state, now) {
  const floor = state.session?.floor ?? null;
  const seat = floor === null ? undefined : state.session?.seats[floor.seat];
  if (floor === null || seat === undefined) return null;
  const elapsed = Math.max(0, now + state.clockOffset - floor.since);
  const left = floor.seconds === null ? 0 : floor.seconds - elapsed;
  const { since, seconds } = floor;
  const person = floor.person !== "" || seat.person === seat.name ? floor.person : seat.person;
  return { seat, person, since, elapsed, seconds, left, phase: phaseOf(seconds, left) };
}

/** @param {number | null} seconds @param {number} left @returns {Phase} */
function phaseOf(seconds, left) {
  if (seconds === null) return "open";
  if (left <= 0) return "over";
  return left <= LAST_S ? "last" : "running";
}

/**
 * What the clock of a turn says: counts down, or up where there is no limit.
 *
 * @param {Turn} turn
 * @returns {{ word: string, seconds: number }} key of the page's texts
 */
export function turnClock({ phase, left, elapsed }) {
  if (phase === "open") return { word: "speaking", seconds: elapsed };
  if (phase === "over") return { word: "turnOver", seconds: -left };
  // Digits show what is left of the running second as a whole one: 00:00 is the end.
  return { word: phase === "last" ? "turnLast" : "turnLeft", seconds: Math.ceil(left) };
}

/** @param {Session} session @param {string} seat */
export function holdsFloor(session, seat) {
  return session.floor?.seat === seat;
}

/**
 * Who waits to speak, with what decides on the order.
 *
 * @param {State} state
 * @param {number} now local epoch seconds
 * @returns {Waiting[]}
 */
export function speakers(state, now) {
  const { session } = state;
  if (session === null) return [];
  return waiting(session).map((seat, at) => ({
    seat,
    place: at + 1,
    waits: seat.hand === null ? null : Math.max(0, now + state.clockOffset - seat.hand),
    spoken: session.spoken[seat.id] ?? 0,
    away: isAway(state, seat),
  }));
}

/** @param {State} state @param {Seat} seat */
function isAway(state, seat) {
  return !seat.present || state.lines[seat.id] === "lost";
}

/** The first who waits and is there. @param {State} state @returns {Seat | null} */
export function nextSpeaker(state) {
  const { session } = state;
  if (session === null) return null;
  return waiting(session).find((seat) => seat.present && !holdsFloor(session, seat.id)) ?? null;
}

/** All turns that are over: how many seats spoke, and how long. @param {Session} session */
export function spokenInAll(session) {
  const turns = Object.values(session.spoken);
  return { count: turns.length, seconds: turns.reduce((sum, one) => sum + one, 0) };
}

/**
 * Whether this seat may switch its own microphone on now. Mirrors `may_speak` of
 * `rooms/session/floor.py`.
 *
 * @param {State} state
 */
export function mayUnmute(state) {
  const { session } = state;
  const own = ownSeat(state);
  if (session === null || own === null) return false;
  if (session.discussion || holdsFloor(session, own.id)) return true;
  return own.role === "chair" || own.role === "secretary" || own.role === "technician";
}

/**
 * Invited to speak, and asked to switch the microphone on by itself: it has not been heard in this
 * turn.
 *
 * @param {State} state
 */
export function isAsked(state) {
  const own = ownSeat(state);
  if (state.session === null || own === null || own.microphone) return false;
  return holdsFloor(state.session, own.id) && !state.heard;
}

/**
 * Whether this seat may take the chair now: it is the deputy, and the chair is away.
 *
 * @param {State} state
 */
export function mayTakeChair({ session, seat, permissions }) {
  if (session === null || session.deputy !== seat || !permissions.includes("take-chair")) return false;
  const chair = presiding(session);
  return chair?.id !== seat && !(chair?.present ?? false);
}
