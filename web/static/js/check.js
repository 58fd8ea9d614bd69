// @ts-check
/**
 * The device check: picture, level, speaker, line, each with what to do when it fails.
 *
 * @import { DeviceKind } from "./devices.js"
 */

import { canChooseSpeaker, meter, testChime } from "./audio.js";
import * as devices from "./devices.js";
import { LocalMedia } from "./media.js";
import { leaving, page, t } from "./page.js";
import { CheckView } from "./view/check_view.js";
import { fillChooser } from "./view/dialogs.js";
import { hook, show } from "./view/dom.js";

/** A microphone is good once a voice reached this level, 0…1 in decibel. */
const VOICE_LEVEL = 0.45;
const LINE_PROBES = 4;
const LINE_MS = 4000;

class Check {
  view = new CheckView(document.body);
  /** @type {AbortController | null} ends the meter of the microphone that was replaced */
  #meter = null;
  /** @type {MediaStreamTrack | null} */
  #metered = null;
  #spoke = false;

  constructor() {
    const { signal } = leaving;
    const { root } = this.view;
    this.media = new LocalMedia(
      { onChange: () => this.#show(), onProblem: (kind, cause) => this.view.problem(kind, cause) },
      signal,
    );
    show(hook(root, "insecure"), !devices.available());
    for (const kind of /** @type {const} */ (["camera", "microphone"])) {
      hook(root, `${kind}-retry`).addEventListener("click", () => void this.#open(kind), { signal });
      this.#chooser(kind).addEventListener("change", () => void this.#choose(kind), { signal });
    }
    this.#chooser("speaker").addEventListener("change", () => void this.#choose("speaker"), { signal });
    hook(root, "ring").addEventListener("click", () => void this.#ring(), { signal });
    hook(root, "heard").addEventListener("click", () => this.view.speaker(true), { signal });
    hook(root, "not-heard").addEventListener("click", () => this.view.speaker(false), { signal });
    hook(root, "enter").addEventListener("click", () => devices.markChecked(), { signal });
    devices.onChange(() => void this.#devicesChanged(), signal);
    void this.#start();
    void this.#line();
  }

  async #start() {
    const camera = page.seat.onTiles;
    await this.media.start({ microphone: true, camera });
    if (!camera) this.view.cameraMessage("");
    await this.#fill();
  }

  /** @param {"camera" | "microphone"} kind */
  async #open(kind) {
    this.view.tag(kind, "", "trying");
    await this.media.ensure(kind);
    await this.#fill();
  }

  /** @param {DeviceKind} kind */
  async #choose(kind) {
    devices.choose(kind, this.#chooser(kind).value);
    if (kind === "speaker") return this.view.speaker(null);
    this.view.tag(kind, "", "trying");
    if (this.media.track(kind) === null) await this.media.ensure(kind);
    else await this.media.change(kind);
    return undefined;
  }

  /** Something was plugged in or taken away: list anew, and try what did not work. */
  async #devicesChanged() {
    await this.#fill();
    for (const kind of /** @type {const} */ (["camera", "microphone"])) {
      const wanted = kind === "microphone" || page.seat.onTiles;
      const there = (await devices.list(kind)).length > 0;
      if (wanted && there && this.media.track(kind) === null) await this.#open(kind);
    }
  }

  async #fill() {
    for (const kind of /** @type {const} */ (["camera", "microphone"])) {
      await fillChooser(this.#chooser(kind), kind, this.media.track(kind)?.getSettings().deviceId);
    }
    const speakers = canChooseSpeaker() ? await fillChooser(this.#chooser("speaker"), "speaker", undefined) : 0;
    show(hook(this.view.root, "choose-speaker-field"), speakers > 0);
  }

  /** @param {DeviceKind} kind */
  #chooser(kind) {
    return /** @type {HTMLSelectElement} */ (hook(this.view.root, `choose-${kind}`));
  }

  /** Show the devices as they are now. */
  #show() {
    const camera = this.media.stream("camera");
    this.view.picture(camera);
    if (page.seat.onTiles) this.view.tag("camera", camera === null ? "bad" : "ok", camera === null ? "bad" : "good");
    else show(hook(this.view.root, "camera-tag"), false);
    this.#listen(this.media.track("microphone"));
  }

  /** @param {MediaStreamTrack | null} track */
  #listen(track) {
    if (track === this.#metered) {
      if (track === null) this.view.tag("microphone", "bad", "bad");
      return;
    }
    this.#metered = track;
    this.#meter?.abort();
    this.#spoke = false;
    this.view.level(0);
    this.view.tag("microphone", track === null ? "bad" : "warn", track === null ? "bad" : "speakFirst");
    if (track === null) return;
    this.#meter = new AbortController();
    const signal = AbortSignal.any([this.#meter.signal, leaving.signal]);
    meter(track, (level) => this.#level(level), signal);
  }

  /** @param {number} level */
  #level(level) {
    this.view.level(level);
    if (this.#spoke || level < VOICE_LEVEL) return;
    this.#spoke = true;
    this.view.tag("microphone", "ok", "good");
  }

  async #ring() {
    this.view.speakerHelp("");
    try {
      await testChime(devices.choices().speaker);
    } catch {
      this.view.speakerHelp(t("speakerFailed", { hotline: page.hotline }));
    }
  }

  /** The delay to the server, as the shortest of a few small requests. */
  async #line() {
    this.view.line("–");
    let best = Infinity;
    try {
      for (let probe = 0; probe < LINE_PROBES; probe += 1) {
        const at = performance.now();
        const signal = AbortSignal.any([leaving.signal, AbortSignal.timeout(LINE_MS)]);
        await fetch(page.icons, { method: "HEAD", cache: "no-store", signal });
        best = Math.min(best, performance.now() - at);
      }
      this.view.line(t("milliseconds", { value: Math.round(best) }));
      this.view.tag("line", "ok", "lineGood");
    } catch {
      this.view.tag("line", "bad", "lineBad");
    }
  }
}

new Check();
