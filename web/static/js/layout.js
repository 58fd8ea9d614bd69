// @ts-check
/**
 * Sizes, seats and page -> tiles, and the pictures to ask the server for. Pure.
 *
 * @import { WantedTile } from "./protocol.js"
 */

/** Gap, plate and smallest tile in room units (1/1920 of the screen's width). */
const GAP = 14;
const PLATE = 86;
const STRIP_TILE = 285;
/** Below this width a row goes; two rows stay as long as they can, for someone beside the fixed tiles. */
const STRIP_SMALLEST = 225;
/** Below this width nothing is seen on a tile: one row is left. */
const STRIP_LEAST = 150;
const SMALLEST = 200;
const PAGER = 64;
/** Tiles on one page of a phone: the picture strip scrolls there. */
const PHONE_TILES = 6;
/** Wanted heights are rounded up to this many lines, so that a small resize asks for nothing new. */
const STEP = 30;

/**
 * @typedef {object} Sizes
 * @property {number} width for tiles, CSS pixels
 * @property {number} area height for tiles and the pager below them
 * @property {number} mainWidth of the main picture's box, CSS pixels
 * @property {number} mainHeight
 * @property {number} unit one room unit in CSS pixels
 * @property {number} ratio device pixels per CSS pixel
 * @property {boolean} phone
 *
 * @typedef {object} Wish
 * @property {readonly string[]} seats on the tiles, in protocol order
 * @property {string | null} presiding
 * @property {string} own
 * @property {"main" | "grid"} mode
 * @property {number} page from 0
 * @property {number} slots how many tiles the connection can fill
 * @property {boolean} tilesShown false while the panel takes their place
 * @property {Sizes} sizes
 *
 * @typedef {object} Plan
 * @property {"main" | "grid"} mode
 * @property {readonly string[]} tiles in reading order
 * @property {number} page
 * @property {number} pages
 * @property {number} first place of the page's first tile, from 1
 * @property {number} last
 * @property {number} total
 * @property {number} columns of the grid
 * @property {number} tileWidth CSS pixels
 * @property {number} mainHeight picture lines wanted, device pixels; 0: not shown
 * @property {readonly WantedTile[]} wanted
 */

/**
 * The column count with the widest tiles.
 *
 * @param {number} count tiles
 * @param {number} width
 * @param {number} height
 * @param {number} plate height of the plate below a picture
 * @param {number} gap
 * @returns {{ columns: number, width: number }} the width of one tile; 0 when nothing fits
 */
export function fit(count, width, height, plate, gap) {
  let best = { columns: 1, width: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const across = (width - gap * (columns - 1)) / columns;
    const down = ((height - gap * (rows - 1)) / rows - plate) * (16 / 9);
    const tile = Math.min(across, down);
    if (tile > best.width) best = { columns, width: tile };
  }
  return best;
}

/**
 * Tiles of one page: the presiding site and one's own always, the others in turn; where only two
 * fit, the presiding site and one other.
 *
 * @param {readonly string[]} seats
 * @param {string | null} presiding
 * @param {string} own
 * @param {number} capacity
 * @param {number} page
 * @returns {{ tiles: string[], page: number, pages: number, first: number, last: number }}
 */
export function paged(seats, presiding, own, capacity, page) {
  const fixed = [presiding, own]
    .filter((seat, at, all) => seat !== null && seats.includes(seat) && all.indexOf(seat) === at)
    .slice(0, Math.max(0, capacity - 1));
  const others = seats.filter((seat) => !fixed.includes(seat));
  const room = Math.max(1, capacity - fixed.length);
  const pages = Math.max(1, Math.ceil(others.length / room));
  const at = Math.min(Math.max(0, page), pages - 1);
  const turn = others.slice(at * room, (at + 1) * room);
  const tiles = /** @type {string[]} */ ([...fixed, ...turn]);
  const first = at === 0 ? Math.min(1, tiles.length) : fixed.length + at * room + 1;
  return { tiles, page: at, pages, first, last: fixed.length + at * room + turn.length };
}

/**
 * The strip of two columns: as many rows as keep their tiles near full size.
 *
 * @param {number} count
 * @param {Sizes} sizes
 * @returns {{ capacity: number, width: number }} tiles of one page, width of one in CSS pixels
 */
function strip(count, sizes) {
  const { unit } = sizes;
  if (sizes.phone) return { capacity: PHONE_TILES, width: sizes.width / 2 };
  for (let rows = Math.max(1, Math.ceil(count / 2)); ; rows -= 1) {
    const pager = rows * 2 < count ? PAGER + GAP : 0;
    const tile = (sizes.area / unit - pager - GAP * (rows - 1)) / rows - PLATE;
    const width = Math.min(STRIP_TILE, (tile * 16) / 9);
    if (width >= STRIP_SMALLEST || rows === 1 || (rows === 2 && width >= STRIP_LEAST)) {
      return { capacity: rows * 2, width: Math.max(STRIP_LEAST, width) * unit };
    }
  }
}

/**
 * How many grid tiles are at least `SMALLEST` wide.
 *
 * @param {number} count
 * @param {Sizes} sizes
 */
function gridCapacity(count, sizes) {
  const { unit } = sizes;
  for (let tiles = count; tiles > 1; tiles -= 1) {
    const { width } = gridShape(tiles, sizes, false);
    if (width >= SMALLEST * unit) return tiles;
  }
  return 1;
}

/** @param {number} pixels @param {number} ratio */
function lines(pixels, ratio) {
  return Math.min(2160, Math.ceil((pixels * ratio) / STEP) * STEP);
}

/** @param {Wish} wish @returns {Plan} */
export function plan(wish) {
  const { sizes, own, slots } = wish;
  const grid = wish.mode === "grid" && !sizes.phone;
  const seats = wish.tilesShown || grid ? wish.seats : [];
  const limit = slots + (seats.includes(own) ? 1 : 0);
  const row = strip(seats.length, sizes);
  const room = grid ? gridCapacity(Math.min(limit, seats.length), sizes) : row.capacity;
  const turn = paged(seats, wish.presiding, own, Math.min(limit, room), wish.page);
  const tiles = grid ? seats.filter((seat) => turn.tiles.includes(seat)) : turn.tiles;
  const shape = gridShape(tiles.length, sizes, turn.pages > 1);
  const width = grid ? shape.width : row.width;
  const height = lines((width * 9) / 16, sizes.ratio);
  const main = Math.min(sizes.mainHeight, (sizes.mainWidth * 9) / 16);
  return {
    ...turn,
    mode: grid ? "grid" : "main",
    tiles,
    total: seats.length,
    columns: shape.columns,
    tileWidth: Math.floor(width),
    mainHeight: grid ? 0 : lines(main, sizes.ratio),
    wanted: tiles.filter((seat) => seat !== own).map((seat) => ({ seat, source: "camera", height })),
  };
}

/**
 * @param {number} count
 * @param {Sizes} sizes
 * @param {boolean} pager
 */
function gridShape(count, sizes, pager) {
  const { unit } = sizes;
  const height = sizes.area - (pager ? (PAGER + GAP) * unit : 0);
  return fit(count, sizes.width, height, PLATE * unit, GAP * unit);
}
