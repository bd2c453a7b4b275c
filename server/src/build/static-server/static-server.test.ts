// The static server over real HTTP, as it is in its layer: plain JavaScript, started by node.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { freePort } from "#platform/ports.ts";
import { makeProgram } from "../toolchains/own-program.ts";

const root = mkdtempSync(join(tmpdir(), "slip-static-"));
const site = join(root, "site");
let server: ChildProcess;
let fallbackServer: ChildProcess;
let port = 0;
let fallbackPort = 0;

const files: Record<string, string | Buffer> = {
  "index.html": "<h1>home</h1>",
  "about.html": "about",
  "docs/index.html": "docs",
  "app-4f9a8b2c.js": "console.log(1)",
  "style.css": "body{}",
  "style.css.gz": gzipSync("body{}"),
  "data.bin": Buffer.from("0123456789"),
  "moved.bin": "here still",
  "empty.txt": "",
  "a b é.txt": "spaced",
  ".env": "SECRET=1",
  ".well-known/security.txt": "contact",
  _redirects:
    "# moved\n/old /about 302\n/blog/:year/:slug /posts/:slug?year=:year\n/spa/* /about.html 200\n/out/* https://example.com/:splat 301\n/style.css /about 301\n/moved.bin /about 307!\n/gone /about.html 404\n/up/* /:splat\n/loop/* /../outside.txt 200\n/proxy https://example.com 200\n/far /日本?世=界 302\n/*/a/*/b /about 301\n",
  _headers: "/about*\n  X-Frame-Options: DENY\n  Cache-Control: no-store\n/*\n  X-One: 1\n  Constructor: a name\n  Content-Length: 3\n",
};

interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}
/** `path` is sent as it is. */
const ask = (path: string, options: { method?: string; headers?: Record<string, string>; to?: number } = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { method = "GET", headers = {}, to = port } = options;
    const request = http.request({ host: "127.0.0.1", port: to, path, method, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks).toString("latin1") }));
    });
    request.on("error", reject).end();
  });

const start = async (words: string[], at: number): Promise<ChildProcess> => {
  const child = spawn(process.execPath, [join(root, "layer/opt/static-server/main.mjs"), site, ...words], { env: { PORT: String(at) }, stdio: "inherit" });
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (
      await ask("/", { to: at }).then(
        () => true,
        () => false,
      )
    )
      return child;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return assert.fail("the static server did not answer");
};

before(async () => {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(site, name, ".."), { recursive: true });
    writeFileSync(join(site, name), content);
  }
  writeFileSync(join(root, "outside.txt"), "outside");
  symlinkSync("../outside.txt", join(site, "escape.txt"));
  symlinkSync("about.html", join(site, "inside.html"));
  symlinkSync("self", join(site, "self"));
  await makeProgram(join(root, "layer"), "static-server");
  [port, fallbackPort] = [await freePort(), await freePort()];
  [server, fallbackServer] = [await start([], port), await start(["--fallback"], fallbackPort)];
});
after(async () => {
  for (const child of [server, fallbackServer]) {
    // One that has ended before says so no more.
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill();
    await ended;
  }
  rmSync(root, { recursive: true, force: true });
});

const pages: readonly [string, number, string][] = [
  ["/", 200, "<h1>home</h1>"],
  ["/about", 200, "about"],
  ["/about.html?x=1", 200, "about"],
  ["/docs/", 200, "docs"],
  ["/a%20b%20%C3%A9.txt", 200, "spaced"],
  ["/empty.txt", 200, ""],
  ["/inside.html", 200, "about"],
  ["/.well-known/security.txt", 200, "contact"],
  ["/nothing", 404, "There is nothing here.\n"],
  ["/.env", 404, "There is nothing here.\n"],
  ["/_redirects", 404, "There is nothing here.\n"],
  ["/_headers", 404, "There is nothing here.\n"],
  ["/spa", 200, "about"],
  ["/spa/any/where", 200, "about"],
  ["/gone", 404, "about"],
  ["/loop/x", 404, "There is nothing here.\n"],
  ["/proxy", 404, "There is nothing here.\n"],
  ["/x/a/y/b", 404, "There is nothing here.\n"],
  ["/self", 404, "There is nothing here.\n"],
  [`/${"a".repeat(300)}`, 404, "There is nothing here.\n"],
  ["/a".repeat(3_000), 404, "There is nothing here.\n"],
  ["/escape.txt", 404, "There is nothing here.\n"],
  ["/../outside.txt", 400, "That is not a path.\n"],
  ["/%2e%2e/outside.txt", 400, "That is not a path.\n"],
  ["/docs/..%2f..%2foutside.txt", 400, "That is not a path.\n"],
  ["/..%5coutside.txt", 400, "That is not a path.\n"],
  ["/%00", 400, "That is not a path.\n"],
  ["/%zz", 400, "That is not a path.\n"],
];
for (const [path, status, body] of pages)
  test(`GET ${path} is ${status}`, async () => {
    const answer = await ask(path);
    assert.deepEqual([answer.status, answer.body], [status, body]);
  });

test("a folder is asked for again with its slash, and its query", async () => {
  const answer = await ask("/docs?x=1");
  assert.deepEqual([answer.status, answer.headers.location], [308, "/docs/?x=1"]);
  assert.equal((await ask("//evil.example/")).status, 404);
});

const moves: readonly [string, number, string][] = [
  ["/old", 302, "/about"],
  ["/old/?q=1", 302, "/about?q=1"],
  ["/blog/2024/a%20b?x=1", 301, "/posts/a%20b?year=2024"],
  ["/out/a/b?x=1", 301, "https://example.com/a/b?x=1"],
  ["/moved.bin", 307, "/about"],
  ["/far", 302, "/%E6%97%A5%E6%9C%AC?%E4%B8%96=%E7%95%8C"],
  ["/up//evil.example/", 301, "/evil.example/"],
];
for (const [path, status, location] of moves)
  test(`a site's _redirects lead from ${path} to ${location}`, async () => {
    const answer = await ask(path);
    assert.deepEqual([answer.status, answer.headers.location], [status, location]);
  });

test("a file of the site stands over its _redirects, unless they say otherwise", async () => assert.equal((await ask("/style.css")).body, "body{}"));

test("a site's _headers are in the answers of their paths, but for what the server alone knows", async () => {
  const { headers, body } = await ask("/about");
  assert.deepEqual(
    [headers["x-frame-options"], headers["cache-control"], headers["x-one"], headers.constructor, headers["content-length"], body],
    ["DENY", "no-store", "1", "a name", "5", "about"],
  );
  assert.equal((await ask("/style.css")).headers["x-frame-options"], undefined);
});

test("unknown paths are the index page where the app routes in the browser, but only there", async () => {
  const answer = await ask("/some/route", { to: fallbackPort });
  assert.deepEqual([answer.status, answer.body], [200, "<h1>home</h1>"]);
});

test("types and cache headers say what a file is and how long it stays so", async () => {
  const html = await ask("/");
  assert.equal(html.headers["content-type"], "text/html; charset=utf-8");
  assert.match(String(html.headers["cache-control"]), /must-revalidate/);
  const hashed = await ask("/app-4f9a8b2c.js");
  assert.equal(hashed.headers["content-type"], "text/javascript; charset=utf-8");
  assert.match(String(hashed.headers["cache-control"]), /immutable/);
  assert.doesNotMatch(String((await ask("/style.css")).headers["cache-control"]), /immutable/);
});

test("a file that the client has is not sent again", async () => {
  const { etag = "" } = (await ask("/style.css")).headers;
  const again = await ask("/style.css", { headers: { "if-none-match": `"other", W/${etag}` } });
  assert.deepEqual([again.status, again.body], [304, ""]);
  assert.equal((await ask("/style.css", { headers: { "if-none-match": '"other"' } })).status, 200);
});

const ranges: readonly [string, number, string, string | undefined][] = [
  ["bytes=2-4", 206, "234", "bytes 2-4/10"],
  ["bytes=7-", 206, "789", "bytes 7-9/10"],
  ["bytes=-3", 206, "789", "bytes 7-9/10"],
  ["bytes=5-99", 206, "56789", "bytes 5-9/10"],
  ["bytes=10-", 416, "There is no such range.\n", "bytes */10"],
  ["bytes=0-1,3-4", 200, "0123456789", undefined],
  ["bytes=4-2", 200, "0123456789", undefined],
];
for (const [range, status, body, contentRange] of ranges)
  test(`the range ${range} is ${status}`, async () => {
    const answer = await ask("/data.bin", { headers: { range } });
    assert.deepEqual([answer.status, answer.body, answer.headers["content-range"]], [status, body, contentRange]);
  });

test("a range of a file that has changed is the whole file", async () => {
  const answer = await ask("/data.bin", { headers: { range: "bytes=2-4", "if-range": '"other"' } });
  assert.deepEqual([answer.status, answer.body], [200, "0123456789"]);
});

test("a compressed copy is sent to those who take it", async () => {
  const packed = await ask("/style.css", { headers: { "accept-encoding": "gzip, br;q=0" } });
  assert.equal(packed.headers["content-encoding"], "gzip");
  assert.equal(packed.headers["content-type"], "text/css; charset=utf-8");
  assert.equal(packed.headers.vary, "accept-encoding");
  assert.equal((await ask("/style.css", { headers: { "accept-encoding": "gzip;q=0" } })).headers["content-encoding"], undefined);
});

test("HEAD sends the head alone, other methods are refused", async () => {
  const head = await ask("/style.css", { method: "HEAD" });
  assert.deepEqual([head.status, head.body, head.headers["content-length"]], [200, "", "6"]);
  const post = await ask("/", { method: "POST" });
  assert.deepEqual([post.status, post.headers.allow], [405, "GET, HEAD"]);
});

test("a 404.html of the site is its answer to unknown paths", async () => {
  writeFileSync(join(site, "404.html"), "own 404");
  const answer = await ask("/nothing");
  rmSync(join(site, "404.html"));
  assert.deepEqual([answer.status, answer.body], [404, "own 404"]);
});
