// @ts-check
/** What this client changes of the offer the server sees, and of the answer the browser sees. */

/**
 * Say that lost packets of the microphone may be asked for again: browsers built on libwebrtc send
 * them when the answer asks, but do not offer it. They are known by the redundancy they offer.
 *
 * @param {string} sdp an offer; the microphone is its first section
 * @returns {string}
 */
export function withVoiceRepair(sdp) {
  const end = sdp.indexOf("\r\nm=", sdp.indexOf("\r\nm=") + 1);
  const first = end < 0 ? sdp : sdp.slice(0, end);
  const opus = /^a=rtpmap:(\d+) opus\/48000\/2\r\n/m.exec(`${first}\r\n`);
  if (!opus || !/^a=rtpmap:\d+ red\/48000\/2\r?$/m.test(first)) return sdp;
  if (first.includes(`a=rtcp-fb:${opus[1]} nack`)) return sdp;
  const at = opus.index + opus[0].length;
  return `${sdp.slice(0, at)}a=rtcp-fb:${opus[1]} nack\r\n${sdp.slice(at)}`;
}

/**
 * The answer with plain Opus or its redundancy (RFC 2198) as what the microphone sends: browsers send
 * what comes first. The server takes both at any time. Layers that are switched off stay off.
 *
 * @param {string} sdp an answer; the microphone is its first section
 * @param {boolean} redundant
 * @param {readonly string[]} [off] RIDs of the layers that are switched off
 * @returns {string}
 */
export function withVoice(sdp, redundant, off = []) {
  const red = /^a=rtpmap:(\d+) red\/48000\/2\r?$/m.exec(sdp)?.[1];
  if (red === undefined) return sdp;
  const first = /^(m=audio \d+ \S+ )(.*?)(\r?)$/m;
  return sdp
    .replace(first, (_, head, formats, end) => {
      const others = formats.split(" ").filter((/** @type {string} */ format) => format !== red);
      return head + (redundant ? [red, ...others] : [...others, red]).join(" ") + end;
    })
    .replace(/^a=simulcast:recv (.*?)(\r?)$/m, (_, rids, end) => {
      const named = rids.split(";").map((/** @type {string} */ rid) => (off.includes(rid) ? `~${rid}` : rid));
      return `a=simulcast:recv ${named.join(";")}${end}`;
    });
}
