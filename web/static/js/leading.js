// @ts-check
/**
 * The presses of those who lead, and of the deputy: which dialog they open, which command they give.
 *
 * @import { ButtonLook } from "./buttons.js"
 * @import { Conduct } from "./conduct.js"
 * @import { Seat } from "./protocol.js"
 * @import { Requests } from "./requests.js"
 * @import { State } from "./state.js"
 * @import { AgendaActions } from "./view/agenda_view.js"
 * @import { FloorActions } from "./view/floor_box.js"
 * @import { PauseActions } from "./view/pause_view.js"
 * @import { QueueActions } from "./view/queue.js"
 * @import { RoomView } from "./view/room_view.js"
 */

import { seatLook } from "./describe.js";
import { t } from "./page.js";
import { inOrder, presiding } from "./state.js";

/**
 * @typedef {object} ChairActions
 * @property {() => void} handOver
 * @property {() => void} next invite who is first in line
 * @property {() => void} undo
 *
 * @typedef {FloorActions & QueueActions & AgendaActions & PauseActions & ChairActions} LeadingActions
 *
 * @typedef {object} Parts
 * @property {State} state
 * @property {Conduct} conduct
 * @property {Requests} requests
 * @property {RoomView} view
 */

/** @param {Parts} room its parts are there when something is pressed @returns {LeadingActions} */
export function leadingActions(room) {
  const name = (/** @type {string} */ seat) => room.state.session?.seats[seat]?.name ?? "";
  const title = (/** @type {number | null} */ id) =>
    room.state.session?.agenda.find((item) => item.id === id)?.title ?? t("noItem");
  return {
    invite: (seat) => void room.conduct.invite(seat),
    lowerHand: (seat) => void room.conduct.slip({ type: "lower-hand", seat }, "unqueued", { name: name(seat) }),
    moveInQueue: (seat, before) => void room.requests.command({ type: "move-in-queue", seat, before }),
    addToQueue: () => chooseWaiting(room),
    endTurn: () => void room.conduct.endTurn(),
    extendTurn: () => void room.conduct.extend(),
    nameSpeaker: () => room.view.speaker.open(room.state, Date.now() / 1000),
    discuss: () => void room.conduct.discuss(),
    goToItem: (item) => void room.conduct.slip({ type: "go-to-item", item }, "wentToItem", { title: title(item) }),
    startPause: (seconds) => void room.conduct.slip({ type: "start-pause", seconds }, "pauseBegan"),
    endPause: () => void room.requests.command({ type: "end-pause" }),
    handOver: () => chooseChair(room),
    next: () => void room.conduct.next(),
    undo: () => room.conduct.undo(),
  };
}

/**
 * What the large middle button does.
 *
 * @param {Parts} room
 * @param {() => void} list opens the panel, or closes it
 * @returns {Record<ButtonLook["action"], () => void>}
 */
export function middleActions(room, list) {
  return {
    ask: () => void room.requests.ask("raise-hand"),
    cancel: () => void room.requests.ask("lower-hand"),
    finish: () => room.requests.mute(),
    speak: () => void room.conduct.speak(),
    endTurn: () => void room.conduct.endTurn(),
    next: () => void room.conduct.next(),
    resume: () => void room.requests.command({ type: "end-pause" }),
    list,
  };
}

/** @param {Parts} room */
function chooseWaiting(room) {
  const seats = () => {
    const { session } = room.state;
    if (session === null) return [];
    const waits = (/** @type {Seat} */ seat) => session.queue.includes(seat.id) || session.floor?.seat === seat.id;
    return inOrder(session).filter((seat) => seat.onTiles && !waits(seat));
  };
  room.view.chooser.open({
    title: t("addToQueue"),
    hint: t("addToQueueHint"),
    icon: "plus",
    seats,
    note: (seat) => note(room.state, seat),
    choose: ({ id }) => void room.requests.command({ type: "queue-seat", seat: id }),
  });
}

/** @param {Parts} room */
function chooseChair(room) {
  const seats = () => {
    const { session } = room.state;
    if (session === null) return [];
    return inOrder(session).filter((seat) => seat.onTiles && seat.present && seat.role !== "chair");
  };
  room.view.chooser.open({
    title: t("handOver"),
    hint: t("handOverHint"),
    icon: "arrow",
    seats,
    note: (seat) => note(room.state, seat),
    choose: (seat) => void handOver(room, seat),
  });
}

/** Asks once. @param {Parts} room @param {Seat} seat */
async function handOver(room, seat) {
  const before = room.state.session === null ? null : presiding(room.state.session);
  const text = t("handOverText", { name: seat.name, before: before?.name ?? "" });
  const question = { title: t("handOverTitle", { name: seat.name }), text, yes: t("handOverYes") };
  if (await room.view.confirm(question)) await room.requests.command({ type: "hand-over-chair", seat: seat.id });
}

/** @param {State} state @param {Seat} seat */
function note(state, seat) {
  const word = t(seatLook(state, seat, Date.now() / 1000).word);
  return seat.person === "" || seat.person === seat.name ? word : `${seat.person} · ${word}`;
}
