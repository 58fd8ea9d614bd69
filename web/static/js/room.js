// @ts-check
/**
 * The meeting room: joins signalling, state, peer connection, devices and view.
 *
 * @import { Plan } from "./layout.js"
 * @import { Bye, ServerMessage, Source } from "./protocol.js"
 * @import { DeviceKind } from "./devices.js"
 * @import { OwnView } from "./own_view.js"
 */

import { Voices } from "./audio.js";
import { keepAwake } from "./awake.js";
import { Conduct } from "./conduct.js";
import { limitedBy, lineLook } from "./describe.js";
import { DeskNotices } from "./desk_notices.js";
import * as devices from "./devices.js";
import { EndsNotice } from "./ends_notice.js";
import { Feeds } from "./feeds.js";
import { isAsked, mayTakeChair } from "./floor.js";
import { offerHandle } from "./handle.js";
import { plan } from "./layout.js";
import { leadingActions, middleActions } from "./leading.js";
import { LostLine } from "./lost_line.js";
import { Measuring } from "./measuring.js";
import { LocalMedia } from "./media.js";
import { Notices } from "./notices.js";
import { Outgoing } from "./outgoing.js";
import { arranged, gridPressed, keepView, keptView } from "./own_view.js";
import { leaving, page } from "./page.js";
import { PathWatch } from "./path_watch.js";
import { Peer } from "./peer.js";
import { Requests } from "./requests.js";
import { sceneSeats } from "./scene.js";
import { LineLost, Signaling } from "./signaling.js";
import { INITIAL, apply, may, onTiles, ownSeat, presiding, silent, withheld } from "./state.js";
import { Teller } from "./telling.js";
import { Desk } from "./view/desk.js";
import { RoomView } from "./view/room_view.js";

const RENDER_MS = 30;
const TICK_MS = 1000;
/** The advice to leave UDP holds so long. */
const ADVICE_MS = 60_000;
const PHONE_SLOTS = { audio: 4, video: 6 };
const SLOTS = { audio: 4, video: 9 };
/** A tab that is hidden this long gets no pictures; sound goes on. */
const HIDDEN_MS = 2000;

const NOTHING_SHOWN = { mainHeight: 0, tiles: [] };

class Room {
  state = INITIAL;
  own = keptView();
  panel = false;
  turn = 0;
  #timer = 0;
  #hiding = 0;
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
      speak: () => void this.conduct.speak(),
      decline: () => void this.conduct.decline(),
      takeChair: () => void this.requests.command({ type: "take-chair" }),
    });
    this.teller = new Teller(this.view.messages, this.notices);
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
      askEnd: (question) => this.view.askEnd(question),
      onChange: () => this.#changed(),
    });
    this.desk = new Desk(
      document.body,
      {
        state: () => this.state,
        command: (command) => this.requests.command(command),
        confirm: (question) => this.view.confirm(question),
        note: (text) => this.view.messages.note(text, "warn"),
      },
      signal,
    );
    this.deskNotices = new DeskNotices(this.view.messages, (tab) => this.desk.choose(tab));
    this.endsNotice = new EndsNotice(this.view.messages, () => void this.requests.command({ type: "extend-meeting", seconds: 900 }));
    this.conduct = new Conduct(() => this.state, this.requests, this.view.messages);
    this.voices = new Voices((blocked) => this.notices.sound(blocked), signal);
    void this.voices.choose(devices.choices().speaker);
    this.peer = new Peer(this.view.phone ? PHONE_SLOTS : SLOTS, this.#peerHooks(), signal);
    this.feeds = new Feeds(this.peer, this.media);
    const signaling = () => this.signaling;
    this.outgoing = new Outgoing(this.media, this.peer, this.requests, signaling);
    this.measuring = new Measuring(this.#measured(), signal);
    this.lost = new LostLine(this.view, this.notices, () => ({
      media: this.peer.state === "connected",
      entered: this.#entered,
    }));
    devices.onChange(() => this.#plugged(), signal);
    this.signaling = new Signaling(page.ws, page.meeting.reference, this.#lineHooks(), signal);
    this.#timers(signal);
    new PathWatch(
      () => (this.peer.state === "connected" ? this.peer.connection : null),
      () => this.signaling.probe(),
      signal,
    );
    keepAwake(signal);
    this.lost.soon();
  }

  /** @returns {import("./measuring.js").Measured} */
  #measured() {
    return {
      peer: this.peer,
      signaling: () => this.signaling,
      messages: this.view.messages,
      hidden: () => this.#hidden,
      onSample: () => this.#leaveUdp(),
      onChange: () => this.#changed(),
    };
  }

  // ---------------------------------------------------------------- what arrives

  /** @returns {import("./signaling.js").Hooks} */
  #lineHooks() {
    return {
      onMessage: (message) => this.#receive(message),
      onLine: (open) => this.#line(open),
      onRetry: (bye) => {
        this.lost.knocks = bye.code === "waiting";
      },
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
    if (message.type === "events") message.entries.forEach((entry) => this.#fold(entry));
    if (message.type === "layers") this.peer.setLayers(message.sources);
    if (message.type === "slots") this.feeds.change(this.state.slots, message.slots);
    this.state = apply(this.state, message, Date.now() / 1000);
    if (this.state.gap) return this.signaling.reconnectNow();
    if (message.type === "media-reset" || message.type === "media-lost") this.peer.rebuild();
    if (message.type === "welcome" || message.type === "ice-servers") {
      this.peer.iceServers = message.iceServers ?? [];
    }
    if (message.type === "paused") this.teller.paused(this.state);
    if (message.type === "try-path") this.#tryPath(message.path);
    if (message.type === "welcome") this.#resumed = message.session === null;
    const own = ownSeat(this.state);
    this.notices.sharing(own?.screen ?? false);
    this.notices.asked(isAsked(this.state));
    this.notices.chairAway(mayTakeChair(this.state));
    this.voices.mute(Boolean(this.state.session?.pause));
    if (own !== null) this.notices.limits(own.limits, limitedBy(this.state));
    this.#changed();
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

  /** Entry by entry: what one means is told from the state before it. @param {import("./protocol.js").Entry} entry */
  #fold(entry) {
    this.teller.entry(this.state, entry);
    this.state = apply(this.state, { type: "events", entries: [entry] }, Date.now() / 1000);
  }

  /** @param {boolean} open */
  #line(open) {
    if (open) {
      this.#tcpAdvised = -Infinity; // it may be another network now
      this.lost.over();
      this.#sent = "";
      // Without a resume the server has ended the old transport.
      if (this.#resumed) this.peer.connect();
      else this.peer.rebuild();
      void this.#enter();
    } else {
      this.lost.soon();
    }
    this.#changed();
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
    this.lost.over();
    leaving.abort();
    const { session } = this.state;
    this.view.finish(bye, { words: session?.farewell ?? "", rehearsal: session?.rehearsal ?? false });
  }

  #slots() {
    const streams = this.peer.audioMids.flatMap((mid) => {
      const stream = this.peer.stream(mid);
      return stream === null ? [] : [{ mid, stream }];
    });
    this.voices.attach(streams);
    this.measuring.reset();
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
    const list = () => this.#show({ panel: !this.panel });
    const middle = middleActions(this, list);
    return {
      microphone: () => void requests().toggleMicrophone(),
      middle: (look) => middle[look.action](),
      camera: () => void requests().toggleCamera(),
      screen: () => void requests().toggleScreen(),
      grid: () => this.#look(gridPressed(this.own, this.#plan?.mode === "grid", this.#scene())),
      look: (view) => this.#look(view),
      full: () => void this.view.toggleFull(),
      weak: () => void requests().toggleProfile("weak"),
      audio: () => void requests().toggleProfile("audio"),
      line: () => this.view.line.open(this.state),
      limit: (change) => void requests().setLimits(change),
      devices: () => this.#openDevices(),
      chooseDevice: (kind, id) => this.#chooseDevice(kind, id),
      list,
      turn: (step) => this.#show({ turn: (this.#plan?.page ?? 0) + step }),
      leave: () => this.#leave(),
      speakerNamed: (person) => void this.conduct.nameSpeaker(person),
      again: () => location.reload(),
      mute: (seat) => void requests().ask("mute-seat", { seat }),
      muteAll: () => void requests().ask("mute-all"),
      showOnMain: (seat) => void requests().ask("show-on-main", { seat }),
      ...leadingActions(this),
      ...this.#documentActions(),
      record: () => void requests().toggleRecording(),
      end: () => void requests().end(),
      permissions: () => this.state.permissions,
      openRequests: () => this.requests?.open ?? 0,
    };
  }

  /** @returns {import("./view/document_view.js").DocumentActions & import("./view/documents_dialog.js").ListActions} */
  #documentActions() {
    return {
      openDocument: (document) => void this.requests.command({ type: "open-document", document }),
      turnPage: (page) => void this.requests.command({ type: "turn-page", page }),
      closeDocument: () => void this.requests.command({ type: "close-document" }),
      documentBack: () => this.view.document.back(),
      documentChanged: () => this.#changed(),
    };
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

  /** @param {OwnView} view */
  #look(view) {
    keepView(view);
    this.own = view;
    this.#changed();
  }

  #scene() {
    const { session, seat } = this.state;
    return session === null ? null : sceneSeats(session, seat);
  }

  /** @param {{ panel?: boolean, turn?: number }} change */
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
    if (this.#entered) this.outgoing.follow(this.state);
    const { session } = this.state;
    const now = Date.now() / 1000;
    const open = this.signaling.open;
    const told = this.state.lines[this.state.seat];
    const { quality, path } = this.measuring;
    const line = { ...lineLook(open, this.peer.state, quality, told, ownSeat(this.state)?.limits), path };
    const shown = this.measuring.withheld ? withheld(this.state) : this.state;
    this.teller.turn(this.state, now);
    this.view.document.follow(this.state);
    const shape = arranged(this.own, this.#scene(), this.view.document.open);
    this.view.arrange(shape, this.panel);
    this.#plan = plan({
      seats: session === null ? [] : (shape.seats ?? onTiles(session).map(({ id }) => id)),
      presiding: session === null ? null : (presiding(session)?.id ?? null),
      own: this.state.seat,
      mode: shape.mode,
      page: this.turn,
      slots: this.peer.slots.video - 1,
      tilesShown: shape.tiles && !this.panel,
      sizes: this.view.sizes(),
    });
    this.turn = this.#plan.page;
    this.view.render({
      state: this.requests.muting ? silent(shown) : shown,
      plan: this.#plan,
      line,
      panel: this.panel,
      own: this.own,
      main: this.feeds.main(this.state),
      tile: (seat) => this.feeds.tile(this.state, seat),
      canSpeak: this.media.track("microphone") !== null,
      canShow: this.media.track("camera") !== null,
      now,
    });
    this.desk.render(this.state);
    this.deskNotices.render(this.state);
    this.endsNotice.render(this.state, now);
    this.#tellView(this.#plan);
  }

  /** @param {Plan} wanted */
  #tellView({ mainHeight, wanted }) {
    const rests = this.#hidden || this.state.session?.pause;
    const view = rests ? NOTHING_SHOWN : this.measuring.eased({ mainHeight, tiles: wanted });
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
    const stop = () => {
      clearInterval(tick);
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
}

// Within the day the check is not asked for again; `?vao` comes from the check itself, for browsers
// that remember nothing.
if (devices.checkedToday() || new URLSearchParams(location.search).has("vao")) {
  offerHandle(new Room());
} else {
  location.replace(page.meeting.check);
}
