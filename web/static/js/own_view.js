// @ts-check
/**
 * How one person looks at the meeting, beside the scene that all get. Kept on this device. Pure but for the keeping.
 *
 * @typedef {"common" | "main" | "grid" | "speaker" | "document"} OwnView
 *
 * @typedef {object} Arranged
 * @property {"main" | "grid"} mode
 * @property {readonly string[] | null} seats of the scene; null: everybody
 * @property {boolean} tiles
 * @property {boolean} main the main picture has a place where tiles do not take it
 */

/** @type {readonly OwnView[]} */
export const OWN_VIEWS = Object.freeze(["common", "main", "grid", "speaker", "document"]);

const KEY = "diemcau.own-view";

/** @returns {OwnView} */
export function keptView() {
  const kept = localStorage.getItem(KEY);
  return OWN_VIEWS.find((view) => view === kept) ?? "common";
}

/** @param {OwnView} view */
export function keepView(view) {
  localStorage.setItem(KEY, view);
}

/**
 * A document that is open has the large place; who spoke of it and the tiles stand beside it.
 *
 * @param {OwnView} own
 * @param {readonly string[] | null} scene seats the scene shows as equals; null: one main picture
 * @param {boolean} reads a document is open
 * @returns {Arranged}
 */
export function arranged(own, scene, reads) {
  const alone = own === "speaker" || (own === "document" && reads);
  const main = !(own === "document" && reads);
  if (reads || own === "main" || own === "speaker") return { mode: "main", seats: null, tiles: !alone, main };
  if (own === "grid") return { mode: "grid", seats: null, tiles: true, main };
  return { mode: scene === null ? "main" : "grid", seats: scene, tiles: true, main };
}

/**
 * What the button for the grid changes to: it says what one does not see now.
 *
 * @param {OwnView} own
 * @param {boolean} shown tiles are shown as a grid
 * @param {readonly string[] | null} scene
 * @returns {OwnView}
 */
export function gridPressed(own, shown, scene) {
  if (!shown) return own === "grid" ? "common" : "grid";
  return scene === null ? "common" : "main";
}
