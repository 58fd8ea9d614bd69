// @ts-check
/** Rows of a list put in another order by dragging a handle, with mouse, pen or finger. */

/** A press that moves less than this is none. */
const LEAST_PX = 6;

/**
 * The place before which a row is dropped.
 *
 * @param {readonly { top: number, bottom: number }[]} rows from the top down
 * @param {number} y
 * @returns {number} 0 … rows.length
 */
export function dropPlace(rows, y) {
  const at = rows.findIndex(({ top, bottom }) => y < (top + bottom) / 2);
  return at === -1 ? rows.length : at;
}

/**
 * @param {HTMLElement} list its children are the rows
 * @param {string} handle selector of what is dragged, within a row
 * @param {(from: number, to: number) => void} onDrop to: before which row, the length for the end
 * @param {AbortSignal} signal
 */
export function draggable(list, handle, onDrop, signal) {
  list.addEventListener("pointerdown", (event) => begin(list, handle, onDrop, event), { signal });
}

/**
 * @param {HTMLElement} list
 * @param {string} handle
 * @param {(from: number, to: number) => void} onDrop
 * @param {PointerEvent} down
 */
function begin(list, handle, onDrop, down) {
  const grip = /** @type {Element} */ (down.target).closest(handle);
  const row = grip?.closest("li");
  if (!row || down.button !== 0 || !grip?.classList.contains("waits__handle")) return;
  down.preventDefault();
  const over = new AbortController();
  const { signal } = over;
  let to = -1;
  const move = (/** @type {PointerEvent} */ event) => {
    if (to === -1 && Math.abs(event.clientY - down.clientY) < LEAST_PX) return;
    to = dropPlace([...list.children].map((one) => one.getBoundingClientRect()), event.clientY);
    mark(list, row, to);
  };
  const end = (/** @type {boolean} */ drop) => {
    over.abort();
    const from = [...list.children].indexOf(row);
    mark(list, row, -1);
    if (drop && to !== -1 && from !== -1 && to !== from && to !== from + 1) onDrop(from, to);
  };
  window.addEventListener("pointermove", move, { signal });
  window.addEventListener("pointerup", () => end(true), { signal });
  window.addEventListener("pointercancel", () => end(false), { signal });
  window.addEventListener("keydown", (event) => event.key === "Escape" && end(false), { signal });
}

/** @param {HTMLElement} list @param {Element} row @param {number} to -1: nothing is dragged */
function mark(list, row, to) {
  row.classList.toggle("is-dragged", to !== -1);
  const rows = [...list.children];
  for (const [at, one] of rows.entries()) {
    one.classList.toggle("drop-before", at === to);
    one.classList.toggle("drop-after", to === rows.length && at === rows.length - 1);
  }
}
