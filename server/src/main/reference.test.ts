import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { made, serverPages } from "./reference-pages.ts";

const folder = join(import.meta.dirname, "../../../docs/reference");

describe("docs/reference", () => {
  const pages = serverPages();
  for (const [name, text] of Object.entries(pages))
    it(`${name} says what the code says ('npm run reference' writes it)`, () => assert.equal(readFileSync(join(folder, name), "utf8"), text));

  it("holds no page of the server's that the code does not make", () => {
    const generated = readdirSync(folder).filter((name) => name.endsWith(".md") && readFileSync(join(folder, name), "utf8").includes(made));
    assert.deepEqual(new Set(generated), new Set(Object.keys(pages)));
  });
});
