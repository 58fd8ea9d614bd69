// @ts-check
/**
 * Standing notices of the room: what is wrong, what runs, and the one press that answers it.
 *
 * @import { Cause } from "./devices.js"
 * @import { Messages } from "./view/messages.js"
 */

import { capped } from "./describe.js";
import { ceilings, page, t } from "./page.js";

const RECORDING_S = 12;
/** The sign beside the clock stays, and the menu leads back. */
const LIMITS_S = 20;

/**
 * @typedef {object} Answers
 * @property {() => void} listen
 * @property {() => void} devices
 * @property {() => void} stopSharing
 * @property {() => void} fullLine
 * @property {() => void} speak
 * @property {() => void} decline
 * @property {() => void} takeChair
 */

/** @param {string} kind @param {Cause | null} cause */
function key(kind, cause) {
  return cause === null ? "" : `${kind}_${cause}`;
}

export class Notices {
  /** @type {{ microphone: Cause | null, camera: Cause | null }} */
  #causes = { microphone: null, camera: null };

  #limits = "";

  /**
   * @param {Messages} messages
   * @param {Answers} answers
   */
  constructor(messages, answers) {
    this.messages = messages;
    this.answers = answers;
  }

  /** The browser wants a press before it plays sound. @param {boolean} blocked */
  sound(blocked) {
    const action = { label: t("listen"), run: this.answers.listen };
    this.#stand("sound", blocked, { text: t("soundBlocked"), icon: "speaker", tone: "warn", action });
  }

  /** Everybody is told for a while; the sign beside the clock stays. */
  recording() {
    const text = t("recordingStarted");
    this.#stand("recording", true, { text, icon: "rec", tone: "rec", seconds: RECORDING_S, closable: true });
  }

  /** Who shares is reminded of it. @param {boolean} shares */
  sharing(shares) {
    const action = { label: t("stopSharing"), run: this.answers.stopSharing };
    this.#stand("sharing", shares, { text: t("youShare"), icon: "share", tone: "info", action });
  }

  /** Invited to speak: the microphone is the person's own to switch on. @param {boolean} asked */
  asked(asked) {
    const action = { label: t("turnOnMicrophone"), run: this.answers.speak };
    const other = { label: t("declineToSpeak"), run: this.answers.decline };
    this.#stand("asked", asked, { text: t("youAsked"), icon: "mic", tone: "floor", action, other });
  }

  /** To the deputy, while nobody presides. @param {boolean} away */
  chairAway(away) {
    const action = { label: t("takeChair"), run: this.answers.takeChair };
    this.#stand("chair", away, { text: t("chairAway"), icon: "alert", tone: "warn", action });
  }

  /**
   * What the line is asked to carry, while it is less than everything.
   *
   * @param {import("./protocol.js").LineLimits} limits
   * @param {"" | "ByTechnician" | "ByLead"} by who asked for it, when not the person
   */
  limits(limits, by) {
    const { profile } = limits;
    const action = { label: t("fullLine"), run: this.answers.fullLine };
    const parts = [];
    if (profile !== "normal") parts.push(t(`${profile}Now`));
    if (capped(limits)) parts.push(t("cappedNow", { ceilings: ceilings(limits) }));
    if (parts.length > 0 && by !== "") parts.push(t(`limits${by}`));
    const text = parts.join(" ");
    const icon = profile === "audio" ? "speaker" : "sig-1";
    if (text === this.#limits) return;
    this.#limits = text;
    this.#stand("limits", text !== "", { text, icon, tone: "info", action, seconds: LIMITS_S, closable: true });
  }

  /** Why there is no picture and no sound. @param {string} why empty: there is */
  media(why) {
    this.#stand("media", why !== "", { text: why, icon: "alert", tone: "bad" });
  }

  /** Our network lets signalling through, but not media. */
  mediaBlocked() {
    this.media(t("mediaBlocked", { hotline: page.hotline }));
  }

  /** Signalling is lost while pictures and sound still come. @param {boolean} lost */
  line(lost) {
    this.#stand("line", lost, { text: t("lineLostTitle"), icon: "sig-0", tone: "bad" });
  }

  /**
   * A device does not work; null: it does.
   *
   * @param {"microphone" | "camera"} kind
   * @param {Cause | null} cause
   */
  device(kind, cause) {
    if (cause === "insecure") {
      this.#stand("insecure", true, { text: t("insecureRoom"), icon: "lock", tone: "warn", closable: true });
      return;
    }
    this.#causes = { ...this.#causes, [kind]: cause };
    const { microphone, camera } = this.#causes;
    const both = microphone !== null && microphone === camera;
    this.#device("microphone", both ? `both_${microphone}` : key("microphone", microphone));
    this.#device("camera", both ? "" : key("camera", camera));
  }

  /**
   * @param {"microphone" | "camera"} kind
   * @param {string} text key of the page's texts; empty: nothing is wrong
   */
  #device(kind, text) {
    const action = { label: t("devices"), run: this.answers.devices };
    const icon = kind === "camera" ? "cam-off" : "mic-off";
    const banner = /** @type {const} */ ({ text: t(text), icon, tone: "warn", action, closable: true });
    this.#stand(kind, text !== "", banner);
  }

  /**
   * @param {string} key
   * @param {boolean} shown
   * @param {import("./view/messages.js").Banner} banner
   */
  #stand(key, shown, banner) {
    this.messages.banner(key, shown ? banner : null);
  }
}
