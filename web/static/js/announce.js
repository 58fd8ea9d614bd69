// @ts-check
/**
 * What a log entry means for the person in front of this screen. Pure.
 *
 * @import { Turn } from "./floor.js"
 * @import { Entry, LogEvent, Session } from "./protocol.js"
 * @import { State } from "./state.js"
 *
 * @typedef {object} Announcement
 * @property {string} text key of the page's texts
 * @property {Record<string, string>} values
 * @property {"info" | "ok" | "warn"} tone
 * @property {boolean} shown true: also visible; false: for screen readers only
 * @property {boolean} cue true: with the recording sound
 */

/**
 * @param {Session} before the session without the entry
 * @param {Entry} entry
 * @param {string} own one's own seat
 * @returns {Announcement | null}
 */
export function announce(before, entry, own) {
  const { event } = entry;
  const ofTheFloor = announceFloor(before, event, own) ?? announceCourse(before, event, own);
  if (ofTheFloor !== null) return ofTheFloor;
  /** @param {string | null} id */
  const name = (id) => (id === null ? "" : (before.seats[id]?.name ?? ""));
  switch (event.type) {
    case "microphone-set":
      if (event.seat !== own || event.by === own || event.on) return null;
      return shown("mutedBy", { name: name(event.by) }, "warn");
    case "main-shown":
      if (event.seat !== own || !event.pinned || before.main === own) return null;
      return before.floor?.seat === own ? null : shown("youOnMain", {}, "info");
    case "hand-lowered":
      if (event.seat !== own || event.by === own || before.main === own) return null;
      return shown("handLoweredBy", { name: name(event.by) }, "info");
    case "hand-raised":
      return event.seat === own ? null : heard("someoneAsks", { name: name(event.seat) });
    case "screen-set":
      if (event.seat === own || !event.on) return null;
      return heard("someoneShares", { name: name(event.seat) });
    case "seat-entered":
      if (event.seat.id === own || before.seats[event.seat.id]?.present) return null;
      return heard("someoneEntered", { name: event.seat.name });
    case "seat-left":
      if (event.seat === own) return null;
      return heard(event.left ? "someoneLeft" : "someoneLost", { name: name(event.seat) });
    case "recording-started":
      return { ...shown("recordingStarted", {}, "warn"), cue: true };
    case "recording-stopped":
      return { ...shown("recordingStopped", {}, "info"), cue: true };
    default:
      return null;
  }
}

/**
 * @param {Session} before
 * @param {LogEvent} event
 * @param {string} own
 * @returns {Announcement | null}
 */
function announceFloor(before, event, own) {
  const name = (/** @type {string} */ id) => before.seats[id]?.name ?? "";
  switch (event.type) {
    case "floor-given":
      if (event.seat !== own) return heard("someoneInvited", { name: name(event.seat) });
      if (event.by === own) return heard("youHaveFloor", {});
      return before.seats[own]?.direct ? shown("youInvited", {}, "ok") : heard("youAsked", {});
    case "floor-extended":
      return before.floor?.seat === own ? shown("youExtended", {}, "ok") : heard("turnExtended", {});
    case "speaker-named":
      return event.person === "" ? null : heard("speakerIs", { person: event.person });
    case "floor-ended":
      if (event.seat !== own) return heard("someoneEnded", { name: name(event.seat) });
      return event.by === own ? null : shown("yourTurnEnded", {}, "info");
    case "seat-queued":
      return event.seat === own && event.by !== own ? shown("youQueued", {}, "info") : null;
    case "discussion-set":
      return shown(event.open ? "discussionOpened" : "discussionWasClosed", {}, "info");
    default:
      return null;
  }
}

/**
 * @param {Session} before
 * @param {LogEvent} event
 * @param {string} own
 * @returns {Announcement | null}
 */
function announceCourse(before, event, own) {
  switch (event.type) {
    case "chair-handed-over":
      if (event.seat === own) return shown("youPreside", {}, "ok");
      return shown("someonePresides", { name: before.seats[event.seat]?.name ?? "" }, "info");
    case "item-reached": {
      const item = before.agenda.find(({ id }) => id === event.item);
      return item === undefined ? null : heard("itemReached", { title: item.title });
    }
    case "pause-started":
      return heard("pauseStarted", {});
    case "pause-ended":
      return shown("pauseEnded", {}, "ok");
    default:
      return null;
  }
}

/**
 * A minute before a turn ends, and when it does: shown to who speaks and to who leads.
 *
 * @param {Turn} turn
 * @param {State} state
 * @returns {Announcement | null}
 */
export function turnSign(turn, state) {
  if (turn.phase !== "last" && turn.phase !== "over") return null;
  const own = turn.seat.id === state.seat;
  const leads = state.permissions.includes("invite-to-speak");
  const values = { name: turn.seat.name };
  const text = `${own ? "your" : "turn"}${turn.phase === "last" ? "LastMinute" : "TimeOver"}`;
  return own || leads ? shown(text, values, "warn") : heard(text, values);
}

/**
 * @param {string} text
 * @param {Record<string, string>} values
 * @param {"info" | "ok" | "warn"} tone
 * @returns {Announcement}
 */
function shown(text, values, tone) {
  return { text, values, tone, shown: true, cue: false };
}

/**
 * @param {string} text
 * @param {Record<string, string>} values
 * @returns {Announcement}
 */
function heard(text, values) {
  return { text, values, tone: "info", shown: false, cue: false };
}
