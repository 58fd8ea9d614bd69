// @ts-check
// One site's line: the board's figures in full, and the pictures that are paused by name.

import { FIGURES, data, fillLine, poll, runClock, say, setMode, whileSeen } from "./line_view.js";

/** @import { Health, SeatHealth } from "./line_view.js" */

const KILOBITS = { scale: 1e-3, places: 0, top: 500_000, warn: Infinity };
const IN_KILOBITS = { ...FIGURES, lineBps: KILOBITS, downBps: KILOBITS, upBps: KILOBITS };

const root = /** @type {HTMLElement} */ (document.getElementById("diem-cau"));

/** @param {SeatHealth} seat @param {Health} health */
function fillPaused(seat, health) {
  const list = root.querySelector("[data-paused]");
  const blank = /** @type {HTMLTemplateElement | null} */ (root.querySelector("[data-paused-row]"));
  const none = /** @type {HTMLElement | null} */ (root.querySelector("[data-none-paused]"));
  if (!list || !blank || !none) return;
  none.hidden = seat.paused.length > 0;
  const rows = seat.paused.map((picture) => {
    const row = /** @type {DocumentFragment} */ (blank.content.cloneNode(true));
    const name = health.seats.find((other) => other.seat === picture.seat)?.name ?? "";
    say(row.querySelector("b"), picture.source === "screen" ? `${name} (${data.words.document})` : name);
    say(row.querySelector(".hs__why"), data.words.why[picture.why] ?? "");
    return row;
  });
  list.replaceChildren(...rows);
}

const look = () =>
  poll(root, (health) => {
    const seat = health.seats.find((one) => one.seat === root.dataset.seat);
    if (seat === undefined) return;
    fillLine(root, seat, IN_KILOBITS);
    fillPaused(seat, health);
  });

/** @param {AbortSignal} signal */
function start(signal) {
  runClock(root);
  document.documentElement.dataset.script = "";
  const note = /** @type {HTMLElement | null} */ (root.querySelector("[data-note]"));
  root.addEventListener("change", (event) => void setMode(event, note, look), { signal });
  void look();
  whileSeen(look);
}

start(new AbortController().signal);
