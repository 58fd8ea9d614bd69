// @ts-check
// Show or hide the password.

for (const button of document.querySelectorAll("[data-reveal]")) {
  if (!(button instanceof HTMLButtonElement)) continue;
  const field = document.getElementById(button.dataset.reveal ?? "");
  const word = button.querySelector("span");
  if (!(field instanceof HTMLInputElement) || !word) continue;
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    word.textContent = (shown ? word.dataset.on : word.dataset.off) ?? "";
  });
}
