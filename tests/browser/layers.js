// One peer of tests/browser/test_browser_layers.py: a moving picture with three layers, or a slot that shows one.
const canvas = document.createElement("canvas");
canvas.width = 1280;
canvas.height = 720;
const context = canvas.getContext("2d");
let step = 0;
setInterval(() => {
  context.fillStyle = "rgb(30, 170, 40)";
  context.fillRect(0, 0, 1280, 720);
  context.fillStyle = "white";
  context.fillRect((step++ * 16) % 1280, 20, 200, 200);
}, 50);

let pc;

async function publish(codec) {
  pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  const track = canvas.captureStream(20).getVideoTracks()[0];
  const transceiver = pc.addTransceiver(track, {
    direction: "sendonly",
    sendEncodings: [
      { rid: "q", scaleResolutionDownBy: 4, maxBitrate: 120_000 },
      { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 500_000 },
      { rid: "f", maxBitrate: 1_700_000 },
    ],
  });
  const all = RTCRtpSender.getCapabilities("video").codecs;
  const first = all.filter(({ mimeType, sdpFmtpLine }) => {
    return mimeType === codec && !(sdpFmtpLine ?? "").includes("packetization-mode=0");
  });
  const repair = all.filter(({ mimeType }) => mimeType === "video/rtx");
  if (!first.length) return null;
  transceiver.setCodecPreferences([...first, ...repair]);
  return offer();
}

async function watch() {
  pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  const transceiver = pc.addTransceiver("video", { direction: "recvonly" });
  const sdp = await offer();
  const video = document.createElement("video");
  video.muted = true;
  video.autoplay = true;
  video.srcObject = new MediaStream([transceiver.receiver.track]);
  document.body.append(video);
  shown = { last: 0, gap: 0, height: 0 };
  const note = (now) => {
    if (shown.last) shown.gap = Math.max(shown.gap, now - shown.last);
    shown.last = now;
    shown.height = video.videoHeight;
    video.requestVideoFrameCallback(note);
  };
  video.requestVideoFrameCallback(note);
  return sdp;
}

let shown;

async function offer() {
  await pc.setLocalDescription();
  return pc.localDescription.sdp;
}

async function accept(sdp) {
  await pc.setRemoteDescription({ type: "answer", sdp });
  return true;
}

async function figures() {
  const reports = [...(await pc.getStats()).values()];
  const layers = {};
  for (const report of reports) {
    if (report.type === "outbound-rtp" && report.rid) layers[report.rid] = report.frameHeight ?? 0;
  }
  const inbound = reports.find(({ type }) => type === "inbound-rtp") ?? {};
  const codec = reports.find(({ id }) => id === inbound.codecId)?.mimeType;
  const { framesDecoded = 0, freezeCount = 0, pliCount = 0, packetsLost = 0 } = inbound;
  const gap = shown ? Math.round(shown.gap) : 0;
  if (shown) shown.gap = 0;
  return { layers, codec, framesDecoded, freezeCount, pliCount, packetsLost, gap, height: shown?.height ?? 0 };
}
