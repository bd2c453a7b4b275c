import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryTree } from "../testing/memory-tree.ts";
import { planOf, withPort } from "./list.ts";

const npm = (start: string): string => JSON.stringify({ scripts: { start } });
const node = (text: string): Record<string, string> => ({ "package.json": npm("node server.js"), "server.js": text });
const python = (text: string): Record<string, string> => ({ "requirements.txt": "", "main.py": text });

const cases: readonly { what: string; files: Record<string, string>; port: number }[] = [
  { what: "a number in listen", files: node("app.listen(4000, () => {})"), port: 4_000 },
  { what: "a setting of listen", files: node("await app.listen({ host: '0.0.0.0', port: 5000 })"), port: 5_000 },
  { what: "a setting within settings", files: node("startStandaloneServer(server, { listen: { port: 4000 } })"), port: 4_000 },
  { what: "a constant", files: node("const PORT = 8080;\napp.listen(PORT)"), port: 8_080 },
  { what: "a variable of another name", files: node("app.listen(process.env.HTTP_PORT || 8080)"), port: 8_080 },
  { what: "a server of gRPC", files: node("s.bindAsync('0.0.0.0:50051', grpc.ServerCredentials.createInsecure())"), port: 50_051 },
  {
    what: "a program in TypeScript that the build compiles",
    files: { "package.json": npm("node dist/main.js"), "src/main.ts": "app.listen(4000)" },
    port: 4_000,
  },
  { what: "an option of the start command", files: { "package.json": npm("next start -p 4000") }, port: 4_000 },
  {
    what: "the variable PORT, wherever it is read",
    files: { ...node("app.listen(port)"), "settings.js": "module.exports.port = process.env.PORT || 8080; app.listen(9090)" },
    port: 3_000,
  },
  { what: "the usual port beside another one", files: { ...node("app.listen(3000)"), "metrics.js": "metrics.listen(9090)" }, port: 3_000 },
  { what: "what starts, before other files", files: { ...node("app.listen(4000)"), "admin.js": "admin.listen(5000)" }, port: 4_000 },
  {
    what: "a development server's settings",
    files: { ...node("app.listen(port)"), "vite.config.js": "export default { server: { port: 5173 } }" },
    port: 3_000,
  },
  { what: "the port of a database", files: node("const port = 5432;\nconnect({ port });\nframework.start()"), port: 3_000 },
  { what: "no port that anybody may listen on", files: node("app.listen(99999)"), port: 3_000 },
  { what: "Python's run", files: python('app.run(host="0.0.0.0", port=8000)'), port: 8_000 },
  { what: "Tornado's listen", files: python("app.listen(8888)"), port: 8_888 },
  { what: "a server of the library", files: python('HTTPServer(("", 8000), H).serve_forever()'), port: 8_000 },
  { what: "an option with a default", files: python('p.add_argument("--port", type=int, default=8001)'), port: 8_001 },
  { what: "aiohttp, which is told none", files: python("web.run_app(app)"), port: 8_080 },
  { what: "NiceGUI, which is told none", files: python("from nicegui import ui\nui.label('x')\nui.run()"), port: 8_080 },
  { what: "an app of a server that is told the port", files: python("from flask import Flask\napp = Flask(__name__)\napp.run(port=5001)"), port: 3_000 },
];

for (const { what, files, port } of cases)
  test(`an app is told the port of its source: ${what}`, () => {
    const plan = planOf(memoryTree(files), {});
    assert.equal(plan.process.port, port);
    assert.equal(plan.notes?.some((line) => line.includes(`${port}`)) ?? false, port !== 3_000);
  });

test("the port of slip.toml stands over the source's", () => {
  const plan = planOf(memoryTree(node("app.listen(4000)")), { run: { port: 5_000 } });
  assert.deepEqual([plan.process.port, plan.notes], [5_000, undefined]);
});

test("the configuration of a release has the port of its source, and nothing more", () => {
  const sleep = { enabled: false };
  assert.deepEqual(withPort(memoryTree(node("app.listen(4000)")), { sleep }), { sleep, run: { port: 4_000 } });
  const same = [node("app.listen(process.env.PORT)"), node("app.listen(3000)"), { "README.md": "" }, { "package.json": "{" }];
  for (const files of same) assert.deepEqual(withPort(memoryTree(files), { sleep }), { sleep });
  assert.deepEqual(withPort(memoryTree(node("app.listen(4000)")), { run: { port: 5_000 } }), { run: { port: 5_000 } });
});
