// @ts-check
/**
 * The scene the chair chose: which sites stand large together. Pure.
 *
 * @import { Session } from "./protocol.js"
 */

import { onMain, onTiles, presiding } from "./state.js";

/**
 * Sites that are shown as equals, in protocol order of the scene; null: one main picture.
 *
 * @param {Session} session
 * @param {string} own one's own seat
 * @returns {string[] | null}
 */
export function sceneSeats(session, own) {
  const { kind, seats } = session.scene;
  if (kind === "grid") return onTiles(session).map(({ id }) => id);
  if (kind === "two" || kind === "four") return seats.filter((id) => id in session.seats);
  if (kind !== "presidium") return null;
  const chair = presiding(session)?.id;
  const main = onMain(session, own)?.seat.id;
  const both = [chair, main].filter((id) => id !== undefined);
  return new Set(both).size < 2 ? null : /** @type {string[]} */ (both);
}
