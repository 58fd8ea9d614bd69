// @ts-check
/** Every press is answered at once: the button looks pressed until what it asked for has an answer. */

const LEAST_MS = 250;
const MOST_MS = 10_000;

/**
 * @param {HTMLElement} root
 * @param {() => number} open requests without an answer
 * @param {AbortSignal} signal
 */
export function answerPresses(root, open, signal) {
  const pressed = (/** @type {Event} */ event) => {
    const button = /** @type {Element} */ (event.target).closest("button");
    if (button !== null) hold(button, open);
  };
  // After the handlers of the button itself: they have begun what they ask for.
  root.addEventListener("click", pressed, { signal });
}

/** @param {Element} button @param {() => number} open */
function hold(button, open) {
  const begun = performance.now();
  const look = () => {
    const passed = performance.now() - begun;
    if (passed < MOST_MS && (passed < LEAST_MS || open() > 0)) setTimeout(look, LEAST_MS / 2);
    else button.classList.remove("is-pressed");
  };
  button.classList.add("is-pressed");
  look();
}
