// @ts-check
/**
 * A computer that cannot decode all it is shown asks for less: smaller pictures, then fewer. Pure.
 *
 * @import { Sample } from "./stats.js"
 * @import { WantedTile } from "./protocol.js"
 */

/** Moving pictures at most, the main one included, whatever the computer. */
export const MOST_PICTURES = 9;
/** Of the frames that arrived, so many undecoded mean that the computer is behind. */
const BEHIND = 0.15;
const KEEPS_UP = 0.03;
const FEW_FRAMES = 30;
/** Measurements in a row before anything is given up. */
const PATIENCE = 3;
/** Before more is tried again, seconds; doubles when it was too much. */
const FIRST_REST_S = 60;
const MAX_REST_S = 960;
/** What is shown at most by level of relief: lines of the main picture and of a tile, tiles. */
const RELIEF = [
  { main: Infinity, tile: Infinity, tiles: MOST_PICTURES - 1 },
  { main: 360, tile: 180, tiles: MOST_PICTURES - 1 },
  { main: 360, tile: 180, tiles: 6 },
  { main: 180, tile: 180, tiles: 4 },
];

/**
 * @typedef {object} Effort
 * @property {number} relief 0: everything is shown
 * @property {number} strained measurements in a row that were behind
 * @property {number} since when the relief last changed, seconds
 * @property {number} restS
 */

/** @type {Effort} */
export const FRESH = Object.freeze({ relief: 0, strained: 0, since: 0, restS: FIRST_REST_S });

/**
 * @param {Effort} effort
 * @param {Sample} before
 * @param {Sample} sample a few seconds later
 * @param {number} now seconds
 * @returns {Effort}
 */
export function judged(effort, before, sample, now) {
  const dropped = sample.dropped - before.dropped;
  const frames = sample.decoded - before.decoded + dropped;
  if (dropped < 0 || frames < FEW_FRAMES) return { ...effort, strained: 0 };
  if (dropped / frames > BEHIND) return strained({ ...effort, strained: effort.strained + 1 }, now);
  const rested = effort.relief > 0 && dropped / frames < KEEPS_UP && now - effort.since > effort.restS;
  if (!rested) return { ...effort, strained: 0 };
  return { ...effort, relief: effort.relief - 1, strained: 0, since: now };
}

/**
 * @param {Effort} effort
 * @param {number} now
 * @returns {Effort}
 */
function strained(effort, now) {
  if (effort.strained < PATIENCE || effort.relief === RELIEF.length - 1) return effort;
  const tooEarly = effort.since > 0 && now - effort.since < FIRST_REST_S;
  const restS = tooEarly ? Math.min(MAX_REST_S, effort.restS * 2) : effort.restS;
  return { relief: effort.relief + 1, strained: 0, since: now, restS };
}

/**
 * What to ask the server for, of what the layout shows.
 *
 * @param {number} relief
 * @param {{ mainHeight: number, tiles: readonly WantedTile[] }} view
 * @returns {{ mainHeight: number, tiles: WantedTile[] }}
 */
export function eased(relief, { mainHeight, tiles }) {
  const most = RELIEF[relief];
  return {
    mainHeight: Math.min(mainHeight, most.main),
    tiles: tiles
      .slice(0, most.tiles)
      .map((tile) => ({ ...tile, height: Math.min(tile.height, most.tile) })),
  };
}
