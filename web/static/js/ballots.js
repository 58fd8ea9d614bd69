// @ts-check
/**
 * Votes as they are told: how one stands, who is missing, the share of each option. Pure.
 *
 * @import { Session, Vote } from "./protocol.js"
 */

/** @typedef {"voteRuns" | "voteCounting" | "voteCounted" | "votePublished" | "voteHidden"} VoteWord */

/** @param {Vote} vote @param {boolean} leads @returns {VoteWord} key of the page's texts */
export function standing(vote, leads) {
  if (vote.closed === null) return "voteRuns";
  if (vote.published) return "votePublished";
  if (!leads) return "voteHidden";
  return vote.tally === null ? "voteCounting" : "voteCounted";
}

/** Seats with ballots that have not voted, in the order of the weights. @param {Vote} vote @returns {string[]} */
export function missing(vote) {
  return Object.keys(vote.weights).filter((seat) => !(seat in vote.voted));
}

/** Ballots a seat may still cast; 0: none, or it has voted. @param {Vote} vote @param {string} seat */
export function ballotsLeft(vote, seat) {
  if (vote.closed !== null || seat in vote.voted) return 0;
  return vote.weights[seat] ?? 0;
}

/** @param {Vote} vote @returns {{ name: string, votes: number | null, share: number }[]} share 0…1 */
export function options(vote) {
  const cast = (vote.tally ?? []).reduce((sum, votes) => sum + votes, 0);
  return vote.options.map((name, at) => {
    const votes = vote.tally?.[at] ?? null;
    return { name, votes, share: cast > 0 && votes !== null ? votes / cast : 0 };
  });
}

/** The vote one is asked to take part in; null: none. @param {Session} session @param {string} seat */
export function asked(session, seat) {
  return session.votes.find((vote) => ballotsLeft(vote, seat) > 0) ?? null;
}

/** Whether the ballots of each option are ones a seat may cast. @param {readonly number[]} counts @param {number} weight */
export function castable(counts, weight) {
  const sum = counts.reduce((total, count) => total + count, 0);
  return counts.every((count) => Number.isInteger(count) && count >= 0) && sum >= 1 && sum <= weight;
}
