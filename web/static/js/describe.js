// @ts-check
/**
 * How a seat and the line look: state -> shape, word, colour. Pure.
 *
 * @import { LineLimits, Quality, Seat } from "./protocol.js"
 * @import { PeerState } from "./peer.js"
 * @import { State } from "./state.js"
 */

import { ownSeat, waiting } from "./state.js";
import { speakingSince } from "./voices.js";

/**
 * @typedef {object} Look
 * @property {"" | "floor" | "ask" | "weak" | "lost" | "away"} tone
 * @property {string} icon
 * @property {string} word key of the page's texts
 * @property {number} place in the waiting list, from 1; 0: does not wait
 */

/**
 * @param {State} state
 * @param {Seat} seat
 * @param {number} now local epoch seconds
 * @returns {Look}
 */
export function seatLook(state, seat, now) {
  const look = (/** @type {Look["tone"]} */ tone, /** @type {string} */ icon, /** @type {string} */ word) => ({
    tone,
    icon,
    word,
    place: 0,
  });
  if (!seat.present) {
    if (!(seat.id in state.left)) return look("away", "minus", "notConnected");
    return state.left[seat.id] ? look("away", "leave", "hasLeft") : look("lost", "sig-0", "lineLost");
  }
  const line = state.lines[seat.id];
  if (line === "lost") return look("lost", "sig-0", "lineLost");
  const speaks = speakingSince(state, seat, now) !== null;
  const floor = state.session?.floor ?? null;
  if (floor?.seat === seat.id) return look("floor", ...holderLook(seat, speaks || state.heard));
  // Gold is for the floor; without one it lights up who is heard.
  if (speaks) return floor === null ? look("floor", "voice", "speaking") : look("", "voice", "heardToo");
  const place = placeInLine(state, seat.id);
  if (place > 0) return { ...look("ask", "speech", "waitingToSpeak"), place };
  if (line === "weak") return look("weak", "sig-1", "lineWeak");
  if (seat.onTiles && !seat.camera) return look("", "cam-off", "cameraIsOff");
  return seat.microphone ? look("", "mic", "micIsOn") : look("", "mic-off", "micIsOff");
}

/**
 * Icon and word of who has the floor.
 *
 * @param {Seat} seat
 * @param {boolean} heard in this turn
 * @returns {[string, string]}
 */
function holderLook(seat, heard) {
  if (seat.microphone) return ["voice", "speaking"];
  return heard ? ["mic-off", "floorMuted"] : ["mic-off", "floorInvited"];
}

/**
 * Who limited one's own line, when somebody else did.
 *
 * @param {State} state
 * @returns {"" | "ByTechnician" | "ByLead"}
 */
export function limitedBy(state) {
  const by = ownSeat(state)?.limits.by ?? null;
  if (by === null) return "";
  const role = state.session?.seats[by]?.role;
  return role === "chair" || role === "secretary" ? "ByLead" : "ByTechnician";
}

/**
 * Why a picture is not sent here at the moment; null: it is.
 *
 * @param {State} state
 * @param {string} seat
 * @param {import("./protocol.js").Source} source
 */
export function pauseOf(state, seat, source) {
  return state.paused.find((picture) => picture.seat === seat && picture.source === source)?.why ?? null;
}

/** Why pictures are paused; what a person can do most about comes first. */
const REASONS = [
  { why: "line", text: "pausedByLineOf" },
  { why: "limit", text: "pausedByLimitOf" },
  { why: "load", text: "pausedByLoadOf" },
];

/**
 * Whose pictures are paused, in one line; null: nobody's.
 *
 * @param {State} state
 * @returns {{ text: string, values: { names: string } } | null} key of the page's texts
 */
export function pausedLine(state) {
  if (pauseOf(state, state.seat, "camera") !== null) return { text: "ownPausedByLine", values: { names: "" } };
  const why = REASONS.find((one) => state.paused.some((picture) => picture.why === one.why));
  if (why === undefined) return null;
  const told = state.paused.filter((picture) => picture.why === why.why);
  const names = told.flatMap(({ seat }) => state.session?.seats[seat]?.shortName ?? []);
  if (names.length === 0) return null;
  return { text: why.text, values: { names: [...new Set(names)].join(", ") } };
}

/** Whether a line has a ceiling, either way. @param {LineLimits} limits */
export function capped(limits) {
  return limits.maxDownKbps !== null || limits.maxUpKbps !== null;
}

/**
 * What stands in place of a picture; a live picture covers it.
 *
 * @param {State} state
 * @param {Look["tone"]} tone
 * @param {Seat} seat
 * @param {boolean} main on the main picture
 * @param {"camera" | "screen"} [source]
 * @returns {{ icon: string, text: string }}
 */
export function messageOf(state, tone, seat, main, source = "camera") {
  const own = seat.id === state.seat;
  if (tone === "lost") return { icon: "sig-0", text: "reconnecting" };
  if (!seat.present) return { icon: "minus", text: "notConnected" };
  const pause = pauseOf(state, seat.id, source);
  if (pause === "line") return { icon: "pause", text: main ? "pausedByLine" : "weakMode" };
  if (pause === "limit") return { icon: "pause", text: main ? "pausedByLimit" : "cappedLine" };
  if (pause === "load") return { icon: "pause", text: main ? "pausedByLoad" : "busyService" };
  if (!seat.camera) return { icon: "cam-off", text: "cameraIsOff" };
  if (seat.limits.profile === "audio") return { icon: "speaker", text: "listensOnly" };
  if (!own && !takesPicture(state, main)) return { icon: "cam-off", text: "pictureNotTaken" };
  return { icon: "cam", text: own ? "noCamera" : "noPictureYet" };
}

/**
 * Whether one's own line is asked to carry a camera of somebody else.
 *
 * @param {State} state
 * @param {boolean} main the main picture's
 */
export function takesPicture(state, main) {
  const profile = ownSeat(state)?.limits.profile ?? "normal";
  return profile === "normal" || (profile === "weak" && main);
}

/**
 * @param {State} state
 * @param {string} seat
 * @returns {number} from 1; 0 when it does not wait
 */
export function placeInLine(state, seat) {
  if (state.session === null) return 0;
  return waiting(state.session).findIndex(({ id }) => id === seat) + 1;
}

/**
 * The connection indicator. The server's word on our own line counts beside what we see ourselves.
 *
 * @param {boolean} lineOpen signalling is connected
 * @param {PeerState} peer
 * @param {Quality} measured by this browser
 * @param {Quality | undefined} told by the server
 * @param {LineLimits} [limits] what the line is asked to carry
 * @returns {{ tone: "ok" | "warn" | "bad" | "", icon: string, word: string }}
 */
export function lineLook(lineOpen, peer, measured, told, limits) {
  if (!lineOpen || peer === "interrupted") return { tone: "bad", icon: "sig-0", word: "reconnecting" };
  if (peer === "blocked") return { tone: "bad", icon: "sig-0", word: "mediaBlockedShort" };
  if (peer === "connecting") return { tone: "", icon: "sig-1", word: "connecting" };
  if (measured !== "good" || (told ?? "good") !== "good") {
    return { tone: "warn", icon: "sig-2", word: "lineWeak" };
  }
  if (limits?.profile === "weak") return { tone: "", icon: "sig-2", word: "weakMode" };
  if (limits?.profile === "audio") return { tone: "", icon: "speaker", word: "listensOnly" };
  if (limits !== undefined && capped(limits)) return { tone: "", icon: "sig-2", word: "cappedLine" };
  return { tone: "ok", icon: "sig-4", word: "lineGood" };
}
