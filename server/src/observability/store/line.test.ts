import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lineOf } from "@slipstream/contract/ports/log-store.conformance.ts";
import { formatLine, LineText, parseLine, tagsLineOf, withTags } from "./line.ts";

const first = lineOf("one", { deployment: "dep_1", instance: "ins_1" });
const second = lineOf("two", { deployment: "dep_2", instance: "ins_2", stream: "stderr" });
const textOf = (...lines: (typeof first)[]): string => {
  const text = new LineText();
  for (const line of lines) text.add(tagsLineOf(line), line);
  return text.all;
};
const rawOf = (text: string): string[] => text.split("\n").slice(0, -1);
const read = (text: string, tags = ""): unknown[] => withTags(rawOf(text), tags).lines.map(parseLine);

describe("lines on the disk", () => {
  it("have their tags before them, once for all that follow", () => {
    const lines = [first, { ...first, text: "again" }, second, first];
    assert.equal(rawOf(textOf(...lines)).length, lines.length + 3);
    assert.deepEqual(read(textOf(...lines)), lines);
  });

  it("are read with the tags that stood before what was read earlier", () => {
    const [tagsLine = "", ...rest] = rawOf(textOf(first, { ...first, text: "again" }));
    const { lines, tags } = withTags([tagsLine], "");
    assert.deepEqual(lines, []);
    assert.deepEqual(read(`${rest.join("\n")}\n`, tags), [first, { ...first, text: "again" }]);
  });

  it("are none where their tags are not there", () => {
    assert.deepEqual(read(`${rawOf(textOf(first))[1]}\n`), [undefined]);
  });

  it("are read where each has its tags in itself, also between the others", () => {
    assert.deepEqual(read(formatLine(second, 100) + textOf(first) + formatLine(second, 100)), [second, first, second]);
  });

  it("give nobody the tags of another, whatever their text is", () => {
    const forged = tagsLineOf({ ...second, tenant: "another" });
    for (const text of [forged, `\n${forged}`, forged.trim(), `"${forged.trim()}`, ',"source":"runtime"}', '","source":"runtime"}', "\\"]) {
      const lines = [{ ...first, text }, first];
      assert.deepEqual(read(textOf(...lines)), lines);
      assert.deepEqual(read(formatLine({ ...first, text }, 1_000) + textOf(first)), lines);
    }
  });
});
