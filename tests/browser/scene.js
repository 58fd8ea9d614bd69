// Stands in for camera and microphone: a moving picture in one colour and a tone, so that a test can
// tell whose picture and sound arrive. COLOUR, PITCH and BUSY are replaced by the test; BUSY is the
// number of squares that change with every frame: 0 costs next to no bits, 120 about what people do.
// PITCH 0: the browser's own (fake) microphone.
(() => {
  const canvas = document.createElement("canvas");
  canvas.width = 1280;
  canvas.height = 720;
  const context = canvas.getContext("2d");
  let step = 0;
  let changed = [];
  const squares = () => {
    const any = (count) => Math.floor(Math.random() * count) * 16;
    const fresh = Array.from({ length: BUSY }, () => [any(80), any(45), 10, 10]);
    changed = [...changed.slice(-3 * BUSY), ...fresh];
    return changed;
  };
  setInterval(() => {
    context.fillStyle = "COLOUR";
    context.fillRect(0, 0, 1280, 720);
    context.fillStyle = "white";
    context.fillRect((step++ * 16) % 1280, 20, 120, 120);
    for (const square of squares()) context.fillRect(...square);
  }, 1000 / 20);

  const tone = () => {
    const audio = new AudioContext();
    const oscillator = new OscillatorNode(audio, { frequency: PITCH });
    const gain = new GainNode(audio, { gain: 0.3 });
    const output = audio.createMediaStreamDestination();
    oscillator.connect(gain).connect(output);
    oscillator.start();
    return output.stream.getAudioTracks()[0];
  };

  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  const voice = async (wanted) => (PITCH > 0 ? tone() : (await real({ audio: wanted })).getAudioTracks()[0]);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const tracks = [];
    if (wanted.video) tracks.push(canvas.captureStream(20).getVideoTracks()[0]);
    if (wanted.audio) tracks.push(await voice(wanted.audio));
    return new MediaStream(tracks);
  };
})();
