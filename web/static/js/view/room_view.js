// @ts-check
/**
 * The room's DOM: puts the parts together, measures the stage, shows overlays.
 *
 * @import { ButtonLook } from "../buttons.js"
 * @import { DeviceKind } from "../devices.js"
 * @import { Feed } from "../feeds.js"
 * @import { Plan, Sizes } from "../layout.js"
 * @import { Arranged, OwnView } from "../own_view.js"
 * @import { Bye, LineLimits } from "../protocol.js"
 * @import { State } from "../state.js"
 * @import { LeadingActions } from "../leading.js"
 * @import { DocumentActions } from "./document_view.js"
 * @import { ListActions } from "./documents_dialog.js"
 * @import { LeadActions } from "./panel.js"
 */

import * as devices from "../devices.js";
import { page, t } from "../page.js";
import { AgendaView } from "./agenda_view.js";
import { ButtonBar, NowLine, TopBar } from "./bars.js";
import { DeviceDialog, confirm } from "./dialogs.js";
import { DocumentView } from "./document_view.js";
import { DocumentsDialog } from "./documents_dialog.js";
import { hook, setText, show } from "./dom.js";
import { askEnd, farewell } from "./end_dialog.js";
import { LineDialog } from "./line_dialog.js";
import { MainPicture } from "./main_picture.js";
import { Messages } from "./messages.js";
import { MoreMenu } from "./more_menu.js";
import { OwnViewDialog } from "./own_view_dialog.js";
import { Panel } from "./panel.js";
import { PauseView } from "./pause_view.js";
import { answerPresses } from "./press.js";
import { SeatChooser } from "./seat_chooser.js";
import { Shortcuts } from "./shortcuts.js";
import { SpeakerDialog } from "./speaker_dialog.js";
import { Tiles } from "./tiles.js";

/** Where `tokens.css` and `components.css` switch to the phone's layout. */
const PHONE = "(max-width: 760px), (orientation: portrait) and (max-width: 1100px)";
const PHONE_UNIT = 0.56;

/**
 * @typedef {object} OwnActions
 * @property {() => void} microphone
 * @property {(look: ButtonLook) => void} middle
 * @property {() => void} camera
 * @property {() => void} screen
 * @property {() => void} grid
 * @property {(view: OwnView) => void} look
 * @property {() => void} full
 * @property {() => void} weak
 * @property {() => void} audio
 * @property {() => void} line
 * @property {(change: Partial<LineLimits>) => void} limit
 * @property {() => void} devices
 * @property {(kind: DeviceKind, id: string) => void} chooseDevice
 * @property {() => void} list
 * @property {(step: -1 | 1) => void} turn
 * @property {() => void} leave
 * @property {() => void} again
 * @property {(person: string) => void} speakerNamed
 * @property {() => readonly string[]} permissions
 * @property {() => number} openRequests requests without an answer
 *
 * @typedef {OwnActions & DocumentActions & ListActions & LeadingActions & Omit<LeadActions, "close" | "pause">} RoomActions
 *
 * @typedef {object} Frame everything one rendering shows
 * @property {State} state
 * @property {Plan} plan
 * @property {{ tone: string, icon: string, word: string, path: string }} line
 * @property {boolean} panel
 * @property {OwnView} own
 * @property {Feed} main
 * @property {(seat: string) => Feed} tile
 * @property {boolean} canSpeak a microphone is open
 * @property {boolean} canShow a camera is open
 * @property {number} now
 */

export class RoomView {
  #phone = window.matchMedia(PHONE);

  /**
   * @param {HTMLElement} root
   * @param {RoomActions} actions
   * @param {AbortSignal} signal
   */
  constructor(root, actions, signal) {
    this.root = root;
    this.signal = signal;
    this.stage = hook(root, "stage");
    this.area = hook(root, "tiles-area");
    this.lost = hook(root, "lost");
    this.messages = new Messages(root);
    this.top = new TopBar(root);
    this.nowLine = new NowLine(root);
    this.buttons = new ButtonBar(root, actions, signal);
    this.menu = new MoreMenu(root, { ...actions, view: () => this.ownView.open(), shortcuts: () => this.shortcuts.open() }, signal);
    this.tiles = new Tiles(root, actions.turn, signal);
    this.main = new MainPicture(root);
    this.agenda = new AgendaView(root, actions, signal);
    this.pause = new PauseView(root, actions, signal);
    this.document = new DocumentView(root, actions, signal);
    this.documents = new DocumentsDialog(root, actions, this.messages, signal);
    this.chooser = new SeatChooser(root, signal);
    this.panel = new Panel(root, { ...actions, close: actions.list, pause: () => this.pause.open() }, signal);
    this.shortcuts = new Shortcuts(root, actions.permissions, (name) => this.#keyed(actions, name), signal);
    answerPresses(root, actions.openRequests, signal);
    this.speaker = new SpeakerDialog(root, actions.speakerNamed, signal);
    hook(root, "name-speaker").addEventListener("click", actions.nameSpeaker, { signal });
    this.ownView = new OwnViewDialog(root, actions.look, signal);
    this.line = new LineDialog(root, actions.limit, signal);
    this.devices = new DeviceDialog(root, actions.chooseDevice, signal);
    hook(root, "list-button").addEventListener("click", actions.list, { signal });
    const leave = (/** @type {Event} */ event) => {
      event.preventDefault();
      actions.leave();
    };
    hook(root, "leave").addEventListener("click", leave, { signal });
    this.again = actions.again;
  }

  /** What a key does: the button is pressed where there is one. @param {RoomActions} actions @param {string} name */
  #keyed(actions, name) {
    /** @type {Record<string, () => void>} */
    const pressed = {
      microphone: () => this.buttons.microphone.click(),
      middle: () => this.buttons.middle.click(),
      agenda: () => this.agenda.toggle(),
      camera: actions.camera,
      next: actions.next,
      endTurn: actions.endTurn,
      extendTurn: actions.extendTurn,
      nameSpeaker: actions.nameSpeaker,
      addToQueue: actions.addToQueue,
      discuss: actions.discuss,
      muteAll: actions.muteAll,
      undo: actions.undo,
      list: actions.list,
      grid: actions.grid,
      full: actions.full,
    };
    pressed[name]?.();
  }

  get phone() {
    return this.#phone.matches;
  }

  /**
   * @param {() => void} listener
   * @param {AbortSignal} signal
   */
  onResize(listener, signal) {
    window.addEventListener("resize", listener, { signal });
    document.addEventListener("fullscreenchange", listener, { signal });
    const observer = new ResizeObserver(listener);
    observer.observe(this.stage);
    observer.observe(this.area);
    signal.addEventListener("abort", () => observer.disconnect(), { once: true });
  }

  /** @param {Arranged} shape @param {boolean} panel */
  arrange({ mode, tiles, main }, panel) {
    this.stage.dataset.mode = this.phone || this.document.open ? "main" : mode;
    this.stage.dataset.reads = String(this.document.open);
    this.stage.dataset.list = String(panel);
    this.stage.dataset.tiles = String(tiles);
    this.stage.dataset.main = String(main);
  }

  /** @returns {Sizes} */
  sizes() {
    const box = this.main.box;
    return {
      width: this.area.clientWidth,
      area: this.area.parentElement?.clientHeight ?? 0,
      mainWidth: box.clientWidth,
      mainHeight: box.clientHeight,
      unit: this.phone ? PHONE_UNIT : Math.min(innerWidth / 1920, innerHeight / 1080),
      ratio: devicePixelRatio,
      phone: this.phone,
    };
  }

  /** @param {Frame} frame */
  render({ state, plan, line, panel, own, main, tile, canSpeak, canShow, now }) {
    const grid = plan.mode === "grid";
    const local = {
      canSpeak,
      canShow,
      canShare: devices.canShareScreen(),
      grid,
      full: document.fullscreenElement !== null,
      phone: this.phone,
    };
    this.top.render(state, line, { grid, panel }, now);
    this.main.render(state, main, now);
    this.tiles.render(state, plan, tile, now);
    this.agenda.render(state, now);
    this.pause.render(state, now);
    this.document.draw();
    this.documents.render(state, this.document.open);
    this.panel.render(state, panel, now);
    this.nowLine.render(state, line.tone === "warn");
    this.buttons.render(state, local, now);
    this.menu.render(state, local);
    this.line.render(state);
    this.ownView.render(own, this.phone);
  }

  /** The large notice over the stage. @param {string | null} text key; null: the line is there */
  overlay(text) {
    show(this.lost, text !== null);
    if (text === null) return;
    setText(hook(this.lost, "lost-title"), t(text));
    setText(hook(this.lost, "lost-text"), t(`${text}Text`, { hotline: page.hotline }));
  }

  /** The meeting is over for this page. @param {Bye} bye @param {{ words: string, rehearsal: boolean }} ended */
  finish(bye, ended) {
    show(this.lost, false);
    const final = hook(this.root, "final");
    const known = `bye_${bye.code}` in page.texts;
    setText(hook(final, "final-title"), known ? t(`bye_${bye.code}`) : bye.text);
    setText(hook(final, "final-text"), known ? t(`bye_${bye.code}_text`) : "");
    if (bye.code === "ended") void farewell(final, ended);
    const again = hook(final, "final-again");
    show(again, bye.code !== "ended" && bye.code !== "not-invited");
    // The page's own listeners ended with `leaving`.
    again.onclick = this.again;
    show(final, true);
    hook(final, "final-title").focus();
  }

  /** @param {{ title: string, text: string, yes: string }} question */
  confirm(question) {
    return confirm(this.root, question, this.signal);
  }

  /** @param {{ text: string, words: string }} question */
  askEnd(question) {
    return askEnd(this.root, question, this.signal);
  }

  async toggleFull() {
    try {
      if (document.fullscreenElement !== null) await document.exitFullscreen();
      else await document.documentElement.requestFullscreen();
    } catch {
      this.messages.note(t("fullFailed"), "info");
    }
  }
}
