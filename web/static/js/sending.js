// @ts-check
/**
 * What is sent of one's own pictures: the layers somebody watches, and nothing else; nothing at all
 * while the line carries speech alone. And what the voice may take.
 *
 * @import { SentLayers, Source } from "./protocol.js"
 */

import { VOICE_BPS } from "./uplink.js";

/** Camera layers: a quarter, a half, full size. */
export const CAMERA_LAYERS = [
  { rid: "q", scaleResolutionDownBy: 4, maxBitrate: 120_000 },
  { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { rid: "f", scaleResolutionDownBy: 1, maxBitrate: 1_700_000 },
];
/** Documents: sharp letters before smooth motion, one layer. */
export const SCREEN_LAYERS = [{ maxBitrate: 2_500_000, maxFramerate: 15 }];
/** Bits a document's frame should have, and its fewest frames a second, when a ceiling is low. */
const FRAME_BITS = 60_000;
const FEWEST_FRAMES = 2;
const VOICE = [{ maxBitrate: VOICE_BPS }];
/** A picture that is only tried: its first frame is no bigger than a few voices. */
const TINY = { scaleResolutionDownBy: 16, maxFramerate: 8 };

/** On a poor line a document gets fewer frames, never fewer letters. */
const SHARP = { degradationPreference: /** @type {const} */ ("maintain-resolution") };

/** @type {Partial<Record<Source, readonly RTCRtpEncodingParameters[]>>} */
const LAYERS = { microphone: VOICE, camera: CAMERA_LAYERS, screen: SCREEN_LAYERS };

/**
 * The encodings of a sender as the server wants them: below a ceiling each layer gets what it takes
 * at most, smallest first, and the last one what is left. Pure.
 *
 * @param {readonly RTCRtpEncodingParameters[]} encodings as the sender has them
 * @param {readonly RTCRtpEncodingParameters[]} layers as they were made, smallest first
 * @param {{ rids: readonly string[], maxKbps: number | null, tiny?: boolean } | null} wanted null: all of them
 * @returns {{ encodings: RTCRtpEncodingParameters[], changed: boolean }}
 */
export function switched(encodings, layers, wanted) {
  const made = (/** @type {RTCRtpEncodingParameters} */ { rid }) =>
    layers.find((layer) => layer.rid === rid) ?? layers[layers.length - 1];
  const place = (/** @type {RTCRtpEncodingParameters} */ encoding) => layers.indexOf(made(encoding));
  let left = (wanted?.maxKbps ?? Infinity) * 1000;
  const next = [...encodings];
  for (const encoding of [...encodings].sort((a, b) => place(a) - place(b))) {
    const most = made(encoding)?.maxBitrate ?? Infinity;
    const active = left > 0 && isWanted(encoding, wanted);
    const maxBitrate = active ? Math.min(most, left) : most;
    if (active) left -= maxBitrate;
    const rate = maxBitrate < Infinity ? { maxBitrate } : {};
    const size = wanted?.tiny && active ? TINY : sizeOf(made(encoding), maxBitrate);
    next[encodings.indexOf(encoding)] = { ...encoding, active, ...rate, ...size };
  }
  const changed = next.some(({ active, maxBitrate, maxFramerate, scaleResolutionDownBy = 1 }, at) => {
    const now = encodings[at];
    // A browser that knows no frame rates keeps none.
    const pace = now.maxFramerate === undefined || now.maxFramerate === maxFramerate;
    const size = scaleResolutionDownBy === (now.scaleResolutionDownBy ?? 1);
    return !pace || !size || maxBitrate !== now.maxBitrate || active !== (now.active ?? true);
  });
  return { encodings: next, changed };
}

/**
 * @param {RTCRtpEncodingParameters | undefined} layer as it was made
 * @param {number} maxBitrate
 * @returns {Pick<RTCRtpEncodingParameters, "scaleResolutionDownBy" | "maxFramerate">}
 */
function sizeOf(layer, maxBitrate) {
  const { scaleResolutionDownBy } = layer ?? {};
  const scale = scaleResolutionDownBy === undefined ? {} : { scaleResolutionDownBy };
  return { ...scale, maxFramerate: undefined, ...paced(layer, maxBitrate) };
}

/**
 * A document below a ceiling: fewer frames, so that each has the bits its letters need.
 *
 * @param {RTCRtpEncodingParameters | undefined} layer as it was made
 * @param {number} maxBitrate
 */
function paced(layer, maxBitrate) {
  if (layer?.maxFramerate === undefined) return {};
  const frames = Math.max(FEWEST_FRAMES, Math.floor(maxBitrate / FRAME_BITS));
  return { maxFramerate: Math.min(layer.maxFramerate, frames) };
}

/**
 * A browser that sends one layer without a name sends it when any is watched.
 *
 * @param {RTCRtpEncodingParameters} encoding
 * @param {{ rids: readonly string[] } | null} wanted
 */
function isWanted({ rid }, wanted) {
  if (wanted === null) return true;
  return rid ? wanted.rids.includes(rid) : wanted.rids.length > 0;
}

export class Sending {
  /** @type {Map<Source, RTCRtpSender>} */
  #senders = new Map();
  /** @type {Map<Source, SentLayers>} */
  #wanted = new Map();
  /** @type {Set<RTCRtpSender>} documents whose preference is not set yet */
  #unsharp = new Set();
  /** @type {Set<Source>} */
  #running = new Set();
  /** @type {import("./uplink.js").Uplink["pictures"]} */
  #pictures = "sent";
  #voiceBps = VOICE_BPS;

  /** A new connection: everything is sent until the server says otherwise. */
  clear() {
    this.#senders.clear();
    this.#wanted.clear();
    this.#unsharp.clear();
  }

  /**
   * @param {Source} source
   * @param {RTCRtpSender} sender
   */
  use(source, sender) {
    this.#senders.set(source, sender);
    if (source === "screen") this.#unsharp.add(sender);
    if (source !== "camera") void this.#apply(source);
  }

  /**
   * The server's word; sources it does not name are sent whole.
   *
   * @param {readonly SentLayers[]} sources
   */
  want(sources) {
    this.#wanted = new Map(sources.map((sent) => [sent.source, sent]));
    this.again();
  }

  /**
   * What the own line carries, whatever the server asks for.
   *
   * @param {{ pictures: import("./uplink.js").Uplink["pictures"], voiceBps: number }} line
   */
  limit({ pictures, voiceBps }) {
    if (pictures === this.#pictures && voiceBps === this.#voiceBps) return;
    this.#pictures = pictures;
    this.#voiceBps = voiceBps;
    this.again();
  }

  /** Whether somebody watches a picture of this source. @param {Source} source */
  watched(source) {
    return this.#senders.has(source) && this.#wanted.get(source)?.rids.length !== 0;
  }

  /** After every answer: Chromium takes an answer that accepts all layers as "send them all". */
  again() {
    for (const source of this.#senders.keys()) void this.#apply(source);
  }

  /**
   * What is sent now of what the server wants.
   *
   * @param {Source} source
   * @returns {{ rids: readonly string[], maxKbps: number | null, tiny?: boolean } | null}
   */
  #present(source) {
    if (source === "microphone") return { rids: [""], maxKbps: this.#voiceBps / 1000 };
    const wanted = this.#wanted.get(source) ?? null;
    if (this.#pictures === "sent") return wanted;
    if (this.#pictures === "withheld" || source !== "camera") return { rids: [], maxKbps: null };
    const rids = wanted?.rids ?? CAMERA_LAYERS.map(({ rid }) => rid);
    return { rids: rids.slice(0, 1), maxKbps: null, tiny: true };
  }

  /**
   * One change at a time: parameters read before another change was made are refused.
   *
   * @param {Source} source
   */
  async #apply(source) {
    if (this.#running.has(source)) return; // looks at the newest wish when it is done
    this.#running.add(source);
    try {
      for (;;) {
        const sender = this.#senders.get(source);
        const parameters = sender?.getParameters();
        if (sender === undefined || !parameters?.encodings?.length) return;
        const wanted = this.#present(source);
        const { encodings, changed } = switched(parameters.encodings, LAYERS[source] ?? [], wanted);
        const sharpen = this.#unsharp.delete(sender);
        if (!changed && !sharpen) return;
        await sender.setParameters({ ...parameters, encodings, ...(sharpen ? SHARP : {}) });
      }
    } catch (error) {
      // A closed connection has nothing to switch; one that refuses goes on sending all.
      console.debug("layers", source, error);
    } finally {
      this.#running.delete(source);
    }
  }
}
