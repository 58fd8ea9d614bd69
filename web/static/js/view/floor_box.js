// @ts-check
/**
 * The turn at hand in the panel: clock, name, more time, the end; how long turns last; discussion.
 *
 * @import { Turn } from "../floor.js"
 * @import { State } from "../state.js"
 */

import { seatLook } from "../describe.js";
import { turnClock, turnOf } from "../floor.js";
import { duration, t } from "../page.js";
import { may } from "../state.js";
import { TURN_MINUTES, rememberTurnMinutes, turnMinutes } from "../turn_length.js";
import { hook, setAttribute, setClass, setText, show } from "./dom.js";

/**
 * @typedef {object} FloorActions
 * @property {() => void} endTurn
 * @property {() => void} extendTurn
 * @property {() => void} nameSpeaker
 * @property {() => void} discuss opens or closes the discussion
 */

export class FloorBox {
  /**
   * @param {HTMLElement} root
   * @param {FloorActions} actions
   * @param {AbortSignal} signal
   */
  constructor(root, actions, signal) {
    this.box = hook(root, "turn");
    this.ring = hook(root, "turn-ring");
    this.clock = hook(root, "turn-clock");
    this.left = hook(root, "turn-left");
    this.word = hook(root, "turn-word");
    this.name = hook(root, "turn-name");
    this.person = hook(root, "turn-person");
    this.spent = hook(root, "turn-spent");
    this.extend = hook(root, "turn-extend");
    this.rules = hook(root, "floor-rules");
    this.minutes = /** @type {HTMLSelectElement} */ (hook(root, "turn-minutes"));
    this.discussion = hook(root, "discussion");
    this.discussionHint = hook(root, "discussion-hint");
    this.extend.addEventListener("click", actions.extendTurn, { signal });
    hook(root, "turn-end").addEventListener("click", actions.endTurn, { signal });
    hook(root, "turn-name-edit").addEventListener("click", actions.nameSpeaker, { signal });
    this.discussion.addEventListener("click", actions.discuss, { signal });
    this.#choices(signal);
  }

  /** @param {AbortSignal} signal */
  #choices(signal) {
    const options = TURN_MINUTES.map((minutes) => {
      const text = minutes === null ? t("noTurnLimit") : t("minutes", { count: minutes });
      return new Option(text, minutes === null ? "" : String(minutes));
    });
    this.minutes.replaceChildren(...options);
    this.minutes.value = String(turnMinutes() ?? "");
    const chosen = () => rememberTurnMinutes(this.minutes.value === "" ? null : Number(this.minutes.value));
    this.minutes.addEventListener("change", chosen, { signal });
  }

  /** @param {State} state @param {number} now */
  render(state, now) {
    const leads = may(state, "invite-to-speak");
    const turn = turnOf(state, now);
    show(this.box, turn !== null && leads);
    show(this.rules, leads);
    const open = state.session?.discussion ?? true;
    setAttribute(this.discussion, "aria-checked", String(open));
    setText(this.discussionHint, t(open ? "discussionOpen" : "discussionClosed"));
    if (turn !== null) this.#turn(turn, seatLook(state, turn.seat, now).word);
  }

  /** @param {Turn} turn @param {string} look how its seat looks: key of the page's texts */
  #turn(turn, look) {
    const { word, seconds } = turnClock(turn);
    setClass(this.box, `turn turn--${turn.phase}${turn.seat.present ? "" : " turn--away"}`);
    setText(this.left, duration(seconds));
    setText(this.clock, t(`${word}Short`));
    const part = turn.seconds === null ? 1 : Math.max(0, turn.left / turn.seconds);
    this.ring.style.setProperty("--p", String(part));
    setText(this.word, t(turn.seat.present ? look : "turnKept"));
    setText(this.name, turn.seat.name);
    setText(this.person, turn.person === "" ? t("nobodyNamed") : turn.person);
    const most = turn.seconds === null ? t("noTurnLimit") : t("atMost", { time: duration(turn.seconds) });
    setText(this.spent, t("spokenOf", { time: duration(turn.elapsed), most }));
    show(this.extend, turn.seconds !== null);
  }
}
