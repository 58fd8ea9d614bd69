// Which TURN servers a client that should leave UDP still uses.
import assert from "node:assert/strict";
import { test } from "node:test";

import { withoutUdp } from "../../web/static/js/peer.js";

const secret = { username: "u", credential: "c" };

test("servers that are reached by TCP or TLS stay", () => {
  const urls = ["turn:a:3478", "turn:a:3478?transport=udp", "turn:a:3478?transport=tcp", "turns:a:443?transport=tcp"];
  assert.deepEqual(withoutUdp([{ urls, ...secret }]), [{ urls: urls.slice(2), ...secret }]);
});

test("each server may have one address, and goes with it", () => {
  const servers = ["turn:a", "turns:b", "turns:c?transport=udp"].map((urls) => ({ urls, ...secret }));
  assert.deepEqual(withoutUdp(servers), [{ urls: ["turns:b"], ...secret }]);
});
