// @ts-check
/**
 * What this client knows of the meeting: (state, message) -> state. Pure; `now` is epoch seconds.
 *
 * @import { Entry, PausedPicture, Quality, Seat, ServerMessage, Session, Slot, Welcome } from "./protocol.js"
 * @import { Voice } from "./voices.js"
 */

import { evolveCourse, waitsNoLonger } from "./course.js";
import { evolveProceedings } from "./proceedings.js";
import { heard } from "./voices.js";

/**
 * @typedef {object} State
 * @property {string} connection
 * @property {string} seat one's own seat
 * @property {readonly string[]} permissions
 * @property {Session | null} session
 * @property {boolean} gap an entry was missed: come back with a fresh snapshot
 * @property {number} clockOffset server's clock minus ours, seconds
 * @property {readonly Slot[]} slots
 * @property {Readonly<Record<string, Voice>>} voices
 * @property {Readonly<Record<string, Quality>>} lines
 * @property {readonly PausedPicture[]} paused pictures of others that are not sent here now
 * @property {Readonly<Record<string, boolean>>} left seats that left on purpose
 * @property {boolean} heard who has the floor has had its microphone on in this turn
 * @property {{ growing: boolean, sizeBytes: number } | null} recordingHealth
 * @property {Readonly<Record<number, string>>} receipts of the secret votes this client took part in
 */

/** What an absent seat is: it publishes nothing. */
const AWAY = { present: false, since: null, microphone: false, speaksUntil: null, screen: false };
/** Who lost the line while speaking speaks on when it is back by then. */
const SPEAKS_AGAIN_S = 300;

/** @type {Session} before the first entry of a log */
export const NOTHING = Object.freeze({
  meeting: 0,
  title: "",
  phase: "open",
  seats: {},
  main: null,
  pinned: false,
  sharing: null,
  recording: null,
  floor: null,
  queue: [],
  discussion: true,
  spoken: {},
  agenda: [],
  item: null,
  pause: null,
  deputy: null,
  handedTo: null,
  roll: null,
  chat: true,
  messages: [],
  questions: [],
  announcement: "",
  votes: [],
  locked: false,
  knocking: {},
  admitted: [],
  barred: [],
  scene: { kind: /** @type {const} */ ("main"), seats: [] },
  round: null,
  notes: [],
  checks: {},
  ends: null,
  rehearsal: false,
  farewell: "",
  document: null,
  seq: 0,
});

/** @type {State} */
export const INITIAL = Object.freeze({
  connection: "",
  seat: "",
  permissions: [],
  session: null,
  gap: false,
  clockOffset: 0,
  slots: [],
  voices: {},
  lines: {},
  paused: [],
  left: {},
  heard: false,
  recordingHealth: null,
  receipts: {},
});

/**
 * @param {State} state
 * @param {ServerMessage} message
 * @param {number} now
 * @returns {State}
 */
export function apply(state, message, now) {
  switch (message.type) {
    case "welcome":
      return welcome(state, message, now);
    case "events":
      return message.entries.reduce(fold, state);
    case "slots":
      return { ...state, slots: message.slots };
    case "speakers":
      return { ...state, voices: heard(state.voices, message.levels, now) };
    case "lines":
      return { ...state, lines: merged(state.lines, message.lines.map((l) => [l.seat, l.quality])) };
    case "paused":
      return { ...state, paused: message.pictures };
    case "recording-health":
      return {
        ...state,
        recordingHealth: { growing: message.growing, sizeBytes: message.sizeBytes },
      };
    case "permissions":
      return { ...state, permissions: message.permissions, session: newer(state.session, message.session) };
    case "receipt":
      return { ...state, receipts: { ...state.receipts, [message.vote]: message.receipt } };
    case "media-reset":
      return { ...state, slots: [], voices: {} };
    default:
      return state;
  }
}

/**
 * A snapshot that waited before the first entries never takes the session back.
 *
 * @param {Session | null} known
 * @param {Session} snapshot
 */
function newer(known, snapshot) {
  return known !== null && known.seq > snapshot.seq ? known : snapshot;
}

/**
 * @param {State} state
 * @param {Welcome} message
 * @param {number} now
 * @returns {State}
 */
function welcome(state, message, now) {
  const fresh = message.session !== null;
  return {
    ...state,
    connection: message.connection,
    seat: message.seat,
    permissions: message.permissions,
    session: fresh ? message.session : state.session,
    heard: fresh ? holderIsOn(message.session) : state.heard,
    gap: fresh ? false : state.gap,
    clockOffset: message.now - now,
    voices: {},
    lines: {},
    paused: [],
  };
}

/**
 * Fold one log entry in. Entries already known are skipped; a missing one sets `gap`.
 *
 * @param {State} state
 * @param {Entry} entry
 * @returns {State}
 */
export function fold(state, entry) {
  const { session } = state;
  if (session === null || entry.seq <= session.seq) return state;
  if (entry.seq !== session.seq + 1) return { ...state, gap: true };
  const next = { ...state, session: evolve(session, entry) };
  const { event } = entry;
  if (event.type === "seat-left") next.left = merged(state.left, [[event.seat, event.left]]);
  if (event.type === "seat-entered") next.left = without(state.left, event.seat.id);
  if (event.type === "recording-stopped") next.recordingHealth = null;
  if (event.type === "floor-given") next.heard = holderIsOn(next.session);
  else next.heard = state.heard || holderIsOn(next.session);
  const silenced = event.type === "seat-left" || (event.type === "microphone-set" && !event.on);
  if (silenced) next.voices = without(state.voices, event.seat);
  return next;
}

/** @param {Session | null} session */
function holderIsOn(session) {
  const holder = session?.floor ? session.seats[session.floor.seat] : undefined;
  return holder?.microphone ?? false;
}

/**
 * The next session. Mirrors `rooms/session/core.py`; a test feeds both the same log.
 *
 * @param {Session} session
 * @param {Entry} entry
 * @returns {Session}
 */
export function evolve(session, { seq, at, event }) {
  const course = evolveCourse(session, event, at) ?? evolveProceedings(session, event, at);
  if (course !== null) return { ...course, seq };
  let next = { ...session, seq };
  switch (event.type) {
    case "meeting-opened": {
      const { meeting, title, agenda, deputy, discussion, ends, rehearsal } = event;
      return { ...NOTHING, meeting, title, agenda, deputy, discussion, ends, rehearsal, seats: byId(event.seats), seq };
    }
    case "seat-entered":
      next.seats = merged(session.seats, [[event.seat.id, event.seat]]);
      return next;
    case "seat-left":
      if (event.left) next = waitsNoLonger(next, event.seat);
      next.seats = changed(next.seats, event.seat, {
        ...AWAY,
        speaksUntil: session.seats[event.seat]?.microphone && !event.left ? at + SPEAKS_AGAIN_S : null,
      });
      if (session.sharing === event.seat) next.sharing = null;
      return next;
    case "microphone-set":
      next.seats = changed(session.seats, event.seat, {
        microphone: event.on,
        mutedBy: event.on || event.by === event.seat ? null : event.by,
        speaksUntil: null,
      });
      return next;
    case "camera-set":
      next.seats = changed(session.seats, event.seat, { camera: event.on });
      return next;
    case "screen-set":
      next.seats = changed(session.seats, event.seat, { screen: event.on });
      next.sharing = event.on ? event.seat : null;
      return next;
    case "limits-set":
      next.seats = changed(session.seats, event.seat, { limits: event.limits });
      return next;
    case "hand-raised":
      next.seats = changed(session.seats, event.seat, { hand: at });
      if (!session.queue.includes(event.seat)) next.queue = [...session.queue, event.seat];
      return next;
    case "hand-lowered":
      return waitsNoLonger(next, event.seat);
    case "main-shown":
      next.main = event.seat;
      next.pinned = event.pinned;
      return next;
    case "recording-started":
      next.recording = { id: event.recording, started: at, by: event.by };
      return next;
    case "recording-stopped":
      next.recording = null;
      return next;
    case "meeting-ended": {
      const seats = Object.values(session.seats).map((seat) => ({ ...seat, ...AWAY, hand: null }));
      const nobody = { main: null, pinned: false, sharing: null, recording: null, floor: null, queue: [], pause: null, knocking: {}, round: null, document: null };
      return { ...next, ...nobody, phase: "ended", farewell: event.text, seats: byId(seats) };
    }
    default: // an event of a later version
      return next;
  }
}

/** @param {readonly Seat[]} seats @returns {Record<string, Seat>} */
function byId(seats) {
  return Object.fromEntries(seats.map((seat) => [seat.id, seat]));
}

/**
 * @param {Record<string, Seat>} seats
 * @param {string} id
 * @param {Partial<Seat>} fields
 * @returns {Record<string, Seat>}
 */
function changed(seats, id, fields) {
  const seat = seats[id];
  return seat === undefined ? seats : { ...seats, [id]: { ...seat, ...fields } };
}

/**
 * @template T
 * @param {Readonly<Record<string, T>>} record
 * @param {[string, T][]} pairs
 * @returns {Record<string, T>}
 */
function merged(record, pairs) {
  return { ...record, ...Object.fromEntries(pairs) };
}

/**
 * @template T
 * @param {Readonly<Record<string, T>>} record
 * @param {string} key
 * @returns {Record<string, T>}
 */
function without(record, key) {
  const { [key]: _, ...rest } = record;
  return rest;
}

// ------------------------------------------------------------------ questions

/** @param {State} state @returns {Seat | null} */
export function ownSeat(state) {
  return state.session?.seats[state.seat] ?? null;
}

/** The state with the own microphone off. @param {State} state @returns {State} */
export function silent(state) {
  const { session } = state;
  if (session === null) return state;
  return { ...state, session: { ...session, seats: changed(session.seats, state.seat, { microphone: false }) } };
}

/** The state with the own pictures withheld, because our line does not carry them. @param {State} state @returns {State} */
export function withheld(state) {
  const own = /** @type {const} */ ({ seat: state.seat, source: "camera", why: "line" });
  return ownSeat(state)?.camera ? { ...state, paused: [...state.paused, own] } : state;
}

/** @param {State} state @param {string} command @returns {boolean} */
export function may(state, command) {
  return state.permissions.includes(command);
}

/** @param {Session} session @returns {Seat[]} all seats in protocol order */
export function inOrder(session) {
  return Object.values(session.seats).sort((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1));
}

/**
 * Seats with a place among the tiles, in protocol order. Sites keep theirs while they are away;
 * people are shown while they are here.
 *
 * @param {Session} session
 * @returns {Seat[]}
 */
export function onTiles(session) {
  return inOrder(session).filter(
    (seat) => seat.onTiles && (seat.present || seat.role === "site" || seat.role === "chair"),
  );
}

/** @param {Session} session @returns {Seat[]} who waits to speak, in order; also who lost the line meanwhile */
export function waiting(session) {
  return session.queue.flatMap((id) => session.seats[id] ?? []);
}

/** @param {Session} session @returns {Seat | null} the presiding seat */
export function presiding(session) {
  return inOrder(session).find((seat) => seat.role === "chair") ?? null;
}

/**
 * What the main picture shows: the shared screen before the seat chosen, that before the chair. Who
 * shares sees the meeting, not the own screen within itself.
 *
 * @param {Session} session
 * @param {string} own one's own seat
 * @returns {{ seat: Seat, source: "camera" | "screen" } | null}
 */
export function onMain(session, own) {
  const sharing = session.sharing === null ? undefined : session.seats[session.sharing];
  if (sharing !== undefined && sharing.id !== own) return { seat: sharing, source: "screen" };
  const chosen = session.main === null ? undefined : session.seats[session.main];
  const seat = chosen ?? presiding(session);
  return seat === null ? null : { seat, source: "camera" };
}
