// @ts-check
/**
 * What is sent of one's own pictures: the layers somebody watches, and nothing else.
 *
 * @import { SentLayers, Source } from "./protocol.js"
 */

/**
 * The encodings of a sender, switched on and off as the server wants. Pure.
 *
 * @param {readonly RTCRtpEncodingParameters[]} encodings as the sender has them
 * @param {readonly string[] | null} rids layers to send; null: all of them
 * @returns {{ encodings: RTCRtpEncodingParameters[], changed: boolean }}
 */
export function switched(encodings, rids) {
  const next = encodings.map((encoding) => {
    const active = rids === null || rids.includes(encoding.rid ?? "");
    return { ...encoding, active };
  });
  const changed = next.some(({ active }, at) => active !== (encodings[at].active ?? true));
  return { encodings: next, changed };
}

export class Sending {
  /** @type {Map<Source, RTCRtpSender>} */
  #senders = new Map();
  /** @type {Map<Source, readonly string[]>} */
  #wanted = new Map();
  /** @type {Set<Source>} */
  #running = new Set();

  /** A new connection: everything is sent until the server says otherwise. */
  clear() {
    this.#senders.clear();
    this.#wanted.clear();
  }

  /**
   * @param {Source} source
   * @param {RTCRtpSender} sender
   */
  use(source, sender) {
    this.#senders.set(source, sender);
  }

  /**
   * The server's word; sources it does not name are sent whole.
   *
   * @param {readonly SentLayers[]} sources
   */
  want(sources) {
    this.#wanted = new Map(sources.map(({ source, rids }) => [source, rids]));
    this.again();
  }

  /** After every answer: Chromium takes an answer that accepts all layers as "send them all". */
  again() {
    for (const source of this.#senders.keys()) void this.#apply(source);
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
        const { encodings, changed } = switched(parameters.encodings, this.#wanted.get(source) ?? null);
        if (!changed) return;
        await sender.setParameters({ ...parameters, encodings });
      }
    } catch (error) {
      // A closed connection has nothing to switch; one that refuses goes on sending all.
      console.debug("layers", source, error);
    } finally {
      this.#running.delete(source);
    }
  }
}
