// @ts-check
/**
 * What the template gave this page: `<script type="application/json" id="page-data">`.
 *
 * @typedef {object} PageData
 * @property {string} ws address of the signalling endpoint
 * @property {string} icons address of the icon sprite
 * @property {string} hotline
 * @property {{ id: number, reference: string, title: string, start: number, end: number,
 *   chair: string, page: string, check: string, room: string }} meeting
 * @property {{ id: string, name: string, shortName: string, role: string, onTiles: boolean }} seat
 * @property {readonly number[]} ceilings kbit/s to choose from
 * @property {Record<string, string>} texts
 */

/** @returns {PageData} */
function read() {
  const element = document.getElementById("page-data");
  if (element === null) throw new Error("this page carries no page-data");
  return JSON.parse(element.textContent ?? "");
}

export { duration } from "./times.js";

export const page = read();

/** Aborted once, when this page is left: it ends every listener, the socket and the media. */
export const leaving = new AbortController();

/**
 * A text of this page, its `{name}` places filled in.
 *
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  const text = page.texts[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (place, name) => String(values[name] ?? place));
}

/**
 * A ceiling in words: "512 kbit/s", "2 Mbit/s".
 *
 * @param {number | null} kbps null: there is none
 * @returns {string}
 */
export function rate(kbps) {
  if (kbps === null) return t("noCeiling");
  return kbps % 1000 === 0 ? `${kbps / 1000} Mbit/s` : `${kbps} kbit/s`;
}

/** What holds of a line's ceilings. @param {import("./protocol.js").LineLimits} limits */
export function ceilings({ maxDownKbps, maxUpKbps }) {
  const parts = [];
  if (maxDownKbps !== null) parts.push(t("ceilingDown", { rate: rate(maxDownKbps) }));
  if (maxUpKbps !== null) parts.push(t("ceilingUp", { rate: rate(maxUpKbps) }));
  return parts.length === 0 ? t("noCeiling") : parts.join(", ");
}
