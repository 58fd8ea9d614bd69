// @ts-check
// Search as people type: without accents, case, apostrophes and hyphens ("K'Bang" is "kbang").

/** @param {string} text */
export function fold(text) {
  return text
    .toLowerCase()
    .replaceAll("đ", "d")
    .normalize("NFD")
    .replace(/[\u0300-\u036f'’ʼ]/g, "")
    .replace(/[-–]/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

/**
 * Whether each word of the query begins a word of the text, or the query is in it without spaces.
 * @param {string} query
 * @param {string} text
 */
export function matches(query, text) {
  const [wanted, there] = [fold(query), fold(text)];
  const words = ` ${there}`;
  return (
    wanted.split(" ").every((word) => words.includes(` ${word}`)) ||
    there.replaceAll(" ", "").includes(wanted.replaceAll(" ", ""))
  );
}
