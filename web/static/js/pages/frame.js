// @ts-check
// The frame of every page: the contents button on narrow screens, the account menu.

const button = document.querySelector("[data-menu]");
const nav = document.getElementById("muc-luc");
if (button && nav) {
  button.setAttribute("role", "button");
  button.setAttribute("aria-expanded", "false");
  button.addEventListener("click", (event) => {
    event.preventDefault();
    const open = nav.classList.toggle("is-open");
    button.setAttribute("aria-expanded", String(open));
  });
}

const menu = /** @type {HTMLDetailsElement | null} */ (document.querySelector("details.me"));
if (menu) {
  document.addEventListener("click", (event) => {
    if (event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary")?.focus();
  });
}
