// @ts-check
/**
 * The top bar (recording, line, clock), the line of words below the stage, the large buttons.
 *
 * @import { ButtonLook } from "../buttons.js"
 * @import { State } from "../state.js"
 * @import { Local } from "./more_menu.js"
 */

import { microphoneHint, middleButton } from "../buttons.js";
import { pausedLine } from "../describe.js";
import { turnClock, turnOf } from "../floor.js";
import { duration, t } from "../page.js";
import { may, onMain, ownSeat, waiting } from "../state.js";
import { wallClock } from "../times.js";
import { speakingSince } from "../voices.js";
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

  /**
   * The plate of the main picture says who speaks; where it does not, this does.
   *
   * @param {State} state
   * @param {boolean} grid
   * @param {number} now
   */
  #speaker(state, grid, now) {
    const main = state.session === null ? null : onMain(state.session, state.seat);
    const turn = turnOf(state, now);
    const elsewhere = turn !== null && (grid || main?.seat.id !== turn.seat.id);
    const heard = turn === null && grid && main !== null && speakingSince(state, main.seat, now) !== null;
    show(this.speaker, elsewhere || heard);
    setClass(this.speaker, `room-chip${elsewhere ? ` room-chip--${turn.phase}` : ""}`);
    if (heard) setText(this.speakerWord, t("someoneSpeaks", { name: main.seat.name }));
    if (!elsewhere) return;
    const { word, seconds } = turnClock(turn);
    const clock = `${t(word)} ${duration(seconds)}`;
    setText(this.speakerWord, t("turnElsewhere", { name: turn.seat.shortName, clock }));
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
    // On screens with this line there is room for one of the two.
    show(this.main, calm && state.session.item === null);
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
   * @param {number} now local epoch seconds
   */
  render(state, local, now) {
    const on = ownSeat(state)?.microphone ?? false;
    setClass(this.microphone, `huge${on ? " huge--on" : ""}`);
    setAttribute(this.microphone, "aria-pressed", String(on));
    setIcon(this.microphone, on ? "mic" : "mic-off");
    setText(this.microphoneWord, t(on ? "microphoneOn" : "microphoneOff"));
    setText(this.microphoneHint, t(microphoneHint(state, local.canSpeak)));
    this.#middle(middleButton(state, now));
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
