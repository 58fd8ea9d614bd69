// @ts-check
// The answer of a site without round trips: rows of delegates, only the fields that matter.
// Every button here also works as a plain submit button.

export {};

const form = /** @type {HTMLFormElement | null} */ (document.querySelector("[data-answer]"));
if (form) enhance(form);

for (const offer of document.querySelectorAll("[data-offer]")) {
  const all = /** @type {HTMLButtonElement | null} */ (offer.querySelector("[data-all]"));
  if (!all) continue;
  all.hidden = false;
  all.addEventListener("click", () => {
    for (const box of offer.querySelectorAll("input")) {
      if (box.type === "checkbox") box.checked = true;
    }
  });
}

document.getElementById("loi")?.focus();

/** @param {HTMLFormElement} form */
function enhance(form) {
  const rows = /** @type {HTMLElement} */ (form.querySelector("[data-rows]"));
  const blank = /** @type {HTMLTemplateElement} */ (form.querySelector("[data-blank]"));
  form.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (!button) return;
    if (button.hasAttribute("data-add")) {
      rows.append(blank.content.cloneNode(true));
      rows.lastElementChild?.querySelector("input")?.focus();
    } else if (button.hasAttribute("data-remove")) {
      button.closest("[data-row]")?.remove();
    } else {
      return;
    }
    event.preventDefault();
    number(rows);
  });
  form.addEventListener("input", () => showWhatMatters(form));
  form.addEventListener("change", (event) => fillPosition(form, event.target));
  showWhatMatters(form);
}

/** @param {HTMLElement} rows */
function number(rows) {
  rows.querySelectorAll("[data-number]").forEach((place, index) => {
    place.textContent = `${index + 1}.`;
  });
}

/** @param {HTMLFormElement} form */
function showWhatMatters(form) {
  const chosen = form.querySelector("input[name=state]:checked");
  const state = chosen instanceof HTMLInputElement ? chosen.value : "confirmed";
  for (const part of form.querySelectorAll("[data-when]")) {
    if (part instanceof HTMLElement) part.hidden = part.dataset.when !== state;
  }
}

/** The position of a person the directory knows. @param {HTMLFormElement} form @param {EventTarget | null} field */
function fillPosition(form, field) {
  if (!(field instanceof HTMLInputElement) || !field.getAttribute("list")) return;
  const known = [...form.querySelectorAll("datalist option")].find(
    (option) => option instanceof HTMLOptionElement && option.value === field.value,
  );
  const position = known instanceof HTMLElement ? (known.dataset.position ?? "") : "";
  const beside = field.hasAttribute("data-person")
    ? form.querySelector("[data-position].input")
    : field.closest("[data-row]")?.querySelector("[name=delegate_position]");
  if (position && beside instanceof HTMLInputElement && !beside.value) beside.value = position;
}
