// @ts-check
/** A `<video>` that never stands still under another seat's name. */

import { leaving } from "../page.js";

/** A kept picture without a new frame this long is hidden. */
const STALE_MS = 700;

/**
 * @param {HTMLVideoElement} video
 * @param {MediaStream | null} stream
 * @param {string} name of what the stream shows now
 * @param {boolean} [keep] a new name on the same stream: hide only when no frame comes soon, so that
 *   the main picture cuts without a flash; otherwise hide until the next frame
 */
export function setPicture(video, stream, name, keep = false) {
  const wanted = stream === null ? "" : name;
  if (video.srcObject === stream && video.dataset.picture === wanted) {
    if (stream !== null && video.paused) void video.play().catch(() => {});
    return;
  }
  const kept = keep && stream !== null && video.srcObject === stream;
  video.dataset.picture = wanted;
  if (!kept) video.classList.remove("is-live");
  if (video.srcObject !== stream) video.srcObject = stream;
  if (stream === null) return;
  void video.play().catch(() => {});
  const still = () => video.dataset.picture === wanted;
  const stale = setTimeout(() => still() && video.classList.remove("is-live"), STALE_MS);
  onFrame(video, () => {
    clearTimeout(stale);
    if (still()) video.classList.add("is-live");
  });
}

/**
 * Call once the next frame is painted.
 *
 * @param {HTMLVideoElement} video
 * @param {() => void} then
 */
function onFrame(video, then) {
  if ("requestVideoFrameCallback" in video) {
    video.requestVideoFrameCallback(then);
    return;
  }
  const element = /** @type {HTMLVideoElement} */ (video);
  element.addEventListener("timeupdate", then, { once: true, signal: leaving.signal });
}
