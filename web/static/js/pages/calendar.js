// @ts-check
// The calendar: print it, select its secret address, drag a meeting to another day or time.
// A drop opens the page that shows what the change would do; nothing is saved here. The grip is a
// link to that same page.

for (const button of document.querySelectorAll("[data-print]")) {
  if (!(button instanceof HTMLElement)) continue;
  button.hidden = false;
  button.addEventListener("click", () => print());
}

for (const field of document.querySelectorAll("[data-select]")) {
  if (field instanceof HTMLInputElement) field.addEventListener("focus", () => field.select());
}

/** @type {HTMLAnchorElement | null} */
let moving = null;
/** @type {Element | null} */
let over = null;

/** @param {EventTarget | null} target @returns {Element | null} where a meeting may be dropped */
function place(target) {
  return target instanceof Element ? target.closest("[data-part], [data-time], td[data-day]") : null;
}

/** @param {Element | null} next */
function mark(next) {
  if (over === next) return;
  over?.classList.remove("is-over");
  next?.classList.add("is-over");
  over = next;
}

/** @param {Element} at @param {string} href @returns {string} the address of the change */
function address(at, href) {
  const url = new URL(href);
  const fields = [
    ["ngay", at.closest("[data-day]")?.getAttribute("data-day")],
    ["buoi", at.getAttribute("data-part")],
    ["gio", at.getAttribute("data-time")],
  ];
  for (const [name, value] of fields) if (name && value) url.searchParams.set(name, value);
  return url.href;
}

document.addEventListener("dragstart", (event) => {
  const grip = event.target instanceof Element ? event.target.closest("[data-move]") : null;
  if (!(grip instanceof HTMLAnchorElement) || !event.dataTransfer) return;
  moving = grip;
  event.dataTransfer.effectAllowed = "move";
  const shown = grip.closest("li, tr, td");
  shown?.classList.add("is-moving");
  if (shown) event.dataTransfer.setDragImage(shown, 12, 12);
});

document.addEventListener("dragover", (event) => {
  const at = moving ? place(event.target) : null;
  mark(at);
  if (at) event.preventDefault();
});

document.addEventListener("drop", (event) => {
  const at = moving ? place(event.target) : null;
  if (!at || !moving) return;
  event.preventDefault();
  location.assign(address(at, moving.href));
});

document.addEventListener("dragend", () => {
  for (const element of document.querySelectorAll(".is-moving")) element.classList.remove("is-moving");
  mark(null);
  moving = null;
});
