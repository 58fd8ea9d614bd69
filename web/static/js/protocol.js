// @ts-check
/**
 * Shapes of the messages of `signaling/PROTOCOL.md`, as this client uses them.
 *
 * @typedef {"chair" | "secretary" | "technician" | "site" | "delegate"} Role
 * @typedef {"microphone" | "camera" | "screen"} Source
 * @typedef {"good" | "weak" | "lost"} Quality
 *
 * @typedef {object} Seat
 * @property {string} id
 * @property {string} name full name, for lists
 * @property {string} shortName bare name, for tiles
 * @property {number} rank protocol order, ascending
 * @property {Role} role
 * @property {boolean} onTiles
 * @property {string} unit
 * @property {string} person name and position, when the seat is a person
 * @property {string} phone technician's telephone
 * @property {boolean} present
 * @property {number | null} since epoch seconds of the present stay
 * @property {boolean} microphone
 * @property {string | null} mutedBy
 * @property {number | null} speaksUntil not present: who resumes by then speaks on
 * @property {boolean} camera
 * @property {boolean} screen
 * @property {number | null} hand epoch seconds when raised
 * @property {boolean} direct invited to speak, its microphone is switched on for it
 * @property {LineLimits} limits
 *
 * @typedef {"normal" | "weak" | "audio"} Profile
 *
 * @typedef {object} LineLimits what a seat's line is asked to carry
 * @property {Profile} profile
 * @property {number | null} maxDownKbps
 * @property {number | null} maxUpKbps
 * @property {string | null} by who set them, when not the seat itself
 *
 * @typedef {{ id: string, started: number, by: string }} Recording
 *
 * @typedef {{ seat: string, since: number, seconds: number | null, person: string }} Floor
 * @typedef {{ id: number, title: string, presenter: string, minutes: number | null, started: number | null, spent: number }} AgendaItem
 * @typedef {{ since: number, until: number, by: string }} Pause
 *
 * @typedef {object} Session
 * @property {number} meeting
 * @property {string} title
 * @property {"open" | "ended"} phase
 * @property {Record<string, Seat>} seats
 * @property {string | null} main
 * @property {boolean} pinned
 * @property {string | null} sharing
 * @property {Recording | null} recording
 * @property {Floor | null} floor who was invited to speak
 * @property {readonly string[]} queue seats that wait to speak, in order
 * @property {boolean} discussion seats may switch their own microphones on
 * @property {Readonly<Record<string, number>>} spoken seconds of the turns that are over
 * @property {readonly AgendaItem[]} agenda
 * @property {number | null} item id of the agenda item at hand
 * @property {Pause | null} pause
 * @property {string | null} deputy may take the chair when the chair is away
 * @property {number} seq
 *
 * @typedef {{ type: "meeting-opened", meeting: number, title: string, seats: Seat[], agenda: AgendaItem[],
 *       deputy: string | null, discussion: boolean }
 *   | { type: "seat-entered", seat: Seat }
 *   | { type: "seat-left", seat: string, left: boolean }
 *   | { type: "microphone-set", seat: string, on: boolean, by: string }
 *   | { type: "camera-set", seat: string, on: boolean }
 *   | { type: "screen-set", seat: string, on: boolean }
 *   | { type: "limits-set", seat: string, limits: LineLimits }
 *   | { type: "hand-raised", seat: string }
 *   | { type: "hand-lowered", seat: string, by: string }
 *   | { type: "main-shown", seat: string | null, pinned: boolean }
 *   | { type: "recording-started", recording: string, by: string }
 *   | { type: "recording-stopped", recording: string, by: string }
 *   | { type: "floor-given", seat: string, seconds: number | null, person: string, by: string }
 *   | { type: "floor-extended", seconds: number, by: string }
 *   | { type: "speaker-named", person: string, by: string }
 *   | { type: "floor-ended", seat: string, spoken: number, by: string }
 *   | { type: "seat-queued", seat: string, by: string }
 *   | { type: "queue-moved", seat: string, before: string | null, by: string }
 *   | { type: "discussion-set", open: boolean, by: string }
 *   | { type: "chair-handed-over", seat: string, former: Seat | null, by: string }
 *   | { type: "item-reached", item: number | null, by: string }
 *   | { type: "pause-started", until: number, by: string }
 *   | { type: "pause-ended", by: string }
 *   | { type: "meeting-ended", by: string }} LogEvent
 *
 * @typedef {{ seq: number, at: number, actor: string, event: LogEvent }} Entry
 *
 * @typedef {object} Welcome
 * @property {"welcome"} type
 * @property {string} connection
 * @property {string} seat
 * @property {string[]} permissions
 * @property {Session | null} session null after a resume: `events` follows
 * @property {number} now server's epoch seconds
 * @property {number} [pingSeconds]
 * @property {RTCIceServer[]} [iceServers] TURN
 *
 * @typedef {{ mid: string, seat: string | null, source: Source | null }} Slot
 *
 * @typedef {{ type: "events", entries: Entry[] }} Events
 * @typedef {{ type: "slots", slots: Slot[] }} Slots
 * @typedef {{ source: Source, rids: string[], maxKbps: number | null }} SentLayers
 * @typedef {{ type: "layers", sources: SentLayers[] }} Layers
 * @typedef {{ type: "speakers", levels: { seat: string, level: number, speaking: boolean }[] }} Speakers
 * @typedef {{ type: "lines", lines: { seat: string, quality: Quality }[] }} Lines
 * @typedef {{ seat: string, source: Source, why: "line" | "limit" }} PausedPicture
 * @typedef {{ type: "paused", pictures: PausedPicture[] }} Paused
 * @typedef {{ type: "recording-health", growing: boolean, sizeBytes: number }} RecordingHealth
 * @typedef {{ type: "media-lost" }} MediaLost
 * @typedef {{ type: "media-reset" }} MediaReset
 * @typedef {{ type: "try-path", path: "tcp" | "any" }} TryPath
 * @typedef {{ type: "ice-servers", iceServers: RTCIceServer[] }} IceServers
 * @typedef {{ type: "superseded" }} Superseded
 * @typedef {{ type: "permissions", permissions: string[] }} Permissions
 * @typedef {{ type: "answer", requestId: number, sdp: string, audioMids: string[], videoMids: string[] }} Answer
 * @typedef {{ type: "done", requestId: number }} Done
 * @typedef {{ type: "refused", requestId: number, code: string, text: string }} Refused
 * @typedef {{ type: "bye", code: string, text: string, retry: boolean }} Bye
 * @typedef {{ type: "pong" }} Pong
 *
 * @typedef {Welcome | Events | Slots | Layers | Speakers | Lines | Paused | RecordingHealth | MediaLost | MediaReset
 *   | IceServers | TryPath | Superseded | Permissions | Answer | Done | Refused | Bye | Pong} ServerMessage
 *
 * @typedef {{ seat: string, source: Source, height: number }} WantedTile
 */

export const PROTOCOL = 1;
