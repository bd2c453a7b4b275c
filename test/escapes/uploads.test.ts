// Sources that were made to be written elsewhere, to be more than they say, or to keep the platform busy: by a client that speaks
// REST itself, and by folders that the command line reads.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Installation } from "../e2e/installation.ts";
import { nodeFiles, writeTree } from "../e2e/sources.ts";
import { whole } from "../size.ts";

const sha256Of = (text: string): string => createHash("sha256").update(text).digest("hex");
const file = (path: string, more: object = {}): object => ({ type: "file", path, sha256: sha256Of("x"), size: 1, executable: false, ...more });
const link = (path: string, target: string): object => ({ type: "link", path, target });
const many = (count: number): object[] => Array.from({ length: count }, (_, index) => file(`f${index}`));

interface Told {
  status: number;
  code: string | undefined;
  body: string;
}

describe("hostile uploads", () => {
  const installation = new Installation();
  const folder = mkdtempSync(join(tmpdir(), "slip-hostile-"));
  let token = "";

  /** `send` writes the body itself; without it the body is JSON or bytes. */
  const ask = (method: string, path: string, body?: object | Buffer, send?: (request: http.ClientRequest) => void): Promise<Told> =>
    new Promise((done, reject) => {
      const headers = { authorization: `Bearer ${token}`, "content-type": Buffer.isBuffer(body) ? "application/octet-stream" : "application/json" };
      const socketPath = join(installation.home, "run/control/control.sock");
      const request = http.request({ socketPath, method, path, headers, agent: false, timeout: 60_000 }, (answer) => {
        let text = "";
        answer.on("data", (chunk: Buffer) => {
          text += chunk.toString();
        });
        answer.on("error", reject);
        answer.on("end", () => {
          const { error } = JSON.parse(text || "{}") as { error?: { code: string } };
          done({ status: answer.statusCode ?? 0, code: error?.code, body: text });
        });
      });
      request.on("error", reject);
      if (send) send(request);
      else request.end(body === undefined ? "" : Buffer.isBuffer(body) ? body : JSON.stringify(body));
    });
  const check = (entries: object[]): Promise<Told> => ask("POST", "/v1/sources", { entries });
  const upload = (sha256: string, content: string): Promise<Told> => ask("PUT", `/v1/sources/blobs/${sha256}`, Buffer.from(content));
  /** Everything that is stored of sources. */
  const stored = (): string[] =>
    readdirSync(join(installation.home, "sources"), { recursive: true, encoding: "utf8" }).filter((path) => /\/[0-9a-f]{64}/.test(path));

  before(async () => {
    await installation.up();
    token = readFileSync(join(installation.home, "token"), "utf8").trim();
  });
  after(async () => {
    await installation.end();
    rmSync(folder, { recursive: true });
  });

  it("with names and links that leave the tree are refused, and nothing is stored", async () => {
    const manifests: [string, object[]][] = [
      ["two dots", [file("../a")]],
      ["two dots inside", [file("a/../../b")]],
      ["an absolute name", [file("/etc/slip-out")]],
      ["an empty part", [file("a//b")]],
      ["a zero byte", [file("a\0b")]],
      ["a name of 300 characters", [file("n".repeat(300))]],
      ["half a character", [file("\ud800")]],
      ["a link to an absolute path", [file("a"), link("b", "/etc/passwd")]],
      ["a link out of the tree", [file("a"), link("b/c", "../../etc")]],
      ["a link through a link", [file("a/b/c"), link("a/b/up", "../.."), link("slip.toml", "a/b/up/../../etc/passwd")]],
      ["a file behind a link", [file("x"), link("a", "x"), file("a/b")]],
      ["a path twice", [file("a"), file("a")]],
      ["a file that is a folder", [file("a"), file("a/b")]],
      ["a device", [{ type: "device", path: "a" }]],
      ["a hash that is a path", [file("a", { sha256: "../../../../etc/passwd" })]],
      ["a negative size", [file("a", { size: -1 })]],
      ["a size beyond the limit", [file("a", { size: 2 ** 40 })]],
      ["sizes beyond the limit together", Array.from({ length: 5 }, (_, index) => file(`f${index}`, { size: 512 * 2 ** 20 }))],
      ["nothing", []],
      ["links alone", [link("a", "b")]],
      ["more files than the limit", many(100_001)],
    ];
    for (const [what, entries] of manifests) {
      const { status, code } = await check(entries);
      assert.match(code ?? "", /^(invalid_input|source_unsafe|source_empty|too_large)$/, what);
      assert.ok(status >= 400 && status < 500, what);
    }
    assert.deepEqual(stored(), []);
    assert.ok(!existsSync("/etc/slip-out"));
  });

  it("that are no manifest at all are refused", async () => {
    const bodies = [
      "",
      "[]",
      "null",
      '"x"',
      "{",
      '{"entries":{}}',
      '{"entries":[[[[]]]]}',
      `${"[".repeat(100_000)}`,
      `{"entries":[{"__proto__":{"type":"file"}}]}`,
    ];
    for (const body of bodies) {
      const { code } = await ask("POST", "/v1/sources", undefined, (request) => request.end(body));
      assert.match(code ?? "", /^(invalid_input|source_empty)$/, body.slice(0, 40));
    }
    const huge = await ask("POST", "/v1/sources", undefined, (request) => {
      for (let sent = 0; sent < 66; sent += 1) request.write(Buffer.alloc(2 ** 20, 0x20));
      request.end();
    }).catch((error: NodeJS.ErrnoException) => ({ code: error.code }));
    assert.match(huge.code ?? "", /^(too_large|ECONNRESET|EPIPE)$/);
  });

  it("with other contents than they name are refused", async () => {
    for (const [sha256, content] of [
      [sha256Of("a"), "b"],
      [sha256Of("a"), ""],
    ] as const)
      assert.equal((await upload(sha256, content)).code, "invalid_input");
    for (const path of ["..%2f..%2fpasswd", "A".repeat(64), `${"a".repeat(63)}%00`, "a"])
      assert.ok([400, 404].includes((await upload(path, "x")).status), path);
    assert.deepEqual(stored(), []);
    assert.equal((await upload(sha256Of("x"), "x")).status, 200);
    const small = await check([file("index.html", { size: 0 })]);
    const { source } = JSON.parse(small.body) as { source: string };
    const lied = await ask("POST", "/v1/deployments", { app: "liar", source: { kind: "tree", digest: source } });
    assert.equal(lied.code, "invalid_input", "a size that is not the content's");
  });

  it("that break off leave nothing", async () => {
    const before = stored();
    for (let round = 0; round < 20; round += 1)
      await ask("PUT", `/v1/sources/blobs/${sha256Of("half")}`, undefined, (request) => {
        request.setHeader("content-length", 1_000_000);
        request.write(Buffer.alloc(10_000));
        setTimeout(() => request.destroy(), 5);
      }).catch(() => {});
    for (const until = Date.now() + 5_000; stored().length > before.length && Date.now() < until; ) await new Promise((done) => setTimeout(done, 20));
    assert.deepEqual(stored(), before);
  });

  it("of a source that was never complete make no deployment", async () => {
    const { body } = await check([file("index.html", { sha256: sha256Of("never sent"), size: 10 })]);
    const { source } = JSON.parse(body) as { source: string };
    const asked = await ask("POST", "/v1/deployments", { app: "half", source: { kind: "tree", digest: source } });
    assert.equal(asked.code, "invalid_input");
    const unknown = await ask("POST", "/v1/deployments", { app: "half", source: { kind: "tree", digest: `sha256:${"0".repeat(64)}` } });
    assert.equal(unknown.code, "not_found");
    assert.doesNotMatch(await installation.expect(0, ["apps", "--json"]), /half|liar/);
  });

  it("in thousands of tiny requests do not keep others out", async () => {
    const count = whole ? 10_000 : 1_000;
    let left = count;
    const flood = async (): Promise<void> => {
      for (; left > 0; left -= 1) {
        const { status } = await (left % 2 ? upload(sha256Of(`${left}`), `${left}`) : check([file(`f${left}`)]));
        assert.equal(status, 200);
      }
    };
    const flooding = Promise.all(Array.from({ length: 32 }, flood));
    const times: number[] = [];
    while (left > 0) {
      const start = performance.now();
      assert.equal((await ask("GET", "/v1/apps")).status, 200);
      times.push(performance.now() - start);
    }
    await flooding;
    assert.ok(Math.max(...times) < 5_000, `${Math.max(...times)}`);
  });

  it("from folders are refused by name before anything is sent", async () => {
    const names: Record<string, (path: string) => void> = {
      "a link out of the folder": (path) => symlinkSync("/etc/passwd", join(path, "out")),
      "a link out through a link": (path) => {
        mkdirSync(join(path, "a"));
        symlinkSync("..", join(path, "a/up"));
        symlinkSync("a/up/../../../etc/passwd", join(path, "out"));
      },
      "a pipe": (path) => execFileSync("mkfifo", [join(path, "pipe")]),
      "a device": (path) => execFileSync("mknod", [join(path, "disk"), "b", "7", "0"]),
      "a name that is not UTF-8": (path) => writeFileSync(Buffer.concat([Buffer.from(`${path}/`), Buffer.from([0x61, 0xff])]), "x"),
      "a path beyond the limit": (path) => {
        const deep = join(path, ...Array.from({ length: 6 }, () => "d".repeat(200)));
        mkdirSync(deep, { recursive: true });
        writeFileSync(join(deep, "x"), "x");
      },
    };
    for (const [what, make] of Object.entries(names)) {
      const source = join(folder, "app");
      mkdirSync(source);
      writeTree(source, nodeFiles("1"));
      make(source);
      const result = await installation.deploy(source, ["--app", "hostile"]);
      assert.equal(result.failure?.code, "source_unsafe", `${what}: ${JSON.stringify(result.failure)}`);
      rmSync(source, { recursive: true });
    }
  });

  it("from folders with a socket or a file of 1 TB without content are refused too", async () => {
    const source = join(folder, "app");
    mkdirSync(source);
    writeTree(source, nodeFiles("1"));
    const server = createServer().listen(join(source, "socket"));
    await new Promise((done) => server.on("listening", done));
    assert.equal((await installation.deploy(source, ["--app", "hostile"])).failure?.code, "source_unsafe");
    await new Promise((done) => server.close(done));
    writeFileSync(join(source, "sparse"), "");
    truncateSync(join(source, "sparse"), 2 ** 40);
    assert.equal((await installation.deploy(source, ["--app", "hostile"])).failure?.code, "too_large");
    rmSync(source, { recursive: true });
  });

  it("with strange but harmless names are what they are in the app, and a hard link is a file of its own", async () => {
    const source = join(folder, "app");
    mkdirSync(source);
    const outside = join(folder, "outside");
    writeFileSync(outside, "linked");
    const answer = 'require("node:fs").readdirSync(".").sort().join("|") + "|" + require("node:fs").readFileSync("hard", "utf8")';
    writeTree(source, { ...nodeFiles(answer), "App.js": "1", "app.js": "2", "new\nline": "3", "-rf": "4", "$(touch pwned)": "5" });
    linkSync(outside, join(source, "hard"));
    await installation.deployLive(source, ["--app", "strange"]);
    const { body } = await installation.request("strange");
    for (const name of ["App.js", "app.js", "new\nline", "-rf", "$(touch pwned)"]) assert.ok(body.split("|").includes(name), name);
    assert.ok(body.endsWith("|linked") && !body.includes("|pwned"));
    assert.equal(readFileSync(outside, "utf8"), "linked");
  });

  it("from a folder that changes while it is read are one state of it, or a failure that says so", async () => {
    const source = join(folder, "app");
    writeTree(source, { ...nodeFiles('require("node:fs").readFileSync("value", "utf8").length'), value: "a".repeat(2 ** 20) });
    let round = 0;
    const changing = setInterval(() => {
      round += 1;
      writeFileSync(join(source, "value"), `${round}`.repeat(2 ** 18));
    }, 3);
    const result = await installation.deploy(source, ["--app", "moving"]).finally(() => clearInterval(changing));
    if (result.outcome === "live") assert.match((await installation.request("moving")).body, /^\d+$/);
    else assert.match(result.failure?.code ?? "", /^(source_changed|source_unsafe|conflict|invalid_input)$/, JSON.stringify(result.failure));
  });
});
