// @ts-check
/**
 * What the own line carries away from here: speech first, then the own pictures. Pure.
 *
 * Browsers divide their estimate among voice and pictures, but on a narrow line they try a picture
 * again and again, and each time the voice waits or is lost behind it. Here a picture that does not
 * fit beside the voice is withheld, and tried again after a rest.
 *
 * @typedef {object} Uplink
 * @property {"sent" | "withheld" | "tried"} pictures
 * @property {number} since when that began, seconds
 * @property {number | null} short since when the line has been too narrow for what is sent
 * @property {number} restS before the pictures are tried again
 * @property {number | null} roomKbps
 * @property {number} calm since when the estimate has carried a voice and has not fallen
 * @property {boolean} spoke
 * @property {boolean} slim the voice takes less
 * @property {number | null} spare since when there has been room for the whole voice
 * @property {boolean} redundant every frame of the voice is sent twice (RED)
 * @property {number} loss of the voice, smoothed, 0…1
 *
 * @typedef {object} Second what was measured in it
 * @property {number | null} roomKbps what the browser thinks the line carries; null: not known
 * @property {boolean} speaks a voice is sent
 * @property {boolean} shows somebody watches a picture from here
 * @property {number | null} loss of the voice, here or at those who hear it, 0…1
 */

/** Speech as it is sent while there is room, and while there is not. */
export const VOICE_BPS = 24_000;
export const SLIM_VOICE_BPS = 16_000;
/** With all headers. */
const VOICE_KBPS = 55;
/** Browsers send no picture with less than 30. */
const PICTURE_KBPS = 40;
/** Shorter than this is a bad moment; the second where not even speech fits. */
const PATIENCE_S = 2;
const SPEECH_PATIENCE_S = 1;
/** Browsers probe as soon as there is a picture to send; the answer is there within two seconds. */
const TRIAL_S = 2;
const FIRST_REST_S = 10;
const MAX_REST_S = 160;
/** While a voice is sent, pictures are tried after an estimate that was calm for so long. */
const CALM_S = 10;
/** An estimate that rises by itself to what a picture needs. */
const RECOVERED_S = 3;
const FALL = 0.95;
/** Withheld again this soon after it was back: rest longer. */
const SOON_S = 60;
const SPARE_S = 20;
/** Of the voice: worth sending everything twice, and no more. */
const LOSSY = 0.03;
const CLEAN = 0.005;
const LOSS_WEIGHT = 0.3;
const REDUNDANCY_KBPS = 200;

/** @type {Uplink} */
export const FRESH = Object.freeze({
  pictures: "sent", since: 0, short: null, restS: FIRST_REST_S, roomKbps: null, calm: 0, spoke: false,
  slim: false, spare: null, redundant: false, loss: 0,
});

/**
 * One second more.
 *
 * @param {Uplink} uplink
 * @param {Second} second
 * @param {number} now seconds
 * @returns {Uplink}
 */
export function noted(uplink, second, now) {
  const next = redundancy(slimmed(pictures(uplink, second, now), second, now), second);
  const { roomKbps, speaks } = second;
  const fell = (roomKbps ?? 0) < Math.max(VOICE_KBPS, FALL * (uplink.roomKbps ?? 0));
  return { ...next, roomKbps, calm: fell ? now : uplink.calm, spoke: speaks };
}

/** @param {Uplink} uplink @returns {number} what the voice may take */
export function voiceBps({ slim, pictures: state }) {
  return slim || state !== "sent" ? SLIM_VOICE_BPS : VOICE_BPS;
}

/**
 * @param {Uplink} uplink
 * @param {Second} second
 * @param {number} now
 * @returns {Uplink}
 */
function pictures(uplink, second, now) {
  const { roomKbps, speaks, shows } = second;
  if (roomKbps === null) return uplink;
  const speechKbps = speaks ? VOICE_KBPS : 0;
  const fits = roomKbps >= speechKbps + PICTURE_KBPS;
  if (uplink.pictures === "withheld") return rested(uplink, fits, second, now);
  // What nobody watches is not sent and shows nothing.
  if (!shows) return { ...uplink, short: null, since: uplink.pictures === "tried" ? now : uplink.since };
  if (uplink.pictures === "tried") return tried(uplink, fits, now);
  if (fits) return { ...uplink, short: null };
  const short = uplink.short ?? now;
  const patience = roomKbps < speechKbps ? SPEECH_PATIENCE_S : PATIENCE_S;
  const begins = speaks && !uplink.spoke;
  if (!begins && now - short < patience) return { ...uplink, short };
  const restS = now - uplink.since < SOON_S ? longer(uplink.restS) : FIRST_REST_S;
  return { ...turned(uplink, "withheld", now), restS };
}

/**
 * Who stops speaking has room for a picture, and no voice to break by trying one.
 *
 * @param {Uplink} uplink
 * @param {boolean} fits
 * @param {Second} second
 * @param {number} now
 * @returns {Uplink}
 */
function rested(uplink, fits, { speaks }, now) {
  const rests = now - uplink.since;
  if ((uplink.spoke && !speaks) || (fits && rests >= RECOVERED_S)) return turned(uplink, "tried", now);
  const calm = !speaks || now - uplink.calm >= CALM_S || rests >= MAX_REST_S;
  return rests >= uplink.restS && calm ? turned(uplink, "tried", now) : uplink;
}

/**
 * @param {Uplink} uplink
 * @param {boolean} fits
 * @param {number} now
 * @returns {Uplink}
 */
function tried(uplink, fits, now) {
  if (fits) return turned(uplink, "sent", now);
  if (now - uplink.since < TRIAL_S) return uplink;
  return { ...turned(uplink, "withheld", now), restS: longer(uplink.restS) };
}

/** @param {number} restS */
function longer(restS) {
  return Math.min(MAX_REST_S, restS * 2);
}

/**
 * @param {Uplink} uplink
 * @param {Uplink["pictures"]} to
 * @param {number} now
 * @returns {Uplink}
 */
function turned(uplink, to, now) {
  return { ...uplink, pictures: to, since: now, short: null };
}

/**
 * Also without a picture the voice takes less where it hardly fits.
 *
 * @param {Uplink} uplink
 * @param {Second} second
 * @param {number} now
 * @returns {Uplink}
 */
function slimmed(uplink, { roomKbps, speaks }, now) {
  if (roomKbps === null || !speaks) return uplink;
  if (roomKbps < VOICE_KBPS) return { ...uplink, slim: true, spare: null };
  if (!uplink.slim || roomKbps >= VOICE_KBPS + PICTURE_KBPS) return { ...uplink, slim: false, spare: null };
  const spare = uplink.spare ?? now;
  return { ...uplink, spare, slim: now - spare < SPARE_S };
}

/**
 * @param {Uplink} uplink
 * @param {Second} second
 * @returns {Uplink}
 */
function redundancy(uplink, { roomKbps, speaks, loss: lost }) {
  const loss = speaks && lost !== null ? uplink.loss + LOSS_WEIGHT * (lost - uplink.loss) : uplink.loss;
  const room = uplink.pictures === "sent" && (roomKbps === null || roomKbps >= REDUNDANCY_KBPS);
  return { ...uplink, loss, redundant: room && loss >= (uplink.redundant ? CLEAN : LOSSY) };
}
