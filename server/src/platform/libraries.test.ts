import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { execOrThrow } from "./exec.ts";
import { librariesOf } from "./libraries.ts";

const folder = mkdtempSync(join(tmpdir(), "slip-libraries-"));
after(() => rmSync(folder, { recursive: true }));

test("what programs load is what ldd says of them, the loader among it", async () => {
  const programs = ["/bin/sh", "/bin/tar", process.execPath];
  const said = await execOrThrow(["ldd", ...programs]);
  const found = await librariesOf(programs);
  assert.deepEqual(
    found,
    [...new Set([...said.matchAll(/(\/\S+) \(0x/g)].map(([, path = ""]) => path))].sort((a, b) => (a < b ? -1 : 1)),
  );
  assert.ok(found.length > 3 && found.every((path) => existsSync(path)));
  assert.ok(found.some((path) => /\/ld-linux/.test(path)));
});

test("a script loads nothing and is not started, and what is beside it is none the less told of", async () => {
  const [script, mark] = [join(folder, "script"), join(folder, "mark")];
  writeFileSync(script, `#!/bin/sh\n: > ${mark}\n`, { mode: 0o755 });
  assert.deepEqual(await librariesOf([script]), []);
  assert.deepEqual(await librariesOf([script, "/bin/sh"]), await librariesOf(["/bin/sh"]));
  assert.ok(!existsSync(mark));
});
