// @ts-check
/**
 * The one peer connection: one offer for the whole meeting, with fixed receive slots.
 *
 * Sections of the offer, in order: microphone, camera (simulcast), screen; then the audio slots,
 * then the video slots. What plays in a slot is told by signalling, never by SDP. A changed path is
 * an ICE restart; everything worse is a new connection with the same tracks.
 *
 * @import { SentLayers, Source } from "./protocol.js"
 */

import { withVoice, withVoiceRepair } from "./offer.js";
import { CAMERA_LAYERS, SCREEN_LAYERS, Sending } from "./sending.js";
import { LineLost, RequestRefused } from "./signaling.js";

/** What room hardware and encoders send: H.264 constrained baseline, RFC 7742 section 6.2. */
const ENCODER_H264 = /^video\/h264;(?=.*packetization-mode=1)(?=.*profile-level-id=42e0)/i;
/** A path that is silent this long gets new ICE credentials. */
const DISCONNECTED_MS = 700;
/** No connection this long after an answer: the network blocks our media. */
const CONNECT_MS = 10_000;
const BACK_OFF_MS = [500, 1000, 2000, 4000];
/** The later ones contain what the earlier ones do. */
const CHANGES = ["voice", "restart", "rebuild"];

/**
 * @typedef {"connecting" | "connected" | "interrupted" | "blocked"} PeerState
 *
 * @typedef {"any" | "tcp"} Path
 *
 * @typedef {"voice" | "restart" | "rebuild"} Change voice: the same answer again, see `withVoice`
 *
 * @typedef {object} Reply
 * @property {string} sdp
 * @property {readonly string[]} audioMids
 * @property {readonly string[]} videoMids
 *
 * @typedef {object} PeerHooks
 * @property {(sdp: string, restart: boolean, path: Path) => Promise<Reply>} exchange the offer for the answer
 * @property {(state: PeerState) => void} onState
 * @property {() => void} onSlots a new connection: every slot has a new track
 * @property {(error: RequestRefused) => void} onRefused the server takes no offer now
 */

export class Peer {
  /** @type {RTCPeerConnection | null} */
  #pc = null;
  /** @type {Record<Source, RTCRtpSender | null>} */
  #senders = { microphone: null, camera: null, screen: null };
  /** @type {Record<Source, MediaStreamTrack | null>} */
  #tracks = { microphone: null, camera: null, screen: null };
  /** @type {Map<string, MediaStream>} */
  #streams = new Map();
  #sending = new Sending();
  /** @type {Change | null} */
  #wanted = null;
  #redundant = false;
  /** The last one, as the server wrote it. */
  #answer = "";
  /** @type {Path} */
  #path = "any";
  #running = false;
  #failures = 0;
  #timer = 0;
  #watchdog = 0;
  #closed = false;
  /** @type {PeerState} */
  #state = "connecting";
  /** TURN servers of the next path. @type {RTCIceServer[]} */
  iceServers = [];
  /** @type {readonly string[]} */
  audioMids = [];
  /** @type {readonly string[]} */
  videoMids = [];

  /**
   * @param {{ audio: number, video: number }} slots
   * @param {PeerHooks} hooks
   * @param {AbortSignal} signal
   */
  constructor(slots, hooks, signal) {
    this.slots = slots;
    this.hooks = hooks;
    signal.addEventListener("abort", () => this.#close(), { once: true });
  }

  get state() {
    return this.#state;
  }

  /** The present connection, for statistics and tests. */
  get connection() {
    return this.#pc;
  }

  /**
   * The picture or voice of a slot. The stream stays the same until `onSlots`.
   *
   * @param {string} mid
   * @returns {MediaStream | null}
   */
  stream(mid) {
    return this.#streams.get(mid) ?? null;
  }

  /** The line is there (again): make sure that media has a path, or get one. */
  connect() {
    this.#path = "any"; // it may be another network now
    const whole = this.#pc?.remoteDescription && this.#failures === 0;
    this.#want(whole ? "restart" : "rebuild");
  }

  /**
   * Show a picture this much later than it could be, where the browser can.
   *
   * @param {string} mid
   * @param {number} delayMs 0: as the browser likes
   */
  delay(mid, delayMs) {
    const receiver = this.#pc?.getTransceivers().find((one) => one.mid === mid)?.receiver;
    if (receiver !== undefined && "jitterBufferTarget" in receiver) {
      receiver.jitterBufferTarget = delayMs > 0 ? delayMs : null;
    }
  }

  /** A new path with new ICE credentials; tracks and slots stay. */
  restart() {
    this.#want("restart");
  }

  /**
   * UDP stays bad here: "tcp", until the network changes or TCP proves no better.
   *
   * @param {Path} path
   */
  use(path) {
    if (this.#pc === null || this.#pc.remoteDescription === null || path === this.#path) return;
    this.#path = path;
    this.#want("restart");
  }

  /** Everything new, the same tracks. */
  rebuild() {
    this.#want("rebuild");
  }

  /**
   * What to send of a source; null sends nothing. Needs no new offer.
   *
   * @param {Source} source
   * @param {MediaStreamTrack | null} track
   */
  setTrack(source, track) {
    if (this.#tracks[source] === track) return;
    this.#tracks[source] = track;
    void this.#senders[source]?.replaceTrack(track);
  }

  /**
   * Which layers to send, as the server says.
   *
   * @param {readonly SentLayers[]} sources
   */
  setLayers(sources) {
    this.#sending.want(sources);
  }

  /**
   * What the own line carries, see `uplink.js`.
   *
   * @param {{ pictures: import("./uplink.js").Uplink["pictures"], voiceBps: number, redundant: boolean }} line
   */
  limit(line) {
    this.#sending.limit(line);
    if (line.redundant === this.#redundant) return;
    this.#redundant = line.redundant;
    if (this.#answer !== "") this.#want("voice");
  }

  /** Whether somebody watches a picture from here. */
  get shows() {
    return /** @type {const} */ (["camera", "screen"]).some(
      (source) => this.#tracks[source] !== null && this.#sending.watched(source),
    );
  }

  /** Whether a voice is sent. */
  get speaks() {
    return this.#tracks.microphone !== null;
  }

  /** Of the voice and of the camera, for statistics. @returns {RTCRtpSender[]} */
  get senders() {
    const { microphone, camera } = this.#senders;
    return [microphone, camera].flatMap((sender) => sender ?? []);
  }

  /** @param {Change} kind */
  #want(kind) {
    if (this.#closed) return;
    if (this.#wanted === null || CHANGES.indexOf(kind) > CHANGES.indexOf(this.#wanted)) this.#wanted = kind;
    if (!this.#running) void this.#run();
  }

  async #run() {
    this.#running = true;
    clearTimeout(this.#timer);
    while (this.#wanted !== null && !this.#closed) {
      const kind = this.#pc === null ? "rebuild" : this.#wanted;
      this.#wanted = null;
      try {
        await this.#make(kind);
      } catch (error) {
        this.#failed(kind, error);
      }
    }
    this.#running = false;
  }

  /** @param {Change} kind */
  #make(kind) {
    if (kind === "rebuild") return this.#build();
    return kind === "restart" ? this.#renew() : this.#revoice();
  }

  /**
   * @param {Change} kind
   * @param {unknown} error
   */
  #failed(kind, error) {
    if (this.#closed || error instanceof LineLost) return; // `connect` comes with the line
    if (kind !== "rebuild") {
      this.#wanted = "rebuild";
      return;
    }
    if (error instanceof RequestRefused) this.hooks.onRefused(error);
    this.#again();
  }

  /** Build anew after a pause that grows. */
  #again() {
    const delay = BACK_OFF_MS[Math.min(this.#failures, BACK_OFF_MS.length - 1)];
    this.#failures += 1;
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#want("rebuild"), delay);
  }

  async #build() {
    this.#discard();
    this.#path = "any";
    const pc = new RTCPeerConnection(this.#configuration());
    this.#pc = pc;
    this.#tell("connecting");
    pc.onconnectionstatechange = () => pc === this.#pc && this.#changed(pc.connectionState);
    const receivers = this.#sections(pc);
    await pc.setLocalDescription(await pc.createOffer());
    for (const { mid, receiver } of receivers) {
      if (mid !== null) this.#streams.set(mid, new MediaStream([receiver.track]));
    }
    const reply = await this.#answered(pc, false);
    // What was said before this answer was about the connection before.
    this.#sending.clear();
    for (const source of /** @type {const} */ (["microphone", "camera", "screen"])) {
      const sender = this.#senders[source];
      if (sender !== null) this.#sending.use(source, sender);
    }
    this.audioMids = reply.audioMids;
    this.videoMids = reply.videoMids;
    this.hooks.onSlots();
    this.#guard(pc);
  }

  /**
   * @param {RTCPeerConnection} pc
   * @returns {RTCRtpTransceiver[]} the receive slots
   */
  #sections(pc) {
    const { microphone, camera, screen } = this.#tracks;
    /**
     * @param {Source} source
     * @param {MediaStreamTrack | null} track
     * @param {RTCRtpEncodingParameters[]} [sendEncodings]
     */
    const send = (source, track, sendEncodings) => {
      const kind = source === "microphone" ? "audio" : "video";
      const transceiver = pc.addTransceiver(track ?? kind, {
        direction: "sendonly",
        ...(sendEncodings === undefined ? {} : { sendEncodings }),
      });
      prefer(transceiver, kind);
      this.#senders[source] = transceiver.sender;
    };
    send("microphone", microphone);
    send("camera", camera, CAMERA_LAYERS);
    send("screen", screen, SCREEN_LAYERS);
    return [
      ...receiveSlots(pc, "audio", this.slots.audio),
      ...receiveSlots(pc, "video", this.slots.video),
    ];
  }

  /** @returns {RTCConfiguration} */
  #configuration() {
    const iceServers = this.#path === "tcp" ? withoutUdp(this.iceServers) : this.iceServers;
    return { bundlePolicy: "max-bundle", iceServers };
  }

  async #renew() {
    const pc = /** @type {RTCPeerConnection} */ (this.#pc);
    pc.setConfiguration(this.#configuration());
    await pc.setLocalDescription(await pc.createOffer({ iceRestart: true }));
    await this.#answered(pc, true);
    this.#guard(pc);
  }

  /**
   * @param {RTCPeerConnection} pc
   * @param {boolean} restart
   * @returns {Promise<Reply>}
   */
  async #answered(pc, restart) {
    const offer = /** @type {RTCSessionDescription} */ (pc.localDescription);
    const told = withVoiceRepair(offer.sdp);
    const reply = await this.hooks.exchange(told, restart, restart ? this.#path : "any");
    if (pc !== this.#pc) throw new LineLost();
    this.#answer = reply.sdp;
    await this.#take(pc);
    return reply;
  }

  /** The server need not know: it takes plain and redundant voices at any time. */
  async #revoice() {
    const pc = /** @type {RTCPeerConnection} */ (this.#pc);
    await pc.setLocalDescription(await pc.createOffer());
    await this.#take(pc);
  }

  /** @param {RTCPeerConnection} pc */
  async #take(pc) {
    const layers = this.#senders.camera?.getParameters().encodings ?? [];
    const off = layers.flatMap(({ rid, active }) => (rid && active === false ? [rid] : []));
    await pc.setRemoteDescription({ type: "answer", sdp: withVoice(this.#answer, this.#redundant, off) });
    this.#sending.again();
  }

  /**
   * No connection in time: say so, and try again from the start.
   *
   * @param {RTCPeerConnection} pc
   */
  #guard(pc) {
    clearTimeout(this.#watchdog);
    this.#watchdog = window.setTimeout(() => {
      if (pc !== this.#pc || pc.connectionState === "connected") return;
      this.#tell("blocked");
      this.#again();
    }, CONNECT_MS);
  }

  /** @param {RTCPeerConnectionState} state */
  #changed(state) {
    const pc = this.#pc;
    if (state === "connected") {
      this.#failures = 0;
      clearTimeout(this.#timer);
      this.#tell("connected");
    } else if (state === "disconnected") {
      this.#tell("interrupted");
      clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => {
        if (pc === this.#pc && pc?.connectionState === "disconnected") this.restart();
      }, DISCONNECTED_MS);
    } else if (state === "failed" || state === "closed") {
      this.#tell("interrupted");
      this.rebuild();
    }
  }

  /** @param {PeerState} state */
  #tell(state) {
    if (state === this.#state) return;
    // While trying again, "blocked" stays on screen until it works.
    if (this.#state === "blocked" && state !== "connected") return;
    this.#state = state;
    this.hooks.onState(state);
  }

  #discard() {
    clearTimeout(this.#watchdog);
    const pc = this.#pc;
    this.#pc = null;
    this.#answer = "";
    this.#streams.clear();
    this.#senders = { microphone: null, camera: null, screen: null };
    if (pc === null) return;
    pc.onconnectionstatechange = null;
    pc.close();
  }

  #close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#discard();
  }
}

/**
 * TURN servers that are reached by TCP or TLS. RFC 7065: UDP unless the address says otherwise.
 *
 * @param {readonly RTCIceServer[]} servers
 * @returns {RTCIceServer[]}
 */
export function withoutUdp(servers) {
  return servers
    .map((server) => ({
      ...server,
      urls: [server.urls].flat().filter((url) => /^turns:(?!.*transport=udp)|transport=tcp/.test(url)),
    }))
    .filter(({ urls }) => urls.length > 0);
}

/**
 * @param {RTCPeerConnection} pc
 * @param {"audio" | "video"} kind
 * @param {number} count
 * @returns {RTCRtpTransceiver[]}
 */
function receiveSlots(pc, kind, count) {
  return Array.from({ length: count }, () => {
    const transceiver = pc.addTransceiver(kind, { direction: "recvonly" });
    prefer(transceiver, kind, ENCODER_H264);
    return transceiver;
  });
}

/**
 * Offer Opus with its redundancy, and VP8 with its repair, only: the offer shrinks to a third. Receive slots also take
 * `further`, where the browser has it.
 *
 * @param {RTCRtpTransceiver} transceiver
 * @param {"audio" | "video"} kind
 * @param {RegExp} [further] matched against "type; parameters"
 */
function prefer(transceiver, kind, further) {
  const known = RTCRtpReceiver.getCapabilities?.(kind)?.codecs ?? [];
  const wanted = kind === "audio" ? ["audio/opus", "audio/red"] : ["video/vp8", "video/rtx"];
  const codecs = known.filter(
    ({ mimeType, sdpFmtpLine }) =>
      wanted.includes(mimeType.toLowerCase()) || further?.test(`${mimeType}; ${sdpFmtpLine ?? ""}`),
  );
  if (codecs.length > 0) transceiver.setCodecPreferences?.(codecs);
}
