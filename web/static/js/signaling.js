// @ts-check
/**
 * The WebSocket: hello and resume, heartbeat, requests, reconnection without end.
 *
 * @import { Answer, Bye, Done, Refused, ServerMessage, Welcome } from "./protocol.js"
 */

import { Promptness } from "./promptness.js";
import { PROTOCOL } from "./protocol.js";

const BACK_OFF_MS = [200, 500, 1000, 2000];
const DEAD_MS = 5000;
/** What is asked for an answer, see `probe`, has this long. */
const PROBE_MS = 1000;
const REQUEST_MS = 15000;

/** A request the server refused: `code` is stable, `message` is for the person. */
export class RequestRefused extends Error {
  /** @param {Refused} refused */
  constructor(refused) {
    super(refused.text);
    this.name = "RequestRefused";
    this.code = refused.code;
  }
}

/** The line was lost, or is not there, so nobody knows whether the request was carried out. */
export class LineLost extends Error {
  constructor() {
    super("line lost");
    this.name = "LineLost";
  }
}

/**
 * @typedef {object} Hooks
 * @property {(message: ServerMessage) => void} onMessage every message but replies and pongs
 * @property {(open: boolean) => void} onLine the line is there (after `welcome`), or is lost
 * @property {(bye: Bye) => void} onRetry the server closed; the line is opened again
 * @property {(bye: Bye) => void} onBye the server closed for good; nobody reconnects
 * @property {() => { connection: string, seq: number } | null} resume where the client stands
 *
 * @typedef {{ resolve: (reply: Answer | Done) => void, reject: (error: Error) => void, timer: number }} Pending
 */

export class Signaling {
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {Map<number, Pending>} */
  #pending = new Map();
  #nextId = 1;
  #attempt = 0;
  #heardAt = 0;
  #open = false;
  #closed = false;
  #heartbeat = 0;
  #retry = 0;
  promptness = new Promptness();

  /**
   * @param {string} url path or ws(s) address of the endpoint
   * @param {string} meeting id or short name
   * @param {Hooks} hooks
   * @param {AbortSignal} signal aborting closes the socket without a word
   */
  constructor(url, meeting, hooks, signal) {
    const address = new URL(url, location.href);
    address.protocol = address.protocol === "https:" || address.protocol === "wss:" ? "wss:" : "ws:";
    this.url = address.href;
    this.meeting = meeting;
    this.hooks = hooks;
    signal.addEventListener("abort", () => this.#stop(), { once: true });
    window.addEventListener("online", () => this.reconnectNow(), { signal });
    this.#connect();
  }

  get open() {
    return this.#open;
  }

  /**
   * Send a request and wait for its reply.
   *
   * @param {string} type
   * @param {Record<string, unknown>} [fields]
   * @returns {Promise<Answer | Done>}
   * @throws {RequestRefused | LineLost}
   */
  request(type, fields = {}) {
    if (!this.#open) return Promise.reject(new LineLost());
    const requestId = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = window.setTimeout(() => this.#settle(requestId, new LineLost()), REQUEST_MS);
      this.#pending.set(requestId, { resolve, reject, timer });
      this.#send({ type, requestId, ...fields });
    });
  }

  /** Leave on purpose: the server closes; nobody reconnects. */
  leave() {
    if (this.#open) this.#send({ type: "leave" });
    this.#stop();
  }

  /** Drop the present socket, if any, and connect at once. */
  reconnectNow() {
    if (this.#closed) return;
    this.#attempt = 0;
    this.#drop();
    clearTimeout(this.#retry);
    this.#connect();
  }

  /** There is reason to doubt the line: it answers soon, or another one is opened. */
  probe() {
    const socket = this.#socket;
    const heardAt = this.#heardAt;
    if (!this.#open) return;
    this.#ping();
    setTimeout(() => socket === this.#socket && heardAt === this.#heardAt && this.#lost(), PROBE_MS);
  }

  #connect() {
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    this.promptness.reset();
    this.#heardAt = performance.now();
    socket.onopen = () => socket === this.#socket && this.#hello();
    socket.onmessage = (event) => socket === this.#socket && this.#receive(event.data);
    socket.onclose = () => socket === this.#socket && this.#lost();
    clearInterval(this.#heartbeat);
    this.#heartbeat = window.setInterval(() => this.#watch(), 1000);
  }

  #hello() {
    const resume = this.hooks.resume();
    this.#send({
      type: "hello",
      protocol: PROTOCOL,
      meeting: this.meeting,
      client: navigator.userAgent.slice(0, 200),
      ...(resume === null ? {} : { resume }),
    });
  }

  #ping() {
    this.promptness.asked(performance.now());
    this.#send({ type: "ping" });
  }

  /** @param {object} message */
  #send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** @param {string} data */
  #receive(data) {
    this.#heardAt = performance.now();
    /** @type {ServerMessage} */
    const message = JSON.parse(data);
    switch (message.type) {
      case "pong":
        this.promptness.answered(performance.now());
        return;
      case "answer":
      case "done":
        return this.#settle(message.requestId, message);
      case "refused":
        return this.#settle(message.requestId, new RequestRefused(message));
      case "welcome":
        return this.#welcome(message);
      case "bye":
        return this.#bye(message);
      default:
        this.hooks.onMessage(message);
    }
  }

  /** @param {Welcome} message */
  #welcome(message) {
    this.#open = true;
    this.#attempt = 0;
    const period = (message.pingSeconds ?? 2) * 1000;
    clearInterval(this.#heartbeat);
    this.#heartbeat = window.setInterval(() => {
      this.#watch();
      this.#ping();
    }, period);
    this.hooks.onMessage(message);
    this.hooks.onLine(true);
  }

  /** @param {Bye} bye */
  #bye(bye) {
    if (bye.retry) {
      this.hooks.onRetry(bye);
      return this.#lost();
    }
    this.#stop();
    this.hooks.onBye(bye);
  }

  /**
   * @param {number} requestId
   * @param {Answer | Done | Error} outcome
   */
  #settle(requestId, outcome) {
    const pending = this.#pending.get(requestId);
    if (pending === undefined) return;
    this.#pending.delete(requestId);
    clearTimeout(pending.timer);
    if (outcome instanceof Error) pending.reject(outcome);
    else pending.resolve(outcome);
  }

  #watch() {
    if (performance.now() - this.#heardAt > DEAD_MS) this.#lost();
  }

  #lost() {
    this.#drop();
    if (this.#closed) return;
    const pause = BACK_OFF_MS[Math.min(this.#attempt, BACK_OFF_MS.length - 1)];
    // Hundreds of sites that lose the server at once must not come back in one instant.
    const [dice] = crypto.getRandomValues(new Uint8Array(1));
    const delay = pause * (0.9 + (dice / 255) * 0.2);
    this.#attempt += 1;
    clearTimeout(this.#retry);
    this.#retry = window.setTimeout(() => this.#connect(), delay);
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    clearInterval(this.#heartbeat);
    socket?.close();
    for (const requestId of [...this.#pending.keys()]) this.#settle(requestId, new LineLost());
    if (!this.#open) return;
    this.#open = false;
    this.hooks.onLine(false);
  }

  #stop() {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#drop();
  }
}
