// @ts-check
/**
 * The panel: the floor, who waits for it, all seats with their states, and for chair and secretary
 * the means to lead the meeting. It shows every seat, whether it has a tile or not.
 *
 * @import { Seat } from "../protocol.js"
 * @import { State } from "../state.js"
 * @import { FloorActions } from "./floor_box.js"
 * @import { QueueActions } from "./queue.js"
 */

import { seatLook } from "../describe.js";
import { t } from "../page.js";
import { inOrder, may } from "../state.js";
import { arrange, clone, forget, hook, label, setAttribute, setClass, setIcon, setText, show } from "./dom.js";
import { FloorBox } from "./floor_box.js";
import { Queue } from "./queue.js";

/**
 * @typedef {object} LeadActions
 * @property {(seat: string) => void} mute
 * @property {(seat: string | null) => void} showOnMain
 * @property {() => void} muteAll
 * @property {() => void} record starts or stops
 * @property {() => void} end asks first
 * @property {() => void} pause asks how long
 * @property {() => void} handOver asks to whom
 * @property {() => void} close
 *
 * @typedef {LeadActions & FloorActions & QueueActions} PanelActions
 */

export class Panel {
  /** @type {Map<string, HTMLElement>} */
  #rows = new Map();

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
    this.floor = new FloorBox(root, actions, signal);
    this.queue = new Queue(root, actions, signal);
    this.seats = hook(root, "panel-seats");
    this.legend = hook(root, "panel-legend");
    this.lead = hook(root, "panel-lead");
    this.muteAll = hook(root, "panel-mute-all");
    this.follow = hook(root, "panel-follow");
    this.record = hook(root, "panel-record");
    this.end = hook(root, "panel-end");
    this.pause = hook(root, "panel-pause");
    this.handOver = hook(root, "panel-hand-over");
    this.pause.addEventListener("click", actions.pause, { signal });
    this.handOver.addEventListener("click", actions.handOver, { signal });
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
    this.floor.render(state, now);
    this.queue.render(state, now);
    this.#list(state, seats, now);
    this.#leads(state);
  }

  /**
   * @param {State} state
   * @param {readonly Seat[]} seats
   * @param {number} now
   */
  #list(state, seats, now) {
    const shown = seats.filter((seat) => seat.onTiles || seat.present);
    const rows = shown.map((seat) => this.#seat(seat));
    forget(this.#rows, shown);
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
    hook(row, "invite").addEventListener("click", () => this.actions.invite(seat.id), { signal });
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
    const invite = hook(row, "invite");
    show(invite, may(state, "invite-to-speak") && seat.onTiles && seat.present);
    setAttribute(invite, "aria-pressed", String(state.session?.floor?.seat === seat.id));
    label(invite, t("inviteLong", { name: seat.name }));
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
    show(this.pause, may(state, "start-pause") && state.session?.pause === null);
    show(this.handOver, may(state, "hand-over-chair"));
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
