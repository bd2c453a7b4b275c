import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { referencePages } from "./reference-pages.ts";

const folder = join(import.meta.dirname, "../../docs/reference");

describe("docs/reference", async () => {
  const pages = await referencePages();
  for (const [name, text] of Object.entries(pages))
    it(`${name} says what the code says ('npm run reference' writes it)`, () => assert.equal(readFileSync(join(folder, name), "utf8"), text));

  it("holds no generated page that the code does not make", () => {
    const generated = readdirSync(folder).filter(
      (name) => name.endsWith(".md") && readFileSync(join(folder, name), "utf8").includes("Made by `npm run reference`;"),
    );
    assert.deepEqual(new Set(generated), new Set(Object.keys(pages)));
  });
});
