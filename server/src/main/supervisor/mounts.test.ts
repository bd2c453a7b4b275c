import assert from "node:assert/strict";
import { test } from "node:test";
import { isMounted } from "./mounts.ts";

test("a mount point is found by its whole path, also with blanks", () => {
  const info = "36 35 0:30 / /srv/a\\040b/run rw - tmpfs slip-run rw\n37 35 0:31 / /srv/run-other rw - tmpfs t rw";
  assert.ok(isMounted(info, "/srv/a b/run"));
  assert.ok(!isMounted(info, "/srv/run"));
});
