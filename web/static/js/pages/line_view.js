// @ts-check
// What the technician's pages share: a line's figures, its limits, and the questions to the server.

import { sparkline } from "./sparkline.js";

/**
 * @typedef {{seat: string, name: string, rank: number, phone: string, present: boolean,
 *   since: number | null, quality: string, stats: Record<string, any> | null,
 *   limits: { profile: string, maxDownKbps: number | null, maxUpKbps: number | null },
 *   limitsBy: string, paused: {seat: string, source: string, why: string}[],
 *   history: Record<string, (number | null)[]>, trouble: {code: string, at: number} | null}} SeatHealth
 * @typedef {{now: number, recordingGrowing: boolean | null, recordingBytes: number,
 *   seats: SeatHealth[]}} Health
 */

/**
 * How each figure is written, and the least full height of its line.
 *
 * @typedef {Record<string, { scale: number, places: number, top: number, warn: number }>} Figures
 */
export const FIGURES = /** @type {Figures} */ ({
  rttMs: { scale: 1, places: 0, top: 100, warn: 300 },
  upLoss: { scale: 100, places: 1, top: 0.05, warn: 0.02 },
  downLoss: { scale: 100, places: 1, top: 0.05, warn: 0.02 },
  upJitterMs: { scale: 1, places: 0, top: 30, warn: 60 },
  downJitterMs: { scale: 1, places: 0, top: 30, warn: 60 },
  upBps: { scale: 1e-6, places: 2, top: 500_000, warn: Infinity },
  downBps: { scale: 1e-6, places: 2, top: 500_000, warn: Infinity },
  lineBps: { scale: 1e-6, places: 2, top: 500_000, warn: Infinity },
  upFps: { scale: 1, places: 0, top: 30, warn: Infinity },
});

/** What the template gave the page. */
export const data = JSON.parse(document.getElementById("page-data")?.textContent ?? "{}");
const locale = data.language === "en" ? "en-GB" : "vi-VN";
const zone = "Asia/Ho_Chi_Minh";
const clockFormat = new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeStyle: "medium" });

/** @param {number} value @param {number} places */
export function number(value, places) {
  const digits = { minimumFractionDigits: places, maximumFractionDigits: places };
  return new Intl.NumberFormat(locale, digits).format(value);
}

/** @param {number} seconds UTC epoch */
export const clock = (seconds) => clockFormat.format(new Date(seconds * 1000));

/** @param {number} bytes */
export function fileSize(bytes) {
  if (bytes < 1e6) return `${number(bytes / 1e3, 0)} kB`;
  return bytes < 1e9 ? `${number(bytes / 1e6, 1)} MB` : `${number(bytes / 1e9, 1)} GB`;
}

/** @param {Element | null} element @param {string} text */
export function say(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

/** @param {HTMLElement} row @param {SeatHealth} seat @param {Figures} [figures] */
function fillFigures(row, seat, figures = FIGURES) {
  for (const [name, form] of Object.entries(figures)) {
    const value = seat.present && seat.stats ? (seat.stats[name] ?? null) : null;
    const cell = row.querySelector(`[data-f="${name}"]`);
    const least = name === "lineBps" && !seat.stats?.lineBounded ? "≥" : "";
    say(cell, value === null ? "–" : least + number(value * form.scale, form.places));
    cell?.classList.toggle("is-warn", value !== null && value > form.warn);
    const drawn = sparkline(seat.history[name] ?? [], form.top);
    const svg = row.querySelector(`[data-s="${name}"]`);
    svg?.querySelector(".spl")?.setAttribute("d", drawn.line);
    svg?.querySelector(".spf")?.setAttribute("d", drawn.fill);
  }
  const height = seat.present ? seat.stats?.upHeight : null;
  say(row.querySelector('[data-f="upHeight"]'), height ? String(height) : "–");
}

/** @param {number} kbps */
function rate(kbps) {
  return kbps % 1000 === 0 ? `${kbps / 1000} Mbit/s` : `${kbps} kbit/s`;
}

/** What a line is limited to and who did it. @param {SeatHealth} seat */
function held({ limits, limitsBy }) {
  const { profile, maxDownKbps, maxUpKbps } = limits;
  const parts = [];
  if (maxDownKbps !== null) parts.push(data.words.ceilingDown.replace("{rate}", rate(maxDownKbps)));
  if (maxUpKbps !== null) parts.push(data.words.ceilingUp.replace("{rate}", rate(maxUpKbps)));
  if (parts.length > 0 || profile !== "normal") parts.push(data.words.limitedBy[limitsBy] ?? "");
  return parts.filter((part) => part !== "").join(", ");
}

/** How many pictures are paused, by reason. @param {SeatHealth} seat */
export function pauses({ paused }) {
  const groups = ["line", "limit", "load"].map((why) => ({ why, count: paused.filter((p) => p.why === why).length }));
  const words = groups.flatMap(({ why, count }) =>
    count > 0 ? [data.words.paused[why].replace("{count}", String(count))] : [],
  );
  return words.join(" · ");
}

/**
 * What the seat's line is asked to carry; a choice the technician is making stays.
 *
 * @param {HTMLElement} row
 * @param {SeatHealth} seat
 */
function fillMode(row, seat) {
  const { profile, maxDownKbps, maxUpKbps } = seat.limits;
  const target = /** @type {HTMLInputElement | null} */ (row.querySelector("[name=diem-cau]"));
  if (target) target.value = seat.seat;
  const chosen = { "che-do": profile, nhan: String(maxDownKbps ?? ""), gui: String(maxUpKbps ?? "") };
  for (const [name, value] of Object.entries(chosen)) {
    const select = /** @type {HTMLSelectElement | null} */ (row.querySelector(`select[name="${name}"]`));
    if (select === null || select === document.activeElement) continue;
    if (![...select.options].some((option) => option.value === value)) {
      select.append(new Option(rate(Number(value)), value));
    }
    select.value = value;
  }
  row.dataset.profile = profile;
  say(row.querySelector('[data-f="limitedBy"]'), held(seat));
}

/**
 * Chosen is set: no second press.
 *
 * @param {Event} event
 * @param {HTMLElement | null} note
 * @param {() => Promise<void>} then
 */
export async function setMode(event, note, then) {
  const select = event.target;
  if (!(select instanceof HTMLSelectElement) || !select.form?.matches("[data-mode]")) return;
  const answer = await fetch(select.form.action, {
    method: "POST",
    body: new URLSearchParams(/** @type {any} */ (new FormData(select.form))),
    redirect: "manual",
  }).catch(() => null);
  select.blur();
  if (answer === null || (answer.type !== "opaqueredirect" && !answer.ok)) say(note, data.words.failed);
  else await then();
}

/** @param {HTMLElement} row @param {SeatHealth} seat @param {Figures} [figures] */
export function fillLine(row, seat, figures) {
  const part = (/** @type {string} */ name) => row.querySelector(`[data-f="${name}"]`);
  if (row.dataset.quality !== seat.quality) {
    row.dataset.quality = seat.quality;
    const tag = /** @type {HTMLTemplateElement | null} */ (
      document.querySelector(`[data-quality-tag="${seat.quality}"]`)
    );
    if (tag) part("quality")?.replaceChildren(tag.content.cloneNode(true));
  }
  say(part("path"), seat.stats?.path?.toUpperCase() ?? "–");
  const since = seat.since === null ? null : clock(seat.since).slice(0, 5);
  say(part("since"), since ? data.words.since.replace("{time}", since) : data.words.notIn);
  fillMode(row, seat);
  const phone = part("phone");
  say(phone, seat.phone);
  if (seat.phone) phone?.setAttribute("href", `tel:${seat.phone.replaceAll(" ", "")}`);
  const trouble = seat.trouble;
  say(part("trouble"), trouble ? (data.troubles[trouble.code] ?? trouble.code) : data.words.none);
  say(part("troubleAt"), trouble ? clock(trouble.at) : "");
  fillFigures(row, seat, figures);
}

let last = 0;

/**
 * What the page's note says: the figures are old, or the meeting is over.
 *
 * @param {HTMLElement | null} line
 * @param {"stale" | "over" | ""} what
 */
function note(line, what) {
  if (!line) return;
  const text = what ? (line.dataset[what] ?? "") : "";
  say(line, text.replace("{time}", last ? clock(last) : "–"));
}

/**
 * Ask for the meeting's health.
 *
 * @param {HTMLElement} root with `data-api` and a `data-note`
 * @param {(health: Health) => void} use
 */
export async function poll(root, use) {
  const line = /** @type {HTMLElement | null} */ (root.querySelector("[data-note]"));
  try {
    const answer = await fetch(root.dataset.api ?? "", { headers: { Accept: "application/json" } });
    if (!answer.ok) return note(line, answer.status === 404 ? "over" : "stale");
    const health = /** @type {Health} */ (await answer.json());
    last = health.now;
    use(health);
    return note(line, "");
  } catch {
    return note(line, "stale");
  }
}

/** Now and every two seconds while the page is seen. @param {() => unknown} turn @param {number} [everyMs] */
export function whileSeen(turn, everyMs = 2000) {
  setInterval(() => document.visibilityState === "visible" && turn(), everyMs);
}

/** The wall clock of the page. @param {HTMLElement} root */
export function runClock(root) {
  const face = root.querySelector("[data-clock]");
  setInterval(() => say(face, clock(Date.now() / 1000)), 1000);
}
