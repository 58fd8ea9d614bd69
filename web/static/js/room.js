// @ts-check
/**
 * The meeting room: joins signalling, state, peer connection, devices and view.
 *
 * @import { ButtonLook } from "./describe.js"
 * @import { Plan } from "./layout.js"
 * @import { Bye, ServerMessage, Source } from "./protocol.js"
 * @import { DeviceKind } from "./devices.js"
 * @import { Sample } from "./stats.js"
 */

import { announce } from "./announce.js";
import { Voices, recordingCue } from "./audio.js";
import { keepAwake } from "./awake.js";
import { limitedBy, lineLook, pausedLine } from "./describe.js";
import * as devices from "./devices.js";
import { FRESH, eased, judged } from "./effort.js";
import { Feeds } from "./feeds.js";
import { plan } from "./layout.js";
import { LocalMedia } from "./media.js";
import { Notices } from "./notices.js";
import { leaving, page, t } from "./page.js";
import { Patience } from "./patience.js";
import { PathWatch } from "./path_watch.js";
import { Peer } from "./peer.js";
import { Requests } from "./requests.js";
import { LineLost, Signaling } from "./signaling.js";
import { INITIAL, apply, may, onTiles, ownSeat, presiding, silent, withheld } from "./state.js";
import { inbound, judge, sample, uplink } from "./stats.js";
import * as up from "./uplink.js";
import { RoomView } from "./view/room_view.js";

const RENDER_MS = 30;
const TICK_MS = 1000;
const STATS_MS = 2000;
const UPLINK_MS = 1000;
/** The advice to leave UDP holds so long. */
const ADVICE_MS = 60_000;
const PHONE_SLOTS = { audio: 4, video: 6 };
const SLOTS = { audio: 4, video: 9 };
/** A lost line is told at once beside the clock; the large notice waits this long. */
const OVERLAY_MS = 1500;
/** A tab that is hidden this long gets no pictures; sound goes on. */
const HIDDEN_MS = 2000;

const NOTHING_SHOWN = { mainHeight: 0, tiles: [] };

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
  #hiding = 0;
  #effort = FRESH;
  #patience = new Patience();
  #uplink = up.FRESH;
  #withheldTold = false;
  #tcpAdvised = -Infinity;
  #hidden = false;
  #sent = "";
  #entered = false;
  #resumed = false;
  /** @type {Plan | null} */
  #plan = null;

  constructor() {
    const { signal } = leaving;
    this.view = new RoomView(document.body, this.#actions(), signal);
    this.notices = new Notices(this.view.messages, {
      listen: () => void this.voices.play(),
      devices: () => this.#openDevices(),
      stopSharing: () => void this.requests.toggleScreen(),
      fullLine: () => void this.requests.setLimits({ profile: "normal", maxDownKbps: null, maxUpKbps: null }),
    });
    this.media = new LocalMedia(
      { onChange: () => this.#mediaChanged(), onProblem: (kind, cause) => this.notices.device(kind, cause) },
      signal,
    );
    this.requests = new Requests({
      state: () => this.state,
      signaling: () => this.signaling,
      media: this.media,
      messages: this.view.messages,
      confirm: (question) => this.view.confirm(question),
      onChange: () => this.#changed(),
    });
    this.voices = new Voices((blocked) => this.notices.sound(blocked), signal);
    void this.voices.choose(devices.choices().speaker);
    this.peer = new Peer(this.view.phone ? PHONE_SLOTS : SLOTS, this.#peerHooks(), signal);
    this.feeds = new Feeds(this.peer, this.media);
    devices.onChange(() => this.#plugged(), signal);
    this.signaling = new Signaling(page.ws, page.meeting.reference, this.#lineHooks(), signal);
    this.#timers(signal);
    new PathWatch(
      () => (this.peer.state === "connected" ? this.peer.connection : null),
      () => this.signaling.probe(),
      signal,
    );
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
      exchange: async (sdp, restart, path) => {
        const reply = await this.signaling.request("offer", { sdp, restart, path });
        if (reply.type !== "answer") throw new LineLost();
        return reply;
      },
      onState: () => this.#peerState(),
      onSlots: () => this.#slots(),
      onRefused: (error) => this.notices.media(error.message),
    };
  }

  /** @param {ServerMessage} message */
  #receive(message) {
    if (message.type === "events") message.entries.forEach((entry) => this.#announce(entry));
    if (message.type === "layers") this.peer.setLayers(message.sources);
    if (message.type === "slots") this.feeds.change(this.state.slots, message.slots);
    this.state = apply(this.state, message, Date.now() / 1000);
    if (this.state.gap) return this.signaling.reconnectNow();
    if (message.type === "media-reset" || message.type === "media-lost") this.peer.rebuild();
    if (message.type === "welcome" || message.type === "ice-servers") {
      this.peer.iceServers = message.iceServers ?? [];
    }
    if (message.type === "paused") this.#tellPaused();
    if (message.type === "try-path") this.#tryPath(message.path);
    if (message.type === "welcome") this.#resumed = message.session === null;
    const own = ownSeat(this.state);
    this.notices.sharing(own?.screen ?? false);
    if (own !== null) this.notices.limits(own.limits, limitedBy(this.state));
    this.#changed();
  }

  /** For who does not see the pictures. */
  #tellPaused() {
    const told = pausedLine(this.state);
    if (told !== null) this.view.messages.say(t(told.text, told.values));
  }

  /** @param {"tcp" | "any"} path */
  #tryPath(path) {
    this.#tcpAdvised = path === "tcp" ? performance.now() : -Infinity;
    if (path === "any") this.peer.use("any");
    else this.#leaveUdp();
  }

  /** As advised lately, and once our own pings are prompt: what delays them delays media on TCP as well. */
  #leaveUdp() {
    const advised = performance.now() - this.#tcpAdvised < ADVICE_MS;
    if (!advised || !this.signaling.promptness.prompt) return;
    this.#tcpAdvised = -Infinity;
    this.peer.use("tcp");
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
    if (entry.event.type === "recording-started") this.notices.recording();
    else if (said.shown) this.view.messages.note(text, said.tone);
    else this.view.messages.say(text);
  }

  /** @param {boolean} open */
  #line(open) {
    if (open) {
      this.#tcpAdvised = -Infinity; // it may be another network now
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
    this.notices.line(media);
    this.view.overlay(media ? null : this.#entered ? "lineLostTitle" : "entering");
    this.#overlay = window.setTimeout(() => this.#showLost(), OVERLAY_MS);
  }

  #hideLost() {
    clearTimeout(this.#overlay);
    this.notices.line(false);
    this.view.overlay(null);
  }

  /** Once: the devices, the banner of a recording that runs already, the panel of who leads. */
  async #enter() {
    if (this.#entered) return;
    this.#entered = true;
    const { session } = this.state;
    const own = ownSeat(this.state);
    if (session?.recording) this.notices.recording();
    this.panel = own?.role === "secretary" && !this.view.phone;
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
    this.#patience.reset();
    this.#uplink = up.FRESH;
    this.#withheldTold = false;
    this.#changed();
  }

  #peerState() {
    if (this.peer.state === "connected") this.notices.media("");
    if (this.peer.state === "blocked") this.notices.mediaBlocked();
    this.#changed();
  }

  #mediaChanged() {
    // A page that records may play sound too: browsers allow it from then on.
    this.voices.retry();
    this.#changed();
  }

  // ---------------------------------------------------------------- what the person does

  /** @returns {import("./view/room_view.js").RoomActions} */
  #actions() {
    const requests = () => this.requests;
    return {
      microphone: () => void requests().toggleMicrophone(),
      middle: (look) => void this.#middle(look),
      camera: () => void requests().toggleCamera(),
      screen: () => void requests().toggleScreen(),
      grid: () => this.#show({ mode: this.mode === "grid" ? "main" : "grid" }),
      full: () => void this.view.toggleFull(),
      weak: () => void requests().toggleProfile("weak"),
      audio: () => void requests().toggleProfile("audio"),
      line: () => this.view.line.open(this.state),
      limit: (change) => void requests().setLimits(change),
      devices: () => this.#openDevices(),
      chooseDevice: (kind, id) => this.#chooseDevice(kind, id),
      list: () => this.#show({ panel: !this.panel }),
      turn: (step) => this.#show({ turn: (this.#plan?.page ?? 0) + step }),
      leave: () => this.#leave(),
      again: () => location.reload(),
      mute: (seat) => void requests().ask("mute-seat", { seat }),
      muteAll: () => void requests().ask("mute-all"),
      showOnMain: (seat) => void requests().ask("show-on-main", { seat }),
      invite: (seat) => void requests().invite(seat),
      lowerHand: (seat) => void requests().ask("lower-hand", { seat }),
      record: () => void requests().toggleRecording(),
      end: () => void requests().end(),
    };
  }

  /** @param {ButtonLook} look */
  async #middle(look) {
    switch (look.action) {
      case "ask":
        await this.requests.ask("raise-hand");
        return;
      case "cancel":
        await this.requests.ask("lower-hand");
        return;
      case "finish":
        this.requests.mute();
        return;
      case "invite":
        if (look.seat !== null) await this.requests.invite(look.seat);
        return;
      case "list":
        this.#show({ panel: !this.panel });
    }
  }

  /** A camera that was missed is there now: use it. */
  #plugged() {
    const wanted = ownSeat(this.state)?.camera && may(this.state, "set-camera");
    if (wanted && this.#entered && this.media.track("camera") === null) void this.media.ensure("camera");
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
    const told = this.state.lines[this.state.seat];
    const quality = this.#withheld ? "weak" : this.#quality;
    const look = lineLook(open, this.peer.state, quality, told, ownSeat(this.state)?.limits);
    const shown = this.#withheld ? withheld(this.state) : this.state;
    const line = { ...look, path: this.peer.state === "connected" ? (this.#sample?.path ?? "") : "" };
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
      state: this.requests.muting ? silent(shown) : shown,
      plan: this.#plan,
      line,
      panel: this.panel,
      main: this.feeds.main(this.state),
      tile: (seat) => this.feeds.tile(this.state, seat),
      canSpeak: this.media.track("microphone") !== null,
      canShow: this.media.track("camera") !== null,
      now,
    });
    this.#tellView(this.#plan);
  }

  /** Send what the server's state says, and only that; open and close devices accordingly. */
  #reconcile() {
    const own = ownSeat(this.state);
    if (own === null || !this.#entered) return;
    const camera = own.camera && may(this.state, "set-camera");
    if (!camera && !this.requests.turningOn("camera")) this.media.stop("camera");
    if (!own.screen && !this.requests.turningOn("screen")) this.media.stop("screen");
    if (!own.microphone) this.requests.muting = false;
    const speaks = own.microphone && !this.requests.muting;
    this.peer.setTrack("microphone", speaks ? this.media.track("microphone") : null);
    this.peer.setTrack("camera", camera ? this.media.track("camera") : null);
    this.peer.setTrack("screen", own.screen ? this.media.track("screen") : null);
    if (!this.signaling.open) return;
    const gone = this.media.track("microphone") === null && !this.media.opening("microphone");
    if (own.microphone && (gone || this.requests.muting)) this.#once("microphone", "set-microphone");
    if (own.screen && this.media.track("screen") === null) this.#once("screen", "set-screen");
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

  /** @param {Plan} wanted */
  #tellView({ mainHeight, wanted }) {
    const view = this.#hidden ? NOTHING_SHOWN : eased(this.#effort.relief, { mainHeight, tiles: wanted });
    const text = JSON.stringify(view);
    if (!this.signaling.open || text === this.#sent) return;
    this.#sent = text;
    this.signaling.request("set-view", view).catch(() => {
      this.#sent = "";
    });
  }

  /** Pictures nobody can see are not asked for; they are back with the first look. */
  #visibility() {
    clearTimeout(this.#hiding);
    const hide = (/** @type {boolean} */ hidden) => {
      this.#hidden = hidden;
      this.#changed();
    };
    if (document.visibilityState === "visible") hide(false);
    else this.#hiding = window.setTimeout(() => hide(true), HIDDEN_MS);
  }

  /** @param {AbortSignal} signal */
  #timers(signal) {
    const tick = setInterval(() => this.#changed(), TICK_MS);
    const measure = setInterval(() => void this.#measure(), STATS_MS);
    const upwards = setInterval(() => void this.#measureUplink(), UPLINK_MS);
    const stop = () => {
      clearInterval(tick);
      clearInterval(measure);
      clearInterval(upwards);
      clearTimeout(this.#timer);
      clearTimeout(this.#hiding);
    };
    signal.addEventListener("abort", stop, { once: true });
    this.view.onResize(() => this.#changed(), signal);
    document.addEventListener("visibilitychange", () => this.#visibility(), { signal });
    this.#visibility();
    const network = /** @type {EventTarget | undefined} */ (Reflect.get(navigator, "connection"));
    network?.addEventListener("change", () => this.peer.restart(), { signal });
  }

  async #measure() {
    this.#leaveUdp();
    const pc = this.peer.connection;
    if (pc === null || this.peer.state !== "connected") return;
    const now = await sample(pc);
    if (this.#sample !== null) {
      this.#quality = judge(this.#sample, now);
      this.#strain(this.#sample, now);
    }
    for (const [mid, delayMs] of this.#patience.note(now.pictures, now.roundTripMs)) {
      this.peer.delay(mid, delayMs);
    }
    this.#sample = now;
  }

  async #measureUplink() {
    if (this.peer.state !== "connected") return;
    const before = this.#withheld;
    const { speaks, shows } = this.peer;
    const second = { ...(await uplink(this.peer.senders)), speaks, shows };
    this.#uplink = up.noted(this.#uplink, second, performance.now() / 1000);
    const { pictures, redundant } = this.#uplink;
    this.peer.limit({ pictures, voiceBps: up.voiceBps(this.#uplink), redundant });
    if (this.#withheld && !before) this.view.messages.note(t("pictureRests"), "info");
    if (this.#withheld !== before) this.#changed();
    this.#tellWithheld();
  }

  /** For the technician. */
  #tellWithheld() {
    const on = this.#withheld;
    if (!this.signaling.open || on === this.#withheldTold) return;
    this.#withheldTold = on;
    this.signaling.request("withhold", { on }).catch(() => {
      this.#withheldTold = !on;
    });
  }

  /** Whether the own pictures are not sent, or only tried. */
  get #withheld() {
    return this.#uplink.pictures !== "sent";
  }

  /**
   * A line that loses packets is another trouble than a slow computer.
   *
   * @param {Sample} before
   * @param {Sample} now
   */
  #strain(before, now) {
    if (this.#quality !== "good" || this.#hidden) return;
    const effort = judged(this.#effort, before, now, performance.now() / 1000);
    if (effort.relief > this.#effort.relief) this.view.messages.note(t("slowComputer"), "info");
    if (effort.relief !== this.#effort.relief) this.#changed();
    this.#effort = effort;
  }
}

/** For tests and for the technician's console. @param {Room} room */
function offerHandle(room) {
  const slots = async () => {
    const pc = room.peer.connection;
    const figures = pc === null ? [] : await inbound(pc, "video");
    return figures.map(({ mid, frames, width, height }) => {
      const slot = room.state.slots.find((one) => one.mid === mid);
      const { seat = null, source = null } = slot ?? {};
      return { mid, seat, source, framesDecoded: frames, width, height };
    });
  };
  const audioEnergy = async () => {
    const pc = room.peer.connection;
    const figures = pc === null ? [] : await inbound(pc, "audio");
    return figures.reduce((sum, { energy }) => sum + energy, 0);
  };
  const { peer, signaling } = room;
  Reflect.set(window, "diemcau", { state: () => room.state, peer, signaling, slots, audioEnergy });
}

// Within the day the check is not asked for again; `?vao` comes from the check itself, for browsers
// that remember nothing.
if (devices.checkedToday() || new URLSearchParams(location.search).has("vao")) {
  offerHandle(new Room());
} else {
  location.replace(page.meeting.check);
}
