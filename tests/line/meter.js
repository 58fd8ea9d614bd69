// Measures what one seat's picture and voice look like here, from getStats(). Added to the page by
// the test; `window.meter.begin(seat)`, some seconds, `await window.meter.end()`.
(() => {
  const POLL_MS = 50;

  const slotsOf = (seat, source) =>
    window.diemcau.state().slots.filter((slot) => slot.seat === seat && slot.source === source).map(({ mid }) => mid);

  const receivers = (mids) =>
    window.diemcau.peer.connection
      .getTransceivers()
      .filter(({ mid }) => mids.includes(mid))
      .map(({ receiver }) => receiver);

  const framesOf = async (seat) => {
    const reports = await Promise.all(receivers(slotsOf(seat, "camera")).map((one) => one.getStats()));
    return reports
      .flatMap((report) => [...report.values()])
      .reduce((sum, entry) => sum + (entry.type === "inbound-rtp" ? (entry.framesDecoded ?? 0) : 0), 0);
  };

  // "udp" or "tcp", or how the TURN server is reached: "relay over tls".
  const pathOf = (reports) => {
    const { selectedCandidatePairId } = reports.find(({ type }) => type === "transport") ?? {};
    const pair = reports.find(({ id, selected }) => id === selectedCandidatePairId || selected);
    const local = reports.find(({ id }) => id === pair?.localCandidateId);
    if (local === undefined) return null;
    return local.candidateType === "relay" ? `relay over ${local.relayProtocol}` : local.protocol;
  };

  const everything = async () => [...(await window.diemcau.peer.connection.getStats()).values()];

  class Meter {
    async path() {
      return pathOf(await everything());
    }

    async begin(seat) {
      this.seat = seat;
      this.began = performance.now();
      this.longest = 0;
      this.frames = -1;
      this.changed = this.began;
      this.stopped = false;
      this.before = await everything();
      this.watching = this.watch();
    }

    // The longest time in which no frame of the seat was decoded, whichever slot plays it.
    async watch() {
      while (!this.stopped) {
        const frames = await framesOf(this.seat).catch(() => this.frames);
        const now = performance.now();
        if (frames !== this.frames) this.changed = now;
        this.frames = frames;
        this.longest = Math.max(this.longest, now - this.changed);
        await new Promise((done) => setTimeout(done, POLL_MS));
      }
    }

    async end() {
      this.stopped = true;
      await this.watching;
      const after = await everything();
      const seconds = (performance.now() - this.began) / 1000;
      const was = new Map(this.before.map((entry) => [entry.id, entry]));
      const grown = (entry, name) => (entry[name] ?? 0) - (was.get(entry.id)?.[name] ?? 0);
      const all = (type, kind) => after.filter((entry) => entry.type === type && (!kind || entry.kind === kind));
      const sum = (entries, name) => entries.reduce((total, entry) => total + grown(entry, name), 0);
      const busiest = (entries) =>
        entries.toSorted((a, b) => grown(b, "packetsReceived") - grown(a, "packetsReceived")).slice(0, 1);

      const cameras = slotsOf(this.seat, "camera");
      const video = all("inbound-rtp", "video").filter(({ mid }) => cameras.includes(mid));
      const voice = busiest(all("inbound-rtp", "audio"));
      const inbound = all("inbound-rtp");
      const outbound = all("outbound-rtp");
      const { selectedCandidatePairId } = all("transport")[0] ?? {};
      const pair = after.find(({ id }) => id === selectedCandidatePairId);
      const buffered = (entries) => {
        const emitted = sum(entries, "jitterBufferEmittedCount");
        return emitted > 0 ? (sum(entries, "jitterBufferDelay") / emitted) * 1000 : null;
      };
      const samples = sum(voice, "totalSamplesReceived");
      return {
        seconds,
        fps: sum(video, "framesDecoded") / seconds,
        width: Math.max(0, ...video.map(({ frameWidth }) => frameWidth ?? 0)),
        freezes: sum(video, "freezeCount"),
        frozen_s: sum(video, "totalFreezesDuration"),
        longest_gap_s: this.longest / 1000,
        video_buffer_ms: buffered(video),
        concealed: samples > 0 ? sum(voice, "concealedSamples") / samples : null,
        silent_concealed: samples > 0 ? sum(voice, "silentConcealedSamples") / samples : null,
        concealments: sum(voice, "concealmentEvents"),
        fec_packets: sum(voice, "fecPacketsReceived"),
        voice_packets: sum(voice, "packetsReceived"),
        audio_buffer_ms: buffered(voice),
        rtt_ms: pair === undefined ? null : (pair.currentRoundTripTime ?? 0) * 1000,
        down_kbps: (sum(inbound, "bytesReceived") * 8) / seconds / 1000,
        up_kbps: (sum(outbound, "bytesSent") * 8) / seconds / 1000,
        up_target_kbps: pair === undefined ? null : (pair.availableOutgoingBitrate ?? 0) / 1000,
        up_layers: outbound.filter((entry) => entry.rid && grown(entry, "framesEncoded") > 0).map(({ rid }) => rid),
        repaired: sum(inbound, "retransmittedPacketsReceived"),
        nacks: sum(inbound, "nackCount"),
        plis: sum(inbound, "pliCount"),
        path: pathOf(after),
        state: window.diemcau.peer.state,
      };
    }
  }

  window.meter = new Meter();
})();
