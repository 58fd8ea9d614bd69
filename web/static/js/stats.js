// @ts-check
/**
 * How good the line is, from `getStats()`: sampling, and a pure judgement.
 *
 * @import { Quality } from "./protocol.js"
 *
 * @typedef {object} Sample totals since the connection began
 * @property {number} received packets
 * @property {number} missing packets lost on the way here
 * @property {number} upSent packets
 * @property {number} upLost of them, as the server counts; its fractions also tell how voices arrive elsewhere
 * @property {number} roundTripMs 0: not known
 * @property {number} decoded frames of all pictures
 * @property {number} dropped frames that came and were not decoded or shown in time
 * @property {Record<string, import("./patience.js").Counts>} pictures by mid
 * @property {"" | "TCP" | "TURN"} path how media travels; "" is UDP, the best way
 *
 * @typedef {object} Inbound
 * @property {string} mid
 * @property {number} frames decoded
 * @property {number} width of the last frame
 * @property {number} height
 * @property {number} energy of the sound, as `totalAudioEnergy`
 */

const WEAK_LOSS = 0.05;
const WEAK_ROUND_TRIP_MS = 400;
const FEW_PACKETS = 20;

/**
 * @param {RTCPeerConnection} pc
 * @returns {Promise<Sample>}
 */
export async function sample(pc) {
  const reports = [...(await pc.getStats()).values()];
  /** @type {Sample} */
  const total = {
    received: 0, missing: 0, upSent: 0, upLost: 0, roundTripMs: 0, decoded: 0, dropped: 0, pictures: {}, path: pathOf(reports),
  };
  for (const entry of reports) {
    if (entry.type === "inbound-rtp") {
      total.received += entry.packetsReceived ?? 0;
      total.missing += Math.max(0, entry.packetsLost ?? 0);
      total.decoded += entry.framesDecoded ?? 0;
      total.dropped += entry.framesDropped ?? 0;
      if (entry.kind === "video" && typeof entry.mid === "string") {
        total.pictures[entry.mid] = { packets: entry.packetsReceived ?? 0, asked: entry.nackCount ?? 0 };
      }
    } else if (entry.type === "remote-inbound-rtp") {
      total.upLost += Math.max(0, entry.packetsLost ?? 0);
      total.roundTripMs = Math.max(total.roundTripMs, (entry.roundTripTime ?? 0) * 1000);
    } else if (entry.type === "outbound-rtp") {
      total.upSent += entry.packetsSent ?? 0;
    } else if (entry.type === "candidate-pair" && entry.state === "succeeded") {
      total.roundTripMs = Math.max(total.roundTripMs, (entry.currentRoundTripTime ?? 0) * 1000);
    }
  }
  return total;
}

/**
 * What is known of the way up.
 *
 * @param {readonly RTCRtpSender[]} senders
 * @returns {Promise<{ roomKbps: number | null, loss: number | null }>} null: not known; loss of the
 *   voice, here or at those who hear it, whichever is worse
 */
export async function uplink(senders) {
  const reports = (await Promise.all(senders.map((sender) => sender.getStats()))).flatMap((report) => [
    ...report.values(),
  ]);
  const voice = reports.find(({ type, kind }) => type === "remote-inbound-rtp" && kind === "audio");
  const room = pairOf(reports)?.availableOutgoingBitrate;
  return { roomKbps: room === undefined ? null : room / 1000, loss: voice?.fractionLost ?? null };
}

/**
 * @param {readonly any[]} reports of `getStats()`
 * @returns {"" | "TCP" | "TURN"}
 */
export function pathOf(reports) {
  const pair = pairOf(reports);
  const local = reports.find(({ id }) => pair !== undefined && id === pair.localCandidateId);
  if (local?.candidateType === "relay") return "TURN";
  return local?.protocol === "tcp" ? "TCP" : "";
}

/** The pair of addresses in use. @param {readonly any[]} reports */
function pairOf(reports) {
  const chosen = reports.find(({ type }) => type === "transport")?.selectedCandidatePairId;
  return reports.find(
    (entry) => entry.type === "candidate-pair" && (entry.id === chosen || entry.selected === true),
  );
}

/**
 * @param {Sample} before
 * @param {Sample} now a few seconds later
 * @returns {Quality}
 */
export function judge(before, now) {
  const received = now.received - before.received;
  const missing = now.missing - before.missing;
  const downLoss = received + missing > FEW_PACKETS ? missing / (received + missing) : 0;
  const loses = downLoss > WEAK_LOSS || upLoss(before, now) > WEAK_LOSS;
  return loses || now.roundTripMs > WEAK_ROUND_TRIP_MS ? "weak" : "good";
}

/**
 * @param {Sample} before
 * @param {Sample} now a few seconds later
 * @returns {number} fraction 0…1 of what was sent
 */
export function upLoss(before, now) {
  const sent = now.upSent - before.upSent;
  return sent > FEW_PACKETS ? Math.max(0, now.upLost - before.upLost) / sent : 0;
}

/**
 * What arrived in each receive slot.
 *
 * @param {RTCPeerConnection} pc
 * @param {"audio" | "video"} kind
 * @returns {Promise<Inbound[]>}
 */
export async function inbound(pc, kind) {
  const slots = pc
    .getTransceivers()
    .filter(({ mid, receiver, direction }) => {
      return mid !== null && direction === "recvonly" && receiver.track.kind === kind;
    });
  return Promise.all(slots.map(({ mid, receiver }) => figures(mid ?? "", receiver)));
}

/**
 * @param {string} mid
 * @param {RTCRtpReceiver} receiver
 * @returns {Promise<Inbound>}
 */
async function figures(mid, receiver) {
  const sum = { mid, frames: 0, width: 0, height: 0, energy: 0 };
  for (const entry of (await receiver.getStats()).values()) {
    if (entry.type !== "inbound-rtp") continue;
    sum.frames += entry.framesDecoded ?? 0;
    sum.width = entry.frameWidth ?? sum.width;
    sum.height = entry.frameHeight ?? sum.height;
    sum.energy += entry.totalAudioEnergy ?? 0;
  }
  return sum;
}
