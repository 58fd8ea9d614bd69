// @ts-check
/**
 * Roll call, words, votes, coming in, the scene, documents: how their events change the session. Pure; mirrors
 * `rooms/session/{rollcall,words,votes,admission,scenes,presenting}.py`, and a test feeds both the same log.
 *
 * @import { LogEvent, Question, Session, Vote } from "./protocol.js"
 */

const KEPT_MESSAGES = 100;

/**
 * @param {Session} session
 * @param {LogEvent} event
 * @param {number} at epoch seconds
 * @returns {Session | null} null: not an event of these
 */
export function evolveProceedings(session, event, at) {
  return rollCall(session, event, at) ?? words(session, event) ?? votes(session, event, at) ?? doors(session, event) ?? scenes(session, event) ?? notes(session, event) ?? presenting(session, event);
}

/** @param {Session} session @param {LogEvent} event @param {number} at @returns {Session | null} */
function rollCall(session, event, at) {
  const { roll } = session;
  switch (event.type) {
    case "roll-call-started":
      return { ...session, roll: { started: at, by: event.by, ended: null, calling: null, answers: roll?.answers ?? {} } };
    case "site-called":
      return { ...session, roll: roll && { ...roll, calling: event.seat } };
    case "roll-answered":
      return { ...session, roll: roll && { ...roll, answers: { ...roll.answers, [event.seat]: event.answer } } };
    case "roll-call-ended":
      return { ...session, roll: roll && { ...roll, ended: at, calling: null } };
    default:
      return null;
  }
}

/** @param {Session} session @param {LogEvent} event @returns {Session | null} */
function words(session, event) {
  switch (event.type) {
    case "message-sent":
      return { ...session, messages: [...session.messages, event.message].slice(-KEPT_MESSAGES) };
    case "chat-set":
      return { ...session, chat: event.open };
    case "announced":
      return { ...session, announcement: event.text };
    case "question-asked":
      return { ...session, questions: [...session.questions, event.question] };
    case "question-supported":
      return withQuestion(session, event.question, (one) => {
        const others = one.supporters.filter((seat) => seat !== event.seat);
        return { ...one, supporters: event.on ? [...others, event.seat] : others };
      });
    case "question-answered":
      return withQuestion(session, event.question, (one) => ({ ...one, answered: event.answered }));
    default:
      return null;
  }
}

/** @param {Session} session @param {number} id @param {(one: Question) => Question} change @returns {Session} */
function withQuestion(session, id, change) {
  return { ...session, questions: session.questions.map((one) => (one.id === id ? change(one) : one)) };
}

/** @param {Session} session @param {LogEvent} event @param {number} at @returns {Session | null} */
function votes(session, event, at) {
  switch (event.type) {
    case "vote-opened":
      return { ...session, votes: [...session.votes, event.vote] };
    case "vote-cast":
      return withVote(session, event.vote, (vote) => ({
        ...vote,
        voted: { ...vote.voted, [event.seat]: event.ballots },
        choices: event.counts.length > 0 ? { ...vote.choices, [event.seat]: event.counts } : vote.choices,
      }));
    case "vote-closed":
      return withVote(session, event.vote, (vote) => ({ ...vote, closed: at }));
    case "recount-asked":
      return session;
    case "vote-counted": {
      const tally = event.tally.length > 0 ? event.tally : null;
      return withVote(session, event.vote, (vote) => ({ ...vote, tally, counts: vote.counts + 1 }));
    }
    case "vote-published":
      return withVote(session, event.vote.id, () => event.vote);
    default:
      return null;
  }
}

/** @param {Session} session @param {number} id @param {(vote: Vote) => Vote} change @returns {Session} */
function withVote(session, id, change) {
  return { ...session, votes: session.votes.map((vote) => (vote.id === id ? change(vote) : vote)) };
}

/** @param {Session} session @param {LogEvent} event @returns {Session | null} */
function doors(session, event) {
  const { admitted, barred, knocking, seats } = session;
  switch (event.type) {
    case "lock-set": {
      const inside = Object.values(seats).filter((seat) => seat.present && event.on);
      return { ...session, locked: event.on, admitted: once([...admitted, ...inside.map((seat) => seat.id)]) };
    }
    case "knocked":
      return { ...session, knocking: { ...knocking, [event.knock.seat.id]: event.knock } };
    case "seat-admitted":
      return {
        ...session,
        knocking: without(knocking, event.seat),
        admitted: once([...admitted, event.seat]),
        barred: barred.filter((seat) => seat !== event.seat),
      };
    case "knock-ended": {
      const added = event.barred ? once([...barred, event.seat]) : barred;
      return { ...session, knocking: without(knocking, event.seat), barred: added };
    }
    case "seat-removed":
      return {
        ...session,
        barred: event.barred ? once([...barred, event.seat]) : barred,
        admitted: admitted.filter((seat) => seat !== event.seat),
      };
    default:
      return null;
  }
}

/** @param {Session} session @param {LogEvent} event @returns {Session | null} */
function scenes(session, event) {
  switch (event.type) {
    case "scene-set":
      return { ...session, scene: event.scene };
    case "round-started":
      return { ...session, round: { seconds: event.seconds, by: event.by } };
    case "round-ended":
      return { ...session, round: null };
    default:
      return null;
  }
}

/** @param {Session} session @param {LogEvent} event @returns {Session | null} */
function notes(session, event) {
  switch (event.type) {
    case "note-taken":
      return { ...session, notes: [...session.notes, event.note] };
    case "note-changed": {
      const kept = session.notes.filter((note) => note.id !== event.note || event.text !== "");
      const { kind, text } = event;
      return { ...session, notes: kept.map((note) => (note.id === event.note ? { ...note, kind, text } : note)) };
    }
    case "site-checked":
      return { ...session, checks: { ...session.checks, [event.seat]: event.check } };
    case "meeting-extended":
      return { ...session, ends: event.until };
    default:
      return null;
  }
}

/** @param {Session} session @param {LogEvent} event @returns {Session | null} */
function presenting(session, event) {
  const { document } = session;
  switch (event.type) {
    case "document-opened":
      return { ...session, document: event.document };
    case "page-turned":
      return { ...session, document: document && { ...document, page: event.page, by: event.by } };
    case "document-closed":
      return { ...session, document: null };
    default:
      return null;
  }
}

/** @param {readonly string[]} seats */
function once(seats) {
  return [...new Set(seats)];
}

/** @template T @param {Readonly<Record<string, T>>} record @param {string} key @returns {Record<string, T>} */
function without(record, key) {
  const { [key]: _, ...rest } = record;
  return rest;
}
