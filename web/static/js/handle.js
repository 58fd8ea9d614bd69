// @ts-check
/**
 * What tests and the console get hold of.
 *
 * @import { Peer } from "./peer.js"
 * @import { Signaling } from "./signaling.js"
 * @import { State } from "./state.js"
 */

import { inbound } from "./stats.js";

/**
 * `window.diemcau`, for tests and for the technician's console.
 *
 * @param {{ state: State, peer: Peer, signaling: Signaling }} room
 */
export function offerHandle(room) {
  const slots = async () => {
    const pc = room.peer.connection;
    const figures = pc === null ? [] : await inbound(pc, "video");
    return figures.map(({ mid, frames, width, height }) => {
      const slot = room.state.slots.find((one) => one.mid === mid);
      const { seat = null, source = null } = slot ?? {};
      return { mid, seat, source, framesDecoded: frames, width, height };
    });
  };
  const audioEnergy = async () => {
    const pc = room.peer.connection;
    const figures = pc === null ? [] : await inbound(pc, "audio");
    return figures.reduce((sum, { energy }) => sum + energy, 0);
  };
  const { peer, signaling } = room;
  Reflect.set(window, "diemcau", { state: () => room.state, peer, signaling, slots, audioEnergy });
}
