import assert from "node:assert/strict";
import { test } from "node:test";
import { SlipError } from "@slipstream/contract/errors.ts";
import { memoryTree } from "../testing/memory-tree.ts";
import { planOf } from "./list.ts";

const refusalOf = (files: Record<string, string>): SlipError => {
  try {
    planOf(memoryTree(files), {});
  } catch (error) {
    if (error instanceof SlipError) return error;
  }
  throw new assert.AssertionError({ message: "The source was not refused." });
};

const laravel = JSON.stringify({ scripts: { build: "vite build" }, devDependencies: { vite: "7" } });
const cases: readonly { name: string; files: Record<string, string>; says?: RegExp }[] = [
  { name: "Go", files: { "go.mod": "", "main.go": "" }, says: /Linux on x86-64/ },
  { name: "Rust", files: { "Cargo.toml": "", "src/main.rs": "" }, says: /Linux on x86-64/ },
  { name: "Deno", files: { "deno.json": "", "main.ts": "Deno.serve(() => 1)" }, says: /Node or Bun/ },
  { name: "Deno", files: { "main.ts": "Deno.serve((_req) => new Response('x'));" }, says: /Node or Bun/ },
  { name: "Deno", files: { "server.ts": 'import { serve } from "https://deno.land/std/http/server.ts";\nserve(() => 1);' } },
  { name: "Meteor", files: { ".meteor/release": "", "package.json": '{ "scripts": { "start": "meteor run" } }' }, says: /meteor build/ },
  { name: "Ruby", files: { Gemfile: "", "config/application.rb": "", "package.json": laravel } },
  { name: "PHP", files: { "index.php": "" } },
  { name: "PHP", files: { "composer.json": "", artisan: "", "package.json": laravel } },
  { name: "Java or Kotlin", files: { "build.gradle.kts": "" } },
  { name: ".NET", files: { "Shop.csproj": "", "Program.cs": "" } },
  { name: "C or C++", files: { Makefile: "", "main.cpp": "" } },
  { name: "a Dockerfile", files: { Dockerfile: "" } },
  { name: "a Dockerfile", files: { Dockerfile: "", "compose.yaml": "" } },
  { name: "a compose file", files: { "compose.yaml": "" }, says: /each of its services/ },
  { name: "a compose file", files: { "docker-compose.yml": "" } },
];

for (const { name, files, says } of cases)
  test(`a source of ${name} is refused by its name: ${Object.keys(files).join(", ")}`, () => {
    const { code, details, nextActions } = refusalOf(files);
    assert.deepEqual([code, details.cause?.startsWith(`The source is ${name}, which has no buildpack`)], ["no_buildpack", true]);
    if (says) assert.match(nextActions.join("\n"), says);
  });

test("an app below a source of another language is told first", () => {
  const { nextActions } = refusalOf({ "go.mod": "", "web/index.html": "" });
  assert.equal(nextActions[0], "Deploy the folder alone: 'slip deploy SOURCE --subfolder web'.");
});

test("a Node app beside files of another language is a Node app", () => {
  const files = { "go.mod": "", Dockerfile: "", "package.json": JSON.stringify({ scripts: { start: "node x.js" } }) };
  assert.equal(planOf(memoryTree(files), {}).buildpack, "node");
});
