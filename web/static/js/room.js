// @ts-check
/**
 * The meeting room: joins signalling, state, peer connection, devices and view.
 *
 * @import { ButtonLook } from "./describe.js"
 * @import { Plan } from "./layout.js"
 * @import { Bye, ServerMessage, Source } from "./protocol.js"
 * @import { Cause, DeviceKind } from "./devices.js"
 * @import { Sample } from "./stats.js"
 */

import { announce } from "./announce.js";
import { Voices, recordingCue } from "./audio.js";
import { keepAwake } from "./awake.js";
import { lineLook } from "./describe.js";
import * as devices from "./devices.js";
import { plan } from "./layout.js";
import { LocalMedia } from "./media.js";
import { leaving, page, t } from "./page.js";
import { Peer } from "./peer.js";
import { LineLost, RequestRefused, Signaling } from "./signaling.js";
import { INITIAL, apply, may, onMain, onTiles, ownSeat, presiding, waiting } from "./state.js";
import { inbound, judge, sample } from "./stats.js";
import { RoomView } from "./view/room_view.js";

const RENDER_MS = 30;
const TICK_MS = 1000;
const STATS_MS = 2000;
const PHONE_SLOTS = { audio: 4, video: 6 };
const SLOTS = { audio: 4, video: 9 };
/** A lost line is told at once beside the clock; the large notice waits this long. */
const OVERLAY_MS = 1500;
const BANNER_S = 12;
const SCREEN_GRACE_MS = 3000;
/** How long the key frame of a new picture in a slot usually takes, amply. */
const SETTLE_MS = 300;

class Room {
  state = INITIAL;
  /** @type {"main" | "grid"} */
  mode = "main";
  panel = false;
  turn = 0;
  /** @type {Sample | null} */
  #sample = null;
  /** @type {import("./protocol.js").Quality} */
  #quality = "good";
  #timer = 0;
  #overlay = 0;
  #sent = "";
  /** Until then (ms of `Date.now()`) a screen track may wait for the log to say that it is on. */
  #screenUntil = 0;
  #entered = false;
  #resumed = false;
  /** @type {Plan | null} */
  #plan = null;

  constructor() {
    const { signal } = leaving;
    this.view = new RoomView(document.body, this.#actions(), signal);
    this.media = new LocalMedia(
      { onChange: () => this.#mediaChanged(), onProblem: (kind, cause) => this.#problem(kind, cause) },
      signal,
    );
    this.voices = new Voices((blocked) => this.#soundBlocked(blocked), signal);
    void this.voices.choose(devices.choices().speaker);
    this.peer = new Peer(this.view.phone ? PHONE_SLOTS : SLOTS, this.#peerHooks(), signal);
    this.signaling = new Signaling(page.ws, page.meeting.reference, this.#lineHooks(), signal);
    this.#timers(signal);
    keepAwake(signal);
    this.#lostSoon();
  }

  // ---------------------------------------------------------------- what arrives

  /** @returns {import("./signaling.js").Hooks} */
  #lineHooks() {
    return {
      onMessage: (message) => this.#receive(message),
      onLine: (open) => this.#line(open),
      onBye: (bye) => this.#finish(bye),
      resume: () => {
        const { session, connection, gap } = this.state;
        return session === null || gap ? null : { connection, seq: session.seq };
      },
    };
  }

  /** @returns {import("./peer.js").PeerHooks} */
  #peerHooks() {
    return {
      exchange: async (sdp, restart) => {
        const reply = await this.signaling.request("offer", { sdp, restart });
        if (reply.type !== "answer") throw new LineLost();
        return reply;
      },
      onState: () => this.#peerState(),
      onSlots: () => this.#slots(),
      onRefused: (error) => this.#mediaBanner(error.message),
    };
  }

  /** @param {ServerMessage} message */
  #receive(message) {
    if (message.type === "events") message.entries.forEach((entry) => this.#announce(entry));
    if (message.type === "slots") this.#settling(message.slots);
    this.state = apply(this.state, message, Date.now() / 1000);
    if (this.state.gap) return this.signaling.reconnectNow();
    if (message.type === "media-reset" || message.type === "media-lost") this.peer.rebuild();
    if (message.type === "welcome") this.#resumed = message.session === null;
    this.#sharingBanner();
    this.#changed();
  }

  /** @param {import("./protocol.js").Entry} entry */
  #announce(entry) {
    const { session } = this.state;
    // Several entries of one message: fold the earlier ones in before asking what this one means.
    if (session === null || entry.seq !== session.seq + 1) return;
    const said = announce(session, entry, this.state.seat);
    this.state = apply(this.state, { type: "events", entries: [entry] }, Date.now() / 1000);
    if (said === null) return;
    if (said.cue) recordingCue(entry.event.type === "recording-started");
    const text = t(said.text, said.values);
    if (entry.event.type === "recording-started") this.#recordingBanner(text);
    else if (said.shown) this.view.messages.note(text, said.tone);
    else this.view.messages.say(text);
  }

  /** @param {boolean} open */
  #line(open) {
    if (open) {
      this.#hideLost();
      this.#sent = "";
      // Without a resume the server has ended the old transport.
      if (this.#resumed) this.peer.connect();
      else this.peer.rebuild();
      void this.#enter();
    } else {
      this.#lostSoon();
    }
    this.#changed();
  }

  #lostSoon() {
    clearTimeout(this.#overlay);
    this.#overlay = window.setTimeout(() => this.#showLost(), OVERLAY_MS);
  }

  /** While pictures and sound still come, a row says it; when they stop too, the whole stage does. */
  #showLost() {
    const media = this.peer.state === "connected";
    const banner = { text: t("lineLostTitle"), icon: "sig-0", tone: /** @type {const} */ ("bad") };
    this.view.messages.banner("line", media ? banner : null);
    this.view.overlay(media ? null : this.#entered ? "lineLostTitle" : "entering");
    this.#overlay = window.setTimeout(() => this.#showLost(), OVERLAY_MS);
  }

  #hideLost() {
    clearTimeout(this.#overlay);
    this.view.messages.banner("line", null);
    this.view.overlay(null);
  }

  /** Once: the devices, the banner of a recording that runs already, the panel of who leads. */
  async #enter() {
    if (this.#entered) return;
    this.#entered = true;
    const { session } = this.state;
    const own = ownSeat(this.state);
    if (session?.recording) this.#recordingBanner(t("recordingStarted"));
    this.panel = own?.role === "secretary" && !this.view.phone;
    if (!devices.available()) {
      this.view.messages.banner("insecure", { text: t("insecureRoom"), icon: "lock", tone: "warn", closable: true });
    }
    await this.media.start({
      microphone: may(this.state, "set-microphone"),
      camera: may(this.state, "set-camera") && (own?.camera ?? false),
    });
    this.#changed();
  }

  /** @param {Bye} bye */
  #finish(bye) {
    this.#hideLost();
    leaving.abort();
    this.view.finish(bye);
  }

  #slots() {
    const streams = this.peer.audioMids.flatMap((mid) => {
      const stream = this.peer.stream(mid);
      return stream === null ? [] : [{ mid, stream }];
    });
    this.voices.attach(streams);
    this.#sample = null;
    this.#changed();
  }

  #peerState() {
    if (this.peer.state === "connected") this.#mediaBanner("");
    if (this.peer.state === "blocked") this.#mediaBanner(t("mediaBlocked", { hotline: page.hotline }));
    this.#changed();
  }

  /** Why there is no picture and no sound. @param {string} text empty: there is */
  #mediaBanner(text) {
    this.view.messages.banner("media", text === "" ? null : { text, icon: "alert", tone: "bad" });
  }

  #mediaChanged() {
    // A page that records may play sound too: browsers allow it from then on.
    this.voices.retry();
    this.#changed();
  }

  /** @param {boolean} blocked */
  #soundBlocked(blocked) {
    const action = { label: t("listen"), run: () => void this.voices.play() };
    const banner = { text: t("soundBlocked"), icon: "speaker", tone: /** @type {const} */ ("warn"), action };
    this.view.messages.banner("sound", blocked ? banner : null);
  }

  /** Who shares is reminded of it, and stops it with one press. */
  #sharingBanner() {
    const action = { label: t("stopSharing"), run: () => void this.#toggleScreen() };
    const banner = { text: t("youShare"), icon: "share", tone: /** @type {const} */ ("info"), action };
    this.view.messages.banner("sharing", ownSeat(this.state)?.screen ? banner : null);
  }

  /** @param {string} text */
  #recordingBanner(text) {
    this.view.messages.banner("recording", { text, icon: "rec", tone: "rec", seconds: BANNER_S, closable: true });
  }

  /**
   * @param {"microphone" | "camera"} kind
   * @param {Cause | null} cause
   */
  #problem(kind, cause) {
    if (cause === "insecure") return; // said once for both
    const text = cause === null ? "" : t(`${kind}_${cause}`);
    const action = { label: t("devices"), run: () => this.#openDevices() };
    const banner = { text, icon: kind === "camera" ? "cam-off" : "mic-off", tone: /** @type {const} */ ("warn"), action, closable: true };
    this.view.messages.banner(kind, cause === null ? null : banner);
  }

  // ---------------------------------------------------------------- what the person does

  /** @returns {import("./view/room_view.js").RoomActions} */
  #actions() {
    return {
      microphone: () => void this.#toggleMicrophone(),
      middle: (look) => this.#middle(look),
      camera: () => void this.#toggleCamera(),
      screen: () => void this.#toggleScreen(),
      grid: () => this.#show({ mode: this.mode === "grid" ? "main" : "grid" }),
      full: () => void this.view.toggleFull(),
      devices: () => this.#openDevices(),
      chooseDevice: (kind, id) => this.#chooseDevice(kind, id),
      list: () => this.#show({ panel: !this.panel }),
      turn: (step) => this.#show({ turn: (this.#plan?.page ?? 0) + step }),
      leave: () => this.#leave(),
      again: () => location.reload(),
      mute: (seat) => void this.#ask("mute-seat", { seat }),
      muteAll: () => void this.#ask("mute-all"),
      showOnMain: (seat) => void this.#ask("show-on-main", { seat }),
      lowerHand: (seat) => void this.#ask("lower-hand", { seat }),
      record: () => void this.#ask(this.state.session?.recording ? "stop-recording" : "start-recording"),
      end: () => void this.#end(),
    };
  }

  /**
   * Carry out a request; what goes wrong is told.
   *
   * @param {string} type
   * @param {Record<string, unknown>} [fields]
   * @returns {Promise<boolean>}
   */
  async #ask(type, fields) {
    try {
      await this.signaling.request(type, fields);
      return true;
    } catch (error) {
      if (leaving.signal.aborted) return false;
      const text = error instanceof RequestRefused ? error.message : t("notDone", { hotline: page.hotline });
      this.view.messages.note(text, "bad");
      return false;
    }
  }

  async #toggleMicrophone() {
    const own = ownSeat(this.state);
    if (own === null) return;
    if (!own.microphone && !(await this.media.ensure("microphone"))) return;
    const asked = own.hand !== null;
    if (!(await this.#ask("set-microphone", { on: !own.microphone }))) return;
    // Whoever takes the floor waits no longer.
    if (!own.microphone && asked) await this.#ask("lower-hand");
  }

  /** @param {ButtonLook} look */
  #middle(look) {
    switch (look.action) {
      case "ask":
        void this.#ask("raise-hand");
        return;
      case "cancel":
        void this.#ask("lower-hand");
        return;
      case "finish":
        void this.#ask("set-microphone", { on: false });
        return;
      case "invite":
        void this.#ask("show-on-main", { seat: look.seat }).then((done) => done && this.#ask("lower-hand", { seat: look.seat }));
        return;
      case "list":
        this.#show({ panel: !this.panel });
    }
  }

  async #toggleCamera() {
    const on = !(ownSeat(this.state)?.camera ?? false);
    if (on && !(await this.media.ensure("camera"))) return;
    await this.#ask("set-camera", { on });
  }

  async #toggleScreen() {
    if (ownSeat(this.state)?.screen) {
      await this.#ask("set-screen", { on: false });
      return;
    }
    this.#screenUntil = Infinity;
    try {
      const opened = await this.media.openScreen();
      if (opened && !(await this.#ask("set-screen", { on: true }))) this.media.stop("screen");
    } catch {
      this.view.messages.note(t("screenFailed"), "bad");
    }
    this.#screenUntil = Date.now() + SCREEN_GRACE_MS;
  }

  #openDevices() {
    const used = (/** @type {Source} */ source) => this.media.track(source)?.getSettings().deviceId;
    void this.view.devices.open({ camera: used("camera"), microphone: used("microphone") });
  }

  /**
   * @param {DeviceKind} kind
   * @param {string} id
   */
  #chooseDevice(kind, id) {
    if (kind === "speaker") void this.voices.choose(id);
    else if (this.media.track(kind) !== null) void this.media.change(kind);
    else if (kind === "microphone" || ownSeat(this.state)?.camera) void this.media.ensure(kind);
  }

  async #end() {
    const { session } = this.state;
    if (session === null) return;
    const present = Object.values(session.seats).filter((seat) => seat.present && seat.onTiles).length;
    const waits = waiting(session).length;
    const parts = [t("endText", { count: present })];
    if (session.recording !== null) parts.push(t("endRecording"));
    if (waits > 0) parts.push(t("endWaiting", { count: waits }));
    const question = { title: t("endTitle"), text: parts.join(" "), yes: t("endYes") };
    if (await this.view.confirm(question)) await this.#ask("end-meeting");
  }

  #leave() {
    this.signaling.leave();
    leaving.abort();
    location.assign(page.meeting.page);
  }

  /** @param {{ mode?: "main" | "grid", panel?: boolean, turn?: number }} change */
  #show(change) {
    Object.assign(this, change);
    this.#changed();
  }

  // ---------------------------------------------------------------- keeping in step

  #changed() {
    if (this.#timer === 0 && !leaving.signal.aborted) {
      this.#timer = window.setTimeout(() => this.#render(), RENDER_MS);
    }
  }

  #render() {
    this.#timer = 0;
    if (leaving.signal.aborted) return;
    this.#reconcile();
    const { session } = this.state;
    const now = Date.now() / 1000;
    const open = this.signaling.open;
    const line = lineLook(open, this.peer.state, this.#quality, this.state.lines[this.state.seat]);
    this.view.arrange(this.mode, this.panel);
    this.#plan = plan({
      seats: session === null ? [] : onTiles(session).map(({ id }) => id),
      presiding: session === null ? null : (presiding(session)?.id ?? null),
      own: this.state.seat,
      mode: this.mode,
      page: this.turn,
      slots: this.peer.slots.video - 1,
      tilesShown: !this.panel,
      sizes: this.view.sizes(),
    });
    this.turn = this.#plan.page;
    this.view.render({
      state: this.state,
      plan: this.#plan,
      line,
      panel: this.panel,
      main: this.#mainFeed(),
      tile: (seat) => this.#tileFeed(seat),
      own: this.media.stream("camera"),
      canSpeak: this.media.track("microphone") !== null,
      now,
    });
    this.#tellView(this.#plan);
  }

  /** Send what the server's state says, and only that; open and close devices accordingly. */
  #reconcile() {
    const own = ownSeat(this.state);
    if (own === null || !this.#entered) return;
    const camera = own.camera && may(this.state, "set-camera");
    if (!camera) this.media.stop("camera");
    this.peer.setTrack("microphone", own.microphone ? this.media.track("microphone") : null);
    this.peer.setTrack("camera", camera ? this.media.track("camera") : null);
    this.peer.setTrack("screen", own.screen ? this.media.track("screen") : null);
    if (!this.signaling.open) return;
    if (own.microphone && this.media.track("microphone") === null && !this.media.opening("microphone")) {
      this.#once("microphone", "set-microphone");
    }
    if (own.screen && this.media.track("screen") === null) this.#once("screen", "set-screen");
    if (!own.screen && Date.now() > this.#screenUntil) this.media.stop("screen");
  }

  /** @type {Set<string>} */
  #asking = new Set();

  /**
   * The server thinks we send what we cannot: say that it is off.
   *
   * @param {string} key
   * @param {string} type
   */
  #once(key, type) {
    if (this.#asking.has(key)) return;
    this.#asking.add(key);
    void this.signaling
      .request(type, { on: false })
      .catch(() => {})
      .finally(() => this.#asking.delete(key));
  }

  /**
   * Slots that change hands show their old picture until the new one's key frame arrives.
   *
   * @param {readonly import("./protocol.js").Slot[]} slots
   */
  #settling(slots) {
    for (const { mid, seat, source } of slots) {
      const before = this.state.slots.find((slot) => slot.mid === mid);
      if (!before?.seat || (before.seat === seat && before.source === source)) continue;
      this.#settled.set(mid, performance.now() + SETTLE_MS);
    }
  }

  /** @type {Map<string, number>} slot -> `performance.now()` from which its picture is its seat's */
  #settled = new Map();

  /** @param {string | undefined} mid @returns {import("./view/tiles.js").Feed} */
  #feed(mid) {
    if (mid === undefined) return { stream: null, settle: 0, hold: false };
    const settle = Math.max(0, (this.#settled.get(mid) ?? 0) - performance.now());
    const stream = this.peer.stream(mid);
    return { stream, settle, hold: stream === null };
  }

  /** @returns {import("./view/tiles.js").Feed} */
  #mainFeed() {
    const { session, seat } = this.state;
    const main = session === null ? null : onMain(session, seat);
    if (main === null) return this.#feed(undefined);
    if (main.seat.id === seat) {
      return { stream: this.media.stream(main.source), settle: 0, hold: false };
    }
    // Until the slot table follows the log the main slot goes on as it was: a cut, not a flash.
    return this.#feed(this.peer.videoMids[0]);
  }

  /** @param {string} seat @returns {import("./view/tiles.js").Feed} */
  #tileFeed(seat) {
    const fits = this.state.slots.filter((slot) => slot.seat === seat && slot.source === "camera");
    const [first] = this.peer.videoMids;
    const slot = fits.find(({ mid }) => mid !== first) ?? fits[0];
    return this.#feed(slot?.mid);
  }

  /** @param {Plan} wanted */
  #tellView({ mainHeight, wanted }) {
    const view = { mainHeight, tiles: wanted };
    const text = JSON.stringify(view);
    if (!this.signaling.open || text === this.#sent) return;
    this.#sent = text;
    this.signaling.request("set-view", view).catch(() => {
      this.#sent = "";
    });
  }

  /** @param {AbortSignal} signal */
  #timers(signal) {
    const tick = setInterval(() => this.#changed(), TICK_MS);
    const measure = setInterval(() => void this.#measure(), STATS_MS);
    const stop = () => {
      clearInterval(tick);
      clearInterval(measure);
      clearTimeout(this.#timer);
    };
    signal.addEventListener("abort", stop, { once: true });
    this.view.onResize(() => this.#changed(), signal);
    const network = /** @type {EventTarget | undefined} */ (Reflect.get(navigator, "connection"));
    network?.addEventListener("change", () => this.peer.restart(), { signal });
  }

  async #measure() {
    const pc = this.peer.connection;
    if (pc === null || this.peer.state !== "connected") return;
    const now = await sample(pc);
    if (this.#sample !== null) this.#quality = judge(this.#sample, now);
    this.#sample = now;
  }
}

// Within the day the check is not asked for again; `?vao` comes from the check itself, for browsers
// that remember nothing.
if (!devices.checkedToday() && !new URLSearchParams(location.search).has("vao")) {
  location.replace(page.meeting.check);
}

const room = new Room();

/** For tests and for the technician's console. */
Reflect.set(window, "diemcau", {
  state: () => room.state,
  peer: room.peer,
  signaling: room.signaling,
  slots: async () => {
    const pc = room.peer.connection;
    if (pc === null) return [];
    const figures = await inbound(pc, "video");
    return figures.map(({ mid, frames, width, height }) => {
      const slot = room.state.slots.find((one) => one.mid === mid);
      return { mid, seat: slot?.seat ?? null, source: slot?.source ?? null, framesDecoded: frames, width, height };
    });
  },
  audioEnergy: async () => {
    const pc = room.peer.connection;
    if (pc === null) return 0;
    return (await inbound(pc, "audio")).reduce((sum, { energy }) => sum + energy, 0);
  },
});
