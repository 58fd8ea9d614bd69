// Seats, sessions and states for the tests of the browser modules.

import { INITIAL } from "../../web/static/js/state.js";

export const NOW = 1_530_000_000;

export function seat(id, fields = {}) {
  return {
    id,
    name: `Điểm cầu ${id}`,
    shortName: id,
    rank: Number(id.split(":")[1] ?? 0),
    role: "site",
    onTiles: true,
    unit: "",
    person: "",
    phone: "",
    present: true,
    since: NOW,
    microphone: false,
    mutedBy: null,
    speaksUntil: null,
    camera: true,
    screen: false,
    hand: null,
    invited: true,
    direct: true,
    limits: { profile: "normal", maxDownKbps: null, maxUpKbps: null, by: null },
    ...fields,
  };
}

export function session(seats, fields = {}) {
  return {
    meeting: 1,
    title: "Giao ban",
    phase: "open",
    seats: Object.fromEntries(seats.map((one) => [one.id, one])),
    main: null,
    pinned: false,
    sharing: null,
    recording: null,
    floor: null,
    queue: seats
      .filter((one) => one.hand !== null)
      .sort((a, b) => a.hand - b.hand)
      .map((one) => one.id),
    discussion: true,
    spoken: {},
    agenda: [],
    item: null,
    pause: null,
    deputy: null,
    handedTo: null,
    roll: null,
    chat: true,
    messages: [],
    questions: [],
    announcement: "",
    votes: [],
    locked: false,
    knocking: {},
    admitted: [],
    barred: [],
    scene: { kind: "main", seats: [] },
    round: null,
    notes: [],
    checks: {},
    ends: null,
    rehearsal: false,
    farewell: "",
    seq: 10,
    ...fields,
  };
}

export function state(seats, fields = {}) {
  return { ...INITIAL, seat: "site:2", session: session(seats), ...fields };
}

export function entry(seq, event) {
  return { seq, at: NOW + seq, actor: "system", event };
}

export function events(...entries) {
  return { type: "events", entries };
}
