// @ts-check
/** Single keys for what is done often: which there are, and which one was pressed. Pure. */

/**
 * @typedef {object} Key
 * @property {string} key as `KeyboardEvent.key`, lower case
 * @property {string} does name of the action
 * @property {string} word key of the page's texts
 * @property {string} [needs] command that one must be allowed to give
 */

/** @type {readonly Key[]} */
export const KEYS = Object.freeze([
  { key: "m", does: "microphone", word: "keyMicrophone" },
  { key: "p", does: "middle", word: "keyMiddle" },
  { key: "v", does: "camera", word: "keyCamera", needs: "set-camera" },
  { key: "n", does: "next", word: "keyNext", needs: "invite-to-speak" },
  { key: "e", does: "endTurn", word: "keyEnd", needs: "end-turn" },
  { key: "+", does: "extendTurn", word: "keyExtend", needs: "extend-turn" },
  { key: "t", does: "nameSpeaker", word: "keyName", needs: "name-speaker" },
  { key: "q", does: "addToQueue", word: "keyQueue", needs: "queue-seat" },
  { key: "d", does: "discuss", word: "keyDiscuss", needs: "set-discussion" },
  { key: "x", does: "muteAll", word: "keyMuteAll", needs: "mute-all" },
  { key: "z", does: "undo", word: "keyUndo", needs: "invite-to-speak" },
  { key: "a", does: "agenda", word: "keyAgenda" },
  { key: "b", does: "list", word: "keyList" },
  { key: "l", does: "grid", word: "keyGrid" },
  { key: "f", does: "full", word: "keyFull" },
  { key: "?", does: "shortcuts", word: "keyShortcuts" },
]);

/** @param {readonly string[]} permissions @returns {Key[]} the keys this seat can use */
export function keysOf(permissions) {
  return KEYS.filter(({ needs }) => needs === undefined || permissions.includes(needs));
}

/**
 * @param {{ key: string, ctrlKey: boolean, altKey: boolean, metaKey: boolean, repeat: boolean,
 *   isComposing: boolean }} event
 * @param {readonly string[]} permissions
 * @returns {string | null} the action; null: none
 */
export function pressedAction(event, permissions) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return null;
  const key = event.key === "=" ? "+" : event.key.toLowerCase();
  return keysOf(permissions).find((one) => one.key === key)?.does ?? null;
}
