// @ts-check
/**
 * The tiles: strip beside the main picture, or grid. Picture above, plate below.
 *
 * @import { Feed } from "../feeds.js"
 * @import { Plan } from "../layout.js"
 * @import { Seat } from "../protocol.js"
 * @import { State } from "../state.js"
 */

import { messageOf, pauseOf, seatLook, takesPicture } from "../describe.js";
import { t } from "../page.js";
import { arrange, clone, hook, setAttribute, setClass, setIcon, setText, show } from "./dom.js";
import { Picture } from "./picture.js";

export class Tiles {
  /** @type {Map<string, Tile>} */
  #tiles = new Map();

  /**
   * @param {HTMLElement} root with `data-tiles` and `data-pager`
   * @param {(step: -1 | 1) => void} onTurn
   * @param {AbortSignal} signal
   */
  constructor(root, onTurn, signal) {
    this.root = hook(root, "tiles-part");
    this.list = hook(root, "tiles");
    this.pager = hook(root, "pager");
    this.place = hook(root, "pager-place");
    this.previous = hook(root, "pager-previous");
    this.next = hook(root, "pager-next");
    this.previous.addEventListener("click", () => onTurn(-1), { signal });
    this.next.addEventListener("click", () => onTurn(1), { signal });
  }

  /**
   * @param {State} state
   * @param {Plan} plan
   * @param {(seat: string) => Feed} feed the camera picture of a seat
   * @param {number} now
   */
  render(state, plan, feed, now) {
    const seats = plan.tiles.flatMap((id) => state.session?.seats[id] ?? []);
    setClass(this.list, plan.mode === "grid" ? "tgrid" : "strip");
    this.list.style.setProperty("--cols", String(plan.columns));
    this.root.style.setProperty("--tw", `${plan.tileWidth}px`);
    for (const id of [...this.#tiles.keys()]) {
      if (!plan.tiles.includes(id)) this.#forget(id);
    }
    const tiles = seats.map((seat) => this.#tile(seat));
    arrange(this.list, tiles.map(({ element }) => element));
    for (const [at, seat] of seats.entries()) {
      tiles[at].render(state, seat, seat.id === state.seat, feed(seat.id), now);
    }
    this.#page(plan);
  }

  /** @param {Seat} seat */
  #tile(seat) {
    const known = this.#tiles.get(seat.id);
    if (known !== undefined) return known;
    const tile = new Tile();
    this.#tiles.set(seat.id, tile);
    return tile;
  }

  /** @param {string} id */
  #forget(id) {
    this.#tiles.get(id)?.close();
    this.#tiles.delete(id);
  }

  /** @param {Plan} plan */
  #page(plan) {
    show(this.pager, plan.pages > 1);
    const { first, last, total } = plan;
    setText(this.place, t("pagePlace", { first, last, total }));
    setAttribute(this.previous, "aria-disabled", String(plan.page === 0));
    setAttribute(this.next, "aria-disabled", String(plan.page === plan.pages - 1));
  }
}

class Tile {
  constructor() {
    this.element = clone("tile");
    this.picture = new Picture(/** @type {HTMLVideoElement} */ (hook(this.element, "video")));
    this.message = hook(this.element, "message");
    this.messageText = hook(this.element, "message-text");
    this.plate = hook(this.element, "plate");
    this.word = hook(this.element, "word");
    this.name = hook(this.element, "name");
  }

  /**
   * @param {State} state
   * @param {Seat} seat
   * @param {boolean} own
   * @param {Feed} feed
   * @param {number} now
   */
  render(state, seat, own, feed, now) {
    const look = seatLook(state, seat, now);
    const tone = look.tone === "" ? "" : ` tile--${look.tone}`;
    setClass(this.element, `tile${tone}${own ? " tile--own" : ""}`);
    const word = look.place > 0 ? t("waitingPlace", { place: look.place }) : t(look.word);
    setText(this.word, this.#prefix(seat, own, look.tone) + word);
    setText(this.name, seat.shortName);
    setIcon(this.plate, look.icon);
    const taken = own ? seat.limits.profile !== "audio" : takesPicture(state, false);
    const sent = taken && pauseOf(state, seat.id, "camera") === null;
    const lit = seat.present && seat.camera && look.tone !== "lost" && sent;
    if (!lit) this.picture.clear();
    else if (!feed.hold) this.picture.show({ ...feed, name: seat.id });
    this.#say(messageOf(state, look.tone, seat, false));
  }

  /**
   * @param {Seat} seat
   * @param {boolean} own
   * @param {string} tone
   */
  #prefix(seat, own, tone) {
    if (tone !== "") return "";
    if (own) return t("youPrefix");
    return seat.role === "chair" ? t("chairPrefix") : "";
  }

  /** @param {{ icon: string, text: string }} message */
  #say(message) {
    setIcon(this.message, message.icon);
    setText(this.messageText, t(message.text));
  }

  close() {
    this.picture.clear();
  }
}
