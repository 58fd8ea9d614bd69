// @ts-check
// A figure's history as a line. Pure.

export const POINTS = 60; // five minutes, one point every five seconds

/**
 * Path of a sparkline in a 60 x 20 box; gaps stay gaps.
 * @param {(number | null)[]} points oldest first @param {number} top least full height
 * @returns {{line: string, fill: string}}
 */
export function sparkline(points, top) {
  const shown = points.slice(-POINTS);
  const full = Math.max(top, ...shown.map((value) => value ?? 0));
  const offset = POINTS - shown.length;
  let line = "";
  let fill = "";
  let from = -1;
  shown.forEach((value, i) => {
    if (value === null) return;
    const x = offset + i + 0.5;
    const y = (19 - (18 * value) / full).toFixed(1);
    const starts = i === 0 || shown[i - 1] === null;
    if (starts) from = x;
    line += `${starts ? "M" : "L"}${x} ${y}`;
    fill += starts ? `M${x} 20L${x} ${y}` : `L${x} ${y}`;
    const ends = i === shown.length - 1 || shown[i + 1] === null;
    if (ends && starts) line += `h0.01`;
    if (ends) fill += `L${x} 20L${from} 20Z`;
  });
  return { line, fill };
}
