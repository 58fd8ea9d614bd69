// @ts-check
/** Sound of this page: the level of a microphone, the test chime, the recording cue, the voices. */

import { leaving } from "./page.js";

/** Levels shown: from this (quiet room) to 0 dB full scale. */
const FLOOR_DB = -60;

/** @type {AudioContext | null} */
let shared = null;

/** One context for meters and cues. Where the browser waits for a press, any press starts it. */
function context() {
  if (shared === null) {
    const audio = new AudioContext();
    const resume = () => audio.state === "suspended" && void audio.resume();
    for (const type of ["pointerup", "keyup"]) {
      document.addEventListener(type, resume, { signal: leaving.signal });
    }
    shared = audio;
  }
  if (shared.state === "suspended") void shared.resume();
  return shared;
}

/**
 * Measure a microphone about 20 times a second.
 *
 * @param {MediaStreamTrack} track
 * @param {(level: number) => void} onLevel 0 (silent) … 1 (full scale), linear in decibel
 * @param {AbortSignal} signal
 */
export function meter(track, onLevel, signal) {
  const audio = context();
  const source = audio.createMediaStreamSource(new MediaStream([track]));
  const analyser = audio.createAnalyser();
  analyser.fftSize = 1024;
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    onLevel(loudness(samples));
  }, 50);
  const stop = () => {
    clearInterval(timer);
    source.disconnect();
  };
  signal.addEventListener("abort", stop, { once: true });
}

/**
 * @param {Float32Array} samples -1…1
 * @returns {number} 0…1, linear in decibel from `FLOOR_DB`
 */
export function loudness(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const decibel = 10 * Math.log10(sum / samples.length + 1e-12);
  return Math.min(1, Math.max(0, 1 - decibel / FLOOR_DB));
}

/**
 * Notes one after another, like a chime.
 *
 * @param {AudioContext} audio
 * @param {AudioNode} output
 * @param {readonly number[]} pitches_hz
 * @param {number} each seconds from one note to the next
 * @returns {number} seconds until the last one has faded
 */
function ring(audio, output, pitches_hz, each) {
  pitches_hz.forEach((pitch, place) => {
    const at = audio.currentTime + 0.05 + place * each;
    const note = audio.createOscillator();
    const gain = audio.createGain();
    note.frequency.value = pitch;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(0.35, at + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.001, at + each + 0.7);
    note.connect(gain).connect(output);
    note.start(at);
    note.stop(at + each + 0.75);
  });
  return pitches_hz.length * each + 0.8;
}

/** The cue that recording begins (rising) or ends (falling). @param {boolean} begins */
export function recordingCue(begins) {
  try {
    const audio = context();
    ring(audio, audio.destination, begins ? [523, 659, 784] : [784, 523], 0.18);
  } catch {
    // No sound device: the banner says it.
  }
}

/**
 * Three bell notes on a chosen speaker.
 *
 * @param {string | undefined} speaker device id
 * @returns {Promise<void>} when it has faded
 */
export async function testChime(speaker) {
  const audio = context();
  const output = audio.createMediaStreamDestination();
  const element = new Audio();
  element.srcObject = output.stream;
  await useSpeaker(element, speaker);
  await element.play();
  const length = ring(audio, output, [659, 523, 784], 0.35);
  await new Promise((resolve) => setTimeout(resolve, length * 1000));
  element.pause();
  element.srcObject = null;
}

/** Whether the browser lets a page choose the speaker. */
export function canChooseSpeaker() {
  return "setSinkId" in HTMLMediaElement.prototype;
}

/**
 * @param {HTMLMediaElement} element
 * @param {string | undefined} speaker
 */
async function useSpeaker(element, speaker) {
  if (speaker === undefined || !canChooseSpeaker()) return;
  try {
    await element.setSinkId(speaker);
  } catch {
    // The speaker is gone: the system's own one plays.
  }
}

/** The voices of the meeting: one element for each audio slot. */
export class Voices {
  /** @type {Map<string, HTMLAudioElement>} */
  #elements = new Map();
  /** @type {string | undefined} */
  #speaker;
  #refused = false;
  #muted = false;

  /**
   * @param {(blocked: boolean) => void} onBlocked the browser wants a press before it plays sound
   * @param {AbortSignal} signal
   */
  constructor(onBlocked, signal) {
    this.onBlocked = onBlocked;
    // Any press will do for the browser, not only the one on our button.
    for (const type of ["pointerup", "keyup"]) {
      document.addEventListener(type, () => this.retry(), { signal });
    }
    signal.addEventListener("abort", () => this.attach([]), { once: true });
  }

  /**
   * Play these slots and no others.
   *
   * @param {readonly { mid: string, stream: MediaStream }[]} slots
   */
  attach(slots) {
    for (const element of this.#elements.values()) {
      element.pause();
      element.srcObject = null;
    }
    this.#elements = new Map(slots.map(({ mid, stream }) => [mid, this.#element(stream)]));
    void this.play();
  }

  /** @param {string | undefined} speaker */
  async choose(speaker) {
    this.#speaker = speaker;
    await Promise.all([...this.#elements.values()].map((one) => useSpeaker(one, speaker)));
  }

  /** Nothing is heard, while nothing stops. @param {boolean} on */
  mute(on) {
    if (this.#muted === on) return;
    this.#muted = on;
    for (const element of this.#elements.values()) element.muted = on;
  }

  /** Try again what the browser refused. */
  retry() {
    if (this.#refused) void this.play();
  }

  /** Start every voice; called again from the person's press when the browser refused. */
  async play() {
    const started = [...this.#elements.values()].map((element) => element.play());
    const results = await Promise.allSettled(started);
    const refused = results.some(
      (result) => result.status === "rejected" && result.reason?.name === "NotAllowedError",
    );
    this.#refused = refused;
    this.onBlocked(refused);
  }

  /** @param {MediaStream} stream */
  #element(stream) {
    const element = new Audio();
    element.srcObject = stream;
    element.muted = this.#muted;
    void useSpeaker(element, this.#speaker);
    return element;
  }
}
