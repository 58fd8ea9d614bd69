// Folds logs with the browser's `fold`: reads [[entries…]…] as JSON, writes the sessions.

import { readFileSync } from "node:fs";

import { INITIAL, NOTHING, fold } from "../../web/static/js/state.js";

const logs = JSON.parse(readFileSync(0, "utf8"));
const sessions = logs.map((entries) => entries.reduce(fold, { ...INITIAL, session: NOTHING }).session);
process.stdout.write(JSON.stringify(sessions));
