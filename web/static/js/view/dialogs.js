// @ts-check
/** Questions and settings that stand before the room. */

import * as devices from "../devices.js";
import { testChime } from "../audio.js";
import { t } from "../page.js";
import { hook, setText, show } from "./dom.js";

/**
 * Ask once. Resolves when the person has pressed one of the two buttons, or Escape.
 *
 * @param {HTMLElement} root
 * @param {{ title: string, text: string, yes: string }} question
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>}
 */
export function confirm(root, question, signal) {
  const dialog = /** @type {HTMLDialogElement} */ (hook(root, "confirm"));
  setText(hook(dialog, "confirm-title"), question.title);
  setText(hook(dialog, "confirm-text"), question.text);
  setText(hook(dialog, "confirm-yes"), question.yes);
  const done = new AbortController();
  const signals = AbortSignal.any([signal, done.signal]);
  return new Promise((resolve) => {
    const answer = (/** @type {boolean} */ yes) => {
      done.abort();
      dialog.close();
      resolve(yes);
    };
    hook(dialog, "confirm-yes").addEventListener("click", () => answer(true), { signal: signals });
    hook(dialog, "confirm-no").addEventListener("click", () => answer(false), { signal: signals });
    dialog.addEventListener("cancel", () => answer(false), { signal: signals });
    dialog.showModal();
    hook(dialog, "confirm-no").focus();
  });
}

/**
 * Fill a chooser with the devices of one kind.
 *
 * @param {HTMLSelectElement} select
 * @param {devices.DeviceKind} kind
 * @param {string | undefined} used id of the device that is open now
 * @returns {Promise<number>} how many there are to choose from
 */
export async function fillChooser(select, kind, used) {
  const there = await devices.list(kind);
  const found = there.filter(({ deviceId }) => deviceId !== "");
  const options = found.map((device, at) => {
    const option = document.createElement("option");
    option.value = device.deviceId;
    option.textContent = device.label || t("unnamedDevice", { number: at + 1 });
    return option;
  });
  select.replaceChildren(...options);
  const wanted = used ?? devices.choices()[kind];
  if (wanted !== undefined && found.some(({ deviceId }) => deviceId === wanted)) select.value = wanted;
  select.disabled = found.length === 0;
  if (found.length === 0) {
    const none = document.createElement("option");
    none.textContent = t(there.length > 0 ? "notAllowed" : "noDevice");
    select.append(none);
  }
  return found.length;
}

/** Camera, microphone and speaker, changed while the meeting goes on. */
export class DeviceDialog {
  /**
   * @param {HTMLElement} root
   * @param {(kind: devices.DeviceKind, id: string) => void} onChoose
   * @param {AbortSignal} signal
   */
  constructor(root, onChoose, signal) {
    this.dialog = /** @type {HTMLDialogElement} */ (hook(root, "devices"));
    const choosers = /** @type {const} */ (["camera", "microphone", "speaker"]);
    for (const kind of choosers) {
      const select = this.#select(kind);
      const chosen = () => {
        devices.choose(kind, select.value);
        onChoose(kind, select.value);
      };
      select.addEventListener("change", chosen, { signal });
    }
    hook(root, "devices-close").addEventListener("click", () => this.dialog.close(), { signal });
    const test = hook(root, "devices-test");
    const ring = () => testChime(devices.choices().speaker).catch(() => {});
    test.addEventListener("click", ring, { signal });
    devices.onChange(() => this.dialog.open && void this.#fill({}), signal);
  }

  /** @param {{ camera?: string, microphone?: string }} used device ids open now */
  async open(used) {
    await this.#fill(used);
    this.dialog.showModal();
  }

  /** @param {Partial<Record<devices.DeviceKind, string>>} used */
  async #fill(used) {
    for (const kind of /** @type {const} */ (["camera", "microphone"])) {
      await fillChooser(this.#select(kind), kind, used[kind]);
    }
    const speakers = await fillChooser(this.#select("speaker"), "speaker", undefined);
    show(hook(this.dialog, "choose-speaker-field"), speakers > 0);
  }

  /** @param {devices.DeviceKind} kind */
  #select(kind) {
    return /** @type {HTMLSelectElement} */ (hook(this.dialog, `choose-${kind}`));
  }
}
