// @ts-check
/** What this client tells the server of its offer, beyond what the browser writes. */

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
