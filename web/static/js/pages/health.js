// @ts-check
// The technician's board: figures every two seconds, five minutes of history as lines.

import { sparkline } from "./sparkline.js";

const EVERY_MS = 2000;
const SEVERITY = new Map([["lost", 0], ["weak", 1], ["good", 2], ["absent", 3]]);

/**
 * @typedef {{seat: string, name: string, rank: number, phone: string, present: boolean,
 *   since: number | null, quality: string, stats: Record<string, any> | null,
 *   limits: { profile: string }, limitsBy: string,
 *   history: Record<string, (number | null)[]>, trouble: {code: string, at: number} | null}} SeatHealth
 * @typedef {{now: number, recordingGrowing: boolean | null, recordingBytes: number,
 *   seats: SeatHealth[]}} Health
 */

/** How each figure is written, and the least full height of its line. */
const FIGURES = /** @type {const} */ ({
  rttMs: { scale: 1, places: 0, top: 100, warn: 300 },
  upLoss: { scale: 100, places: 1, top: 0.05, warn: 0.02 },
  downLoss: { scale: 100, places: 1, top: 0.05, warn: 0.02 },
  upJitterMs: { scale: 1, places: 0, top: 30, warn: 60 },
  downJitterMs: { scale: 1, places: 0, top: 30, warn: 60 },
  upBps: { scale: 1e-6, places: 2, top: 500_000, warn: Infinity },
  downBps: { scale: 1e-6, places: 2, top: 500_000, warn: Infinity },
  upFps: { scale: 1, places: 0, top: 30, warn: Infinity },
});

const board = /** @type {HTMLElement} */ (document.getElementById("bang"));
const data = JSON.parse(document.getElementById("page-data")?.textContent ?? "{}");
const locale = data.language === "en" ? "en-GB" : "vi-VN";
const zone = "Asia/Ho_Chi_Minh";
const clockFormat = new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeStyle: "medium" });

/** @param {number} value @param {number} places */
function number(value, places) {
  const digits = { minimumFractionDigits: places, maximumFractionDigits: places };
  return new Intl.NumberFormat(locale, digits).format(value);
}

/** @param {number} seconds UTC epoch */
const clock = (seconds) => clockFormat.format(new Date(seconds * 1000));

/** @param {number} bytes */
function fileSize(bytes) {
  if (bytes < 1e6) return `${number(bytes / 1e3, 0)} kB`;
  return bytes < 1e9 ? `${number(bytes / 1e6, 1)} MB` : `${number(bytes / 1e9, 1)} GB`;
}

/** @param {Element | null} element @param {string} text */
function say(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

/** @param {HTMLElement} row @param {SeatHealth} seat */
function fillFigures(row, seat) {
  for (const [name, form] of Object.entries(FIGURES)) {
    const value = seat.present && seat.stats ? (seat.stats[name] ?? null) : null;
    const cell = row.querySelector(`[data-f="${name}"]`);
    say(cell, value === null ? "–" : number(value * form.scale, form.places));
    cell?.classList.toggle("is-warn", value !== null && value > form.warn);
    const drawn = sparkline(seat.history[name] ?? [], form.top);
    const svg = row.querySelector(`[data-s="${name}"]`);
    svg?.querySelector(".spl")?.setAttribute("d", drawn.line);
    svg?.querySelector(".spf")?.setAttribute("d", drawn.fill);
  }
  const height = seat.present ? seat.stats?.upHeight : null;
  say(row.querySelector('[data-f="upHeight"]'), height ? String(height) : "–");
}

/**
 * What the seat's line is asked to carry; a choice the technician is making stays.
 *
 * @param {HTMLElement} row
 * @param {SeatHealth} seat
 */
function fillMode(row, seat) {
  const { profile } = seat.limits;
  const select = row.querySelector("select");
  const target = /** @type {HTMLInputElement | null} */ (row.querySelector("[name=diem-cau]"));
  if (target) target.value = seat.seat;
  if (select && select !== document.activeElement) select.value = profile;
  row.dataset.profile = profile;
  const by = profile === "normal" ? "" : (data.limitedBy[seat.limitsBy] ?? "");
  say(row.querySelector('[data-f="limitedBy"]'), by);
}

/** Chosen is set: no second press. @param {Event} event */
async function setMode(event) {
  const select = event.target;
  if (!(select instanceof HTMLSelectElement) || !select.form?.matches("[data-mode]")) return;
  const answer = await fetch(select.form.action, {
    method: "POST",
    body: new URLSearchParams(/** @type {any} */ (new FormData(select.form))),
    redirect: "manual",
  }).catch(() => null);
  select.blur();
  if (answer === null || (answer.type !== "opaqueredirect" && !answer.ok)) {
    say(board.querySelector("[data-note]"), data.words.failed);
  } else await poll().catch(() => note("stale"));
}

/** @param {HTMLElement} row @param {SeatHealth} seat */
function fillRow(row, seat) {
  const part = (/** @type {string} */ name) => row.querySelector(`[data-f="${name}"]`);
  say(part("name"), seat.name);
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
  fillFigures(row, seat);
}

/** @param {SeatHealth[]} seats */
function inOrder(seats) {
  const bySeverity = (/** @type {SeatHealth} */ a, /** @type {SeatHealth} */ b) =>
    (SEVERITY.get(a.quality) ?? 9) - (SEVERITY.get(b.quality) ?? 9) || a.rank - b.rank;
  return board.dataset.order === "worst" ? [...seats].sort(bySeverity) : seats;
}

/** @param {SeatHealth[]} seats */
function fillRows(seats) {
  const body = board.querySelector("[data-rows]");
  const blank = /** @type {HTMLTemplateElement | null} */ (document.getElementById("dong"));
  if (!body || !blank) return;
  const rows = new Map(
    [...body.children].map((row) => [row.getAttribute("data-seat"), /** @type {HTMLElement} */ (row)]),
  );
  inOrder(seats).forEach((seat, i) => {
    let row = rows.get(seat.seat);
    if (!row) {
      row = /** @type {HTMLElement} */ (
        /** @type {DocumentFragment} */ (blank.content.cloneNode(true)).firstElementChild
      );
      row.dataset.seat = seat.seat;
    }
    rows.delete(seat.seat);
    fillRow(row, seat);
    if (body.children[i] !== row) body.insertBefore(row, body.children[i] ?? null);
  });
  for (const gone of rows.values()) gone.remove();
}

/** @param {Health} health */
function fillTotals(health) {
  const total = (/** @type {string} */ name) => board.querySelector(`[data-t="${name}"]`);
  const count = (/** @type {(seat: SeatHealth) => boolean} */ test) =>
    String(health.seats.filter(test).length);
  const sum = (/** @type {string} */ name) =>
    number(health.seats.reduce((all, seat) => all + (seat.stats?.[name] ?? 0), 0) / 1e6, 1);
  say(total("connected"), count((seat) => seat.present));
  say(total("all"), String(health.seats.length));
  say(total("weak"), count((seat) => seat.quality === "weak"));
  say(total("lost"), count((seat) => seat.quality === "lost"));
  say(total("up"), sum("upBps"));
  say(total("down"), sum("downBps"));
  const recording = /** @type {HTMLElement | null} */ (total("recording"));
  if (!recording) return;
  const word = document.createElement("i");
  const growing = health.recordingGrowing;
  word.classList.toggle("is-off", growing === null);
  recording.classList.toggle("is-bad", growing === false);
  word.textContent =
    (growing === null ? recording.dataset.off : growing ? recording.dataset.growing : recording.dataset.stuck) ?? "";
  recording.replaceChildren(growing === null ? "" : fileSize(health.recordingBytes), word);
}

let last = 0;

/** @param {"stale" | "over" | ""} what */
function note(what) {
  const line = /** @type {HTMLElement | null} */ (board.querySelector("[data-note]"));
  if (!line) return;
  const text = what ? (line.dataset[what] ?? "") : "";
  say(line, text.replace("{time}", last ? clock(last) : "–"));
}

async function poll() {
  const answer = await fetch(board.dataset.api ?? "", { headers: { Accept: "application/json" } });
  if (answer.status === 404) return note("over");
  if (!answer.ok) return note("stale");
  const health = /** @type {Health} */ (await answer.json());
  last = health.now;
  fillRows(health.seats);
  fillTotals(health);
  note("");
}

/** @param {AbortSignal} signal */
function start(signal) {
  const clockFace = board.querySelector("[data-clock]");
  setInterval(() => say(clockFace, clock(Date.now() / 1000)), 1000);
  const pick = board.querySelector("[data-pick]");
  if (pick instanceof HTMLButtonElement) {
    pick.hidden = true;
    pick.form?.addEventListener("change", () => pick.form?.submit(), { signal });
  }
  for (const link of board.querySelectorAll("a[data-order]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      board.dataset.order = link.getAttribute("data-order") ?? "rank";
      for (const other of board.querySelectorAll("a[data-order]")) {
        other.toggleAttribute("aria-current", other === link);
        if (other === link) other.setAttribute("aria-current", "true");
      }
      poll().catch(() => note("stale"));
    }, { signal });
  }
  board.addEventListener("change", (event) => void setMode(event), { signal });
  document.documentElement.dataset.script = "";
  const hasRows = board.querySelector("[data-rows]") !== null;
  const turn = () => {
    if (document.visibilityState !== "visible") return;
    if (hasRows) poll().catch(() => note("stale"));
    else if (!board.dataset.api) location.reload();
  };
  if (hasRows) turn();
  setInterval(turn, hasRows ? EVERY_MS : 15_000);
}

start(new AbortController().signal);
