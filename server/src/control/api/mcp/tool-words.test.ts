import assert from "node:assert/strict";
import { test } from "node:test";
import { errors } from "@slipstream/contract/errors.ts";
import { withTools } from "./tool-words.ts";
import { tools } from "./tools.ts";

test("a command is followed by the tool that does it", () => {
  assert.equal(
    withTools("See 'slip apps'; 'slip apps create shop' makes it."),
    "See 'slip apps' (tool: status); 'slip apps create shop' (tool: deploy) makes it.",
  );
  assert.equal(withTools("Run 'slip secrets set shop KEY --stage'."), "Run 'slip secrets set shop KEY --stage' (tool: set_config).");
});

test("what has no tool is for the user", () => {
  assert.equal(withTools("Run 'slip doctor'."), "Run 'slip doctor' (for the user).");
  assert.equal(withTools("Type 'slip approvals approve apr_1'."), "Type 'slip approvals approve apr_1' (for the user).");
  assert.equal(withTools("Remove it with 'slip destroy shop --purge'."), "Remove it with 'slip destroy shop --purge' (for the user).");
  assert.equal(withTools("Correct the program's file."), "Correct the program's file.");
});

test("no error of the catalogue names a tool that is not there", () => {
  const names = Object.values(errors).flatMap(({ next }) => [...withTools([next].flat().join(" ")).matchAll(/\(tool: (\w+)\)/g)].map(([, name = ""]) => name));
  assert.ok(names.length > 10);
  for (const name of names)
    assert.ok(
      tools.some((each) => each.name === name),
      name,
    );
});
