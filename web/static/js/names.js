// @ts-check
/**
 * Names found as people type them: without accents, in any order of words. Pure.
 *
 * @import { Seat } from "./protocol.js"
 */

/** "Đắk Đoa" → "dak doa" @param {string} text */
export function plain(text) {
  return text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "").replaceAll("đ", "d");
}

/**
 * Seats whose name, unit or person has every word typed; in the order given.
 *
 * @param {readonly Seat[]} seats
 * @param {string} typed
 */
export function matching(seats, typed) {
  const words = plain(typed).split(/\s+/).filter((word) => word !== "");
  return seats.filter((seat) => {
    const text = plain(`${seat.name} ${seat.shortName} ${seat.unit} ${seat.person}`);
    return words.every((word) => text.includes(word));
  });
}
