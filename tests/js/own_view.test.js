// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { OWN_VIEWS, arranged, gridPressed } from "../../web/static/js/own_view.js";

const FOUR = ["a", "b", "c", "d"];

/** @param {import("../../web/static/js/own_view.js").Arranged} view */
const told = ({ mode, seats, tiles, main }) => [mode, seats?.length ?? 0, tiles, main].join(" ");

test("the scene of all holds until one chooses for oneself, and a document has the large place", () => {
  const table = {
    common: ["main 0 true true", "grid 4 true true", "main 0 true true"],
    main: ["main 0 true true", "main 0 true true", "main 0 true true"],
    grid: ["grid 0 true true", "grid 0 true true", "main 0 true true"],
    speaker: ["main 0 false true", "main 0 false true", "main 0 false true"],
    document: ["main 0 true true", "grid 4 true true", "main 0 false false"],
  };
  for (const own of OWN_VIEWS) {
    const seen = [arranged(own, null, false), arranged(own, FOUR, false), arranged(own, FOUR, true)];
    assert.deepEqual(seen.map(told), table[own], own);
  }
});

test("the button for the grid always changes what one sees", () => {
  for (const scene of [null, FOUR]) {
    for (const own of OWN_VIEWS) {
      const { mode } = arranged(own, scene, false);
      const next = arranged(gridPressed(own, mode === "grid", scene), scene, false);
      assert.notEqual(next.mode, mode, `${own} ${scene}`);
    }
  }
});
