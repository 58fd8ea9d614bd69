// @ts-check
// Uploads: what is too large is said before it is sent; who sees a document.

export {};

for (const form of document.querySelectorAll("form")) {
  showSites(form);
  form.querySelector("[data-visibility]")?.addEventListener("change", () => showSites(form));
}

for (const form of document.querySelectorAll("form[data-upload]")) {
  if (form instanceof HTMLFormElement) watch(form);
}

/** The list of sites only where some are to be chosen. @param {HTMLFormElement} form */
function showSites(form) {
  const choice = form.querySelector("[data-visibility]");
  const sites = form.querySelector("[data-sites]");
  if (choice instanceof HTMLSelectElement && sites instanceof HTMLElement) {
    sites.hidden = choice.value !== "sites";
  }
}

/** @param {HTMLFormElement} form */
function watch(form) {
  const file = /** @type {HTMLInputElement} */ (form.querySelector("input[type=file]"));
  file.addEventListener("change", () => tooLarge(form, file));
  form.addEventListener("submit", (event) => {
    if (tooLarge(form, file)) {
      event.preventDefault();
      file.focus();
      return;
    }
    const progress = form.querySelector("[data-progress]");
    if (progress) progress.textContent = form.dataset.busy ?? "";
    form.querySelector("[type=submit]")?.setAttribute("aria-disabled", "true");
  });
}

/** @param {HTMLFormElement} form @param {HTMLInputElement} file */
function tooLarge(form, file) {
  const limit = Number(form.dataset.max);
  const wrong = [...(file.files ?? [])].filter((one) => one.size > limit);
  const place = /** @type {HTMLElement | null} */ (form.querySelector("[data-file-error]"));
  if (place) {
    place.hidden = wrong.length === 0;
    place.textContent = wrong.map((one) => `${form.dataset.tooLarge} (${one.name})`).join(" ");
  }
  return wrong.length > 0;
}
