// @ts-check
/** Cameras, microphones, speakers: which there are, which were chosen, why one does not work. */

const CHOICES = "diemcau.devices";
const CHECKED = "diemcau.checked";
const DAY_MS = 24 * 3600 * 1000;

/**
 * @typedef {"microphone" | "camera" | "speaker"} DeviceKind
 * @typedef {"refused" | "missing" | "busy" | "insecure" | "failed"} Cause
 * @typedef {Partial<Record<DeviceKind, string>>} Choices device ids
 *
 * @typedef {object} Opened
 * @property {MediaStreamTrack | null} microphone
 * @property {MediaStreamTrack | null} camera
 * @property {{ microphone?: Cause, camera?: Cause }} problems
 */

/** @type {Record<DeviceKind, MediaDeviceKind>} */
const BROWSER_KIND = { microphone: "audioinput", camera: "videoinput", speaker: "audiooutput" };

/** Why `getUserMedia` or `getDisplayMedia` gave nothing. */
export class DeviceError extends Error {
  /** @param {Cause} cause */
  constructor(cause) {
    super(cause);
    this.name = "DeviceError";
    this.why = cause;
  }
}

/** Browsers give cameras and microphones to pages from https or the machine itself only. */
export function available() {
  return window.isSecureContext && navigator.mediaDevices !== undefined;
}

/** @returns {Choices} */
export function choices() {
  try {
    const kept = JSON.parse(localStorage.getItem(CHOICES) ?? "{}");
    return typeof kept === "object" && kept !== null ? kept : {};
  } catch {
    return {};
  }
}

/**
 * @param {DeviceKind} kind
 * @param {string} id
 */
export function choose(kind, id) {
  store(CHOICES, JSON.stringify({ ...choices(), [kind]: id }));
}

/** Remember that the devices were checked now. */
export function markChecked() {
  store(CHECKED, String(Date.now()));
}

/** @returns {boolean} whether they were checked within the day */
export function checkedToday() {
  try {
    return Date.now() - Number(localStorage.getItem(CHECKED) ?? 0) < DAY_MS;
  } catch {
    return false;
  }
}

/**
 * @param {string} key
 * @param {string} value
 */
function store(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Private windows may refuse; then the choice lasts as long as the page.
  }
}

/**
 * Devices of one kind; without permission their ids and labels are empty.
 *
 * @param {DeviceKind} kind
 * @returns {Promise<MediaDeviceInfo[]>}
 */
export async function list(kind) {
  if (!available()) return [];
  const all = await navigator.mediaDevices.enumerateDevices();
  return all.filter((device) => device.kind === BROWSER_KIND[kind]);
}

/**
 * Open one device: the chosen one, or any other when that one is gone.
 *
 * @param {"microphone" | "camera"} kind
 * @returns {Promise<MediaStreamTrack>}
 * @throws {DeviceError}
 */
export async function open(kind) {
  if (!available()) throw new DeviceError("insecure");
  const id = choices()[kind];
  try {
    return await track(kind, id);
  } catch (error) {
    const why = cause(error);
    if (id === undefined || why === "refused") throw new DeviceError(why);
  }
  try {
    return await track(kind, undefined);
  } catch (error) {
    throw new DeviceError(cause(error));
  }
}

/**
 * Open what is wanted; one device's trouble does not stop the other. Asks the person once.
 *
 * @param {{ microphone: boolean, camera: boolean }} wanted
 * @returns {Promise<Opened>}
 */
export async function openBoth(wanted) {
  /** @type {Opened} */
  const opened = { microphone: null, camera: null, problems: {} };
  if (wanted.microphone && wanted.camera && available()) {
    const { microphone, camera } = choices();
    try {
      const constraints = { audio: audioOf(microphone), video: videoOf(camera) };
      const stream = await navigator.mediaDevices.getUserMedia(constraints);
      [opened.microphone] = stream.getAudioTracks();
      [opened.camera] = stream.getVideoTracks();
      return opened;
    } catch {
      // One of them, or the pair, failed: find out which below.
    }
  }
  for (const kind of /** @type {const} */ (["microphone", "camera"])) {
    if (!wanted[kind]) continue;
    try {
      opened[kind] = await open(kind);
    } catch (error) {
      opened.problems[kind] = error instanceof DeviceError ? error.why : "failed";
    }
  }
  return opened;
}

/**
 * The screen, a window or a tab that the person picks.
 *
 * @returns {Promise<MediaStreamTrack | null>} null when the person changed their mind
 * @throws {DeviceError}
 */
export async function openScreen() {
  if (!available() || navigator.mediaDevices.getDisplayMedia === undefined) {
    throw new DeviceError("insecure");
  }
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({
      video: { frameRate: { ideal: 8, max: 15 }, width: { max: 1920 }, height: { max: 1080 } },
      audio: false,
    });
    const [screen] = stream.getVideoTracks();
    screen.contentHint = "detail";
    return screen;
  } catch (error) {
    if (cause(error) === "refused") return null;
    throw new DeviceError(cause(error));
  }
}

/** Whether this browser can share a screen at all; phones cannot. */
export function canShareScreen() {
  return available() && navigator.mediaDevices.getDisplayMedia !== undefined;
}

/**
 * @param {() => void} listener called when a device is plugged in or taken away
 * @param {AbortSignal} signal
 */
export function onChange(listener, signal) {
  if (available()) navigator.mediaDevices.addEventListener("devicechange", listener, { signal });
}

/**
 * @param {"microphone" | "camera"} kind
 * @param {string | undefined} id
 * @returns {Promise<MediaStreamTrack>}
 */
async function track(kind, id) {
  const constraints = kind === "microphone" ? { audio: audioOf(id) } : { video: videoOf(id) };
  const stream = await navigator.mediaDevices.getUserMedia(constraints);
  return stream.getTracks()[0];
}

/** @param {string | undefined} id @returns {MediaTrackConstraints} */
function audioOf(id) {
  return {
    ...(id === undefined ? {} : { deviceId: { exact: id } }),
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
  };
}

/** @param {string | undefined} id @returns {MediaTrackConstraints} */
function videoOf(id) {
  return {
    ...(id === undefined ? {} : { deviceId: { exact: id } }),
    width: { ideal: 1280 },
    height: { ideal: 720 },
    frameRate: { ideal: 25, max: 30 },
  };
}

/** @param {unknown} error @returns {Cause} */
function cause(error) {
  if (!(error instanceof DOMException)) return "failed";
  switch (error.name) {
    case "NotAllowedError":
    case "SecurityError":
      return "refused";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "failed";
  }
}
