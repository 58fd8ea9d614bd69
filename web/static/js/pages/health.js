// @ts-check
// The technician's board: figures every two seconds, five minutes of history as lines.

import { data, fileSize, fillLine, number, pauses, poll, runClock, say, setMode, whileSeen } from "./line_view.js";

/** @import { Health, SeatHealth } from "./line_view.js" */

const SEVERITY = new Map([["lost", 0], ["weak", 1], ["good", 2], ["absent", 3]]);

const board = /** @type {HTMLElement} */ (document.getElementById("bang"));

/** @param {HTMLElement} row @param {SeatHealth} seat */
function fillRow(row, seat) {
  const name = row.querySelector('[data-f="name"]');
  say(name, seat.name);
  name?.setAttribute("href", `${data.page}/${encodeURIComponent(seat.seat)}`);
  const told = pauses(seat);
  const paused = /** @type {HTMLElement | null} */ (row.querySelector('[data-f="paused"]'));
  if (paused) paused.hidden = told === "";
  say(paused?.querySelector("span") ?? null, told);
  fillLine(row, seat);
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

const look = () =>
  poll(board, (health) => {
    fillRows(health.seats);
    fillTotals(health);
  });

/** @param {AbortSignal} signal */
function start(signal) {
  runClock(board);
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
      void look();
    }, { signal });
  }
  const note = /** @type {HTMLElement | null} */ (board.querySelector("[data-note]"));
  board.addEventListener("change", (event) => void setMode(event, note, look), { signal });
  document.documentElement.dataset.script = "";
  const hasRows = board.querySelector("[data-rows]") !== null;
  if (!hasRows) {
    if (!board.dataset.api) whileSeen(() => location.reload(), 15_000);
    return;
  }
  void look();
  whileSeen(look);
}

start(new AbortController().signal);
