import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnose } from "./diagnosis.ts";

test("a font that is elsewhere is named", () => {
  const lines = ["Error: next/font: error:", "Failed to fetch Geist Mono from Google Fonts.", "Import trace:"];
  const { cause, actions } = diagnose(lines, { app: "shop", during: "build", memoryBytes: 2 ** 29, variables: [] });
  assert.equal(cause, "The build could not fetch the font Geist Mono from fonts.googleapis.com.");
  assert.match(actions?.[1] ?? "", /file of Geist Mono .*next\/font\/local/);
});
