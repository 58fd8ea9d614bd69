// Stands in for camera and microphone: a moving picture in one colour and a tone, so that a test can
// tell whose picture and sound arrive. COLOUR and PITCH are replaced by the test.
(() => {
  const canvas = document.createElement("canvas");
  canvas.width = 1280;
  canvas.height = 720;
  const context = canvas.getContext("2d");
  let step = 0;
  setInterval(() => {
    context.fillStyle = "COLOUR";
    context.fillRect(0, 0, 1280, 720);
    context.fillStyle = "white";
    context.fillRect((step++ * 16) % 1280, 20, 120, 120);
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

  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const tracks = [];
    if (wanted.video) tracks.push(canvas.captureStream(20).getVideoTracks()[0]);
    if (wanted.audio) tracks.push(tone());
    return new MediaStream(tracks);
  };
})();
