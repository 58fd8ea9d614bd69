// @ts-check
/**
 * Notices within a second that nothing arrives any more. A browser whose address changed says
 * nothing for five seconds, and its WebSocket stays open on the old address as long.
 */

const POLL_MS = 250;
/** The server's reports alone come twice a second. */
const SILENT_MS = 800;

export class PathWatch {
  /** @type {RTCPeerConnection | null} */
  #pc = null;
  #bytes = -1;
  #changedAt = 0;
  #told = false;

  /**
   * @param {() => RTCPeerConnection | null} connection null: none, or one that is known to be down
   * @param {() => void} onSilent once per silence
   * @param {AbortSignal} signal
   */
  constructor(connection, onSilent, signal) {
    this.connection = connection;
    this.onSilent = onSilent;
    const timer = setInterval(() => void this.#look(), POLL_MS);
    signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  }

  async #look() {
    const pc = this.connection();
    const bytes = pc === null ? null : await arrived(pc);
    this.note(pc, bytes, performance.now());
  }

  /**
   * @param {RTCPeerConnection | null} pc
   * @param {number | null} bytes received by it so far; null: not known
   * @param {number} now ms
   */
  note(pc, bytes, now) {
    if (pc === null || bytes === null || pc !== this.#pc || bytes !== this.#bytes) {
      this.#pc = pc;
      this.#bytes = bytes ?? -1;
      this.#changedAt = now;
      this.#told = false;
    } else if (!this.#told && bytes > 0 && now - this.#changedAt >= SILENT_MS) {
      this.#told = true;
      this.onSilent();
    }
  }
}

/**
 * Bytes of media and reports; any receiver that gets something tells of the transport all share.
 *
 * @param {RTCPeerConnection} pc
 * @returns {Promise<number | null>}
 */
async function arrived(pc) {
  for (const { receiver, currentDirection } of pc.getTransceivers()) {
    if (currentDirection !== "recvonly") continue;
    const counts = [...(await receiver.getStats()).values()]
      .filter(({ type }) => type === "transport" || type === "candidate-pair")
      .map(({ bytesReceived }) => bytesReceived ?? 0);
    if (counts.length > 0) return Math.max(...counts);
  }
  return null;
}
