// @ts-check
// The schedule form without round trips: agenda rows, choosing sites, the summary, clashes while
// one types. Every button here also works as a plain submit button.

import { matches } from "../fold.js";

const CHECK_AFTER_MS = 600; // the server is asked when the typing rests
const form = /** @type {HTMLFormElement} */ (document.getElementById("lich"));
const rows = /** @type {HTMLElement} */ (form.querySelector("[data-rows]"));
const blank = /** @type {HTMLTemplateElement} */ (document.getElementById("ag-row"));
const picks = /** @type {HTMLElement[]} */ ([...form.querySelectorAll("[data-site]")]);

/** @param {string} name */
const value = (name) => {
  const field = form.elements.namedItem(name);
  return field instanceof HTMLInputElement ? field.value.trim() : "";
};

/** @param {Element} pick */
const box = (pick) => /** @type {HTMLInputElement} */ (pick.querySelector("input"));

/** @param {string} key @returns {HTMLElement[]} the sites a button stands for */
const sitesOf = (key) =>
  key === "all" ? picks : picks.filter((pick) => pick.dataset.in?.split(" ").includes(key));

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

/** The counts beside levels and parts, the state of the buttons. @returns {number} sites chosen */
function tellSites() {
  for (const group of form.querySelectorAll("[data-group], [data-part]")) {
    const all = group.querySelectorAll("[data-site] input");
    const checked = group.querySelectorAll("[data-site] input:checked").length;
    const count = group.querySelector(":scope > legend [data-count], :scope > summary [data-count]");
    if (count) count.textContent = `${checked}/${all.length}`;
  }
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (
    form.querySelectorAll("[data-toggle]")
  )) {
    const sites = sitesOf(button.dataset.toggle ?? "");
    button.setAttribute("aria-pressed", String(sites.length > 0 && sites.every((s) => box(s).checked)));
  }
  return picks.filter((pick) => box(pick).checked).length;
}

/** How many delegates the common figures of the levels make. */
function countDelegates() {
  let total = 0;
  for (const field of /** @type {NodeListOf<HTMLInputElement>} */ (
    form.querySelectorAll("[data-delegates]")
  )) {
    const level = field.closest("section")?.querySelectorAll(`[data-level="${field.dataset.delegates}"] [data-site] input:checked`);
    total += (Number.parseInt(field.value, 10) || 0) * (level?.length ?? 0);
  }
  return total;
}

function tellAll() {
  const minutes = tellTimes();
  const chosen = tellSites();
  sayCount("[data-minutes]", minutes);
  sayCount("[data-total]", chosen);
  tellDay();
  const title = /** @type {HTMLElement | null} */ (form.querySelector("[data-sum=title]"));
  say("[data-sum=title]", value("title") || title?.dataset.empty || "");
  const swap = (/** @type {string} */ selector, /** @type {number} */ number) => {
    const text = form.querySelector(selector)?.textContent ?? "";
    say(selector, text.replace(/\d+/, String(number)));
  };
  swap("[data-sum=sites]", chosen);
  swap("[data-sum=delegates]", countDelegates());
  swap("[data-sum=minutes]", minutes);
  const when = form.querySelector("[data-sum=when]")?.textContent ?? "";
  const word = / (\p{L}+) /u.exec(when)?.[1] ?? "-";
  say("[data-sum=when]", `${value("start")} ${word} ${value("end")}, ${value("day")}`);
}

// ------------------------------------------------------------ buttons

/** @param {HTMLElement} button @returns {boolean} whether it was one of ours */
function act(button) {
  if (button.hasAttribute("data-add")) {
    rows.append(blank.content.cloneNode(true));
    focusTitle(rows.lastElementChild);
  } else if (button.hasAttribute("data-remove")) {
    const row = button.closest("[data-row]");
    focusTitle(row?.nextElementSibling ?? row?.previousElementSibling ?? null);
    row?.remove();
  } else if (button.hasAttribute("data-up")) {
    const row = button.closest("[data-row]");
    row?.previousElementSibling?.before(row);
    button.focus();
  } else if (button.dataset.toggle) {
    const on = button.getAttribute("aria-pressed") !== "true";
    for (const site of sitesOf(button.dataset.toggle)) box(site).checked = on;
  } else {
    return false;
  }
  tellAll();
  checkSoon();
  return true;
}

/** @param {Element | null} row */
function focusTitle(row) {
  /** @type {HTMLInputElement | null} */ (row?.querySelector("[name=agenda_title]") ?? null)?.focus();
}

form.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (button && act(button)) event.preventDefault();
});

// ------------------------------------------------------------ finding a site

const finder = /** @type {HTMLElement | null} */ (form.querySelector("[data-find]"));
const search = /** @type {HTMLInputElement | null} */ (form.querySelector("[data-search]"));

function showFound() {
  const query = search?.value.trim() ?? "";
  for (const pick of picks) pick.hidden = query !== "" && !matches(query, pick.textContent ?? "");
  for (const part of /** @type {NodeListOf<HTMLDetailsElement>} */ (
    form.querySelectorAll("[data-part]")
  )) {
    const any = [...part.querySelectorAll("[data-site]")].some((p) => !(/** @type {HTMLElement} */ (p).hidden));
    part.hidden = !any;
    if (query !== "") part.open = any;
  }
}

if (finder && search) {
  finder.hidden = false;
  search.addEventListener("input", (event) => {
    event.stopPropagation();
    showFound();
  });
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const found = picks.filter((pick) => !pick.hidden);
    if (search.value.trim() === "" || found.length === 0) return;
    box(found[0]).checked = !box(found[0]).checked;
    search.value = "";
    showFound();
    tellAll();
    checkSoon();
  });
}

// ------------------------------------------------------------ clashes while one types

let timer = 0;
let asked = 0;

function checkSoon() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    check().catch(() => undefined); // the network is away: saving checks again
  }, CHECK_AFTER_MS);
}

async function check() {
  const number = ++asked;
  const fields = new URLSearchParams();
  for (const [name, text] of new FormData(form)) fields.append(name, String(text));
  fields.set("action", "outlook");
  // Not `form.action`: the buttons are called that.
  const answer = await fetch(form.getAttribute("action") ?? "", { method: "POST", body: fields });
  if (!answer.ok || number !== asked) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const now = fresh.querySelector("[data-outlook]");
  const old = form.querySelector("[data-outlook]");
  if (!now || !old || old.contains(document.activeElement)) return;
  if (old.outerHTML !== now.outerHTML) old.replaceWith(document.adoptNode(now));
  tellClashes();
}

/** Beside each site that is taken, when; in the summary, that there is something to solve. */
function tellClashes() {
  const outlook = /** @type {HTMLElement | null} */ (form.querySelector("[data-outlook]"));
  const sum = /** @type {HTMLElement | null} */ (form.querySelector("[data-sum=clash]"));
  /** @type {Map<string, string>} */
  const taken = new Map();
  for (const item of outlook?.querySelectorAll("[data-taken] li") ?? []) {
    taken.set(item.getAttribute("data-id") ?? "", item.textContent ?? "");
  }
  for (const pick of picks) {
    const when = taken.get(pick.dataset.site ?? "");
    const said = pick.querySelector("[data-clash]");
    if (said) said.textContent = when ? `${sum?.dataset.word ?? ""} ${when}` : "";
  }
  const short = outlook?.dataset.short ?? "";
  if (sum) sum.hidden = short === "";
  say("[data-clash-word]", short);
}

const CHECKED = new Set([
  ...["site", "day", "start", "end", "chair_id", "host_unit_id", "kind", "secretary", "technician"],
  ...["cochair_id", "venue", "main_site_id", "repeat", "until", "left_out"],
]);

form.addEventListener("input", tellAll);
form.addEventListener("input", (event) => {
  const field = event.target;
  if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) {
    if (CHECKED.has(field.name)) checkSoon();
  }
});
tellAll();
document.getElementById("loi")?.focus();
