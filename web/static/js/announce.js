// @ts-check
/**
 * What a log entry means for the person in front of this screen. Pure.
 *
 * @import { Entry, Session } from "./protocol.js"
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
  /** @param {string | null} id */
  const name = (id) => (id === null ? "" : (before.seats[id]?.name ?? ""));
  switch (event.type) {
    case "microphone-set":
      if (event.seat !== own || event.by === own || event.on) return null;
      return shown("mutedBy", { name: name(event.by) }, "warn");
    case "main-shown":
      if (event.seat !== own || !event.pinned || before.main === own) return null;
      return before.seats[own]?.microphone
        ? shown("youOnMain", {}, "info")
        : shown("youInvited", {}, "ok");
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
