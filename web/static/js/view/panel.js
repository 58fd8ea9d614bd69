// @ts-check
/**
 * The list of all seats: hands in their order, states, and for chair and secretary the means to
 * lead the meeting. It shows every seat, whether it has a tile or not.
 *
 * @import { Seat } from "../protocol.js"
 * @import { State } from "../state.js"
 */

import { seatLook } from "../describe.js";
import { duration, t } from "../page.js";
import { inOrder, may, waiting } from "../state.js";
import { arrange, clone, hook, setAttribute, setClass, setIcon, setText, show } from "./dom.js";

/**
 * @typedef {object} PanelActions
 * @property {(seat: string) => void} mute
 * @property {(seat: string | null) => void} showOnMain
 * @property {(seat: string) => void} invite
 * @property {(seat: string) => void} lowerHand
 * @property {() => void} muteAll
 * @property {() => void} record starts or stops
 * @property {() => void} end asks first
 * @property {() => void} close
 */

export class Panel {
  /** @type {Map<string, HTMLElement>} */
  #rows = new Map();
  /** @type {Map<string, HTMLElement>} */
  #hands = new Map();

  /**
   * @param {HTMLElement} root
   * @param {PanelActions} actions
   * @param {AbortSignal} signal
   */
  constructor(root, actions, signal) {
    this.actions = actions;
    this.signal = signal;
    this.panel = hook(root, "panel");
    this.title = hook(root, "panel-title");
    this.count = hook(root, "panel-count");
    this.queueBox = hook(root, "panel-queue-box");
    this.queueCount = hook(root, "panel-queue-count");
    this.queue = hook(root, "panel-queue");
    this.seats = hook(root, "panel-seats");
    this.legend = hook(root, "panel-legend");
    this.lead = hook(root, "panel-lead");
    this.muteAll = hook(root, "panel-mute-all");
    this.follow = hook(root, "panel-follow");
    this.record = hook(root, "panel-record");
    this.end = hook(root, "panel-end");
    this.muteAll.addEventListener("click", actions.muteAll, { signal });
    this.follow.addEventListener("click", () => actions.showOnMain(null), { signal });
    this.record.addEventListener("click", actions.record, { signal });
    this.end.addEventListener("click", actions.end, { signal });
    hook(root, "panel-close").addEventListener("click", actions.close, { signal });
  }

  /**
   * @param {State} state
   * @param {boolean} open
   * @param {number} now
   */
  render(state, open, now) {
    show(this.panel, open);
    const { session } = state;
    if (!open || session === null) return;
    const seats = inOrder(session);
    setText(this.title, t(may(state, "show-on-main") ? "leadPanel" : "sites"));
    const sites = seats.filter((seat) => seat.onTiles);
    const present = sites.filter((seat) => seat.present).length;
    setText(this.count, t("connectedCount", { present, total: sites.length }));
    this.#queue(state, waiting(session), now);
    this.#list(state, seats, now);
    this.#leads(state);
  }

  /**
   * @param {State} state
   * @param {readonly Seat[]} queue
   * @param {number} now
   */
  #queue(state, queue, now) {
    show(this.queueBox, queue.length > 0);
    setText(this.queueCount, t("sitesWaiting", { count: queue.length }));
    const rows = queue.map((seat) => this.#hand(seat));
    keep(this.#hands, queue);
    arrange(this.queue, rows);
    for (const [at, seat] of queue.entries()) {
      const row = rows[at];
      setText(hook(row, "place"), String(at + 1));
      setText(hook(row, "name"), seat.name);
      setText(hook(row, "person"), seat.person === seat.name ? "" : seat.person);
      const since = duration(now + state.clockOffset - (seat.hand ?? 0));
      setText(hook(row, "since"), t("waitsSince", { time: since }));
      show(hook(row, "invite"), may(state, "show-on-main"));
      show(hook(row, "lower"), may(state, "show-on-main"));
      label(hook(row, "invite"), t("inviteLong", { name: seat.name }));
      label(hook(row, "lower"), t("lowerHandOf", { name: seat.name }));
    }
  }

  /** @param {Seat} seat */
  #hand(seat) {
    const known = this.#hands.get(seat.id);
    if (known !== undefined) return known;
    const row = clone("hand");
    const { signal } = this;
    hook(row, "invite").addEventListener("click", () => this.actions.invite(seat.id), { signal });
    hook(row, "lower").addEventListener("click", () => this.actions.lowerHand(seat.id), { signal });
    this.#hands.set(seat.id, row);
    return row;
  }

  /**
   * @param {State} state
   * @param {readonly Seat[]} seats
   * @param {number} now
   */
  #list(state, seats, now) {
    const shown = seats.filter((seat) => seat.onTiles || seat.present);
    const rows = shown.map((seat) => this.#seat(seat));
    keep(this.#rows, shown);
    arrange(this.seats, rows);
    for (const [at, seat] of shown.entries()) this.#fill(state, rows[at], seat, now);
  }

  /** @param {Seat} seat */
  #seat(seat) {
    const known = this.#rows.get(seat.id);
    if (known !== undefined) return known;
    const row = clone("seat");
    const { signal } = this;
    hook(row, "mute").addEventListener("click", () => this.actions.mute(seat.id), { signal });
    hook(row, "main").addEventListener("click", () => this.actions.showOnMain(seat.id), { signal });
    this.#rows.set(seat.id, row);
    return row;
  }

  /**
   * @param {State} state
   * @param {HTMLElement} row
   * @param {Seat} seat
   * @param {number} now
   */
  #fill(state, row, seat, now) {
    const look = seatLook(state, seat, now);
    setClass(row, `seat${look.tone === "" ? "" : ` seat--${look.tone}`}`);
    setIcon(hook(row, "icon"), look.icon);
    setText(hook(row, "name"), seat.name);
    const role = seat.id === state.seat ? t("youPrefix") : roleWord(seat);
    const word = look.place > 0 ? t("waitingPlace", { place: look.place }) : t(look.word);
    setText(hook(row, "word"), role + word);
    const main = hook(row, "main");
    const onMain = state.session?.main === seat.id;
    show(main, may(state, "show-on-main") && seat.onTiles && seat.present);
    setAttribute(main, "aria-pressed", String(onMain && (state.session?.pinned ?? false)));
    label(main, t("showOnMainOf", { name: seat.name }));
    const mute = hook(row, "mute");
    show(mute, may(state, "mute-seat") && seat.present && seat.id !== state.seat);
    setAttribute(mute, "aria-disabled", String(!seat.microphone));
    label(mute, t("muteOf", { name: seat.name }));
  }

  /** @param {State} state */
  #leads(state) {
    const commands = ["mute-all", "show-on-main", "start-recording", "end-meeting"];
    show(this.lead, commands.some((command) => may(state, command)));
    show(this.legend, may(state, "show-on-main"));
    show(this.muteAll, may(state, "mute-all"));
    show(this.follow, may(state, "show-on-main") && (state.session?.pinned ?? false));
    show(this.record, may(state, "start-recording"));
    const records = state.session?.recording !== null;
    setIcon(this.record, records ? "x" : "rec");
    setText(hook(this.record, "label"), t(records ? "stopRecording" : "startRecording"));
    show(this.end, may(state, "end-meeting"));
  }
}

/** @param {Seat} seat */
function roleWord(seat) {
  if (seat.role === "chair") return t("chairPrefix");
  if (seat.role === "secretary") return t("secretaryPrefix");
  return seat.role === "technician" ? t("technicianPrefix") : "";
}

/**
 * @param {HTMLElement} button
 * @param {string} text
 */
function label(button, text) {
  setAttribute(button, "aria-label", text);
  setAttribute(button, "title", text);
}

/**
 * Forget rows of seats that are not shown any more.
 *
 * @param {Map<string, HTMLElement>} rows
 * @param {readonly Seat[]} seats
 */
function keep(rows, seats) {
  for (const id of [...rows.keys()]) {
    if (!seats.some((seat) => seat.id === id)) rows.delete(id);
  }
}
