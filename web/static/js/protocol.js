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
 * @property {boolean} invited comes in without knocking
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
 * @typedef {"present" | "late" | "absent"} RollState
 * @typedef {{ state: RollState, headCount: number, person: string, reason: string, confirmed: boolean, at: number }} RollAnswer
 * @typedef {object} RollCall
 * @property {number} started
 * @property {string} by
 * @property {number | null} ended
 * @property {string | null} calling the site that is called now
 * @property {Readonly<Record<string, RollAnswer>>} answers
 *
 * @typedef {"all" | "secretary" | "technicians"} Audience
 * @typedef {{ id: number, seat: string, text: string, to: Audience, answers: string | null, at: number }} Message
 * @typedef {{ id: number, seat: string, text: string, at: number, supporters: readonly string[], answered: boolean }} Question
 *
 * @typedef {object} Vote
 * @property {number} id
 * @property {string} question
 * @property {readonly string[]} options
 * @property {boolean} secret
 * @property {"site" | "delegate" | "weighted"} unit
 * @property {Readonly<Record<string, number>>} weights ballots of each seat that may vote
 * @property {"simple" | "two-thirds"} majority
 * @property {"present" | "all"} base
 * @property {number} quorumPercent
 * @property {number} opened
 * @property {number | null} closed
 * @property {Readonly<Record<string, number>>} voted ballots each seat cast
 * @property {Readonly<Record<string, readonly number[]>>} choices of an open vote
 * @property {readonly number[] | null} tally
 * @property {number} counts how often it was counted
 * @property {boolean} published
 *
 * @typedef {{ seat: Seat, at: number }} Knock
 * @typedef {"decision" | "conclusion" | "task"} NoteKind
 * @typedef {{ id: number, kind: NoteKind, text: string, item: number | null, at: number }} Note
 * @typedef {{ passed: boolean, note: string, by: string, at: number }} SiteCheck
 * @typedef {"main" | "two" | "four" | "presidium" | "document" | "grid"} SceneKind
 * @typedef {{ kind: SceneKind, seats: readonly string[] }} Scene
 *
 * @typedef {object} ShownDocument what all follow
 * @property {number} id
 * @property {number} version
 * @property {string} title
 * @property {number} pages
 * @property {number} page where who presents is, from 1
 * @property {string} by
 *
 * What those who lead ask for; `lower-hand` is a request of its own, here beside its likes.
 *
 * @typedef {{ type: "invite-to-speak", seat: string, seconds: number | null, person?: string }
 *   | { type: "end-turn" }
 *   | { type: "extend-turn", seconds: number }
 *   | { type: "name-speaker", person: string }
 *   | { type: "queue-seat", seat: string }
 *   | { type: "lower-hand", seat: string }
 *   | { type: "move-in-queue", seat: string, before: string | null }
 *   | { type: "set-discussion", open: boolean }
 *   | { type: "hand-over-chair", seat: string }
 *   | { type: "take-chair" }
 *   | { type: "go-to-item", item: number | null }
 *   | { type: "start-pause", seconds: number }
 *   | { type: "end-pause" }
 *   | { type: "open-document", document: number, page?: number }
 *   | { type: "turn-page", page: number }
 *   | { type: "close-document" }} Command
 * @typedef {{ type: string } & Record<string, unknown>} DeskCommand those of the desk, see `signaling/PROTOCOL.md`
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
 * @property {string | null} handedTo the chair was given to this seat
 * @property {RollCall | null} roll
 * @property {boolean} chat seats may write to all
 * @property {readonly Message[]} messages the newest
 * @property {readonly Question[]} questions
 * @property {string} announcement
 * @property {readonly Vote[]} votes
 * @property {boolean} locked
 * @property {Readonly<Record<string, Knock>>} knocking
 * @property {readonly string[]} admitted
 * @property {readonly string[]} barred
 * @property {Scene} scene
 * @property {{ seconds: number, by: string } | null} round
 * @property {readonly Note[]} notes for the minutes; empty for those who do not lead
 * @property {Readonly<Record<string, SiteCheck>>} checks of the test run
 * @property {number | null} ends as planned, or as extended
 * @property {boolean} rehearsal a test run
 * @property {string} farewell what the chair says at the end
 * @property {ShownDocument | null} document
 * @property {number} seq
 *
 * @typedef {{ type: "meeting-opened", meeting: number, title: string, seats: Seat[], agenda: AgendaItem[],
 *       deputy: string | null, discussion: boolean, ends: number | null, rehearsal: boolean }
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
 *   | { type: "roll-call-started", by: string }
 *   | { type: "site-called", seat: string, by: string }
 *   | { type: "roll-answered", seat: string, answer: RollAnswer, by: string }
 *   | { type: "roll-call-ended", by: string }
 *   | { type: "message-sent", message: Message }
 *   | { type: "chat-set", open: boolean, by: string }
 *   | { type: "announced", text: string, by: string }
 *   | { type: "question-asked", question: Question }
 *   | { type: "question-supported", question: number, seat: string, on: boolean }
 *   | { type: "question-answered", question: number, answered: boolean, by: string }
 *   | { type: "vote-opened", vote: Vote, by: string }
 *   | { type: "vote-cast", vote: number, seat: string, ballots: number, counts: number[] }
 *   | { type: "vote-closed", vote: number, by: string }
 *   | { type: "recount-asked", vote: number, by: string }
 *   | { type: "vote-counted", vote: number, tally: number[], by: string }
 *   | { type: "vote-published", vote: Vote, by: string }
 *   | { type: "lock-set", on: boolean, by: string }
 *   | { type: "knocked", knock: Knock }
 *   | { type: "seat-admitted", seat: string, by: string }
 *   | { type: "knock-ended", seat: string, barred: boolean, by: string }
 *   | { type: "seat-removed", seat: string, barred: boolean, by: string }
 *   | { type: "scene-set", scene: Scene, by: string }
 *   | { type: "round-started", seconds: number, by: string }
 *   | { type: "round-ended", by: string }
 *   | { type: "note-taken", note: Note, by: string }
 *   | { type: "note-changed", note: number, kind: NoteKind, text: string, by: string }
 *   | { type: "site-checked", seat: string, check: SiteCheck }
 *   | { type: "meeting-extended", until: number, by: string }
 *   | { type: "document-opened", document: ShownDocument }
 *   | { type: "page-turned", page: number, by: string }
 *   | { type: "document-closed", by: string }
 *   | { type: "withheld" }
 *   | { type: "meeting-ended", by: string, text: string }} LogEvent
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
 * @typedef {{ seat: string, source: Source, why: "line" | "limit" | "load" }} PausedPicture
 * @typedef {{ type: "paused", pictures: PausedPicture[] }} Paused
 * @typedef {{ type: "recording-health", growing: boolean, sizeBytes: number }} RecordingHealth
 * @typedef {{ type: "media-lost" }} MediaLost
 * @typedef {{ type: "media-reset" }} MediaReset
 * @typedef {{ type: "try-path", path: "tcp" | "any" }} TryPath
 * @typedef {{ type: "ice-servers", iceServers: RTCIceServer[] }} IceServers
 * @typedef {{ type: "superseded" }} Superseded
 * @typedef {{ type: "permissions", permissions: string[], session: Session }} Permissions
 * @typedef {{ type: "receipt", vote: number, receipt: string }} Receipt
 * @typedef {{ type: "answer", requestId: number, sdp: string, audioMids: string[], videoMids: string[] }} Answer
 * @typedef {{ type: "done", requestId: number }} Done
 * @typedef {{ type: "refused", requestId: number, code: string, text: string }} Refused
 * @typedef {{ type: "bye", code: string, text: string, retry: boolean }} Bye
 * @typedef {{ type: "pong" }} Pong
 *
 * @typedef {Welcome | Events | Slots | Layers | Speakers | Lines | Paused | RecordingHealth | MediaLost | MediaReset
 *   | IceServers | TryPath | Superseded | Permissions | Receipt | Answer | Done | Refused | Bye | Pong} ServerMessage
 *
 * @typedef {{ seat: string, source: Source, height: number }} WantedTile
 */

export const PROTOCOL = 1;
