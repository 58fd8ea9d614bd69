// @ts-check
/**
 * The top bar (recording, line, clock), the line of words below the stage, the large buttons.
 *
 * @import { ButtonLook } from "../describe.js"
 * @import { State } from "../state.js"
 */

import { capped, middleButton, pausedLine, wallClock } from "../describe.js";
import { ceilings, duration, t } from "../page.js";
import { may, onMain, ownSeat, speakingSince, waiting } from "../state.js";
import { hook, setAttribute, setClass, setIcon, setText, show } from "./dom.js";

export class TopBar {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.recording = hook(root, "recording");
    this.recordingWord = hook(root, "recording-word");
    this.recordingTime = hook(root, "recording-time");
    this.line = hook(root, "line");
    this.lineWord = hook(root, "line-word");
    this.clock = hook(root, "clock");
    this.list = hook(root, "list-button");
    this.listWord = hook(root, "list-word");
    this.speaker = hook(root, "speaker");
    this.speakerWord = hook(root, "speaker-word");
  }

  /**
   * @param {State} state
   * @param {{ tone: string, icon: string, word: string, path: string }} line
   * @param {{ grid: boolean, panel: boolean }} view
   * @param {number} now local epoch seconds
   */
  render(state, line, view, now) {
    setClass(this.line, `room-chip room-chip--${line.tone || "calm"}`);
    setIcon(this.line, line.icon);
    setText(this.lineWord, line.path === "" ? t(line.word) : `${t(line.word)} · ${line.path}`);
    setText(this.clock, wallClock(now + state.clockOffset));
    this.#recording(state, now);
    this.#list(state, view.panel);
    this.#speaker(state, view.grid, now);
  }

  /** @param {State} state @param {number} now */
  #recording(state, now) {
    const recording = state.session?.recording ?? null;
    show(this.recording, recording !== null);
    if (recording === null) return;
    const stuck = state.recordingHealth !== null && !state.recordingHealth.growing;
    setClass(this.recording, `room-chip room-chip--${stuck ? "warn" : "rec"}`);
    setIcon(this.recording, stuck ? "alert" : "rec");
    setText(this.recordingWord, t(stuck ? "recordingStuck" : "recordingNow"));
    setText(this.recordingTime, duration(now + state.clockOffset - recording.started));
  }

  /** @param {State} state @param {boolean} open */
  #list(state, open) {
    const count = state.session === null ? 0 : waiting(state.session).length;
    const name = t(may(state, "show-on-main") ? "leadPanel" : "sites");
    setText(this.listWord, count === 0 ? name : t("listWithHands", { name, count }));
    setAttribute(this.list, "aria-expanded", String(open));
    this.list.classList.toggle("room-chip--ask", count > 0);
  }

  /** In the grid nothing else says in words who speaks. @param {State} state @param {boolean} grid @param {number} now */
  #speaker(state, grid, now) {
    const main = state.session === null ? null : onMain(state.session, state.seat);
    const speaks = grid && main !== null && speakingSince(state, main.seat, now) !== null;
    show(this.speaker, speaks);
    if (speaks) setText(this.speakerWord, t("someoneSpeaks", { name: main.seat.name }));
  }
}

export class NowLine {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.main = hook(root, "now-main");
    this.mainWord = hook(root, "now-main-word");
    this.next = hook(root, "now-next");
    this.nextName = hook(root, "now-next-name");
    this.queue = hook(root, "now-queue");
    this.queuePart = hook(root, "now-queue-part");
    this.weak = hook(root, "now-weak");
    this.paused = hook(root, "now-paused");
    this.pausedWord = hook(root, "now-paused-word");
  }

  /**
   * @param {State} state
   * @param {boolean} weak
   */
  render(state, weak) {
    if (state.session === null) return;
    const queue = waiting(state.session);
    const own = queue.findIndex(({ id }) => id === state.seat) + 1;
    const paused = pausedLine(state);
    show(this.weak, weak && paused === null);
    show(this.paused, paused !== null);
    if (paused !== null) setText(this.pausedWord, t(paused.text, paused.values));
    const calm = !weak && paused === null;
    show(this.main, calm);
    setText(this.mainWord, t(mainWord(state)));
    show(this.next, calm && queue.length > 0);
    if (queue.length > 0) setText(this.nextName, queue[0].name);
    show(this.queuePart, !weak || paused !== null);
    const words = own > 0 ? t("yourPlace", { place: own }) : t("sitesWaiting", { count: queue.length });
    setText(this.queue, queue.length === 0 ? t("nobodyWaits") : words);
  }
}

/** @param {State} state */
function mainWord(state) {
  if (state.session?.sharing) return "mainShares";
  return state.session?.pinned ? "mainPinned" : "mainFollows";
}

/**
 * @typedef {object} Local what only this browser knows
 * @property {boolean} canSpeak a microphone is open
 * @property {boolean} canShow a camera is open
 * @property {boolean} canShare
 * @property {boolean} grid
 * @property {boolean} full the page fills the screen
 * @property {boolean} phone
 */

export class ButtonBar {
  /** @type {ButtonLook | null} */
  look = null;

  /**
   * @param {HTMLElement} root
   * @param {{ microphone: () => void, middle: (look: ButtonLook) => void }} actions
   * @param {AbortSignal} signal
   */
  constructor(root, actions, signal) {
    this.microphone = hook(root, "microphone");
    this.microphoneWord = hook(root, "microphone-word");
    this.microphoneHint = hook(root, "microphone-hint");
    this.middle = hook(root, "middle");
    this.middleWord = hook(root, "middle-word");
    this.middleHint = hook(root, "middle-hint");
    this.microphone.addEventListener("click", actions.microphone, { signal });
    this.middle.addEventListener("click", () => this.look && actions.middle(this.look), { signal });
  }

  /**
   * @param {State} state
   * @param {Local} local
   */
  render(state, local) {
    const on = ownSeat(state)?.microphone ?? false;
    setClass(this.microphone, `huge${on ? " huge--on" : ""}`);
    setAttribute(this.microphone, "aria-pressed", String(on));
    setIcon(this.microphone, on ? "mic" : "mic-off");
    setText(this.microphoneWord, t(on ? "microphoneOn" : "microphoneOff"));
    const hint = on ? "microphoneOnHint" : local.canSpeak ? "microphoneOffHint" : "noMicrophone";
    setText(this.microphoneHint, t(hint));
    this.#middle(middleButton(state));
  }

  /** @param {ButtonLook} look */
  #middle(look) {
    this.look = look;
    setClass(this.middle, `huge huge--main${look.tone === "" ? "" : ` huge--${look.tone}`}`);
    setIcon(this.middle, look.icon);
    setText(this.middleWord, t(look.label, look.values));
    setText(this.middleHint, t(look.hint, look.values));
  }
}

/** The menu of what is pressed less often. */
export class MoreMenu {
  /**
   * @param {HTMLElement} root
   * @param {Record<"camera" | "screen" | "grid" | "full" | "weak" | "audio" | "line" | "devices", () => void>} actions
   * @param {AbortSignal} signal
   */
  constructor(root, actions, signal) {
    this.button = hook(root, "more");
    this.menu = hook(root, "menu");
    this.camera = hook(root, "do-camera");
    this.screen = hook(root, "do-screen");
    this.grid = hook(root, "do-grid");
    this.full = hook(root, "do-full");
    this.weak = hook(root, "do-weak");
    this.audio = hook(root, "do-audio");
    this.line = hook(root, "do-line");
    this.lineWord = hook(root, "do-line-word");
    this.devices = hook(root, "do-devices");
    for (const name of /** @type {const} */ (["camera", "screen", "grid", "full", "weak", "audio", "line", "devices"])) {
      const act = () => {
        this.open(false);
        actions[name]();
      };
      this[name].addEventListener("click", act, { signal });
    }
    this.button.addEventListener("click", () => this.open(this.menu.hidden), { signal });
    document.addEventListener("keydown", (event) => this.#key(event), { signal });
    document.addEventListener("pointerdown", (event) => this.#outside(event), { signal });
  }

  /** @param {boolean} open */
  open(open) {
    if (this.menu.hidden !== open) return;
    show(this.menu, open);
    setAttribute(this.button, "aria-expanded", String(open));
    if (open) /** @type {HTMLElement | null} */ (this.menu.querySelector("button:not([hidden])"))?.focus();
    else if (this.menu.contains(document.activeElement)) this.button.focus();
  }

  /**
   * @param {State} state
   * @param {Local} local
   */
  render(state, local) {
    const own = ownSeat(state);
    const camera = (own?.camera ?? false) && local.canShow;
    show(this.camera, may(state, "set-camera"));
    this.#item(this.camera, camera ? "cam-off" : "cam", camera ? "turnCameraOff" : "turnCameraOn");
    const shares = own?.screen ?? false;
    show(this.screen, may(state, "set-screen") && (local.canShare || shares));
    this.#item(this.screen, shares ? "x" : "share", shares ? "stopSharing" : "shareScreen");
    show(this.grid, !local.phone);
    this.#item(this.grid, local.grid ? "user" : "grid", local.grid ? "layoutMain" : "layoutGrid");
    const profile = own?.limits.profile;
    for (const [item, name] of /** @type {const} */ ([[this.weak, "weak"], [this.audio, "audio"]])) {
      show(item, may(state, "set-limits"));
      setAttribute(item, "aria-pressed", String(profile === name));
    }
    show(this.line, may(state, "set-limits"));
    setAttribute(this.line, "aria-pressed", String(own !== null && capped(own.limits)));
    setText(this.lineWord, own === null ? "" : ceilings(own.limits));
    show(this.full, document.fullscreenEnabled);
    this.#item(this.full, "full", local.full ? "leaveFull" : "fullScreen");
  }

  /**
   * @param {HTMLElement} item
   * @param {string} icon
   * @param {string} label
   */
  #item(item, icon, label) {
    setIcon(item, icon);
    setText(hook(item, "label"), t(label));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "Escape") this.open(false);
  }

  /** @param {PointerEvent} event */
  #outside(event) {
    const target = /** @type {Node} */ (event.target);
    if (!this.menu.contains(target) && !this.button.contains(target)) {
      if (this.menu.hidden) return;
      show(this.menu, false);
      setAttribute(this.button, "aria-expanded", "false");
    }
  }
}
