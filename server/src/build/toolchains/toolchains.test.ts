// Layers that the platform makes of the machine and of itself, run in a chroot where that can be.
import assert from "node:assert/strict";
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { exec } from "#platform/exec.ts";
import { homeAt } from "#platform/home.ts";
import { blobPath, layerFolder } from "#platform/oci/layout.ts";
import { inUsr } from "./machine-files.ts";
import { provideLayer } from "./provided-layer.ts";
import { rangeOf } from "./python.ts";
import { baseLayer, toolchainLayer } from "./toolchains.ts";

const root = mkdtempSync(join(tmpdir(), "slip-toolchains-"));
const home = homeAt(root);
after(() => rmSync(root, { recursive: true, force: true }));

const isRoot = process.getuid?.() === 0;

test("the base layer is a small system of its own", { skip: !isRoot && "needs root for chroot" }, async () => {
  const { folder, descriptor } = await baseLayer(home);
  const script =
    'echo "$(printf b | sed s/b/c/)" && ls / > /dev/null && env true && test -s /etc/passwd && bash -c "[[ 1 -eq 1 ]]" && tar --version > /dev/null';
  const ran = await exec(["/usr/sbin/chroot", folder, "/bin/sh", "-c", script], { env: { PATH: "/usr/bin" } });
  assert.deepEqual([ran.code, ran.stdout, ran.stderr], [0, "c\n", ""]);
  assert.ok(descriptor.size < 64 * 2 ** 20);
  assert.ok(lstatSync(join(folder, "lib")).isSymbolicLink());
});

test("the base layer has what programs look for by name: the release, time zones, and the libraries of TLS", {
  skip: !isRoot && "needs root for chroot",
}, async () => {
  const { folder } = await baseLayer(home);
  const zoned = await exec(["/usr/sbin/chroot", folder, "/bin/date", "-d", "@0", "+%z"], { env: { PATH: "/usr/bin", TZ: "Asia/Tokyo" } });
  assert.equal(zoned.stdout, "+0900\n");
  assert.equal(readFileSync(join(folder, "etc/os-release"), "utf8"), readFileSync("/etc/os-release", "utf8"));
  assert.ok(!existsSync(join(folder, "usr/share/zoneinfo/right")) && !existsSync(join(folder, "usr/share/zoneinfo/posix")));
  const libraries = readdirSync(join(folder, "usr/lib"), { recursive: true, encoding: "utf8" }).map((path) => path.slice(path.lastIndexOf("/") + 1));
  assert.ok(libraries.some((name) => /^libssl\.so\.\d/.test(name)) && libraries.some((name) => /^libcrypto\.so\.\d/.test(name)));
});

test("the platform's own Node is a layer above the base, with no program but itself", async () => {
  const { folder } = await toolchainLayer(home, { name: "node", version: "default" });
  assert.deepEqual(readdirSync(join(folder, "usr/local/bin")), ["node"]);
  assert.equal(statSync(join(folder, "usr/local/bin/node")).size, statSync(process.execPath).size);
  assert.ok(!existsSync(join(folder, "lib")));
});

test("npm is a layer whose programs can be run", async () => {
  const { folder } = await toolchainLayer(home, { name: "npm", version: "default" });
  const ran = await exec([process.execPath, join(folder, "usr/local/bin/npm"), "--version"], { env: { HOME: root, PATH: "/usr/bin:/bin" } });
  assert.match(ran.stdout, /^\d+\.\d+\.\d+\n$/);
});

test("the static server's layer is plain JavaScript", async () => {
  const { folder } = await toolchainLayer(home, { name: "static", version: "default" });
  const names = readdirSync(join(folder, "opt/static-server"));
  assert.ok(names.includes("main.mjs") && names.every((name) => name.endsWith(".mjs") && !name.includes("test")));
  for (const name of names) assert.doesNotMatch(readFileSync(join(folder, "opt/static-server", name), "utf8"), /\.ts"|: string/);
});

test("a layer is made once for its key, by however many it is asked for, and again for another", async () => {
  let made = 0;
  const ask = (key: string) =>
    provideLayer({
      home,
      record: join(root, "records", "x.json"),
      key,
      make: async (folder) => {
        made += 1;
        await writeFile(join(folder, "key"), key);
      },
    });
  const [one, same] = await Promise.all([ask("one"), ask("one")]);
  assert.equal(one.descriptor.digest, same.descriptor.digest);
  await ask("one");
  assert.equal(made, 1);
  rmSync(layerFolder(home, one.descriptor.digest), { recursive: true });
  assert.equal(readFileSync(join((await ask("one")).folder, "key"), "utf8"), "one");
  assert.equal(made, 1);
  rmSync(blobPath(home, one.descriptor.digest));
  await ask("one");
  assert.equal(made, 2);
  assert.notEqual((await ask("two")).descriptor.digest, one.descriptor.digest);
});

test("paths of the machine are those of a system whose /lib is in /usr", () => {
  assert.equal(inUsr("/lib/x86_64-linux-gnu/libc.so.6"), "/usr/lib/x86_64-linux-gnu/libc.so.6");
  assert.equal(inUsr("/lib64/ld-linux-x86-64.so.2"), "/usr/lib64/ld-linux-x86-64.so.2");
  assert.equal(inUsr("/usr/lib/x"), "/usr/lib/x");
});

for (const [specifier, range] of [
  [">=3.9,<4", ">=3.9.0 <4.0.0-0"],
  ["==3.11.*", ">=3.11.0 <3.12.0-0"],
  ["~=3.10", ">=3.10.0 <4.0.0-0"],
  ["~=3.10.2", ">=3.10.2 <3.11.0-0"],
  [">=3.8, !=3.9.1", ">=3.8.0"],
  ["^3.9", ">=3.9.0 <4.0.0-0"],
  ["nonsense", "*"],
] as const)
  test(`'${specifier}' is understood as semver's '${range}'`, () => assert.equal(rangeOf(specifier), range));
