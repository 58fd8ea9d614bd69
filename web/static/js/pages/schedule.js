// @ts-check
// The schedule form without round trips: agenda rows, site groups, the summary.
// Every button here also works as a plain submit button.

const form = /** @type {HTMLFormElement} */ (document.getElementById("lich"));
const rows = /** @type {HTMLElement} */ (form.querySelector("[data-rows]"));
const blank = /** @type {HTMLTemplateElement} */ (document.getElementById("ag-row"));

/** @param {string} name */
const value = (name) => {
  const field = form.elements.namedItem(name);
  return field instanceof HTMLInputElement ? field.value.trim() : "";
};

/** @param {string} selector @param {string} text */
function say(selector, text) {
  const element = form.querySelector(selector);
  if (element && element.textContent !== text) element.textContent = text;
}

/** Minutes after midnight of "08:00", "8h30"; null when it is no time. @param {string} text */
function minutesOf(text) {
  const match = /^(\d{1,2})\s*(?:[:hg.]\s*(\d{2})?)?$/.exec(text.toLowerCase());
  if (!match) return null;
  const [hour, minute] = [Number(match[1]), Number(match[2] ?? 0)];
  return hour < 24 && minute < 60 ? hour * 60 + minute : null;
}

/** @param {number} minutes */
function clock(minutes) {
  const [hour, minute] = [Math.floor(minutes / 60) % 24, minutes % 60];
  return `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
}

/** Fill in when each agenda row begins. @returns {number} minutes of the whole agenda */
function tellTimes() {
  let at = minutesOf(value("start"));
  let total = 0;
  for (const row of rows.querySelectorAll("[data-row]")) {
    const field = /** @type {HTMLInputElement} */ (row.querySelector("[name=agenda_minutes]"));
    const minutes = Number.parseInt(field.value, 10) || 0;
    const begins = row.querySelector("[data-at]");
    if (begins) begins.textContent = at === null ? "–" : clock(at);
    at = at === null || minutes < 1 ? null : at + minutes;
    total += minutes;
  }
  return total;
}

/** The day's name beneath the date. */
function tellDay() {
  const hint = /** @type {HTMLElement | null} */ (form.querySelector("[data-day-name]"));
  const match = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/.exec(value("day"));
  if (!hint || !match) return;
  const day = new Date(Date.UTC(Number(match[3]), Number(match[2]) - 1, Number(match[1])));
  const names = (hint.dataset.names ?? "").split("|");
  if (day.getUTCDate() === Number(match[1])) hint.textContent = names[day.getUTCDay()] ?? "";
}

/** @param {string} selector @param {number} number */
function sayCount(selector, number) {
  const element = /** @type {HTMLElement | null} */ (form.querySelector(selector));
  if (element) say(selector, (element.dataset.words ?? "{n}").replace("{n}", String(number)));
}

function tellAll() {
  const minutes = tellTimes();
  sayCount("[data-minutes]", minutes);
  let chosen = 0;
  for (const group of form.querySelectorAll("[data-group]")) {
    const boxes = group.querySelectorAll("input[type=checkbox]");
    const checked = group.querySelectorAll("input[type=checkbox]:checked").length;
    const count = group.querySelector("[data-count]");
    if (count) count.textContent = `${checked}/${boxes.length}`;
    chosen += checked;
  }
  sayCount("[data-total]", chosen);
  tellDay();
  const title = /** @type {HTMLElement | null} */ (form.querySelector("[data-sum=title]"));
  say("[data-sum=title]", value("title") || title?.dataset.empty || "");
  const swap = (/** @type {string} */ selector, /** @type {number} */ number) => {
    const text = form.querySelector(selector)?.textContent ?? "";
    say(selector, text.replace(/\d+/, String(number)));
  };
  swap("[data-sum=sites]", chosen);
  swap("[data-sum=minutes]", minutes);
  const when = form.querySelector("[data-sum=when]")?.textContent ?? "";
  const word = / (\p{L}+) /u.exec(when)?.[1] ?? "-";
  say("[data-sum=when]", `${value("start")} ${word} ${value("end")}, ${value("day")}`);
}

/** @param {Element} button */
function act(button) {
  if (button.hasAttribute("data-add")) {
    rows.append(blank.content.cloneNode(true));
    /** @type {HTMLInputElement | null} */ (
      rows.lastElementChild?.querySelector("[name=agenda_title]") ?? null
    )?.focus();
  } else if (button.hasAttribute("data-remove")) {
    button.closest("[data-row]")?.remove();
  } else if (button.hasAttribute("data-choose") || button.hasAttribute("data-clear")) {
    const checked = button.hasAttribute("data-choose");
    for (const box of button.closest("[data-group]")?.querySelectorAll("input") ?? []) {
      if (box.type === "checkbox") box.checked = checked;
    }
  } else {
    return false;
  }
  tellAll();
  return true;
}

form.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (button && act(button)) event.preventDefault();
});
form.addEventListener("input", tellAll);
tellAll();
document.getElementById("loi")?.focus();
